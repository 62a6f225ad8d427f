"""Whether a sentence is about somebody whom only the sentence before it names: `His plan does not work there.`"""

import re

from app.caching import text_cache
from app.nlu.languages import language_of
from app.nlu.tables import ENGLISH, LANGUAGES, Persons, table

_WORD = re.compile(r"[^\W\d_]+")
# The subject of a sentence is its first word, or stands behind one that joins: `And her card …`.
_FIRST_WORDS = 2


@text_cache(maxsize=8192)
def leans_on_somebody(sentence: str) -> bool:
    """Whether one of the first words of a sentence stands for somebody or something that it does not name."""
    first = [match.group() for match in _WORD.finditer(sentence[:120])][:_FIRST_WORDS]
    language = language_of(sentence)
    languages = (language,) if language else (ENGLISH, *LANGUAGES)
    for code in languages:
        words = table(code, Persons)
        if words is None:
            continue
        # Within a sentence a capital letter is that of a polite address.
        folded = [word.casefold() if at == 0 else word for at, word in enumerate(first)]
        if not words.third.isdisjoint(folded):
            return True
    return False
