"""Whether scores mean what they say: how often the first offer was right, beside the score it had.

The expected calibration error is the mean distance between score and share over bins of equal width, each weighed by
its count (M. P. Naeini, G. Cooper and M. Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning",
AAAI 2015).
"""

from collections.abc import Sequence
from statistics import mean

from app.models import Record
from evals.experiments.action_cases import JudgedConversation

BINS = 10


class ReliabilityBin(Record):
    """First offers with a score from `low` up to `high`: how many, their mean score, and the share that was right."""

    low: float
    high: float
    n: int
    score: float
    right: float


class Reliability(Record):
    """The bins that are not empty, and the expected calibration error, 0 (none) to 1."""

    bins: tuple[ReliabilityBin, ...]
    expected_calibration_error: float


def reliability(judged: Sequence[JudgedConversation]) -> Reliability:
    """How reliable the scores of first offers are; scores above 1 count as 1, and no offer as a score of 0."""
    pairs = [(min(judgement.score or 0.0, 1.0), judgement.offered[:1] == (judgement.gold,)) for judgement in judged]
    bins: list[ReliabilityBin] = []
    for index in range(BINS):
        inside = [(score, right) for score, right in pairs if min(int(score * BINS), BINS - 1) == index]
        if inside:
            bins.append(
                ReliabilityBin(
                    low=index / BINS,
                    high=(index + 1) / BINS,
                    n=len(inside),
                    score=round(mean(score for score, _ in inside), 4),
                    right=round(mean(right for _, right in inside), 4),
                )
            )
    error = sum(each.n * abs(each.score - each.right) for each in bins) / max(len(pairs), 1)
    return Reliability(bins=tuple(bins), expected_calibration_error=round(error, 4))
