"""`warmline reindex`: the vectors of all tenants, made anew from the ledger."""

import asyncio
import json
import sys
from time import perf_counter
from typing import NamedTuple

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import build
from app.errors import ConfigurationError
from app.interfaces.cli.common import screen, settings_in_force, side_screen
from app.models import IndexProgress
from app.services import App
from app.settings import Settings


def reindex(*, as_json: bool) -> None:
    """Make the index anew and tell what it holds. Raises ConfigurationError, RetrievalUnavailable or Unavailable."""
    settings = settings_in_force()
    if settings.vectors_url == "memory:":
        raise ConfigurationError(
            "WARMLINE_VECTORS_URL is memory:, so there is nothing to rebuild: each service makes its own index as it "
            "starts."
        )
    report = made_anew(settings)
    if as_json:
        sys.stdout.write(json.dumps(report.fields(), indent=2) + "\n")
    else:
        report.show()


class IndexReport(NamedTuple):
    """What an index holds that was made anew, and how long that took."""

    made: IndexProgress
    seconds: float

    def fields(self) -> dict[str, int | float | str]:
        """The report for a program."""
        fields: dict[str, int | float | str] = {
            "interactions": self.made.interactions,
            "vectors": self.made.vectors,
            "passages": self.made.passages,
            "duration_s": round(self.seconds, 3),
        }
        return fields if self.made.set_aside is None else {**fields, "set_aside": self.made.set_aside}

    def show(self) -> None:
        """Print the report for people."""
        made = self.made
        screen().print(
            f"{made.interactions:,} interactions read, {made.vectors:,} embedded, {made.passages:,} passages of "
            f"articles embedded, in {self.seconds:,.1f} s."
        )
        if made.set_aside is not None:
            screen().print(
                f"The index before it could not be read and was set aside in {made.set_aside}. Remove that folder "
                "when you need it no more; erasing a customer removes it too."
            )


def made_anew(settings: Settings) -> IndexReport:
    """Make the index of these settings anew. Raises RetrievalUnavailable, ConfigurationError or Unavailable."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    started = perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=side_screen(), transient=True) as progress:
        made = asyncio.run(_reindex(build(settings), progress))
    return IndexReport(made, perf_counter() - started)


async def _reindex(app: App, progress: Progress) -> IndexProgress:
    made = IndexProgress(last_position=0)
    task = progress.add_task("interactions", total=None)
    try:
        async for made in app.reindex():
            progress.update(task, completed=made.position + made.passages, total=made.last_position + made.passages)
    finally:
        await app.close()
    return made
