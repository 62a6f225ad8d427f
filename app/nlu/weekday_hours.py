"""A weekday and an hour of the clock that one sentence names: together they are the time, neither is it alone.

`For Thursday at 10:00`, `at 10:00 on Thursday`, `Thursday it is, he comes at 10`. Weekdays are called as Unicode's
tables (CLDR) have it in each language; what stands around an hour is in the tables of the languages.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from app.caching import text_cache
from app.nlu.letter_dates import weekdays
from app.nlu.tables import Times, words_in_all

_LONGEST = 600
_NOON, _LAST_HOUR, _LAST_MINUTE = 12, 23, 59
# So many words may stand between the two where they are quoted as they were said.
_NEAR = 4
_LONGEST_GAP = 40


class Clock(NamedTuple):
    """An hour of the clock, and where its words stand."""

    hour: int
    minute: int
    start: int
    end: int


class _NamedWeekday(NamedTuple):
    """A weekday, 0 is Monday, and where it was said."""

    weekday: int
    start: int
    end: int


@text_cache(maxsize=4096)
def weekday_with_hour(sentence: str) -> str | None:
    """The words of a sentence that name a weekday and an hour, where it names one of each; None where it does not."""
    text = sentence[:_LONGEST]
    named, clock = _weekday(text), clock_in(text)
    if named is None or clock is None:
        return None
    start, end = min(named.start, clock.start), max(named.end, clock.end)
    gap = text[min(named.end, clock.end) : max(named.start, clock.start)]
    if len(gap) <= _LONGEST_GAP and len(gap.split()) <= _NEAR and not set(gap) & set(".!?;:–"):
        return text[start:end]
    return f"{text[named.start : named.end]} {text[clock.start : clock.end]}"


def moment_of(words: str, said_at: datetime) -> datetime | None:
    """The next time that it is that weekday and that hour; None where words do not name both."""
    named, clock = _weekday(words), clock_in(words)
    if named is None or clock is None:
        return None
    day = said_at + timedelta(days=(named.weekday - said_at.weekday()) % 7)
    moment = day.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return moment if moment > said_at else moment + timedelta(days=7)


def hour_alone(words: str) -> Clock | None:
    """The hour that words name beside nothing but what stands before a time: `at 10`, `um 10 Uhr`."""
    clock = clock_in(words)
    if clock is None:
        return None
    rest = f"{words[: clock.start]} {words[clock.end :]}".casefold()
    small = words_in_all(Times, "before_due") | words_in_all(Times, "before_hour")
    return clock if set(rest.replace(",", " ").split()) <= small else None


def leaves_out_hour(words: str, both: str) -> bool:
    """Whether words name the weekday of others, and not their hour: `on Thursday` of `Thursday at 10`."""
    named, meant = _weekday(words), _weekday(both)
    same = named is not None and meant is not None and named.weekday == meant.weekday
    return same and (clock_in(words) or (-1, -1))[:2] != (clock_in(both) or (-1, -1))[:2]


def clock_in(text: str) -> Clock | None:
    """The hour of the clock in a text; of two that are joined, `between 10:00 and 12:00`, the later one."""
    first: Clock | None = None
    for match in _clocks().finditer(text):
        clock = _read(match)
        if clock is not None and first is None:
            first = clock
        elif clock is not None and first is not None and len(text[first.end : clock.start].split()) <= 1:
            first = clock._replace(start=first.start)
    return first


def _read(match: re.Match[str]) -> Clock | None:
    if match["noon"]:
        return Clock(_NOON, 0, match.start(), match.end())
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    labelled = match["half"] or match["after"]
    is_written = match["minute"] and (match["joint"] != "." or labelled or match["before"])
    is_clock = labelled or is_written or (match["before"] and _ends_phrase(match.string[match.end() :]))
    if not is_clock or hour > _LAST_HOUR or minute > _LAST_MINUTE:
        return None
    half = (match["half"] or "").casefold()
    if half and hour <= _NOON:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    start = match.start("hour") if match["before"] is None else match.start("before")
    return Clock(hour, minute, start, match.end())


def _ends_phrase(rest: str) -> bool:
    """Whether what follows a number goes on to something else, so that it counts nothing: not `at 10 euros`."""
    words = rest.casefold().replace(",", " ").split()
    small = words_in_all(Times, "before_due") | words_in_all(Times, "joints") | words_in_all(Times, "before_hour")
    return not words or not rest[:1].isspace() or words[0] in small or _plain(words[0]).rstrip(".") in _numbers()


def _weekday(text: str) -> _NamedWeekday | None:
    """The weekday that a text names; None where it names several or none."""
    plain = _plain(text)
    matches = list(_weekdays().finditer(plain)) if len(plain) == len(text) else []
    days = {_numbers()[match.group()] for match in matches}
    return _NamedWeekday(days.pop(), matches[0].start(), matches[0].end()) if len(days) == 1 else None


@cache
def _clocks() -> re.Pattern[str]:
    before, after, noon = (
        "|".join(sorted(map(re.escape, words_in_all(Times, name)), key=len, reverse=True))
        for name in ("before_hour", "after_hour", "noon")
    )
    return re.compile(
        rf"(?:(?<!\w)(?:{before}) )?(?<!\w)(?P<noon>{noon})(?!\w)"
        rf"|(?:(?<!\w)(?P<before>{before}) )?(?<![\w.,:/-])(?P<hour>\d{{1,2}})"
        rf"(?:(?P<joint>[:.h])(?P<minute>\d\d)(?!\d))?"
        rf"(?: ?(?:(?P<half>[ap])\.?m\b|(?P<after>{after})(?!\w)))?(?![\w:/%]|[.,]\d)",
        re.IGNORECASE,
    )


@cache
def _weekdays() -> re.Pattern[str]:
    names = sorted(_numbers(), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?!\w)")


@cache
def _numbers() -> Mapping[str, int]:
    return {_plain(name): number for name, number in weekdays().items()}


def _plain(text: str) -> str:
    """The text in lower case, each letter without its accents."""
    return "".join(unicodedata.normalize("NFD", letter)[0] for letter in text).lower()
