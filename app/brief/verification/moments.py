"""When something is said to be: weekdays, months, days, and words such as `tomorrow`, `last week`, `this morning`."""

import re
from collections.abc import Iterator
from datetime import datetime

from app.caching import text_cache

_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTHS = "january february march april may june july august september october november december".split()
NAMED = frozenset((*_WEEKDAYS, *_MONTHS))
_SHORT_MONTHS = tuple(month[:3] for month in _MONTHS)
_RELATIVE = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday"
    r"|(?:this|next|last|coming|following|every) (?:week(?:end|day)?|month|year|morning|afternoon|evening|night|noon"
    r"|spring|summer|autumn|fall|winter|semester|quarter|term|time|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"|(?:yesterday|tomorrow) (?:morning|afternoon|evening|night))\b"
)
_DAYTIME = re.compile(r"\b(?:morning|noon|afternoon|evening|night|midnight|lunchtime)s?\b")
_CLOCK = re.compile(r"\b\d{1,2}(?::\d\d)?\s?([ap])\.?m\b")
_FIXED = re.compile(rf"\b(?:{'|'.join(_WEEKDAYS)})s?\b|\b(?:{'|'.join(_MONTHS)})\b", re.IGNORECASE)
_EQUAL = {
    "tonight": ("evening", "night", "today"),
    "tomorrow": ("next day", "tomorrow", "following day", "in a day"),
    "last night": ("yesterday", "night"),
    "this morning": ("morning",),
    "this afternoon": ("afternoon",),
    "this evening": ("evening", "tonight"),
    "today": (
        "now",
        "right away",
        "this morning",
        "this afternoon",
        "this evening",
        "tonight",
        "at once",
        "immediately",
    ),
    "this week": ("week",),
    "this time": ("this time", "now", "today", "time"),
    "last time": ("last time", "time", "before"),
    "next time": ("next time", "time", "again"),
    "this weekend": ("weekend",),
    "next weekend": ("weekend",),
    "this month": ("month",),
    "this year": ("year",),
}
_SAME_DAYTIME = (
    frozenset(("evening", "night", "tonight", "midnight", "pm")),
    frozenset(("noon", "lunchtime", "lunch")),
)


def date(value: str) -> tuple[int, int] | None:
    """Month and day of a date as written; None where it cannot be told which is which."""
    iso = re.fullmatch(r"\d{4}-(\d\d)-(\d\d)", value)
    if iso:
        return int(iso[1]), int(iso[2])
    word = re.search(r"[A-Za-z]{3,}", value)
    day = re.search(r"\b(\d{1,2})(?:st|nd|rd|th)?\b", value)
    if word and day and word.group()[:3].casefold() in _SHORT_MONTHS:
        return _SHORT_MONTHS.index(word.group()[:3].casefold()) + 1, int(day[1])
    return None


def may_hold(text: str, day: tuple[int, int]) -> bool:
    """Whether a month and day may stand in a lower-cased text; a quick look that misses none of those `date` reads."""
    month, number = day
    return f"-{month:02d}-{number:02d}" in text or (_SHORT_MONTHS[month - 1] in text and str(number) in text)


def unfounded(text: str, evidence: str, told_at: frozenset[str]) -> str | None:
    """The first time of a sentence that its evidence (lower-cased) does not give; `told_at`: `days_of` the evidence."""
    for phrase in times(text):
        if not _is_given(phrase, evidence, told_at):
            return phrase
    return None


@text_cache(maxsize=4096)
def times(text: str) -> tuple[str, ...]:
    """The times that a text names, lower-cased: fixed days and months, then relative ones, then times of the day."""
    fixed = (match.group() for match in _FIXED.finditer(text) if match.group()[0].isupper())
    lowered = text.casefold()
    return (
        *(one.casefold() for one in fixed),
        *(match.group() for match in _RELATIVE.finditer(lowered)),
        *(match.group().rstrip("s") for match in _DAYTIME.finditer(lowered)),
    )


def days_of(moments: Iterator[datetime]) -> frozenset[str]:
    """The weekdays and months on which something was said."""
    return frozenset(word for one in moments for word in (one.strftime("%A").casefold(), one.strftime("%B").casefold()))


def _is_given(phrase: str, evidence: str, told_at: frozenset[str]) -> bool:
    if phrase in told_at or phrase.rstrip("s") in told_at or _stands(phrase, evidence):
        return True
    if any(_stands(other, evidence) for other in _EQUAL.get(phrase, ())):
        return True
    bare = phrase.rsplit(maxsplit=1)[-1].rstrip("s")
    if bare in _WEEKDAYS or phrase in _MONTHS:
        return bare[:3] in evidence and re.search(rf"\b{bare[:3]}(?:{bare[3:]}s?)?\b", evidence) is not None
    if len(phrase.split()) == 1 and _DAYTIME.fullmatch(phrase):
        return any(phrase in group and any(_stands(one, evidence) for one in group) for group in _SAME_DAYTIME) or (
            _clock_says(phrase, evidence)
        )
    return False


def _stands(phrase: str, evidence: str) -> bool:
    return phrase in evidence and re.search(rf"\b{re.escape(phrase)}", evidence) is not None


def _clock_says(phrase: str, evidence: str) -> bool:
    halves = {match[1] for match in _CLOCK.finditer(evidence)}
    return ("a" if phrase == "morning" else "p") in halves
