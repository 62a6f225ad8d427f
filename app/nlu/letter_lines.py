"""Tells by its words what a line of a letter is that its writer did not write to us: a notice, an automatic reply.

A logistic regression for each over the hashed features of `app.nlu.features`, fitted by `python -m
evals.fitting.letter_lines` to lines in seven languages. Notices are what mail programs and lawyers put under letters.
"""

from functools import cache
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.caching import text_cache
from app.nlu.features import own_features

WEIGHTS = Path(__file__).with_name("letter_lines.npz")
KINDS = ("notice", "automatic")


class LineReading(NamedTuple):
    """How likely a line is a notice, and how likely of an automatic reply; both in 0..1."""

    notice: float
    automatic: float


class LineWeights(NamedTuple):
    """A column of weights for each kind, in steps of `scale`, and their intercepts. Shapes: (SIZE, 2) and (2,)."""

    columns: NDArray[np.int8]
    scale: NDArray[np.float64]
    intercepts: NDArray[np.float64]


@text_cache(maxsize=4096)
def read_line(line: str) -> LineReading:
    """What the classifiers make of a line or a sentence of a letter."""
    numbers = own_features(line, by_customer=True).numbers
    weights = _weights()
    sums = weights.columns[numbers].sum(axis=0, dtype=np.int32) * weights.scale / sqrt(len(numbers))
    scores: NDArray[np.float64] = 1 / (1 + np.exp(-(sums + weights.intercepts)))
    return LineReading(*scores.tolist())


@cache
def _weights() -> LineWeights:
    with np.load(WEIGHTS) as file:
        return LineWeights(file["columns"], file["scale"], file["intercepts"])
