"""Plots for the pages of the analytics: Plotly's figures, drawn in the browser by the script in Plotly's own package.

Colours are names of our style sheet (`var(--plot-line)`): the page's script puts in what they stand for, so that a plot
follows the colour scheme. Each plot has a text that says the same.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from app.interfaces.console.figure_words import FEW, Unit, interval, value_in_words
from app.interfaces.rendering.assets import page_files
from app.models.continuity import Metric

SCRIPT = "plotly.min.js"
HEIGHT = 190
# More do not fit beside each other where a plot is narrow.
MOST_LABELS = 5

# Plotly's script looks for a style element by the hash of its content before it adds one.
_STYLE_LOOKED_FOR = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')
_UNITS_OF_TIME = ((86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1_000, "seconds"))


class Plot(NamedTuple):
    """What is plotted, the figure as JSON for Plotly's script, and what it shows in words."""

    title: str
    figure: str
    summary: str


class PlotPoint(NamedTuple):
    """A figure of one period: its first day, what the period is called, and the figure."""

    day: date
    period: str
    metric: Metric


class Bar(NamedTuple):
    """The escalations of one period: with a handoff, and without one."""

    day: date
    period: str
    prepared: int
    unprepared: int


@cache
def styles_looked_for() -> Sequence[str]:
    """The ids of the style elements that Plotly's script would add, which a strict Content-Security-Policy refuses.

    A page that has elements of these ids already is left alone; none of these styles is for what we plot.
    """
    script = page_files()[SCRIPT].read_bytes()
    return sorted({style_id.decode() for style_id in _STYLE_LOOKED_FOR.findall(script)})


def over_time(label: str, unit: Unit, points: Sequence[PlotPoint]) -> Plot:
    """A figure over periods, with its intervals; periods without a case leave a gap, few cases a hollow dot."""
    from plotly import graph_objects

    scale, name = _scale(unit, [point.metric for point in points])
    trace = graph_objects.Scatter(
        x=[point.day for point in points],
        y=[None if point.metric.value is None else point.metric.value / scale for point in points],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [_reach(point.metric, point.metric.ci_high, scale) for point in points],
            "arrayminus": [_reach(point.metric, point.metric.ci_low, scale) for point in points],
            "color": "var(--plot-interval)",
            "thickness": 1.5,
            "width": 3,
        },
        mode="lines+markers",
        line={"color": "var(--plot-line)", "width": 2},
        marker={
            "color": "var(--plot-line)",
            "size": 8,
            "symbol": ["circle-open" if point.metric.count < FEW else "circle" for point in points],
        },
        text=[f"{point.period}<br>{_in_words(point.metric, unit)}" for point in points],
        hovertemplate="%{text}<extra></extra>",
        connectgaps=False,
    )
    axis = {"tickformat": ".0%" if unit == "share" else "~g", "title": {"text": name, "standoff": 4}}
    figure = _figure([trace], [point.day for point in points], axis)
    return Plot(label, figure, summary(label, unit, points))


def counts_over_time(label: str, bars: Sequence[Bar]) -> Plot:
    """How many escalations there were in each period, with a handoff and without."""
    from plotly import graph_objects

    days = [bar.day for bar in bars]
    hover_texts = [f"{bar.period}<br>{bar.prepared} with a handoff, {bar.unprepared} without" for bar in bars]
    shared = {"x": days, "text": hover_texts, "textposition": "none", "hovertemplate": "%{text}<extra></extra>"}
    traces = [
        graph_objects.Bar(y=[bar.prepared for bar in bars], marker={"color": "var(--plot-line)"}, **shared),
        graph_objects.Bar(y=[bar.unprepared for bar in bars], marker={"color": "var(--plot-interval)"}, **shared),
    ]
    most = max(bars, key=lambda bar: bar.prepared + bar.unprepared, default=None)
    words = f"{label} over {_periods(bars)}: {sum(bar.prepared for bar in bars)} with a handoff, "
    words += f"{sum(bar.unprepared for bar in bars)} without."
    if most is not None:
        words += f" Most, {most.period}: {most.prepared + most.unprepared}."
    return Plot(label, _figure(traces, days, {"tickformat": "~d"}), words)


def _figure(traces: Sequence[Any], days: Sequence[date], axis: Mapping[str, Any]) -> str:
    """The traces in the look that all plots share, as JSON."""
    from plotly import graph_objects

    labelled = days[:: max(1, -(-len(days) // MOST_LABELS))]
    figure = graph_objects.Figure(list(traces))
    figure.update_layout(
        template="none",
        barmode="stack",
        bargap=0.35,
        height=HEIGHT,
        margin={"l": 46, "r": 10, "t": 8, "b": 30},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": "var(--soft)", "size": 11, "family": "system-ui, sans-serif"},
        showlegend=False,
        dragmode=False,
        hovermode="closest",
        hoverlabel={"bgcolor": "var(--sheet)", "bordercolor": "var(--line-strong)", "font": {"color": "var(--ink)"}},
        xaxis={
            "type": "date",
            "fixedrange": True,
            "showgrid": False,
            "tickvals": labelled,
            "ticktext": [f"{day.day} {day:%b}" for day in labelled],
            "tickangle": 0,
            "ticks": "outside",
            "ticklen": 5,
            "tickcolor": "var(--line-strong)",
        },
        yaxis={
            "gridcolor": "var(--line)",
            "zerolinecolor": "var(--line-strong)",
            "fixedrange": True,
            "rangemode": "tozero",
            "nticks": 5,
            **axis,
        },
    )
    return str(figure.to_json())


def summary(label: str, unit: Unit, points: Sequence[PlotPoint]) -> str:
    """What a plot over time shows, in a sentence or two for those who do not see it."""
    measured = [(point.metric.value, point) for point in points if point.metric.value is not None]
    if not measured:
        return f"{label}: nothing is known for any of {_periods(points)}."
    highest, lowest = max(measured, key=lambda pair: pair[0])[1], min(measured, key=lambda pair: pair[0])[1]
    last = measured[-1][1]
    return (
        f"{label} over {_periods(points)}, known for {len(measured)}. "
        f"Last, {last.period}: {_in_words(last.metric, unit)}. "
        f"Highest, {highest.period}: {_value(highest.metric, unit)}. "
        f"Lowest, {lowest.period}: {_value(lowest.metric, unit)}."
    )


def _periods(points: Sequence[object]) -> str:
    return f"{len(points)} period{'' if len(points) == 1 else 's'}"


def _in_words(metric: Metric, unit: Unit) -> str:
    between = interval(metric, unit)
    cases = f"{metric.count} case{'' if metric.count == 1 else 's'}"
    return f"{_value(metric, unit)} ({between}), {cases}" if between else f"{_value(metric, unit)}, {cases}"


def _value(metric: Metric, unit: Unit) -> str:
    return "not known" if metric.value is None else value_in_words(metric.value, unit)


def _reach(metric: Metric, bound: float | None, scale: float) -> float:
    return 0.0 if metric.value is None or bound is None else abs(bound - metric.value) / scale


def _scale(unit: Unit, metrics: Sequence[Metric]) -> tuple[float, str]:
    """By what to divide the values so that the axis reads in a usual unit, and the unit's name."""
    if unit == "share":
        return 1.0, ""
    longest = max((metric.value or 0.0 for metric in metrics), default=0.0)
    return next(((length, name) for length, name in _UNITS_OF_TIME if longest >= 2 * length), (1.0, "milliseconds"))
