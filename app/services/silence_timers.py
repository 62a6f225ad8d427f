"""Looks again at conversations in which nothing happens any more, when silence or a late answer would show.

Each process has a timer for every conversation that it saw last. Timers end with their process, so at the start, and
every so often, the conversations that were added to last are looked through, whoever saw them: what is due later gets a
timer here too, and what came due while nobody looked is looked at now. Several processes may look at the same
conversation: what it shows is announced under a mark, in one transaction, so each signal is told once by all of them
together, and again by nobody when its process dies in between.

When something is due is a moment of the wall clock. A timer sleeps by the monotonic clock, which may run a little ahead
of it, and the wall clock may be set: so a timer that wakes too early waits on, and no sleep is longer than a second.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from heapq import heapify, heappop, heappush
from typing import Any, NamedTuple

from cachetools import LRUCache

from app.errors import Unavailable, WarmlineError
from app.models import Customer, Interaction, Snapshot
from app.ports import Ledger
from app.signals import next_check

_log = logging.getLogger(__name__)

MOST_CONVERSATIONS = 100_000
# What came due longer ago than this when it arrives is history that somebody imports.
JUST_PASSED_S = 60.0
# What came due while nobody looked is still worth telling for so long.
MISSED_S = 3600.0
# How far the ledger is looked through, in interactions of all tenants, and how often; sooner when a timer had to go.
MOST_ROWS = 50_000
LOOK_S = 600.0
LOOK_SOON_S = 15.0
PAGE = 100
LONGEST_SLEEP_S = 1.0
# Looking at a conversation takes a thread for some milliseconds; many are due at once after a restart.
MOST_AT_ONCE = 4
TRIES = 5
FIRST_PAUSE_S = 0.5

Place = tuple[str, str]
# Tells what waiting has brought to light in a conversation, once over all processes. Raises WarmlineError.
Tell = Callable[[str, str], Awaitable[None]]


class _Timer(NamedTuple):
    due: datetime
    conversation: Place


class _DueCheck(NamedTuple):
    at: datetime
    customer_id: str


class SilenceTimers:
    """Timers of conversations, and the look that finds those of others; `tell` is called when one is due.

    Beyond `most` timers those that are due last go, and the ledger is looked through again soon.
    """

    def __init__(self, ledger: Ledger, tell: Tell, *, most: int = MOST_CONVERSATIONS) -> None:
        self._ledger = ledger
        self._tell = tell
        self._most = most
        self._due: dict[Place, _DueCheck] = {}
        self._timers: list[_Timer] = []  # a heap; a timer holds while `_due` names the same moment
        self._changed = asyncio.Event()
        self._dropped = asyncio.Event()
        self._looks = asyncio.Semaphore(MOST_AT_ONCE)
        # The newest interactions of conversations that were looked at when they were due: nothing more comes of them.
        self._looked_at: LRUCache[tuple[str, str], bool] = LRUCache(most)
        self._work: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Mind the timers, and look through the ledger now and every so often. Needs a running event loop."""
        self.in_background(self._mind_timers())
        self.in_background(self._look_every_so_often())

    async def close(self) -> None:
        """Look at nothing any more."""
        for task in tuple(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def note(self, tenant: str, window: Snapshot) -> None:
        """Look again when waiting would show, since then nothing arrives that would tell of it."""
        if window.conversation_id is None:
            return
        conversation = (tenant, window.conversation_id)
        self._due.pop(conversation, None)
        due = next_check(window)
        if due is not None and _seconds_until(due) >= -JUST_PASSED_S:
            self._set(conversation, due, window.customer.customer_id)

    def forget(self, tenant: str, customer_id: str) -> None:
        """Look at no conversation of this customer again."""
        for conversation in [
            conversation
            for conversation, due in self._due.items()
            if (conversation[0], due.customer_id) == (tenant, customer_id)
        ]:
            del self._due[conversation]
        self._timers = [timer for timer in self._timers if timer.conversation in self._due]
        heapify(self._timers)

    async def note_rows(self, tenant: str, interaction_ids: Collection[str]) -> None:
        """As `note`, for arrivals of which no window was read: a request of many conversations has but some of them."""
        rows = await self._ledger.by_ids(tenant, interaction_ids)
        moments = await asyncio.to_thread(lambda: [next_check(_ending_with(tenant, "", row)) for row in rows])
        due = (row for row, at in zip(rows, moments, strict=True) if at and _seconds_until(at) >= -JUST_PASSED_S)
        conversation_ids = list(dict.fromkeys(row.conversation_id for row in due if row.conversation_id is not None))
        for start in range(0, len(conversation_ids), PAGE):
            page = conversation_ids[start : start + PAGE]
            for conversation_id in page:
                self._due.pop((tenant, conversation_id), None)
            await self._look_at(tenant, await self._ledger.windows(tenant, page, limit=1))

    def in_background(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that nobody waits for; it is given up at the end."""
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    async def look_through(self) -> None:
        """Set timers for what others saw, and tell what came due meanwhile. Raises as the ledger does."""
        self._dropped.clear()
        by_tenant: dict[str, list[str]] = {}
        for tenant, conversation_id in await self._ledger.lately_active(MOST_ROWS, limit=MOST_ROWS):
            if (tenant, conversation_id) not in self._due:
                by_tenant.setdefault(tenant, []).append(conversation_id)
        for tenant, conversation_ids in by_tenant.items():
            for start in range(0, len(conversation_ids), PAGE):
                newest = await self._ledger.windows(tenant, conversation_ids[start : start + PAGE], limit=1)
                await self._look_at(tenant, newest)

    async def _look_at(self, tenant: str, newest: Sequence[tuple[str, Interaction]]) -> None:
        rows = [(who, row) for who, row in newest if (tenant, row.interaction_id) not in self._looked_at]
        moments = await asyncio.to_thread(lambda: [next_check(_ending_with(tenant, who, row)) for who, row in rows])
        passed: list[Coroutine[Any, Any, None]] = []
        for (who, row), due in zip(rows, moments, strict=True):
            if due is None or row.conversation_id is None or (tenant, row.conversation_id) in self._due:
                continue
            wait = _seconds_until(due)
            if wait > 0:
                self._set((tenant, row.conversation_id), due, who)
            elif wait >= -MISSED_S:
                passed.append(self._look_once((tenant, row.conversation_id), row.interaction_id))
        await asyncio.gather(*passed)

    def _set(self, conversation: Place, due: datetime, customer_id: str) -> None:
        if not self._timers or due < self._timers[0].due:
            self._changed.set()
        self._due[conversation] = _DueCheck(due, customer_id)
        heappush(self._timers, _Timer(due, conversation))
        if len(self._due) > self._most:
            self._drop_last()
        if len(self._timers) > 2 * len(self._due) + PAGE:  # most of them were put off meanwhile
            self._timers = [_Timer(due.at, conversation) for conversation, due in self._due.items()]
            heapify(self._timers)

    def _drop_last(self) -> None:
        # A tenth at once, so that the many are not looked through for each one.
        by_due = sorted(self._due, key=lambda conversation: self._due[conversation].at)
        for conversation in by_due[self._most - self._most // 10 :]:
            del self._due[conversation]
        self._dropped.set()

    async def _mind_timers(self) -> None:
        while True:
            for conversation in self._take_due():
                self.in_background(self._look_when_due(conversation))
            self._changed.clear()
            wait = min(_seconds_until(self._timers[0].due), LONGEST_SLEEP_S) if self._timers else LONGEST_SLEEP_S
            # Not `wait_for`, which may take a cancellation for the event when both come at once.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.001, wait)):
                    await self._changed.wait()

    def _take_due(self) -> Sequence[Place]:
        now = datetime.now(UTC)
        conversations: list[Place] = []
        while self._timers and self._timers[0].due <= now:
            timer = heappop(self._timers)
            due = self._due.get(timer.conversation)
            if due is not None and due.at == timer.due:
                del self._due[timer.conversation]
                conversations.append(timer.conversation)
        return conversations

    async def _look_once(self, conversation: Place, interaction_id: str) -> None:
        if await self._look_again(conversation):
            self._looked_at[conversation[0], interaction_id] = True

    async def _look_when_due(self, conversation: Place) -> None:
        await self._look_again(conversation)

    async def _look_again(self, conversation: Place) -> bool:
        """Tell what a conversation shows now; false when that was not to be found out."""
        pause = FIRST_PAUSE_S
        async with self._looks:
            for _ in range(TRIES):
                with suppress(Unavailable):  # the ledger is away: what is due waits for it
                    await self._tell_of(conversation)
                    return True
                await asyncio.sleep(pause)
                pause *= 4
        return False

    async def _tell_of(self, conversation: Place) -> None:
        try:
            await self._tell(*conversation)
        except Unavailable:
            raise
        except WarmlineError:  # erased meanwhile: there is nobody to tell of
            return

    async def _look_every_so_often(self) -> None:
        while True:
            try:
                await self.look_through()
            except Exception as failure:  # noqa: BLE001 - timers of this process go on, and the next look may go well
                _log.warning("conversations are looked through later: %s", type(failure).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._dropped.wait()
                    await asyncio.sleep(LOOK_SOON_S)


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
