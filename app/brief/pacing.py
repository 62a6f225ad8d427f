"""Keeps the deadline of a handoff: asks for a brief in a model's words, and answers without it when it is late.

Whatever the model does, `TimelyWriter.word` comes back before the deadline.
"""

import asyncio
from time import perf_counter

from app.brief.model import BriefWriter
from app.errors import ModelFailure, ModelTimeout
from app.models import Check, Handoff, HandoffStatus, Snapshot

MARGIN_S = 0.1
"""Kept back of the deadline for checking the answer and filing the handoff."""
MARGIN_SHARE = 0.5
"""So much of what the first brief took is kept back at least: where that is slow, filing is slow too."""
OVERSLEPT_DECAY = 0.8
"""By as much as the last waiting ended too late, the next ends sooner; of that, so much is left from call to call."""
LEAST_S = 0.05
"""With less than this left, no model is asked."""
HEAD_START_S = 0.01
"""By so much a model's own time ends sooner, so that it can still say what went wrong."""


class TimelyWriter:
    """Has briefs worded before a deadline."""

    def __init__(self, writer: BriefWriter) -> None:
        self._writer = writer
        self._overslept = 0.0
        self._abandoned: set[asyncio.Task[Handoff]] = set()

    async def word(self, snapshot: Snapshot, handoff: Handoff, *, started: float) -> Handoff:
        """The handoff that is filed, before its deadline. `started` is a reading of `time.perf_counter()`."""
        if self._writer.has_model and handoff.status is not HandoffStatus.FAILED:
            try:
                handoff = await self._in_time(snapshot, handoff, started)
            except ModelFailure as failure:
                handoff = self._writer.without_model(handoff, failure)
        return handoff.model_copy(update={"duration_ms": round((perf_counter() - started) * 1000)})

    @property
    def prompt_version(self) -> str:
        """The version of the prompt that briefs are worded with."""
        return self._writer.prompt_version

    def check(self) -> Check:
        """How the model was when it was last asked."""
        return self._writer.check()

    async def warm_up(self) -> None:
        """Load what the first answer needs, off the event loop."""
        await self._writer.warm_up()

    async def close(self) -> None:
        """Cancel the calls that were not waited for, and let go of the model."""
        for task in tuple(self._abandoned):
            task.cancel()
        await self._writer.close()

    async def _in_time(self, snapshot: Snapshot, handoff: Handoff, started: float) -> Handoff:
        taken = perf_counter() - started
        margin = max(MARGIN_S, MARGIN_SHARE * taken) + self._overslept
        self._overslept *= OVERSLEPT_DECAY
        left = handoff.request.deadline_ms / 1000 - taken - margin
        if left < LEAST_S:
            raise ModelTimeout("The deadline left no time for the model.")
        until = perf_counter() + left
        task = asyncio.create_task(self._writer.write(snapshot, handoff, timeout_s=left - HEAD_START_S))
        try:
            # Not wait_for: it would wait for the cancelled call to end, and a call may take its time over that.
            await asyncio.wait({task}, timeout=left)
        finally:
            self._abandon_unless_done(task)
        if not task.done():
            self._overslept = max(self._overslept, perf_counter() - until)
            raise ModelTimeout("The model did not answer before the deadline.")
        return task.result()

    def _abandon_unless_done(self, task: asyncio.Task[Handoff]) -> None:
        if task.done():
            return
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Handoff]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # read, so that asyncio does not report what nobody waits for any more
