"""What `warmline eval faults`, `injections` and `small-model` do: models that fail, obey anybody or are small."""

import asyncio

from app.doors.cli.common import settings_in_force
from app.doors.cli.figures import measured, show


def evaluate_faults(handoffs: int, *, seed: int, concurrency: int, as_json: bool) -> None:
    """Print whether every handoff is in time and true. Raises Unavailable when the faulty server does not start."""
    from evals.faults import evaluate

    with measured("handoffs") as tell:
        work = evaluate(settings_in_force(), handoffs=handoffs, seed=seed, concurrency=concurrency, progress=tell)
        figures = asyncio.run(work)
    show(figures, as_json=as_json)


def evaluate_injections(lies: int, *, as_json: bool) -> None:
    """Print what injections change, and which lies survive."""
    from evals.injections import evaluate

    with measured("cases, then lies") as tell:
        figures = asyncio.run(evaluate(settings_in_force(), lies=lies, progress=tell))
    show(figures, as_json=as_json)


def evaluate_small_model(handoffs: int, *, as_json: bool) -> None:
    """Print what becomes of handoffs that a very small model words. Raises ConfigurationError without one."""
    from evals.small_model import evaluate

    with measured("handoffs") as tell:
        figures = asyncio.run(evaluate(settings_in_force(), handoffs=handoffs, progress=tell))
    show(figures, as_json=as_json)
