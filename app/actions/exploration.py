"""Puts candidates in order, and says how probable that order was.

Without exploration the best score comes first, with probability 1. With it, each place is given by Thompson sampling
(D. Russo, B. Van Roy, A. Kazerouni, I. Osband and Z. Wen, "A tutorial on Thompson sampling", 2018): an action comes
next as often as it is believed to score best of those left. That probability is worked out by quadrature, and the place
is then drawn from the very numbers that were worked out; so what is logged is exact however coarse the quadrature, and
weighing a log by it is unbiased. A small share goes to every candidate by its weight, so that no probability vanishes.
"""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CELLS = 200
LEAST_SHARE = 0.03
_LEAST = 1e-9


class Belief(NamedTuple):
    """A Beta distribution over the probability that an action helps."""

    successes: float
    failures: float

    @property
    def mean(self) -> float:
        """The probability that the action helps, as far as is known."""
        return round(self.successes / (self.successes + self.failures), 6)


class Option(NamedTuple):
    """A candidate: what is believed of it, and what a success of it is worth here (context × value × lever)."""

    belief: Belief
    weight: float


class RankPosition(NamedTuple):
    """Which candidate came at a place, and how probable that was, given those before it."""

    candidate: int
    probability: float


class Order(NamedTuple):
    """The places that are given, best first, and for every candidate how probable it was to come first."""

    places: tuple[RankPosition, ...]
    first: tuple[float, ...]


def ranked(options: Sequence[Option], *, places: int) -> Order:
    """The candidates by expected score, of equals the first; nothing is left to chance."""
    scores = [option.belief.mean * option.weight for option in options]
    order = sorted(range(len(options)), key=lambda index: -scores[index])[:places]
    first = tuple(float(index == order[0]) for index in range(len(options))) if order else ()
    return Order(tuple(RankPosition(index, 1.0) for index in order), first)


def explored(options: Sequence[Option], *, places: int, chance: Random) -> Order:
    """The candidates by Thompson sampling, one place after the other."""
    if len(options) < 2 or max(option.weight for option in options) <= 0:
        return ranked(options, places=places)
    chances = _Chances(options)
    left = list(range(len(options)))
    given: list[RankPosition] = []
    first: tuple[float, ...] = ()
    while left and len(given) < places:
        probabilities = chances.best_of(left)
        first = first or tuple(probabilities)
        drawn = chance.choices(range(len(left)), weights=probabilities)[0]
        given.append(RankPosition(left.pop(drawn), probabilities[drawn]))
    return Order(tuple(given), first)


class _Chances:
    """The distributions of all candidates' scores, on one grid of cells from 0 to the highest possible score."""

    def __init__(self, options: Sequence[Option]) -> None:
        weights = np.array([option.weight for option in options])
        self._weights = np.maximum(weights, _LEAST * weights.max())
        share = (np.arange(CELLS) + 0.5) / CELLS * weights.max() / self._weights[:, None]
        inside = np.clip(share, _LEAST, 1 - _LEAST)
        shapes = np.maximum(np.array([option.belief for option in options]), _LEAST)
        logs = (shapes[:, :1] - 1) * np.log(inside) + (shapes[:, 1:] - 1) * np.log1p(-inside)
        # A distribution narrower than a cell still has its whole mass somewhere.
        logs[share >= 1] = -np.inf
        logs[np.all(share >= 1, axis=1), 0] = 0.0
        mass = np.exp(logs - logs.max(axis=1, keepdims=True))
        self._mass: NDArray[np.float64] = mass / mass.sum(axis=1, keepdims=True)
        # Two candidates in one cell share it.
        self._log_below = np.log(np.maximum(np.cumsum(self._mass, axis=1) - self._mass / 2, 1e-300))

    def best_of(self, left: Sequence[int]) -> list[float]:
        """For each of these candidates how probable it is to score best of them; the sum is 1."""
        logs = self._log_below[left]
        best = (self._mass[left] * np.exp(logs.sum(axis=0) - logs)).sum(axis=1)
        weights = self._weights[left]
        mixed = (1 - LEAST_SHARE) * best / best.sum() + LEAST_SHARE * weights / weights.sum()
        return [float(probability) for probability in mixed / mixed.sum()]
