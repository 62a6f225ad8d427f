"""`warmline backup` and `warmline restore`."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from rich.progress import Progress, SpinnerColumn, TextColumn

from app.bootstrap import ledger_backup
from app.interfaces.cli.common import screen, settings_in_force, side_screen
from app.interfaces.cli.reindex import made_anew

Tell = Callable[[str, int], None]


def back_up(file: Path, *, as_json: bool) -> None:
    """Save the ledger to a file while the service goes on. Raises InvalidRequest, ConfigurationError, Unavailable."""
    rows = asyncio.run(_worked(lambda backup, tell: backup.save(file, tell)))
    size = file.stat().st_size
    if as_json:
        _print_json({"file": str(file), "bytes": size, "rows": dict(rows)})
        return
    screen().print(f"{file}: {_in_words(rows)}, {size / 1e6:,.1f} MB.")
    screen().print("It holds what customers said, and secrets: keep it as safe as the database.")


def restore(file: Path, *, as_json: bool) -> None:
    """Fill an empty ledger from a file and index it. Raises as `back_up`, and RetrievalUnavailable."""
    settings = settings_in_force()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    rows = asyncio.run(_worked(lambda backup, tell: backup.load(file, tell)))
    if not as_json:
        screen().print(f"Restored from {file}: {_in_words(rows)}.")
    # Vectors in memory are those of each service, which makes them as it starts.
    report = None if settings.vectors_url == "memory:" else made_anew(settings)
    if as_json:
        _print_json({"file": str(file), "rows": dict(rows), "index": report.fields() if report else None})
    elif report:
        report.show()


async def _worked(work: Callable[[Any, Tell], Awaitable[Mapping[str, int]]]) -> Mapping[str, int]:
    backup = ledger_backup(settings_in_force())
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=side_screen(), transient=True) as progress:
        task = progress.add_task("", total=None)
        try:
            return await work(backup, lambda name, count: progress.update(task, description=f"{name}: {count:,} rows"))
        finally:
            await backup.close()


def _print_json(report: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def _in_words(rows: Mapping[str, int]) -> str:
    named = ("interactions", "identities", "documents")
    return ", ".join(f"{rows.get(name, 0):,} {name}" for name in named)
