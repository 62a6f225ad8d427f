"""Signals that lie between channels: an unresolved matter that moves from one to another."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from app.language.acts import Act, customer_act
from app.language.identifiers import canonical, mentions
from app.language.sentences import sentences
from app.language.steps import says_it_failed, steps
from app.language.words import terms
from app.models import Actor, Interaction, Kind, Outcome, SignalType
from app.signals.journey import Journey, Moment, on_channel, span

_SAME_MATTER_ANYWAY = timedelta(hours=24)
_SHARED_TERMS = 2
_FAILING = (Outcome.FAILED, Outcome.ABANDONED)


def channel_switches(journey: Journey) -> Iterator[Moment]:
    """A customer who goes on elsewhere with what was not settled where they began."""
    stretches = _stretches(journey.everything)
    for before, after in pairwise(stretches):
        first = next((row for row in after if row.actor is Actor.CUSTOMER), None)
        if first is None or not _is_of(journey, after) or settled(before) or not _same_matter(before, after):
            continue
        last = next(row for row in reversed(before) if row.actor is Actor.CUSTOMER)
        gap = first.occurred_at - last.occurred_at
        detail = (
            f"The customer went on {on_channel(first.channel)} {span(gap)} after turning to us "
            f"{on_channel(last.channel)}, where the matter was not settled."
        )
        severity = 0.7 if gap <= timedelta(hours=1) else 0.6 if gap <= _SAME_MATTER_ANYWAY else 0.5
        yield Moment(SignalType.CHANNEL_SWITCH, severity, (last, first), detail)


def settled(rows: Sequence[Interaction]) -> bool:
    """Whether a stretch of interactions needs no continuing: it ended well, or there was no matter in it at all."""
    taken = steps(rows)
    failed = any(step.outcome in _FAILING for step in taken)
    ended_well = bool(taken) and taken[-1].outcome is Outcome.SUCCEEDED
    said = [row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.text.strip()]
    if not said:
        return ended_well or not failed
    if taken and taken[-1].outcome in _FAILING:
        return False
    acts = {customer_act(sentence) for sentence in sentences(said[-1].text)}
    if acts & {Act.CLOSING, Act.THANKS} and not acts & {Act.REQUEST, Act.QUESTION, Act.PROBLEM}:
        return True
    return ended_well and taken[-1].at > said[-1].occurred_at and "?" not in rows[-1].text


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
    own = {row.interaction_id for row in journey.conversation}
    return any(row.interaction_id in own for row in rows)


def _same_matter(before: Sequence[Interaction], after: Sequence[Interaction]) -> bool:
    if before[-1].conversation_id is not None and before[-1].conversation_id == after[0].conversation_id:
        return True
    if after[0].occurred_at - before[-1].occurred_at <= _SAME_MATTER_ANYWAY:
        return True
    if _names(before) & _names(after):
        return True
    return len(_subjects(before) & _subjects(after)) >= _SHARED_TERMS


def _names(rows: Sequence[Interaction]) -> set[str]:
    return {canonical(one.value) for row in rows for one in mentions(row.text) if one.type not in ("amount", "date")}


def _subjects(rows: Sequence[Interaction]) -> set[str]:
    said = (row.text for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE)
    return {term for text in said for term in terms(text) if len(term) > 3}
