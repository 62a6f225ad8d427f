"""Turns a sentence into the features that the classifiers read: its words, their letters, and its place in the talk.

Features are hashed (K. Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009,
arXiv 0902.2206), so that no list of words is kept. Letters of words carry over to spellings and endings that were not
seen, in any language that is written with spaces, and in others by their letters alone.
"""

import unicodedata
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

SIZE = 1 << 15
"""So many features are told apart."""
LONGEST = 400
"""So many characters of a sentence are read."""
_SHORTEST_PIECE, _LONGEST_PIECE = 3, 5
_LENGTHS = (1, 2, 3, 5, 8, 13, 21)
_LATEST_TURN = 3
_BEFORE_TURNS = 4


class Setting(NamedTuple):
    """Where a sentence stands: who speaks, whether it opens or ends the message, and what went before.

    `turn` counts the speaker's earlier messages of the conversation; `answers_question` tells that the other side's
    last message ended with a question.
    """

    by_customer: bool
    is_first: bool = True
    is_last: bool = True
    turn: int = 0
    answers_question: bool = False


def features(sentence: str, setting: Setting) -> NDArray[np.int64]:
    """The numbers of the features of a sentence, each once, in 0..SIZE-1."""
    numbers, length = own_features(sentence, by_customer=setting.by_customer)
    marks = setting_features(by_customer=setting.by_customer, length=length)
    return np.unique(np.concatenate((numbers, [marks[index] for index in marks_of(setting)])))


class OwnFeatures(NamedTuple):
    """The numbers of the features that a sentence has wherever it stands, each once, and its class of length."""

    numbers: NDArray[np.int64]
    length: int


def own_features(sentence: str, *, by_customer: bool) -> OwnFeatures:
    """What a sentence has in every setting of this side."""
    words = words_of(sentence)
    side = "c" if by_customer else "s"
    length = sum(len(words) > most for most in _LENGTHS)
    padded = ["^", *words, "$"]
    names = {f"{side}:{word}" for word in words}
    names.update(words)
    names.update(f"{word} {following}" for word, following in pairwise(padded))
    names.add(f"{side}^{' '.join(padded[1:3])}")
    names.update(piece for word in words for piece in _pieces(word))
    names.update(_marks(sentence, words, side, length))
    numbers = np.fromiter(map(_number, names), dtype=np.int64, count=len(names))
    return OwnFeatures(np.unique(numbers), length)


@cache
def setting_features(*, by_customer: bool, length: int) -> tuple[int, ...]:
    """The numbers of all features that a setting may add to a sentence of a side and of a class of length."""
    side = "c" if by_customer else "s"
    turns = range(_LATEST_TURN + 1)
    names = (
        f"@{side}:first",
        f"@{side}:last",
        f"@{side}:answers",
        f"@{side}:answers {length}",
        *(f"@{side}:turn {turn}" for turn in turns),
        *(f"@{side}:turn {turn} {length}" for turn in turns),
    )
    return tuple(map(_number, names))


def marks_of(setting: Setting) -> list[int]:
    """Which of the features in `setting_features` a setting adds, by their places there."""
    turn = _BEFORE_TURNS + min(setting.turn, _LATEST_TURN)
    marks = [turn, turn + _LATEST_TURN + 1]
    if setting.is_first:
        marks.append(0)
    if setting.is_last:
        marks.append(1)
    if setting.answers_question:
        marks.extend((2, 3))
    return marks


def _number(name: str) -> int:
    return crc32(name.encode()) % SIZE


def words_of(sentence: str) -> list[str]:
    """The words of a sentence in lower case, figures as their shape: `order 88213?` is `order 00000 ?`."""
    lowered = unicodedata.normalize("NFKC", sentence[:LONGEST]).casefold()
    letters = "".join(_letter(character) for character in lowered)
    return letters.split()


def _letter(character: str) -> str:
    if character.isdigit():
        return "0"
    if character.isalpha() or unicodedata.category(character) in ("Mn", "Mc"):
        return character
    return " " if character.isspace() or character not in "?!%€$£" else f" {character} "


def _pieces(word: str) -> list[str]:
    whole = f"<{word}>"
    return [
        "#" + whole[start : start + size]
        for size in range(_SHORTEST_PIECE, _LONGEST_PIECE + 1)
        for start in range(len(whole) - size + 1)
    ]


def _marks(sentence: str, words: list[str], side: str, length: int) -> list[str]:
    marks = [f"@{side}", f"@{side}:length {length}"]
    ends = sentence.rstrip("\"'”’) ")[-1:]
    marks.append(f"@{side}:ends {ends if ends in '?!.:…' else 'bare'}")
    for name, holds in (
        ("figures", any(map(str.isdigit, sentence))),
        ("shouts", sentence.isupper() and len(words) > 1),
        ("quoted", any(mark in sentence for mark in '"“”„«»')),
    ):
        if holds:
            marks.append(f"@{side}:{name}")
    return marks
