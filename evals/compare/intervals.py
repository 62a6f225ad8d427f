"""How sure a mean difference is when cases of one cluster hang together."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ConfigurationError

try:
    from scipy import stats
    from scipy.special import ndtr, stdtrit
except ImportError:
    raise ConfigurationError("The suite needs scipy. Install Warmline with its extra `evals`.") from None

DRAWS = 20_000
_BATCH = 500
_ROUNDING = 1e-9


def clustered_intervals(
    values: Sequence[float], clusters: Sequence[str], levels: Sequence[float], *, seed: int = 0, draws: int = DRAWS
) -> list[tuple[float, float]]:
    """For each level (0..1) the interval of the mean of values, by a bootstrap that draws whole clusters.

    The percentiles are those of the expanded percentile interval (T. Hesterberg, "What teachers should know about the
    bootstrap", The American Statistician 69, 2015): with few clusters the plain one is too narrow. With one cluster
    nothing is known, and every interval is infinite, unless there is no difference at all.
    """
    numbers = np.asarray(values, dtype=np.float64)
    members = np.unique(np.asarray(clusters), return_inverse=True)[1]
    count = int(members.max()) + 1
    if not numbers.any():
        return [(0.0, 0.0) for _ in levels]
    if count == 1:
        return [(-np.inf, np.inf) for _ in levels]
    sums = np.bincount(members, numbers, minlength=count)
    sizes = np.bincount(members, minlength=count).astype(np.float64)
    drawn = _drawn(count, seed, draws)
    means = (drawn @ sums) / (drawn @ sizes)
    intervals: list[tuple[float, float]] = []
    for level in levels:
        reach = np.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 - level) / 2)
        tail = float(ndtr(reach))
        low, high = np.quantile(means, [tail, 1 - tail])
        intervals.append((float(low), float(high)))
    return intervals


def joint_chances(
    values: Sequence[Sequence[float]], clusters: Sequence[str], *, seed: int = 0, draws: int = DRAWS
) -> list[float]:
    """For each row of paired differences how often luck alone moves any of the rows so far.

    If luck alone tells two runs apart, each cluster may as well have moved the other way in all rows at once. The test
    is the single-step maximum of P. Westfall and S. Young ("Resampling-Based Multiple Testing", 1993): exact with any
    number of ties, and rows that hang together count once. No row may be zero throughout.
    """
    members = np.unique(np.asarray(clusters), return_inverse=True)[1]
    sums = np.array([np.bincount(members, np.asarray(row, dtype=np.float64)) for row in values])
    if sums.shape[1] < 2:
        # A single cluster moves as far the other way, so luck always reaches what was seen.
        return [1.0] * len(sums)
    spread = np.sqrt((sums**2).sum(axis=-1))
    # A row whose clusters each moved up as much as down tells nothing.
    spread[spread == 0] = np.inf

    def furthest(moved: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        return (np.abs(moved.sum(axis=axis)) / spread).max(axis=-1)

    tried: Any = stats.permutation_test(
        (sums,),
        furthest,
        permutation_type="samples",
        vectorized=True,
        axis=-1,
        n_resamples=draws,
        batch=_BATCH,
        alternative="greater",
        rng=np.random.default_rng(seed),
    )
    by_luck = np.asarray(tried.null_distribution, dtype=np.float64)
    # Where not every way is tried, the one that was seen counts among those that were.
    extra = int(2 ** sums.shape[1] > draws)
    own = np.abs(sums.sum(axis=-1)) / spread
    return [float((np.sum(by_luck >= reach - _ROUNDING) + extra) / (len(by_luck) + extra)) for reach in own]


@lru_cache(maxsize=4)
def _drawn(count: int, seed: int, draws: int) -> NDArray[np.float64]:
    """How often each cluster is drawn, shape (draws, count): the same for every scorer over the same clusters."""
    shares = np.full(count, 1 / count)
    return np.random.default_rng(seed).multinomial(count, shares, size=draws).astype(np.float64)


def mean_interval(values: Sequence[float], clusters: Sequence[str], *, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a mean, on the same terms."""
    numbers = np.asarray(values, dtype=np.float64)
    centre = float(numbers.mean())
    low, high = clustered_intervals([float(number) for number in numbers - centre], clusters, (0.95,), seed=seed)[0]
    return centre + low, centre + high
