"""BM25 over the passages of one tenant's articles, in an inverted index that is made once and asked often.

What is asked may be longer than a passage, so a word that it repeats counts as often as it stands there. What a
passage is about stands in its title, whose words count three times.

Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009 (sections 3.4 and 3.6).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# How fast repeating a word stops helping, and how much long passages are held back.
SATURATION = 1.5
LENGTH_PENALTY = 0.75
TITLE_WEIGHT = 3

Scores = NDArray[np.float64]


class _Posting(NamedTuple):
    """The passages that hold a term, by their numbers, and what it adds to the score of each."""

    passages: NDArray[np.int64]
    gains: Scores
    most: float


class WordIndex:
    """Scores passages by the terms of a question. `counts` are the weighted counts of each passage's terms."""

    def __init__(self, counts: Sequence[Mapping[str, float]]) -> None:
        self._size = len(counts)
        holding: dict[str, list[tuple[int, float]]] = {}
        for number, passage in enumerate(counts):
            for term, count in passage.items():
                holding.setdefault(term, []).append((number, count))
        lengths = np.array([sum(passage.values()) for passage in counts], np.float64)
        relative = lengths / max(float(lengths.mean()) if self._size else 1.0, 1.0)
        held_back = SATURATION * (1 - LENGTH_PENALTY + LENGTH_PENALTY * relative)
        self._postings = {term: self._posting(entries, held_back) for term, entries in holding.items()}
        # What a passage could gain at most by a term that no other holds.
        self.rarest = float(np.log(1 + (self._size + 0.5) / 0.5)) * (SATURATION + 1)

    def _posting(self, entries: Sequence[tuple[int, float]], held_back: Scores) -> _Posting:
        passages = np.array([number for number, _ in entries], np.int64)
        frequencies = np.array([count for _, count in entries], np.float64)
        rarity = float(np.log(1 + (self._size - len(entries) + 0.5) / (len(entries) + 0.5)))
        gains = rarity * (SATURATION + 1) * frequencies / (frequencies + held_back[passages])
        return _Posting(passages, gains, rarity * (SATURATION + 1))

    def scores(self, terms: Sequence[str]) -> Scores:
        """The BM25 score of each passage, shape (passages,)."""
        scores = np.zeros(self._size)
        for term, count in Counter(terms).items():
            posting = self._postings.get(term)
            if posting is not None:
                scores[posting.passages] += count * posting.gains
        return scores

    def most(self, terms: Sequence[str]) -> float:
        """The score that a passage could have at most which holds each of these terms over and over.

        A term that no passage holds counts like the rarest: a question about something else is borne out by little.
        """
        return sum(posting.most if (posting := self._postings.get(term)) else self.rarest for term in set(terms))


def weighted_counts(title: Sequence[str], body: Sequence[str]) -> Mapping[str, float]:
    """How often each term counts in a passage with these terms in its title and in its headings and text."""
    counts: Counter[str] = Counter(body)
    for term in title:
        counts[term] += TITLE_WEIGHT
    return counts
