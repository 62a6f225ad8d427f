"""How the tables of any database become today's."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from app.adapters.sql import SqlStore, migrations
from app.adapters.sql.connections import Connections
from app.adapters.sql.tables import metadata
from app.errors import ConfigurationError
from app.identity import Rules
from app.ledger import Recorder
from app.models import Identifier, Interaction, InteractionDraft, Participant, Recorded
from app.ports import NewAnalysis
from tests.support.builders import draft

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    return (
        f"sqlite:///{tmp_path / 'ledger.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue("empty_postgres")
    )


async def test_the_steps_lead_to_the_tables_that_the_code_uses(url: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "target_metadata": metadata}
        )
        return list(compare_metadata(context, metadata))

    connections = Connections(url)
    version = text("SELECT version_num FROM alembic_version")
    assert await connections.read(differences) == []
    assert await connections.read(lambda connection: connection.scalar(version)) == migrations.HEAD
    await connections.close()


def test_a_file_that_is_migrated_is_the_file_that_the_tables_describe(tmp_path: Path) -> None:
    made, migrated = tmp_path / "made.db", tmp_path / "migrated.db"
    engine = create_engine(f"sqlite:///{made}")
    metadata.create_all(engine)
    engine.dispose()
    asyncio.run(opened_and_closed(f"sqlite:///{migrated}"))
    assert shape_of(migrated) == shape_of(made)


def test_the_last_step_is_the_one_that_a_database_must_have_to_be_left_alone() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


async def test_a_file_from_before_the_steps_keeps_its_rows_and_takes_more(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    engine = create_engine(f"sqlite:///{file}")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO tenants VALUES ('t', 7)"))
        connection.execute(text("DROP INDEX merges_undone"))
    engine.dispose()
    store = SqlStore(f"sqlite:///{file}")
    assert await store.head("t") == 7
    await store.put("t", "handoffs", "hnd_1", {"n": 1})
    await store.close()
    assert "merges_undone" in shape_of(file)


async def test_a_database_from_before_participants_gives_the_same_timelines_and_takes_names(url: str) -> None:
    who = Identifier(type="account_id", value="acc-1")
    sent = [draft(f"row {number}", id=f"m-{number}", conversation_id="c1", identifiers=(who,)) for number in range(3)]
    named = draft("row 3", id="m-3", conversation_id="c1", participant=Participant(name="Maria Lopez", id="u-17"))
    first = await filed(url, sent)
    before = await timeline(url)
    connections = Connections(url)
    for undo in (
        "ALTER TABLE interactions DROP COLUMN participant_name",
        "ALTER TABLE interactions DROP COLUMN participant_id",
        "UPDATE alembic_version SET version_num = '0005'",
    ):
        await connections.write(lambda connection, statement=undo: connection.execute(text(statement)))
    await connections.close()
    assert await timeline(url) == before
    assert [(row.seq, row.duplicate) for row in await filed(url, sent)] == [(row.seq, True) for row in first]
    await filed(url, [named])
    assert (await timeline(url))[-1].participant == named.participant


async def test_a_database_from_before_analyses_gives_the_same_timelines_and_takes_analyses(url: str) -> None:
    await filed(url, [draft("row 1", conversation_id="c1", identifiers=(Identifier(type="account_id", value="a"),))])
    before = await timeline(url)
    connections = Connections(url)
    for undo in ("ALTER TABLE interactions DROP COLUMN analysis", "UPDATE alembic_version SET version_num = '0007'"):
        await connections.write(lambda connection, statement=undo: connection.execute(text(statement)))
    await connections.close()
    assert await timeline(url) == before
    store = SqlStore(url)
    await store.file_analyses("t", [NewAnalysis(before[0].interaction_id, "row 1", "[]")])
    await store.close()
    assert [getattr(row, "analysis", None) for row in await timeline(url)] == ["[]"]


def test_processes_that_start_at_once_make_the_tables_once(url: str) -> None:
    opens = (
        "import asyncio, sys; from app.adapters.sql import SqlStore; from app.adapters.sql import migrations;"
        "import alembic.command; sys.stdout.write('ready'); sys.stdout.flush(); sys.stdin.read();"
        "asyncio.run(SqlStore(sys.argv[1]).head('t')); import os; os._exit(0)"
    )
    command = [sys.executable, "-c", opens, url]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"ready"
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
    failures = [process.stderr.read() for process in processes if process.stderr and process.wait(30)]
    assert failures == []
    for process in processes:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stderr.close()


async def test_databases_that_are_opened_at_once_in_one_process_do_not_get_into_each_other(
    url: str, tmp_path: Path
) -> None:
    stores = [
        SqlStore(address) for address in (url, *(f"sqlite:///{tmp_path / str(number)}.db" for number in range(3)), url)
    ]
    answers = await asyncio.gather(*(store.head("t") for store in stores), return_exceptions=True)
    for store in stores:
        await store.close()
    assert answers == [0] * 5
    assert shape_of(tmp_path / "0.db") == shape_of(tmp_path / "2.db") != {}


async def test_a_database_of_a_newer_version_is_refused_in_words_and_left_as_it_is(url: str) -> None:
    await opened_and_closed(url)
    connections = Connections(url)
    newer = text("UPDATE alembic_version SET version_num = '9999'")
    await connections.write(lambda connection: connection.execute(newer))
    await connections.close()
    store = SqlStore(url)
    with pytest.raises(ConfigurationError, match="newer Warmline"):
        await store.head("t")
    await store.close()


async def filed(url: str, drafts: Sequence[InteractionDraft]) -> Sequence[Recorded]:
    store = SqlStore(url)
    recorder = Recorder(store, Rules())
    results = await recorder.record("t", drafts)
    await recorder.close()
    await store.close()
    return results


async def timeline(url: str) -> Sequence[Interaction]:
    store = SqlStore(url)
    party = await store.party("t", conversation_id="c1")
    rows = await store.interactions("t", party.identity_ids if party else ())
    await store.close()
    return rows


async def opened_and_closed(url: str) -> None:
    store = SqlStore(url)
    await store.head("t")
    await store.close()


def shape_of(file: Path) -> dict[str, list[Any]]:
    """Every table and index of a SQLite file with its columns, their types and their order."""
    with sqlite3.connect(file) as connection:
        names = connection.execute(
            "SELECT name, type, sql LIKE '%AUTOINCREMENT%' FROM sqlite_master WHERE name NOT LIKE 'alembic%'"
            " AND name NOT LIKE 'sqlite_autoindex_alembic%'"
        ).fetchall()
        shape = {
            name: [
                counted,
                *connection.execute(f"PRAGMA table_info({name})" if kind == "table" else f"PRAGMA index_info({name})"),
                *connection.execute(f"PRAGMA foreign_key_list({name})"),
            ]
            for name, kind, counted in names
        }
    connection.close()
    return shape
