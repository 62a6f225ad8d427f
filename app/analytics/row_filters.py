"""Which rows a filter lets through, and the pages they are told in."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from app.analytics.escalations import milliseconds
from app.errors import InvalidRequest
from app.models.continuity import ContinuityFilter, EscalationsOnly
from app.ports.continuity import EscalationFigures, Moves, SpotFigures, VisitFigures

Row = TypeVar("Row", EscalationFigures, SpotFigures, VisitFigures)
Gone = TypeVar("Gone", Moves, VisitFigures)

_ONLY: dict[EscalationsOnly, Callable[[EscalationFigures], bool]] = {
    EscalationsOnly.HANDOFF: lambda row: row.handoff_id is not None,
    EscalationsOnly.NO_HANDOFF: lambda row: row.handoff_id is None,
    EscalationsOnly.REPEATED: lambda row: row.repeated is True,
    EscalationsOnly.CONTEXT_GAP: lambda row: row.gap is True,
    EscalationsOnly.OVERRIDDEN: lambda row: row.overridden is True,
}


def bounds(filters: ContinuityFilter) -> tuple[int | None, int | None]:
    """The filter's times in milliseconds since 1970. Raises InvalidRequest where they are the wrong way round."""
    if filters.since is not None and filters.until is not None and filters.since >= filters.until:
        message = "Give a time that is later than `from`."
        raise InvalidRequest(f"to: {message}", [{"path": "to", "message": message}])
    return _ms(filters.since), _ms(filters.until)


def escalations(rows: Sequence[EscalationFigures], filters: ContinuityFilter) -> list[EscalationFigures]:
    """The escalations that a filter lets through; its times were asked of the store."""
    return [row for row in rows if _fits(filters, row.from_channel, row.to_channel, (row.intent,), row.queue)]


def only(rows: Sequence[EscalationFigures], wanted: EscalationsOnly | None) -> list[EscalationFigures]:
    """Of some escalations, those of one kind."""
    return [row for row in rows if wanted is None or _ONLY[wanted](row)]


def transitions(rows: Sequence[Gone], filters: ContinuityFilter) -> list[Gone]:
    """The visits that a customer came to from another, and that a filter lets through together with it."""
    return [
        row
        for row in rows
        if row.before_channel is not None
        and _fits(filters, row.before_channel, row.channel, (row.intent, row.before_intent), row.queue)
    ]


def visits(rows: Sequence[Gone], filters: ContinuityFilter) -> list[Gone]:
    """The visits that a filter lets through by themselves; those that ask whence they came need a way there."""
    return [row for row in rows if _fits(filters, row.before_channel, row.channel, (row.intent,), row.queue)]


def spots(rows: Sequence[SpotFigures], filters: ContinuityFilter) -> list[SpotFigures]:
    """The moments of friction that a filter lets through by the visit they were in."""
    return [row for row in rows if _fits(filters, row.before_channel, row.channel, (row.intent,), row.queue)]


def page(rows: Sequence[Row], after: str | None, limit: int) -> tuple[list[Row], str | None]:
    """The newest rows past the one with this id, and the id to go on after. Raises InvalidRequest for an unknown id."""
    newest = sorted(rows, key=lambda row: (row.at, row[0]), reverse=True)
    start = 0
    if after is not None:
        places = [index for index, row in enumerate(newest) if row[0] == after]
        if not places:
            message = "This is none of these rows. Pass the `next_after` of the page before, with the same filters."
            raise InvalidRequest(f"after: {message}", [{"path": "after", "message": message}])
        start = places[0] + 1
    page_rows = newest[start : start + limit]
    return page_rows, page_rows[-1][0] if start + limit < len(newest) else None


def _fits(
    filters: ContinuityFilter,
    from_channel: str | None,
    to_channel: str | None,
    intents: tuple[str | None, ...],
    queue: str | None,
) -> bool:
    return (
        (filters.channel is None or filters.channel.value in (from_channel, to_channel))
        and (filters.from_channel is None or filters.from_channel.value == from_channel)
        and (filters.to_channel is None or filters.to_channel.value == to_channel)
        and (filters.intent is None or filters.intent in intents)
        and (filters.queue is None or filters.queue == queue)
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else milliseconds(moment)
