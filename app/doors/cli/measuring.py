"""What `warmline eval …` does: the figures of `evals`, with a progress bar, for people or as JSON."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from app.doors.cli.common import settings_in_force
from app.doors.cli.figures import measured, show


def evaluate_handoffs(data: Path, *, catalogue: str | None, as_json: bool) -> None:
    """Print the figures over a file of conversations. Raises InvalidRequest, which names the line."""
    from evals.handoffs import evaluate

    settings = settings_in_force()
    if catalogue is not None:
        settings = settings.model_copy(update={"catalogue": catalogue})
    with measured("conversations") as tell:
        figures = asyncio.run(evaluate(data, settings, progress=tell))
    show(figures, as_json=as_json)


def evaluate_identities(data: str, *, at_least: float, without: Sequence[str], as_json: bool) -> None:
    """Print how well suggestions find who is one person. Raises InvalidRequest or ConfigurationError."""
    from evals.identities import evaluate

    with measured("records filed, then compared") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), at_least=at_least, without=without, progress=tell))
    show(figures, as_json=as_json)
