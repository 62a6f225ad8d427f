"""How long a next action takes over HTTP under a steady load, without a model.

Requests leave at fixed times whatever became of those before them (an open loop), and each is timed from when it was
due: a server that falls behind is charged for the queue as well. The floor is GET /healthz under the same load.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import httpx

from app import offline
from app.adapters.sql import SqlStore
from app.errors import Unavailable
from app.models import Record
from app.settings import Settings
from evals.bench.figures import LatencyFigure, figure, silent
from evals.bench.service import service
from evals.servers.seed_stores import TURNS, Progress, file_cases, file_crowd, file_customer

WARM_UP_S = 1.0
# A message a customer writes takes the time to write it; asking after each is rarer than asking at all.
FRESH_SHARE = 0.2


class NextActionBench(Record):
    """`bench next-action`: POST /v1/next-actions over HTTP, one worker, so many requests a second.

    The tenant has so many settled `cases`. `asked` is about the customer's conversations in turn. In `fresh` the
    customer has written one message more each time, which was filed just before, at a fifth of the rate; what is timed
    is the question alone.
    """

    interactions: int
    others: int
    cases: int
    per_second: float
    seconds: float
    asked: LatencyFigure
    fresh: LatencyFigure


async def bench_next_action(
    interactions: int = 200,
    others: int = 0,
    per_second: float = 50.0,
    seconds: float = 10.0,
    *,
    cases: int = 2000,
    progress: Progress | None = None,
) -> NextActionBench:
    """Next actions for a customer with so many interactions, on a ledger that holds so many of other customers.

    Beside them the tenant has so many settled cases, of the same matters and other customers. Raises Unavailable when
    the service does not start or refuses.
    """
    random = Random(31)  # noqa: S311 - nothing here is a secret
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        settings = Settings.model_construct(data_dir=Path(folder))
        offline.disarm()
        if others:
            await file_crowd(settings, others, progress=progress or silent)
        if cases:
            await file_cases(settings, cases)
        store = SqlStore(settings.ledger_url)
        try:
            customer_id = (await file_customer(store, random, interactions)).new_identities[0]
        finally:
            await store.close()
        async with service(settings) as client:
            asking = _Asking(client, customer_id, interactions, random)
            floor = await steadily(per_second, seconds, lambda _: _answer(client, "GET", "/healthz"))
            asked = await steadily(per_second, seconds, asking.ask)
            fresh = await steadily(per_second * FRESH_SHARE, seconds, asking.ask, before=asking.write)
    return NextActionBench(
        interactions=interactions,
        others=others,
        cases=cases,
        per_second=per_second,
        seconds=seconds,
        asked=figure(asked, floor),
        fresh=figure(fresh, floor),
    )


async def steadily(
    per_second: float,
    seconds: float,
    work: Callable[[int], Awaitable[object]],
    *,
    before: Callable[[int], Awaitable[object]] | None = None,
) -> list[float]:
    """The milliseconds from when each of the turns was due to when it was done, after a second that does not count.

    `before` is done ahead of each turn, and the turn is due once it is.
    """
    started = perf_counter()
    spared = round(per_second * WARM_UP_S)

    async def turn(number: int) -> float:
        due = started + number / per_second
        await asyncio.sleep(due - perf_counter())
        if before is not None:
            await before(number)
            due = perf_counter()
        await work(number)
        return (perf_counter() - due) * 1000

    took = await asyncio.gather(*(turn(number) for number in range(spared + round(per_second * seconds))))
    return took[spared:]


class _Asking:
    def __init__(self, client: httpx.AsyncClient, customer_id: str, interactions: int, random: Random) -> None:
        self._client = client
        self._random = random
        self._conversations = [f"{customer_id}-{number}" for number in range(-(-interactions // TURNS))]

    async def ask(self, turn: int) -> None:
        conversation = self._conversations[turn % len(self._conversations)]
        await _answer(self._client, "POST", "/v1/next-actions", {"conversation_id": conversation})

    async def write(self, turn: int) -> None:
        message = {
            "channel": "chat",
            "actor": "customer",
            "kind": "message",
            "conversation_id": self._conversations[turn % len(self._conversations)],
            "text": f"I was told {self._random.randrange(2, 30)} days ago that number {turn} would be refunded.",
        }
        await _answer(self._client, "POST", "/v1/interactions", message)


async def _answer(client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    answer = await client.request(method, path, json=body)
    if answer.is_error:
        raise Unavailable(f"{method} {path} was refused with {answer.status_code}: {answer.text}")
