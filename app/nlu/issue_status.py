"""How a matter stood when a customer left off, and whether what they go on with is the same matter."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from app.models import Actor, Interaction, Kind, Outcome
from app.nlu.analysis import analysis_of
from app.nlu.artefacts import speaks
from app.nlu.dialogue_acts import SpeechAct
from app.nlu.identifiers import canonical
from app.nlu.steps import steps

_SAME_MATTER_ANYWAY = timedelta(hours=24)
_SHARED_TERMS = 2
_FAILING = (Outcome.FAILED, Outcome.ABANDONED)
_STAFF = (Actor.BOT, Actor.AGENT)


class Standing(Enum):
    """How a matter stood when the customer left a channel."""

    OPEN = "open"
    PROMISED = "promised"
    SETTLED = "settled"


def standing(rows: Sequence[Interaction]) -> Standing:
    """How a stretch of interactions ended; one without any matter in it needs no continuing, and is settled."""
    taken = steps(rows)
    failed = any(step.outcome in _FAILING for step in taken)
    ended_well = bool(taken) and taken[-1].outcome is Outcome.SUCCEEDED
    messages = [row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.text.strip()]
    messages = [row for row in messages if speaks(row)]
    if not messages:
        return Standing.SETTLED if ended_well or not failed else Standing.OPEN
    if taken and taken[-1].outcome in _FAILING:
        return Standing.OPEN
    acts = set(analysis_of(messages[-1]).acts)
    thanked = bool(acts & {SpeechAct.CLOSING, SpeechAct.THANKS}) and not acts & {
        SpeechAct.REQUEST,
        SpeechAct.QUESTION,
        SpeechAct.PROBLEM,
    }
    if thanked:
        return Standing.PROMISED if _ends_with_a_promise(rows) else Standing.SETTLED
    answered = ended_well and taken[-1].at > messages[-1].occurred_at and "?" not in rows[-1].text
    return Standing.SETTLED if answered else Standing.OPEN


def same_matter(before: Sequence[Interaction], after: Sequence[Interaction], stood: Standing) -> bool:
    """Whether a stretch goes on with the one before it: by its conversation, soon after it, or by what both name."""
    if before[-1].conversation_id is not None and before[-1].conversation_id == after[0].conversation_id:
        return True
    if stood is Standing.OPEN and after[0].occurred_at - before[-1].occurred_at <= _SAME_MATTER_ANYWAY:
        return True
    if _names(before) & _names(after):
        return True
    return len(_subjects(before) & _subjects(after)) >= _SHARED_TERMS


def _ends_with_a_promise(rows: Sequence[Interaction]) -> bool:
    last = next((row for row in reversed(rows) if row.actor in _STAFF and row.kind is Kind.MESSAGE), None)
    return last is not None and SpeechAct.PROMISE in analysis_of(last).acts


def _names(rows: Sequence[Interaction]) -> set[str]:
    return {canonical(mention.value) for row in rows for mention in analysis_of(row).mentions if mention.type != "date"}


def _subjects(rows: Sequence[Interaction]) -> set[str]:
    spoken = (row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE)
    return {term for row in spoken for term in analysis_of(row).terms if len(term) > 3}
