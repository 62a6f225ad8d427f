"""How measuring shows itself: a progress bar beside, and figures at the end, for people or as JSON."""

import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Protocol, cast

from pydantic import BaseModel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.interfaces.cli.common import screen, side_screen


class Tell(Protocol):
    """Hears how much of the work is done."""

    def __call__(self, done: int, total: int, /) -> None:
        """So many of so many."""
        ...


def show(figures: BaseModel, *, as_json: bool) -> None:
    """Print figures as one JSON object, or as a table of names and values."""
    if as_json:
        sys.stdout.write(figures.model_dump_json(indent=2) + "\n")
        return
    from evals.numbers import fixed

    table = Table.grid(padding=(0, 2))
    for name, value in _flat(figures.model_dump()):
        table.add_row(name.replace("_", " "), fixed(value) if isinstance(value, float) else str(value))
    screen().print(table)


def _flat(figures: Mapping[str, object], parent: str = "") -> Generator[tuple[str, object]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(cast(Mapping[str, object], value), f"{parent}{name} ")
        else:
            yield f"{parent}{name}", value


@contextmanager
def measured(unit: str) -> Generator[Tell]:
    """A progress bar over so many of something, which goes away at the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=side_screen(), transient=True) as progress:
        task = progress.add_task(unit, total=None)

        def tell(done: int, total: int, /) -> None:
            progress.update(task, completed=done, total=total)

        yield tell
