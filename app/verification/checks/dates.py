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
        for one in reading.days:
            if not _stands(one, index):
                return Objection(f"{one.written} stands nowhere in the conversation and does not follow from its dates")
        return None


def _stands(day: Day, index: TranscriptIndex) -> bool:
    if day.dates:
        return any(_is_told(month, number, index) for month, number in day.dates)
    if day.day is not None and day.weekday is not None:
        return day.weekday in index.weekdays and (
            day.day in index.values or any(one.day == day.day for one in index.calendar)
        )
    if day.weekday is not None:
        return day.weekday in index.weekdays
    if day.month is not None:
        return day.month in _months(index)
    if day.day is not None:
        return day.day in index.values or any(one.day == day.day for one in index.calendar)
    return day.year in {one.year for one in index.calendar} or float(day.year or 0) in index.values


def _is_told(month: int, number: int, index: TranscriptIndex) -> bool:
    """Whether a date was told or is that of something, told by its day alone, or by a weekday near what happened."""
    if any((one.month, one.day) == (month, number) for one in index.calendar):
        return True
    if float(number) in index.values and month in _months(index):
        return True
    years = {one.year for one in index.calendar}
    candidates = [one for year in years if (one := calendar_day(year, month, number))]
    return any(
        one.weekday() in index.weekdays and any(abs(one - other) <= _NEAR for other in index.calendar)
        for one in candidates
    )


def _months(index: TranscriptIndex) -> set[int]:
    told = {one.month for one in index.days if one.month}
    return told | {one.month for one in index.calendar} | {month for one in index.days for month, _ in one.dates}
