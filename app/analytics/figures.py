"""The figures of escalations: rates and times with their intervals, by breakpoint, over time, by anything else."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from app.analytics.intervals import median, rate
from app.errors import InvalidRequest
from app.models import Channel
from app.models.continuity import Breakpoint, ContinuityGroup, ContinuityPeriod, GroupBy
from app.ports.continuity import EscalationFigures

# More periods than these are a mistake in the question: some forty years of days.
MOST_PERIODS = 15_000

Key = TypeVar("Key", bound=Hashable)

_NAMED: dict[GroupBy, Callable[[EscalationFigures], str | None]] = {
    GroupBy.CHANNEL: lambda row: row.to_channel,
    GroupBy.FROM_CHANNEL: lambda row: row.from_channel,
    GroupBy.QUEUE: lambda row: row.queue,
    GroupBy.INTENT: lambda row: row.intent,
    GroupBy.REASON: lambda row: row.reason,
}


def figures(rows: Sequence[EscalationFigures]) -> dict[str, Any]:
    """The fields of `ContinuityMetrics` over some escalations."""
    prepared = [row for row in rows if row.handoff_id is not None]
    unprepared = [row for row in rows if row.handoff_id is None]
    return {
        "count": sum(row.gap is not None for row in rows),
        "handoffs": len(prepared),
        "repeat_information_rate": _share(row.repeated for row in prepared),
        "context_gap_rate": _share(row.gap for row in rows),
        "handoff_penalty_ms": _middle(row.penalty_ms for row in prepared),
        "time_to_brief_ms": _middle(row.brief_ms for row in prepared),
        "override_rate": _share(row.overridden for row in prepared),
        "unprepared_repeat_rate": _share(row.repeated for row in unprepared),
        "unprepared_penalty_ms": _middle(row.penalty_ms for row in unprepared),
    }


def breakpoints(rows: Sequence[EscalationFigures]) -> tuple[Breakpoint, ...]:
    """The figures of each pair of channels, the most frequent first."""
    pairs = [
        Breakpoint(from_channel=_channel(before), to_channel=_channel(after), **figures(some))
        for (before, after), some in _grouped(rows, lambda row: (row.from_channel, row.to_channel)).items()
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.count, pair.from_channel or "", pair.to_channel or "")))


def groups(rows: Sequence[EscalationFigures], by: GroupBy) -> tuple[ContinuityGroup, ...]:
    """The figures by what `by` names, the most frequent first; none where it names a pair of channels or a period."""
    if by not in _NAMED:
        return ()
    grouped = [ContinuityGroup(name=name, **figures(some)) for name, some in _grouped(rows, _NAMED[by]).items()]
    return tuple(sorted(grouped, key=lambda group: (-group.count, group.name or "")))


def over_time(
    rows: Sequence[EscalationFigures], by: GroupBy, since: datetime | None, until: datetime | None
) -> tuple[ContinuityPeriod, ...]:
    """The figures of each day or week in UTC from the first to the last, those without escalations too.

    Raises InvalidRequest where there are more than fifteen thousand of them.
    """
    if by not in (GroupBy.DAY, GroupBy.WEEK):
        return ()
    length = timedelta(days=1 if by is GroupBy.DAY else 7)
    grouped = _grouped(rows, lambda row: _begin(datetime.fromtimestamp(row.at / 1000, UTC), by))
    starts = [*grouped, *(_begin(moment.astimezone(UTC), by) for moment in (since,) if moment is not None)]
    ends = [
        *grouped,
        *(_begin(moment.astimezone(UTC) - timedelta.resolution, by) for moment in (until,) if moment is not None),
    ]
    if not starts or not ends:
        return ()
    first, last = min(starts), max(ends)
    if (last - first) // length >= MOST_PERIODS:
        message = f"These are more than {MOST_PERIODS} periods. Narrow `from` and `to`, or group by week."
        raise InvalidRequest(f"group_by: {message}", [{"path": "group_by", "message": message}])
    return tuple(
        ContinuityPeriod(since=_midnight(day), until=_midnight(day + length), **figures(grouped.get(day, ())))
        for day in (first + number * length for number in range((last - first) // length + 1))
    )


def _share(answers: Iterable[bool | None]) -> Any:
    answered = [answer for answer in answers if answer is not None]
    return rate(sum(answered), len(answered))


def _middle(values: Iterable[int | None]) -> Any:
    return median([value for value in values if value is not None])


def _grouped(
    rows: Sequence[EscalationFigures], key: Callable[[EscalationFigures], Key]
) -> dict[Key, list[EscalationFigures]]:
    rows_by_key: defaultdict[Key, list[EscalationFigures]] = defaultdict(list)
    for row in rows:
        rows_by_key[key(row)].append(row)
    return dict(rows_by_key)


def _begin(moment: datetime, by: GroupBy) -> date:
    day = moment.date()
    return day if by is GroupBy.DAY else day - timedelta(days=day.weekday())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _channel(name: str | None) -> Channel | None:
    return None if name is None else Channel(name)
