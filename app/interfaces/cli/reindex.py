"""`warmline reindex`: the vectors of all tenants, made anew from the ledger."""

import asyncio
import json
import sys
from time import perf_counter

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.bootstrap import build
from app.errors import ConfigurationError
from app.interfaces.cli.common import screen, settings_in_force, side_screen
from app.models import IndexProgress
from app.services import App


def reindex(*, as_json: bool) -> None:
    """Make the index anew and tell what it holds. Raises ConfigurationError, RetrievalUnavailable or Unavailable."""
    settings = settings_in_force()
    if settings.vectors_url == "memory:":
        raise ConfigurationError(
            "WARMLINE_VECTORS_URL is memory:, so there is nothing to rebuild: each service makes its own index as it "
            "starts."
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    started = perf_counter()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=side_screen(), transient=True) as progress:
        made = asyncio.run(_reindex(build(settings), progress))
    _tell(made, perf_counter() - started, as_json=as_json)


async def _reindex(app: App, progress: Progress) -> IndexProgress:
    made = IndexProgress(last_position=0)
    task = progress.add_task("interactions", total=None)
    try:
        async for made in app.reindex():
            progress.update(task, completed=made.position + made.passages, total=made.last_position + made.passages)
    finally:
        await app.close()
    return made


def _tell(made: IndexProgress, seconds: float, *, as_json: bool) -> None:
    if as_json:
        report: dict[str, int | float | str] = {
            "interactions": made.interactions,
            "vectors": made.vectors,
            "passages": made.passages,
            "duration_s": round(seconds, 3),
        }
        if made.set_aside is not None:
            report["set_aside"] = made.set_aside
        sys.stdout.write(json.dumps(report, indent=2) + "\n")
        return
    screen().print(
        f"{made.interactions:,} interactions read, {made.vectors:,} embedded, {made.passages:,} passages of articles "
        f"embedded, in {seconds:,.1f} s."
    )
    if made.set_aside is not None:
        screen().print(
            f"The index before it could not be read and was set aside in {made.set_aside}. Remove that folder when you "
            "need it no more; erasing a customer removes it too."
        )
