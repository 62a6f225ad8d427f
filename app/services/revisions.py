"""Goes on with handoffs after their answer: the model's late brief and the verdicts of its check become revisions.

What is still to come of a handoff is filed with it as open work, which a process leases and renews. A process that dies
or stops leaves it to another, or to its own next run, which gathers the same case again. A revision is filed only
while the lease holds and the handoff is there, so each is filed once, and of nobody who was erased meanwhile.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from app.announcements import heard
from app.briefs import Rest, before_model, compose
from app.errors import ModelFailure, UnknownCustomer, WarmlineError
from app.models import Announcement, Check, Handoff, Interaction, Snapshot, Topic
from app.ports.outbox import now_ms
from app.ports.revisions import Filing, OpenHandoff
from app.services.parts import Parts
from app.services.shown_rows import changed_since

_log = logging.getLogger(__name__)

LEASE_S = 6.0
LOOK_S = 1.0
# Of all that is late so much goes on at once; the rest waits its turn, as long as anybody waits for it.
MOST_AT_ONCE = 64
TOLD_OF_HANDOFF = frozenset({"handoff_id", "customer_id", "conversation_id", "status", "engine", "as_of_seq"})


@dataclass(slots=True)
class RevisionCounts:
    """What came of late work in this process since its start."""

    begun: int = 0
    taken_up: int = 0
    filed: int = 0
    failed: int = 0


@dataclass(slots=True, eq=False)
class _Late:
    """A handoff that goes on: as it is filed now, and what is still to come of it."""

    tenant: str
    handoff: Handoff
    rest: Rest
    task: "asyncio.Task[None] | None" = field(default=None)


class Revisions:
    """Files revisions until it is closed. `start` it in the event loop that it shall work in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._writer = parts.writer
        self._store = parts.revisions
        self._holder = uuid4().hex
        self._late: set[_Late] = set()
        self._under_way = asyncio.Semaphore(MOST_AT_ONCE)
        self._looking: asyncio.Task[None] | None = None
        self._closed = False
        self.counts = RevisionCounts()

    def start(self) -> None:
        """Go on from now on, first with what an earlier run left open."""
        if self._writer.has_model:
            self._looking = asyncio.create_task(self._look_again_and_again(), context=Context())

    async def close(self) -> None:
        """Hand on what is still to come: another process, or the next run, takes it up at once."""
        if self._looking is None or self._closed:
            return
        self._closed = True
        tasks = [self._looking, *(late.task for late in self._late if late.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(WarmlineError):  # the leases run out by themselves
            await self._store.give_back(self._holder, now_ms())

    @property
    def working(self) -> bool:
        """Whether it was started and not closed."""
        return self._looking is not None and not self._closed

    def check(self) -> Check:
        """What became of late work in this process."""
        counts = self.counts
        detail = (
            f"{len(self._late)} under way; {counts.begun} begun, {counts.taken_up} taken up, {counts.filed} filed, "
            f"{counts.failed} came to nothing"
        )
        return Check(status="ok", detail=detail)

    async def open(self, tenant: str, handoff: Handoff, rest: Rest) -> Handoff:
        """File a handoff that goes on, with its messages and what is still to come of it. Raises Unavailable."""
        handoff = handoff.model_copy(update={"pending": True})
        filing = _filing(tenant, handoff, ready(handoff))
        try:
            await self._store.open(filing, self._holder, until=_lease_end())
        except WarmlineError:
            self._writer.abandon(rest)
            raise
        self._parts.announcer.wake()
        self.counts.begun += 1
        self._begin(_Late(tenant, handoff, rest))
        return handoff

    def forget(self, tenant: str, customer_id: str) -> None:
        """Go on with nothing of a customer who was erased."""
        for late in self._late:
            if (late.tenant, late.handoff.customer_id) == (tenant, customer_id) and late.task is not None:
                late.task.cancel()

    def abandon(self, tenant: str, handoff_id: str) -> None:
        """Go on no further with a handoff that is taken back."""
        for late in self._late:
            if (late.tenant, late.handoff.handoff_id) == (tenant, handoff_id) and late.task is not None:
                late.task.cancel()

    def _begin(self, late: _Late) -> None:
        # What is begun within a request would keep all that the request holds.
        late.task = asyncio.create_task(self._go_on(late), context=Context())
        self._late.add(late)
        late.task.add_done_callback(lambda _: self._late.discard(late))

    async def _go_on(self, late: _Late) -> None:
        try:
            if self._under_way.locked():
                self._writer.abandon(late.rest)
            async with self._under_way:
                await self._revise(late)
        except asyncio.CancelledError:
            raise
        except WarmlineError as failure:
            _log.warning("a handoff is revised later: %s", failure.detail)
        except Exception as failure:  # noqa: BLE001 - nobody waits for it who could be told
            _log.warning("a handoff is not revised: %s", type(failure).__name__)
            with suppress(WarmlineError):
                await self._end(late)
        finally:
            self._writer.abandon(late.rest)

    async def _revise(self, late: _Late) -> None:
        try:
            async for revision in self._writer.revisions(late.rest):
                if revision.engine != "model":  # nothing of it can be shown
                    break
                if not await self._file(late, _next(late.handoff, revision)):
                    return
        except ModelFailure as failure:
            _log.warning("no late brief: %s", failure.reported_code)
        if late.handoff.pending:
            await self._end(late)

    async def _file(self, late: _Late, revision: Handoff) -> bool:
        """File the next revision and tell of it; false when nothing more is to come of this handoff."""
        if not await self._stands(late):
            await self._end(late)
            return False
        announcement = updated(revision)
        filing = _filing(late.tenant, revision, announcement)
        if not await self._store.revise(filing, self._holder, is_last=not revision.pending):
            await self._take_back(late)
            return False
        late.handoff = revision
        self.counts.filed += 1
        self._parts.meter.revision(revision, (datetime.now(UTC) - revision.created_at).total_seconds())
        self._parts.announcer.wake()
        self._parts.announcer.broadcast(late.tenant, [announcement])
        if await self._stands(late):
            return True
        await self._take_back(late)
        return False

    async def _end(self, late: _Late) -> None:
        """Nothing more comes: what is filed says so."""
        self.counts.failed += 1
        late.handoff = late.handoff.model_copy(update={"pending": False})
        filing = _filing(late.tenant, late.handoff, updated(late.handoff))
        await self._store.revise(filing, self._holder, is_last=True, silently=True)
        await self._take_back(late)

    async def _stands(self, late: _Late) -> bool:
        """Whether all that a model was shown still stands in the ledger as it was shown."""
        return not await self._changed(late) and await self._is_there(late)

    async def _changed(self, late: _Late) -> Sequence[Interaction]:
        return await changed_since(self._parts.ledger, late.tenant, late.rest.snapshot)

    async def _is_there(self, late: _Late) -> bool:
        return await self._parts.ledger.customer_of(late.tenant, late.handoff.customer_id) is not None

    async def _take_back(self, late: _Late) -> None:
        """Remove what was filed of words that were erased meanwhile, with what the model answered."""
        if not await self._is_there(late):
            await self._parts.eraser.forget_documents(late.tenant, late.handoff.customer_id)
        elif changed := await self._changed(late):
            await self._parts.eraser.erase_derived_of(late.tenant, changed)

    async def _look_again_and_again(self) -> None:
        renewed_at = 0
        while True:
            try:
                now = now_ms()
                if self._late and now - renewed_at > LEASE_S * 1000 / 3:
                    await self._store.renew(self._holder, _lease_end())
                    renewed_at = now
                if (free := MOST_AT_ONCE - len(self._late)) > 0:
                    for work in await self._store.take(self._holder, now, until=_lease_end(), limit=free):
                        await self._take_up(work)
            except Exception as failure:  # noqa: BLE001 - the next look may go well
                _log.warning("open handoffs are looked for later: %s", type(failure).__name__)
            await asyncio.sleep(LOOK_S)

    async def _take_up(self, work: OpenHandoff) -> None:
        """Go on with a handoff that another process, or an earlier run, left open."""
        own = {(late.tenant, late.handoff.handoff_id) for late in self._late}
        if (work.tenant, work.handoff_id) in own:
            return  # the lease had run out, and is this process's own again
        document = await self._parts.archive.get(work.tenant, "handoffs", work.handoff_id)
        try:
            handoff = None if document is None else Handoff.model_validate(document)
            snapshot = None if handoff is None else await self._gathered(work.tenant, handoff)
        except UnknownCustomer:
            handoff = snapshot = None
        if handoff is None or snapshot is None:
            await self._store.drop(work.tenant, [work.handoff_id])
            return
        base = await _taken_up(handoff, snapshot)
        self.counts.taken_up += 1
        self._begin(_Late(work.tenant, handoff, self._writer.rest_of(snapshot, base)))

    async def _gathered(self, tenant: str, handoff: Handoff) -> Snapshot:
        """The case as it was when the handoff was asked for. Raises UnknownCustomer."""
        request = handoff.request
        customer = await self._parts.identities.customer(tenant, handoff.customer_id)
        return await self._parts.gatherer.gather(
            tenant,
            customer,
            handoff.conversation_id,
            now=request.now or handoff.created_at,
            cutoff=request.now,
            up_to_seq=handoff.as_of_seq,
        )


def ready(handoff: Handoff) -> Announcement:
    """That a handoff is ready, without what is in it: whoever may read it fetches it."""
    return heard(Topic.HANDOFF_READY, handoff.handoff_id, handoff.customer_id, _told_of(handoff, TOLD_OF_HANDOFF))


def updated(handoff: Handoff) -> Announcement:
    """That a handoff was revised."""
    name = f"{handoff.handoff_id} {handoff.revision}"
    data = _told_of(handoff, TOLD_OF_HANDOFF | {"revision"})
    return heard(Topic.HANDOFF_UPDATED, name, handoff.customer_id, data)


async def _taken_up(handoff: Handoff, snapshot: Snapshot) -> Handoff:
    """A handoff as it stood when what is still to come of it was begun."""
    if handoff.engine != "model":
        return before_model(handoff, snapshot)
    if handoff.check.state == "pending" or handoff.revision > 1:
        return handoff
    # Drafted ahead, and the model's words on what came since are still to come.
    brief = await asyncio.to_thread(compose, snapshot, handoff.brief.intent, handoff.request)
    return before_model(handoff.model_copy(update={"brief": brief, "engine": "extractive"}), snapshot)


def _told_of(handoff: Handoff, fields: frozenset[str]) -> Mapping[str, Any]:
    return handoff.model_dump(mode="json", include=set(fields))


def _next(before: Handoff, handoff: Handoff) -> Handoff:
    """What a model found as the next revision of what is filed."""
    lasting = {name: getattr(before, name) for name in ("created_at", "duration_ms", "drafted_ahead")}
    pending = handoff.check.state == "pending"
    return handoff.model_copy(update={**lasting, "revision": before.revision + 1, "pending": pending})


def _filing(tenant: str, handoff: Handoff, announcement: Announcement) -> Filing:
    return Filing(tenant, handoff.handoff_id, handoff.model_dump(mode="json"), announcement)


def _lease_end() -> int:
    return now_ms() + round(LEASE_S * 1000)
