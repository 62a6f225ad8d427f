"""Connections that are cut off when a request comes too slowly, so that those who wait never keep others out.

uvicorn bounds nothing but how long a connection may lie idle between two requests. Here a request's head must be whole
in time and of a bounded size, its body must come at least so fast and be whole in time, and there are at most so many
connections. An answer may take as long as it likes: a stream of events is never cut.
"""

import asyncio
import json
import os
import resource
import select
import socket
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

FILES_OF_OUR_OWN = 256
LARGEST_READ = 1024 * 1024
READ_SOON_S = 0.01


class BoundedConnection(HttpToolsProtocol):
    """One connection of `warmline serve`. Times in seconds, sizes in bytes."""

    head_s: ClassVar[float] = 10.0
    largest_head: ClassVar[int] = 64 * 1024
    # After so long a body must have come at this rate on average, the time apart in which we were not ready for more.
    body_s: ClassVar[float] = 10.0
    least_bytes_per_s: ClassVar[int] = 2048
    # The whole of a body may take so long, and as much longer as what has come takes at a modest line's rate: who sends
    # just fast enough to be no slow caller would hold a connection, and what has come so far, for hours.
    whole_body_s: ClassVar[float] = 60.0
    modest_bytes_per_s: ClassVar[int] = 128 * 1024
    look_every_s: ClassVar[float] = 1.0
    most_connections: ClassVar[int] = 4096

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As uvicorn makes it."""
        super().__init__(*arguments, **options)
        self.waiting_since: float | None = None
        self._body_since: float | None = None
        self._unparsed = 0
        self._body_bytes = 0
        self._looked = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Make room for the newcomer, if need be of whoever has let us wait longest."""
        super().connection_made(transport)
        self.waiting_since = self._looked = self.loop.time()
        self._timer = self.loop.call_later(self.look_every_s, self._look)
        if len(self.connections) > min(self.most_connections, _most_files()):
            slowest = _slowest(cast(Iterable[object], self.connections))
            (slowest or self).refuse(503, "There are too many connections", "Try again in a few seconds.")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._rest()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As uvicorn does, but no more of a head, or of what may follow a body, than there may be."""
        self._unparsed += len(data)
        super().data_received(data)
        idle = self.waiting_since is None and self._body_since is None
        if idle and (self._cycle is None or self._cycle.response_complete):
            # Blank lines before a request end uvicorn's waiting for one.
            self.waiting_since = self.loop.time()
        if self._unparsed > (self.largest_head if self.waiting_since is not None else LARGEST_READ + self.largest_head):
            detail = f"The head of a request may have {self.largest_head:,} bytes. Send what is long in the body."
            self.refuse(431, "The head of the request is too large", detail)

    def timeout_keep_alive_handler(self) -> None:
        """Close what lay idle, but not while a request lies unread in its socket.

        A busy loop may come to its timers before it reads again, and closing would reset what was sent in time.
        """
        if self.transport.is_closing():
            return
        if _has_unread(self.transport):
            self.timeout_keep_alive_task = self.loop.call_later(READ_SOON_S, self.timeout_keep_alive_handler)
        else:
            _tell_of_the_end(self.transport)
            super().timeout_keep_alive_handler()

    def on_message_begin(self) -> None:
        """A head begins; the first one of a connection is waited for from its opening on."""
        super().on_message_begin()
        if self.waiting_since is None:
            self.waiting_since = self.loop.time()

    def on_headers_complete(self) -> None:
        """The head is whole; a body may follow."""
        self.waiting_since = None
        self._body_since = self.loop.time()
        self._unparsed = self._body_bytes = 0
        super().on_headers_complete()
        if "raw_path" in self.scope and not self.url.startswith((b"/", b"*")):
            # Of a whole address uvicorn keeps the path alone, and who may come in depends on what was asked for.
            self.scope["raw_path"] = self.url.partition(b"?")[0]

    def on_body(self, body: bytes) -> None:
        """More of the body has come."""
        self._body_bytes += len(body)
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; the answer takes what it takes."""
        self._body_since = None
        self._unparsed = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol takes the connection over."""
        self._rest()
        super().handle_websocket_upgrade()

    def refuse(self, status: int, title: str, detail: str) -> None:
        """Answer with a problem, if no answer has begun, and close."""
        if self.transport.is_closing():
            return
        cycle: Any = self._cycle
        # What is still to come of a body after its answer is answered already.
        before_any = cycle is None or (cycle.response_complete and self._body_since is None)
        if before_any or not cast(Any, cycle).response_started:
            self.transport.write(_problem(status, title, detail))
        self.transport.close()

    @property
    def _cycle(self) -> Any:
        return self.cycle  # None until the first request's head is whole, whatever uvicorn's annotation says

    def _look(self) -> None:
        now = self.loop.time()
        elapsed, self._looked = now - self._looked, now
        # Of the time we let the caller wait none counts: for the body's end, with the next request of several sent at
        # once, or because a busy loop comes late to its timers and to what was sent meanwhile.
        ours = elapsed if self.flow.read_paused else max(0.0, elapsed - self.look_every_s)
        self.waiting_since = None if self.waiting_since is None else self.waiting_since + ours
        self._body_since = None if self._body_since is None else self._body_since + ours
        if not self.flow.read_paused and self._is_slow(now):
            self.refuse(408, "The request came too slowly", _TOO_SLOW)
            return
        self._timer = self.loop.call_later(self.look_every_s, self._look)

    def _is_slow(self, now: float) -> bool:
        if self.waiting_since is not None and now - self.waiting_since > self.head_s:
            return True
        if self._body_since is None:
            return False
        took = now - self._body_since
        trickles = took > self.body_s and self._body_bytes < took * self.least_bytes_per_s
        return trickles or took > self.whole_body_s + self._body_bytes / self.modest_bytes_per_s

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


_TOO_SLOW = (
    "Send the whole head within some seconds, and the body without long pauses and within a minute, or at 128 KiB a "
    "second where it is large. Where the line is slow, send it in smaller parts."
)


def _slowest(connections: Iterable[object]) -> BoundedConnection | None:
    """Of those whose request's head is not whole, the one that has let us wait longest."""
    bounded = (
        connection
        for connection in connections
        if isinstance(connection, BoundedConnection) and not connection.transport.is_closing()
    )
    waiting = [connection for connection in bounded if connection.waiting_since is not None]
    return min(waiting, key=lambda connection: connection.waiting_since or 0.0, default=None)


def _has_unread(transport: asyncio.Transport) -> bool:
    """Whether something came, or the caller's end of the connection, that was not read yet."""
    looking = select.poll()  # which takes any number of a file, as `select` does not
    looking.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
    return bool(looking.poll(0))


def _tell_of_the_end(transport: asyncio.Transport) -> None:
    """Have the caller see at once that nothing more is answered: a busy loop closes the socket some turns later."""
    with suppress(OSError), socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as same:
        same.shutdown(socket.SHUT_WR)


def _most_files() -> int:
    """How many connections the files leave that this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(64, soft - FILES_OF_OUR_OWN) if soft != resource.RLIM_INFINITY else BoundedConnection.most_connections


def _problem(status: int, title: str, detail: str) -> bytes:
    codes = {408: "request_timeout", 431: "headers_too_large", 503: "unavailable"}
    problem = {"type": "about:blank", "title": title, "status": status, "code": codes[status], "detail": detail}
    body = json.dumps(problem).encode()
    retry = b"retry-after: 5\r\n" if status == 503 else b""
    return (
        f"HTTP/1.1 {status} {title}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n".encode()
        + retry
        + b"\r\n"
        + body
    )
