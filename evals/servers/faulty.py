"""A model server on loopback that speaks the wire format of OpenAI's chat completions, and goes wrong as it is told.

It runs in a process of its own (`python -m evals.servers.faulty --seed 7`), so that nothing it does can slow the
service that is measured. Which fault a request meets is decided by the reference number in the conversation that it is
about: so the same handoff meets the same fault however many are under way, also when the request is sent again.
"""

import argparse
import asyncio
import json
import re
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any, NamedTuple

from evals.datasets.labelled import DialogueStatement, LabelledDialogue, dialogue, number_in

MEGABYTE = 1_000_000
_LINE = re.compile(r"^(t\d+) \| [^|]* \| [^|]* \| (\".*)$", re.MULTILINE)
_DRIP_S = 0.05
_NEVER_S = 3600.0

Statements = Sequence[Mapping[str, Any]]


class Served(NamedTuple):
    """One request: what was asked of which dialogue, the short ids of its turns, and where the answer goes."""

    dialogue: LabelledDialogue
    aliases: Mapping[int, str]
    attempt: int
    writer: asyncio.StreamWriter


Fault = Callable[[Served], Awaitable[None]]


async def _good(served: Served) -> None:
    await _send(served, _completion(_answer(served, served.dialogue.truths)))


async def _good_at_the_second_try(served: Served) -> None:
    if served.attempt == 1:
        await _send(served, {"error": {"message": "busy"}}, status=503)
    else:
        await _good(served)


async def _fenced_in_talk(served: Served) -> None:
    written = json.dumps(_answer(served, served.dialogue.truths))
    await _send(served, _completion_of(f"Here is the brief:\n```json\n{written}\n```\nAnything else?"))


async def _lies(served: Served) -> None:
    random = Random(served.dialogue.number)  # noqa: S311 - nothing secret hangs on it
    lies = random.sample(served.dialogue.lies, 5)
    await _send(served, _completion(_answer(served, served.dialogue.truths, lies)))


async def _drip(served: Served) -> None:
    await _head(served, length=MEGABYTE)
    while True:
        await _write(served, b" ")
        await asyncio.sleep(_DRIP_S)


async def _hang(_: Served) -> None:
    await asyncio.sleep(_NEVER_S)


async def _hang_after_head(served: Served) -> None:
    await _head(served, length=500)
    await asyncio.sleep(_NEVER_S)


async def _too_many_requests(served: Served) -> None:
    await _send(served, {"error": {"message": "slow down"}}, status=429, more="Retry-After: 30\r\n")


async def _server_error(served: Served) -> None:
    await _send(served, {"error": {"message": "internal"}}, status=500)


async def _overloaded(served: Served) -> None:
    await _send(served, b"<html>busy</html>", status=503)


async def _reset(served: Served) -> None:
    connection = served.writer.get_extra_info("socket")
    # A lingering time of zero: closing sends a reset instead of a farewell.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    served.writer.transport.abort()


async def _reset_half_way(served: Served) -> None:
    await _head(served, length=5000)
    await _write(served, b'{"id": "1", "choices": [')
    await asyncio.sleep(0.02)
    await _reset(served)


async def _broken_json(served: Served) -> None:
    written = json.dumps(_answer(served, served.dialogue.truths))
    await _send(served, _completion_of(written[: len(written) // 2]))


async def _broken_body(served: Served) -> None:
    await _send(served, b'{"id": "1", "choices": [{"mess')


async def _another_schema(served: Served) -> None:
    await _send(served, _completion({"summary": "The customer is happy.", "score": 5}))


async def _empty(served: Served) -> None:
    await _send(served, _completion_of(""))


async def _nothing_at_all(served: Served) -> None:
    await _send(served, b"")


async def _megabyte(served: Served) -> None:
    await _send(served, _completion_of("word " * (MEGABYTE // 5), counted=False))


async def _megabyte_of_json(served: Served) -> None:
    statement = {"text": "The customer is happy.", "evidence": ["t1"]}
    await _send(served, _completion({"situation": [statement] * (MEGABYTE // 55)}, counted=False))


FAULTS: Mapping[str, Fault] = {
    "good": _good,
    "good_at_second_try": _good_at_the_second_try,
    "good_in_talk": _fenced_in_talk,
    "lies": _lies,
    "slow_drip": _drip,
    "hang": _hang,
    "hang_after_head": _hang_after_head,
    "too_many_requests": _too_many_requests,
    "server_error": _server_error,
    "overloaded": _overloaded,
    "reset": _reset,
    "reset_half_way": _reset_half_way,
    "broken_json": _broken_json,
    "broken_body": _broken_body,
    "another_schema": _another_schema,
    "empty": _empty,
    "empty_body": _nothing_at_all,
    "megabyte": _megabyte,
    "megabyte_of_json": _megabyte_of_json,
}
"""What the server does, by the name that the figures give it; a dialogue meets the one at its number, modulo."""


def fault_of(number: int) -> str:
    """The fault that the dialogue with this number meets."""
    return list(FAULTS)[number % len(FAULTS)]


def _answer(
    served: Served, truths: Sequence[DialogueStatement], lies: Sequence[DialogueStatement] = ()
) -> dict[str, Any]:
    """A brief of true sentences, with a lie first in each field where there are any."""
    statements = [*_statements(served, lies), *_statements(served, truths)]
    promises = [
        statement | {"by": sentence.promise, "due": None} for statement, sentence in _promises(served, (*lies, *truths))
    ]
    return {
        "headline": statements[0] | {"text": statements[0]["text"].rstrip(".")},
        "contact_reason": statements[min(1, len(lies))],
        "situation": [*statements[min(2, len(lies)) :][:1], *_statements(served, truths)[-3:]],
        "customer_expectation": statements[min(3, len(lies))],
        "commitments": promises[:2],
        "open_questions": [],
        "entities": [],
        "suggested_opening": None,
        "custom_sections": [],
    }


def _promises(served: Served, among: Sequence[DialogueStatement]) -> list[tuple[dict[str, Any], DialogueStatement]]:
    promised = [sentence for sentence in among if sentence.promise]
    return list(zip(_statements(served, promised), promised, strict=True))


def _statements(served: Served, among: Sequence[DialogueStatement]) -> list[dict[str, Any]]:
    return [
        {"text": sentence.text, "evidence": [served.aliases.get(turn, "t1") for turn in sentence.turns]}
        for sentence in among
    ]


def _completion(answer: Mapping[str, Any], *, counted: bool = True) -> dict[str, Any]:
    return _completion_of(json.dumps(answer, default=str), counted=counted)


def _completion_of(content: str, *, counted: bool = True) -> dict[str, Any]:
    """A chat completion; uncounted it says nothing of its tokens, as some servers do."""
    message = {"role": "assistant", "content": content}
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_770_000_000,
        "model": "faulty",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    }
    return body | ({"usage": {"prompt_tokens": 900, "completion_tokens": 200, "total_tokens": 1100}} if counted else {})


async def _send(served: Served, body: Mapping[str, Any] | bytes, *, status: int = 200, more: str = "") -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    await _head(served, length=len(content), status=status, more=more)
    await _write(served, content)


async def _head(served: Served, *, length: int, status: int = 200, more: str = "") -> None:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
    await _write(served, head.encode())


async def _write(served: Served, content: bytes) -> None:
    served.writer.write(content)
    await served.writer.drain()


class _Server:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._attempts: Counter[int] = Counter()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until either side ends it."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                served = self._served(json.loads(body), writer)
                await FAULTS[fault_of(served.dialogue.number)](served)
        writer.close()

    def _served(self, request: Mapping[str, Any], writer: asyncio.StreamWriter) -> Served:
        asked = str(request["messages"][-1]["content"])
        number = number_in(asked) or 0
        self._attempts[number] += 1
        about = dialogue(number, self._seed)
        lines = {content: alias for alias, content in _LINE.findall(asked)}
        contents = {index: json.dumps(draft.text, ensure_ascii=False) for index, draft in enumerate(about.drafts)}
        aliases = {index: lines[text] for index, text in contents.items() if text in lines}
        return Served(about, aliases, self._attempts[number], writer)


async def serve(seed: int) -> None:
    """Serve on a free port of this machine, which is printed as `listening PORT`, until the process is ended."""
    server = await asyncio.start_server(_Server(seed).talk, "127.0.0.1", 0)
    print(f"listening {server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seed", type=int, default=0)
    asyncio.run(serve(arguments.parse_args().seed))
