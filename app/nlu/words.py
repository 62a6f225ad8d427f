"""Words as retrieval compares them: lower-cased, stemmed, without the ones that say nothing.

The stemmer and the stop words are English. Text in other languages that put spaces between words is still split and
matched word for word; text without spaces (Chinese, Japanese, Thai) is matched only by its whole runs.
"""

import re
from threading import Lock
from typing import Any

from snowballstemmer.english_stemmer import EnglishStemmer

from app.caching import on_forgetting, text_cache

_FUNCTION_WORDS = """
a about after again all also am an and any are as at be because been before being both but by can could d did do
does doing don down during each few for from further had has have having he her here hers herself him himself his
how i if in into is it its itself just ll m me more most my myself no nor not now of off on once only or other our
ours ourselves out over own re s same she should so some such t than that the their theirs them themselves then
there these they this those through to too under until up ve very was we were what when where which while who whom
why will with would you your yours yourself yourselves
"""
_COURTESIES = "bye goodbye hello hey hi ok okay please thank thanks yes"
STOP_WORDS = frozenset([*_FUNCTION_WORDS.split(), *_COURTESIES.split()])

_TOKEN = re.compile(r"\w+(?:(?:[-./@:'’]|(?<=\d),(?=\d))\w+)*")
_IDENTIFIER = re.compile(r"[\d_@]")
_JOINT = re.compile(r"\W+")

_stemmer: Any = EnglishStemmer()
_stemming = Lock()


def tokens(text: str) -> tuple[str, ...]:
    """Every word in order, lower-cased. What holds a digit, an underscore or an @ stays whole: `ab-1234`, `12.50`."""
    words: list[str] = []
    for token in _TOKEN.findall(text.lower()):
        if token.isalpha() or _IDENTIFIER.search(token):
            words.append(token)
        else:
            words.extend(part for part in _JOINT.split(token) if part)
    return tuple(words)


@text_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of one lower-cased word (Porter 2); numbers and identifiers come back as they are."""
    if not word.isalpha():
        return word
    # The stemmer keeps the word it works on in itself, and rooms run in threads.
    with _stemming:
        return str(_stemmer.stemWord(word))


def _forget_word() -> None:
    """Have the stemmer keep a word of nobody's in the place of the last one."""
    with _stemming:
        _stemmer.stemWord("word")


on_forgetting(_forget_word)


def terms(text: str) -> tuple[str, ...]:
    """What a text is about, in order: the stems of its words without the stop words."""
    return tuple(stem(token) for token in tokens(text) if token not in STOP_WORDS)
