"""Keeps the settled cases findable, in the background: whoever tells an outcome does not wait for it.

A case needs the vector of its message, which the index makes at its own pace, so a case that was told too early waits.
What became of it is in the archive; should the process die before it is findable, or the vectors be made anew, it is
found missing when everything is looked through after the next start.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from cachetools import FIFOCache

from app.actions.catalogue_store import CatalogueStore
from app.actions.learning import CASES
from app.actions.similar_cases import SimilarCases
from app.models import FiledOutcome
from app.ports import Archive, Ledger, VectorStore
from app.pressure import Pressure

_log = logging.getLogger(__name__)

LOOK_S = 1.0
FIRST_LOOK_S = 5.0
LOOK_AGAIN_S = 900.0
# While requests are refused because the process is busy, cases wait for so long at most.
GIVES_WAY_S = 60.0
PAGE = 500
MOST_WAITING = 10_000
# After so long without a vector, the message has nothing to embed, or the next look through finds it.
GIVEN_UP_AFTER_S = 120.0
_NO_TENANT, _TENANTS = "", "case_tenants"


@dataclass(slots=True)
class _PendingOutcomes:
    until: float
    outcomes: list[FiledOutcome] = field(default_factory=list[FiledOutcome])


class CaseIndexer:
    """Follows the outcomes that are told in this process, and what others left undone."""

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        vectors: VectorStore,
        similar: SimilarCases,
        catalogues: CatalogueStore,
        pressure: Pressure | None = None,
    ) -> None:
        self._pressure = pressure or Pressure()
        self._ledger = ledger
        self._archive = archive
        self._vectors = vectors
        self._similar = similar
        self._catalogues = catalogues
        self._waiting: FIFOCache[tuple[str, str], _PendingOutcomes] = FIFOCache(maxsize=MOST_WAITING)
        self._tenants: set[str] = set()
        self._woken = asyncio.Event()
        # Two at a time would file one outcome twice, and each remove what the other still holds.
        self._taking_up = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to keep cases. Needs a running event loop; once is enough."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(work, name="cases") for work in (self._follow(), self._sweep())]

    async def close(self) -> None:
        """Leave off; what waits is found after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def note(self, tenant: str, outcome: FiledOutcome) -> None:
        """An outcome was told and filed; never waits."""
        if outcome.case_id is None:
            return
        waiting = self._waiting.setdefault((tenant, outcome.case_id), _PendingOutcomes(0.0))
        waiting.until = monotonic() + GIVEN_UP_AFTER_S
        waiting.outcomes.append(outcome)
        self._woken.set()

    def forget(self, tenant: str | None) -> None:
        """Something of this tenant, or of any, was erased: nothing that was found before is told again."""
        self._similar.forget(tenant)

    async def take_up(self) -> None:
        """Make findable what waits and has its vector by now. Raises as the stores do; what is left waits on."""
        async with self._taking_up:
            by_tenant: dict[str, list[str]] = {}
            for tenant, case_id in self._waiting:
                by_tenant.setdefault(tenant, []).append(case_id)
            for tenant, case_ids in by_tenant.items():
                await self._name(tenant)
                for start in range(0, len(case_ids), PAGE):
                    await self._take_up(tenant, case_ids[start : start + PAGE])

    async def look_through(self) -> bool:
        """Make findable what is told in the archive and is not; tells whether some had no vector yet."""
        complete = True
        for tenant, _ in await self._archive.page(_NO_TENANT, _TENANTS, limit=PAGE):
            after = ""
            while page := await self._archive.page(tenant, CASES, after=after, limit=PAGE):
                sums = dict(page)
                registered = await self._vectors.known_cases(tenant, list(sums))
                missing = [case_id for case_id in sums if case_id not in registered]
                vectors = await self._vectors.get(tenant, missing)
                if vectors:
                    sums_by_case = {case_id: sums[case_id] for case_id in vectors}
                    await self._similar.put(
                        tenant, sums_by_case, np.stack([vectors[case_id] for case_id in sums_by_case])
                    )
                    await self._drop_gone(tenant, list(sums_by_case))
                complete = complete and len(vectors) == len(missing)
                after = page[-1][0]
            await self._warm_up(tenant)
        return complete

    async def _warm_up(self, tenant: str) -> None:
        # The first question after a start loads what is asked, which takes longer than a decision waits.
        page = await self._archive.page(tenant, CASES, limit=1)
        for vector in (await self._vectors.get(tenant, [key for key, _ in page])).values():
            await self._vectors.nearest_cases(tenant, vector, 1)

    async def _take_up(self, tenant: str, case_ids: Sequence[str]) -> None:
        gone = await self._drop_gone(tenant, case_ids)
        vectors = await self._vectors.get(tenant, [case_id for case_id in case_ids if case_id not in gone])
        catalogue = (await self._catalogues.of(tenant)).catalogue
        priors = {action.id: action.propensity for action in catalogue.actions}
        for case_id in case_ids:
            waiting = self._waiting.get((tenant, case_id))
            if waiting is None:
                continue
            if case_id in vectors:
                outcomes = list(waiting.outcomes)
                await self._similar.file(tenant, case_id, vectors[case_id], outcomes, priors=priors)
                del waiting.outcomes[: len(outcomes)]
            settled = case_id in vectors and not waiting.outcomes
            if settled or case_id in gone or waiting.until < monotonic():
                self._waiting.pop((tenant, case_id), None)  # what waits longest gives way to what is new
        await self._drop_gone(tenant, list(vectors))

    async def _drop_gone(self, tenant: str, case_ids: Sequence[str]) -> set[str]:
        """Leave nothing of cases whose message was erased or blanked, maybe while they were made findable."""
        left = {row.interaction_id for row in await self._ledger.by_ids(tenant, case_ids) if not row.redacted}
        gone = set(case_ids) - left
        if gone:
            await self._vectors.delete_cases(tenant, list(gone))
            await self._archive.erase_documents(tenant, (), naming=gone)
        return gone

    async def _name(self, tenant: str) -> None:
        # So that whoever looks through everything knows where to look.
        if tenant not in self._tenants:
            await self._archive.add(_NO_TENANT, _TENANTS, tenant, {"tenant": tenant})
            self._tenants.add(tenant)

    async def _follow(self) -> None:
        while True:
            if not self._waiting:
                self._woken.clear()
                await self._woken.wait()
            await self._pressure.relieved(GIVES_WAY_S)
            await _tried(self.take_up)
            await asyncio.sleep(LOOK_S)

    async def _sweep(self) -> None:
        await asyncio.sleep(FIRST_LOOK_S)
        await self._pressure.relieved(GIVES_WAY_S)
        while not await _tried(self.look_through):  # noqa: ASYNC110 - the index tells nobody when it has caught up
            await asyncio.sleep(LOOK_AGAIN_S)


async def _tried(work: Callable[[], Awaitable[bool | None]]) -> bool:
    try:
        return bool(await work())
    except Exception as failure:  # noqa: BLE001 - decisions go on without similar cases, and the next try may go well
        # The class alone: a message may hold what a customer wrote.
        _log.warning("settled cases are kept later: %s", type(failure).__name__)
        return False
