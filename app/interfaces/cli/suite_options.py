"""`warmline eval run`, `compare`, `gate`, `convert`, `scorers`, `alarms` and `new-case` with their options."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app.interfaces.cli.options import Json

Cases = Annotated[
    Path | None,
    typer.Option("--cases", metavar="DIR", exists=True, file_okay=False, help="Cases of your own. Default: ours."),
]
Split = Annotated[
    Literal["development", "held_out"] | None, typer.Option(help="Only the cases of one split. Default: all.")
]
Model = Annotated[str | None, typer.Option(help="The model that words briefs, or none. Default: WARMLINE_MODEL.")]
PromptVersion = Annotated[str | None, typer.Option("--prompt", help="Version of the brief's prompt.")]
JudgeModel = Annotated[
    str | None, typer.Option("--judge", help="A model as judge, or none. Default: WARMLINE_MODEL_JUDGE.")
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="DIR", file_okay=False, help="Where the run is kept, and goes on after a kill."),
]
RecordingsFolder = Annotated[
    Path | None,
    typer.Option("--recordings", metavar="DIR", file_okay=False, help="Replay models' replies from here; ask nobody."),
]
Record = Annotated[bool, typer.Option("--record", help="Ask for the replies that --recordings lacks, and keep them.")]
Concurrency = Annotated[int, typer.Option(min=1, help="How many cases are under way at a time.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Throw away what this run has so far.")]


def register(evals: typer.Typer) -> None:
    """Add the suite's commands to `warmline eval`."""
    evals.command("run")(eval_run)
    evals.command("compare")(eval_compare)
    evals.command("gate")(eval_gate)
    evals.command("convert")(eval_convert)
    evals.command("scorers")(eval_scorers)
    evals.command("alarms")(eval_alarms)
    evals.command("new-case")(eval_new_case)


def eval_run(
    cases: Cases = None,
    split: Split = None,
    model: Model = None,
    prompt: PromptVersion = None,
    judge: JudgeModel = None,
    out: Out = None,
    recordings: RecordingsFolder = None,
    record: Record = False,
    concurrency: Concurrency = 4,
    fresh: Fresh = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ID", help="Only this case, with every reason. May be repeated."),
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write the scores as a baseline for the gate.")
    ] = None,
    matrix: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=A,B", help="Run a grid over model, prompt or embedder; more axes may follow."),
    ] = None,
    axes: Annotated[list[str] | None, typer.Argument(metavar="[NAME=A,B]...", help="More axes of the grid.")] = None,
    as_json: Json = False,
) -> None:
    """Score the briefs of whole journeys: missing facts, lies, leaks, wrong actions, cost."""
    from app.interfaces.cli.suite import RunOptions, run_suite

    if axes and not matrix:
        raise typer.BadParameter(f"{axes[0]!r} belongs after --matrix.")
    options = RunOptions(cases, split, model, prompt, judge, out, recordings, record, concurrency, fresh, only or ())
    run_suite(options, write_baseline=write_baseline, matrix=[*(matrix or []), *(axes or [])], as_json=as_json)


def eval_compare(
    a: Annotated[Path, typer.Argument(metavar="A", exists=True, help="The folder of a run, or a baseline.")],
    b: Annotated[Path, typer.Argument(metavar="B", exists=True, help="The other one.")],
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write a page with both briefs side by side.")
    ] = None,
    cases: Cases = None,
    as_json: Json = False,
) -> None:
    """What changed from A to B: paired differences with intervals, and the cases that changed most."""
    from app.interfaces.cli.suite import compare_runs

    compare_runs(a, b, html=html, cases=cases, as_json=as_json)


def eval_gate(
    baseline: Annotated[Path, typer.Option(metavar="FILE", exists=True, help="The scores that must not get worse.")],
    run: Annotated[
        Path | None, typer.Option("--run", metavar="DIR", exists=True, help="A finished run. Default: run the suite.")
    ] = None,
    cases: Cases = None,
    split: Split = None,
    model: Model = None,
    prompt: PromptVersion = None,
    judge: JudgeModel = None,
    out: Out = None,
    recordings: RecordingsFolder = None,
    fresh: Fresh = False,
    as_json: Json = False,
) -> None:
    """Exit with 1 when a score is significantly worse than the baseline's."""
    from app.interfaces.cli.suite import RunOptions, hold_gate

    options = RunOptions(cases, split, model, prompt, judge, out, recordings, fresh=fresh)
    hold_gate(options, baseline, finished_run=run, as_json=as_json)


def eval_convert(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="abcd, banking77, clinc150, dialogsum, locomo, …")],
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="The data set's own file.")],
    out: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="Where to write it for our evals.")],
    part: Annotated[str | None, typer.Option(help="Which part of it, where one file holds several.")] = None,
) -> None:
    """Turn a public data set's file into the form that our evals read."""
    from app.interfaces.cli.suite import convert_dataset

    convert_dataset(dataset, file, out, part=part)


def eval_scorers(
    data: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Dialogues with human summaries.")
    ],
    seed: Annotated[int, typer.Option(help="What the alterations are drawn with.")] = 0,
    as_json: Json = False,
) -> None:
    """Whether the scorers of lies catch as many as the check that briefs themselves pass."""
    from app.interfaces.cli.suite import evaluate_scorers

    evaluate_scorers(data, seed=seed, as_json=as_json)


def eval_alarms(
    cases: Cases = None,
    split: Split = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many runs that differ in luck alone are compared.")] = 20,
    as_json: Json = False,
) -> None:
    """Whether compare flags losses that are planted, and is silent where runs differ in luck alone."""
    from app.interfaces.cli.suite import RunOptions, try_alarms

    try_alarms(RunOptions(cases, split), seeds=seeds, as_json=as_json)


def eval_new_case(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its id, such as retail-lamp-not-arrived.")],
    cases: Annotated[
        Path | None, typer.Option("--cases", metavar="DIR", file_okay=False, help="Cases of your own. Default: ours.")
    ] = None,
) -> None:
    """Write a case to begin with, every field with a word on what it is for."""
    from app.interfaces.cli.suite import begin_case

    begin_case(name, cases)
