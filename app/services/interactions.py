"""Interactions: filed, listed, searched and redacted."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from time import perf_counter

from app.errors import NotFound
from app.forwarding import forwarded_interaction_id
from app.ledger import refusing_ahead
from app.models import Channel, Interaction, InteractionDraft, Kind, Problem, Recorded, Signal, Snapshot
from app.nlu.forwarded import FORWARDS
from app.services.answers import RecordAnswer, SearchAnswer, TimelinePage
from app.services.drafts import Drafts
from app.services.memory_erasure import MemoryErasure
from app.services.parts import Parts
from app.services.signals import SignalService
from app.signals import SHORT_TEXTS, detect

LIVE_CONVERSATIONS = 20


class InteractionService:
    """Files interactions and reads them back."""

    def __init__(self, parts: Parts, signals: SignalService, drafts: Drafts, memory: MemoryErasure) -> None:
        self._parts = parts
        self._signals = signals
        self._drafts = drafts
        self._memory = memory

    async def record(
        self, tenant: str, drafts: Sequence[InteractionDraft | Problem], *, now: datetime | None = None
    ) -> RecordAnswer:
        """File interactions durably; a Problem among them is a row that was refused, and comes back in its place.

        A row more than a day ahead of `now` is refused too; without `now`, as for a data set, none is.
        """
        return await self.follow(tenant, drafts, await self.file(tenant, drafts, now=now))

    async def file(
        self, tenant: str, drafts: Sequence[InteractionDraft | Problem], *, now: datetime | None = None
    ) -> Sequence[Recorded]:
        """The first part of `record`: when it returns, the rows are durable. Raises Unavailable."""
        drafts = refusing_ahead(drafts, now) if now else drafts
        results = await self._parts.recorder.record(tenant, drafts)
        self._parts.meter.interactions(_counts_of(results))
        self._parts.indexer.wake(len(results))
        self._parts.analyst.wake(len(results))
        return results

    async def follow(
        self, tenant: str, drafts: Sequence[InteractionDraft | Problem], results: Sequence[Recorded]
    ) -> RecordAnswer:
        """The rest of `record`: what the rows show is worked out and announced."""
        windows = await self._live_windows(tenant, drafts, results)
        fresh = {result.interaction_id for result in results if result.interaction_id and not result.duplicate}
        fresh |= _brought(windows, fresh)
        signals = await _detected(windows, fresh)
        await self._signals.announce(tenant, windows, signals, fresh)
        # What was acknowledged before this request began has lower numbers than what it filed itself.
        newest = (result.seq for result in results if result.seq and not result.duplicate)
        head = max((*newest, *(window.as_of_seq for window in windows)), default=0)
        return RecordAnswer(
            results=tuple(results), signals=signals, as_of_seq=head or await self._parts.ledger.head(tenant)
        )

    async def timeline(
        self,
        tenant: str,
        customer_id: str,
        *,
        channel: Channel | None = None,
        kind: Kind | None = None,
        after_seq: int = 0,
        limit: int = 50,
    ) -> TimelinePage:
        """One page of a customer's history over all channels, by seq. Raises UnknownCustomer."""
        head = await self._parts.ledger.head(tenant)
        customer = await self._parts.identities.customer(tenant, customer_id)
        rows = await self._parts.ledger.interactions(
            tenant,
            customer.identity_ids,
            channel=channel,
            kind=kind,
            after_seq=after_seq,
            up_to_seq=head,
            limit=limit + 1,
        )
        page = tuple(rows[:limit])
        more = len(rows) > limit
        return TimelinePage(
            customer_id=customer.customer_id,
            interactions=page,
            next_after_seq=page[-1].seq if more else None,
            as_of_seq=head,
        )

    async def search(self, tenant: str, customer_id: str, query: str, *, limit: int = 10) -> SearchAnswer:
        """Find in one customer's history, by the retrieval that feeds the brief. Raises UnknownCustomer."""
        started = perf_counter()
        head = await self._parts.ledger.head(tenant)
        customer = await self._parts.identities.customer(tenant, customer_id)
        hits = await self._parts.retriever.search(tenant, customer.identity_ids, query, up_to_seq=head, limit=limit)
        return SearchAnswer(hits=tuple(hits), as_of_seq=head, duration_ms=round((perf_counter() - started) * 1000))

    async def redact(self, tenant: str, interaction_id: str) -> tuple[Interaction, str]:
        """Blank one interaction, with the letter that it passed on; gives it as it is now and whose it is.

        Raises NotFound.
        """
        row, customer_id = await self._redact(tenant, interaction_id)
        with suppress(NotFound):
            await self._redact(tenant, forwarded_interaction_id(interaction_id))
        return row, customer_id

    async def _redact(self, tenant: str, interaction_id: str) -> tuple[Interaction, str]:
        row = await self._parts.eraser.redact(tenant, interaction_id)
        customer_id = await self._parts.ledger.customer_of(tenant, row.identity_id) or row.identity_id
        self._parts.announcer.forget(tenant, customer_id)  # a signal quotes the message
        await self._memory.forget(tenant)
        self._drafts.forget(tenant, customer_id)  # the model may be at words that were blanked
        self._memory.announce(tenant, customer_id)  # what was announced of this customer may quote it
        return row, customer_id

    async def _live_windows(
        self, tenant: str, drafts: Sequence[InteractionDraft | Problem], results: Sequence[Recorded]
    ) -> Sequence[Snapshot]:
        """How the conversations stand that a request added to; of very many, the last ones."""
        pairs = [
            (draft, result)
            for draft, result in zip(drafts, results, strict=True)
            if result.seq and not result.duplicate
        ]
        talks = [
            (result.customer_id, draft.conversation_id) for draft, result in pairs if not isinstance(draft, Problem)
        ]
        places = list(dict.fromkeys((who, where) for who, where in talks if who and where))[-LIVE_CONVERSATIONS:]
        return await self._parts.windows.of(tenant, places) if places else ()


def _counts_of(results: Sequence[Recorded]) -> Mapping[str, int]:
    """How many rows were filed, were there already, and were refused."""
    refused = sum(result.problem is not None for result in results)
    duplicates = sum(result.duplicate for result in results)
    return {"filed": len(results) - refused - duplicates, "duplicate": duplicates, "refused": refused}


def _brought(windows: Sequence[Snapshot], fresh: Collection[str]) -> set[str]:
    """The ids of the customers' letters that came with fresh rows which pass them on."""
    rows = {row.interaction_id: row for window in windows for row in window.conversation}
    brought = {forwarded_interaction_id(name) for name in fresh if name in rows and FORWARDS in rows[name].data}
    return brought & rows.keys()


async def _detected(windows: Sequence[Snapshot], fresh: Collection[str]) -> tuple[Signal, ...]:
    """The signals of every window; a batch may touch a thousand of them, so others are let in between."""
    signals: list[Signal] = []
    for index, window in enumerate(windows):
        if index:
            await asyncio.sleep(0)
        signals.extend(await _signals_of(window, fresh))
    return tuple(signals)


async def _signals_of(window: Snapshot, fresh: Collection[str]) -> tuple[Signal, ...]:
    """The signals of a window; where much was written, they are looked for off the event loop."""
    if window.characters <= SHORT_TEXTS:
        return detect(window, fresh=fresh)
    return await asyncio.to_thread(detect, window, fresh=fresh)
