"""Reads a sentence with the fitted classifiers: the probabilities of its act, its mood and its traits.

The classifiers are logistic regressions over hashed features, fitted by `python -m evals.fitting.nlu`; their weights
are a file of the package. One sentence takes about a tenth of a millisecond.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.caching import text_cache
from app.nlu.act_labels import Act
from app.nlu.features import Setting, features

WEIGHTS = Path(__file__).with_name("weights.npz")
ACTS = tuple(Act)
MOODS = ("negative", "neutral", "positive")
TRAITS = ("human", "boilerplate", "wish", "key", "promise", "attempt", "done", "care", "telling")
"""What a sentence may be besides: a request for a person, words that say nothing of the matter, what somebody wants,
why they came, a promise that outlasts the talk, what the customer says they tried, what our side says it has done,
what calls for care (a death, hardship, illness), and whether whoever tells of the conversation names it."""


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


NOTHING_READ = SentenceReading(
    Act.OTHER,
    {act: float(act is Act.OTHER) for act in ACTS},
    {mood: float(mood == "neutral") for mood in MOODS},
    *(0.0 for _ in TRAITS),
)
"""Of a sentence that does nothing here, because it was said elsewhere and pasted."""


class Weights(NamedTuple):
    """A column of weights for each act, mood and trait, and their intercepts. Shapes: (SIZE, 26) and (26,)."""

    columns: NDArray[np.float32]
    intercepts: NDArray[np.float32]


@text_cache(maxsize=16_384)
def read(sentence: str, setting: Setting) -> SentenceReading:
    """What the classifiers make of a sentence in its setting."""
    numbers = features(sentence, setting)
    weights = _weights()
    return reading_of(
        weights.columns[numbers].sum(axis=0, dtype=np.float32) / np.sqrt(len(numbers)) + weights.intercepts
    )


def reading_of(scores: NDArray[np.float32]) -> SentenceReading:
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
        return Weights(file["columns"].astype(np.float32) * file["scale"], file["intercepts"])


def _softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()
