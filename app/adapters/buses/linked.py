"""A bus over a link to the other processes, which may be lost and is opened again."""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

from cachetools import LRUCache

from app.adapters.buses.framing import Assembler, frames
from app.adapters.buses.subscribers import ProcessBus
from app.models import Check
from app.ports.bus import MISSED, Message, Receive

_log = logging.getLogger(__name__)

MOST_WAITING = 5_000
MOST_REMEMBERED = 5_000
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
CLOSE_WITHIN_S = 2.0
_MEANWHILE = "Streams and forgetting reach this process alone until it does; it is tried again every few seconds."


class Link(Protocol):
    """A way to the other processes. Any method may raise whatever its library raises when the way is lost."""

    async def open(self, receive: Callable[[str], None]) -> None:
        """Connect; each frame that arrives from then on is handed to `receive`."""
        ...

    async def send(self, frame: str) -> None:
        """Send a frame to every process."""
        ...

    async def lost(self) -> None:
        """Return, or raise, once the link is lost."""
        ...

    async def close(self) -> None:
        """Let go of the connection; may be called at any time."""
        ...


class _Outgoing(NamedTuple):
    message_id: str
    subject: str
    message: Message


class LinkedBus:
    """A Bus over a link. What is published while the link is down waits, at most 5,000 messages, the newest of them."""

    def __init__(self, link: Link, way: str) -> None:
        """`way` names for people what the link goes through, with the setting that says so."""
        self._link = link
        self._way = way
        self._check = Check(status="loading", detail=f"connecting through {way}")
        self._here = ProcessBus()
        self._own = secrets.token_hex(8)
        self._assembler = Assembler(self._own)
        self._outgoing: deque[_Outgoing] = deque(maxlen=MOST_WAITING)
        self._woken = asyncio.Event()
        self._arrived: LRUCache[str, bool] = LRUCache(MOST_REMEMBERED)
        self._running: asyncio.Task[None] | None = None

    def subscribe(self, subject: str, receive: Receive) -> None:
        """Call `receive`, in the event loop, with each message on this subject."""
        self._here.subscribe(subject, receive)

    def publish(self, subject: str, message: Message) -> None:
        """Call the receivers of this process now, and those of the others soon; never waits."""
        self._here.publish(subject, message)
        self._outgoing.append(_Outgoing(secrets.token_hex(8), subject, message))
        self._woken.set()

    def start(self) -> None:
        """Connect, in the background."""
        self._running = asyncio.create_task(self._run())

    def check(self) -> Check:
        """How the link is; while it is lost, messages to the other processes wait."""
        return self._check

    async def close(self) -> None:
        """Send what waits, for at most two seconds, and let go of the link."""
        if self._running is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self._sent()
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        elif self._outgoing:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await self._link.open(lambda _: None)
                    await self._send_all()
        with suppress(Exception):
            await self._link.close()

    async def _sent(self) -> None:
        while self._outgoing:  # noqa: ASYNC110 - asked for a moment at the end
            await asyncio.sleep(0.005)

    async def _run(self) -> None:
        pause, was_open, was_lost = FIRST_PAUSE_S, False, False
        while True:
            try:
                await self._link.open(self._receive)
                self._check = Check(status="ok", detail=f"connected through {self._way}")
                if was_lost:
                    self._here.publish(MISSED, {})
                if was_open:
                    _log.warning("the bus is connected again")
                    await asyncio.sleep(2 * FIRST_PAUSE_S)  # the others have to be back to hear what waited
                pause, was_open = FIRST_PAUSE_S, True
                await self._send_until_lost()
            except Exception as failure:  # noqa: BLE001 - whatever was lost is connected to again
                _log.warning("the bus is not connected through %s: %s", self._way, type(failure).__name__)
                self._check = Check(status="degraded", detail=f"{self._way} does not answer. {_MEANWHILE}")
            was_lost = True
            with suppress(Exception):
                await self._link.close()
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _send_until_lost(self) -> None:
        lost = asyncio.ensure_future(self._link.lost())
        try:
            while not lost.done():
                await self._send_all()
                woken = asyncio.ensure_future(self._woken.wait())
                await asyncio.wait((lost, woken), return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
            await lost
        finally:
            lost.cancel()

    async def _send_all(self) -> None:
        self._woken.clear()
        while self._outgoing:
            first = self._outgoing[0]
            try:
                parts = list(frames(self._own, *first))
            except (TypeError, ValueError):
                _log.warning("a message on %s was not sent: it is too long or no JSON", first.subject)
                parts = []
            for part in parts:
                await self._link.send(part)
            if self._outgoing and self._outgoing[0] is first:
                self._outgoing.popleft()

    def _receive(self, frame: str) -> None:
        try:
            whole = self._assembler.add(frame)
        except (KeyError, TypeError, ValueError):
            _log.warning("the bus brought what is no message of this service")
            return
        # A message that was under way when the link was lost is sent again.
        if whole is not None and whole.message_id not in self._arrived:
            self._arrived[whole.message_id] = True
            self._here.publish(whole.subject, whole.message)
