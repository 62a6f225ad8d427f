"""How sure a mean difference is when cases of one cluster hang together."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.errors import ConfigurationError

try:
    from scipy.special import ndtr, stdtrit
except ImportError:
    raise ConfigurationError("The suite needs scipy. Install Warmline with its extra `evals`.") from None

DRAWS = 20_000


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
    found: list[tuple[float, float]] = []
    for level in levels:
        reach = np.sqrt(count / (count - 1)) * stdtrit(count - 1, (1 - level) / 2)
        tail = float(ndtr(reach))
        low, high = np.quantile(means, [tail, 1 - tail])
        found.append((float(low), float(high)))
    return found


@lru_cache(maxsize=4)
def _drawn(count: int, seed: int, draws: int) -> NDArray[np.float64]:
    """How often each cluster is drawn, shape (draws, count): the same for every scorer over the same clusters."""
    shares = np.full(count, 1 / count)
    return np.random.default_rng(seed).multinomial(count, shares, size=draws).astype(np.float64)


def mean_interval(values: Sequence[float], clusters: Sequence[str], *, seed: int = 0) -> tuple[float, float]:
    """The 95 % interval of a mean, on the same terms."""
    numbers = np.asarray(values, dtype=np.float64)
    centre = float(numbers.mean())
    low, high = clustered_intervals([float(one) for one in numbers - centre], clusters, (0.95,), seed=seed)[0]
    return centre + low, centre + high
