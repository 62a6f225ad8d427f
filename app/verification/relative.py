"""Days and times of day told from the moment of speaking, in English: `tomorrow`, `next week`, `this evening`."""

import re
from collections.abc import Iterable, Mapping

from app.caching import text_cache

_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_PHRASE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|(?:next|last|this) (?:week(?:end)?|month|year)"
    r"|(?:last|this|tomorrow|yesterday) (?:morning|afternoon|evening|night))\b",
    re.IGNORECASE,
)
TODAY = "today"
DAYS: Mapping[str, frozenset[int]] = {
    **dict.fromkeys(
        (TODAY, "tonight", "this morning", "this afternoon", "this evening", "this night"), frozenset((0,))
    ),
    **{f"tomorrow{part}": frozenset((1,)) for part in ("", " morning", " afternoon", " evening", " night")},
    **{f"yesterday{part}": frozenset((-1,)) for part in ("", " morning", " afternoon", " evening", " night")},
    **{f"last {part}": frozenset((-1,)) for part in ("morning", "afternoon", "evening", "night")},
    "last week": frozenset(range(-13, 0)),
    "this week": frozenset(range(-6, 7)),
    "next week": frozenset(range(1, 14)),
    "last weekend": frozenset(range(-9, 0)),
    "this weekend": frozenset(range(-2, 8)),
    "next weekend": frozenset(range(15)),
    "last month": frozenset(range(-61, -13)),
    "next month": frozenset(range(14, 62)),
    "last year": frozenset(range(-730, -61)),
    "next year": frozenset(range(62, 730)),
}
"""How many days after the day of speaking each may be; a month or a year is told only where a week tells too little."""
_WEEK = 7
_WEEKS = {"last week": -_WEEK, "this week": 0, "next week": _WEEK}
_WEEKENDS = {"last weekend": range(-3, 0), "this weekend": range(4, 8), "next weekend": range(4, 15)}
"""The days after a week's Monday: from Friday to Monday, and `next` may be the coming one or the one after it."""
_UNITS = ("week", "month", "year")
# A greeting tells no time of the day but that of the talk.
_DAYTIME = re.compile(r"\b(?<!good )(?:morning|noon|afternoon|evening|night)s?\b", re.IGNORECASE)


@text_cache(maxsize=4096)
def phrases(text: str) -> tuple[str, ...]:
    """The phrases for days of a text, then the words for times of the day, in lower case."""
    spans = (match.group().casefold() for match in _PHRASE.finditer(text))
    return (*spans, *(match.group().casefold().rstrip("s") for match in _DAYTIME.finditer(text)))


def offsets(phrase: str, weekdays: Iterable[int]) -> frozenset[int]:
    """How many days after the day of speaking, which is one of these weekdays, a phrase may mean.

    A week begins on a Sunday or a Monday, so that `tomorrow` is `next week` only where this one ends.
    """
    if phrase in _WEEKS:
        days = range(_WEEKS[phrase] - 1, _WEEKS[phrase] + _WEEK)
    elif phrase in _WEEKENDS:
        days = _WEEKENDS[phrase]
    else:
        return DAYS[phrase]
    return frozenset(day - weekday for weekday in weekdays for day in days)


def are_apart(phrase: str, other: str, weekdays: Iterable[int]) -> bool:
    """Whether two phrases, spoken on one of these weekdays, cannot mean the same day."""
    which, _, unit = phrase.partition(" ")
    other_which, _, other_unit = other.partition(" ")
    if unit in _UNITS and unit == other_unit:
        return which != other_which
    spoken = tuple(weekdays)
    return offsets(phrase, spoken).isdisjoint(offsets(other, spoken))
