"""Days and times of day told from the moment of speaking, in English: `tomorrow`, `next week`, `this evening`."""

import re

from app.caching import text_cache

_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_PHRASE = re.compile(
    r"\b(?:tonight|tomorrow|yesterday|(?:next|last|this) (?:week(?:end)?|month|year)"
    r"|(?:last|this|tomorrow|yesterday) (?:morning|afternoon|evening|night))\b",
    re.IGNORECASE,
)
_DAYTIME = re.compile(r"\b(?:morning|noon|afternoon|evening|night)s?\b", re.IGNORECASE)


@text_cache(maxsize=4096)
def phrases(text: str) -> tuple[str, ...]:
    """The phrases for days of a text, then the words for times of the day, in lower case."""
    spans = (match.group().casefold() for match in _PHRASE.finditer(text))
    return (*spans, *(match.group().casefold().rstrip("s") for match in _DAYTIME.finditer(text)))
