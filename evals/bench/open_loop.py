"""Sends requests at times that were fixed beforehand, whatever became of those before: an open loop.

Bare sockets, since a client library costs as much as the service, with which this shares the machine.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import NamedTuple

from pydantic_core import to_json

GIVE_UP_S = 10.0
# A connection that lay idle for longer is not used again: the service closes one after five seconds, and a request that
# is sent in that moment would be lost without having been refused.
KEPT_S = 2.0
# What stands for a status where no answer came.
TIMED_OUT, BROKEN = 0, 1
# What an answer takes that never came.
NEVER_MS = GIVE_UP_S * 1000

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Sending(NamedTuple):
    """A request to be sent: what kind of work it is, its path and its JSON body."""

    kind: str
    path: str
    body: object


class RequestOutcome(NamedTuple):
    """What became of a request: milliseconds since it was due; without an answer `TIMED_OUT` or `BROKEN`."""

    kind: str
    due_s: float
    took_ms: float
    status: int
    has_retry_after: bool


class OpenLoop:
    """Connections to one service, kept for some seconds and used again."""

    def __init__(self, host: str, port: int, *, kept_s: float = KEPT_S) -> None:
        self._host = host
        self._port = port
        self._kept_s = kept_s
        self._idle: list[tuple[Connection, float]] = []

    async def send(self, per_second: float, seconds: float, make: Callable[[], Sending]) -> Sequence[RequestOutcome]:
        """Send so many requests a second for so long, and wait until each was answered or given up."""
        began = perf_counter()
        tasks: list[asyncio.Task[RequestOutcome]] = []
        for turn in range(max(1, int(per_second * seconds))):
            due = began + turn / per_second
            if (ahead := due - perf_counter()) > 0:
                await asyncio.sleep(ahead)
            tasks.append(asyncio.create_task(self._request(make(), due, began)))
        return await asyncio.gather(*tasks)

    def close(self) -> None:
        """Close every connection."""
        for (_, writer), _ in self._idle:
            writer.close()

    async def _request(self, sending: Sending, due: float, began: float) -> RequestOutcome:
        try:
            async with asyncio.timeout(GIVE_UP_S):
                status, has_retry_after = await self._exchange(sending)
        except (OSError, asyncio.IncompleteReadError) as failure:
            status = TIMED_OUT if isinstance(failure, TimeoutError) else BROKEN
            return RequestOutcome(sending.kind, due - began, NEVER_MS, status, has_retry_after=False)
        return RequestOutcome(sending.kind, due - began, (perf_counter() - due) * 1000, status, has_retry_after)

    async def _connection(self) -> Connection:
        while self._idle:
            (reader, writer), since = self._idle.pop()
            if not reader.at_eof() and perf_counter() - since <= self._kept_s:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    async def _exchange(self, sending: Sending) -> tuple[int, bool]:
        reader, writer = connection = await self._connection()
        try:
            body = to_json(sending.body)
            host = f"{self._host}:{self._port}"
            head = f"POST {sending.path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).lower()
            fields = dict(line.split(b": ", 1) for line in answer.split(b"\r\n")[1:-2])
            await reader.readexactly(int(fields[b"content-length"]))
        except BaseException:
            writer.close()
            raise
        self._idle.append((connection, perf_counter()))
        return int(answer.split(b" ", 2)[1]), fields.get(b"retry-after", b"0").isdigit() and b"retry-after" in fields
