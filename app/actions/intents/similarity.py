"""How like classes known by examples a text is, by meaning or by words alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.actions.intents.spoken import with_digits
from app.nlu.words import terms
from app.ports import Vectors


class Scale(NamedTuple):
    """How similarities become probabilities: what counts as like, how sharply, and how far apart classes lie."""

    like: float
    sharpness: float
    temperature: float


MEANING = Scale(like=0.42, sharpness=0.05, temperature=0.05)
WORDS = Scale(like=0.3, sharpness=0.06, temperature=0.08)


class Examples(NamedTuple):
    """Texts in the order of their classes; `labels` are places in `names`."""

    names: tuple[str, ...]
    texts: tuple[str, ...]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, examples: Mapping[str, Sequence[str]]) -> "Examples":
        """The texts of each class, one class after the other."""
        labels = [index for index, texts in enumerate(examples.values()) for _ in texts]
        texts = tuple(text for texts in examples.values() for text in texts)
        return cls(tuple(examples), texts, np.array(labels, np.int64))

    @property
    def by_name(self) -> Mapping[str, Sequence[str]]:
        """The texts of each class."""
        return {name: self._of(index) for index, name in enumerate(self.names)}

    def _of(self, index: int) -> Sequence[str]:
        return [text for text, label in zip(self.texts, self.labels, strict=True) if label == index]


class Classes:
    """Classes known by their examples' vectors, shape (examples, dimensions)."""

    def __init__(self, examples: Examples, vectors: Vectors, scale: Scale) -> None:
        self.names = examples.names
        self._examples = vectors
        self._scale = scale
        # Examples stand in the order of their classes, so each class is one stretch of rows.
        self._starts = np.searchsorted(examples.labels, np.arange(len(self.names)))
        if self.names:
            means = np.add.reduceat(vectors, self._starts, axis=0)
            self._means = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)

    def probabilities(self, vectors: Vectors) -> NDArray[np.float32]:
        """Shape (texts, classes); a row sums to how likely the text is about any of the classes."""
        if not self.names:
            return np.zeros((len(vectors), 0), np.float32)
        scores = self._scores(vectors)
        best = scores.max(axis=1, keepdims=True)
        shares = np.exp((scores - best) / self._scale.temperature)
        fits = 1 / (1 + np.exp((self._scale.like - best) / self._scale.sharpness))
        return fits * shares / shares.sum(axis=1, keepdims=True)

    def likeness(self, vectors: Vectors, weights: NDArray[np.float32]) -> dict[str, float]:
        """How like each class the best of the texts is, 0..1, older ones counting for less."""
        if not self.names:
            return {}
        best = (self.likenesses(vectors) * weights[:, None]).max(axis=0)
        return dict(zip(self.names, best.tolist(), strict=True))

    def likenesses(self, vectors: Vectors) -> NDArray[np.float32]:
        """How like each class each text is, 0..1, shape (texts, classes)."""
        if not self.names:
            return np.zeros((len(vectors), 0), np.float32)
        far = (self._scale.like - self._scores(vectors)) / self._scale.sharpness
        return (1 / (1 + np.exp(far))).astype(np.float32)

    def _scores(self, vectors: Vectors) -> NDArray[np.float32]:
        nearest = np.maximum.reduceat(vectors @ self._examples.T, self._starts, axis=1)
        return (nearest + vectors @ self._means.T) / 2


class Lexicon:
    """Turns texts into unit vectors over the words of the examples, rare words counting more."""

    def __init__(self, texts: Sequence[str]) -> None:
        documents = [set(terms(with_digits(text))) for text in texts]
        counts = Counter(term for document in documents for term in document)
        self._places = {term: index for index, term in enumerate(counts)}
        self._weights = {term: log(1 + len(documents) / count) for term, count in counts.items()}

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Shape (texts, words); a text without any known word is a row of zeros."""
        made = np.zeros((len(texts), max(1, len(self._places))), np.float32)
        for row, text in enumerate(texts):
            for term in set(terms(with_digits(text))) & self._places.keys():
                made[row, self._places[term]] = self._weights[term]
        return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
