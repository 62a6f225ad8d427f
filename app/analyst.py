"""Keeps the analyses of texts up with the ledger, in the background: an acknowledgement never waits for them."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from app.models import Actor, Interaction, Kind
from app.nlu.analysis import ANALYSER_VERSION, LONGEST_ANALYSED, analyse, is_current, to_file
from app.ports import Archive, Ledger, NewAnalysis
from app.pressure import Pressure

_log = logging.getLogger(__name__)

# Rows a step: little is done twice after a crash.
BATCH = 32
# Messages come in bursts, and what is not analysed yet is analysed by whoever reads it.
SETTLE_S = 0.5
# Other processes write to the ledger too, and cannot wake this one.
POLL_S = 5.0
# In a rush it leaves the processors to those who write, but for one part in so many.
RUSH_SHARE = 10
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LAST_STEP_S = 10.0
# A text of so many characters is analysed in a few milliseconds; a longer one off the event loop.
SHORT = 300

_TENANT, _COLLECTION, _KEY = "", "analyses", "watermark"


class Analyst:
    """Follows the ledger's write order from a watermark and files an analysis beside each message.

    The watermark is filed after the analyses, so a crash repeats a step and never leaves one out. It names the version
    of the analyser: a new version starts from the beginning. What another process analysed already is passed over.
    """

    def __init__(self, ledger: Ledger, archive: Archive, pressure: Pressure | None = None) -> None:
        self._ledger = ledger
        self._archive = archive
        self._pressure = pressure or Pressure()
        self._position: int | None = None
        self._failure: type[Exception] | None = None
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._arrived = 0

    def start(self) -> None:
        """Begin to follow the ledger. Needs a running event loop; once is enough."""
        self._task = self._task or asyncio.create_task(self._follow(), name="analyses")

    def wake(self, rows: int = 0) -> None:
        """Say that the ledger has so many new rows."""
        self._arrived += rows
        self._woken.set()

    async def catch_up(self) -> int:
        """Analyse what the ledger holds now; tells how many rows were passed. Raises as the stores do."""
        passed = 0
        while rows := await self._step():
            passed += rows
        return passed

    async def close(self) -> None:
        """Finish the step at hand."""
        self._closing.set()
        self._woken.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, LAST_STEP_S)

    async def _follow(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing.is_set():
            self._arrived, started = 0, monotonic()
            try:
                passed = await self._step()
            except Exception as failure:  # noqa: BLE001 - whatever it was, the next try may succeed
                self._failed(failure)
                await _until(self._closing, pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            self._failure, pause = None, FIRST_PAUSE_S
            if not passed:
                await _until(self._woken, POLL_S)
                self._woken.clear()
                await _until(self._closing, SETTLE_S)
            elif self._arrived > passed or self._pressure.is_on:
                await _until(self._closing, (monotonic() - started) * (RUSH_SHARE - 1))

    async def _step(self) -> int:
        """Analyse the next rows; tells how many there were."""
        if self._position is None:
            self._position = await self._start_position()
        rows = await self._ledger.after_position(self._position, BATCH)
        if not rows:
            return 0
        by_tenant: dict[str, list[Interaction]] = {}
        for _, tenant, row in rows:
            if _is_due(row):
                by_tenant.setdefault(tenant, []).append(row)
        for tenant, due in by_tenant.items():
            await self._ledger.file_analyses(tenant, await _analysed(due))
        position = rows[-1][0]
        watermark = {"position": position, "version": ANALYSER_VERSION}
        await self._archive.put(_TENANT, _COLLECTION, _KEY, watermark)
        self._position = position
        return len(rows)

    async def _start_position(self) -> int:
        watermark = await self._archive.get(_TENANT, _COLLECTION, _KEY)
        return int(watermark["position"]) if watermark and watermark["version"] == ANALYSER_VERSION else 0

    def _failed(self, failure: Exception) -> None:
        if type(failure) is not self._failure:
            # The class alone: a message may hold what a customer wrote.
            _log.warning("the analyses will be tried again: %s", type(failure).__name__)
        self._failure = type(failure)


def _is_due(row: Interaction) -> bool:
    if row.redacted or row.kind is not Kind.MESSAGE or is_current(row):
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
        return to_file(analyse(row.text, by_customer=row.actor is Actor.CUSTOMER))
    except Exception as failure:  # noqa: BLE001 - a text that cannot be analysed must not stop all others
        _log.error("interaction %s is analysed on demand only: %s", row.interaction_id, type(failure).__name__)
        return None


async def _until(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
