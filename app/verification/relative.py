"""Days and times of day told from the moment of speaking, in English: `tomorrow`, `next week`, `this evening`."""

import re
from collections.abc import Mapping

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
    "last month": frozenset(range(-61, -13)),
    "next month": frozenset(range(14, 62)),
    "last year": frozenset(range(-730, -61)),
    "next year": frozenset(range(62, 730)),
}
"""How many days after the day of speaking each may be; a month or a year is told only where a week tells too little."""
_DAYTIME = re.compile(r"\b(?:morning|noon|afternoon|evening|night)s?\b", re.IGNORECASE)


@text_cache(maxsize=4096)
def phrases(text: str) -> tuple[str, ...]:
    """The phrases for days of a text, then the words for times of the day, in lower case."""
    spans = (match.group().casefold() for match in _PHRASE.finditer(text))
    return (*spans, *(match.group().casefold().rstrip("s") for match in _DAYTIME.finditer(text)))
