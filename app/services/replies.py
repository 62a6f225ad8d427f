"""Answers kept for retries: a creating request is worked on once, however often it is sent."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from app.idempotency import REPLIES, WorkAttempt
from app.services.filing import check_still_there
from app.services.parts import Parts


class ReplyService:
    """Keeps answers under the keys that callers gave."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def attempt(self, tenant: str, key: str, body_sha256: str) -> AbstractAsyncContextManager[WorkAttempt]:
        """Get the answer that an interface kept under this key, or else the claim to the work while the block runs.

        Raises Conflict for a key that was used with another body, or Unavailable.
        """
        return self._parts.claims.attempt(tenant, key, body_sha256)

    async def remove_expired(self) -> int:
        """Remove the answers kept for retries that have been kept for long enough; tells how many."""
        return await self._parts.claims.remove_expired()

    async def keep(self, tenant: str, key: str, reply: Mapping[str, Any], *, customer_id: str | None = None) -> bool:
        """Keep an interface's answer for retries; tells whether this one was the first under its key."""
        added = await self._parts.archive.add(tenant, REPLIES, key, reply, customer_id=customer_id)
        if customer_id is not None:
            await check_still_there(self._parts, tenant, customer_id)
        return added
