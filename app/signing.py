"""Signed tokens: what the service said of somebody, carried by their own browser until it expires.

There is one secret for the whole service. It is made once, when the first token is signed, and kept in the archive
under the tenant "", which no key can have, so every worker signs and reads with the same. A token says what it holds in
plain base64 and is no secret to its holder; that it was changed, or signed for another purpose, is found out
(itsdangerous, HMAC-SHA256).
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer
from pydantic import JsonValue

from app.errors import Unauthorized
from app.ports import Archive

_NO_TENANT = ""
_COLLECTION = "signing"
_KEY = "secret"
_SECRET_BYTES = 32
_EXPIRES_AT = "exp"


class Signed(NamedTuple):
    """What a token says, and until when it holds."""

    content: Mapping[str, JsonValue]
    expires_at: datetime


class Signatures:
    """Signs and reads tokens."""

    def __init__(self, archive: Archive, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._archive = archive
        self._now = now
        self._secret: str | None = None
        self._reading = asyncio.Lock()

    async def sign(
        self, purpose: str, content: Mapping[str, JsonValue], *, lifetime: timedelta
    ) -> tuple[str, datetime]:
        """A token that says this until it expires, and when that is. Its characters may stand in a URL."""
        expires_at = (self._now() + lifetime).replace(microsecond=0)
        token = (await self._serializer(purpose)).dumps({**content, _EXPIRES_AT: int(expires_at.timestamp())})
        return token, expires_at

    async def read(self, purpose: str, token: str) -> Signed:
        """What a token says. Raises Unauthorized for one that was changed, was signed for something else or expired."""
        try:
            content = (await self._serializer(purpose)).loads(token)
        except BadData:
            raise Unauthorized("This was not signed here, or it was changed on its way.") from None
        expires_at = datetime.fromtimestamp(content.pop(_EXPIRES_AT), UTC)
        if expires_at <= self._now():
            raise Unauthorized("This has expired.")
        return Signed(content, expires_at)

    async def key(self, purpose: str) -> bytes:
        """A key for one purpose, the same in every worker and after every start."""
        secret = await self._read_secret()
        return hmac.new(secret.encode(), f"warmline.{purpose}".encode(), hashlib.sha256).digest()

    async def _serializer(self, purpose: str) -> URLSafeSerializer:
        signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        return URLSafeSerializer(await self._read_secret(), salt=f"warmline.{purpose}", signer_kwargs=signer)

    async def _read_secret(self) -> str:
        async with self._reading:
            if self._secret is None:
                # Adding never replaces: of workers that start together, the first one's secret is everybody's.
                await self._archive.add(_NO_TENANT, _COLLECTION, _KEY, {"secret": secrets.token_hex(_SECRET_BYTES)})
                document = await self._archive.get(_NO_TENANT, _COLLECTION, _KEY)
                assert document is not None
                self._secret = document["secret"]
        assert self._secret is not None
        return self._secret
