"""In which of our languages a text is written, by its function words and letters, and its words to compare."""

import re
import unicodedata
from functools import cache
from typing import NamedTuple

from app.caching import text_cache
from app.nlu.tables import LANGUAGES, Language, recognition

_FEWEST, _ENOUGH = 2, 2000
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+(?:[.,:]\d+)*")


@text_cache(maxsize=4096)
def language_of(text: str) -> Language | None:
    """The language of a text; None where too few of its words tell, or two languages are alike."""
    hits = _hits(text)
    most = max(hits)
    return LANGUAGES[hits.index(most)] if most >= _FEWEST and hits.count(most) == 1 else None


def most_recognised(text: str) -> int:
    """How many words of a text tell one of our languages: of that which most of them tell."""
    return max(_hits(text))


def _hits(text: str) -> list[int]:
    words = re.findall(r"[^\W\d_]+", text[:_ENOUGH])
    return [sum(map(recogniser.knows, words)) for recogniser in _recognisers()]


class _Recogniser(NamedTuple):
    function_words: frozenset[str]
    letters: frozenset[str]

    def knows(self, word: str) -> bool:
        # A name keeps its own letters in every language, so no capitalised word tells by them.
        return word.casefold() in self.function_words or (word.islower() and not self.letters.isdisjoint(word))


@cache
def _recognisers() -> tuple[_Recogniser, ...]:
    tables = map(recognition, LANGUAGES)
    return tuple(_Recogniser(table.function_words, frozenset(table.letters)) for table in tables)


@cache
def function_words() -> frozenset[str]:
    """Those of all languages together: what is none of them says what a text is about."""
    return frozenset[str]().union(*(recogniser.function_words for recogniser in _recognisers()))


def folded(text: str) -> str:
    """A text in lower case and without accents, so that two spellings of a name are equal."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@text_cache(maxsize=8192)
def words_of(text: str) -> tuple[str, ...]:
    """The words and figures of a text in order, folded."""
    return tuple(_WORD.findall(folded(text)))
