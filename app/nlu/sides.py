"""Whether a speaker serves or is served, told by all that they say: who offers, asks for details and promises, and who
reports, asks and wants.

A logistic regression over hashed features of a sentence (words, pairs and triples of them, letters), which know nothing
of who spoke first or of how a channel numbers its voices. Marks of punctuation are left out, because a recogniser may
write none. The weights are a file of the package, fitted by `python -m evals.fitting.sides`.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import NamedTuple, TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from app.nlu.features import LONGEST, words_of
from app.nlu.sentences import sentences

WEIGHTS = Path(__file__).with_name("sides.npz")
SIZE = 1 << 15
MOST_SENTENCES = 120
"""So many sentences of a speaker are read: more of them change nothing."""
_MARKS = str.maketrans(dict.fromkeys("?!%€$£", " "))
_LENGTHS = (1, 2, 3, 5, 8, 13, 21)
_SHORTEST_PIECE, _LONGEST_PIECE = 3, 5
_MOST = 3.0

Speaker = TypeVar("Speaker", bound=Hashable)


class SideWeights(NamedTuple):
    """A weight for each feature, in steps of `scale`, an intercept, and by what a score is a logarithm of odds."""

    column: NDArray[np.int8]
    scale: float
    intercept: float
    sharpness: float


def side_features(sentence: str) -> NDArray[np.int64]:
    """The numbers of the features of a sentence, each once, in 0..SIZE-1."""
    words = words_of(sentence.translate(_MARKS))
    padded = ["^", *words, "$"]
    names = {*words, f"@length {sum(len(words) > most for most in _LENGTHS)}"}
    names.update(f"{word} {following}" for word, following in pairwise(padded))
    names.update(
        f"{first} {second} {third}" for first, second, third in zip(padded, padded[1:], padded[2:], strict=False)
    )
    for word in words:
        whole = f"<{word}>"
        for size in range(_SHORTEST_PIECE, _LONGEST_PIECE + 1):
            names.update("#" + whole[start : start + size] for start in range(len(whole) - size + 1))
    if any(map(str.isdigit, sentence[:LONGEST])):
        names.add("@figures")
    return np.unique(np.fromiter((crc32(name.encode()) % SIZE for name in names), dtype=np.int64, count=len(names)))


def serving_odds(texts: Sequence[str]) -> float:
    """How much more likely whoever says these texts serves than is served, as a logarithm of odds; 0: it cannot be
    told.
    """
    weights = side_weights()
    return weights.sharpness * pooled([_score(sentence, weights) for sentence in sentences_of_speaker(texts)])


def customer_odds(talk: Mapping[Speaker, Sequence[str]]) -> dict[Speaker, float]:
    """The probability of each speaker of a talk to be its one customer, by what all of them say."""
    odds = {speaker: -serving_odds(texts) for speaker, texts in talk.items()}
    greatest = max(odds.values(), default=0.0)
    shares = {speaker: float(np.exp(value - greatest)) for speaker, value in odds.items()}
    whole = sum(shares.values())
    return {speaker: share / whole for speaker, share in shares.items()}


def sentences_of_speaker(texts: Sequence[str]) -> list[str]:
    """The sentences of a speaker that are read: the first and the last of very many."""
    whole = [sentence for text in texts for sentence in sentences(text)]
    half = MOST_SENTENCES // 2
    return whole if len(whole) <= MOST_SENTENCES else whole[:half] + whole[-half:]


def pooled(scores: Sequence[float]) -> float:
    """The scores of a speaker's sentences as one: no sentence decides alone, and of many each counts less."""
    if not scores:
        return 0.0
    return sum(min(max(score, -_MOST), _MOST) for score in scores) / sqrt(len(scores))


@cache
def side_weights() -> SideWeights:
    """The weights in force."""
    with np.load(WEIGHTS) as file:
        return SideWeights(file["column"], float(file["scale"]), float(file["intercept"]), float(file["sharpness"]))


def _score(sentence: str, weights: SideWeights) -> float:
    numbers = side_features(sentence)
    total = int(weights.column[numbers].sum(dtype=np.int32))
    return total * weights.scale / sqrt(len(numbers)) + weights.intercept
