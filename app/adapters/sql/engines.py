"""How work reaches a database: each piece is a plain function of a connection, and crosses to it once.

What a piece of work asks, one statement after the other, it asks without coming back to the event loop in between:
on SQLite in a thread of the engine's own, on PostgreSQL through its asynchronous driver.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol, TypeVar

import sqlalchemy
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

Result = TypeVar("Result")


class Session(Protocol):
    """A transaction under way."""

    async def run(self, work: Callable[[Connection], Result], /) -> Result:
        """What a piece of work gives; all pieces of one session share the transaction."""
        ...


class Engine(Protocol):
    """Connections to one database, all set up alike. Making one opens nothing yet."""

    async def run(self, work: Callable[[Connection], Result], /) -> Result:
        """What a piece of work gives on a connection of its own, outside of any transaction."""
        ...

    async def glance(self, work: Callable[[Connection], Result], /) -> Result:
        """As `run`, for what is found by its key at once."""
        ...

    async def commit(self, work: Callable[[Connection], Result], /) -> Result:
        """What a piece of work gives in a transaction that holds nothing else; committed unless it raises."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """One transaction: committed when the block has ended, undone when it raised."""
        ...

    async def release_memory(self) -> None:
        """Keep nothing of what statements asked for or gave."""
        ...

    async def dispose(self) -> None:
        """Let go of every connection."""
        ...


class ThreadedEngine:
    """A database that lives in this process: a thread for each connection that it may have at once, but for one."""

    def __init__(self, engine: sqlalchemy.Engine, threads: int) -> None:
        self._engine = engine
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="warmline-sql")

    async def run(self, work: Callable[[Connection], Result], /) -> Result:
        """What a piece of work gives on a connection of its own."""
        return await self._in_thread(lambda: self._connected(work))

    async def glance(self, work: Callable[[Connection], Result], /) -> Result:
        """As `run`, but without a thread: what takes a fifth of a millisecond is done before a thread has woken up."""
        return self._connected(work)

    async def commit(self, work: Callable[[Connection], Result], /) -> Result:
        """What a piece of work gives in a transaction of its own, begun and ended in one go."""
        return await self._in_thread(lambda: self._committed(work))

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """One transaction, begun with its first piece of work. Meant for an engine of one thread.

        A caller who gives up leaves the thread to finish the piece at hand, and then to undo all or commit.
        """
        session = _ThreadSession(self._engine, self._threads)
        try:
            yield session
        except BaseException:
            await self._in_thread(session.undo)
            raise
        await self._in_thread(session.commit)

    async def release_memory(self) -> None:
        """Close the connections: pages of the file and values of the last statements live as long as they do."""
        self._engine.clear_compiled_cache()  # a statement is kept with the values that it was first made for
        await self._in_thread(self._engine.dispose)

    async def dispose(self) -> None:
        """Let go of every connection and thread."""
        await self._in_thread(self._engine.dispose)
        self._threads.shutdown(wait=False)

    def _connected(self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.connect() as connection:
            return work(connection)

    def _committed(self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.begin() as connection:
            return work(connection)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


class _ThreadSession:
    def __init__(self, engine: sqlalchemy.Engine, threads: ThreadPoolExecutor) -> None:
        self._engine = engine
        self._threads = threads
        self._connection: Connection | None = None

    async def run(self, work: Callable[[Connection], Result], /) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: work(self._begun()))

    def commit(self) -> None:
        if self._connection is not None:
            with self._connection as connection:
                connection.commit()

    def undo(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _begun(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
            self._connection.begin()
        return self._connection


class ServerEngine:
    """A database server, by an asynchronous driver."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, work: Callable[[Connection], Result], /) -> Result:
        """What a piece of work gives on a connection of its own."""
        async with self._engine.connect() as connection:
            return await connection.run_sync(work)

    async def glance(self, work: Callable[[Connection], Result], /) -> Result:
        """As `run`."""
        return await self.run(work)

    async def commit(self, work: Callable[[Connection], Result], /) -> Result:
        """What a piece of work gives in a transaction of its own."""
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Session]:
        """One transaction."""
        async with self._engine.begin() as connection:
            yield _ServerSession(connection)

    async def release_memory(self) -> None:
        """Forget statements, each kept with the values that it was first made for; connections keep no rows."""
        self._engine.sync_engine.clear_compiled_cache()

    async def dispose(self) -> None:
        """Let go of every connection."""
        await self._engine.dispose()


class _ServerSession:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def run(self, work: Callable[[Connection], Result], /) -> Result:
        return await self._connection.run_sync(work)
