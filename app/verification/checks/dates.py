"""Dates, months, weekdays and days of the month: whether each was told, or follows from when something happened."""

from datetime import timedelta

from app.verification.calendar import Day, calendar_day
from app.verification.checks.base import Objection, Reading
from app.verification.transcript import TranscriptIndex

_NEAR = timedelta(days=14)


class DateCheck:
    """Objects to the first day that nobody told of."""

    name = "dates"

    def object(self, reading: Reading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        for day in reading.days:
            if not _stands(day, index):
                return Objection(f"{day.written} stands nowhere in the conversation and does not follow from its dates")
        return None


def _stands(day: Day, index: TranscriptIndex) -> bool:
    if day.dates:
        return any(_is_named(month, number, index) for month, number in day.dates)
    if day.day is not None and day.weekday is not None:
        return day.weekday in index.weekdays and (
            day.day in index.values or any(date.day == day.day for date in index.calendar)
        )
    if day.weekday is not None:
        return day.weekday in index.weekdays
    if day.month is not None:
        return day.month in _months(index)
    if day.day is not None:
        return day.day in index.values or any(date.day == day.day for date in index.calendar)
    return day.year in {date.year for date in index.calendar} or float(day.year or 0) in index.values


def _is_named(month: int, number: int, index: TranscriptIndex) -> bool:
    """Whether a date was told or is that of something, told by its day alone, or by a weekday near what happened."""
    if any((candidate.month, candidate.day) == (month, number) for candidate in index.calendar):
        return True
    if float(number) in index.values and month in _months(index):
        return True
    years = {candidate.year for candidate in index.calendar}
    candidates = [candidate for year in years if (candidate := calendar_day(year, month, number))]
    return any(
        candidate.weekday() in index.weekdays and any(abs(candidate - date) <= _NEAR for date in index.calendar)
        for candidate in candidates
    )


def _months(index: TranscriptIndex) -> set[int]:
    months = {day.month for day in index.days if day.month}
    return months | {day.month for day in index.calendar} | {month for day in index.days for month, _ in day.dates}
