"""The figures of the analytics in words: values with their unit, how sure they are, and how they changed."""

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Literal, NamedTuple

from app.models.continuity import ContinuityMetrics, Definition, Metric

Unit = Literal["share", "ms"]

# The five figures that the contract names, in the order in which pages show them.
METRICS: Mapping[str, Unit] = {
    "repeat_information_rate": "share",
    "context_gap_rate": "share",
    "handoff_penalty_ms": "ms",
    "time_to_brief_ms": "ms",
    "override_rate": "share",
}
# With fewer cases, one case more or less moves a rate by five points and over: shown, but as uncertain.
FEW = 20
NOTHING = "–"


class DisplayedFigure(NamedTuple):
    """A figure as a page shows it; `few` where it stands on few cases, `interval` None where there is none."""

    text: str
    cases: int
    interval: str | None
    few: bool


class FigureChange(NamedTuple):
    """How a figure differs from that of the period before; `clear` where chance alone hardly explains it."""

    text: str
    direction: Literal["lower", "higher", "same"]
    clear: bool


class Tile(NamedTuple):
    """One of the five figures with all that a page says of it."""

    name: str
    definition: Definition
    shown: DisplayedFigure
    change: FigureChange | None


def tiles(
    now: ContinuityMetrics, before: ContinuityMetrics | None, definitions: Mapping[str, Definition]
) -> Sequence[Tile]:
    """The five figures of a period, each beside that of the period before where there is one."""
    return [
        Tile(
            name=name,
            definition=definitions[name],
            shown=shown(metric_of(now, name), unit),
            change=change(metric_of(now, name), metric_of(before, name), unit) if before else None,
        )
        for name, unit in METRICS.items()
    ]


def metric_of(metrics: ContinuityMetrics, name: str) -> Metric:
    """One figure by its name."""
    metric: Metric = getattr(metrics, name)
    return metric


def shown(metric: Metric, unit: Unit) -> DisplayedFigure:
    """A figure in words; what is not known is a dash, never a zero."""
    if metric.value is None:
        return DisplayedFigure(NOTHING, metric.count, None, few=False)
    return DisplayedFigure(
        value_in_words(metric.value, unit), metric.count, interval(metric, unit), few=metric.count < FEW
    )


def interval(metric: Metric, unit: Unit) -> str | None:
    """The 95 % interval in words, or None where there is none."""
    if metric.ci_low is None or metric.ci_high is None:
        return None
    if unit == "share":
        return f"{100 * metric.ci_low:.0f}–{100 * metric.ci_high:.0f}%"
    low, high = value_in_words(metric.ci_low, unit), value_in_words(metric.ci_high, unit)
    number, _, of_low = low.partition(" ")
    # 207–336 ms, but 52 s – 1 min 24 s.
    return f"{number}–{high}" if of_low == high.partition(" ")[2] else f"{low} – {high}"


def value_in_words(value: float, unit: Unit) -> str:
    """A share as a percentage, a time in the units that people use."""
    return f"{100 * value:.0f}%" if unit == "share" else duration(value)


def duration(milliseconds: float) -> str:
    """A time of so many milliseconds in its two largest units: 850 ms, 4.2 s, 1 min 20 s, 3 h 5 min, 2 days 4 h.

    Below ten milliseconds fractions are shown, so that nothing but zero reads as `0 ms`.
    """
    if 0 < milliseconds < 10 and milliseconds != int(milliseconds):
        return f"{milliseconds:.2g} ms"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 9_950:
        return f"{milliseconds / 1000:.1f} s"
    seconds = round(milliseconds / 1000)
    parts: list[str] = []
    for word, length in (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if (count := seconds // length) > 0 and len(parts) < 2:
            parts.append(f"{count} {word}{'s' if word == 'day' and count > 1 else ''}")
        elif parts:
            break
        seconds %= length
    return " ".join(parts)


def change(now: Metric, before: Metric, unit: Unit) -> FigureChange | None:
    """How a figure changed, or None where one of the two is not known.

    Whether it is clear is judged by an interval of the difference, made of both figures' own intervals (R. G. Newcombe,
    "Interval estimation for the difference between independent proportions", Statistics in Medicine 17, 1998, method
    10; G. Y. Zou and A. Donner, "Construction of confidence limits about effect measures", Statistics in Medicine 27,
    2008, for any figure): clear where it leaves out zero.
    """
    if now.value is None or before.value is None:
        return None
    difference = now.value - before.value
    if difference == 0:
        return FigureChange("unchanged", "same", clear=False)
    direction = "lower" if difference < 0 else "higher"
    size = f"{abs(100 * difference):.1f} points" if unit == "share" else duration(abs(difference))
    clear = _is_clear(now, before, difference)
    return FigureChange(
        f"{size} {direction} than before ({value_in_words(before.value, unit)})"
        + ("" if clear else ", perhaps by chance"),
        direction,
        clear=clear,
    )


def _is_clear(now: Metric, before: Metric, difference: float) -> bool:
    bounds = (now.value, now.ci_low, now.ci_high, before.value, before.ci_low, before.ci_high)
    value, low, high, value_before, low_before, high_before = (bound if bound is not None else 0.0 for bound in bounds)
    if None in bounds:
        return False
    down = hypot(value - low, high_before - value_before)
    up = hypot(high - value, value_before - low_before)
    return not difference - down <= 0 <= difference + up


def time_lost_ms(metrics: ContinuityMetrics) -> float | None:
    """About how long customers and agents went over what was known: each median penalty times its cases.

    With a handoff and without one; None where no penalty could be told.
    """
    penalties = [
        metric for metric in (metrics.handoff_penalty_ms, metrics.unprepared_penalty_ms) if metric.value is not None
    ]
    return sum(metric.count * (metric.value or 0.0) for metric in penalties) if penalties else None
