"""What Warmline adds around the calls to a model: a handoff with a model that answers at once, without its own time."""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

import httpx

from app import offline
from app.adapters.sql import SqlStore
from app.errors import Unavailable
from app.models import Record
from app.settings import Settings
from evals.bench.figures import WARM_UPS, LatencyFigure, figure, middle_and_slow_end, silent, timed
from evals.bench.service import started
from evals.servers.seed_stores import TURNS, Progress, file_customer
from evals.servers.slow import SlowModel, TimedAnswer, listening

MODEL = "openai/instant"
DEADLINE_MS = 30_000


class PartLatency(Record):
    """Milliseconds of one part of an answer: median and 99th percentile."""

    p50_ms: float
    p99_ms: float


class ModelBench(Record):
    """`bench handoff --model`: POST /v1/handoffs over HTTP with a model on loopback; the floor is GET /healthz.

    `added` is the whole answer without the time that the model took for its `calls_each`, the brief and its check, of
    which the median is `model_ms`. Of that, `before` ends when the model is asked for the brief (the brief without a
    model is made, and its prompt), `between` when it is asked for the check, and `after` when the answer is there.
    """

    interactions: int
    requests: int
    calls_each: float
    model_ms: float
    added: LatencyFigure
    before: PartLatency
    between: PartLatency
    after: PartLatency


async def bench_model(interactions: int = 200, requests: int = 50, *, progress: Progress = silent) -> ModelBench:
    """Handoffs one after the other, each after one message more, so that no answer repeats one.

    Raises Unavailable when the service does not start, or a handoff is not in the model's words.
    """
    random = Random(19)  # noqa: S311 - nothing here is a secret
    model = SlowModel(brief_s=0.0)
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        settings = Settings.model_construct(data_dir=Path(folder))
        offline.disarm()
        store = SqlStore(settings.ledger_url)
        try:
            customer_id = (await file_customer(store, random, interactions)).new_identities[0]
        finally:
            await store.close()
        conversations = [f"{customer_id}-{number}" for number in range(-(-interactions // TURNS))]
        async with listening(model) as address:
            environment = {
                "WARMLINE_MODEL": MODEL,
                "WARMLINE_MODEL_BASE_URL": address,
                "WARMLINE_DRAFT_AHEAD": "off",
            }
            async with started(settings, environment=environment) as (client, _):
                floor = await timed(requests, lambda _: client.get("/healthz"))
                added: list[Sequence[float]] = []
                for turn in range(-WARM_UPS, requests):
                    conversation = conversations[-1 - turn % len(conversations)]
                    added.append(await _added(client, model, conversation, f"I ask for the {turn + 9}th time."))
                    progress(max(turn + 1, 0), requests)
    before, between, after = (_part(durations) for durations in zip(*added[WARM_UPS:], strict=True))
    counted = model.answers[-round(len(model.answers) * requests / (WARM_UPS + requests)) :]
    return ModelBench(
        interactions=interactions,
        requests=requests,
        calls_each=round(len(counted) / requests, 2),
        model_ms=round(sorted(_took(answered) for answered in counted)[len(counted) // 2], 3),
        added=figure([sum(parts) for parts in added[WARM_UPS:]], floor),
        before=before,
        between=between,
        after=after,
    )


async def _added(client: httpx.AsyncClient, model: SlowModel, conversation: str, text: str) -> Sequence[float]:
    """The milliseconds of one handoff before, between and after the model's answers."""
    message = {"channel": "voice", "actor": "customer", "kind": "message", "conversation_id": conversation}
    (await client.post("/v1/interactions", json=message | {"text": text})).raise_for_status()
    asked_before = len(model.answers)
    began = perf_counter()
    answer = await client.post("/v1/handoffs", json={"conversation_id": conversation, "deadline_ms": DEADLINE_MS})
    ended = perf_counter()
    handoff = answer.raise_for_status().json()
    if handoff["engine"] != "model" or handoff["pending"]:
        raise Unavailable(f"A handoff is not in the model's words ({handoff['failure_code']}); nothing was measured.")
    answers = model.answers[asked_before:]
    moments = [began, *(moment for each in answers for moment in (each.begun, each.sent)), ended]
    gaps = [(later - sooner) * 1000 for sooner, later in zip(moments[::2], moments[1::2], strict=True)]
    return gaps[0], sum(gaps[1:-1]), gaps[-1]


def _part(durations: Sequence[float]) -> PartLatency:
    middle, slow_end = middle_and_slow_end(durations)
    return PartLatency(p50_ms=middle, p99_ms=slow_end)


def _took(answer: TimedAnswer) -> float:
    return (answer.sent - answer.begun) * 1000
