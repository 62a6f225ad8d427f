"""What the suite's commands show to people: a run, a comparison, and whether the gate is open."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from app.interfaces.cli.common import screen

if TYPE_CHECKING:
    from evals.compare import Change, Comparison, Difference
    from evals.compare.gate import Gate
    from evals.experiments.scorer_sensitivity import HarmFigures
    from evals.experiments.suite_self_test import AlarmFigures
    from evals.suite.records import CaseResult
    from evals.suite.summary import Summary

MOST_CHANGES = 10
_ARROWS = "↑ higher is better, ↓ lower is better"


def show_run(figures: "Summary") -> None:
    """In whose words the briefs are, then a row a scorer: what it found, and of how many cases it says nothing."""
    from evals.numbers import between, fixed, money

    screen().print(figures.wording.in_words)
    if figures.model:
        usage = figures.usage
        cost = money(usage.cost_usd)
        screen().print(f"{usage.prompt_tokens:,} tokens in, {usage.completion_tokens:,} out; cost: {cost}")
    table = _table("scorer", "unit", "mean", "95 % interval", "harmed", "unscored", "n/a")
    for name, scorer_figures in figures.scorers.items():
        mean = "-" if scorer_figures.mean is None else fixed(scorer_figures.mean)
        interval = between(*scorer_figures.interval) if scorer_figures.interval else ""
        harmed = "-" if scorer_figures.harmed is None else str(scorer_figures.harmed)
        silent = (str(scorer_figures.unscored or ""), str(scorer_figures.not_applicable or ""))
        unit = _unit(scorer_figures.unit, scorer_figures.better)
        table.add_row(name, unit, mean, interval, f"{harmed}/{scorer_figures.n}", *silent)
    screen().print(table)
    screen().print(f"{_ARROWS}; harmed: cases that show the harm/that are scored; n/a: cases that do not ask for it.")
    for case, error in figures.errors.items():
        screen().print(f"{case}: {error}")
    resumed = f", {figures.resumed} of them from before" if figures.resumed else ""
    screen().print(f"{figures.n} cases{resumed}, {figures.failed} errors, {figures.seconds:.0f} s: {figures.folder}")


def show_cases(results: "Sequence[CaseResult]") -> None:
    """Every score of a few cases with its reason; those that the cases do not ask for are left out."""
    from evals.numbers import significant
    from evals.scorers import scorer_named

    for result in results:
        table = _table(result.case, "unit", "value", "why")
        for name, score in result.scores.items():
            if score.status != "not_applicable":
                value = score.status if score.value is None else significant(score.value)
                scorer = scorer_named(name)
                table.add_row(name, _unit(scorer.unit, scorer.better) if scorer else "", value, score.reason)
        screen().print(table if result.error is None else f"{result.case}: {result.error}")
    screen().print(f"{_ARROWS}.")


def show_comparison(compared: "Comparison") -> None:
    """What the runs were made with where it differs, a row a scorer that differs, and the cases that changed most."""
    screen().print(f"a: {compared.a}\n   {compared.wording_a.in_words}")
    screen().print(f"b: {compared.b}\n   {compared.wording_b.in_words}")
    for warning in compared.warnings:
        screen().print(f"WARNING: {warning}")
    screen().print(_counted(compared))
    for line in compared.made_with:
        screen().print(f"- {line}")
    _show_differences(compared.differences)
    for name in compared.left_out:
        screen().print(f"{name} has another version in the other run, so its scores are not compared.")
    if compared.changes:
        _show_changes(compared.changes)


def _show_differences(differences: "Sequence[Difference]") -> None:
    from evals.numbers import between, significant

    table = _table("scorer", "unit", "a", "b", "verdict", "n", "joint interval of b - a")
    for difference in differences:
        if difference.difference or difference.interval != (0.0, 0.0):
            unit = _unit(difference.unit, difference.better)
            means = (significant(difference.mean_a), significant(difference.mean_b))
            verdict = difference.verdict if difference.verdict in ("better", "worse") else "-"
            interval = between(*difference.joint_interval, sign=True)
            table.add_row(difference.scorer, unit, *means, verdict, str(difference.n), interval)
    if table.row_count:
        screen().print(table)
        screen().print(f"{_ARROWS}; -: no significant difference, or the reason is below.")
    else:
        screen().print("No scorer differs in any case.")
    for difference in differences:
        if difference.why:
            screen().print(f"{difference.scorer} is {difference.verdict_in_words}.")


def _show_changes(changes: "Sequence[Change]") -> None:
    from evals.numbers import significant
    from evals.scorers import scorer_named

    table = _table("changed most", "scorer", "unit", "a", "b")
    for change in changes[:MOST_CHANGES]:
        scorer = scorer_named(change.scorer)
        unit = _unit(scorer.unit, scorer.better) if scorer else ""
        table.add_row(change.case, change.scorer, unit, significant(change.a), significant(change.b))
    screen().print(table)


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
        "Balanced accuracy (share, higher is better). Made-up entities are new numbers and new names; the other kinds "
        "make up nothing."
    )


def show_alarms(figures: "AlarmFigures") -> None:
    """A row a planted loss, then how often noise alone was flagged."""
    from evals.numbers import between, significant
    from evals.scorers import scorer_named

    table = _table("planted", "scorer", "unit", "before", "after", "joint interval", "flagged")
    for name, planted in figures.planted.items():
        interval = between(*planted.joint_interval, sign=True)
        values = (significant(planted.before), significant(planted.after))
        scorer = scorer_named(planted.scorer)
        unit = _unit(scorer.unit, scorer.better) if scorer else ""
        table.add_row(name, planted.scorer, unit, *values, interval, "yes" if planted.flagged else "NO")
    screen().print(table)
    screen().print(f"{_ARROWS}.")
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


def _unit(unit: str, better: str | None) -> str:
    arrow = {"higher": " ↑", "lower": " ↓"}.get(better or "", "")
    return f"{unit}{arrow}"


def _table(first: str, *others: str) -> Table:
    """Names stand whole and figures under one another, also where a build server's log is narrow."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for name in others:
        is_text = name in ("scorer", "unit", "verdict", "why", "joint interval of b - a")
        table.add_column(name, justify="left" if is_text else "right", no_wrap=not is_text or name == "unit")
    return table
