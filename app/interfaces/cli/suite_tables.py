"""What the suite's commands show to people: a run, a comparison, and whether the gate is open."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from app.interfaces.cli.common import screen

if TYPE_CHECKING:
    from evals.compare import Comparison
    from evals.compare.gate import Gate
    from evals.experiments.scorer_sensitivity import HarmFigures
    from evals.experiments.suite_self_test import AlarmFigures
    from evals.suite.records import CaseResult
    from evals.suite.summary import Summary

MOST_CHANGES = 10


def show_run(figures: "Summary") -> None:
    """A row a scorer: what it found, and of how many cases it says nothing."""
    table = _table("scorer", "mean", "95 % interval", "cases", "harmed", "unscored", "not asked")
    for name, scorer_figures in figures.scorers.items():
        mean = "-" if scorer_figures.mean is None else f"{scorer_figures.mean:.3f}"
        interval = (
            f"{scorer_figures.interval[0]:.3g} to {scorer_figures.interval[1]:.3g}" if scorer_figures.interval else ""
        )
        harmed = "" if scorer_figures.harmed is None else str(scorer_figures.harmed)
        silent = (str(scorer_figures.unscored or ""), str(scorer_figures.not_applicable or ""))
        table.add_row(name, mean, interval, str(scorer_figures.n), harmed, *silent)
    screen().print(table)
    for case, error in figures.errors.items():
        screen().print(f"{case}: {error}")
    resumed = f", {figures.resumed} of them from before" if figures.resumed else ""
    screen().print(f"{figures.n} cases{resumed}, {figures.failed} errors, {figures.seconds:.0f} s: {figures.folder}")


def show_cases(results: "Sequence[CaseResult]") -> None:
    """Every score of a few cases with its reason; those that the cases do not ask for are left out."""
    for result in results:
        table = _table(result.case, "value", "why")
        for name, score in result.scores.items():
            if score.status != "not_applicable":
                value = score.status if score.value is None else f"{score.value:.3g}"
                table.add_row(name, value, score.reason)
        screen().print(table if result.error is None else f"{result.case}: {result.error}")


def show_comparison(compared: "Comparison") -> None:
    """What the runs were made with where it differs, a row a scorer that differs, and the cases that changed most."""
    screen().print(f"a: {compared.a}\nb: {compared.b}\n{_counted(compared)}")
    for line in compared.made_with:
        screen().print(f"- {line}")
    table = _table("scorer", "a", "b", "change", "joint interval", "verdict", "n")
    for difference in compared.differences:
        if difference.difference or difference.interval != (0.0, 0.0):
            interval = f"{difference.joint_interval[0]:+.3g} to {difference.joint_interval[1]:+.3g}"
            means = (_short(difference.mean_a), _short(difference.mean_b), f"{difference.difference:+.3f}")
            verdict = "-" if difference.verdict == "no difference" else difference.verdict
            table.add_row(difference.scorer, *means, interval, verdict, str(difference.n))
    screen().print(table if table.row_count else "No scorer differs in any case.")
    for name in compared.left_out:
        screen().print(f"{name} has another version in the other run, so its scores are not compared.")
    if compared.changes:
        moved = _table("changed most", "scorer", "a", "b")
        for change in compared.changes[:MOST_CHANGES]:
            moved.add_row(change.case, change.scorer, f"{change.a:.3g}", f"{change.b:.3g}")
        screen().print(moved)


def show_gate(gate: "Gate", baseline: Path) -> None:
    """The comparison, then whether the gate is open, and if not, why and what to do."""
    show_comparison(gate.comparison)
    if gate.passed:
        screen().print(f"The gate is open: nothing is significantly worse than in {baseline}.")
        return
    screen().print("The gate is closed:")
    for reason in gate.reasons:
        screen().print(f"- {reason}")
    screen().print(f"If that is meant, write the baseline anew: warmline eval run --write-baseline {baseline}")


def show_caught(figures: "HarmFigures") -> None:
    """A row a kind of alteration, a column a scorer."""
    table = _table("altered", "n", *figures.scorers)
    for kind in next(iter(figures.scorers.values())).balanced_accuracy:
        values = [caught_figures.balanced_accuracy[kind] for caught_figures in figures.scorers.values()]
        table.add_row(
            kind, str(figures.altered.get(kind, "")), *("-" if value is None else f"{value:.3f}" for value in values)
        )
    table.add_row(
        "true ones kept",
        str(figures.n),
        *(f"{caught_figures.true_kept:.3f}" for caught_figures in figures.scorers.values()),
    )
    screen().print(table)
    screen().print(
        "Balanced accuracy. Made-up entities are new numbers and new names; the other kinds make up nothing."
    )


def show_alarms(figures: "AlarmFigures") -> None:
    """A row a planted loss, then how often noise alone was flagged."""
    table = _table("planted", "before", "after", "joint interval", "flagged")
    for name, planted in figures.planted.items():
        interval = f"{planted.joint_interval[0]:+.3g} to {planted.joint_interval[1]:+.3g}"
        table.add_row(name, _short(planted.before), _short(planted.after), interval, "yes" if planted.flagged else "NO")
    screen().print(table)
    alarms = len(figures.false_alarms)
    screen().print(
        f"Runs that differ in luck alone: {alarms} of {figures.pairs} pairs flagged, over {figures.n} cases."
    )
    for pair, scorers in figures.false_alarms.items():
        screen().print(f"- {pair}: {', '.join(scorers)}")


def _counted(compared: "Comparison") -> str:
    counts = f"{compared.n} cases in both"
    left = {"only in a": compared.only_a, "only in b": compared.only_b, "edited since and left out": compared.edited}
    counts += "".join(f", {number} {words}" for words, number in left.items() if number)
    failed = compared.failed_a or compared.failed_b
    return counts + (f"; errors: {compared.failed_a} and {compared.failed_b}" if failed else "")


def _short(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _table(first: str, *others: str) -> Table:
    """Names stand whole and figures under one another, also where a build server's log is narrow."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        is_text = name in ("scorer", "verdict", "why")
        table.add_column(name, justify="left" if is_text else "right", no_wrap=not is_text)
    return table
