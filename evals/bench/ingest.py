"""How many interactions a second the service makes durable over HTTP, beside the bare inserts of its database."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx
from pydantic_core import to_json

from app import offline
from app.adapters.sql import SqlStore
from app.errors import Unavailable
from app.models import Record
from app.settings import Settings
from evals.bench.figures import ThroughputFigure, rate, silent
from evals.bench.service import service
from evals.servers.seed_stores import TENANT, TURNS, Progress, conversation

BATCH = 500
BATCH_CONNECTIONS = 2
SINGLE_CONNECTIONS = 32
CUSTOMERS = 5000
WARM_UP_S = 1.0
# What stands for a number that no other request has: a body is made once and numbered anew each time it is sent.
_NUMBER = b"#number#"


class IngestBench(Record):
    """`bench ingest`: POST /v1/interactions, one worker, SQLite; the floor is the same rows by bare inserts.

    Bare inserts go into the same tables, with `synchronous=FULL`, in transactions of as many rows as a request has.
    """

    seconds: float
    batches: ThroughputFigure
    singles: ThroughputFigure


class _Load(Record):
    per_second: float
    took_ms: tuple[float, ...]


async def bench_ingest(seconds: float = 10.0, *, progress: Progress | None = None) -> IngestBench:
    """Batches of 500 on two connections, then single requests on 32, for so many seconds each.

    Raises Unavailable when the service does not start, or refuses an interaction.
    """
    tell = progress or silent
    with TemporaryDirectory(prefix="warmline-bench-") as name:
        folder = Path(name)
        offline.disarm()
        loads: list[_Load] = []
        floors: list[float] = []
        kinds = ((BATCH, BATCH_CONNECTIONS), (1, SINGLE_CONNECTIONS))
        for step, (size, connections) in enumerate(kinds):
            settings = Settings.model_construct(data_dir=folder / str(size))
            settings.data_dir.mkdir()
            tell(2 * step, 4)
            async with service(settings) as client:
                loads.append(await _load(client.base_url, size, connections, seconds))
            tell(2 * step + 1, 4)
            bare = await _empty_ledger(folder / f"bare-{size}.db")
            floors.append(await asyncio.to_thread(_bare_rate, settings.data_dir / "ledger.db", bare, size, seconds))
        tell(4, 4)
    batches, singles = (rate(load.per_second, load.took_ms, floor) for load, floor in zip(loads, floors, strict=True))
    return IngestBench(seconds=seconds, batches=batches, singles=singles)


async def _load(url: httpx.URL, size: int, connections: int, seconds: float) -> _Load:
    began = perf_counter() + WARM_UP_S
    ends = began + seconds
    took: list[float] = []
    last = began

    async def one_caller(bodies: Iterator[bytes]) -> None:
        nonlocal last
        async with _connection(url) as post:
            while (started := perf_counter()) < ends or not took:
                await post(next(bodies))
                answered = perf_counter()
                if started >= began:
                    took.append((answered - started) * 1000)
                    last = max(last, answered)

    await asyncio.gather(*(one_caller(bodies) for bodies in _bodies(size, connections)))
    return _Load(per_second=len(took) * size / (last - began), took_ms=tuple(took))


@asynccontextmanager
async def _connection(url: httpx.URL) -> AsyncGenerator[Callable[[bytes], Awaitable[None]]]:
    """Posts interactions on one connection that is kept. Bare, since a client library costs as much as the service."""
    reader, writer = await asyncio.open_connection(url.host, url.port)
    host = url.netloc.decode()
    head = f"POST /v1/interactions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: "

    async def post(body: bytes) -> None:
        writer.write(f"{head}{len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in answer.split(b"\r\n")[1:-2])
        payload = await reader.readexactly(int(fields[b"content-length"]))
        if not answer.startswith(b"HTTP/1.1 201 "):
            status = answer.partition(b"\r\n")[0].decode()
            raise Unavailable(f"The service refused interactions ({status}): {payload[:300].decode(errors='replace')}")

    try:
        yield post
    finally:
        writer.close()


def _bodies(size: int, connections: int) -> list[Iterator[bytes]]:
    """The requests of each connection: conversations of returning customers, so many turns a request."""
    numbers = count()
    return [_requests(Random(index), size, numbers) for index in range(connections)]  # noqa: S311 - no secret


def _requests(random: Random, size: int, numbers: Iterator[int]) -> Iterator[bytes]:
    made = list(_conversations(random, max(size, TURNS) // TURNS))
    parts = [b'{"interactions":[' + b",".join(made) + b"]}"] if size > 1 else made
    while True:
        number = b"%d" % next(numbers)
        for part in parts:
            yield part.replace(_NUMBER, number)


def _conversations(random: Random, conversations: int) -> Iterator[bytes]:
    for index in range(conversations):
        customer = {"type": "account_id", "value": f"customer-{random.randrange(CUSTOMERS)}", "verified": True}
        talk = conversation(random, f"{_NUMBER.decode()}-{index}", datetime.now(UTC))
        for turn, draft in enumerate(talk):
            row = draft.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
            row |= {"id": f"{draft.conversation_id}-{turn}"} | ({"identifiers": [customer]} if turn == 0 else {})
            yield to_json(row)


async def _empty_ledger(file: Path) -> Path:
    store = SqlStore(f"sqlite:///{file}")
    try:
        await store.head(TENANT)
    finally:
        await store.close()
    return file


def _bare_rate(ledger: Path, bare: Path, size: int, seconds: float) -> float:
    """Interactions a second when the ledger's rows are inserted into empty tables, so many a transaction."""
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(bare, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        rows = source.execute("SELECT * FROM interactions ORDER BY position")
        places = ", ".join("?" for _ in rows.description)
        done, spent = 0, 0.0
        while spent < seconds and (part := rows.fetchmany(size)):
            started = perf_counter()
            target.execute("BEGIN IMMEDIATE")
            target.executemany(f"INSERT INTO interactions VALUES ({places})", part)  # noqa: S608 - question marks
            target.execute("COMMIT")
            spent += perf_counter() - started
            done += len(part)
    return done / spent
