"""Intervals that hold the true figure with a probability of 95 %."""

from collections.abc import Sequence
from functools import lru_cache
from math import comb, sqrt

from app.models.continuity import Metric

# The 97.5 % quantile of the normal distribution.
_Z = 1.959963984540054
_CONFIDENCE = 0.95
# Beyond so many values the binomial distribution is told by the normal one.
_EXACT_UP_TO = 200


def rate(cases: int, of: int) -> Metric:
    """A share with Wilson's score interval (E. B. Wilson, JASA 22:209-212, 1927)."""
    if of == 0:
        return Metric()
    share, weight = cases / of, _Z * _Z / of
    middle = (share + weight / 2) / (1 + weight)
    half = _Z * sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    # At the ends the interval touches them; rounding must not take it past.
    low = 0.0 if cases == 0 else max(0.0, middle - half)
    high = 1.0 if cases == of else min(1.0, middle + half)
    return Metric(value=round(share, 6), count=of, ci_low=round(low, 6), ci_high=round(high, 6))


def median(values: Sequence[int]) -> Metric:
    """A median with the interval between two of its order statistics, whatever the distribution.

    After H. A. David and H. N. Nagaraja, Order Statistics (2003), section 7.1: the interval from the k-th lowest to the
    k-th highest of n holds the median unless fewer than k of n fair coins fall on one side. Of fewer than six values,
    even the widest misses it too often, and there is none.
    """
    ordered = sorted(values)
    count = len(ordered)
    if not count:
        return Metric()
    middle = (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
    index = _rank(count)
    if index is None:
        return Metric(value=middle, count=count)
    return Metric(value=middle, count=count, ci_low=ordered[index], ci_high=ordered[count - 1 - index])


@lru_cache(maxsize=1024)
def _rank(count: int) -> int | None:
    """How many of the lowest and of the highest values may be left out; None where all are too few."""
    tail = (1 - _CONFIDENCE) / 2
    if count > _EXACT_UP_TO:
        return int((count - 1) / 2 - _Z * sqrt(count) / 2)
    below, index = 0.0, -1
    for number in range(count):
        below += comb(count, number) / 2**count
        if below > tail:
            break
        index = number
    return index if index >= 0 else None
