"""Work beside the answers: a step repeated until the service ends, and what it does about failures and rushes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

from app.pressure import Pressure

_log = logging.getLogger(__name__)

# Rows come in bursts, and a handoff often follows the last of them: both are better off if the work waits a little.
SETTLE_S = 0.5
# Other processes write to the ledger too, and cannot wake this one.
POLL_S = 5.0
# In a rush more arrives than can be worked on. The work then falls behind either way, so it leaves the processors to
# those who write, but for one part in so many, and catches up when the rush is over.
RUSH_SHARE = 10
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
LAST_STEP_S = 10.0


class Worker:
    """Repeats `step`, which works on some rows and returns how many there were; after a step without any it waits.

    A step that fails is tried again, later and later; `failure` is the last failure until a step succeeds. It is a rush
    when more rows arrive than a step works on or, for work that `can_wait`, when any arrive.
    """

    def __init__(
        self, name: str, step: Callable[[], Awaitable[int]], pressure: Pressure, *, can_wait: bool = False
    ) -> None:
        self._name = name
        self._step = step
        self._pressure = pressure
        self._can_wait = can_wait
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._arrived = 0
        self.failure: Exception | None = None

    def start(self) -> None:
        """Begin to work. Needs a running event loop; once is enough."""
        self._task = self._task or asyncio.create_task(self._repeat(), name=self._name)

    def wake(self, rows: int = 0) -> None:
        """Say that so many new rows have come."""
        self._arrived += rows
        self._woken.set()

    async def close(self) -> None:
        """Finish the step at hand; one that hangs on a dead server is given up, and will be done again."""
        self._closing.set()
        self._woken.set()
        if self._task is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._task, LAST_STEP_S)

    def failed(self, failure: Exception) -> None:
        """Note a failure, and log it once."""
        if type(failure) is not type(self.failure):
            # The class alone: a message may hold what a customer wrote.
            _log.warning("the %s will be tried again: %s", self._name, type(failure).__name__)
        self.failure = failure

    async def _repeat(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._closing.is_set():
            self._arrived, started = 0, monotonic()
            try:
                rows = await self._step()
            except Exception as failure:  # noqa: BLE001 - whatever it was, the next try may succeed
                self.failed(failure)
                await _until(self._closing, pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            self.failure, pause = None, FIRST_PAUSE_S
            if not rows:
                await _until(self._woken, POLL_S)
                self._woken.clear()
                await _until(self._closing, SETTLE_S)
            elif self._arrived > (0 if self._can_wait else rows) or self._pressure.is_on:
                await _until(self._closing, (monotonic() - started) * (RUSH_SHARE - 1))


async def _until(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
