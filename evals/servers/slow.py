"""A model server on loopback that takes its time and is right: a brief of what the customer says, a check that agrees.

`python -m evals.servers.slow --brief-s 6 --check-s 2` serves in a process of its own; it speaks the wire format of
OpenAI's chat completions. What it says of a conversation is made of the lines that it is shown.
"""

import argparse
import asyncio
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any, NamedTuple

_LINE = re.compile(r"^(t\d+) \| [^|]* \| ([^|]*) \| (\".*)$", re.MULTILINE)
_STATEMENT = re.compile(r"^(s\d+) \| ", re.MULTILINE)
_WORDS = 12
LOOK_S = 0.05


class TimedAnswer(NamedTuple):
    """A question and when the answer to it was begun and sent, as readings of `time.perf_counter()`."""

    asked: str
    is_check: bool
    begun: float
    sent: float


class SlowModel:
    """Answers every brief after `brief_s` and every check after `check_s`; counts what it was asked.

    A check under way follows a change of `check_s`, so that whoever runs the model can let it go.
    """

    def __init__(self, brief_s: float, check_s: float = 0.0) -> None:
        self.brief_s = brief_s
        self.check_s = check_s
        self.briefs = 0
        self.checks = 0
        self.answers: list[TimedAnswer] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                begun = perf_counter()
                asked = str(json.loads(body)["messages"][-1]["content"])
                writer.write(_on_the_wire(await self._answer(asked)))
                await writer.drain()
                self.answers.append(TimedAnswer(asked, bool(_STATEMENT.search(asked)), begun, perf_counter()))
        writer.close()

    async def _answer(self, asked: str) -> Mapping[str, Any]:
        if statements := _STATEMENT.findall(asked):
            self.checks += 1
            began = perf_counter()
            while (left := began + self.check_s - perf_counter()) > 0:  # noqa: ASYNC110 - `check_s` is a plain number
                await asyncio.sleep(min(left, LOOK_S))
            return _verdicts(asked, statements)
        self.briefs += 1
        await asyncio.sleep(self.brief_s)
        return _brief(asked)


def _brief(asked: str) -> Mapping[str, Any]:
    lines = [(alias, text) for alias, who, text in _spoken(asked) if "customer" in who] or [("t1", "nothing")]
    statements = [
        {"text": f"The customer says “{text}”.", "evidence": [{"id": alias, "quote": text}]} for alias, text in lines
    ]
    newest: Mapping[str, Any] = statements[-1]
    return {
        "headline": {**newest, "text": str(newest["text"]).rstrip(".")[:118]},
        "contact_reason": statements[0],
        "situation": statements[-3:],
        "customer_expectation": newest,
        "commitments": [],
        "open_questions": [],
        "entities": [],
        "suggested_opening": "I have read what you wrote and take it from here.",
        "custom_sections": [],
    }


def _verdicts(asked: str, statements: list[str]) -> Mapping[str, Any]:
    alias, _, text = next(iter(_spoken(asked)), ("t1", "", ""))
    evidence = [{"id": alias, "quote": text}] if text else []
    reason = "The line says so."
    return {
        "checks": [
            {"id": statement, "evidence": evidence, "reason": reason, "verdict": "supported"}
            for statement in statements
        ]
    }


def _spoken(asked: str) -> list[tuple[str, str, str]]:
    """The lines of a prompt: id, who, and the first words."""
    lines = [(alias, who, str(json.loads(content))) for alias, who, content in _LINE.findall(asked)]
    return [(alias, who, " ".join(text.split()[:_WORDS]).rstrip(".?!")) for alias, who, text in lines]


def _on_the_wire(answer: Mapping[str, Any]) -> bytes:
    message = {"role": "assistant", "content": json.dumps(answer, ensure_ascii=False)}
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_770_000_000,
            "model": "slow",
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


@asynccontextmanager
async def listening(model: SlowModel) -> AsyncGenerator[str]:
    """The base URL of a model that answers in this process."""
    server = await asyncio.start_server(model.talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


async def serve(brief_s: float, check_s: float) -> None:
    """Serve on a free port of this machine, which is printed as `listening URL`, until the process is ended."""
    server = await asyncio.start_server(SlowModel(brief_s, check_s).talk, "127.0.0.1", 0)
    print(f"listening http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--brief-s", type=float, default=6.0)
    arguments.add_argument("--check-s", type=float, default=2.0)
    given = arguments.parse_args()
    asyncio.run(serve(given.brief_s, given.check_s))
