"""Access: API keys, their rate, and the signed tokens and sessions of the pages."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue

from app.models import ApiKey, IssuedKey, KeyGrant, Scope
from app.ports.bus import KEY_CHANGED
from app.services.parts import Parts
from app.signing import Signed

# Several keys of one tenant may together send as much as this many of them at their full rate.
KEYS_AT_FULL_RATE = 4


class AccessService:
    """Decides who may come in, and for what."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        parts.bus.subscribe(KEY_CHANGED, lambda message: parts.keys.forget(str(message["key_id"])))

    async def authenticate(self, presented: str) -> KeyGrant:
        """What the holder of an API key may do, and as which tenant. Raises Unauthorized."""
        return await self._parts.keys.authenticate(presented)

    async def is_within_rate(self, grant: KeyGrant) -> bool:
        """Count one request of a key, or of whoever needs none; whether the key and its tenant may send it now."""
        limits, most = self._parts.rate_limits, self._parts.rate_limit
        if grant.key_id is None:
            return await limits.may_send(f"tenant {grant.tenant}", most)
        if not await limits.may_send(f"key {grant.key_id}", most):
            return False
        return await limits.may_send(f"tenant {grant.tenant}", most * KEYS_AT_FULL_RATE)

    def note_pressure(self) -> None:
        """A request was refused because the process is busy: what nobody waits for gives way for a while."""
        self._parts.pressure.note()

    async def standing(self, key_id: str, *, read_again: bool = False) -> KeyGrant:
        """What an API key allows that was presented before, by its id. Raises Unauthorized when it has ended.

        With `read_again` it is read from the database, whatever is remembered of it.
        """
        if read_again:
            self._parts.keys.forget(key_id)
        return await self._parts.keys.standing(key_id)

    async def sign(
        self, purpose: str, payload: Mapping[str, JsonValue], *, lifetime: timedelta
    ) -> tuple[str, datetime]:
        """A token that says this until it expires, fit for a URL or a cookie, and when that is."""
        return await self._parts.signatures.sign(purpose, payload, lifetime=lifetime)

    async def read_signed(self, purpose: str, token: str) -> Signed:
        """What a token says that was signed for this purpose. Raises Unauthorized when it is void or has expired."""
        return await self._parts.signatures.read(purpose, token)

    async def end_session(self, session_id: str, expires_at: datetime) -> None:
        """End a signed session before its token expires, in every worker. Raises Unavailable."""
        await self._parts.sessions.end(session_id, expires_at)

    async def check_session(self, session_id: str) -> None:
        """Raise Unauthorized for a session that was ended."""
        await self._parts.sessions.check(session_id)

    async def keys_configured(self) -> bool:
        """Whether an API key was ever made: from then on nobody is let in without one."""
        return await self._parts.keys.any_configured()

    async def create_key(
        self, tenant: str, scopes: Collection[Scope], *, label: str = "", lifetime: timedelta | None = None
    ) -> IssuedKey:
        """A new API key, valid until it is revoked unless it has a lifetime. Raises InvalidRequest."""
        return await self._parts.keys.create(tenant, scopes, label=label, lifetime=lifetime)

    async def rotate_key(self, key_id: str, *, grace: timedelta) -> IssuedKey:
        """A new API key in the place of another, which ends after the grace. Raises NotFound or InvalidRequest."""
        issued = await self._parts.keys.rotate(key_id, grace=grace)
        self._parts.bus.publish(KEY_CHANGED, {"key_id": key_id})
        return issued

    async def revoke_key(self, key_id: str) -> ApiKey:
        """End an API key. Raises NotFound."""
        ended = await self._parts.keys.revoke(key_id)
        self._parts.bus.publish(KEY_CHANGED, {"key_id": key_id})
        return ended

    async def keys(self) -> Sequence[ApiKey]:
        """All API keys of all tenants, without their secrets, the oldest first."""
        return await self._parts.keys.list()
