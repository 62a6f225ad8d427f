"""`warmline bench …`: how long an answer takes on this machine, the least it could take, and the ratio of the two.

Every figure has its floor from the same run, so that a slow machine shows in both.
"""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter
from typing import Any

import httpx

from app import offline
from app.adapters.embeddings import MiniLM
from app.adapters.sql import SqlStore
from app.adapters.vectors import ChromaVectors
from app.errors import Unavailable
from app.models import Record
from app.retrieval import Indexer, Retriever
from app.settings import Settings
from evals.crowd import TENANT, TURNS, Progress, file_crowd, file_customer

WARM_UPS = 3
READY_WITHIN_S = 60.0
INDEXED_WITHIN_S = 900.0
STOP_WITHIN_S = 15.0

_QUESTIONS = (
    "Why was I charged twice?",
    "Where is my money?",
    "The page shows an error",
    "Who promised to call me back, and when?",
    "What did they say about the date?",
)


class Figure(Record):
    """Milliseconds an answer took, the least it could take, and how many times that it is (median over median)."""

    p50_ms: float
    p99_ms: float
    floor_ms: float
    ratio: float


class HandoffBench(Record):
    """`bench handoff`: POST /v1/handoffs over HTTP, one worker; the floor is GET /healthz of the same server."""

    interactions: int
    others: int
    requests: int
    handoff: Figure


class RetrievalBench(Record):
    """`bench retrieval`: a search in one customer's history; the floor is embedding the question alone."""

    interactions: int
    requests: int
    search: Figure


async def bench_handoff(
    interactions: int = 200, others: int = 0, requests: int = 50, *, progress: Progress | None = None
) -> HandoffBench:
    """Handoffs for a customer with so many interactions, on a ledger that holds so many of other customers.

    Before each, the customer writes one message more in the conversation it is about, so that no answer repeats one.
    Raises Unavailable when the service does not start.
    """
    random = Random(11)  # noqa: S311 - nothing here is a secret
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        settings = Settings.model_construct(data_dir=Path(folder))
        offline.disarm()
        if others:
            await file_crowd(settings, others, progress=progress or _silent)
        customer_id = await _filed_customer(settings, random, interactions)
        async with _service(settings) as client:
            floor = await _timed(requests, lambda _: _answer(client, "GET", "/healthz"))
            conversations = [f"{customer_id}-{number}" for number in range(-(-interactions // TURNS))]
            took = await _handoffs(client, random, conversations, requests)
    return HandoffBench(interactions=interactions, others=others, requests=requests, handoff=figure(took, floor))


async def bench_retrieval(
    interactions: int = 200, requests: int = 200, *, progress: Progress | None = None
) -> RetrievalBench:
    """Searches in the history of a customer with so many interactions. Raises Unavailable when it cannot be indexed."""
    random = Random(13)  # noqa: S311 - nothing here is a secret
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        offline.disarm()
        settings = Settings.model_construct(data_dir=Path(folder))
        store, vectors, embedder = SqlStore(settings.ledger_url), ChromaVectors(Path(folder, "vectors")), MiniLM()
        indexer = Indexer(store, store, vectors, embedder)
        try:
            written = await file_customer(store, random, interactions)
            indexer.start()
            while lag := await indexer.lag():
                if (check := indexer.check()).status == "degraded":
                    raise Unavailable(f"The history could not be indexed: {check.detail}")
                (progress or _silent)(interactions - lag, interactions)
                await asyncio.sleep(0.1)
            retriever, head = Retriever(store, vectors, embedder), await store.head(TENANT)
            questions = [f"{random.choice(_QUESTIONS)} It is about {number}." for number in range(2 * requests)]
            floor = await _timed(requests, lambda turn: embedder.embed([questions[requests + turn]]))
            took = await _timed(
                requests,
                lambda turn: retriever.search(
                    TENANT, written.new_identities, questions[turn], up_to_seq=head, limit=10
                ),
            )
        finally:
            await indexer.close()
            await store.close()
    return RetrievalBench(interactions=interactions, requests=requests, search=figure(took, floor))


async def _filed_customer(settings: Settings, random: Random, interactions: int) -> str:
    store = SqlStore(settings.ledger_url)
    try:
        return (await file_customer(store, random, interactions)).new_identities[0]
    finally:
        await store.close()


async def _handoffs(
    client: httpx.AsyncClient, random: Random, conversations: Sequence[str], requests: int
) -> list[float]:
    took: list[float] = []
    for turn in range(WARM_UPS + requests):
        conversation = conversations[-1 - turn % len(conversations)]
        message = {
            "channel": "voice",
            "actor": "customer",
            "kind": "message",
            "conversation_id": conversation,
            "text": f"{random.choice(_QUESTIONS)} I have asked {turn + 1} times about {random.randrange(99_999)}.",
        }
        await _answer(client, "POST", "/v1/interactions", message)
        started = perf_counter()
        handoff = await _answer(client, "POST", "/v1/handoffs", {"conversation_id": conversation})
        took.append((perf_counter() - started) * 1000)
        if handoff["status"] != "completed":
            raise Unavailable(f"A handoff was {handoff['status']} ({handoff['failure_code']}); nothing was measured.")
    return took[WARM_UPS:]


async def _timed(turns: int, work: Callable[[int], Awaitable[object]]) -> list[float]:
    took: list[float] = []
    for turn in range(-WARM_UPS, turns):
        started = perf_counter()
        await work(turn)
        took.append((perf_counter() - started) * 1000)
    return took[WARM_UPS:]


def figure(took: list[float], floor: list[float]) -> Figure:
    """The figure of these durations beside those of its floor, both in milliseconds."""
    p99 = quantiles(took, n=100, method="inclusive")[98] if len(took) > 1 else took[0]
    return Figure(
        p50_ms=round(median(took), 3),
        p99_ms=round(p99, 3),
        floor_ms=round(median(floor), 3),
        ratio=round(median(took) / median(floor), 2),
    )


async def _answer(client: httpx.AsyncClient, method: str, path: str, body: object = None) -> dict[str, Any]:
    answer = await client.request(method, path, json=body)
    answer.raise_for_status()
    return answer.json()


@asynccontextmanager
async def _service(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a real service with one worker on these settings' stores; stopped afterwards."""
    port = _free_port()
    command = [sys.executable, "-m", "app.doors.cli", "serve", "--host", "127.0.0.1", "--port", str(port)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
    own = {"WARMLINE_DATA_DIR": str(settings.data_dir), "WARMLINE_LOG_LEVEL": "WARNING"}
    log = settings.data_dir / "service.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, env=inherited | own, cwd=settings.data_dir, stdin=DEVNULL, stdout=output, stderr=STDOUT
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            if not await _until(client, lambda answer: answer["status"] == "ready", READY_WITHIN_S, process):
                raise Unavailable(f"The measured service did not start. The end of its log:\n{_end_of(log)}")
            if not await _until(client, lambda answer: answer["index_lag"] == 0, INDEXED_WITHIN_S, process):
                raise Unavailable(f"The measured service did not index. The end of its log:\n{_end_of(log)}")
            yield client
    finally:
        await _stop(process)


async def _until(
    client: httpx.AsyncClient, holds: Callable[[dict[str, Any]], bool], seconds: float, process: Process
) -> bool:
    """Whether the service's readiness came to what is asked before the time was up or the process had ended."""
    deadline = monotonic() + seconds
    while monotonic() < deadline and process.returncode is None:
        with suppress(httpx.TransportError):  # it does not listen yet
            if holds((await client.get("/readyz")).json()):
                return True
        await asyncio.sleep(0.1)
    return False


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
