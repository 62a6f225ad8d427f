"""What is observed of one case: the handoff that the App made, and the verdicts on the sentences of its brief."""

from collections.abc import Mapping, Sequence

from pydantic import Field

from app.application import App
from app.errors import InvalidRequest
from app.models import MAX_BATCH, Brief, Handoff, InteractionDraft, Record, Verdict, VerifyRequest
from evals.dialogues import sentences_of
from evals.suite.cases import GoldCase
from evals.suite.judgement import Judgement

MOST_CLAIMS = 200
MODEL_DEADLINE_MS = 120_000
"""What a model writes is judged, not how fast: a reply that comes late in one run would make two runs incomparable."""


class Observation(Record):
    """One case as the App handled it. `sources` are the cases' ids of interactions by the ledger's."""

    handoff: Handoff
    verdicts: tuple[Verdict, ...] = ()
    sources: Mapping[str, str] = Field(default_factory=dict)
    judgement: Judgement | None = None


async def file_case(app: App, case: GoldCase) -> Mapping[str, str]:
    """Record a case in a tenant of its own; gives the case's id of each interaction. Raises InvalidRequest."""
    drafts = sorted((*case.others, *case.interactions), key=_time_of)
    sources: dict[str, str] = {}
    for start in range(0, len(drafts), MAX_BATCH):
        answer = await app.record(case.id, drafts[start : start + MAX_BATCH])
        for result in answer.results:
            if result.interaction_id is None or result.duplicate:
                why = result.problem.detail if result.problem else "its id stands twice in the case"
                raise InvalidRequest(f"{case.industry}/{case.id}, interaction {result.id}: {why}")
            sources[result.interaction_id] = result.id or ""
    return sources


async def observe(app: App, case: GoldCase, sources: Mapping[str, str], *, with_model: bool) -> Observation:
    """Hand a filed case over, and have every sentence of the brief verified against its customer's interactions."""
    handoff = await app.handoff(case.id, case.request(deadline_ms=MODEL_DEADLINE_MS if with_model else None))
    claims = sentences(handoff.brief)
    verdicts: list[Verdict] = []
    for start in range(0, len(claims), MOST_CLAIMS):
        request = VerifyRequest(customer_id=handoff.customer_id, claims=tuple(claims[start : start + MOST_CLAIMS]))
        verdicts.extend((await app.verify_claims(case.id, request)).verdicts)
    return Observation(handoff=handoff, verdicts=tuple(verdicts), sources=sources)


def sentences(brief: Brief) -> Sequence[str]:
    """Every declarative sentence of a brief once, also one that the brief itself does not list among its claims."""
    prose = [brief.contact_reason, brief.situation, brief.customer_expectation, *brief.custom_sections.values()]
    told = (one for text in prose if text for one in sentences_of(text) if not one.endswith("?"))
    return list(dict.fromkeys(told))


def _time_of(draft: InteractionDraft) -> float:
    return draft.occurred_at.timestamp() if draft.occurred_at else 0.0
