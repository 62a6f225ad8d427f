"""Makes scores mean what they say: with which score a first offer served how often, for each tenant.

Each first offer of which an outcome is told is counted in a bin of its score as it was before calibration. From the
bins a slope and a shift of the score's logit are fitted (J. Platt, "Probabilistic outputs for support vector machines",
1999), drawn towards slope 1 and shift 0, so that few outcomes change little and none nothing. Only first offers count:
what stands further down is passed over for its position as well (T. Joachims et al., "Accurately interpreting
clickthrough data as implicit feedback", SIGIR 2005).

The slope is kept above 0, so calibration never changes which of two scores is the higher. What it changes is the
context, the propensity staying what was learnt; only where the context would be above 1, the rest goes to it.
"""

from collections.abc import Mapping
from math import exp, log
from typing import NamedTuple

BINS = 20
# How much evidence it takes to move slope and shift: the inverse variances of normal priors around 1 and 0.
SLOPE_FIRMNESS = 10.0
SHIFT_FIRMNESS = 10.0
LEAST_SLOPE = 0.05
_LEAST = 1e-3
_STEPS, _ENOUGH = 25, 1e-6

COUNT, SCORES, RIGHT = "count", "scores", "right"


class Calibration(NamedTuple):
    """What is done to the logit of a score: `slope` times it, plus `shift`."""

    slope: float = 1.0
    shift: float = 0.0

    def calibrated(self, score: float) -> float:
        """How probable it is that an offer of this score (0..1) serves."""
        if self == UNCHANGED:
            return score
        return _chance(self.slope * _logit(score) + self.shift)

    def shared_out(self, propensity: float, context: float) -> tuple[float, float]:
        """Propensity and context, both 0..1, so that their product is the calibrated score."""
        if self == UNCHANGED or not 0.0 < propensity * context < 1.0 or context > 1.0:
            return propensity, context
        score = self.calibrated(propensity * context)
        fit = min(1.0, score / propensity)
        return score / fit, fit


UNCHANGED = Calibration()


def bin_sums(score: float, success: float, weight: float) -> Mapping[str, float]:
    """What one first offer adds to the sums of its bin."""
    within = min(max(score, 0.0), 1.0)
    index = min(int(within * BINS), BINS - 1)
    return {
        f"{COUNT} {index}": weight,
        f"{SCORES} {index}": weight * within,
        f"{RIGHT} {index}": weight * success,
    }


def fitted(sums: Mapping[str, float]) -> Calibration:
    """The slope and shift that the bins speak for, by Newton's method."""
    points: list[tuple[float, float, float]] = []
    for index in range(BINS):
        count = float(sums.get(f"{COUNT} {index}", 0.0))
        if count > 0:
            mean_score = float(sums.get(f"{SCORES} {index}", 0.0)) / count
            points.append((_logit(mean_score), count, float(sums.get(f"{RIGHT} {index}", 0.0))))
    if not points:
        return UNCHANGED
    slope, shift = UNCHANGED
    for _ in range(_STEPS):
        chances = [_chance(slope * logit + shift) for logit, _, _ in points]
        misses = [right - count * chance for (_, count, right), chance in zip(points, chances, strict=True)]
        weights = [count * chance * (1 - chance) for (_, count, _), chance in zip(points, chances, strict=True)]
        logits = [logit for logit, _, _ in points]
        uphill_slope = _dot(logits, misses) - SLOPE_FIRMNESS * (slope - 1)
        uphill_shift = sum(misses) - SHIFT_FIRMNESS * shift
        bend_slope = _dot([logit * logit for logit in logits], weights) + SLOPE_FIRMNESS
        bend_both = _dot(logits, weights)
        bend_shift = sum(weights) + SHIFT_FIRMNESS
        determinant = bend_slope * bend_shift - bend_both**2
        step_slope = (bend_shift * uphill_slope - bend_both * uphill_shift) / determinant
        step_shift = (bend_slope * uphill_shift - bend_both * uphill_slope) / determinant
        slope, shift = slope + step_slope, shift + step_shift
        if max(abs(step_slope), abs(step_shift)) < _ENOUGH:
            break
    return Calibration(max(slope, LEAST_SLOPE), shift)


def _dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _logit(chance: float) -> float:
    within = min(max(chance, _LEAST), 1 - _LEAST)
    return log(within / (1 - within))


def _chance(logit: float) -> float:
    return 1 / (1 + exp(-logit))
