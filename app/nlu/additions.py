"""Tells whether a sentence adds a wish to what somebody came for: `Oh, and could you also send me the receipt?`"""

import re
from functools import cache

from app.caching import text_cache
from app.nlu.languages import language_of
from app.nlu.tables import ENGLISH, Additions, Language, Speech, table

_LONGEST = 400


@text_cache(maxsize=4096)
def is_added(sentence: str) -> bool:
    """Whether a sentence says of itself that it comes on top of something; by its own language alone."""
    pattern = _pattern(language_of(sentence) or ENGLISH)
    return pattern is not None and pattern.search(sentence[:_LONGEST]) is not None


@cache
def _pattern(language: Language) -> re.Pattern[str] | None:
    words, speech = table(language, Additions), table(language, Speech)
    if words is None:
        return None
    before = sorted({*speech.fillers, *speech.openers} if speech else (), key=len, reverse=True)
    openers, phrases, small = (
        "|".join(re.escape(word) for word in listed) for listed in (words.openers, words.phrases, before)
    )
    lead_in = rf"\W{{0,4}}(?:(?:{small})\W{{1,4}}){{0,4}}" if small else r"\W{0,4}"
    return re.compile(rf"^{lead_in}(?:{openers})(?!\w)|(?<!\w)(?:{phrases})(?!\w)", re.IGNORECASE)
