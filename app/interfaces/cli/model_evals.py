"""What `warmline eval faults`, `injections` and `small-model` do: models that fail, obey anybody or are small."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from app.errors import InvalidRequest
from app.interfaces.cli.common import settings_in_force, side_screen
from app.interfaces.cli.figures import measured, show

if TYPE_CHECKING:
    from app.settings import Settings
    from evals.suite.cases import Split


class Checking(NamedTuple):
    """Whether a model judges what rules leave open, and what becomes of its prompts and answers."""

    check: bool
    write_prompts: Path | None
    read_answers: Path | None
    ours: bool


@contextmanager
def _checked_by(settings: "Settings", checking: Checking) -> Generator[Any]:
    """The model that judges. Raises StaleRecording at the end, where it was asked what was never recorded."""
    from evals.datasets.recorded_checks import checking_model, insist_on_recordings

    model = checking_model(settings, **checking._asdict())
    yield model
    insist_on_recordings(model)


def evaluate_facts(data: Path, conversations: Path, checking: Checking, *, as_json: bool) -> None:
    """Print how well true sentences are told from false ones. Raises InvalidRequest, or StaleRecording."""
    from evals.experiments.facts import evaluate

    with _checked_by(settings_in_force(), checking) as model, measured("conversations") as tell:
        figures = asyncio.run(evaluate(data, conversations, checks=model, progress=tell))
    show(figures, as_json=as_json)


def evaluate_verifier(data: Path, checking: Checking, *, seed: int, as_json: bool) -> None:
    """Print how well true sentences are told from altered ones. Raises InvalidRequest, or StaleRecording."""
    from evals.experiments.verifier import evaluate

    settings = settings_in_force()
    with _checked_by(settings, checking) as model, measured("dialogues") as tell:
        figures = asyncio.run(evaluate(data, settings, seed=seed, checks=model, progress=tell))
    show(figures, as_json=as_json)


def evaluate_answers(data: Path, out: Path | None, checking: Checking, *, as_json: bool) -> None:
    """Print how much of recorded answers reaches the agent. Raises InvalidRequest, or StaleRecording."""
    from evals.experiments.answers import evaluate

    settings = settings_in_force()
    with _checked_by(settings, checking) as model, measured("answers") as tell:
        figures = asyncio.run(evaluate(data, settings, out=out, checks=model, progress=tell))
    show(figures, as_json=as_json)


def record_briefs(
    folder: Path, *, cases: Path | None, split: "Split | None", only: Sequence[str], into: Path | None
) -> None:
    """Write the brief's prompts about cases, or take in the answers to them. Raises InvalidRequest, StaleRecording."""
    from evals.datasets.brief_answers import asked_about, take_in, write_prompts
    from evals.suite import CASES
    from evals.suite.cases import load_cases

    settings = settings_in_force()
    chosen = load_cases(cases or CASES, split=split, only=only)
    with measured("cases") as tell:
        asked = asyncio.run(asked_about(chosen, settings, tell))
    if into is None:
        side_screen().print(f"{write_prompts(asked, settings, folder)} prompts are in {folder}.")
    else:
        count = take_in(asked, settings, folder, into, recorded_on=datetime.now(UTC).date().isoformat())
        side_screen().print(f"{count} answers are in {into}.")


def evaluate_rankings(
    data: Path,
    *,
    catalogue: str | None,
    policy: Path | None,
    prompts: Path | None,
    recordings: Path | None,
    into: Path | None,
    as_json: bool,
) -> None:
    """Write the prompts of rankings, or print how recorded ones fare. Raises InvalidRequest."""
    from evals.datasets.recorded_rankings import take_in
    from evals.experiments.rankings import evaluate, recorded_answers, write_prompts

    if (prompts is None) == (recordings is None):
        raise InvalidRequest("Give either --write-prompts FOLDER or --recordings PATH.")
    settings = settings_in_force()
    if catalogue is not None:
        settings = settings.model_copy(update={"catalogue": catalogue})
    text = policy.read_text(encoding="utf-8") if policy else None
    with measured("conversations") as tell:
        if prompts is not None:
            count = asyncio.run(write_prompts(data, settings, prompts, policy=text, progress=tell))
            side_screen().print(f"{count} prompts are in {prompts}.")
            return
        assert recordings is not None
        answers = recorded_answers(data, recordings)
        if into is not None:
            take_in(answers, into, recorded_on=datetime.now(UTC).date().isoformat())
        figures = asyncio.run(evaluate(data, settings, answers, policy=text, progress=tell))
    show(figures, as_json=as_json)


def evaluate_faults(handoffs: int, *, seed: int, concurrency: int, as_json: bool) -> None:
    """Print whether every handoff is in time and true. Raises Unavailable when the faulty server does not start."""
    from evals.experiments.faults import evaluate

    with measured("handoffs") as tell:
        work = evaluate(settings_in_force(), handoffs=handoffs, seed=seed, concurrency=concurrency, progress=tell)
        figures = asyncio.run(work)
    show(figures, as_json=as_json)


def evaluate_injections(lies: int, checking: Checking, *, as_json: bool) -> None:
    """Print what injections change, and which lies survive. Raises InvalidRequest, or StaleRecording."""
    from evals.experiments.injections import evaluate

    settings = settings_in_force()
    with _checked_by(settings, checking) as model, measured("cases, then lies") as tell:
        figures = asyncio.run(evaluate(settings, lies=lies, checks=model, progress=tell))
    show(figures, as_json=as_json)


def evaluate_small_model(handoffs: int, *, as_json: bool) -> None:
    """Print what becomes of handoffs that a very small model words. Raises ConfigurationError without one."""
    from evals.experiments.small_model import evaluate

    with measured("handoffs") as tell:
        figures = asyncio.run(evaluate(settings_in_force(), handoffs=handoffs, progress=tell))
    show(figures, as_json=as_json)
