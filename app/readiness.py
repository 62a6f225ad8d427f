"""How ready a service is, and getting its catalogue's examples ready beside its other work."""

import asyncio
from typing import Literal

from app.actions import DecisionMaker
from app.errors import RetrievalUnavailable
from app.models import Check, Record


class Readiness(Record):
    """Whether a handoff can be served, and how each part is. `index_lag` counts rows not embedded yet."""

    status: Literal["ready", "unavailable"]
    checks: dict[str, Check]
    index_lag: int


class Examples:
    """The catalogue's examples: until they are embedded, intents are read by words."""

    def __init__(self, decisions: DecisionMaker) -> None:
        self._decisions = decisions
        self._check = Check(status="loading", detail="the catalogue's examples are embedded after the start")
        self._again: asyncio.Task[None] | None = None

    async def embed(self) -> None:
        """Embed them; that the embedder does not answer shows in `check`."""
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
