"""Figures in words: what is shown, what is left open, and when a change is called one."""

import json
import re
from datetime import date
from typing import Any

import pytest

from app.interfaces.console import plots
from app.interfaces.console.figure_words import change, duration, shown, time_lost_ms
from app.models.continuity import ContinuityMetrics, Metric

UNKNOWN = Metric()


def rate(value: float, count: int, low: float, high: float) -> Metric:
    return Metric(value=value, count=count, ci_low=low, ci_high=high)


def metrics(**given: Metric) -> ContinuityMetrics:
    names = [name for name, field in ContinuityMetrics.model_fields.items() if field.annotation is Metric]
    return ContinuityMetrics.model_validate({"count": 9, "handoffs": 5} | dict.fromkeys(names, UNKNOWN) | given)


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"),
        (0.42, "0.42 ms"),
        (3.5, "3.5 ms"),
        (3.0, "3 ms"),
        (849.6, "850 ms"),
        (4_240, "4.2 s"),
        (9_960, "10 s"),
        (59_600, "1 min"),
        (80_000, "1 min 20 s"),
        (11_100_000, "3 h 5 min"),
        (3_600_000 + 5_000, "1 h"),
        (86_400_000 + 4 * 3_600_000, "1 day 4 h"),
        (2 * 86_400_000, "2 days"),
    ],
)
def test_a_time_is_told_in_the_units_that_people_use(milliseconds: float, words: str) -> None:
    assert duration(milliseconds) == words


def test_what_is_not_known_is_a_dash_and_never_a_zero() -> None:
    assert shown(UNKNOWN, "share").text == "–"
    assert shown(rate(0.0, 40, 0.0, 0.09), "share").text == "0%"


def test_a_figure_tells_its_interval_where_there_is_one() -> None:
    assert shown(rate(0.25, 40, 0.142, 0.402), "share").interval == "14–40%"
    assert shown(Metric(value=300.0, count=40, ci_low=207.0, ci_high=336.0), "ms").interval == "207–336 ms"
    assert (
        shown(Metric(value=60_000.0, count=40, ci_low=52_000.0, ci_high=84_000.0), "ms").interval == "52 s – 1 min 24 s"
    )
    assert shown(Metric(value=300.0, count=3), "ms").interval is None


def test_few_cases_are_marked_as_few() -> None:
    assert shown(rate(0.5, 19, 0.29, 0.71), "share").few
    assert not shown(rate(0.5, 20, 0.3, 0.7), "share").few


def test_a_change_that_chance_hardly_explains_is_clear() -> None:
    # 56 of 70 against 48 of 80: Newcombe's method 10 gives 0.0524 to 0.3339 (his table II, example a).
    difference = change(rate(0.8, 70, 0.6919, 0.8769), rate(0.6, 80, 0.4904, 0.7004), "share")
    assert difference is not None
    assert (difference.direction, difference.clear) == ("higher", True)
    assert difference.text == "20.0 points higher than before (60%)"


def test_a_change_that_may_be_chance_says_so() -> None:
    # 9 of 10 against 3 of 10 is clear (0.1705 to 0.8090, example b); 6 of 10 against 3 of 10 is not.
    clear = change(rate(0.9, 10, 0.5958, 0.9821), rate(0.3, 10, 0.1078, 0.6032), "share")
    unclear = change(rate(0.6, 10, 0.3127, 0.8318), rate(0.3, 10, 0.1078, 0.6032), "share")
    assert clear is not None
    assert unclear is not None
    assert clear.clear
    assert not unclear.clear
    assert unclear.text.endswith(", perhaps by chance")


def test_a_change_without_intervals_is_never_clear() -> None:
    difference = change(Metric(value=100.0, count=3), Metric(value=9000.0, count=3), "ms")
    assert difference is not None
    assert (difference.direction, difference.clear) == ("lower", False)


def test_there_is_no_change_from_or_to_what_is_not_known() -> None:
    assert change(UNKNOWN, rate(0.3, 10, 0.1, 0.6), "share") is None
    assert change(rate(0.3, 10, 0.1, 0.6), UNKNOWN, "share") is None


def test_time_lost_adds_what_was_lost_with_a_handoff_and_without() -> None:
    both = metrics(
        handoff_penalty_ms=Metric(value=10_000.0, count=6), unprepared_penalty_ms=Metric(value=40_000.0, count=3)
    )
    assert time_lost_ms(both) == 6 * 10_000 + 3 * 40_000
    assert time_lost_ms(metrics()) is None


def points(*values: Metric) -> list[plots.PlotPoint]:
    return [
        plots.PlotPoint(date(2026, 3, 2 + number), f"{2 + number} Mar", value) for number, value in enumerate(values)
    ]


def figure(plot: plots.Plot) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(plot.figure)
    return document


def test_a_plot_shows_each_value_with_its_interval_and_leaves_a_gap_for_what_is_not_known() -> None:
    plot = plots.over_time("Rate", "share", points(rate(0.25, 40, 0.15, 0.4), UNKNOWN, rate(0.5, 3, 0.2, 0.8)))
    trace = figure(plot)["data"][0]
    assert trace["y"] == [0.25, None, 0.5]
    assert [round(error, 6) for error in trace["error_y"]["array"]] == [0.15, 0, 0.3]
    assert [round(error, 6) for error in trace["error_y"]["arrayminus"]] == [0.1, 0, 0.3]
    assert trace["marker"]["symbol"] == ["circle", "circle-open", "circle-open"]
    assert not trace["connectgaps"]


def test_times_are_plotted_in_the_largest_unit_that_fits() -> None:
    plot = plots.over_time("Time", "ms", points(Metric(value=150_000.0, count=40), Metric(value=60_000.0, count=40)))
    assert figure(plot)["data"][0]["y"] == [2.5, 1.0]
    assert figure(plot)["layout"]["yaxis"]["title"]["text"] == "minutes"


def test_the_words_beside_a_plot_tell_its_last_highest_and_lowest_value() -> None:
    plot = plots.over_time(
        "Rate", "share", points(rate(0.1, 40, 0.05, 0.2), rate(0.5, 40, 0.3, 0.7), rate(0.3, 40, 0.2, 0.5))
    )
    assert plot.summary == (
        "Rate over 3 periods, known for 3. Last, 4 Mar: 30% (20–50%), 40 cases. "
        "Highest, 3 Mar: 50%. Lowest, 2 Mar: 10%."
    )
    assert plots.over_time("Rate", "share", points(UNKNOWN)).summary == "Rate: nothing is known for any of 1 period."


def test_a_plot_of_counts_tells_prepared_and_unprepared_apart() -> None:
    bars = [plots.Bar(date(2026, 3, 2), "2 Mar", 5, 2), plots.Bar(date(2026, 3, 3), "3 Mar", 1, 0)]
    plot = plots.counts_over_time("Escalations", bars)
    assert [trace["y"] for trace in figure(plot)["data"]] == [[5, 1], [2, 0]]
    assert plot.summary == "Escalations over 2 periods: 6 with a handoff, 2 without. Most, 2 Mar: 7."


def test_every_colour_of_a_plot_is_a_name_of_the_style_sheet() -> None:
    plot = plots.over_time("Rate", "share", points(rate(0.1, 40, 0.05, 0.2)))
    colours = re.findall(r'"\w*color":\s*"([^"]*)"', plot.figure)
    assert colours
    assert all(colour.startswith("var(--") or colour == "rgba(0,0,0,0)" for colour in colours)


def test_the_script_of_the_installed_package_says_which_styles_it_looks_for() -> None:
    assert plots.styles_looked_for()
    assert all(len(digest) == 64 for digest in plots.styles_looked_for())
