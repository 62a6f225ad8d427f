"""How ready a service is, and getting its catalogue's examples ready beside its other work."""

import asyncio
import secrets
from contextlib import suppress
from time import monotonic
from typing import Literal

from pydantic import Field

from app.actions import DecisionMaker
from app.errors import RetrievalUnavailable, WarmlineError
from app.models import Check, Record
from app.patience import within
from app.ports import Archive, Ledger

PROBED_FOR_S = 5.0
# Longer than loading ever takes: an embedder that hangs beyond that holds up nobody.
LOADING_S = 20.0
# As long as several messages: where only a few bytes are left, the disk is full for whoever writes one.
PROBE_BYTES = 16 * 1024
_NO_TENANT = ""


class Readiness(Record):
    """Whether a handoff can be served, and how each part is. `index_lag` counts rows not embedded yet."""

    status: Literal["ready", "unavailable"] = Field(description="whether a handoff can be served")
    checks: dict[str, Check] = Field(description="how each part is, by its name, such as ledger or index")
    index_lag: int = Field(description="number of interactions that are not embedded yet")


class LedgerProbe:
    """Whether the ledger can be read and written, found out by doing so.

    A write that succeeded is good for a few seconds; after one that failed every question tries again, so that the
    service is ready as soon as the disk has room.
    """

    def __init__(self, ledger: Ledger, archive: Archive) -> None:
        self._ledger = ledger
        self._archive = archive
        self._written_at: float | None = None

    async def check(self) -> Check:
        """How the ledger is now."""
        try:
            await self._ledger.last_position()
        except WarmlineError as failure:
            return Check(status="failed", detail=failure.detail)
        try:
            await self._write()
        except WarmlineError:
            detail = (
                "The ledger can be read but not written, so nothing new is acknowledged. "
                "Look whether the disk is full or the database is read-only. The service goes on by itself afterwards."
            )
            return Check(status="failed", detail=detail)
        return Check(status="ok", detail="reads and writes")

    async def _write(self) -> None:
        if self._written_at is not None and monotonic() - self._written_at < PROBED_FOR_S:
            return
        self._written_at = None
        await self._archive.put(_NO_TENANT, "readiness", "probe", {"padding": secrets.token_hex(PROBE_BYTES // 2)})
        self._written_at = monotonic()


class ExampleReadiness:
    """The catalogue's examples: until they are embedded, intents are read by words."""

    def __init__(self, decisions: DecisionMaker) -> None:
        self._decisions = decisions
        self._check = Check(status="loading", detail="the catalogue's examples are embedded after the start")
        self._again: asyncio.Task[None] | None = None
        self._first: asyncio.Event | None = None
        self._begun_at = 0.0

    async def wait(self, at_most_s: float) -> None:
        """Wait for the first attempt, where one is under way: what is read by words meanwhile is read less well."""
        left_s = min(at_most_s, self._begun_at + LOADING_S - monotonic())
        if self._first is not None and not self._first.is_set() and left_s > 0:
            with suppress(TimeoutError):
                async with within(left_s):
                    await self._first.wait()

    async def embed(self) -> None:
        """Embed them; that the embedder does not answer shows in `check`."""
        if self._first is None:
            self._first, self._begun_at = asyncio.Event(), monotonic()
        try:
            await self._embed()
        finally:
            self._first.set()

    async def _embed(self) -> None:
        try:
            await self._decisions.warm_up()
        except RetrievalUnavailable as failure:
            detail = f"intents are read by words until the catalogue's examples are embedded: {failure.detail}"
            self._check = Check(status="degraded", detail=detail)
        else:
            self._check = Check(status="ok", detail="the catalogue's examples are embedded")

    def check(self) -> Check:
        """How they are; while degraded, another attempt is begun."""
        # A request may have embedded them since, or could now: found out beside, for an embedder may be slow to fail.
        if self._check.status == "degraded" and (self._again is None or self._again.done()):
            self._again = asyncio.create_task(self.embed())
        return self._check

    async def close(self) -> None:
        """Leave off an attempt that is under way."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.wait([self._again])
