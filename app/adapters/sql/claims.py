"""The claims of requests, in the database of the ledger."""

from functools import cache

from sqlalchemy import Connection, Executable, delete, or_, select, update

from app.adapters.sql import SqlStore
from app.adapters.sql.tables import request_claims as claims
from app.adapters.sql.upserts import upsert
from app.ports.claims import ClaimRequest, ClaimState


class SqlClaims:
    """Claims on the connections of a SqlStore, which closes them."""

    def __init__(self, store: SqlStore) -> None:
        self._connections = store.connections

    async def claim(self, request: ClaimRequest) -> ClaimState:
        """Claim a piece of work that nobody claimed, or whose lease has run out under the same body."""
        return await self._connections.write(lambda connection: _claim(connection, request))

    async def renew(self, request: ClaimRequest, leased_until: int) -> bool:
        """Keep a claim for longer; tells whether it still was this holder's."""
        statement = update(claims).where(*_held_by(request)).values(leased_until=leased_until)
        return await self._connections.write(lambda connection: connection.execute(statement).rowcount == 1)

    async def release(self, request: ClaimRequest, *, forget: bool) -> None:
        """Let a claim of this holder go."""
        mine = _held_by(request)
        statement = delete(claims).where(*mine) if forget else update(claims).where(*mine).values(leased_until=0)
        await self._connections.write(lambda connection: connection.execute(statement))

    async def expired(self, now: int, *, limit: int) -> list[tuple[str, str]]:
        """Claims that have expired, as (tenant, key)."""
        statement = select(claims.c.tenant, claims.c.key).where(claims.c.expires_at <= now).limit(limit)
        rows = await self._connections.read(lambda connection: connection.execute(statement).all())
        return [(tenant, key) for tenant, key in rows]

    async def remove(self, tenant: str, key: str, now: int) -> None:
        """Remove a claim that has expired."""
        of = claims.c
        statement = delete(claims).where(of.tenant == tenant, of.key == key, of.expires_at <= now)
        await self._connections.write(lambda connection: connection.execute(statement))


def _claim(connection: Connection, request: ClaimRequest) -> ClaimState:
    of = claims.c
    row = {
        "tenant": request.tenant,
        "key": request.key,
        "body_sha256": request.body_sha256,
        "work_id": request.work_id,
        "holder": request.holder,
        "leased_until": request.leased_until,
        "expires_at": request.expires_at,
    }
    if connection.execute(_insert(connection.dialect.name), row).rowcount == 1:
        return ClaimState(request.work_id, request.body_sha256, is_mine=True, resumed=False)
    work = (of.tenant == request.tenant, of.key == request.key)
    same_body = or_(of.body_sha256 == request.body_sha256, of.body_sha256 == "")
    renewed = {name: row[name] for name in ("body_sha256", "holder", "leased_until", "expires_at")}
    take_over = update(claims).where(*work, same_body, of.leased_until <= request.now).values(**renewed)
    taken = connection.execute(take_over).rowcount == 1
    claim = connection.execute(select(of.work_id, of.body_sha256).where(*work)).one_or_none()
    if claim is None:  # let go of this very moment: the next attempt gets it
        return ClaimState(request.work_id, "", is_mine=False, resumed=False)
    return ClaimState(claim.work_id, claim.body_sha256, is_mine=taken, resumed=taken)


def _held_by(request: ClaimRequest):
    of = claims.c
    return of.tenant == request.tenant, of.key == request.key, of.holder == request.holder


@cache
def _insert(dialect: str) -> Executable:
    return upsert(dialect, claims).on_conflict_do_nothing(index_elements=["tenant", "key"])
