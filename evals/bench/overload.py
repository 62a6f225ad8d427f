"""What becomes of the service when far more is asked than it can do, and how soon it is itself again.

The sustainable rate of a mix of requests is found by stepping up. Then `factor` times as many are sent for a while, in
an open loop: what is accepted must stay quick, and the rest must be refused at once with `Retry-After`.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import httpx

from app import offline
from app.errors import Unavailable
from app.models import Record
from app.settings import Settings
from evals.bench.figures import middle_and_slow_end, silent
from evals.bench.open_loop import BROKEN, TIMED_OUT, OpenLoop, RequestOutcome, Sending
from evals.bench.service import started
from evals.servers.seed_stores import Progress

INGEST, NEXT_ACTION, HANDOFF = "ingest", "next-action", "handoff"
SHARES = ((INGEST, 0.7), (NEXT_ACTION, 0.2), (HANDOFF, 0.1))
CONVERSATIONS = 400
WRITTEN_TO = 2000
TURNS = 10

FIRST_RATE = 20.0
STEP = 1.25
STEP_S = 4.0
MOST_STEPS = 30
# What else the machine does may spoil a step.
TRIES = 2
# A rate is sustainable while so few are refused and none waits for longer than that.
MOST_REFUSED = 0.01
LONGEST_P99_MS = 1000.0
NORMAL_S = 15.0
# Afterwards less is asked than can be done, second by second, until it is as quick as before.
AFTER_SHARE = 0.8
WATCHED_S = 20
NORMAL_AGAIN = 1.5

_TEXTS = (
    "Why was I charged twice for invoice {number}?",
    "My parcel {number} is still not here, and I have waited for two weeks.",
    "I have already reset the password three times, and it did not help.",
    "Please change the date of appointment {number} to next Tuesday.",
    "Nobody called me back about contract {number}.",
)


class Latency(Record):
    """Milliseconds, and how many answers they are of."""

    count: int
    p50_ms: float
    p99_ms: float


class OverloadBench(Record):
    """`bench overload`: requests a second, milliseconds from when a request was due, and MiB of resident memory.

    `normal` is at the sustainable rate. `accepted_share` is accepted requests a second as a share of that rate;
    `p99_ratio` is the p99 of what was accepted over the normal one. `refused` counts by status,
    `refused_without_retry_after` those that say not when to come again. `timeouts` had no answer within ten seconds,
    `broken` are connections that were closed instead of an answer. `normal_after_s`: None where it was not.
    """

    seconds: float
    factor: float
    sustainable_per_second: float
    offered_per_second: float
    normal: Latency
    normal_by_kind: dict[str, Latency]
    accepted: Latency
    accepted_by_kind: dict[str, Latency]
    accepted_share: float
    p99_ratio: float
    refused: dict[str, int]
    refused_latency: Latency | None
    refused_without_retry_after: int
    timeouts: int
    broken: int
    memory_before_mib: float
    memory_after_mib: float
    memory_growth_mib: float
    normal_after_s: int | None


async def bench_overload(
    seconds: float = 45.0, factor: float = 5.0, *, progress: Progress | None = None, step_s: float = STEP_S
) -> OverloadBench:
    """Find the sustainable rate, send `factor` times it for so many seconds, and watch the recovery.

    Raises Unavailable when the service does not start or sustains not even the first rate.
    """
    show = progress or silent
    with TemporaryDirectory(prefix="warmline-bench-") as folder:
        settings = Settings.model_construct(data_dir=Path(folder))
        offline.disarm()
        async with started(settings) as (client, process):
            await _file_conversations(client)
            load = OpenLoop(client.base_url.host, client.base_url.port or 80)
            mix = _Mix()
            try:
                rate = await _sustainable(load, mix, step_s)
                show(1, 4)
                normal = await load.send(rate, min(NORMAL_S, seconds), mix.next)
                show(2, 4)
                before = _resident_mib(process.pid)
                flood = await load.send(rate * factor, seconds, mix.next)
                after = _resident_mib(process.pid)
                show(3, 4)
                again = await _normal_again(load, mix, rate, _latency(_accepted(normal)).p99_ms)
                show(4, 4)
            finally:
                load.close()
    return _figures(seconds, factor, rate, normal, flood, (before, after), again)


class _Mix:
    """Requests in the shares of the mix, the same ones each run."""

    def __init__(self) -> None:
        self._random = Random(47)  # noqa: S311 - nothing here is a secret

    def next(self) -> Sending:
        """The next request."""
        [kind] = self._random.choices([name for name, _ in SHARES], [share for _, share in SHARES])
        if kind == INGEST:
            name = f"c-{self._random.randrange(WRITTEN_TO)}"
            return Sending(kind, "/v1/interactions", _message(self._random, name))
        body = {"conversation_id": f"c-{self._random.randrange(CONVERSATIONS)}"}
        if kind == HANDOFF:
            return Sending(kind, "/v1/handoffs", body)
        return Sending(kind, "/v1/next-actions", body | {"audience": "agent"})


def _message(random: Random, conversation: str, actor: str = "customer") -> dict[str, object]:
    text = random.choice(_TEXTS).format(number=random.randrange(10_000, 99_999))
    person = {"type": "account_id", "value": f"customer-{conversation}", "verified": True}
    row: dict[str, object] = {"channel": "chat", "actor": actor, "kind": "message", "text": text}
    return row | {"conversation_id": conversation, "identifiers": [person]}


async def _file_conversations(client: httpx.AsyncClient) -> None:
    random = Random(43)  # noqa: S311 - nothing here is a secret
    for first in range(0, CONVERSATIONS, 50):
        rows = [
            _message(random, f"c-{number}", "customer" if turn % 2 == 0 else "bot")
            for number in range(first, first + 50)
            for turn in range(TURNS)
        ]
        (await client.post("/v1/interactions", json={"interactions": rows})).raise_for_status()


async def _sustainable(load: OpenLoop, mix: _Mix, step_s: float) -> float:
    await load.send(FIRST_RATE, step_s, mix.next)  # what loads at the first call does not count
    sustained, rate = 0.0, FIRST_RATE
    for _ in range(MOST_STEPS):
        tries = 0
        while not _is_sustained(await load.send(rate, step_s, mix.next)):
            tries += 1
            if tries == TRIES:
                return _checked(sustained)
        sustained, rate = rate, rate * STEP
    return _checked(sustained)


def _checked(sustained: float) -> float:
    if not sustained:
        raise Unavailable(f"Not even {FIRST_RATE:.0f} requests a second are sustained on this machine.")
    return sustained


def _is_sustained(answers: Sequence[RequestOutcome]) -> bool:
    accepted = _accepted(answers)
    if len(accepted) < (1 - MOST_REFUSED) * len(answers):
        return False
    return _latency(accepted).p99_ms <= LONGEST_P99_MS


async def _normal_again(load: OpenLoop, mix: _Mix, rate: float, normal_p99_ms: float) -> int | None:
    for second in range(WATCHED_S):
        answers = await load.send(rate * AFTER_SHARE, 1.0, mix.next)
        accepted = _accepted(answers)
        if len(accepted) == len(answers) and _latency(accepted).p99_ms <= NORMAL_AGAIN * normal_p99_ms:
            return second
    return None


def _figures(
    seconds: float,
    factor: float,
    rate: float,
    normal: Sequence[RequestOutcome],
    flood: Sequence[RequestOutcome],
    memory: tuple[float, float],
    again: int | None,
) -> OverloadBench:
    accepted, usual = _accepted(flood), _accepted(normal)
    refused = [answer for answer in flood if answer.status >= 400]
    quick, slow = _latency(usual), _latency(accepted)
    return OverloadBench(
        seconds=seconds,
        factor=factor,
        sustainable_per_second=round(rate, 1),
        offered_per_second=round(rate * factor, 1),
        normal=quick,
        normal_by_kind=_by_kind(usual),
        accepted=slow,
        accepted_by_kind=_by_kind(accepted),
        accepted_share=round(len(accepted) / seconds / rate, 3),
        p99_ratio=round(slow.p99_ms / quick.p99_ms, 2),
        refused=dict(Counter(str(answer.status) for answer in refused)),
        refused_latency=_latency(refused) if refused else None,
        refused_without_retry_after=sum(not answer.has_retry_after for answer in refused),
        timeouts=sum(answer.status == TIMED_OUT for answer in flood),
        broken=sum(answer.status == BROKEN for answer in flood),
        memory_before_mib=memory[0],
        memory_after_mib=memory[1],
        memory_growth_mib=round(memory[1] - memory[0], 1),
        normal_after_s=again,
    )


def _accepted(answers: Sequence[RequestOutcome]) -> list[RequestOutcome]:
    return [answer for answer in answers if 200 <= answer.status < 300]


def _latency(answers: Sequence[RequestOutcome]) -> Latency:
    if not answers:
        raise Unavailable("Nothing was accepted, so nothing was measured. Give more seconds.")
    middle, slow_end = middle_and_slow_end([answer.took_ms for answer in answers])
    return Latency(count=len(answers), p50_ms=middle, p99_ms=slow_end)


def _by_kind(answers: Sequence[RequestOutcome]) -> dict[str, Latency]:
    kinds = {kind: [answer for answer in answers if answer.kind == kind] for kind, _ in SHARES}
    return {kind: _latency(of_kind) for kind, of_kind in kinds.items() if of_kind}


def _resident_mib(pid: int) -> float:
    """Resident memory of a process, as Linux tells it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [kib] = [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
    return round(kib / 1024, 1)
