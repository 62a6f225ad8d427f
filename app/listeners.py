"""Who listens to what happens in any process of the service, and what happened last, for those who come back.

Each process remembers what all of them announced, so a listener may come back to another one. Two processes may hear of
two announcements in different orders, so what arrived just before the last one that a listener names is repeated: it
may get an announcement twice, by whose id it can tell, and misses none.
"""

import asyncio
import secrets
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from time import monotonic
from typing import NamedTuple

from pydantic import TypeAdapter

from app.models import Announcement
from app.ports.bus import ANNOUNCED, ERASED, MISSED, Bus, Message

REMEMBERED = 500
LONGEST_QUEUE = 1000
# How far apart two processes may hear of the same announcement.
ARRIVE_WITHIN_S = 2.0

_ANNOUNCEMENTS = TypeAdapter(tuple[Announcement, ...])


class _RecentAnnouncement(NamedTuple):
    announcement: Announcement
    at: float
    origin: str


class Listeners:
    """Queues of announcements, by tenant. Everything happens in one event loop."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[Announcement | None]]] = defaultdict(set)
        self._recent: dict[str, deque[_RecentAnnouncement]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._bus: Bus | None = None
        self._own = secrets.token_hex(8)

    def connect(self, bus: Bus) -> None:
        """Hear what other processes announce and erase, and have them hear what this one announces."""
        self._bus = bus
        bus.subscribe(ANNOUNCED, self._hear)
        bus.subscribe(ERASED, self._hear_of_erasure)
        bus.subscribe(MISSED, lambda _: self._recent.clear())

    def broadcast(self, tenant: str, announcements: Sequence[Announcement]) -> None:
        """Give announcements to every listener of the tenant, in whatever process; never waits."""
        if not announcements:
            return
        self._give(tenant, announcements, self._own)
        if self._bus is not None:
            documents = _ANNOUNCEMENTS.dump_python(tuple(announcements), mode="json")
            self._bus.publish(ANNOUNCED, {"tenant": tenant, "origin": self._own, "announcements": documents})

    @asynccontextmanager
    async def listening(
        self, tenant: str, *, after: str | None = None
    ) -> AsyncGenerator[asyncio.Queue[Announcement | None]]:
        """A queue of the tenant's announcements, those since `after` first while they are remembered; None ends it."""
        queue: asyncio.Queue[Announcement | None] = asyncio.Queue()
        for missed in _missed(list(self._recent.get(tenant, ())), after):
            queue.put_nowait(missed)
        self._queues[tenant].add(queue)
        try:
            yield queue
        finally:
            self._queues[tenant].discard(queue)
            if not self._queues[tenant]:
                del self._queues[tenant]

    def listens(self, tenant: str) -> bool:
        """Whether somebody listens to this tenant."""
        return bool(self._queues.get(tenant))

    def forget(self, tenant: str, customer_id: str) -> None:
        """Repeat nothing of this customer to listeners who come back."""
        left = [arrived for arrived in self._recent.pop(tenant, ()) if arrived.announcement.customer_id != customer_id]
        if left:
            self._recent[tenant].extend(left)
        for queue in self._queues.get(tenant, ()):
            waiting = [queue.get_nowait() for _ in range(queue.qsize())]
            for announcement in waiting:
                if announcement is None or announcement.customer_id != customer_id:
                    queue.put_nowait(announcement)

    def close(self) -> None:
        """End every stream."""
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait(None)

    def _hear_of_erasure(self, message: Message) -> None:
        if message["customer_id"] is not None:
            self.forget(str(message["tenant"]), str(message["customer_id"]))

    def _hear(self, message: Message) -> None:
        if message["origin"] != self._own:
            announcements = _ANNOUNCEMENTS.validate_python(message["announcements"], strict=False)
            self._give(str(message["tenant"]), announcements, str(message["origin"]))

    def _give(self, tenant: str, announcements: Sequence[Announcement], origin: str) -> None:
        now = monotonic()
        self._recent[tenant].extend(_RecentAnnouncement(announcement, now, origin) for announcement in announcements)
        for queue in self._queues.get(tenant, ()):
            for announcement in announcements:
                if queue.qsize() >= LONGEST_QUEUE:  # who does not listen must not fill our memory
                    queue.get_nowait()
                queue.put_nowait(announcement)


def _missed(recent: Sequence[_RecentAnnouncement], after: str | None) -> Sequence[Announcement]:
    """What a listener has not heard, or may not have heard, who heard `after` last."""
    ids = [arrived.announcement.announcement_id for arrived in recent]
    if after not in ids:
        return ()
    last = ids.index(after)
    since = recent[last].at - ARRIVE_WITHIN_S
    # What one process announced arrives everywhere in its order; beside another's it may have come later elsewhere.
    beside = [early for early in recent[:last] if early.origin != recent[last].origin and early.at >= since]
    return [arrived.announcement for arrived in (*beside, *recent[last + 1 :])]
