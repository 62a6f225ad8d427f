"""Reads when a letter was written off the line above it, as mail programs write such times in seven languages."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

from babel import Locale

from app.nlu.languages import LANGUAGES

_LONGEST = 120
_CLOCK = re.compile(r"(?<![\d:.+-])(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2}))?(?![\d.-]|:\d)")
_HALF = re.compile(r"\d\s?(?P<half>[ap])\.?\s?m\b", re.IGNORECASE)
_ISO = re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"(?<!\d)(?P<first>\d{1,2})[-/.]\s?(?P<second>\d{1,2})[-/.]\s?(?P<year>\d{4}|\d{2})(?![\d:])")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_DAY = re.compile(r"(?<![\d:.])(\d{1,2})(?![\d:])(?!\.\d)")
_WORD = re.compile(r"[^\W\d_]+")
_NOON = 12


def letter_date(written: str) -> datetime | None:
    """The moment that a header or an opening line names, in UTC where it names no zone; None where it is not sure."""
    text = " ".join(written[:_LONGEST].split())
    try:
        # The library takes the hours of `1:20 PM` for those of the whole day.
        moment = _by_parts(text) if _HALF.search(text) else parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        moment = _by_parts(text)
    if moment is None:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _by_parts(text: str) -> datetime | None:
    """The day and the time of day, each found by its shape."""
    clock = _CLOCK.search(text)
    if clock is None:
        return None
    days = f"{text[: clock.start()]} {text[clock.end() :]}"
    half = _HALF.search(text)
    day = _day(days, month_first=half is not None)
    if day is None:
        return None
    hour = int(clock["hour"])
    if half is not None and hour <= _NOON:
        hour = hour % _NOON + (_NOON if half["half"].casefold() == "p" else 0)
    try:
        return datetime(*day, hour, int(clock["minute"]), int(clock["second"] or 0), tzinfo=UTC)
    except ValueError:
        return None


def _day(text: str, *, month_first: bool) -> tuple[int, int, int] | None:
    """Year, month and day. Of `5/4/2026` the month comes first where the clock has twelve hours."""
    if (iso := _ISO.search(text)) is not None:
        return int(iso["year"]), int(iso["month"]), int(iso["day"])
    if (numeric := _NUMERIC.search(text)) is not None:
        first, second = int(numeric["first"]), int(numeric["second"])
        year = int(numeric["year"]) % 100 + 2000
        is_month_first = (month_first and "/" in numeric[0] and first <= _NOON) or second > _NOON
        return (year, first, second) if is_month_first else (year, second, first)
    months = [number for word in _WORD.findall(text.casefold()) if (number := _months().get(word))]
    year = _YEAR.search(text)
    days = _DAY.findall(text)
    # `mar.` is a month in one language and a weekday in another; the weekday stands before the month.
    return (int(year[0]), months[-1], int(days[0])) if months and year and days else None


@cache
def weekdays() -> Mapping[str, int]:
    """The number of each weekday, 0 is Monday, by its full name in every language; in lower case."""
    return {
        name.casefold(): number
        for language in LANGUAGES
        for number, name in Locale(language).days["format"]["wide"].items()
    }


@cache
def _months() -> Mapping[str, int]:
    names: dict[str, int] = {}
    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            for number, name in Locale(language).months["format"][width].items():
                names.setdefault(name.casefold().rstrip("."), number)
    return names
