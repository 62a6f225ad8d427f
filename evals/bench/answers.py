"""How long answers take: a handoff over HTTP, and a search in one customer's history."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
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
from evals.bench.figures import WARM_UPS, LatencyFigure, figure, silent, timed
from evals.bench.service import service
from evals.servers.seed_stores import TENANT, TURNS, Progress, file_crowd, file_customer

# A slow machine is measured, and not given what can be said by the usual deadline.
DEADLINE_MS = 60_000
_QUESTIONS = (
    "Why was I charged twice?",
    "Where is my money?",
    "The page shows an error",
    "Who promised to call me back, and when?",
    "What did they say about the date?",
)


class HandoffBench(Record):
    """`bench handoff`: POST /v1/handoffs over HTTP, one worker; the floor is GET /healthz of the same server."""

    interactions: int
    others: int
    requests: int
    handoff: LatencyFigure


class RetrievalBench(Record):
    """`bench retrieval`: a search in one customer's history; the floor is embedding the question alone."""

    interactions: int
    requests: int
    search: LatencyFigure


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
            await file_crowd(settings, others, progress=progress or silent)
        customer_id = await _filed_customer(settings, random, interactions)
        async with service(settings) as client:
            floor = await timed(requests, lambda _: _answer(client, "GET", "/healthz"))
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
                (progress or silent)(interactions - lag, interactions)
                await asyncio.sleep(0.1)
            retriever, head = Retriever(store, vectors, embedder), await store.head(TENANT)
            questions = [f"{random.choice(_QUESTIONS)} It is about {number}." for number in range(2 * requests)]
            floor = await timed(requests, lambda turn: embedder.embed([questions[requests + turn]]))
            took = await timed(
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
        asked = {"conversation_id": conversation, "deadline_ms": DEADLINE_MS}
        started = perf_counter()
        handoff = await _answer(client, "POST", "/v1/handoffs", asked)
        took.append((perf_counter() - started) * 1000)
        if handoff["status"] != "completed":
            raise Unavailable(f"A handoff was {handoff['status']} ({handoff['failure_code']}); nothing was measured.")
    return took[WARM_UPS:]


async def _answer(client: httpx.AsyncClient, method: str, path: str, body: object = None) -> dict[str, Any]:
    answer = await client.request(method, path, json=body)
    answer.raise_for_status()
    return answer.json()
