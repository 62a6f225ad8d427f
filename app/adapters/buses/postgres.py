"""The bus over PostgreSQL: LISTEN and NOTIFY on one connection of the process's own."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

_asyncpg: Any = asyncpg  # its own annotations are not whole

CHANNEL = "warmline_bus"
CONNECT_TIMEOUT_S = 5
# A server that went away without a word is noticed by asking it so often.
ASKED_EVERY_S = 15.0
ANSWER_WITHIN_S = 5.0


class PostgresLink:
    """A Link through the database at `url`. Its connection must be a session's own, not one of a transaction pool."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = urlunsplit(parts._replace(scheme="postgresql"))
        self._connection: Any = None
        self._ended = asyncio.Event()
        self._turn = asyncio.Lock()  # a connection answers one question at a time

    async def open(self, receive: Callable[[str], None]) -> None:
        """Connect and listen."""
        self._ended = ended = asyncio.Event()
        connection = await _asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_S)
        self._connection = connection

        def end(_: Any) -> None:
            ended.set()

        def take(_connection: Any, _pid: int, _channel: str, payload: str) -> None:
            receive(payload)

        connection.add_termination_listener(end)
        await connection.add_listener(CHANNEL, take)

    async def send(self, frame: str) -> None:
        """Notify every process that listens."""
        async with self._turn:
            await self._connection.execute("SELECT pg_notify($1, $2)", CHANNEL, frame, timeout=ANSWER_WITHIN_S)

    async def lost(self) -> None:
        """Return or raise once the server no longer answers."""
        while not self._ended.is_set():
            try:
                async with asyncio.timeout(ASKED_EVERY_S):
                    await self._ended.wait()
            except TimeoutError:
                async with self._turn:
                    await self._connection.execute("SELECT 1", timeout=ANSWER_WITHIN_S)

    async def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
