"""Keeps the vectors up with the ledger, in the background: an acknowledgement never waits for an embedding."""

from collections.abc import AsyncGenerator, Callable, Sequence

from app.background import Worker
from app.errors import WarmlineError
from app.models import Check, IndexProgress, Interaction
from app.ports import Archive, Embedder, Ledger, VectorStore
from app.pressure import Pressure
from app.retrieval.texts import embeddable

# Rows a step: short enough that a step holds up nothing and little is done twice after a crash.
BATCH = 32

_TENANT, _COLLECTION, _KEY = "", "index", "watermark"


class Indexer:
    """Follows the ledger's write order from a watermark and embeds what was said.

    The watermark is filed after the vectors are written, so a crash repeats a step and never leaves one out. It names
    the embedder: with another one the index is emptied and made anew. A failure is tried again, later and later.
    `on_emptied` is called whenever the vectors of all tenants were removed.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        vectors: VectorStore,
        embedder: Embedder,
        pressure: Pressure | None = None,
        *,
        on_emptied: Callable[[], None] = lambda: None,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._vectors = vectors
        self._embedder = embedder
        self._on_emptied = on_emptied
        self._position: int | None = None
        self._worker = Worker("index", self._follow, pressure or Pressure())
        self._is_stale = False

    def start(self) -> None:
        """Begin to follow the ledger. Needs a running event loop; once is enough."""
        self._worker.start()

    def wake(self, rows: int = 0) -> None:
        """Say that the ledger has so many new rows."""
        self._worker.wake(rows)

    def start_over(self) -> None:
        """Index the whole ledger again: the vectors are gone."""
        self._is_stale = True
        self._worker.wake()

    async def rebuild(self) -> AsyncGenerator[IndexProgress]:
        """Empty the index and make it anew, telling after every step how far it is. Not for one that was started.

        When it breaks off, the service goes on from there. Raises RetrievalUnavailable, ConfigurationError or
        Unavailable.
        """
        await file_watermark(self._archive, 0, self._embedder.name)
        set_aside = await self._vectors.clear()
        self._on_emptied()
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
        await self._worker.close()
        await self._vectors.close()

    async def warm_up(self) -> None:
        """Load the embedder and open the store; a failure shows in `check`."""
        try:
            await self._embedder.embed(["warm"])
            # Opening alone leaves the vectors on disk; the first read loads them.
            await self._vectors.get(_TENANT, ["none"])
        except WarmlineError as failure:
            self._worker.failed(failure)

    async def lag(self) -> int:
        """How many rows of the ledger, of all tenants, the index has not seen yet."""
        position = await self._filed_position() if self._position is None else self._position
        return max(0, await self._ledger.last_position() - (position or 0))

    def check(self) -> Check:
        """How the index is. While it is degraded, retrieval goes on by words alone."""
        failure = self._worker.failure
        if isinstance(failure, WarmlineError):
            return Check(status="degraded", detail=failure.detail)
        if failure is not None:
            return Check(status="degraded", detail="The index met an unexpected error and tries again.")
        if self._position is None:
            return Check(status="loading", detail="opens in the background after the start")
        return Check(status="ok", detail="follows the ledger")

    async def _follow(self) -> int:
        moved = await self._step()
        if self._worker.failure is not None:
            # Having nothing to write is no sign that what was written can be read again.
            await self._vectors.get(_TENANT, ["none"])
        return len(moved)

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
        if blanked := [row.interaction_id for row in rows if row.redacted]:
            # Whoever blanked them may not have reached the vectors.
            await self._vectors.delete(tenant, blanked)
        if texts:
            made = await self._embedder.embed(list(texts.values()))
            await self._vectors.put(tenant, list(texts), made)
            # Rows may have been erased or blanked while they were embedded; whoever does so later removes the vectors.
            left = {row.interaction_id for row in await self._ledger.by_ids(tenant, list(texts)) if embeddable(row)}
            await self._vectors.delete(
                tenant, [interaction_id for interaction_id in texts if interaction_id not in left]
            )

    async def _start_position(self) -> int:
        position = await self._filed_position()
        if position is None:
            await self._vectors.clear()
            self._on_emptied()
            return 0
        # A store that was lost, or emptied by hand, is made anew.
        return position if position and await self._vectors.count() else 0

    async def _filed_position(self) -> int | None:
        # None: the vectors there are were made by another embedder.
        watermark = await self._archive.get(_TENANT, _COLLECTION, _KEY)
        if watermark is None:
            return 0
        return int(watermark["position"]) if watermark["embedder"] == self._embedder.name else None


async def file_watermark(archive: Archive, position: int, embedder: str) -> None:
    """Say that every row of the ledger up to `position` has the vector that this embedder makes."""
    await archive.put(_TENANT, _COLLECTION, _KEY, {"position": position, "embedder": embedder})
