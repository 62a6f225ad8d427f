"""How well a score ranks what is so above what is not, and how sure that is."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def area_under_curve(scores: Numbers, wanted: Numbers, weights: Numbers | None = None) -> float:
    """The chance that a wanted row scores above another, ties counting half (ROC AUC); NaN without one of each.

    All three are of shape (n,); `wanted` is 1.0 or 0.0, a weight says how often a row counts.
    """
    counts = np.ones_like(scores) if weights is None else weights
    levels = np.unique(scores, return_inverse=True)[1]
    for_it = np.bincount(levels, counts * wanted)
    against = np.bincount(levels, counts * (1.0 - wanted))
    pairs = for_it.sum() * against.sum()
    below = np.cumsum(against) - against
    return float((for_it * (below + against / 2.0)).sum() / pairs) if pairs else float("nan")


def gain_interval(
    scores: Numbers, baseline: Numbers, wanted: Numbers, groups: Sequence[int], *, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of how much better the scores rank than the baseline, on the same rows.

    A paired percentile bootstrap that draws whole groups, since rows of one group hang together (Efron and Tibshirani,
    An Introduction to the Bootstrap, 1993, chapters 8 and 13).
    """
    rng = np.random.default_rng(seed)
    members = np.unique(np.asarray(groups), return_inverse=True)[1]
    count = int(members.max()) + 1
    gains: list[float] = []
    for _ in range(draws):
        weights = np.bincount(rng.integers(0, count, count), minlength=count)[members].astype(np.float64)
        gains.append(area_under_curve(scores, wanted, weights) - area_under_curve(baseline, wanted, weights))
    low, high = np.nanquantile(gains, [0.025, 0.975])
    return float(low), float(high)


def calibration_error(probabilities: Numbers, wanted: Numbers, bins: int = 10) -> float:
    """The mean distance of what was predicted from what was so, over bins of equally many rows (ECE)."""
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, bins) if part.size]
    return float(sum(part.size * abs(probabilities[part].mean() - wanted[part].mean()) for part in parts) / order.size)
