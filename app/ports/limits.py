"""What counts requests, so that nobody sends more of them than was agreed."""

from typing import Protocol


class RateLimits(Protocol):
    """Counts the requests of each caller in windows of one second; never fails."""

    async def may_send(self, caller: str, per_second: int) -> bool:
        """Count one request of a caller; whether it is within so many in this second."""
        ...

    async def close(self) -> None:
        """Let go of what the counts are in."""
        ...
