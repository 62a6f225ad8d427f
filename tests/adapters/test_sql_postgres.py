"""What only the ledger on PostgreSQL does: many writers, addresses, and plain words when the server fails."""

import asyncio
import socket
from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text

from app.adapters.sql import SqlStore
from app.adapters.sql.connections import Connections
from app.errors import ConfigurationError, Unavailable
from app.ports import Changes, NewInteraction
from tests.support.builders import START, draft
from tests.support.postgres import asked


def rows(*interaction_ids: str, identity_id: str, new: bool = False) -> Changes:
    return Changes(
        new_identities=(identity_id,) if new else (),
        interactions=tuple(
            NewInteraction(
                interaction_id=interaction_id,
                identity_id=identity_id,
                draft=draft(occurred_at=START),
                content_sha256="sha",
            )
            for interaction_id in interaction_ids
        ),
    )


@pytest.fixture
async def store(postgres: str) -> AsyncGenerator[SqlStore]:
    opened = SqlStore(postgres)
    yield opened
    await opened.close()


@pytest.fixture
async def connections(postgres: str) -> AsyncGenerator[Connections]:
    opened = Connections(postgres)
    yield opened
    await opened.close()


async def write(store: SqlStore, tenant: str, changes: Changes) -> None:
    async with store.transaction(tenant) as transaction:
        await transaction.apply(changes)


async def positions(store: SqlStore, after: int = 0) -> list[tuple[int, str]]:
    return [(position, row.interaction_id) for position, _, row in await store.after_position(after, 100)]


async def test_no_row_ever_appears_behind_a_position_that_was_read(store: SqlStore) -> None:
    await write(store, "a", rows("int_1", identity_id="cus_1", new=True))
    async with store.transaction("b") as slow:
        await slow.apply(rows("int_2", identity_id="cus_2", new=True))
        quick = asyncio.create_task(write(store, "a", rows("int_3", identity_id="cus_1")))
        seen: list[tuple[int, str]] = []
        for _ in range(20):
            seen += await positions(store, seen[-1][0] if seen else 0)
        assert [name for _, name in seen] == ["int_1"]
    await quick
    seen += await positions(store, seen[-1][0])
    assert [name for _, name in seen] == ["int_1", "int_2", "int_3"]


async def test_one_tenant_does_not_wait_for_another_that_is_still_making_up_its_mind(store: SqlStore) -> None:
    async with store.transaction("a") as undecided:
        await undecided.recorded(customer_ids={"cus_1"})
        await asyncio.wait_for(write(store, "b", rows("int_1", identity_id="cus_2", new=True)), 5)
        assert await store.head("b") == 1


async def test_two_processes_number_one_tenants_rows_one_after_the_other(postgres: str) -> None:
    stores = [SqlStore(postgres) for _ in range(3)]
    await write(stores[0], "t", rows(identity_id="cus_1", new=True))
    await asyncio.gather(
        *(write(stores[number % 3], "t", rows(f"int_{number}", identity_id="cus_1")) for number in range(30))
    )
    interactions = await stores[1].interactions("t", ["cus_1"])
    assert [row.seq for row in interactions] == list(range(1, 31))
    assert [name for _, name in await positions(stores[2])] == [row.interaction_id for row in interactions]
    for store in stores:
        await store.close()


async def test_a_commit_is_on_disk_before_it_is_answered_even_where_the_server_was_told_otherwise(
    postgres: str, connections: Connections
) -> None:
    asked(postgres, f"ALTER DATABASE {postgres.partition('?')[0].rpartition('/')[2]} SET synchronous_commit = off")
    promise = text("SHOW synchronous_commit")
    assert await connections.write(lambda connection: connection.scalar(promise)) == "on"
    assert await connections.read(lambda connection: connection.scalar(promise)) == "off"


async def test_a_stricter_promise_of_the_server_is_left_as_it_is(postgres: str, connections: Connections) -> None:
    name = postgres.partition("?")[0].rpartition("/")[2]
    asked(postgres, f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    promise = text("SHOW synchronous_commit")
    assert await connections.write(lambda connection: connection.scalar(promise)) == "remote_apply"


async def test_a_reader_cannot_write(connections: Connections) -> None:
    with pytest.raises(Unavailable):
        await connections.read(lambda connection: connection.execute(text("DELETE FROM interactions")))


async def test_all_text_is_ordered_and_compared_by_its_characters(store: SqlStore, postgres: str) -> None:
    await store.head("t")
    other = (
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'public' "
        "AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C' "
        "AND table_name <> 'alembic_version'"
    )
    assert asked(postgres, other) == 0


async def test_connections_that_the_server_has_cut_are_made_anew(store: SqlStore, postgres: str) -> None:
    await write(store, "t", rows("int_1", identity_id="cus_1", new=True))
    assert await store.head("t") == 1
    asked(
        postgres,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await write(store, "t", rows("int_2", identity_id="cus_1"))
    assert await store.head("t") == 2


async def test_a_server_that_does_not_answer_is_told_in_plain_words() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        store = SqlStore(f"postgresql://user:secret@127.0.0.1:{silent.getsockname()[1]}/ledger")
        with pytest.raises(Unavailable) as raised:
            await store.head("t")
    assert raised.value.detail == "The ledger does not answer right now. Try again in a moment."
    await store.close()


async def test_a_database_that_is_not_there_is_told_in_plain_words_and_found_once_it_is(postgres: str) -> None:
    address, mark, query = postgres.partition("?")
    later = f"{address}_later"
    store = SqlStore(f"{later}{mark}{query}")
    with pytest.raises(Unavailable, match="does not answer"):
        await store.head("t")
    asked(postgres, f"CREATE DATABASE {later.rpartition('/')[2]}")
    assert await store.head("t") == 0
    await store.close()
    asked(postgres, f"DROP DATABASE {later.rpartition('/')[2]}")


async def test_addresses_as_providers_write_them_are_understood(postgres: str) -> None:
    rest = postgres.partition("://")[2]
    join = "&" if "?" in rest else "?"
    for url in (f"postgres://{rest}", f"postgresql+asyncpg://{rest}", f"postgresql://{rest}{join}sslmode=disable"):
        store = SqlStore(url)
        assert await store.head("t") == 0
        await store.close()


def test_a_parameter_that_nobody_reads_is_refused_by_its_name_and_without_the_password() -> None:
    with pytest.raises(ConfigurationError) as raised:
        SqlStore("postgresql://user:secret@host/ledger?pool=5")
    assert "pool" in raised.value.detail
    assert "secret" not in raised.value.detail
