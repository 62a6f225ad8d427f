"""What is observed of one case: the handoff that the App made, and the verdicts on the sentences of its brief."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from pydantic import Field

from app.errors import InvalidRequest
from app.models import MAX_BATCH, Brief, FailureCode, Handoff, InteractionDraft, Record, Verdict, VerifyRequest
from app.services import App
from evals.datasets.dialogues import sentences_of
from evals.suite.cases import GoldCase
from evals.suite.judgement import Judgement

MOST_CLAIMS = 200
DEADLINE_MS = 120_000
"""What a brief says is judged, not how fast: a reply that comes late in one run would make two runs incomparable."""
TRIES = 4
REST_S = 6.0
"""On a machine that is too busy retrieval gives up on vectors and lets them rest; the case is then asked for again."""

Spoil = Callable[[GoldCase, Handoff], Handoff]


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
        answer = await app.interactions.record(case.id, drafts[start : start + MAX_BATCH])
        for result in answer.results:
            if result.interaction_id is None or result.duplicate:
                why = result.problem.detail if result.problem else "its id stands twice in the case"
                raise InvalidRequest(f"{case.industry}/{case.id}, interaction {result.id}: {why}")
            sources[result.interaction_id] = result.id or ""
    return sources


async def observe(
    app: App, case: GoldCase, sources: Mapping[str, str], *, spoil: Spoil | None = None, rest_s: float = REST_S
) -> Observation:
    """Hand a filed case over, and have every sentence of the brief verified against its customer's interactions.

    `spoil` changes the handoff before it is verified: a harm that is planted to try the scorers.
    """
    handoff = await _handed_over(app, case, rest_s)
    if spoil:
        handoff = spoil(case, handoff)
    claims = sentences(handoff.brief)
    verdicts: list[Verdict] = []
    for start in range(0, len(claims), MOST_CLAIMS):
        request = VerifyRequest(customer_id=handoff.customer_id, claims=tuple(claims[start : start + MOST_CLAIMS]))
        verdicts.extend((await app.verification.check(case.id, request)).verdicts)
    return Observation(handoff=handoff, verdicts=tuple(verdicts), sources=sources)


async def _handed_over(app: App, case: GoldCase, rest_s: float) -> Handoff:
    request = case.request(deadline_ms=DEADLINE_MS)
    handoff = await app.handoffs.create(case.id, request)
    for _ in range(TRIES - 1):
        if handoff.failure_code is not FailureCode.RETRIEVAL_UNAVAILABLE:
            break
        await asyncio.sleep(rest_s)
        handoff = await app.handoffs.create(case.id, request)
    return handoff


def sentences(brief: Brief) -> Sequence[str]:
    """Every declarative sentence of a brief once, in its order, also one that the brief does not list among its claims.

    What it lists is taken as it stands there, because a quotation may hold several sentences.
    """
    listed = sorted({claim.text for claim in brief.claims}, key=len, reverse=True)
    prose = (brief.contact_reason, brief.situation, brief.customer_expectation, *brief.custom_sections.values())
    statements = (statement for text in prose if text for statement in _told_in(text, listed))
    return list(dict.fromkeys(statement for statement in statements if not statement.endswith("?")))


def _told_in(text: str, listed: Sequence[str]) -> Sequence[str]:
    positioned: list[tuple[int, str]] = []
    rest = text
    for claim in listed:
        index = rest.find(claim)
        if index >= 0:
            positioned.append((index, claim))
            rest = rest[:index] + "\n" * len(claim) + rest[index + len(claim) :]
    pieces = (piece.strip() for piece in rest.split("\n"))
    others = (sentence for piece in pieces if any(map(str.isalnum, piece)) for sentence in sentences_of(piece))
    return [sentence for _, sentence in sorted([*positioned, *((text.find(other), other) for other in others)])]


def _time_of(draft: InteractionDraft) -> float:
    return draft.occurred_at.timestamp() if draft.occurred_at else 0.0
