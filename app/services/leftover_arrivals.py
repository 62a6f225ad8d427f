"""Takes up what a worker noted and did not announce, because it died or the database was away.

Interactions are noted in the transaction that files them, where a webhook hears of them, and are taken off once what
they show is in the outbox. Notes that have stayed for longer than that ever takes are read again by any worker.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress

from app.errors import WarmlineError
from app.models import Signal, Snapshot
from app.ports import Ledger, Outbox
from app.ports.outbox import UnannouncedArrival, now_ms
from app.retrieval import Windows
from app.signals import detect

_log = logging.getLogger(__name__)

LEFT_OVER_S = 5.0
LOOK_S = 2.0
MOST_AT_ONCE = 200

# Files what conversations show by their fresh interactions, and takes those off.
Announce = Callable[[str, Sequence[Snapshot], Sequence[Signal], Collection[str]], Awaitable[None]]


class LeftOverArrivals:
    """Looks for arrivals of all tenants that nobody announced."""

    def __init__(self, ledger: Ledger, outbox: Outbox, windows: Windows, announce: Announce) -> None:
        self._ledger = ledger
        self._outbox = outbox
        self._windows = windows
        self._announce = announce

    async def follow(self) -> None:
        """Look every so often, for good."""
        while True:
            try:
                while await self.look(before=now_ms() - round(LEFT_OVER_S * 1000)):
                    pass
            except Exception as failure:  # noqa: BLE001 - what is left over stays noted
                _log.warning("arrivals are announced later: %s", type(failure).__name__)
            await asyncio.sleep(LOOK_S)

    async def look(self, *, before: int) -> bool:
        """Announce some of what was noted before a moment; tells whether there was any. Raises Unavailable."""
        arrivals = await self._outbox.take_arrivals(now_ms(), before=before, limit=MOST_AT_ONCE)
        by_tenant: defaultdict[str, list[UnannouncedArrival]] = defaultdict(list)
        for arrival in arrivals:
            by_tenant[arrival.tenant].append(arrival)
        for tenant, theirs in by_tenant.items():
            with suppress(WarmlineError):  # left over once more
                await self._take_up(tenant, theirs)
        return bool(arrivals)

    async def _take_up(self, tenant: str, arrivals: Sequence[UnannouncedArrival]) -> None:
        fresh = {arrival.interaction_id for arrival in arrivals}
        places: dict[tuple[str, str], None] = {}
        for row in await self._ledger.by_ids(tenant, fresh):
            customer_id = await self._ledger.customer_of(tenant, row.identity_id)
            if customer_id is not None and row.conversation_id is not None:
                places[customer_id, row.conversation_id] = None
        windows = await self._windows.of(tenant, places) if places else ()
        signals = await asyncio.to_thread(
            lambda: [signal for window in windows for signal in detect(window, fresh=fresh)]
        )
        await self._announce(tenant, windows, signals, fresh)
