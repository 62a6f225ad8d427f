"""Counts of requests by the `limits` library: in this process, or in Redis for all processes together."""

import asyncio
import logging
from functools import lru_cache
from time import monotonic
from typing import Any, cast

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter

_log = logging.getLogger(__name__)

# A Redis that does not answer by then is away: requests wait for it no longer.
ANSWER_WITHIN_S = 1.0
# While Redis is away each process counts for itself, and asks again after so long.
AWAY_FOR_S = 5.0


class LocalRateLimits:
    """Counts in this process alone."""

    def __init__(self) -> None:
        self._counter = FixedWindowRateLimiter(MemoryStorage())

    async def may_send(self, caller: str, most: int, *, seconds: int = 1) -> bool:
        """Count one request of a caller; whether it is within so many in this second, or in so many seconds."""
        return await self._counter.hit(_item(most, seconds), caller)

    async def close(self) -> None:
        """Nothing is open."""


class RedisRateLimits:
    """Counts in Redis for all processes together; in this process alone while Redis is away, which is logged once."""

    def __init__(self, url: str) -> None:
        options = {"socket_timeout": ANSWER_WITHIN_S, "socket_connect_timeout": ANSWER_WITHIN_S}
        self._storage = RedisStorage(
            f"async+{url}", wrap_exceptions=True, implementation="redispy", key_prefix="warmline:limits", **options
        )
        self._counter = FixedWindowRateLimiter(self._storage)
        self._local = LocalRateLimits()
        self._away_until = 0.0
        self._is_away = False

    async def may_send(self, caller: str, most: int, *, seconds: int = 1) -> bool:
        """Count one request of a caller; whether it is within so many in this second, or in so many seconds."""
        if monotonic() < self._away_until:
            return await self._local.may_send(caller, most, seconds=seconds)
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                allowed = await self._counter.hit(_item(most, seconds), caller)
        except Exception as failure:  # noqa: BLE001 - whatever is wrong with Redis, requests are answered
            self._note_absence(failure)
            return await self._local.may_send(caller, most, seconds=seconds)
        if self._is_away:
            self._is_away = False
            _log.warning("Redis answers again: limits hold over all processes")
        return allowed

    async def close(self) -> None:
        """Close the connections to Redis."""
        client: Any = cast(Any, self._storage.bridge).storage
        try:
            await client.aclose()
        except Exception as failure:  # noqa: BLE001 - it may be away, and what is left open ends with the process
            _log.debug("connections to Redis were not closed: %s", type(failure).__name__)

    def _note_absence(self, failure: Exception) -> None:
        self._away_until = monotonic() + AWAY_FOR_S
        if not self._is_away:
            self._is_away = True
            _log.warning("Redis does not answer (%s): each process counts for itself", type(failure).__name__)


@lru_cache(maxsize=16)
def _item(most: int, seconds: int) -> RateLimitItem:
    return RateLimitItemPerSecond(most, seconds)
