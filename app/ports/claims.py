"""Where a request says that it does a piece of work, so that nobody else does it as well."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """What a request claims: the work behind its key, until `leased_until` unless it renews the lease.

    `holder` names this one attempt. `work_id` is the name of the work if nobody claimed it before. Times are
    milliseconds since 1970.
    """

    tenant: str
    key: str
    body_sha256: str
    work_id: str
    holder: str
    now: int
    leased_until: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class ClaimState:
    """How a claim stands after an attempt: whose work it is, and whether the attempt got it.

    `resumed` is true where an earlier attempt may have done some or all of the work under the same `work_id`.
    `body_sha256` is empty where it is not recorded.
    """

    work_id: str
    body_sha256: str
    is_mine: bool
    resumed: bool


class Claims(Protocol):
    """The claims of all tenants, each made durable before its work begins. All methods raise Unavailable."""

    async def claim(self, request: ClaimRequest) -> ClaimState:
        """Claim a piece of work that nobody claimed, or whose lease has run out under the same body."""
        ...

    async def renew(self, request: ClaimRequest, leased_until: int) -> bool:
        """Keep a claim for longer; tells whether it still was this holder's."""
        ...

    async def release(self, request: ClaimRequest, *, forget: bool) -> None:
        """Let a claim of this holder go, for the next attempt; with `forget` as if it had never been made."""
        ...

    async def expired(self, now: int, *, limit: int) -> list[tuple[str, str]]:
        """Claims that have expired, as (tenant, key)."""
        ...

    async def remove(self, tenant: str, key: str, now: int) -> None:
        """Remove a claim that has expired."""
        ...
