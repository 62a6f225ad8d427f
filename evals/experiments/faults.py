"""`warmline eval faults`: whether the brief is there in time and true, whatever a model's server does.

A real server in a process of its own goes wrong in every way that is known of (`evals.servers.faulty`), at handoffs
with random deadlines, several at a time. The App is the one that the service runs, with its real model adapter.

What counts as unsupported: a lie that the model planted and that the brief tells as a fact, a claim whose evidence is
nothing or no interaction of this customer, and an identifier or number that the conversation does not hold.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import NamedTuple

from app.bootstrap import build
from app.models import FailureCode, Handoff, HandoffRequest, HandoffStatus, Identifier, Record, VerdictKind
from app.services import App
from app.settings import Settings
from evals.datasets.labelled import LabelledDialogue, dialogue, plain
from evals.prose import prose_of
from evals.scorers.identifiers import identifiers, numbers
from evals.servers.faulty import FAULTS
from evals.servers.processes import server
from evals.workspace import workspace

TENANT = "default"
TOLERANCE_MS = 50.0
DEADLINES_MS = (300, 2000)
MODEL = "hosted_vllm/faulty"
REFUSED = "refused"
_NOBODY_LISTENS = "http://127.0.0.1:1/v1"
_REFUSED_FROM = 500_000

CODES: Mapping[str, FailureCode | None] = {
    "good": None,
    "good_at_second_try": None,
    "good_in_talk": None,
    "lies": None,
    "slow_drip": FailureCode.MODEL_TIMEOUT,
    "hang": FailureCode.MODEL_TIMEOUT,
    "hang_after_head": FailureCode.MODEL_TIMEOUT,
    "too_many_requests": FailureCode.MODEL_UNAVAILABLE,
    "server_error": FailureCode.MODEL_UNAVAILABLE,
    "overloaded": FailureCode.MODEL_UNAVAILABLE,
    "reset": FailureCode.MODEL_UNAVAILABLE,
    "reset_half_way": FailureCode.MODEL_UNAVAILABLE,
    "broken_json": FailureCode.INVALID_MODEL_OUTPUT,
    "broken_body": FailureCode.INVALID_MODEL_OUTPUT,
    "another_schema": FailureCode.INVALID_MODEL_OUTPUT,
    "empty": FailureCode.INVALID_MODEL_OUTPUT,
    "empty_body": FailureCode.INVALID_MODEL_OUTPUT,
    "megabyte": FailureCode.INVALID_MODEL_OUTPUT,
    "megabyte_of_json": FailureCode.INVALID_MODEL_OUTPUT,
    REFUSED: FailureCode.MODEL_UNAVAILABLE,
}
"""The failure code that each fault must be reported under; None where the model's brief must come through."""


class FaultFigures(Record):
    """Handoffs that met one fault.

    `in_time` came within the deadline and 50 ms; of `late_before_model` already the first brief, which no model has
    touched, came later than that; `wrong` say something else than what happened by status, engine or failure code;
    `no_time` left the model too little time to show its fault, and say so; `unsupported` counts claims. Lateness is in
    milliseconds past the deadline, negative where the answer came before it.
    """

    n: int
    in_time: int
    late_before_model: int
    wrong: int
    no_time: int
    unsupported: int
    late_p50_ms: float
    late_p99_ms: float
    late_max_ms: float


class FaultsFigures(FaultFigures):
    """All handoffs, and those of each fault."""

    concurrency: int
    faults: Mapping[str, FaultFigures]


class TimedHandoff(NamedTuple):
    """A handoff, how many milliseconds past its deadline it and its first stage came, and what is not borne out."""

    handoff: Handoff
    late_ms: float
    first_late_ms: float
    unsupported: Sequence[str]


class FaultedHandoff(NamedTuple):
    """One handoff with the fault that it met."""

    fault: str
    handoff: Handoff
    late_ms: float
    first_late_ms: float
    unsupported: Sequence[str]

    @property
    def has_no_time(self) -> bool:
        """Whether the handoff says that the model had no time, or none for a second try, where it needs but little."""
        if self.fault == "good_at_second_try" and self.handoff.failure_code is FailureCode.MODEL_UNAVAILABLE:
            return True
        return self.handoff.failure_code is FailureCode.MODEL_TIMEOUT is not CODES[self.fault]

    @property
    def is_right(self) -> bool:
        """Whether status, engine and failure code tell what happened."""
        code = self.handoff.failure_code
        whole = self.handoff.engine == "model" and self.handoff.status is HandoffStatus.COMPLETED and code is None
        fallback = self.handoff.engine == "extractive" and self.handoff.status is HandoffStatus.PARTIAL
        if CODES[self.fault] is None:
            only_lies = self.fault == "lies" and fallback and code is FailureCode.INVALID_MODEL_OUTPUT
            return whole or only_lies
        return fallback and code is CODES[self.fault]


async def evaluate(
    settings: Settings,
    *,
    handoffs: int = 1000,
    seed: int = 0,
    concurrency: int = 4,
    progress: Callable[[int, int], None] | None = None,
) -> FaultsFigures:
    """The figures over so many handoffs. Raises Unavailable when the faulty server does not start."""
    met: list[FaultedHandoff] = []
    waiting = iter(_plan(handoffs))
    random = Random(seed)  # noqa: S311 - nothing secret hangs on it
    logging.getLogger("warmline").setLevel(logging.ERROR)  # each fault is logged, as it should be, and counted here
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(server("evals.servers.faulty", "--seed", str(seed)))
        faulty = await stack.enter_async_context(opened(settings, MODEL, f"http://127.0.0.1:{port}/v1"))
        refusing = await stack.enter_async_context(opened(settings, MODEL, _NOBODY_LISTENS))

        async def work() -> None:
            for fault, number in waiting:
                app = refusing if fault == REFUSED else faulty
                answered = await handed_over(app, dialogue(number, seed), random.randint(*DEADLINES_MS))
                met.append(FaultedHandoff(fault, *answered))
                if progress:
                    progress(len(met), handoffs)

        await asyncio.gather(*(work() for _ in range(concurrency)))
    return figures(met, concurrency)


def figures(met: Sequence[FaultedHandoff], concurrency: int) -> FaultsFigures:
    """The figures over handoffs, together and by fault."""
    by_fault = {fault: [handoff for handoff in met if handoff.fault == fault] for fault in CODES}
    return FaultsFigures(
        **_figures(met).model_dump(),
        concurrency=concurrency,
        faults={fault: _figures(some) for fault, some in by_fault.items() if some},
    )


def unsupported(of: LabelledDialogue, handoff: Handoff, interaction_ids: frozenset[str]) -> list[str]:
    """What a brief says and its conversation does not bear out, as far as it can be told without reading."""
    brief = handoff.brief.model_dump(mode="json", exclude={"dropped_claims"})
    prose = [*prose_of(brief), *(claim.text for claim in handoff.brief.claims)]
    # What is marked as unverified is not told as a fact.
    marked = {claim.text for claim in handoff.brief.claims if claim.verdict is VerdictKind.UNVERIFIED}
    lies = [lie.text for lie in of.lies if any(plain(lie.text) in plain(piece) for piece in _without(prose, marked))]
    unbacked = [
        claim.text for claim in handoff.brief.claims if not claim.evidence or not interaction_ids >= {*claim.evidence}
    ]
    transcript = " ".join(draft.text for draft in of.drafts)
    made_up = identifiers(" ".join(prose)) - identifiers(transcript) - numbers(transcript)
    return [*lies, *unbacked, *sorted(made_up)]


def _without(prose: Sequence[str], sentences: Iterable[str]) -> list[str]:
    pieces = list(prose)
    for sentence in sentences:
        pieces = [piece.replace(sentence, "") for piece in pieces]
    return pieces


@asynccontextmanager
async def opened(settings: Settings, model: str, address: str) -> AsyncGenerator[App]:
    """An App on stores of its own, warm, with a model at this address and no other."""
    own = {
        "model": model,
        "model_base_url": address,
        "model_fallbacks": (),
        "model_api_key": None,
        "model_check": "none",
    }
    with workspace(settings.model_copy(update=own)) as separate:
        async with build(separate) as app:
            await app.warm_up()
            yield app


async def handed_over(app: App, about: LabelledDialogue, deadline_ms: int) -> TimedHandoff:
    """File a dialogue and hand it over; only the handoff is timed."""
    first, *rest = about.drafts
    identifier = Identifier(
        type="account_id", value=about.conversation_id, verified=True, method="made for a measurement"
    )
    recorded = await app.interactions.record(TENANT, [first.model_copy(update={"identifiers": (identifier,)}), *rest])
    request = HandoffRequest(conversation_id=about.conversation_id, deadline_ms=deadline_ms)
    started = perf_counter()
    stages = [
        (stage, (perf_counter() - started) * 1000 - deadline_ms) async for stage in app.handoffs.stages(TENANT, request)
    ]
    (_, first_late_ms), *_, (handoff, late_ms) = stages
    ids = frozenset(result.interaction_id for result in recorded.results if result.interaction_id)
    return TimedHandoff(handoff, late_ms, first_late_ms, unsupported(about, handoff, ids))


def _plan(handoffs: int) -> list[tuple[str, int]]:
    """Each fault in turn, with the number of a dialogue that meets it."""
    kinds, served = tuple(CODES), len(FAULTS)
    plan: list[tuple[str, int]] = []
    for index in range(handoffs):
        turn, kind = divmod(index, len(kinds))
        number = _REFUSED_FROM + turn if kinds[kind] == REFUSED else turn * served + kind
        plan.append((kinds[kind], number))
    return plan


def _figures(met: Sequence[FaultedHandoff]) -> FaultFigures:
    late = [handoff.late_ms for handoff in met]
    return FaultFigures(
        n=len(met),
        in_time=sum(handoff.late_ms <= TOLERANCE_MS for handoff in met),
        late_before_model=sum(handoff.first_late_ms > TOLERANCE_MS for handoff in met),
        wrong=sum(not handoff.is_right and not handoff.has_no_time for handoff in met),
        no_time=sum(handoff.has_no_time for handoff in met),
        unsupported=sum(len(handoff.unsupported) for handoff in met),
        late_p50_ms=round(median(late), 1),
        late_p99_ms=round(quantiles(late, n=100, method="inclusive")[98] if len(late) > 1 else late[0], 1),
        late_max_ms=round(max(late), 1),
    )
