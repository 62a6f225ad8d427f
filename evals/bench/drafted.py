"""How long a handoff takes whose brief was drafted ahead, by a model that takes seconds."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import monotonic, perf_counter
from typing import Any

import httpx

from app import offline
from app.adapters.sql import SqlStore
from app.errors import Unavailable
from app.models import Record
from app.settings import Settings
from evals.bench.figures import WARM_UPS, LatencyFigure, figure, silent, timed
from evals.bench.service import started
from evals.servers.processes import server
from evals.servers.seed_stores import TURNS, Progress, file_customer

MODEL = "openai/slow"
BRIEF_S, CHECK_S = 3.0, 1.5
AT_ONCE = 8
DRAFTED_WITHIN_S = 120.0
LOOK_S = 0.2


class DraftedBench(Record):
    """`bench handoff --drafted`: handoffs asked for once the model has had its time; the floor is GET /healthz.

    `model_s` is what the model takes for a brief and its check together.
    """

    interactions: int
    requests: int
    model_s: float
    handoff: LatencyFigure


async def bench_drafted(interactions: int = 200, requests: int = 50, *, progress: Progress = silent) -> DraftedBench:
    """Customers with so many interactions ask for a person; each handoff is asked for when its draft is checked.

    Raises Unavailable when the service does not start, or an answer was not drafted ahead.
    """
    random = Random(17)  # noqa: S311 - nothing here is a secret
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        settings = Settings.model_construct(data_dir=Path(folder))
        offline.disarm()
        customer_ids = await _filed_customers(settings, random, interactions)
        arguments = ("--brief-s", str(BRIEF_S), "--check-s", str(CHECK_S))
        async with server("evals.servers.slow", *arguments) as address:
            environment = {
                "WARMLINE_MODEL": MODEL,
                "WARMLINE_MODEL_BASE_URL": address,
                "WARMLINE_DRAFTS_PER_MINUTE": "100000",
            }
            async with started(settings, environment=environment) as (client, _):
                floor = await timed(requests, lambda _: _answer(client, "GET", "/healthz"))
                took: list[float] = []
                conversations = -(-interactions // TURNS)
                while len(took) < WARM_UPS + requests:
                    number = len(took) // AT_ONCE % conversations
                    took += await _drafted(client, random, [f"{customer_id}-{number}" for customer_id in customer_ids])
                    progress(min(len(took), requests), requests)
    return DraftedBench(
        interactions=interactions,
        requests=requests,
        model_s=BRIEF_S + CHECK_S,
        handoff=figure(took[WARM_UPS : WARM_UPS + requests], floor),
    )


async def _filed_customers(settings: Settings, random: Random, interactions: int) -> list[str]:
    store = SqlStore(settings.ledger_url)
    try:
        return [(await file_customer(store, random, interactions)).new_identities[0] for _ in range(AT_ONCE)]
    finally:
        await store.close()


async def _drafted(client: httpx.AsyncClient, random: Random, conversations: Sequence[str]) -> list[float]:
    """What handoffs took that were asked for when their drafts were there with their verdicts."""
    filed = await _filed(client)
    for conversation in conversations:
        message = {"channel": "voice", "actor": "customer", "kind": "message", "conversation_id": conversation}
        text = f"This is about {random.randrange(99_999)}. Please let me talk to a person."
        await _answer(client, "POST", "/v1/interactions", message | {"text": text})
    until = monotonic() + DRAFTED_WITHIN_S
    while await _filed(client) < filed + 2 * len(conversations):
        if monotonic() > until:
            raise Unavailable("Not every brief was drafted; nothing was measured.")
        await asyncio.sleep(LOOK_S)
    took: list[float] = []
    for conversation in conversations:
        started_at = perf_counter()
        handoff = await _answer(client, "POST", "/v1/handoffs", {"conversation_id": conversation})
        took.append((perf_counter() - started_at) * 1000)
        if not handoff["drafted_ahead"] or handoff["check"]["state"] != "done":
            raise Unavailable(f"A handoff was not drafted ahead ({handoff['failure_code']}); nothing was measured.")
    return took


async def _filed(client: httpx.AsyncClient) -> int:
    """How many versions of drafts the service has filed."""
    detail = str((await _answer(client, "GET", "/readyz"))["checks"]["drafts"]["detail"])
    return int(detail.partition(" filed")[0].rpartition(" ")[2])


async def _answer(client: httpx.AsyncClient, method: str, path: str, body: object = None) -> dict[str, Any]:
    answer = await client.request(method, path, json=body)
    answer.raise_for_status()
    return answer.json()
