"""Lists of values short enough for one statement."""

from collections.abc import Iterable

# Both databases refuse a statement with more than about 32,000 values.
MOST_VALUES = 5000


def chunks(values: Iterable[str]) -> Iterable[list[str]]:
    """The values without repeats, in lists short enough for one statement; no list when there are none."""
    distinct = sorted(set(values))
    return (distinct[start : start + MOST_VALUES] for start in range(0, len(distinct), MOST_VALUES))
