"""Reads a sentence with the fitted classifiers: the probabilities of its act, its mood and its traits.

The classifiers are logistic regressions over hashed features, fitted by `python -m evals.fitting.nlu`; their weights
are a file of the package. One sentence takes about a tenth of a millisecond.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.caching import text_cache
from app.nlu.act_labels import Act
from app.nlu.features import Setting, marks_of, own_features, setting_features

WEIGHTS = Path(__file__).with_name("weights.npz")
ACTS = tuple(Act)
MOODS = ("negative", "neutral", "positive")
TRAITS = ("human", "boilerplate", "wish", "key", "promise", "attempt", "done", "care", "telling", "warning", "relief")
"""What a sentence may be besides: a request for a person, words that say nothing of the matter, what somebody wants,
why they came, a promise that outlasts the talk, what the customer says they tried, what our side says it has done,
what calls for care (a death, hardship, illness), whether whoever tells of the conversation names it, what the customer
says they will do if the matter is not settled, and that a trouble is over."""


class SentenceReading(NamedTuple):
    """What a sentence is, by the classifiers: its likeliest act, and probabilities; those of acts, and of moods, add up
    to 1.
    """

    act: Act
    acts: Mapping[Act, float]
    moods: Mapping[str, float]
    human: float
    boilerplate: float
    wish: float
    key: float
    promise: float
    attempt: float
    done: float
    care: float
    telling: float
    warning: float
    relief: float


NOTHING_READ = SentenceReading(
    Act.OTHER,
    {act: float(act is Act.OTHER) for act in ACTS},
    {mood: float(mood == "neutral") for mood in MOODS},
    *(0.0 for _ in TRAITS),
)
"""Of a sentence that does nothing here, because it was said elsewhere and pasted."""


class Weights(NamedTuple):
    """A column of weights for each act, mood and trait, in steps of `scale`, and their intercepts.

    Shapes: (SIZE, 28) and (28,).
    """

    columns: NDArray[np.int8]
    scale: NDArray[np.float64]
    intercepts: NDArray[np.float32]


class OwnScores(NamedTuple):
    """What a sentence scores wherever it stands: the sums of its features' weights, and how many features it has.

    The sums are whole numbers, in steps of the weights' scale, so that adding a setting's few features to them gives
    the same as adding up all at once. `shared` has a bit for each feature of a setting that the sentence has anyway.
    """

    sums: tuple[int, ...]
    features: int
    length: int
    shared: int


@text_cache(maxsize=16_384)
def read(sentence: str, setting: Setting) -> SentenceReading:
    """What the classifiers make of a sentence in its setting."""
    return reading_in(own_scores(sentence, by_customer=setting.by_customer), setting)


def own_scores(sentence: str, *, by_customer: bool) -> OwnScores:
    """What a sentence scores in every setting of this side."""
    numbers, length = own_features(sentence, by_customer=by_customer)
    sums = _weights().columns[numbers].sum(axis=0, dtype=np.int32)
    present = set(numbers.tolist())
    marks = setting_features(by_customer=by_customer, length=length)
    shared = sum(1 << index for index, number in enumerate(marks) if number in present)
    return OwnScores(tuple(sums.tolist()), len(numbers), length, shared)


def reading_in(scores: OwnScores, setting: Setting) -> SentenceReading:
    """What the classifiers make of a sentence with these scores in a setting."""
    added, more = _added(setting, scores.length, scores.shared)
    weights = _weights()
    sums = np.array(scores.sums, dtype=np.int32) + added
    return reading_of(sums * weights.scale / sqrt(scores.features + more) + weights.intercepts)


@lru_cache(maxsize=4096)
def _added(setting: Setting, length: int, shared: int) -> tuple[NDArray[np.int32], int]:
    """What a setting adds to a sentence's sums, and by how many features."""
    marks = setting_features(by_customer=setting.by_customer, length=length)
    numbers = sorted({marks[index] for index in marks_of(setting) if not shared & 1 << index})
    return _weights().columns[numbers].sum(axis=0, dtype=np.int32), len(numbers)


def reading_of(scores: NDArray[np.floating]) -> SentenceReading:
    """The probabilities that the scores of a sentence stand for. Shape of `scores`: (columns,)."""
    acts = _softmax(scores[: len(ACTS)])
    moods = _softmax(scores[len(ACTS) : len(ACTS) + len(MOODS)])
    traits = 1 / (1 + np.exp(-scores[len(ACTS) + len(MOODS) :]))
    return SentenceReading(
        ACTS[int(acts.argmax())],
        dict(zip(ACTS, acts.tolist(), strict=True)),
        dict(zip(MOODS, moods.tolist(), strict=True)),
        *traits.tolist(),
    )


@cache
def _weights() -> Weights:
    with np.load(WEIGHTS) as file:
        return Weights(file["columns"], file["scale"].astype(np.float64), file["intercepts"])


def _softmax(scores: NDArray[np.floating]) -> NDArray[np.floating]:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()
