"""Sessions that were ended before they expired.

A session is a signed token in a browser, which nobody can take back; so the ids of those that were ended are kept until
their tokens expire, and looked up whenever a token is shown. They are filed under the tenant "", which no key can have.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from app.errors import Unauthorized
from app.ports import Archive

_NO_TENANT = ""
_COLLECTION = "ended_sessions"
_PAGE = 1000


class EndedSessions:
    """The sessions that were ended, in the archive, so that every worker refuses them at once."""

    def __init__(self, archive: Archive, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._archive = archive
        self._now = now

    async def end(self, session_id: str, expires_at: datetime) -> None:
        """End a session whose token expires by itself at `expires_at`. Raises Unavailable."""
        await self._remove_expired()
        await self._archive.put(_NO_TENANT, _COLLECTION, session_id, {"expires_at": expires_at.isoformat()})

    async def check(self, session_id: str) -> None:
        """Raise Unauthorized for a session that was ended."""
        if await self._archive.get(_NO_TENANT, _COLLECTION, session_id) is not None:
            raise Unauthorized("This session was ended. Sign in again.")

    async def _remove_expired(self) -> None:
        ended = await self._archive.page(_NO_TENANT, _COLLECTION, limit=_PAGE)
        now = self._now()
        expired = [key for key, document in ended if datetime.fromisoformat(document["expires_at"]) <= now]
        if expired:
            await self._archive.remove(_NO_TENANT, _COLLECTION, expired)
