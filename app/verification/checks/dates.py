"""Dates, months, weekdays and days of the month: whether each was told, or follows from when something happened."""

from datetime import timedelta
from functools import partial

from app.verification.calendar import Day, calendar_day, days
from app.verification.checks.base import Objection, StatementReading
from app.verification.passages import closest_sentences
from app.verification.transcript import TranscriptIndex, tells_day_beside

_NEAR = timedelta(days=14)


class DateCheck:
    """Objects to the first day that nobody told of."""

    name = "dates"

    def object(self, reading: StatementReading, index: TranscriptIndex) -> Objection | None:
        """Why the statement cannot be so, None where this check leaves it open."""
        for day in reading.days:
            if not _stands(day, index) or _is_told_otherwise(day, reading, index):
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


def _is_told_otherwise(day: Day, reading: StatementReading, index: TranscriptIndex) -> bool:
    """Whether a weekday that nobody named follows from a date alone, and what speaks of the same names another."""
    if day.weekday is None or any(other.weekday == day.weekday for other in index.days):
        return False
    written = [other.written for other in reading.days]
    close = closest_sentences(reading.text, index, telling=partial(_tells_day, index=index), without=written)
    return bool(close) and all(
        any(other.weekday is not None for other in days(sentence, index.language)) for sentence in close
    )


def _tells_day(sentence: str, index: TranscriptIndex) -> bool:
    return bool(days(sentence, index.language)) or tells_day_beside(sentence)


def _is_named(month: int, number: int, index: TranscriptIndex) -> bool:
    """Whether a date was told or is that of something, told by its day alone, or by a weekday near what happened."""
    if any((candidate.month, candidate.day) == (month, number) for candidate in index.calendar):
        return True
    if number in {day.day for day in index.days} and month in _months(index):
        return True
    # The weekday of another date that was told is that of some day in every week.
    weekdays = {day.weekday for day in index.days if day.weekday is not None} | index.weekdays_beside
    years = {candidate.year for candidate in index.calendar}
    candidates = [candidate for year in years if (candidate := calendar_day(year, month, number))]
    return any(
        candidate.weekday() in weekdays and any(abs(candidate - date) <= _NEAR for date in index.calendar)
        for candidate in candidates
    )


def _months(index: TranscriptIndex) -> set[int]:
    months = {day.month for day in index.days if day.month}
    return months | {day.month for day in index.calendar} | {month for day in index.days for month, _ in day.dates}
