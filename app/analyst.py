"""Keeps the analyses of texts up with the ledger, in the background: an acknowledgement never waits for them."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

from app.background import Worker
from app.models import Actor, Interaction, Kind
from app.nlu.analysis import LONGEST_ANALYSED, analyse, analyser_version, is_current, to_file
from app.nlu.read_rows import as_read
from app.ports import Archive, Ledger, NewAnalysis
from app.pressure import Pressure

_log = logging.getLogger(__name__)

# Rows a step: little is done twice after a crash.
BATCH = 32
# A text of so many characters is analysed in a few milliseconds; a longer one off the event loop.
SHORT = 300

_TENANT, _COLLECTION = "", "analyses"


async def _nothing_made(_tenant: str, _deletions: Sequence[Interaction]) -> None:
    """Nothing is made of words beside the ledger."""


class Analyst:
    """Follows the ledger's write order from a watermark and files an analysis beside each message.

    `on_deletions` hears of each deletion that it passes, once more after a crash: what was made of the deleted words is
    removed although the process that filed the deletion died before it could.

    The watermark is filed after the analyses, so a crash repeats a step and never leaves one out. It names the version
    of the analyser: a new version starts from the beginning. What another process analysed already is passed over.
    """

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        pressure: Pressure | None = None,
        *,
        on_deletions: Callable[[str, Sequence[Interaction]], Awaitable[None]] = _nothing_made,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._position: int | None = None
        self._on_deletions = on_deletions
        # Whoever reads a text that is not analysed yet analyses it, so this gives way to all who write.
        self._worker = Worker("analyses", self._step, pressure or Pressure(), can_wait=True)

    def start(self) -> None:
        """Begin to follow the ledger. Needs a running event loop; once is enough."""
        self._worker.start()

    def wake(self, rows: int = 0) -> None:
        """Say that the ledger has so many new rows."""
        self._worker.wake(rows)

    async def catch_up(self) -> int:
        """Analyse what the ledger holds now; tells how many rows were passed. Raises as the stores do."""
        passed = 0
        while rows := await self._step():
            passed += rows
        return passed

    async def close(self) -> None:
        """Finish the step at hand."""
        await self._worker.close()

    async def _step(self) -> int:
        """Analyse the next rows; tells how many there were."""
        if self._position is None:
            self._position = await self._start_position()
        rows = await self._ledger.after_position(self._position, BATCH)
        if not rows:
            return 0
        by_tenant: defaultdict[str, list[Interaction]] = defaultdict(list)
        deletions: defaultdict[str, list[Interaction]] = defaultdict(list)
        for _, tenant, row in rows:
            if _is_due(row):
                by_tenant[tenant].append(row)
            elif row.kind is Kind.DELETION:
                deletions[tenant].append(row)
        for tenant, passed in deletions.items():
            await self._on_deletions(tenant, passed)
        for tenant, due in by_tenant.items():
            await self._ledger.file_analyses(tenant, await _analysed(due))
        position = rows[-1][0]
        await self._archive.put(_TENANT, _COLLECTION, analyser_version(), {"position": position})
        self._position = position
        return len(rows)

    async def _start_position(self) -> int:
        # A watermark of its own for each version: old and new processes may run side by side.
        watermark = await self._archive.get(_TENANT, _COLLECTION, analyser_version())
        return int(watermark["position"]) if watermark else 0


def _is_due(row: Interaction) -> bool:
    if row.redacted or row.partial or row.kind is not Kind.MESSAGE or is_current(row):
        return False
    return bool(row.text.strip()) and len(row.text) <= LONGEST_ANALYSED


async def _analysed(rows: Sequence[Interaction]) -> list[NewAnalysis]:
    analyses: list[NewAnalysis] = []
    for row in rows:
        if len(row.text) <= SHORT:
            await asyncio.sleep(0)
            value = _value(row)
        else:
            value = await asyncio.to_thread(_value, row)
        if value is not None:
            analyses.append(NewAnalysis(row.interaction_id, row.text, value))
    return analyses


def _value(row: Interaction) -> str | None:
    try:
        return to_file(analyse(as_read(row).text, by_customer=row.actor is Actor.CUSTOMER))
    except Exception as failure:  # noqa: BLE001 - a text that cannot be analysed must not stop all others
        _log.error("interaction %s is analysed on demand only: %s", row.interaction_id, type(failure).__name__)
        return None
