"""Learns a tenant's intents from a handful of examples each, and from its unlabelled traffic where there is some.

Two views are mixed. One is a softmax regression on the examples and the intents' own labels, which generalises from
little. The other asks the nearest neighbours among the examples and the traffic, once the intents have spread from
example to message over a graph of neighbours (label propagation: Zhou et al., "Learning with Local and Global
Consistency", NIPS 2003); the denser the neighbours, the more it counts. A temperature found on examples left out of
the regression makes the probabilities mean what they say (Guo et al., "On Calibration of Modern Neural Networks",
ICML 2017). Traffic makes them sure of texts about something else too, so there the examples alone say what fits.
Nothing is drawn at random, so the same examples make the same classifier.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.actions.intents.regression import SoftmaxRegression, softmax
from app.actions.intents.spoken import with_digits
from app.ports import Embedder, Vectors

NEIGHBOURS = 10
BANDWIDTH = 0.05
# While spreading, a looser look at fewer neighbours; what a node keeps of its own first guess is the rest to one.
GRAPH_NEIGHBOURS = 8
GRAPH_BANDWIDTH = 0.1
SPREAD = 0.8
ROUNDS = 15
MOST_TRAFFIC = 10_000
# The neighbours' part of the mixture: a tenth at seven rows an intent, half at 150.
MOST_FROM_NEIGHBOURS = 0.6
ROWS_TO_TRUST = 30.0
# How like the nearest example and the nearest intent's mean (cosines of sentence embeddings) a text about an intent is.
LIKE = 0.42
SHARPNESS = 0.05
# Where there is traffic, how well a text fits is logistic in the logarithm of what the regression gives its likeliest
# intent, the likeness to that intent's own examples with this weight, and a constant.
LIKENESS_WEIGHT = 4.0
FITS_CONSTANT = -0.3
# Less sure than this, an intent is not named.
LEAST_CONFIDENCE = 0.3
# Cross-fitting is dear with many examples, and one part says enough then.
FOLDS = 4
ONE_FOLD_FROM = 1000
TEMPERATURES = np.geomspace(0.25, 2.0, 31)
_BLOCK = 512
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Likelihoods(NamedTuple):
    """What a classifier makes of texts.

    `shares`, shape (texts, intents), says how likely each intent is if it is any of them: rows sum to one. `fits`,
    shape (texts,), says how likely it is any of them at all.
    """

    shares: NDArray[np.float32]
    fits: NDArray[np.float32]

    @property
    def confidences(self) -> NDArray[np.float32]:
        """How sure we are of each intent, shape (texts, intents); what is left of a row's sum to one fits nothing."""
        return self.shares * self.fits[:, None]

    @property
    def named(self) -> NDArray[np.bool_]:
        """Whether each text is about one of the intents surely enough to say so, shape (texts,)."""
        return self.confidences.max(axis=1, initial=0.0) >= LEAST_CONFIDENCE


class IntentClassifier:
    """Tells intents apart by the vectors of texts; made by `IntentLearner`.

    `examples` has shape (examples, dimensions), `owners` the intent of each as a place in `names`, `labels` a vector
    for each intent's label, and `traffic` vectors of messages of which nothing else is known. All are unit vectors.
    """

    def __init__(
        self,
        names: Sequence[str],
        examples: Vectors,
        owners: NDArray[np.int64],
        labels: Vectors,
        traffic: Vectors | None = None,
    ) -> None:
        self.names = tuple(names)
        self._examples = examples
        self._owners = owners
        self._has_traffic = traffic is not None and len(traffic) > 0
        self._means = _means(examples, owners, len(self.names))
        self._rows = np.vstack([examples, labels])
        self._intents = _indicators(np.concatenate([owners, np.arange(len(self.names))]), len(self.names))
        self._regression = SoftmaxRegression(self._rows, self._intents)
        if traffic is not None and len(traffic):
            self._learn_from(spread_out(traffic, MOST_TRAFFIC))
        rows = len(self._rows) / max(1, len(self.names))
        self._from_neighbours = MOST_FROM_NEIGHBOURS * rows / (rows + ROWS_TO_TRUST)
        self._temperature = _temperature(examples, owners, labels)

    def likelihoods(self, vectors: Vectors) -> Likelihoods:
        """What each text is about. `vectors` are unit vectors, shape (texts, dimensions)."""
        if not self.names or not len(vectors):
            return Likelihoods(
                np.zeros((len(vectors), len(self.names)), np.float32), np.zeros(len(vectors), np.float32)
            )
        places, cosines = _nearest(vectors, self._rows, NEIGHBOURS)
        by_neighbours = _averaged(self._intents, places, softmax(cosines / BANDWIDTH))
        part = self._from_neighbours
        by_examples = self._regression.probabilities(vectors)
        mixed = part * by_neighbours + (1 - part) * by_examples
        fits = self._fits_best(vectors, mixed.argmax(axis=1), by_examples) if self._has_traffic else self._fits(vectors)
        return Likelihoods(_tempered(mixed, self._temperature), fits)

    def _fits(self, vectors: Vectors) -> NDArray[np.float32]:
        nearest = _nearest(vectors, self._examples, 1)[1][:, 0]
        like = (nearest + (vectors @ self._means.T).max(axis=1)) / 2
        return 1 / (1 + np.exp((LIKE - like) / SHARPNESS))

    def _fits_best(
        self, vectors: Vectors, best: NDArray[np.int64], by_examples: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """How well each text fits its likeliest intent, by the examples alone."""
        cosines = np.where(self._owners == best[:, None], vectors @ self._examples.T, np.float32(-1))
        like = (cosines.max(axis=1) + (vectors * self._means[best]).sum(axis=1)) / 2
        probable = np.log(np.maximum(by_examples[np.arange(len(best)), best], 1e-4))
        return (1 / (1 + np.exp(-(probable + LIKENESS_WEIGHT * like + FITS_CONSTANT)))).astype(np.float32)

    def _learn_from(self, traffic: Vectors) -> None:
        """Spread the intents over the traffic, which then counts among the neighbours."""
        rows = np.vstack([self._rows, traffic])
        guessed = np.vstack([self._intents, self._regression.probabilities(traffic)])
        places, cosines = _nearest(rows, rows, GRAPH_NEIGHBOURS, apart_from_itself=True)
        weights = softmax(cosines / GRAPH_BANDWIDTH)
        spread = guessed
        for _ in range(ROUNDS):
            spread = SPREAD * _averaged(spread, places, weights) + (1 - SPREAD) * guessed
            spread[: len(self._rows)] = self._intents
        self._rows, self._intents = rows, spread / spread.sum(axis=1, keepdims=True)


class IntentLearner:
    """Makes classifiers from examples in words, through the embedder. The service and its evals learn by it alike."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (texts, dimensions), with spoken numbers as digits. Raises RetrievalUnavailable."""
        return await self._embedder.embed([with_digits(text) for text in texts])

    async def learn(
        self,
        examples: Mapping[str, Sequence[str]],
        *,
        labels: Mapping[str, str] | None = None,
        traffic: Vectors | None = None,
    ) -> IntentClassifier:
        """A classifier of the intents that `examples` names, each with at least one. Raises RetrievalUnavailable.

        An intent without a label is known by the words of its name. Of `traffic`, unit vectors of messages of which
        nothing is known, shape (messages, dimensions), at most 10,000 are used, taken evenly from all over them.
        """
        vectors = await self.embed([text for own in examples.values() for text in own])
        ends = np.cumsum([len(own) for own in examples.values()])
        embedded = dict(zip(examples, np.split(vectors, ends[:-1]), strict=True)) if examples else {}
        return await self.learn_embedded(embedded, labels=labels, traffic=traffic)

    async def learn_embedded(
        self,
        examples: Mapping[str, Vectors],
        *,
        labels: Mapping[str, str] | None = None,
        traffic: Vectors | None = None,
    ) -> IntentClassifier:
        """As `learn`, from examples' vectors, shape (examples, dimensions) for each intent."""
        labels = labels or {}
        named = await self.embed([labels.get(name) or words_of(name) for name in examples])
        owners = np.repeat(np.arange(len(examples)), [len(own) for own in examples.values()])
        rows = np.vstack([named[:0], *examples.values()])
        return await asyncio.to_thread(IntentClassifier, tuple(examples), rows, owners, named, traffic)


def words_of(name: str) -> str:
    """The words that a name is made of: `late_delivery` and `LateDelivery` are both "late delivery"."""
    return " ".join(_WORD.findall(_HUMP.sub(" ", name))).lower() or name


def spread_out(rows: Vectors, most: int) -> Vectors:
    """At most so many of the rows, taken evenly from all over them: they may be in the order of what they are about."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def _indicators(owners: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    return np.eye(count, dtype=np.float32)[owners]


def _means(vectors: Vectors, owners: NDArray[np.int64], count: int) -> Vectors:
    sums = _indicators(owners, count).T @ vectors
    return sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)


def _nearest(
    queries: Vectors, rows: Vectors, count: int, *, apart_from_itself: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The places of each query's nearest rows and their cosines, in no order; shapes (queries, count)."""
    count = min(count, len(rows))
    places = np.empty((len(queries), count), np.int64)
    cosines = np.empty((len(queries), count), np.float32)
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        similarities = queries[block] @ rows.T
        if apart_from_itself:
            here = np.arange(len(similarities))
            similarities[here, start + here] = -1.0
        places[block] = np.argpartition(-similarities, count - 1, axis=1)[:, :count]
        cosines[block] = np.take_along_axis(similarities, places[block], axis=1)
    return places, cosines


def _averaged(
    values: NDArray[np.floating[Any]], places: NDArray[np.int64], weights: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The weighted mean of the values at each row of places; shape (rows, values' columns)."""
    averaged = np.zeros((len(places), values.shape[1]), np.float32)
    for neighbour in range(places.shape[1]):
        averaged += weights[:, neighbour, None] * values[places[:, neighbour]]
    return averaged


def _tempered(shares: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float32]:
    return softmax(np.log(np.maximum(shares, 1e-9)) / np.float32(temperature))


def _temperature(examples: Vectors, owners: NDArray[np.int64], labels: Vectors) -> float:
    """What makes examples that the regression has not seen likeliest; one where there are too few to tell.

    The regression is strongly regularised, so that it says too little: the temperature is mostly under one.
    """
    # The rank of each example among those of its intent deals them out evenly.
    rank = np.arange(len(owners)) - np.searchsorted(owners, owners)
    fold = (rank + owners) % FOLDS
    shares: list[NDArray[np.float32]] = []
    truths: list[NDArray[np.int64]] = []
    for part in range(1 if len(owners) >= ONE_FOLD_FROM else FOLDS):
        left_out = fold == part
        if left_out.any() and not left_out.all():
            shares.append(_unseen(examples, owners, labels, left_out))
            truths.append(owners[left_out])
    if not shares:
        return 1.0
    unseen, truth = np.vstack(shares), np.concatenate(truths)
    places = np.arange(len(truth))
    likely = [
        np.log(np.maximum(_tempered(unseen, temperature)[places, truth], 1e-9)).mean() for temperature in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmax(likely))])


def _unseen(
    examples: Vectors, owners: NDArray[np.int64], labels: Vectors, left_out: NDArray[np.bool_]
) -> NDArray[np.float32]:
    seen = np.vstack([examples[~left_out], labels])
    intents = _indicators(np.concatenate([owners[~left_out], np.arange(len(labels))]), len(labels))
    return SoftmaxRegression(seen, intents).probabilities(examples[left_out])
