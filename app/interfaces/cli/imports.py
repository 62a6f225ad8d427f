"""`warmline import`: interactions, conversations, vCons, transcripts, mails and helpdesks' exports from files into the
configured ledger.

Only the ledger is written. The vectors follow when the service runs, since two processes must not write them. The
command tells of every file what it was taken for, who in it was taken for whom and why, and what was left out.
"""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.bootstrap import build
from app.conversations import Row, fields_of, read_rows
from app.errors import InvalidRequest, WarmlineError
from app.formats.documents import decoded, is_json
from app.formats.imported import REASONS, ImportedPart, gathered, others_of, part_of_text, part_of_value, sides_of
from app.formats.mail import is_mail
from app.formats.options import ReadingOptions
from app.interfaces.cli.common import STANDARD_INPUT, TENANT, name_of, opened, screen, settings_in_force, side_screen
from app.models import InteractionDraft
from app.services import App

BATCH = 500
MOST_SPEAKERS = 20
SHOWN_AS_SURE = 0.995
_LINE = re.compile(r"line (\d+): ")


class ImportArguments(NamedTuple):
    """How files are imported: who is the customer and which addresses are ours, where they do not say it, and whether
    they are only looked at.
    """

    customer: str | None = None
    our_addresses: Sequence[str] = ()
    only_check: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not filed: where it stands, what is wrong and how to mend it."""

    file: str
    line: int
    detail: str


@dataclass(frozen=True, slots=True)
class TakenSpeaker:
    """Somebody who speaks in a file, and what they were taken for."""

    line: int
    label: str
    side: str
    why: str
    confidence: float


@dataclass(slots=True)
class FileReport:
    """What one file was taken for: its formats, its messages by side, its speakers, and what was left out."""

    file: str
    formats: dict[str, int] = field(default_factory=dict[str, int])
    messages: dict[str, int] = field(default_factory=dict[str, int])
    others: dict[str, int] = field(default_factory=dict[str, int])
    speakers: list[TakenSpeaker] = field(default_factory=list[TakenSpeaker])
    left_out: list[str] = field(default_factory=list[str])

    def add(self, part: ImportedPart, line: int) -> None:
        """Take in one part of the file."""
        self.formats[part.form] = self.formats.get(part.form, 0) + 1
        for side, count in sides_of(part.drafts).items():
            self.messages[side] = self.messages.get(side, 0) + count
        for kind, count in others_of(part.drafts).items():
            self.others[kind] = self.others.get(kind, 0) + count
        self.speakers += (
            TakenSpeaker(line, speaker.label, speaker.side, REASONS[speaker.reason], speaker.confidence)
            for speaker in part.speakers
        )
        self.left_out += part.left_out


@dataclass(slots=True)
class Tally:
    """What has become of the rows so far."""

    console: Console
    filed: int = 0
    duplicates: int = 0
    refusals: list[Refusal] = field(default_factory=list[Refusal])
    reports: list[FileReport] = field(default_factory=list[FileReport])

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


def import_into_ledger(files: Sequence[str], arguments: ImportArguments, *, as_json: bool) -> None:
    """File what the files hold, go on past bad rows, and exit with 1 when there were any. Raises InvalidRequest."""
    for file in files:
        _check_readable(file)
    settings = settings_in_force()
    ours = arguments.our_addresses or settings.our_addresses
    options = ReadingOptions(settings.naive_times, ours, arguments.customer)
    console = side_screen()
    tally = Tally(console)
    with _progress(console) as progress:
        if arguments.only_check:
            for file in files:
                for _ in _drafts(file, tally, progress, options):
                    tally.filed += 1
        else:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            asyncio.run(_import(build(settings), files, tally, progress, options))
    _tell(tally, as_json=as_json, only_check=arguments.only_check)
    sys.exit(1 if tally.refusals else 0)


async def _import(app: App, files: Sequence[str], tally: Tally, progress: Progress, options: ReadingOptions) -> None:
    try:
        for file in files:
            batch: list[LocatedDraft] = []
            for located in _drafts(file, tally, progress, options):
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


def _drafts(file: str, tally: Tally, progress: Progress, options: ReadingOptions) -> Iterator[LocatedDraft]:
    report = FileReport(name_of(file))
    tally.reports.append(report)
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
                yield from _drafts_of_text(file, b"".join(beginning), tally, report, options)
                return
        for row in gathered(_spread(read_rows(chain(beginning, counted)))):
            try:
                if row.problem is not None:
                    raise InvalidRequest(row.problem)
                part = part_of_value(row.value, _name(file), options)
            except WarmlineError as failure:
                tally.refuse(Refusal(name_of(file), row.line, failure.detail))
                continue
            report.add(part, row.line)
            yield from (LocatedDraft(file, row.line, draft) for draft in part.lasting_drafts)


def _name(file: str) -> str:
    return "conversation" if file == STANDARD_INPUT else Path(file).stem


def _drafts_of_text(
    file: str, content: bytes, tally: Tally, report: FileReport, options: ReadingOptions
) -> Iterator[LocatedDraft]:
    try:
        # Mails bring charsets of their own.
        text = "" if is_mail(content) else decoded(content)
        part = part_of_text(content, text, _name(file), options)
    except WarmlineError as failure:
        line = _LINE.match(failure.detail)
        detail = failure.detail[line.end() :] if line else failure.detail
        tally.refuse(Refusal(name_of(file), int(line[1]) if line else 1, detail))
        return
    report.add(part, 1)
    for problem in part.problems:
        tally.refuse(Refusal(name_of(file), problem.line, problem.detail))
    drafts = part.lasting_drafts
    lines = part.lines or [1] * len(drafts)
    yield from (LocatedDraft(file, line, draft) for line, draft in zip(lines, drafts, strict=True))


def _spread(rows: Iterable[Row]) -> Iterator[Row]:
    """The body of a request to `POST /v1/interactions` counts as the interactions in it."""
    for row in rows:
        inside = fields_of(row.value).get("interactions")
        if isinstance(inside, list):
            yield from (Row(row.line, item) for item in cast(list[object], inside))
        else:
            yield row


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


def _tell(tally: Tally, *, as_json: bool, only_check: bool) -> None:
    refused = len(tally.refusals)
    if as_json:
        report = {
            "filed": 0 if only_check else tally.filed,
            "read": tally.filed + tally.duplicates,
            "duplicates": tally.duplicates,
            "refused": refused,
            "problems": [asdict(refusal) for refusal in tally.refusals],
            "files": [asdict(report) for report in tally.reports],
        }
        sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")
        return
    output = screen()
    for report in tally.reports:
        for line in _words_of(report):
            output.print(line, markup=False, soft_wrap=True)
    if only_check:
        output.print(f"{tally.filed:,} interactions read, {refused:,} rows refused; nothing was filed.")
    else:
        output.print(
            f"{tally.filed:,} interactions filed, {tally.duplicates:,} were there already, {refused:,} rows refused."
        )


def _words_of(report: FileReport) -> Iterator[str]:
    formats = ", ".join(f"{count:,} × {form}" if count > 1 else form for form, count in report.formats.items())
    messages = ", ".join(f"{side} {count:,}" for side, count in sorted(report.messages.items()))
    others = "".join(f", {kind} {count:,}" for kind, count in sorted(report.others.items()))
    yield f"{report.file}: {formats or 'nothing that can be read'}; messages: {messages or 'none'}{others}"
    for speaker in report.speakers[:MOST_SPEAKERS]:
        sure = (
            f" ({speaker.confidence:.0%})" if speaker.side != "unknown" and speaker.confidence < SHOWN_AS_SURE else ""
        )
        yield f"  {speaker.label}: {speaker.side}, {speaker.why}{sure}"
    if len(report.speakers) > MOST_SPEAKERS:
        yield f"  … and {len(report.speakers) - MOST_SPEAKERS:,} more speakers; --json tells all"
    if any(speaker.side == "unknown" for speaker in report.speakers):
        yield "  Unknown sides were filed as nobody's words. Look first with --check, and name the customer: --customer"
    for left_out, count in Counter(report.left_out).items():
        yield f"  left out: {left_out}{f' ({count:,} times)' if count > 1 else ''}"
