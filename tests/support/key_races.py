"""Sends each Idempotency-Key several times at once to a service of several processes, and counts what is left of it.

`python -m tests.support.key_races --keys 40 --workers 4 --database-url postgresql://…` prints the counts as JSON. The
database must be empty. The processes share PostgreSQL and a Chroma server; each request opens a connection of its own,
so that the requests of a key meet in any of them.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import httpx

from app.settings import Settings
from evals.bench.service import READY_WITHIN_S, started
from tests.interfaces.http import email, message
from tests.support.chroma import chroma_server_in
from tests.support.postgres import asked
from tests.support.webhook_kills import Receiver

AT_ONCE = 4  # requests with one key
KEYS_AT_ONCE = 4
MOST_ATTEMPTS = 20
ARRIVE_WITHIN_S = 60.0
LINGER_S = 1.0  # so that a message that is sent twice is seen


@dataclass
class Counts:
    """What became of the keys; each should leave one interaction, one handoff and the webhook messages of both."""

    keys: int
    workers: int
    requests: int = 0
    sent_again: int = 0
    refused: int = 0
    keys_with_several_answers: int = 0
    interactions: int = 0
    handoffs: int = 0
    signal_messages: int = 0
    handoff_messages: int = 0
    messages_arrived: int = 0
    messages_arrived_twice: int = 0


async def run(folder: Path, database_url: str, *, keys: int, workers: int) -> Counts:
    """Every key with an interaction, and then with the handoff of its conversation."""
    counts, receiver = Counts(keys, workers), Receiver(random.Random(0))
    with chroma_server_in(folder / "vectors") as vectors_url:
        environment = {
            "WARMLINE_DATABASE_URL": database_url,
            "WARMLINE_VECTORS_URL": vectors_url,
            "WARMLINE_WEBHOOKS_PRIVATE": "true",
        }
        async with _fleet(folder, workers, environment) as client, _listening(receiver) as url:
            hook = {"url": url, "events": ["signal.fired", "handoff.ready"]}
            (await client.post("/v1/webhooks", json=hook)).raise_for_status()
            address = str(client.base_url)
            await _send_all(address, "/v1/interactions", counts, _interaction)
            await _send_all(address, "/v1/handoffs", counts, _handoff)
            await _wait_for(receiver, 2 * keys)
    for name, statement in _STATEMENTS.items():
        setattr(counts, name, asked(database_url, statement))
    counts.messages_arrived = len(receiver.lives)
    counts.messages_arrived_twice = sum(len(lives) > 1 for lives in receiver.lives.values())
    return counts


_STATEMENTS: Mapping[str, str] = {
    "interactions": "SELECT count(*) FROM interactions",
    "handoffs": "SELECT count(*) FROM documents WHERE collection = 'handoffs'",
    "signal_messages": "SELECT count(*) FROM webhook_messages WHERE topic = 'signal.fired'",
    "handoff_messages": "SELECT count(*) FROM webhook_messages WHERE topic = 'handoff.ready'",
}


@asynccontextmanager
async def _fleet(folder: Path, workers: int, environment: Mapping[str, str]) -> AsyncGenerator[httpx.AsyncClient]:
    settings = Settings.model_construct(data_dir=folder / "data")
    settings.data_dir.mkdir()
    arguments, patience = ("--workers", str(workers)), workers * READY_WITHIN_S
    async with started(settings, arguments=arguments, environment=environment, ready_within_s=patience) as (client, _):
        yield client


@asynccontextmanager
async def _listening(receiver: Receiver) -> AsyncGenerator[str]:
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


def _interaction(number: int) -> Mapping[str, Any]:
    # Without an id of the caller's: nothing but the key tells that it is the same.
    person = email(f"customer-{number}@x.example")
    return message("Let me talk to a person.", conversation_id=f"talk-{number}", identifiers=[person])


def _handoff(number: int) -> Mapping[str, Any]:
    return {"conversation_id": f"talk-{number}"}


async def _send_all(address: str, path: str, counts: Counts, body_of: Callable[[int], Mapping[str, Any]]) -> None:
    room = asyncio.Semaphore(KEYS_AT_ONCE)

    async def send(number: int) -> None:
        async with room:
            body, key = body_of(number), f"key-{number}"
            answers = await asyncio.gather(*(_post(address, path, body, key, counts) for _ in range(AT_ONCE)))
        counts.requests += len(answers)
        counts.refused += sum(answer.status_code != HTTPStatus.CREATED for answer in answers)
        counts.keys_with_several_answers += len({answer.content for answer in answers}) > 1

    await asyncio.gather(*map(send, range(counts.keys)))


async def _post(address: str, path: str, body: Mapping[str, Any], key: str, counts: Counts) -> httpx.Response:
    """The answer to one request, which is sent again where the service says that it has too much to do."""
    for attempt in count(1):
        async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client:
            answer = await client.post(path, json=body, headers={"idempotency-key": key})
        if answer.status_code != HTTPStatus.SERVICE_UNAVAILABLE or attempt == MOST_ATTEMPTS:
            return answer
        counts.sent_again += 1
        await asyncio.sleep(float(answer.headers["retry-after"]))
    raise AssertionError  # counting has no end


async def _wait_for(receiver: Receiver, messages: int) -> None:
    ends = monotonic() + ARRIVE_WITHIN_S
    while len(receiver.lives) < messages and monotonic() < ends:  # noqa: ASYNC110 - the receiver counts by itself
        await asyncio.sleep(0.1)
    await asyncio.sleep(LINGER_S)


def main() -> None:
    """Run with the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=40)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--database-url", required=True)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="warmline-keys-") as name:
        work = run(Path(name), given.database_url, keys=given.keys, workers=given.workers)
        sys.stdout.write(json.dumps(asdict(asyncio.run(work)), indent=2) + "\n")


if __name__ == "__main__":
    main()
