"""A backup of one database, restored into another of either kind, is the same ledger."""

import asyncio
import gzip
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from app.bootstrap import build, ledger_backup
from app.errors import InvalidRequest
from app.models import HandoffRequest, Scope
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

Chosen = Callable[[str, str], Settings]


@pytest.fixture
def chosen(request: pytest.FixtureRequest, tmp_path: Path) -> Chosen:
    """Settings of a new database of a kind, by a name."""

    def settings(kind: str, name: str) -> Settings:
        url = request.getfixturevalue("postgres") if kind == "postgres" else None
        folder = tmp_path / name
        folder.mkdir()
        return Settings(data_dir=folder, database_url=url, vectors_url="memory:")

    return settings


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[App]:
    async with build(settings, embedder=WordEmbedder()) as app:
        yield app


def silent(name: str, done: int) -> None:
    """Nobody looks."""


async def saved(settings: Settings, file: Path) -> dict[str, int]:
    backup = ledger_backup(settings)
    try:
        return dict(await backup.save(file, silent))
    finally:
        await backup.close()


async def restored(settings: Settings, file: Path) -> dict[str, int]:
    backup = ledger_backup(settings)
    try:
        return dict(await backup.load(file, silent))
    finally:
        await backup.close()


async def timeline_of(app: App, customer_id: str) -> str:
    """All that is shown of a customer, as JSON."""
    timeline = await app.interactions.timeline("default", customer_id, limit=1000)
    export = [row.model_dump(mode="json") for row in timeline.interactions]
    return json.dumps([export, timeline.as_of_seq], sort_keys=True)


async def filled(app: App) -> tuple[str, str, str]:
    """A customer with two messages, a handoff and a key of the tenant: their ids, and the key."""
    rows = [draft("The lamp LX-204 flickers. Grüße, 灯.", conversation_id="c1"), draft("Again!", conversation_id="c1")]
    customer_id = (await app.interactions.record("default", rows)).results[0].customer_id or ""
    handoff = await app.handoffs.create("default", HandoffRequest(conversation_id="c1"))
    issued = await app.access.create_key("default", {Scope.INGEST})
    return customer_id, handoff.handoff_id, issued.key


@pytest.mark.parametrize(("source", "target"), [("sqlite", "sqlite"), ("sqlite", "postgres"), ("postgres", "sqlite")])
async def test_what_is_restored_is_what_was_saved_on_either_kind_of_database(
    chosen: Chosen, tmp_path: Path, source: str, target: str
) -> None:
    before, after, file = chosen(source, "before"), chosen(target, "after"), tmp_path / "ledger.backup"
    async with serving(before) as app:
        customer_id, handoff_id, key = await filled(app)
        shown, handoff = await timeline_of(app, customer_id), await app.handoffs.filed("default", handoff_id)
    counts = await saved(before, file)
    assert file.stat().st_mode & 0o077 == 0
    assert await restored(after, file) == counts
    async with serving(after) as app:
        assert await timeline_of(app, customer_id) == shown
        assert (await app.handoffs.filed("default", handoff_id)).brief == handoff.brief
        assert (await app.access.authenticate(key)).tenant == "default"
        more = await app.interactions.record("default", [draft("And now?", conversation_id="c1")])
        assert (more.results[0].customer_id, more.results[0].seq) == (customer_id, 3)


@pytest.mark.parametrize("source", ["sqlite", "postgres"])
async def test_a_backup_made_while_others_write_is_of_one_moment(chosen: Chosen, tmp_path: Path, source: str) -> None:
    settings, file = chosen(source, "before"), tmp_path / "ledger.backup"
    async with serving(settings) as app:
        customer_id, _, _ = await filled(app)
        enough = asyncio.Event()

        async def write() -> None:
            for number in count(1):
                await app.interactions.record("default", [draft("One more.", conversation_id="c1")])
                if number == 20:
                    enough.set()

        writing = asyncio.create_task(write())
        await enough.wait()
        counts = await saved(settings, file)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        assert counts["interactions"] >= 20
    after = chosen("sqlite", "after")
    await restored(after, file)
    async with serving(after) as app:
        page = await app.interactions.timeline("default", customer_id, limit=1000)
        # Each row has the number after the one before it, and the tenant's highest number is that of the last.
        assert [row.seq for row in page.interactions] == list(range(1, counts["interactions"] + 1))
        assert page.as_of_seq == counts["interactions"]


async def test_a_database_that_holds_anything_is_not_restored_into(chosen: Chosen, tmp_path: Path) -> None:
    settings, file = chosen("sqlite", "before"), tmp_path / "ledger.backup"
    async with serving(settings) as app:
        customer_id, _, _ = await filled(app)
    await saved(settings, file)
    with pytest.raises(InvalidRequest, match="is not empty: it holds 2 interactions"):
        await restored(settings, file)
    with pytest.raises(InvalidRequest, match="is there already"):
        await saved(settings, file)
    async with serving(settings) as app:
        assert len((await app.interactions.timeline("default", customer_id)).interactions) == 2


async def test_a_file_that_is_no_whole_backup_restores_nothing(chosen: Chosen, tmp_path: Path) -> None:
    source, target, file = chosen("sqlite", "before"), chosen("sqlite", "after"), tmp_path / "ledger.backup"
    async with serving(source) as app:
        await filled(app)
    await saved(source, file)
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    header = json.loads(lines[0])
    damaged = {
        "no such file": None,
        "no backup": b"not a backup",
        "to its end": file.read_bytes()[:-20],
        "ends too early": gzip.compress("".join(lines[:-1]).encode()),
        "another version": gzip.compress("\n".join([json.dumps({**header, "schema": "0001"}), *lines[1:]]).encode()),
    }
    for name, (problem, content) in enumerate(damaged.items()):
        broken = tmp_path / f"{name}.backup"
        if content is not None:
            broken.write_bytes(content)
        with pytest.raises(InvalidRequest, match=problem):
            await restored(target, broken)
    assert (await restored(target, file))["interactions"] == 2
