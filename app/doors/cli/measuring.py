"""`warmline eval …` and `warmline bench …`: the figures of `evals`, with a progress bar, for people or as JSON."""

import asyncio
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, cast

from pydantic import BaseModel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.doors.cli.common import screen, settings_in_force, side_screen


class Tell(Protocol):
    """Hears how much of the work is done."""

    def __call__(self, done: int, total: int, /) -> None:
        """So many of so many."""
        ...


def evaluate_handoffs(data: Path, *, catalogue: str | None, as_json: bool) -> None:
    """Print the figures over a file of conversations. Raises InvalidRequest, which names the line."""
    from evals.handoffs import evaluate

    settings = settings_in_force()
    if catalogue is not None:
        settings = settings.model_copy(update={"catalogue": catalogue})
    with _progress("conversations") as tell:
        figures = asyncio.run(evaluate(data, settings, progress=tell))
    _print(figures, as_json=as_json)


def evaluate_identities(data: str, *, at_least: float, without: Sequence[str], as_json: bool) -> None:
    """Print how well suggestions find who is one person. Raises InvalidRequest or ConfigurationError."""
    from evals.identities import evaluate

    with _progress("records filed, then compared") as tell:
        figures = asyncio.run(evaluate(data, settings_in_force(), at_least=at_least, without=without, progress=tell))
    _print(figures, as_json=as_json)


def time_handoffs(interactions: int, others: int, requests: int, *, as_json: bool) -> None:
    """Print how long a handoff takes over HTTP. Raises Unavailable when the measured service does not start."""
    from evals.bench import bench_handoff

    with _progress("filing other customers") as tell:
        figures = asyncio.run(bench_handoff(interactions, others, requests, progress=tell))
    _print(figures, as_json=as_json)


def time_retrieval(interactions: int, requests: int, *, as_json: bool) -> None:
    """Print how long a search in one customer's history takes."""
    from evals.bench import bench_retrieval

    with _progress("embedding") as tell:
        figures = asyncio.run(bench_retrieval(interactions, requests, progress=tell))
    _print(figures, as_json=as_json)


def time_ingestion(seconds: float, *, as_json: bool) -> None:
    """Print how many interactions a second the service takes. Raises Unavailable when it does not start."""
    from evals.bench import bench_ingest

    with _progress("batches and their floor, then single requests and theirs") as tell:
        figures = asyncio.run(bench_ingest(seconds, progress=tell))
    _print(figures, as_json=as_json)


def time_history(interactions: int, customers: int, embedded: int, *, as_json: bool) -> None:
    """Print how a ledger does when it has grown. Raises Unavailable when something could not be filed."""
    from evals.bench import bench_history

    with _progress("importing, then making vectors") as tell:
        figures = asyncio.run(bench_history(interactions, customers, embedded, progress=tell))
    _print(figures, as_json=as_json)


def _print(figures: BaseModel, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(figures.model_dump_json(indent=2) + "\n")
        return
    table = Table.grid(padding=(0, 2))
    for name, value in _flat(figures.model_dump()):
        table.add_row(name.replace("_", " "), f"{value:,.3f}" if isinstance(value, float) else str(value))
    screen().print(table)


def _flat(figures: Mapping[str, object], parent: str = "") -> Generator[tuple[str, object]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(cast(Mapping[str, object], value), f"{parent}{name} ")
        else:
            yield f"{parent}{name}", value


@contextmanager
def _progress(unit: str) -> Generator[Tell]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=side_screen(), transient=True) as progress:
        task = progress.add_task(unit, total=None)

        def tell(done: int, total: int, /) -> None:
            progress.update(task, completed=done, total=total)

        yield tell
