"""What only the SQL store does: files, durability, and plain words when the database fails."""

import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from app.adapters.sql import SqlStore
from app.adapters.sql.connections import Connections
from app.errors import ConfigurationError, Unavailable
from app.ports import Changes, NewInteraction
from tests.support.builders import START, draft


def one_row(interaction_id: str) -> NewInteraction:
    return NewInteraction(
        interaction_id=interaction_id, identity_id="cus_1", draft=draft(occurred_at=START), content_sha256="sha"
    )


async def write(store: SqlStore, changes: Changes) -> None:
    async with store.transaction("t") as transaction:
        await transaction.apply(changes)


@pytest.fixture
async def connections(tmp_path: Path) -> AsyncGenerator[Connections]:
    opened = Connections(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield opened
    await opened.close()


async def test_nothing_is_made_before_it_is_needed_and_then_the_folder_is(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down"
    store = SqlStore(f"sqlite:///{folder / 'ledger.db'}")
    assert not folder.exists()
    assert await store.head("t") == 0
    assert folder.exists()
    await store.close()


async def test_what_was_written_is_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    await write(store, Changes(new_identities=("cus_1",), interactions=(one_row("int_1"),)))
    await store.close()
    again = SqlStore(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    assert [row.interaction_id for row in await again.interactions("t", ["cus_1"])] == ["int_1"]
    await again.close()


async def test_a_closed_store_opens_again_when_it_is_asked(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    await write(store, Changes(new_identities=("cus_1",), interactions=(one_row("int_1"),)))
    await store.close()
    assert await store.head("t") == 1
    await store.close()


async def test_two_processes_on_one_file_number_their_rows_one_after_the_other(tmp_path: Path) -> None:
    stores = [SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}") for _ in range(2)]
    await write(stores[0], Changes(new_identities=("cus_1",)))
    for number in range(6):
        await write(stores[number % 2], Changes(interactions=(one_row(f"int_{number}"),)))
    assert [row.seq for row in await stores[1].interactions("t", ["cus_1"])] == [1, 2, 3, 4, 5, 6]
    for store in stores:
        await store.close()


async def test_a_removed_row_leaves_its_number_behind(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    await write(store, Changes(new_identities=("cus_1",), interactions=(one_row("int_1"), one_row("int_2"))))
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        other.execute("DELETE FROM interactions WHERE seq = 2")
    other.close()
    await write(store, Changes(interactions=(one_row("int_3"),)))
    assert [(row.interaction_id, row.seq) for row in await store.interactions("t", ["cus_1"])] == [
        ("int_1", 1),
        ("int_3", 3),
    ]
    assert await store.last_position() == 3
    await store.close()


async def test_a_commit_is_on_disk_before_it_is_answered(connections: Connections) -> None:
    assert await connections.write(lambda connection: connection.scalar(text("PRAGMA synchronous"))) == 2
    assert await connections.write(lambda connection: connection.scalar(text("PRAGMA journal_mode"))) == "wal"
    assert await connections.write(lambda connection: connection.scalar(text("PRAGMA foreign_keys"))) == 1


async def test_a_reader_cannot_write(connections: Connections) -> None:
    with pytest.raises(Unavailable):
        await connections.read(lambda connection: connection.execute(text("DELETE FROM interactions")))


async def test_a_file_that_is_no_database_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_text("these are not the bytes of a database" * 100)
    store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    with pytest.raises(Unavailable) as raised:
        await store.head("t")
    assert raised.value.detail == "The ledger does not answer right now. Try again in a moment."
    await store.close()


async def test_a_folder_that_cannot_be_made_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = SqlStore(f"sqlite:///{tmp_path / 'file' / 'ledger.db'}")
    with pytest.raises(Unavailable):
        await store.last_position()
    await store.close()


async def test_a_failed_statement_is_logged_without_the_values_it_carried(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    row = NewInteraction(
        interaction_id="int_1", identity_id="cus_unknown", draft=draft("private words"), content_sha256="sha"
    )
    with pytest.raises(Unavailable):
        await write(store, Changes(interactions=(row,)))
    assert "FOREIGN KEY" in caplog.text
    assert "private words" not in caplog.text
    await store.close()


@pytest.mark.parametrize("url", ["not an address", "oracle://host/db", "sqlite://", "sqlite:///:memory:"])
def test_an_address_that_cannot_serve_is_refused_at_once_by_the_settings_name(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        SqlStore(url)
    assert "DATABASE_URL" in raised.value.detail


@pytest.mark.parametrize("newest_first", [False, True])
async def test_the_rows_of_several_identities_are_looked_up_by_identity_and_not_by_reading_the_tenant(
    tmp_path: Path, newest_first: bool
) -> None:
    statements: list[tuple[str, Any]] = []

    def listen(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        statements.append((statement, parameters))

    store = SqlStore(f"sqlite:///{tmp_path / 'ledger.db'}")
    await store.head("t")
    event.listen(Engine, "before_cursor_execute", listen)
    await store.interactions("t", ["cus_1", "cus_2"], up_to_seq=9, limit=50, newest_first=newest_first)
    event.remove(Engine, "before_cursor_execute", listen)
    await store.close()
    ((statement, parameters),) = statements
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        plan = [step[-1] for step in other.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    other.close()
    assert plan[0].startswith("SEARCH interactions USING INDEX interactions_of_identity (tenant=? AND identity_id=?")
