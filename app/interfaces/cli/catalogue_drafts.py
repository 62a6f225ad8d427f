"""What `warmline catalogue draft` does: reads conversations, writes a draft, and says that a person must edit it."""

import asyncio
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app.bootstrap import build
from app.conversations import read_rows
from app.errors import InvalidRequest, WarmlineError
from app.formats.imported import part_of_value
from app.formats.options import ReadingOptions
from app.interfaces.cli.common import TENANT, name_of, opened, settings_in_force, side_screen
from app.interfaces.cli.figures import Tell, measured
from app.interfaces.cli.sandbox import empty_app
from app.models import CatalogueDraft, InteractionDraft
from app.services import App
from app.settings import Settings

BATCH = 500
_NAME = "drafted"
_EDIT = "This is a draft from what was done, not from what is right: a person must edit it before it is put in force."


def show_draft(tenant: str, *, data: str | None, since: datetime | None, out: Path | None, as_json: bool) -> None:
    """Print or write the draft, and tell on standard error what it stands on. Raises InvalidRequest."""
    if out is not None and out.exists():
        raise InvalidRequest(f"{out} is there already, and may have been edited: name another file.")
    settings = settings_in_force()
    with measured("conversations") as tell:
        draft = asyncio.run(_drafted(settings, tenant, data, since, tell))
    if out is not None:
        out.write_text(draft.catalogue, encoding="utf-8")
    if as_json:
        sys.stdout.write(draft.model_dump_json(indent=2) + "\n")
    elif out is None:
        sys.stdout.write(draft.catalogue)
    _tell(draft, out)


async def _drafted(
    settings: Settings, tenant: str, data: str | None, since: datetime | None, tell: Tell
) -> CatalogueDraft:
    if data is None:
        app = build(settings)
        try:
            return await app.catalogue_drafts.draft(tenant, name=_NAME, since=since, tell=tell)
        finally:
            await app.close()
    async with empty_app(settings) as app:
        await _record(app, data, settings)
        return await app.catalogue_drafts.draft(TENANT, name=_NAME, since=since, tell=tell)


async def _record(app: App, file: str, settings: Settings) -> None:
    batch: list[InteractionDraft] = []
    for draft in _drafts(file, settings):
        batch.append(draft)
        if len(batch) == BATCH:
            await app.interactions.record(TENANT, batch)
            batch.clear()
    if batch:
        await app.interactions.record(TENANT, batch)


def _drafts(file: str, settings: Settings) -> Iterator[InteractionDraft]:
    options = ReadingOptions(settings.naive_times, settings.our_addresses, None)
    with opened(file) as source:
        for row in read_rows(source):
            try:
                if row.problem is not None:
                    raise InvalidRequest(row.problem)
                yield from part_of_value(row.value, f"{Path(file).stem}-{row.line}", options).drafts
            except WarmlineError as failure:
                raise InvalidRequest(f"{name_of(file)}:{row.line}: {failure}") from None


def _tell(draft: CatalogueDraft, out: Path | None) -> None:
    screen = side_screen()
    screen.print(
        f"{draft.resolved} of {draft.conversations} conversations were resolved; {draft.wishes} wishes, "
        f"{draft.intents} intents, {draft.actions} actions.",
        markup=False,
    )
    for note in draft.missing:
        screen.print(f"missing: {note}", markup=False, style="yellow")
    screen.print(_EDIT, markup=False, style="bold yellow")
    screen.print(f"Next: edit it, then run `warmline catalogue check {out or 'FILE'}`.", markup=False, soft_wrap=True)
