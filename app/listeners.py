"""Who listens to what happens in this process, and what happened last, for those who come back."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from app.models import Announcement

REMEMBERED = 500
LONGEST_QUEUE = 1000


class Listeners:
    """Queues of announcements, by tenant. Everything happens in one event loop."""

    def __init__(self) -> None:
        self._queues: dict[str, set[asyncio.Queue[Announcement | None]]] = defaultdict(set)
        self._recent: dict[str, deque[Announcement]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def broadcast(self, tenant: str, announcements: Sequence[Announcement]) -> None:
        """Give announcements to every listener of the tenant; never waits."""
        if not announcements:
            return
        self._recent[tenant].extend(announcements)
        for queue in self._queues.get(tenant, ()):
            for announcement in announcements:
                if queue.qsize() >= LONGEST_QUEUE:  # who does not listen must not fill our memory
                    queue.get_nowait()
                queue.put_nowait(announcement)

    @asynccontextmanager
    async def listening(
        self, tenant: str, *, after: str | None = None
    ) -> AsyncGenerator[asyncio.Queue[Announcement | None]]:
        """A queue of the tenant's announcements, those since `after` first while they are remembered; None ends it."""
        queue: asyncio.Queue[Announcement | None] = asyncio.Queue()
        recent = list(self._recent.get(tenant, ()))
        ids = [announcement.announcement_id for announcement in recent]
        for missed in recent[ids.index(after) + 1 :] if after in ids else ():
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
        left = (one for one in self._recent.pop(tenant, ()) if one.customer_id != customer_id)
        self._recent[tenant].extend(left)

    def close(self) -> None:
        """End every stream."""
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait(None)
