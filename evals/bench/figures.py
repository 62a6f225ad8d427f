"""The figures that measurements come to, each beside its floor, and how they are taken."""

from collections.abc import Awaitable, Callable, Sequence
from statistics import median, quantiles
from time import perf_counter

from app.models import Record

WARM_UPS = 3


class LatencyFigure(Record):
    """Milliseconds an answer took, the least it could take, and how many times that it is (median over median)."""

    p50_ms: float
    p99_ms: float
    floor_ms: float
    ratio: float


class ThroughputFigure(Record):
    """Interactions a second, the most that the floor did, and how many times more that is; and what a request took."""

    per_second: float
    p50_ms: float
    p99_ms: float
    floor_per_second: float
    ratio: float


def figure(took: Sequence[float], floor: Sequence[float]) -> LatencyFigure:
    """The figure of these durations beside those of its floor, both in milliseconds."""
    return LatencyFigure(
        p50_ms=round(median(took), 3),
        p99_ms=round(_p99(took), 3),
        floor_ms=round(median(floor), 3),
        ratio=round(median(took) / median(floor), 2),
    )


def rate(per_second: float, took: Sequence[float], floor_per_second: float) -> ThroughputFigure:
    """The figure of so many interactions a second, in requests that took so many milliseconds, beside its floor."""
    return ThroughputFigure(
        per_second=round(per_second, 1),
        p50_ms=round(median(took), 3),
        p99_ms=round(_p99(took), 3),
        floor_per_second=round(floor_per_second, 1),
        ratio=round(floor_per_second / per_second, 2),
    )


def middle_and_slow_end(took: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile of durations, as they are told."""
    return round(median(took), 3), round(_p99(took), 3)


async def timed(turns: int, work: Callable[[int], Awaitable[object]]) -> list[float]:
    """The milliseconds of each of so many turns, after a few that do not count and whose numbers are negative."""
    took: list[float] = []
    for turn in range(-WARM_UPS, turns):
        started = perf_counter()
        await work(turn)
        took.append((perf_counter() - started) * 1000)
    return took[WARM_UPS:]


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def _p99(took: Sequence[float]) -> float:
    return quantiles(took, n=100, method="inclusive")[98] if len(took) > 1 else took[0]
