"""Parts what somebody says without any full stop into clauses: at words that join, where a new clause begins.

Only a text without marks of sentences is parted, and only where it is long. A clause under a condition stays with what
depends on it.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from app.nlu.languages import language_of
from app.nlu.tables import ENGLISH, Language, Speech, table

_FEWEST_WORDS = 14
_SHORTEST_CLAUSE = 4
_SHORTEST_BEFORE = 5
_VERB_WITHIN = 4
_ENDED = re.compile(r"[.!?:;…。！？“”\"„»«]")
_WORD = re.compile(r"\S+")


class _ClauseWord(NamedTuple):
    word: str
    start: int
    comma: bool


def clauses(line: str) -> list[str]:
    """The clauses of a line, in order; the line alone where it is short or has marks of sentences."""
    if line.count(" ") + 1 < _FEWEST_WORDS or _ENDED.search(line):
        return [line]
    speech = _speech(language_of(line) or ENGLISH)
    if speech is None:
        return [line]
    words = [
        _ClauseWord(match.group().strip(",").casefold().replace("’", "'"), match.start(), match.group().endswith(","))
        for match in _WORD.finditer(line)
    ]
    starts = [0, *(words[index].start for index in _begins(words, speech)), len(line)]
    return [line[start:end].strip(" ,") for start, end in pairwise(starts)]


def _begins(words: Sequence[_ClauseWord], speech: Speech) -> Iterator[int]:
    """The places of the words with which another clause begins."""
    # Fillers, and words with which a turn begins, are no clause.
    empty = speech.fillers.union(*(opener.split() for opener in speech.openers))
    length, under_condition = 0, False
    for index, word in enumerate(words):
        long_enough = length >= _SHORTEST_BEFORE and len(words) - index >= _SHORTEST_CLAUSE
        if long_enough and not under_condition and _joins(words, index, speech):
            ahead = (following.word for following in words[index : index + _VERB_WITHIN])
            if speech.conditions.isdisjoint(ahead):
                yield index
                length = 0
        length += word.word not in empty
        under_condition = under_condition or word.word in speech.conditions


def _joins(words: Sequence[_ClauseWord], index: int, speech: Speech) -> bool:
    """Whether a clause begins with this word: with one that joins, or behind a comma."""
    joint = words[index].word in speech.joints
    if not joint and not words[index - 1].comma:
        return False
    following = [word.word for word in words[index + joint : index + joint + _VERB_WITHIN]]
    # Who says `and and` stumbles.
    following = [word for word in following if word not in speech.fillers and not (joint and word == words[index].word)]
    begins = bool(following) and following[0] in speech.subjects
    return begins or (joint and not speech.verbs.isdisjoint(following[1:]))


@cache
def _speech(language: Language) -> Speech | None:
    return table(language, Speech)
