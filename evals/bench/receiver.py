"""A webhook's receiver in this process, which notes what it is told and when."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from time import perf_counter
from typing import Any, NamedTuple


class ReceivedMessage(NamedTuple):
    """A message to the webhook, and when it came, as a reading of `time.perf_counter()`."""

    message: dict[str, Any]
    at: float


@asynccontextmanager
async def receiver() -> AsyncGenerator[tuple[str, Sequence[ReceivedMessage]]]:
    """The address of a receiver that takes everything, and what it was told so far."""
    deliveries: list[ReceivedMessage] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
                body = await reader.readexactly(int(length[1]) if length else 0)
                deliveries.append(ReceivedMessage(json.loads(body), perf_counter()))
                writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook", deliveries
    finally:
        server.close()
