"""Keeps the vectors up with the ledger, in the background: an acknowledgement never waits for an embedding."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from time import monotonic

from app.errors import WarmlineError
from app.models import Check, IndexProgress, Interaction
from app.ports import Archive, Embedder, Ledger, VectorStore
from app.pressure import Pressure
from app.retrieval.texts import embeddable

_log = logging.getLogger(__name__)

# Rows a step: short enough that a step holds up nothing and little is done twice after a crash.
BATCH = 32
# Messages come in bursts, and a handoff often follows the last of them: both are better off if this waits a little,
# and nobody misses it, since what is not indexed yet is found by its words.
SETTLE_S = 0.5
# Other processes write to the ledger too, and cannot wake this one.
POLL_S = 5.0
# In a rush more arrives than can be embedded. The index then falls behind either way, so it leaves the processors to
# those who write, but for one part in so many, and catches up when the rush is over.
RUSH_SHARE = 10
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LAST_STEP_S = 10.0

_TENANT, _COLLECTION, _KEY = "", "index", "watermark"


class Indexer:
    """Follows the ledger's write order from a watermark and embeds what was said.

    The watermark is filed after the vectors are written, so a crash repeats a step and never leaves one out. It names
    the embedder: with another one the index is emptied and made anew. A failure is tried again, later and later.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        vectors: VectorStore,
        embedder: Embedder,
        pressure: Pressure | None = None,
    ) -> None:
        self._pressure = pressure or Pressure()
        self._ledger = ledger
        self._archive = archive
        self._vectors = vectors
        self._embedder = embedder
        self._position: int | None = None
        self._failure: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._arrived = 0
        self._is_stale = False
        self._closing = asyncio.Event()

    def start(self) -> None:
        """Begin to follow the ledger. Needs a running event loop; once is enough."""
        self._task = self._task or asyncio.create_task(self._follow(), name="index")

    def wake(self, rows: int = 0) -> None:
        """Say that the ledger has so many new rows."""
        self._arrived += rows
        self._woken.set()

    def start_over(self) -> None:
        """Index the whole ledger again: the vectors are gone."""
        self._is_stale = True
        self._woken.set()

    async def rebuild(self) -> AsyncGenerator[IndexProgress]:
        """Empty the index and make it anew, telling after every step how far it is. Not for one that was started.

        When it breaks off, the service goes on from there. Raises RetrievalUnavailable, ConfigurationError or
        Unavailable.
        """
        await file_watermark(self._archive, 0, self._embedder.name)
        set_aside = await self._vectors.clear()
        self._position = 0
        progress = IndexProgress(last_position=await self._ledger.last_position(), set_aside=set_aside)
        yield progress
        while rows := await self._step():
            embedded = sum(embeddable(row) is not None for _, _, row in rows)
            position = rows[-1][0]
            progress = IndexProgress(
                interactions=progress.interactions + len(rows),
                vectors=progress.vectors + embedded,
                position=position,
                last_position=max(position, progress.last_position),
                set_aside=set_aside,
            )
            yield progress

    async def close(self) -> None:
        """Finish the step at hand and let go of the vector store."""
        self._closing.set()
        self._woken.set()
        if self._task is not None:
            # A step that hangs on a dead server is given up: it will be done again.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, LAST_STEP_S)
        await self._vectors.close()

    async def warm_up(self) -> None:
        """Load the embedder and open the store; a failure shows in `check`."""
        try:
            await self._embedder.embed(["warm"])
            # Opening alone leaves the vectors on disk; the first read loads them.
            await self._vectors.get(_TENANT, ["none"])
        except WarmlineError as failure:
            self._failed(failure)

    async def lag(self) -> int:
        """How many rows of the ledger, of all tenants, the index has not seen yet."""
        position = await self._filed_position() if self._position is None else self._position
        return max(0, await self._ledger.last_position() - (position or 0))

    def check(self) -> Check:
        """How the index is. While it is degraded, retrieval goes on by words alone."""
        if isinstance(self._failure, WarmlineError):
            return Check(status="degraded", detail=self._failure.detail)
        if self._failure is not None:
            return Check(status="degraded", detail="The index met an unexpected error and tries again.")
        if self._position is None:
            return Check(status="loading", detail="opens in the background after the start")
        return Check(status="ok", detail="follows the ledger")

    async def _follow(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing.is_set():
            self._arrived, started = 0, monotonic()
            try:
                moved = await self._step()
                if self._failure is not None:
                    # Having nothing to write is no sign that what was written can be read again.
                    await self._vectors.get(_TENANT, ["none"])
            except Exception as failure:  # noqa: BLE001 - it is reported by `check`; an index that dies unseen is worse
                self._failed(failure)
                await _until(self._closing, pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            self._failure, pause = None, FIRST_PAUSE_S
            if not moved:
                await _until(self._woken, POLL_S)
                self._woken.clear()
                await _until(self._closing, SETTLE_S)
            elif self._arrived > len(moved) or self._pressure.is_on:
                await _until(self._closing, (monotonic() - started) * (RUSH_SHARE - 1))

    async def _step(self) -> Sequence[tuple[int, str, Interaction]]:
        # The rows of the ledger that the index holds now and did not hold before.
        if self._is_stale:
            self._is_stale = False
            await file_watermark(self._archive, 0, self._embedder.name)
            self._position = 0
        if self._position is None:
            self._position = await self._start_position()
        rows = await self._ledger.after_position(self._position, BATCH)
        if not rows:
            return rows
        by_tenant: dict[str, list[Interaction]] = {}
        for _, tenant, row in rows:
            by_tenant.setdefault(tenant, []).append(row)
        for tenant, batch in by_tenant.items():
            await self._index(tenant, batch)
        position = rows[-1][0]
        await file_watermark(self._archive, position, self._embedder.name)
        self._position = position
        return rows

    async def _index(self, tenant: str, rows: Sequence[Interaction]) -> None:
        texts = {row.interaction_id: text for row in rows if (text := embeddable(row))}
        if texts:
            made = await self._embedder.embed(list(texts.values()))
            await self._vectors.put(tenant, list(texts), made)
            # Rows may have been erased or blanked while they were embedded; whoever does so later removes the vectors.
            left = {row.interaction_id for row in await self._ledger.by_ids(tenant, list(texts)) if not row.redacted}
            await self._vectors.delete(
                tenant, [interaction_id for interaction_id in texts if interaction_id not in left]
            )

    async def _start_position(self) -> int:
        position = await self._filed_position()
        if position is None:
            await self._vectors.clear()
            return 0
        # A store that was lost, or emptied by hand, is made anew.
        return position if position and await self._vectors.count() else 0

    async def _filed_position(self) -> int | None:
        # None: the vectors there are were made by another embedder.
        watermark = await self._archive.get(_TENANT, _COLLECTION, _KEY)
        if watermark is None:
            return 0
        return int(watermark["position"]) if watermark["embedder"] == self._embedder.name else None

    def _failed(self, failure: Exception) -> None:
        if type(failure) is not type(self._failure):
            # The class alone: a message may hold what a customer wrote.
            _log.warning("the index will try again: %s", type(failure).__name__)
        self._failure = failure


async def file_watermark(archive: Archive, position: int, embedder: str) -> None:
    """Say that every row of the ledger up to `position` has the vector that this embedder makes."""
    await archive.put(_TENANT, _COLLECTION, _KEY, {"position": position, "embedder": embedder})


async def _until(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
