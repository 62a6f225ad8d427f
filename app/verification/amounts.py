"""The amounts of a transcript by their kind: what may be added, and what one may be taken from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.verification.figures import figures

Pool = frozenset[int]
"""Amounts of one kind, in hundredths."""


class Amounts(NamedTuple):
    """What people named with a currency, line by line, and recorded numbers by the names of their fields."""

    spoken: Mapping[str, Pool]
    recorded: Mapping[str, Mapping[str, Pool]]

    @property
    def all(self) -> frozenset[float]:
        """Every amount."""
        fields = (pool for pools in self.recorded.values() for pool in pools.values())
        return frozenset(amount / 100 for pool in (*self.spoken.values(), *fields) for amount in pool)

    @property
    def pools(self) -> Sequence[Pool]:
        """What people named; and what one line records under one name."""
        recorded = (pool for pools in self.recorded.values() for pool in pools.values())
        return [frozenset[int]().union(*self.spoken.values()), *recorded]

    def of(self, ids: Iterable[str]) -> Pool:
        """What people named in some interactions."""
        return frozenset[int]().union(*(self.spoken.get(interaction_id, ()) for interaction_id in ids))


def spoken(text: str) -> Pool:
    """The amounts that a text names with a currency."""
    return hundredths(value for figure in figures(text) if figure.money for value in figure.values)


def recorded(value: Any) -> Mapping[str, Pool]:
    """The numbers of JSON by the names of their fields."""
    result: dict[str, set[float]] = defaultdict(set)
    for name, number in _numbers(value, ""):
        result[name].add(number)
    return {name: hundredths(numbers) for name, numbers in result.items()}


def hundredths(values: Iterable[float]) -> Pool:
    """Amounts in hundredths; what is no amount of anything is left out."""
    return frozenset(round(value * 100) for value in values if 0 < value < 1e9)


def _numbers(value: Any, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for key, inner in cast(Mapping[str, Any], value).items():
            yield from _numbers(inner, str(key))
    elif isinstance(value, list | tuple):
        for inner in cast(Sequence[Any], value):
            yield from _numbers(inner, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value)
