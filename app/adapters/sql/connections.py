"""Opens the database on first use: one writer at a time, several readers beside it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.adapters.sql.tables import metadata
from app.errors import ConfigurationError, Unavailable

_log = logging.getLogger(__name__)

READERS = 4
BUSY_TIMEOUT_MS = 10_000
# Pages kept by a connection, in KiB (SQLite counts pages when the number is positive).
READER_CACHE_KIB = 8 * 1024
WRITER_CACHE_KIB = 64 * 1024


class Connections:
    """The database behind one URL. Nothing is opened before it is needed."""

    def __init__(self, url: str) -> None:
        try:
            self._url = make_url(url)
        except ArgumentError:
            raise ConfigurationError(
                "DATABASE_URL is not a database address. Write it like sqlite:///data/ledger.db."
            ) from None
        if self._url.get_backend_name() != "sqlite":
            raise ConfigurationError("DATABASE_URL names a database that is not supported. Use sqlite:///FILE.")
        if self._url.database in (None, "", ":memory:"):
            raise ConfigurationError("DATABASE_URL must name a file, for example sqlite:///data/ledger.db.")
        self._url = self._url.set(drivername="sqlite+aiosqlite")
        self._opening = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A connection that sees all that is committed. Raises Unavailable."""
        with in_plain_words():
            _, reader = await self._open()
            async with reader.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """One transaction, alone in this process: on disk when the block has ended, undone when it raised.

        Raises Unavailable.
        """
        with in_plain_words():
            writer, _ = await self._open()
            async with self._writing, writer.begin() as connection:
                yield connection

    async def close(self) -> None:
        """Let go of every connection; the next use opens them again."""
        async with self._opening:
            engines = [one for one in (self._writer, self._reader) if one is not None]
            self._writer = self._reader = None
            for engine in engines:
                await engine.dispose()

    async def _open(self) -> tuple[AsyncEngine, AsyncEngine]:
        if self._writer and self._reader:
            return self._writer, self._reader
        async with self._opening:
            if not (self._writer and self._reader):
                self._make_folder()
                writer = _sqlite_writer(self._url)
                async with AsyncExitStack() as failed:
                    failed.push_async_callback(writer.dispose)
                    async with writer.begin() as connection:
                        await connection.run_sync(metadata.create_all)
                    failed.pop_all()
                self._writer, self._reader = writer, _sqlite_reader(self._url)
            return self._writer, self._reader

    def _make_folder(self) -> None:
        Path(self._url.database or "").parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def in_plain_words() -> Generator[None]:
    """Turns what the database or its driver raises into Unavailable; what went wrong is logged, without any values."""
    try:
        yield
    except (SQLAlchemyError, OSError) as failure:
        _log.exception("the database did not do what it was asked to")
        raise Unavailable("The ledger does not answer right now. Try again in a moment.") from failure


def _sqlite_writer(url: Any) -> AsyncEngine:
    engine = create_async_engine(
        url, pool_size=1, max_overflow=0, connect_args={"isolation_level": None}, hide_parameters=True
    )
    _on_connect(
        engine, f"PRAGMA cache_size = -{WRITER_CACHE_KIB}", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON"
    )

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        # Taking the write lock at once makes other processes wait; taking it later makes them fail.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _sqlite_reader(url: Any) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=READERS,
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_reset_on_return=None,
        hide_parameters=True,
    )
    _on_connect(engine, f"PRAGMA cache_size = -{READER_CACHE_KIB}", "PRAGMA query_only = ON")
    return engine


def _on_connect(engine: AsyncEngine, *statements: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        cursor = connection.cursor()
        for statement in (f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", "PRAGMA journal_mode = WAL", *statements):
            cursor.execute(statement)
        cursor.close()
