"""Looks again at conversations in which nothing happens any more, when silence or a late answer would show.

Each process has a timer for every conversation that it saw last. Timers end with their process, so at the start, and
every so often, the conversations that were added to last are looked through, whoever saw them: what is due later gets a
timer here too, and what came due while nobody looked is told now, unless it is marked as told. Two processes may both
tell: each reaches its own listeners, and a webhook's message has the same id from both and is sent once.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime
from typing import Any, NamedTuple

from app.errors import WarmlineError
from app.models import Customer, Interaction, Snapshot
from app.ports import Archive, Ledger
from app.signals import next_check

_log = logging.getLogger(__name__)

MOST_CONVERSATIONS = 10_000
# What came due longer ago than this when it arrives is history that somebody imports.
JUST_PASSED_S = 60.0
# What came due while nobody looked is still worth telling for so long.
MISSED_S = 3600.0
# How far the ledger is looked through, in interactions of all tenants, and how often.
MOST_ROWS = 20_000
LOOK_S = 600.0
PAGE = 100
TOLD = "waits_told"

Place = tuple[str, str]
# Tells what waiting has brought to light in a conversation, and names its newest interaction and whose it is.
Tell = Callable[[str, str], Awaitable[tuple[str, str]]]


class _Timer(NamedTuple):
    customer_id: str
    handle: asyncio.TimerHandle


class Waiting:
    """Timers of conversations, and the look that finds those of others; `tell` is called when one is due."""

    def __init__(self, ledger: Ledger, archive: Archive, tell: Tell) -> None:
        self._ledger = ledger
        self._archive = archive
        self._tell = tell
        self._timers: OrderedDict[Place, _Timer] = OrderedDict()
        self._work: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Look through the ledger now and every so often. Needs a running event loop."""
        self.in_background(self._look_every_so_often())

    async def close(self) -> None:
        """Look at nothing any more."""
        for timer in self._timers.values():
            timer.handle.cancel()
        for task in tuple(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def note(self, tenant: str, window: Snapshot) -> None:
        """Look again when waiting would show, since then nothing arrives that would tell of it."""
        if window.conversation_id is None:
            return
        place = (tenant, window.conversation_id)
        if (timer := self._timers.pop(place, None)) is not None:
            timer.handle.cancel()
        due = next_check(window)
        if due is not None and (wait := _seconds_until(due)) >= -JUST_PASSED_S:
            self._set(place, window.customer.customer_id, wait)

    def forget(self, tenant: str, customer_id: str) -> None:
        """Look at no conversation of this customer again."""
        whose = (tenant, customer_id)
        for place in [one for one, timer in self._timers.items() if (one[0], timer.customer_id) == whose]:
            self._timers.pop(place).handle.cancel()

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for; it is given up at the end."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def look_through(self) -> None:
        """Set timers for what others saw, and tell what came due meanwhile. Raises as the ledger does."""
        by_tenant: dict[str, list[str]] = {}
        for tenant, conversation_id in await self._ledger.lately_active(MOST_ROWS, limit=MOST_CONVERSATIONS):
            if (tenant, conversation_id) not in self._timers:
                by_tenant.setdefault(tenant, []).append(conversation_id)
        for tenant, conversation_ids in by_tenant.items():
            for start in range(0, len(conversation_ids), PAGE):
                some = conversation_ids[start : start + PAGE]
                for customer_id, row in await self._ledger.windows(tenant, some, limit=1):
                    await self._look_at(tenant, customer_id, row)

    async def _look_at(self, tenant: str, customer_id: str, row: Interaction) -> None:
        due = next_check(_ending_with(tenant, customer_id, row))
        if due is None or row.conversation_id is None:
            return
        wait = _seconds_until(due)
        if wait > 0:
            self._set((tenant, row.conversation_id), customer_id, wait)
        elif wait >= -MISSED_S and await self._archive.get(tenant, TOLD, row.interaction_id) is None:
            await self._look_again((tenant, row.conversation_id))

    def _set(self, place: Place, customer_id: str, wait: float) -> None:
        loop = asyncio.get_running_loop()
        # A timer keeps the context that it was set in, which may be that of a request: it gets one of its own.
        handle = loop.call_later(max(0.0, wait), lambda: self.in_background(self._look_again(place)), context=Context())
        self._timers[place] = _Timer(customer_id, handle)
        if len(self._timers) > MOST_CONVERSATIONS:
            self._timers.popitem(last=False)[1].handle.cancel()

    async def _look_again(self, place: Place) -> None:
        self._timers.pop(place, None)
        tenant, conversation_id = place
        with suppress(WarmlineError):  # erased meanwhile, or the ledger is away: there is nobody to tell
            newest, customer_id = await self._tell(tenant, conversation_id)
            told = {"at": datetime.now(UTC).isoformat()}
            await self._archive.put(tenant, TOLD, newest, told, customer_id=customer_id)

    async def _look_every_so_often(self) -> None:
        while True:
            try:
                await self.look_through()
            except Exception as failure:  # noqa: BLE001 - timers of this process go on, and the next look may go well
                _log.warning("conversations are looked through later: %s", type(failure).__name__)
            await asyncio.sleep(LOOK_S)


def _seconds_until(due: datetime) -> float:
    return (due - datetime.now(UTC)).total_seconds()


def _ending_with(tenant: str, customer_id: str, last: Interaction) -> Snapshot:
    return Snapshot(
        tenant=tenant,
        customer=Customer(customer_id=customer_id, identity_ids=(last.identity_id,)),
        conversation_id=last.conversation_id,
        conversation=(last,),
        as_of_seq=last.seq,
        now=last.occurred_at,
    )
