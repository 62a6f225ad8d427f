"""Readiness, the index and API keys."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field, field_validator

from app.models.base import Record


class Check(Record):
    """How one part is."""

    status: Literal["ok", "loading", "degraded", "failed"] = Field(
        description="`ok`, `loading` after the start, `degraded` to a fallback, or `failed`"
    )
    detail: str = Field(description="how the part is, in words")


class IndexProgress(Record):
    """How far the index is being made anew: what was read and embedded so far, and where in the ledger that leads.

    `passages` are those of articles that were embedded, after the ledger.

    `set_aside` is where the index that could not be read is kept.
    """

    interactions: int = 0
    vectors: int = 0
    position: int = 0
    last_position: int
    passages: int = 0
    set_aside: str | None = None


class Scope(StrEnum):
    """What an API key allows; `admin` includes the others, and none of those another."""

    INGEST = "ingest"
    HANDOFF = "handoff"
    ACTIONS = "actions"
    ANALYTICS = "analytics"
    ADMIN = "admin"


class KeyGrant(Record):
    """What a caller may do, and as which tenant; `key_id` is None for a caller who was let in without a key.

    `scopes` holds what the key's own scopes include as well, so that whoever checks looks for one scope alone.
    """

    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None = None

    @field_validator("scopes")
    @classmethod
    def _with_included(cls, scopes: frozenset[Scope]) -> frozenset[Scope]:
        return frozenset(Scope) if Scope.ADMIN in scopes else scopes


class ApiKey(Record):
    """All that is known of an API key but its secret. `replaced_by` is the key it was rotated to; `last_used_at` may
    lag behind by ten minutes.
    """

    key_id: str
    tenant: str
    scopes: tuple[Scope, ...]
    label: str = ""
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    last_used_at: datetime | None = None


class IssuedKey(ApiKey):
    """A key that was just made. `key` is what its holder sends: it is shown this once and kept nowhere."""

    key: str = Field(repr=False)
