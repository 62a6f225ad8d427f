"""Signals that lie between channels: an unresolved matter that moves from one to another."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

from app.models import Actor, Interaction, Kind
from app.nlu.issue_status import Standing, same_matter, standing
from app.nlu.steps import says_it_failed
from app.signals.journey import Journey, Moment, span

_A_DAY = timedelta(hours=24)


def channel_switches(journey: Journey) -> Iterator[Moment]:
    """A customer who goes on elsewhere with what was not settled where they began."""
    for before, after in pairwise(_stretches(journey.everything)):
        first = next((row for row in after if row.actor is Actor.CUSTOMER), None)
        if first is None or not journey.is_asked_about(first) or not _is_of(journey, after):
            continue
        stood = standing(before)
        if stood is Standing.SETTLED or not same_matter(before, after, stood):
            continue
        last = next(row for row in reversed(before) if row.actor is Actor.CUSTOMER)
        gap = first.occurred_at - last.occurred_at
        how = "was left with a promise" if stood is Standing.PROMISED else "was not settled"
        detail = (
            f"The customer came to us again {first.channel.traits.where}, {span(gap)} after turning to us "
            f"{last.channel.traits.where}, where the matter {how}."
        )
        severity = 0.7 if gap <= timedelta(hours=1) else 0.6 if gap <= _A_DAY else 0.5
        yield Moment(severity, (last, first), detail)


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
