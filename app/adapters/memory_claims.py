"""The claims of requests, in memory."""

from dataclasses import dataclass, replace

from app.ports.claims import ClaimRequest, ClaimState


@dataclass(frozen=True, slots=True)
class _StoredClaim:
    body_sha256: str
    work_id: str
    holder: str
    leased_until: int
    expires_at: int


class MemoryClaims:
    """Claims of one process."""

    def __init__(self) -> None:
        self._claims: dict[tuple[str, str], _StoredClaim] = {}

    async def claim(self, request: ClaimRequest) -> ClaimState:
        """Claim a piece of work that nobody claimed, or whose lease has run out under the same body."""
        before = self._claims.get((request.tenant, request.key))
        work_id = before.work_id if before else request.work_id
        if before and (before.body_sha256 != request.body_sha256 or before.leased_until > request.now):
            return ClaimState(work_id, before.body_sha256, is_mine=False, resumed=False)
        self._claims[request.tenant, request.key] = _StoredClaim(
            request.body_sha256, work_id, request.holder, request.leased_until, request.expires_at
        )
        return ClaimState(work_id, request.body_sha256, is_mine=True, resumed=before is not None)

    async def renew(self, request: ClaimRequest, leased_until: int) -> bool:
        """Keep a claim for longer; tells whether it still was this holder's."""
        mine = self._held_by(request)
        if mine is not None:
            self._claims[request.tenant, request.key] = replace(mine, leased_until=leased_until)
        return mine is not None

    async def release(self, request: ClaimRequest, *, forget: bool) -> None:
        """Let a claim of this holder go."""
        mine = self._held_by(request)
        if mine is None:
            return
        if forget:
            del self._claims[request.tenant, request.key]
        else:
            self._claims[request.tenant, request.key] = replace(mine, leased_until=0)

    async def expired(self, now: int, *, limit: int) -> list[tuple[str, str]]:
        """Claims that have expired, as (tenant, key)."""
        return [work for work, claim in self._claims.items() if claim.expires_at <= now][:limit]

    async def remove(self, tenant: str, key: str, now: int) -> None:
        """Remove a claim that has expired."""
        claim = self._claims.get((tenant, key))
        if claim is not None and claim.expires_at <= now:
            del self._claims[tenant, key]

    def _held_by(self, request: ClaimRequest) -> _StoredClaim | None:
        claim = self._claims.get((request.tenant, request.key))
        return claim if claim is not None and claim.holder == request.holder else None
