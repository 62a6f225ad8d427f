"""Keeps the digests of journeys up with the ledger: in the background, and before anybody is answered.

Reading takes a millisecond or so for a customer, so it is done when something happened and not when somebody asks. Who
asks waits for what is left. What a visit was about is read in the background alone, since that takes embedding: until
then it has no intent.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

from app.analytics.escalations import milliseconds
from app.analytics.journeys import last_seq, read_journeys, unread_visits
from app.analytics.visits import CustomerVisit, in_order
from app.models import Interaction
from app.ports.continuity import ContinuityStore, Digest, Due, Material, Reading, ReadSignal

_log = logging.getLogger(__name__)

# Customers a step: short enough that writing them holds up nobody who files.
BATCH = 8
# Of a customer with a longer history, the newest interactions are looked at.
MOST_ROWS = 5_000
# Nobody waits for this unless somebody asks, and who asks does not wait for it: so it looks every so often.
POLL_S = 5.0
# Talk that goes on is read when it has been quiet for a while: each reading embeds what was said since the last.
QUIET = timedelta(seconds=30)
# While more arrives than can be read, this leaves the processors to those who write, but for one part in so many.
SHARE = 4
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LAST_STEP_S = 10.0


class VisitReader(Protocol):
    """Reads what a customer wanted in a visit and where it went wrong: the rooms that know are others."""

    async def read(
        self, tenant: str, customer_id: str, visit: Sequence[Interaction], prior: Sequence[Interaction]
    ) -> tuple[str | None, tuple[ReadSignal, ...]]:
        """The intent, None where none fits, and the signals that fired in the visit; `prior` went before it."""
        ...


class Follower:
    """Follows the ledger and the archive."""

    def __init__(self, store: ContinuityStore, reader: VisitReader) -> None:
        self._store = store
        self._reader = reader
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._closing = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to follow. Needs a running event loop; once is enough."""
        self._task = self._task or asyncio.create_task(self._follow(), name="continuity")

    async def close(self) -> None:
        """Finish the step at hand."""
        self._closing.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, LAST_STEP_S)

    async def touch(self, tenant: str, customer_id: str) -> None:
        """Say that a document of a customer was replaced by another, which nothing else would tell."""
        await self._store.touch(tenant, [customer_id], readings_hold=True)

    async def catch_up(self, tenant: str) -> int:
        """Read all that is acknowledged; gives the sequence number up to which that is so. Raises Unavailable."""
        async with self._turns[tenant]:
            head = await self._store.note(tenant)
            while due := await self._store.due(tenant, BATCH):
                await self._digest(tenant, due)
            return head

    async def read_visits(self, tenant: str, *, now: datetime | None = None) -> bool:
        """Read what some visits were about that have been quiet for a while; tells whether there were any."""
        quiet = milliseconds((now or datetime.now(UTC)) - QUIET)
        unread = await self._store.unread(tenant, quiet, BATCH // 4)
        written = 0
        for material in await self._store.material(tenant, unread, MOST_ROWS):
            readings: list[Reading] = []
            for visit in unread_visits(material):
                started = monotonic()
                readings.append(await self._read(tenant, material, visit))
                await self._give_way(started)
            due = next(candidate for candidate in unread if candidate.customer_id == material.customer_id)
            readings_by_visit = {**material.readings, **{reading.visit_id: reading for reading in readings}}
            digest = await asyncio.to_thread(read_journeys, material._replace(readings=readings_by_visit))
            written += await self._store.replace(tenant, [(due, digest)], readings)
        return written > 0

    async def _digest(self, tenant: str, due: Sequence[Due]) -> None:
        materials = {material.customer_id: material for material in await self._store.material(tenant, due, MOST_ROWS)}
        made = await asyncio.to_thread(_digests, due, materials)
        await self._store.replace(tenant, made)

    async def _read(self, tenant: str, material: Material, visit: CustomerVisit) -> Reading:
        own = {row.interaction_id for row in visit.rows}
        prior = [
            row for row in in_order(material.rows) if row.interaction_id not in own and row.occurred_at <= visit.until
        ]
        intent, signals = await self._reader.read(tenant, material.customer_id, visit.rows, prior)
        identity_id = visit.rows[0].identity_id
        return Reading(visit.visit_id, identity_id, len(visit.rows), last_seq(visit), intent, signals)

    async def _follow(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing.is_set():
            try:
                moved = await self._round()
            except Exception as failure:  # noqa: BLE001 - whoever asks reads what is left and is told of the failure
                # The class alone: a message may hold what a customer wrote.
                _log.warning("journeys are read later: %s", type(failure).__name__)
                await _until(self._closing, pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            pause = FIRST_PAUSE_S
            if not moved:
                await _until(self._closing, POLL_S)

    async def _round(self) -> bool:
        moved = False
        for tenant in await self._store.tenants():
            async with self._turns[tenant]:
                await self._store.note(tenant)
            while not self._closing.is_set():
                started = monotonic()
                async with self._turns[tenant]:
                    due = await self._store.due(tenant, BATCH)
                    await self._digest(tenant, due)
                if not due:
                    break
                await self._give_way(started)
            while not self._closing.is_set():
                started = monotonic()
                if not await self.read_visits(tenant):
                    break
                moved = True
                await self._give_way(started)
        return moved

    async def _give_way(self, started: float) -> None:
        await _until(self._closing, (monotonic() - started) * (SHARE - 1))


def _digests(due: Sequence[Due], materials: dict[str, Material]) -> list[tuple[Due, Digest]]:
    nothing = Digest((), (), ())
    return [
        (customer, read_journeys(materials[customer.customer_id]) if customer.customer_id in materials else nothing)
        for customer in due
    ]


async def _until(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
