"""What counts requests, so that nobody sends more of them than was agreed."""

from typing import Protocol


class RateLimits(Protocol):
    """Counts the requests of each caller in windows of one second, or of several; never fails."""

    async def may_send(self, caller: str, most: int, *, seconds: int = 1) -> bool:
        """Count one request of a caller; whether it is within so many in this second, or in so many seconds."""
        ...

    async def close(self) -> None:
        """Let go of what the counts are in."""
        ...
