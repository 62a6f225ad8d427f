"""What `warmline eval …` does: the figures of `evals`, with a progress bar, for people or as JSON."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from app.interfaces.cli.common import settings_in_force
from app.interfaces.cli.figures import measured, show


def evaluate_handoffs(data: Path, *, catalogue: str | None, as_json: bool) -> None:
    """Print the figures over a file of conversations. Raises InvalidRequest, which names the line."""
    from evals.experiments.handoffs import evaluate

    settings = settings_in_force()
    if catalogue is not None:
        settings = settings.model_copy(update={"catalogue": catalogue})
    with measured("conversations") as tell:
        figures = asyncio.run(evaluate(data, settings, progress=tell))
    show(figures, as_json=as_json)


def evaluate_quotes(data: Path, *, as_json: bool) -> None:
    """Print how well the briefs of a file quote. Raises InvalidRequest, which names the line."""
    from evals.experiments.quotes import evaluate

    with measured("conversations") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), progress=tell))
    show(figures, as_json=as_json)


def evaluate_labels(data: Path | None, *, as_json: bool) -> None:
    """Print how well sentences are understood, by source. Raises InvalidRequest where the folder lacks one."""
    from evals.experiments.labels import evaluate

    show(evaluate(data), as_json=as_json)


def evaluate_actions(data: Path, *, catalogue: str | None, as_json: bool) -> None:
    """Print how often the right next action is offered. Raises InvalidRequest, which names the line."""
    from evals.experiments.actions import evaluate

    settings = settings_in_force()
    if catalogue is not None:
        settings = settings.model_copy(update={"catalogue": catalogue})
    with measured("conversations") as tell:
        figures = asyncio.run(evaluate(data, settings, progress=tell))
    show(figures, as_json=as_json)


def evaluate_identities(data: str, *, at_least: float, without: Sequence[str], as_json: bool) -> None:
    """Print how well suggestions find who is one person. Raises InvalidRequest or ConfigurationError."""
    from evals.experiments.identities import evaluate

    with measured("records filed, then compared") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), at_least=at_least, without=without, progress=tell))
    show(figures, as_json=as_json)


def evaluate_retrieval(data: Path, *, as_json: bool) -> None:
    """Print how much of what answers a question search finds. Raises InvalidRequest, which names the line."""
    from evals.experiments.retrieval import evaluate

    with measured("turns indexed, then questions") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), progress=tell))
    show(figures, as_json=as_json)


def evaluate_knowledge(data: Path, *, as_json: bool) -> None:
    """Print whether articles that answer a situation are found. Raises InvalidRequest, which names the line."""
    from evals.experiments.knowledge import evaluate

    with measured("passages") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), progress=tell))
    show(figures, as_json=as_json)


def evaluate_friction(data: Path, *, as_json: bool) -> None:
    """Print how well friction finds dissatisfied messages. Raises InvalidRequest, which names the line."""
    from evals.experiments.friction import evaluate

    with measured("dialogues") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), progress=tell))
    show(figures, as_json=as_json)


def evaluate_policy(*, runs: int, decisions: int, seeds: int, as_json: bool) -> None:
    """Print how well the learner does for a simulated tenant, and how sound what its log says of others is."""
    from evals.experiments.policy import simulate

    with measured("decisions") as tell:
        figures = asyncio.run(simulate(runs=runs, decisions=decisions, seeds=seeds, progress=tell))
    show(figures, as_json=as_json)


def evaluate_policy_on_log(log: Path, policy: str, *, audience: str | None, as_json: bool) -> None:
    """Print what a policy would be worth on a log. Raises InvalidRequest, which names the line."""
    from evals.experiments.policy import evaluate_log

    show(evaluate_log(log, policy, audience=audience), as_json=as_json)


def evaluate_signals(data: Path | None, *, as_json: bool) -> None:
    """Print which signals fire on scripted journeys. Raises InvalidRequest, which names the line."""
    from evals.experiments.signals import evaluate

    with measured("journeys") as tell:
        figures = asyncio.run(evaluate(settings_in_force(), path=data, progress=tell))
    show(figures, as_json=as_json)


def evaluate_intent(train: Path, test: Path, *, shots: int | None, seed: int, as_json: bool) -> None:
    """Print how well intents are told apart. Raises InvalidRequest, which names the file and the line."""
    from evals.experiments.intent import evaluate

    with measured("texts") as tell:
        figures = asyncio.run(evaluate(train, test, settings_in_force(), shots=shots, seed=seed, progress=tell))
    show(figures, as_json=as_json)
