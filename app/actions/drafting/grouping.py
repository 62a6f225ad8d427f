"""Groups sentences that mean the same, by average linkage, and says in few words what each group is about."""

import re
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np
from numpy.typing import NDArray

from app.nlu.languages import function_words
from app.nlu.words import STOP_WORDS, stem
from app.ports import Vectors

# The mean cosine between two groups from which on they are one.
ALIKE = 0.48
LONGEST_LABEL = 40
_MOST_WORDS = 3
_WORD = re.compile(r"[^\W\d_]{2,}")


def grouped(vectors: Vectors, *, least: float = ALIKE) -> list[list[int]]:
    """The rows of unit vectors in groups, the largest first: of all, the two most alike are joined again and again.

    How alike two groups are is the mean over all their pairs (UPGMA), which a joining changes as Lance and Williams
    say. It takes memory by the square of the rows, so there should be at most some thousands.
    """
    count = len(vectors)
    if not count:
        return []
    likeness = (vectors @ vectors.T).astype(np.float32)
    np.fill_diagonal(likeness, -np.inf)
    groups = {row: [row] for row in range(count)}
    for _ in range(count - 1):
        first, second = divmod(int(likeness.argmax()), count)
        if likeness[first, second] < least:
            break
        sizes = len(groups[first]), len(groups[second])
        joined = (sizes[0] * likeness[first] + sizes[1] * likeness[second]) / sum(sizes)
        likeness[first], likeness[:, first] = joined, joined
        likeness[second], likeness[:, second] = -np.inf, -np.inf
        likeness[first, first] = -np.inf
        groups[first] += groups.pop(second)
    return sorted((sorted(rows) for rows in groups.values()), key=lambda rows: (-len(rows), rows))


def spread_examples(vectors: Vectors, most: int) -> list[int]:
    """The places of examples that show all of a group: the most central one, then each time the one least like them."""
    if not len(vectors):
        return []
    chosen = [int((vectors @ vectors.sum(axis=0)).argmax())]
    nearest: NDArray[np.float32] = vectors @ vectors[chosen[0]]
    while len(chosen) < min(most, len(vectors)):
        nearest[chosen] = np.inf
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return chosen


class TellingWords:
    """Knows which words tell one group of sentences from the others."""

    def __init__(self, groups: Sequence[Sequence[str]]) -> None:
        self._spread = Counter(word for texts in groups for word in {word for text in texts for word in _stems(text)})
        self._groups = len(groups)

    def of(self, texts: Sequence[str], central: str) -> list[str]:
        """At most three words that tell what a group is about, in the order and form of its central sentence."""
        counts = Counter(word for text in texts for word in set(_stems(text)))
        weights = {
            word: count / len(texts) * log(1 + self._groups / self._spread[word]) for word, count in counts.items()
        }
        words = list(dict.fromkeys(word for word in _words(central) if stem(word) in weights))
        best = sorted(words, key=lambda word: -weights[stem(word)])[:_MOST_WORDS]
        chosen = [word for word in words if word in best]
        while len(" ".join(chosen)) > LONGEST_LABEL:
            chosen.pop()
        return chosen or [max(weights, key=lambda word: weights[word])[:LONGEST_LABEL]] if weights else ["other"]


def _words(text: str) -> list[str]:
    words = (word.lower() for word in _WORD.findall(text))
    return [word for word in words if word not in STOP_WORDS and word not in function_words()]


def _stems(text: str) -> list[str]:
    return [stem(word) for word in _words(text)]
