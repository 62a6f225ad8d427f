"""Lets the intents of each tenant be learnt from what its customers lately wrote, beside the catalogue's examples.

In the background, and only where there is enough of it: nothing waits for it. Of the messages their ids are kept, and
their vectors are read anew from the vector store each time. What was erased has none any more, so the next time leaves
it out; here that is at once, in other processes after `REFIT_S` at the latest.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import monotonic

import numpy as np

from app.actions.catalogue_store import CatalogueStore
from app.models import Actor, Interaction, Kind
from app.ports import Ledger, VectorStore
from app.pressure import Pressure

_log = logging.getLogger(__name__)

# Fewer messages say little of how a tenant's customers put things.
LEAST_MESSAGES = 200
MOST_MESSAGES = 2000
MOST_TENANTS = 64
LOOK_S = 60.0
REFIT_S = 900.0
# While requests are refused because the process is busy, learning waits for so long at most.
GIVES_WAY_S = 300.0
# Rows of the ledger, of all tenants, that are looked through at most in one go.
MOST_ROWS = 20_000
PAGE = 500


@dataclass(slots=True)
class _Heard:
    """The newest messages of a tenant's customers, which of them were learnt from, and when."""

    ids: deque[str] = field(default_factory=lambda: deque[str](maxlen=MOST_MESSAGES))
    learnt_from: frozenset[str] = frozenset()
    looked_at: float | None = None
    erasures: int = 0

    @property
    def is_due(self) -> bool:
        """Whether there may be something to learn or to leave out, and it has been long enough."""
        waited = self.looked_at is None or monotonic() - self.looked_at >= REFIT_S
        return waited and (len(self.ids) >= LEAST_MESSAGES or bool(self.learnt_from))


class TrafficLearner:
    """Follows the ledger, and has the readers of the catalogues learn from it."""

    def __init__(
        self, ledger: Ledger, vectors: VectorStore, catalogues: CatalogueStore, pressure: Pressure | None = None
    ) -> None:
        self._pressure = pressure or Pressure()
        self._ledger = ledger
        self._vectors = vectors
        self._catalogues = catalogues
        self._position = 0
        self._heard: dict[str, _Heard] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look every so often. Needs a running event loop; once is enough."""
        self._task = self._task or asyncio.create_task(self._follow(), name="traffic")

    async def close(self) -> None:
        """Leave off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def forget(self, tenant: str | None) -> None:
        """Something of this tenant, or of any, was erased: what was learnt goes, to be learnt without it later."""
        self._catalogues.unlearn(tenant)
        for heard in [traffic for name, traffic in self._heard.items() if tenant in (None, name)]:
            heard.learnt_from, heard.looked_at = frozenset(), None
            heard.erasures += 1

    async def study(self) -> None:
        """Look for new messages, and learn where it is time to. Raises as the ledger and the vectors do."""
        await self._listen()
        for tenant, heard in list(self._heard.items()):
            if heard.is_due:
                await self._learn(tenant, heard)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self._pressure.relieved(GIVES_WAY_S)
            try:
                await self.study()
            except Exception as failure:  # noqa: BLE001 - intents are read without it, and the next look may go well
                # The class alone: a message may hold what a customer wrote.
                _log.warning("traffic is learnt from later: %s", type(failure).__name__)

    async def _listen(self) -> None:
        last = await self._ledger.last_position()
        self._position = max(self._position, last - MOST_ROWS)
        while self._position < last and (rows := await self._ledger.after_position(self._position, PAGE)):
            self._note((tenant, row) for _, tenant, row in rows)
            self._position = rows[-1][0]

    def _note(self, rows: Iterable[tuple[str, Interaction]]) -> None:
        for tenant, row in rows:
            if row.actor is not Actor.CUSTOMER or row.kind is not Kind.MESSAGE or row.partial:
                continue
            # The tenants that were heard of last are kept.
            heard = self._heard[tenant] = self._heard.pop(tenant, None) or _Heard()
            heard.ids.append(row.interaction_id)
            if len(self._heard) > MOST_TENANTS:
                quiet = next(iter(self._heard))
                del self._heard[quiet]
                self._catalogues.unlearn(quiet)

    async def _learn(self, tenant: str, heard: _Heard) -> None:
        before = heard.erasures
        vectors = await self._vectors.get(tenant, list(heard.ids))
        if len(vectors) < LEAST_MESSAGES:
            # The index may be behind, so what is missing may come: it is looked for again the next time.
            self._catalogues.unlearn(tenant)
            heard.learnt_from = frozenset()
            return
        if heard.learnt_from != frozenset(vectors):
            await self._catalogues.learn(tenant, np.stack(list(vectors.values())))
            heard.learnt_from = frozenset(vectors)
        heard.looked_at = monotonic()
        if heard.erasures != before:
            self.forget(tenant)  # erased while it was learnt from
