"""Opens the database on first use, brings its tables up to date, and lets writers and readers in."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from app.adapters.sql import locks
from app.adapters.sql.databases import database_at
from app.adapters.sql.engines import Engine, Session
from app.adapters.sql.migrations import bring_up_to_date
from app.errors import Unavailable

_log = logging.getLogger(__name__)

# Alembic keeps what it works on in globals, so in one process it may work on one database at a time, whatever the
# thread or event loop. An asyncio lock would belong to one loop, and waiting for a thread's would hold up this one.
_BUILDING = Lock()
_LOOK_AGAIN_S = 0.01

Result = TypeVar("Result")


class Connections:
    """The database behind one URL. Nothing is opened before it is needed."""

    def __init__(self, url: str) -> None:
        self._database = database_at(url)
        self._opening = asyncio.Lock()
        self._writing = asyncio.Lock() if self._database.one_writer else nullcontext()
        self._writer: Engine | None = None
        self._reader: Engine | None = None

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` reads on a connection that sees all that is committed and can write nothing.

        Raises Unavailable or ConfigurationError.
        """
        with in_plain_words():
            _, reader = await self._open()
            return await reader.run(work)

    async def glance(self, work: Callable[[Connection], Result]) -> Result:
        """As `read`, for what is found by its key at once: a thread would take longer than the database."""
        with in_plain_words():
            _, reader = await self._open()
            return await reader.glance(work)

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """One piece of work in a transaction of its own, on disk when this returns. Raises as `writing`."""
        with in_plain_words():
            writer, _ = await self._open()
            async with self._writing:
                return await writer.commit(work)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[Session]:
        """One transaction: on disk when the block has ended, undone when it raised.

        SQLite writes one at a time; on PostgreSQL, others may run beside it. Raises Unavailable or ConfigurationError.
        """
        with in_plain_words():
            writer, _ = await self._open()
            async with self._writing, writer.transaction() as session:
                yield session

    async def close(self) -> None:
        """Let go of every connection; the next use opens them again."""
        async with self._opening:
            engines = [engine for engine in (self._writer, self._reader) if engine is not None]
            self._writer = self._reader = None
            for engine in engines:
                await engine.dispose()

    async def release_memory(self) -> None:
        """Keep nothing in this process of what was read or written; connections at work keep theirs until they end."""
        writer, reader = self._writer, self._reader
        with in_plain_words():
            if writer is not None:
                async with self._writing:
                    await writer.release_memory()
            if reader is not None:
                await reader.release_memory()

    async def _open(self) -> tuple[Engine, Engine]:
        if self._writer and self._reader:
            return self._writer, self._reader
        async with self._opening:
            if not (self._writer and self._reader):
                self._database.make_room()
                await self._build()
                self._writer, self._reader = self._database.writer(), self._database.reader()
            return self._writer, self._reader

    async def _build(self) -> None:
        while not _BUILDING.acquire(blocking=False):  # noqa: ASYNC110 - no event of asyncio is shared by two loops
            await asyncio.sleep(_LOOK_AGAIN_S)
        async with AsyncExitStack() as afterwards:
            afterwards.callback(_BUILDING.release)
            builder = self._database.builder()
            afterwards.push_async_callback(builder.dispose)
            async with builder.transaction() as session:
                await session.run(_build_tables)


def _build_tables(connection: Connection) -> None:
    # Of several processes that start at once, one makes the tables and the others find them made.
    locks.hold(connection, locks.Lock.TABLES)
    bring_up_to_date(connection)


@contextmanager
def in_plain_words() -> Generator[None]:
    """Turns what the database or its driver raises into Unavailable; what went wrong is logged, without any values."""
    try:
        yield
    except (SQLAlchemyError, OSError) as failure:
        _log.exception("the database did not do what it was asked to")
        raise Unavailable("The ledger does not answer right now. Try again in a moment.") from failure
