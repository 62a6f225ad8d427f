"""`warmline import`: interactions, conversations (also as plain text) and vCons from files into the configured ledger.

Only the ledger is written. The vectors follow when the service runs, since two processes must not write them.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.bootstrap import build
from app.conversations import Row, conversation_of, fields_of, read_rows
from app.errors import InvalidRequest, WarmlineError
from app.formats.documents import decoded, is_json
from app.formats.plain_text import conversation_in_text
from app.formats.vcon import interactions_of
from app.interfaces.cli.common import STANDARD_INPUT, TENANT, name_of, opened, screen, settings_in_force, side_screen
from app.models import InteractionDraft
from app.services import App
from app.validation import interaction_draft

BATCH = 500
_LINE = re.compile(r"line (\d+): ")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not filed: where it stands, what is wrong and how to mend it."""

    file: str
    line: int
    detail: str


@dataclass(slots=True)
class Tally:
    """What has become of the rows so far."""

    console: Console
    filed: int = 0
    duplicates: int = 0
    refusals: list[Refusal] = field(default_factory=list[Refusal])

    def refuse(self, refusal: Refusal) -> None:
        """Count a refused row, and tell at once."""
        self.refusals.append(refusal)
        self.console.print(f"{refusal.file}:{refusal.line}: {refusal.detail}", markup=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class LocatedDraft:
    """A draft with the place it was found at."""

    file: str
    line: int
    draft: InteractionDraft


def import_into_ledger(files: Sequence[str], *, as_json: bool) -> None:
    """File what the files hold, go on past bad rows, and exit with 1 when there were any. Raises InvalidRequest."""
    for file in files:
        _check_readable(file)
    settings = settings_in_force()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    console = side_screen()
    tally = Tally(console)
    with _progress(console) as progress:
        asyncio.run(_import(build(settings), files, tally, progress))
    _tell(tally, as_json=as_json)
    sys.exit(1 if tally.refusals else 0)


async def _import(app: App, files: Sequence[str], tally: Tally, progress: Progress) -> None:
    try:
        for file in files:
            batch: list[LocatedDraft] = []
            for located in _drafts(file, tally, progress):
                batch.append(located)
                if len(batch) == BATCH:
                    await _record(app, batch, tally)
                    batch.clear()
            await _record(app, batch, tally)
    finally:
        await app.close()


async def _record(app: App, batch: Sequence[LocatedDraft], tally: Tally) -> None:
    if not batch:
        return
    answer = await app.interactions.record(TENANT, [located.draft for located in batch])
    for located, result in zip(batch, answer.results, strict=True):
        if result.problem is not None:
            tally.refuse(Refusal(name_of(located.file), located.line, result.problem.detail))
        elif result.duplicate:
            tally.duplicates += 1
        else:
            tally.filed += 1


def _drafts(file: str, tally: Tally, progress: Progress) -> Iterator[LocatedDraft]:
    with opened(file) as lines:
        size = None if file == STANDARD_INPUT else Path(file).stat().st_size
        task = progress.add_task(name_of(file), total=size)
        counted = _counted(lines, task, progress)
        beginning: list[bytes] = []
        while not b"".join(beginning).strip() and (line := next(counted, b"")):
            beginning.append(line)
        if any(beginning) and not is_json(b"".join(beginning)):
            beginning += counted
            if not is_json(b"".join(beginning)):
                yield from _drafts_of_text(file, b"".join(beginning), tally)
                return
        for row in _spread(read_rows(chain(beginning, counted))):
            try:
                drafts = _drafts_of(row)
            except WarmlineError as failure:
                tally.refuse(Refusal(name_of(file), row.line, failure.detail))
                continue
            yield from (LocatedDraft(file, row.line, draft) for draft in drafts)


def _drafts_of_text(file: str, content: bytes, tally: Tally) -> Iterator[LocatedDraft]:
    name = "conversation" if file == STANDARD_INPUT else Path(file).stem
    try:
        drafts = conversation_in_text(decoded(content), name=name).lasting_drafts
    except WarmlineError as failure:
        line = _LINE.match(failure.detail)
        detail = failure.detail[line.end() :] if line else failure.detail
        tally.refuse(Refusal(name_of(file), int(line[1]) if line else 1, detail))
        return
    yield from (LocatedDraft(file, 1, draft) for draft in drafts)


def _spread(rows: Iterable[Row]) -> Iterator[Row]:
    """The body of a request to `POST /v1/interactions` counts as the interactions in it."""
    for row in rows:
        inside = fields_of(row.value).get("interactions")
        if isinstance(inside, list):
            yield from (Row(row.line, item) for item in cast(list[object], inside))
        else:
            yield row


def _drafts_of(row: Row) -> Sequence[InteractionDraft]:
    if row.problem is not None:
        raise InvalidRequest(row.problem)
    fields = fields_of(row.value)
    if "turns" in fields:
        drafts = conversation_of(fields).lasting_drafts
        if not drafts:
            raise InvalidRequest("turns is empty: there is nothing to file.")
        return drafts
    if "vcon" in fields:
        return interactions_of(fields)
    if "channel" in fields:
        return (interaction_draft(fields),)
    raise InvalidRequest(
        "this is no interaction (an object with channel, actor, kind, text, …), no conversation (an object with id and "
        "turns) and no vCon."
    )


def _counted(lines: Iterable[bytes], task: TaskID, progress: Progress) -> Iterator[bytes]:
    for line in lines:
        progress.advance(task, len(line))
        yield line


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True)


def _check_readable(file: str) -> None:
    with opened(file):
        pass


def _tell(tally: Tally, *, as_json: bool) -> None:
    refused = len(tally.refusals)
    if as_json:
        report = {
            "filed": tally.filed,
            "duplicates": tally.duplicates,
            "refused": refused,
            "problems": [asdict(refusal) for refusal in tally.refusals],
        }
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
        return
    screen().print(
        f"{tally.filed:,} interactions filed, {tally.duplicates:,} were there already, {refused:,} rows refused."
    )
