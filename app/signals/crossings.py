"""Signals that lie between channels: an unresolved matter that moves from one to another."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import Enum
from itertools import pairwise

from app.language.acts import Act, customer_act, staff_act
from app.language.identifiers import canonical, mentions
from app.language.sentences import sentences
from app.language.steps import says_it_failed, steps
from app.language.words import terms
from app.models import Actor, Interaction, Kind, Outcome, SignalType
from app.signals.journey import STAFF, Journey, Moment, on_channel, span

_SAME_MATTER_ANYWAY = timedelta(hours=24)
_SHARED_TERMS = 2
_FAILING = (Outcome.FAILED, Outcome.ABANDONED)


class Standing(Enum):
    """How a matter stood when the customer left a channel."""

    OPEN = "open"
    PROMISED = "promised"
    SETTLED = "settled"


def channel_switches(journey: Journey) -> Iterator[Moment]:
    """A customer who goes on elsewhere with what was not settled where they began."""
    for before, after in pairwise(_stretches(journey.everything)):
        first = next((row for row in after if row.actor is Actor.CUSTOMER), None)
        if first is None or not journey.is_asked_about(first) or not _is_of(journey, after):
            continue
        stood = standing(before)
        if stood is Standing.SETTLED or not _same_matter(before, after, stood):
            continue
        last = next(row for row in reversed(before) if row.actor is Actor.CUSTOMER)
        gap = first.occurred_at - last.occurred_at
        how = "was left with a promise" if stood is Standing.PROMISED else "was not settled"
        detail = (
            f"The customer came to us again {on_channel(first.channel)}, {span(gap)} after turning to us "
            f"{on_channel(last.channel)}, where the matter {how}."
        )
        severity = 0.7 if gap <= timedelta(hours=1) else 0.6 if gap <= _SAME_MATTER_ANYWAY else 0.5
        yield Moment(SignalType.CHANNEL_SWITCH, severity, (last, first), detail)


def standing(rows: Sequence[Interaction]) -> Standing:
    """How a stretch of interactions ended; one without any matter in it needs no continuing, and is settled."""
    taken = steps(rows)
    failed = any(step.outcome in _FAILING for step in taken)
    ended_well = bool(taken) and taken[-1].outcome is Outcome.SUCCEEDED
    said = [row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.text.strip()]
    if not said:
        return Standing.SETTLED if ended_well or not failed else Standing.OPEN
    if taken and taken[-1].outcome in _FAILING:
        return Standing.OPEN
    acts = {customer_act(sentence) for sentence in sentences(said[-1].text)}
    thanked = bool(acts & {Act.CLOSING, Act.THANKS}) and not acts & {Act.REQUEST, Act.QUESTION, Act.PROBLEM}
    if thanked:
        return Standing.PROMISED if _ends_with_a_promise(rows) else Standing.SETTLED
    answered = ended_well and taken[-1].at > said[-1].occurred_at and "?" not in rows[-1].text
    return Standing.SETTLED if answered else Standing.OPEN


def _ends_with_a_promise(rows: Sequence[Interaction]) -> bool:
    last = next((row for row in reversed(rows) if row.actor in STAFF and row.kind is Kind.MESSAGE), None)
    return last is not None and any(staff_act(sentence) is Act.PROMISE for sentence in sentences(last.text))


def _stretches(rows: Sequence[Interaction]) -> list[list[Interaction]]:
    # Only the customer moves: what staff or a bot sends elsewhere belongs to the stretch it falls in, and looking at
    # pages beside a conversation is no move.
    stretches: list[list[Interaction]] = []
    channel = None
    for row in rows:
        if row.actor is Actor.CUSTOMER and row.channel is not channel and _is_deliberate(row):
            stretches.append([])
            channel = row.channel
        if stretches:
            stretches[-1].append(row)
    return stretches


def _is_deliberate(row: Interaction) -> bool:
    return row.kind is Kind.MESSAGE or row.outcome is not None or says_it_failed(row)


def _is_of(journey: Journey, rows: Sequence[Interaction]) -> bool:
    return any(row.interaction_id in journey.own for row in rows)


def _same_matter(before: Sequence[Interaction], after: Sequence[Interaction], stood: Standing) -> bool:
    if before[-1].conversation_id is not None and before[-1].conversation_id == after[0].conversation_id:
        return True
    if stood is Standing.OPEN and after[0].occurred_at - before[-1].occurred_at <= _SAME_MATTER_ANYWAY:
        return True
    if _names(before) & _names(after):
        return True
    return len(_subjects(before) & _subjects(after)) >= _SHARED_TERMS


def _names(rows: Sequence[Interaction]) -> set[str]:
    return {canonical(one.value) for row in rows for one in mentions(row.text) if one.type != "date"}


def _subjects(rows: Sequence[Interaction]) -> set[str]:
    said = (row.text for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE)
    return {term for text in said for term in terms(text) if len(term) > 3}
