"""Whether more is asked of the process than it can do just now, so that work nobody waits for gives way."""

import asyncio
from time import monotonic

LASTS_S = 2.0
LOOK_EVERY_S = 0.5


class Pressure:
    """Noted whenever a request was refused because the process is busy; it wears off by itself."""

    def __init__(self) -> None:
        self._noted_at: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether a request was refused lately."""
        return self._noted_at is not None and monotonic() - self._noted_at < LASTS_S

    def note(self) -> None:
        """A request was refused."""
        self._noted_at = monotonic()

    async def relieved(self, within_s: float) -> None:
        """Wait until it is off, for at most so many seconds: what gives way is done late, and never not at all."""
        until = monotonic() + within_s
        while self.is_on and monotonic() < until:  # noqa: ASYNC110 - it wears off, which no event tells
            await asyncio.sleep(LOOK_EVERY_S)
