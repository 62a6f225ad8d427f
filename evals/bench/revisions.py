"""How soon what a late model says reaches whoever follows a handoff, also where the service is killed in between.

The service is a real one in a process of its own; the model and the webhook's receiver answer in this process, so that
the moments at which the model answered and at which a revision came are read from one clock.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import httpx

from app import offline
from app.errors import Unavailable
from app.models import Record
from app.settings import Settings
from evals.bench.figures import middle_and_slow_end, silent
from evals.bench.receiver import ReceivedMessage, receiver
from evals.bench.service import ServiceProcess, started
from evals.servers.seed_stores import Progress
from evals.servers.slow import SlowModel, listening

MODEL = "openai/slow"
BRIEF, CHECKED = 2, 3
LOOK_S = 0.05
# So far apart handoffs are asked for: all are under way together, and no burst of them is refused.
APART_S = 0.2
WITHIN_S = 120.0
# Longer than the usual patience, so that work is not given up while a killed service starts again on a slow machine.
PATIENCE_S = 300
QUIET_FOR_S = 3.0
WAYS = ("get", "stream", "webhook")
STREAM = {"accept": "text/event-stream"}


class Lag(Record):
    """Milliseconds from the model's answer until a revision was there, by one way: median, 99th percentile, longest."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class Reached(Record):
    """How soon a revision was there, by each way."""

    get: Lag
    stream: Lag
    webhook: Lag


class Killed(Record):
    """A service that was killed while the model was at work, and started again on the same folder.

    `webhook_ms` is how long after the answer of the model that was asked again the webhook was told of the revision,
    `told_once` whether it was told of each revision exactly once.
    """

    revision: int
    webhook_ms: float
    told_once: bool


class RevisionsBench(Record):
    """`bench revisions`: handoffs of a model that is late, all under way together, followed by GET, stream and webhook.

    `answer_late_ms` is by how much the latest answer missed its deadline, negative where all came before it.
    """

    handoffs: int
    deadline_ms: int
    brief_s: float
    check_s: float
    answer_late_ms: float
    brief: Reached
    verdicts: Reached
    killed: tuple[Killed, ...]


class _ReceivedRevision(NamedTuple):
    handoff_id: str
    number: int
    revision: int
    way: str
    at: float


class _Room(NamedTuple):
    """What a measurement works with: the service's settings, the model and what the webhook was told."""

    settings: Settings
    environment: dict[str, str]
    model: SlowModel
    hook: str
    deliveries: Sequence[ReceivedMessage]
    deadline_ms: int


async def bench_revisions(
    handoffs: int = 10,
    *,
    brief_s: float = 6.0,
    check_s: float = 2.0,
    deadline_ms: int = 2000,
    progress: Progress = silent,
) -> RevisionsBench:
    """So many handoffs together, and then one for each revision before which the service is killed.

    Raises Unavailable when the service does not start, or a revision never comes.
    """
    model = SlowModel(brief_s, check_s)
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        offline.disarm()
        async with listening(model) as address, receiver() as (hook, deliveries):
            environment = {
                "WARMLINE_MODEL": MODEL,
                "WARMLINE_MODEL_BASE_URL": address,
                "WARMLINE_DRAFT_AHEAD": "off",
                "WARMLINE_MODEL_PATIENCE_S": str(PATIENCE_S),
                "WARMLINE_WEBHOOKS_PRIVATE": "true",
            }
            settings = Settings.model_construct(data_dir=Path(folder))
            room = _Room(settings, environment, model, hook, deliveries, deadline_ms)
            progress(0, 3)
            late_ms, seen = await _followed(room, handoffs)
            progress(1, 3)
            killed: list[Killed] = []
            for revision in (BRIEF, CHECKED):
                killed.append(await _killed(room, handoffs + revision, revision))
                progress(revision, 3)
    return RevisionsBench(
        handoffs=handoffs,
        deadline_ms=deadline_ms,
        brief_s=brief_s,
        check_s=check_s,
        answer_late_ms=round(late_ms, 1),
        brief=_reached(model, seen, BRIEF),
        verdicts=_reached(model, seen, CHECKED),
        killed=tuple(killed),
    )


async def _followed(room: _Room, handoffs: int) -> tuple[float, list[_ReceivedRevision]]:
    """By how much the latest answer was late, and when each revision was seen by each way."""
    async with started(room.settings, environment=room.environment) as (client, _):
        wanted = {"url": room.hook, "events": ["handoff.updated"]}
        (await client.post("/v1/webhooks", json=wanted)).raise_for_status()
        for number in range(2 * handoffs):
            await _recorded(client, number)
        by_stream = [_streamed(client, number, room.deadline_ms) for number in range(handoffs)]
        by_get = [_answered(client, handoffs + number, room.deadline_ms) for number in range(handoffs)]
        followed = await asyncio.gather(*by_stream, *by_get)
        await _until_announced(room, 2 * len(by_stream) + 2 * len(by_get))
    seen = [sighting for _, some in followed for sighting in some]
    numbers = {sighting.handoff_id: sighting.number for sighting in seen}
    for message, at in room.deliveries:
        handoff_id, revision = message["data"]["handoff_id"], message["data"]["revision"]
        seen.append(_ReceivedRevision(handoff_id, numbers[handoff_id], revision, "webhook", at))
    return max(late_ms for late_ms, _ in followed), seen


async def _killed(room: _Room, number: int, revision: int) -> Killed:
    """Kill the service before a revision is there, and see how soon it is there after it was started again."""
    number += 1000
    async with started(room.settings, environment=room.environment) as (client, process):
        await _recorded(client, number)
        handoff = (await _asked(client, number, room.deadline_ms)).json()
        if revision == CHECKED:
            await _until(client, handoff["handoff_id"], BRIEF)
        await _kill(process)
    async with started(room.settings, environment=room.environment) as (client, _):
        await _until(client, handoff["handoff_id"], CHECKED)
        await _told_of(room, handoff["handoff_id"])
    deliveries = [(delivery.message["data"]["revision"], delivery.at) for delivery in _of(room, handoff["handoff_id"])]
    came_at = next((at for number, at in deliveries if number == revision), float("inf"))
    answered = _answered_at(room.model, number, revision, came_at)
    once = Counter(number for number, _ in deliveries) == Counter((BRIEF, CHECKED))
    return Killed(revision=revision, webhook_ms=round((came_at - answered) * 1000, 1), told_once=once)


async def _kill(process: ServiceProcess) -> None:
    process.kill()
    await process.wait()


async def _recorded(client: httpx.AsyncClient, number: int) -> None:
    message = {"channel": "chat", "actor": "customer", "kind": "message", "conversation_id": f"talk-{number}"}
    text = f"{_name(number)} is what I am waiting for since 3 March."
    (await client.post("/v1/interactions", json=message | {"text": text})).raise_for_status()


def _name(number: int) -> str:
    return f"Parcel {number}"


async def _asked(client: httpx.AsyncClient, number: int, deadline_ms: int) -> httpx.Response:
    asked = {"conversation_id": f"talk-{number}", "deadline_ms": deadline_ms}
    return (await client.post("/v1/handoffs", json=asked)).raise_for_status()


async def _answered(client: httpx.AsyncClient, number: int, deadline_ms: int) -> tuple[float, list[_ReceivedRevision]]:
    """By how much an answer was late, and when GET gave its revisions."""
    await asyncio.sleep(number * APART_S)
    began = perf_counter()
    handoff_id = str((await _asked(client, number, deadline_ms)).json()["handoff_id"])
    late_ms = (perf_counter() - began) * 1000 - deadline_ms
    came_at = [(revision, await _until(client, handoff_id, revision)) for revision in (BRIEF, CHECKED)]
    return late_ms, [_ReceivedRevision(handoff_id, number, revision, "get", at) for revision, at in came_at]


async def _streamed(client: httpx.AsyncClient, number: int, deadline_ms: int) -> tuple[float, list[_ReceivedRevision]]:
    """By how much the first stage of a stream was late, and when it told of each revision."""
    asked = {"conversation_id": f"talk-{number}", "deadline_ms": deadline_ms}
    await asyncio.sleep(number * APART_S)
    began = perf_counter()
    late_ms, seen = 0.0, dict[int, _ReceivedRevision]()
    async with client.stream("POST", "/v1/handoffs", json=asked, headers=STREAM, timeout=WITHIN_S) as answer:
        async for line in answer.raise_for_status().aiter_lines():
            if not line.startswith("data: "):
                continue
            handoff, at = json.loads(line.removeprefix("data: ")), perf_counter()
            late_ms = late_ms or (at - began) * 1000 - deadline_ms
            revision = int(handoff["revision"])
            seen.setdefault(revision, _ReceivedRevision(handoff["handoff_id"], number, revision, "stream", at))
    return late_ms, [sighting for revision, sighting in seen.items() if revision > 1]


async def _until(client: httpx.AsyncClient, handoff_id: str, revision: int) -> float:
    """When GET first gave a revision, or a later one. Raises Unavailable."""
    ends = perf_counter() + WITHIN_S
    while perf_counter() < ends:
        answer = await client.get(f"/v1/handoffs/{handoff_id}")
        at = perf_counter()
        is_refused = answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE  # too much is asked at once: look again
        if not is_refused and answer.raise_for_status().json()["revision"] >= revision:
            return at
        await asyncio.sleep(LOOK_S)
    raise Unavailable(f"Revision {revision} of a handoff never came; nothing was measured.")


async def _until_announced(room: _Room, count: int) -> None:
    """Wait until the webhook was told so often. Raises Unavailable."""
    ends = perf_counter() + WITHIN_S
    while len(room.deliveries) < count:
        if perf_counter() > ends:
            raise Unavailable(f"The webhook was told of {len(room.deliveries)} revisions of {count}.")
        await asyncio.sleep(LOOK_S)


async def _told_of(room: _Room, handoff_id: str) -> None:
    """Wait until the webhook was told of both revisions, and then a while for what is told too often."""
    ends = perf_counter() + WITHIN_S
    while len(_of(room, handoff_id)) < 2 and perf_counter() < ends:  # noqa: ASYNC110 - they arrive by themselves
        await asyncio.sleep(LOOK_S)
    await asyncio.sleep(QUIET_FOR_S)


def _of(room: _Room, handoff_id: str) -> list[ReceivedMessage]:
    return [delivery for delivery in room.deliveries if delivery.message["data"]["handoff_id"] == handoff_id]


def _answered_at(model: SlowModel, number: int, revision: int, came_at: float) -> float:
    """When the model sent the last answer before then of which a revision of this handoff comes. Raises Unavailable."""
    named = f"{_name(number)} is"
    sent = [
        answer.sent
        for answer in model.answers
        if answer.is_check == (revision == CHECKED) and named in answer.asked and answer.sent <= came_at
    ]
    if not sent:
        raise Unavailable("A revision came without an answer of the model; nothing was measured.")
    return max(sent)


def _reached(model: SlowModel, seen: Sequence[_ReceivedRevision], revision: int) -> Reached:
    lags: dict[str, Lag] = {}
    for way in WAYS:
        of_way = [sighting for sighting in seen if (sighting.way, sighting.revision) == (way, revision)]
        took = [
            (sighting.at - _answered_at(model, sighting.number, revision, sighting.at)) * 1000 for sighting in of_way
        ]
        middle, slow_end = middle_and_slow_end(took)
        lags[way] = Lag(p50_ms=middle, p99_ms=slow_end, max_ms=round(max(took), 3))
    return Reached(**lags)
