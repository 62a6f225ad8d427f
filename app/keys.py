"""API keys: which tenant a caller acts for and what it may do.

A key reads `wl_<key id>_<secret>`. It is shown once, when it is made; what is kept is its id, its tenant, its scopes
and the SHA-256 of its secret. A plain hash is enough for that: the secret is 256 random bits and no password, so there
is nothing to guess and no need for a slow or salted one.

Keys belong to no tenant's documents, for the tenant is only known once the key is: they are filed under the tenant "",
which no key can have.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.errors import InvalidRequest, NotFound, Unauthorized, WarmlineError
from app.models import ApiKey, IssuedKey, KeyGrant, Scope
from app.ports import Archive
from app.validation import invalid_fields

_log = logging.getLogger(__name__)

REMEMBERED_FOR = timedelta(seconds=5)
MOST_REMEMBERED = 1024
USES_NOTED_EVERY = timedelta(minutes=10)
MOST_LABEL = 200
PAGE = 1000

_NO_TENANT = ""
_KEYS = "keys"
_USES = "key_uses"
_SECRET_BYTES = 32
_PRESENTED = re.compile(r"wl_(?P<key_id>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})")
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_UNKNOWN = "This API key is not known here. Send a whole key as `warmline keys create` printed it."


class _FiledKey(ApiKey):
    """A key as it is kept."""

    secret_sha256: str

    def shown(self, last_used_at: datetime | None = None) -> ApiKey:
        """The key without what is kept of its secret."""
        return ApiKey(**self.model_dump(exclude={"secret_sha256", "last_used_at"}), last_used_at=last_used_at)

    def document(self) -> Mapping[str, Any]:
        """The key for the archive; its uses are kept apart, so that noting one can never undo a revocation."""
        return self.model_dump(mode="json", exclude={"last_used_at"})


class Keys:
    """The API keys of all tenants.

    A key is remembered for 5 seconds after it was read, so that requests cost no read of the database. The process
    that revokes one tells the others, which `forget` it; one that was not reached refuses it after that time.
    """

    def __init__(self, archive: Archive, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._archive = archive
        self._now = now
        self._remembered: dict[str, tuple[datetime, _FiledKey]] = {}
        self._noted: dict[str, datetime] = {}
        self._noting: set[asyncio.Task[None]] = set()
        self._any = False
        self._any_checked: datetime | None = None

    async def create(
        self, tenant: str, scopes: Collection[Scope], *, label: str = "", lifetime: timedelta | None = None
    ) -> IssuedKey:
        """A new key, valid until it is revoked unless it has a lifetime; the answer alone holds its secret.

        Raises InvalidRequest.
        """
        _check(tenant, scopes, label, lifetime)
        now = self._now()
        key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(_SECRET_BYTES)
        filed = _FiledKey(
            key_id=key_id,
            tenant=tenant,
            scopes=tuple(scope for scope in Scope if scope in scopes),
            label=label,
            created_at=now,
            expires_at=None if lifetime is None else now + lifetime,
            secret_sha256=_sha256(secret),
        )
        # Adding never replaces: should two ids ever be alike, the older key stays what it is.
        await self._archive.add(_NO_TENANT, _KEYS, key_id, filed.document())
        self._any = True
        return IssuedKey(**filed.shown().model_dump(), key=f"wl_{key_id}_{secret}")

    async def rotate(self, key_id: str, *, grace: timedelta) -> IssuedKey:
        """A new key for the same tenant and scopes, valid for as long as the old one was; the old one ends after the
        grace period, or when it would have ended anyway. Raises NotFound, or InvalidRequest for a key that has ended
        or was rotated before.
        """
        old, now = await self._read(key_id), self._now()
        if (ended := _ended(old, now)) is not None:
            raise InvalidRequest(f"{ended} It cannot be rotated: create a new key instead.")
        if old.replaced_by is not None:
            raise InvalidRequest(f"This API key was rotated before: {old.replaced_by} took its place.")
        lifetime = None if old.expires_at is None else old.expires_at - old.created_at
        issued = await self.create(old.tenant, old.scopes, label=old.label, lifetime=lifetime)
        ends_at = now + grace if old.expires_at is None else min(old.expires_at, now + grace)
        await self._replace(old.model_copy(update={"expires_at": ends_at, "replaced_by": issued.key_id}))
        return issued

    async def revoke(self, key_id: str) -> ApiKey:
        """End a key now; a key that was revoked before stays as it is. Raises NotFound."""
        filed = await self._read(key_id)
        if filed.revoked_at is None:
            filed = filed.model_copy(update={"revoked_at": self._now()})
            await self._replace(filed)
        return filed.shown()

    async def list(self) -> Sequence[ApiKey]:
        """All keys of all tenants, those that have ended included, the oldest first."""
        uses = {key_id: datetime.fromisoformat(document["at"]) for key_id, document in await self._all(_USES)}
        keys = [_FiledKey.model_validate(document) for _, document in await self._all(_KEYS)]
        return sorted(
            (key.shown(uses.get(key.key_id)) for key in keys), key=lambda api_key: (api_key.created_at, api_key.key_id)
        )

    async def authenticate(self, presented: str) -> KeyGrant:
        """What the holder of this key may do. Raises Unauthorized for a key that is unknown, garbled or has ended."""
        parts = _PRESENTED.fullmatch(presented)
        filed = await self._recall(parts["key_id"]) if parts else None
        if parts is None or filed is None or not hmac.compare_digest(filed.secret_sha256, _sha256(parts["secret"])):
            raise Unauthorized(_UNKNOWN)
        now = self._now()
        if (ended := _ended(filed, now)) is not None:
            raise Unauthorized(ended)
        self._note_use(filed.key_id, now)
        return KeyGrant(tenant=filed.tenant, scopes=frozenset(filed.scopes), key_id=filed.key_id)

    async def standing(self, key_id: str) -> KeyGrant:
        """What a key allows that was presented before, by its id: for what was signed in its name.

        Raises Unauthorized for one that is unknown or has ended.
        """
        filed = await self._recall(key_id)
        if filed is None:
            raise Unauthorized("The API key behind this is not known here any more.")
        if (ended := _ended(filed, self._now())) is not None:
            raise Unauthorized(ended)
        return KeyGrant(tenant=filed.tenant, scopes=frozenset(filed.scopes), key_id=filed.key_id)

    def forget(self, key_id: str) -> None:
        """Read a key again when it is next presented: another process may have ended it."""
        self._remembered.pop(key_id, None)

    async def any_configured(self) -> bool:
        """Whether any key was ever made: revoking the last one does not open the service to callers without a key."""
        if not self._any and not self._is_fresh(self._any_checked):
            self._any = bool(await self._archive.page(_NO_TENANT, _KEYS, limit=1))
            self._any_checked = self._now()
        return self._any

    async def close(self) -> None:
        """Finish noting which keys were used."""
        await asyncio.gather(*self._noting)

    async def _read(self, key_id: str) -> _FiledKey:
        document = await self._archive.get(_NO_TENANT, _KEYS, key_id)
        if document is None:
            raise NotFound(f"No API key has the id {key_id!r}. `warmline keys list` shows the ids.")
        return _FiledKey.model_validate(document)

    async def _recall(self, key_id: str) -> _FiledKey | None:
        # Only keys that exist are remembered, so that made-up ones cannot push them out.
        read_at, filed = self._remembered.get(key_id, (None, None))
        if self._is_fresh(read_at):
            return filed
        document = await self._archive.get(_NO_TENANT, _KEYS, key_id)
        if document is None:
            return None
        filed = _FiledKey.model_validate(document)
        self._remembered.pop(key_id, None)
        if len(self._remembered) >= MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[key_id] = (self._now(), filed)
        return filed

    async def _replace(self, filed: _FiledKey) -> None:
        await self._archive.put(_NO_TENANT, _KEYS, filed.key_id, filed.document())
        self._remembered.pop(filed.key_id, None)

    def _is_fresh(self, read_at: datetime | None) -> bool:
        # A clock that was set back must not keep a key alive: what was read in the future is read again.
        return read_at is not None and timedelta(0) <= self._now() - read_at < REMEMBERED_FOR

    def _note_use(self, key_id: str, now: datetime) -> None:
        noted_at = self._noted.get(key_id)
        if noted_at is not None and now - noted_at < USES_NOTED_EVERY:
            return
        self._noted[key_id] = now
        task = asyncio.create_task(self._write_use(key_id, now))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _write_use(self, key_id: str, now: datetime) -> None:
        try:
            await self._archive.put(_NO_TENANT, _USES, key_id, {"at": now.isoformat()})
        except WarmlineError as failure:
            _log.warning("that key %s was used could not be noted: %s", key_id, failure.detail)

    async def _all(self, collection: str) -> Sequence[tuple[str, Mapping[str, Any]]]:
        page = await self._archive.page(_NO_TENANT, collection, limit=PAGE)
        documents = [*page]
        while len(page) == PAGE:
            page = await self._archive.page(_NO_TENANT, collection, after=page[-1][0], limit=PAGE)
            documents.extend(page)
        return documents


def _check(tenant: str, scopes: Collection[Scope], label: str, lifetime: timedelta | None) -> None:
    faults = {
        "tenant": None
        if _TENANT.fullmatch(tenant)
        else "Use 1 to 128 letters, digits, dots, hyphens and underscores, and begin with a letter or a digit",
        "scopes": None if scopes else f"Name at least one of {', '.join(Scope)}",
        "label": None if len(label) <= MOST_LABEL else f"At most {MOST_LABEL} characters",
        "lifetime": "Give more than nothing" if lifetime is not None and lifetime <= timedelta(0) else None,
    }
    wrong = [{"type": "key", "loc": (field,), "msg": fault} for field, fault in faults.items() if fault]
    if wrong:
        raise invalid_fields(wrong)


def _ended(key: ApiKey, now: datetime) -> str | None:
    """Why a key is no longer valid, in words, or None while it is."""
    if key.revoked_at is not None:
        return f"This API key was revoked on {key.revoked_at:%Y-%m-%d}."
    if key.expires_at is not None and key.expires_at <= now:
        return f"This API key expired on {key.expires_at:%Y-%m-%d}."
    return None


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
