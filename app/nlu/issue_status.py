"""How a matter stood when a customer left off, and whether what they go on with is the same matter."""

from collections.abc import Sequence
from datetime import timedelta
from enum import Enum

from app.models import Actor, Interaction, Kind, Outcome
from app.nlu.dialogue_acts import SpeechAct, customer_act, staff_act
from app.nlu.identifiers import canonical, mentions
from app.nlu.sentences import sentences
from app.nlu.steps import steps
from app.nlu.words import terms

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
    if not messages:
        return Standing.SETTLED if ended_well or not failed else Standing.OPEN
    if taken and taken[-1].outcome in _FAILING:
        return Standing.OPEN
    acts = {customer_act(sentence) for sentence in sentences(messages[-1].text)}
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
    return last is not None and any(staff_act(sentence) is SpeechAct.PROMISE for sentence in sentences(last.text))


def _names(rows: Sequence[Interaction]) -> set[str]:
    return {canonical(mention.value) for row in rows for mention in mentions(row.text) if mention.type != "date"}


def _subjects(rows: Sequence[Interaction]) -> set[str]:
    texts = (row.text for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE)
    return {term for text in texts for term in terms(text) if len(term) > 3}
