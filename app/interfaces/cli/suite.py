"""What `warmline eval run`, `compare` and `gate` do: the suite's figures as tables, JSON, HTML and JUnit XML."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from app.errors import InvalidRequest
from app.interfaces.cli.common import screen, settings_in_force, side_screen
from app.interfaces.cli.figures import measured
from app.interfaces.cli.suite_tables import show_alarms, show_cases, show_caught, show_comparison, show_gate, show_run

if TYPE_CHECKING:
    from evals.compare import Comparison
    from evals.suite.harness import Finished, Plan
    from evals.suite.summary import Summary

HTML_REPORT = "report.html"
JUNIT_REPORT = "junit.xml"
SUMMARY = "summary.json"


class RunOptions(NamedTuple):
    """What the command line says of a run; what it leaves out comes from the settings."""

    cases: Path | None = None
    split: Literal["development", "held_out"] | None = None
    model: str | None = None
    prompt: str | None = None
    judge: str | None = None
    out: Path | None = None
    recordings: Path | None = None
    record: bool = False
    concurrency: int = 4
    fresh: bool = False
    only: Sequence[str] = ()


def run_suite(options: RunOptions, *, write_baseline: Path | None, matrix: Sequence[str], as_json: bool) -> None:
    """Run the suite, or a grid of runs, and print its figures. Raises InvalidRequest, which names file and field."""
    if matrix and write_baseline is not None:
        raise InvalidRequest("--write-baseline takes the scores of one run, and --matrix makes several.")
    if matrix:
        _run_grid(options, matrix, as_json=as_json)
        return
    finished, figures = _run(options, _plan(options))
    if options.only and not as_json:
        show_cases(finished.results)
    else:
        _show(figures, as_json=as_json)
    if write_baseline is not None:
        _write_baseline(write_baseline, finished, figures)
    if figures.failed:
        sys.exit(1)


def compare_runs(a: Path, b: Path, *, html: Path | None, cases: Path | None, as_json: bool) -> None:
    """Print what changed from one run, or baseline, to another. Raises InvalidRequest."""
    from evals.compare import compare
    from evals.suite.records import read_scores

    compared = compare(read_scores(a), read_scores(b), names=(str(a), str(b)))
    if html is not None:
        _write_comparison(html, compared, a, b, cases)
    if as_json:
        sys.stdout.write(compared.model_dump_json(indent=2) + "\n")
    else:
        show_comparison(compared)


def hold_gate(options: RunOptions, baseline: Path, *, finished_run: Path | None, as_json: bool) -> None:
    """Print whether a run may replace the baseline; ends with status 1 where it may not."""
    from evals.compare.gate import gate
    from evals.suite.records import read_scores, scores_of

    before = read_scores(baseline)
    if finished_run is not None:
        now = read_scores(finished_run)
    else:
        finished, _ = _run(options, _plan(options))
        now = scores_of(finished.manifest, finished.results)
    judgement = gate(before, now)
    if as_json:
        sys.stdout.write(judgement.model_dump_json(indent=2) + "\n")
    else:
        show_gate(judgement, baseline)
    if not judgement.passed:
        sys.exit(1)


def _plan(options: RunOptions) -> "Plan":
    from evals.suite import CASES
    from evals.suite.grid import settings_for
    from evals.suite.harness import Plan

    if options.record and options.recordings is None:
        raise InvalidRequest("--record keeps what the model says in a folder: name it with --recordings DIR.")
    settings = settings_in_force()
    named = {"model": options.model, "prompt": options.prompt}
    settings = settings_for({name: value for name, value in named.items() if value is not None}, settings)
    return Plan(
        cases=options.cases or CASES,
        settings=settings,
        split=options.split,
        only=options.only,
        judge=_judge(options.judge or settings.model_judge),
        recordings=options.recordings,
        record=options.record,
        concurrency=options.concurrency,
    )


def _judge(named: str | None) -> str | None:
    from evals.suite.grid import NO_MODEL

    return None if named == NO_MODEL else named


def _run(options: RunOptions, plan: "Plan") -> "tuple[Finished, Summary]":
    from evals.suite.harness import run
    from evals.suite.summary import summary

    started = perf_counter()
    with measured("cases") as tell:
        finished = asyncio.run(run(plan, options.out, fresh=options.fresh, progress=tell))
    took = perf_counter() - started
    figures = summary(
        finished.manifest,
        finished.results,
        folder=str(finished.folder),
        resumed=finished.resumed,
        seconds=took,
        scorers=plan.scorers,
    )
    _write_reports(plan, finished, figures)
    return finished, figures


def _run_grid(options: RunOptions, matrix: Sequence[str], *, as_json: bool) -> None:
    from evals.compare import compare
    from evals.suite.grid import cells, name_of, settings_for
    from evals.suite.records import scores_of

    plan = _plan(options)
    ran: list[tuple[str, Finished, Summary]] = []
    for cell in cells(matrix):
        name = name_of(cell)
        side_screen().print(name)
        own = options._replace(out=options.out / name if options.out else None)
        ran.append((name, *_run(own, plan._replace(settings=settings_for(cell, plan.settings)))))
    first, *others = ran
    start = scores_of(first[1].manifest, first[1].results)
    # Cells that were measured one after another are of one run; one that was kept from before is not.
    compared = [
        compare(
            start,
            scores_of(finished.manifest, finished.results),
            names=(first[0], name),
            together=not (first[1].resumed or finished.resumed),
        )
        for name, finished, _ in others
    ]
    if as_json:
        _write_json({name: figures for name, _, figures in ran}, compared)
        return
    for comparison in compared:
        show_comparison(comparison)
    if not compared:
        show_run(first[2])


def _show(figures: "Summary", *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(figures.model_dump_json(indent=2) + "\n")
    else:
        show_run(figures)


def _write_baseline(path: Path, finished: "Finished", figures: "Summary") -> None:
    from evals.suite.records import scores_of, write_baseline

    if figures.failed:
        raise InvalidRequest(f"{path} was not written: {figures.failed} cases ended in an error.")
    write_baseline(path, scores_of(finished.manifest, finished.results))
    side_screen().print(f"The baseline is {path}: {figures.n} cases.")


def _write_json(runs: "Mapping[str, Summary]", compared: "Sequence[Comparison]") -> None:
    import orjson

    document: dict[str, Any] = {
        "runs": {name: figures.model_dump(mode="json") for name, figures in runs.items()},
        "comparisons": [comparison.model_dump(mode="json") for comparison in compared],
    }
    sys.stdout.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def _write_reports(plan: "Plan", finished: "Finished", figures: "Summary") -> None:
    from evals.report.junit import junit
    from evals.report.pages import run_page
    from evals.suite.cases import load_cases

    cases = {case.id: case for case in load_cases(plan.cases, split=plan.split, only=plan.only)}
    pages = {
        HTML_REPORT: run_page(finished.manifest, figures, finished.results, cases, scorers=plan.scorers),
        JUNIT_REPORT: junit(finished.manifest, figures, finished.results, scorers=plan.scorers),
        SUMMARY: figures.model_dump_json(indent=2) + "\n",
    }
    for name, content in pages.items():
        (finished.folder / name).write_text(content, encoding="utf-8")


def _write_comparison(html: Path, compared: "Comparison", a: Path, b: Path, folder: Path | None) -> None:
    from evals.report.pages import comparison_page
    from evals.suite import CASES
    from evals.suite.cases import load_cases
    from evals.suite.records import read_results

    results = [{result.case: result for result in read_results(path)} if path.is_dir() else {} for path in (a, b)]
    cases = {case.id: case for case in load_cases(folder or CASES)}
    html.write_text(comparison_page(compared, results[0], results[1], cases), encoding="utf-8")


def convert_dataset(dataset: str, file: Path, out: Path, *, part: str | None) -> None:
    """Write a data set's file as our evals read it. Raises InvalidRequest, which names what is wrong in it."""
    from evals.datasets import convert

    made = convert(dataset, file, out, part=part)
    screen().print(f"{made.rows} rows in {out}: {made.use}")


def begin_case(name: str, folder: Path | None) -> None:
    """Write a case to begin with, and say what comes next. Raises InvalidRequest."""
    from evals.suite import CASES
    from evals.suite.template import new_case

    path = new_case(folder or CASES, name)
    own = f" --cases {folder}" if folder else ""
    screen().print(f"{path}\nChange it, then see what the scorers say of it: warmline eval run --only {name}{own}")


def evaluate_scorers(data: Path, *, seed: int, as_json: bool) -> None:
    """Print which altered sentences the scorers of lies catch. Raises InvalidRequest, which names the line."""
    from evals.experiments.scorer_sensitivity import evaluate

    with measured("dialogues") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), seed=seed, progress=tell))
    if as_json:
        sys.stdout.write(figures.model_dump_json(indent=2) + "\n")
    else:
        show_caught(figures)


def try_alarms(options: RunOptions, *, seeds: int, as_json: bool) -> None:
    """Print which planted losses are flagged, and how often noise is. Ends with 1 where the comparison fails."""
    from evals.experiments.suite_self_test import evaluate

    with measured("runs") as tell:
        figures = asyncio.run(evaluate(_plan(options), seeds=seeds, progress=tell))
    if as_json:
        sys.stdout.write(figures.model_dump_json(indent=2) + "\n")
    else:
        show_alarms(figures)
    if not figures.passed:
        sys.exit(1)
