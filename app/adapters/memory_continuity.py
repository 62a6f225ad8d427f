"""The in-memory twin of what was read of journeys: beside any ledger and archive, and gone when the process ends."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.models import Interaction, standing_rows
from app.ports import Archive, Ledger
from app.ports.continuity import (
    TOLD_IN,
    Digest,
    Due,
    EscalationFigures,
    EscalationRow,
    Material,
    Moves,
    Reading,
    SpotFigures,
    SpotRow,
    VisitFigures,
    VisitRow,
)

PAGE = 1000


@dataclass(slots=True)
class _NotedIdentity:
    """What is known of one identity: as whose it was read, how often it was noted, and what is filed of it."""

    customer_id: str | None = None
    noted: int = 1
    read: int = 0
    documents: tuple[str, ...] = ()

    @property
    def is_due(self) -> bool:
        """Whether its customer must be read anew."""
        return self.noted != self.read


@dataclass(slots=True)
class _TenantContinuity:
    """All that is held of one tenant."""

    identities: dict[str, _NotedIdentity] = field(default_factory=dict[str, _NotedIdentity])
    readings: dict[str, Reading] = field(default_factory=dict[str, Reading])
    digests: dict[str, Digest] = field(default_factory=dict[str, Digest])


class MemoryContinuity:
    """A ContinuityStore in memory."""

    def __init__(self, ledger: Ledger, archive: Archive) -> None:
        self._ledger = ledger
        self._archive = archive
        self._position = 0
        self._tenants: defaultdict[str, _TenantContinuity] = defaultdict(_TenantContinuity)

    async def note(self, tenant: str) -> int:
        """Note everybody with news; gives the sequence number up to which that is so."""
        head = await self._ledger.head(tenant)
        while rows := await self._ledger.after_position(self._position, PAGE):
            for of_tenant, identity_id in {(of_tenant, row.identity_id) for _, of_tenant, row in rows}:
                self._note(of_tenant, identity_id)
            self._position = rows[-1][0]
        identities = self._tenants[tenant].identities
        for identity_id, documents in (await self._identities_by_customer(tenant)).items():
            if identity_id not in identities or identities[identity_id].documents != documents:
                self._note(tenant, identity_id)
                identities[identity_id].documents = documents
        await self._note_moves(tenant)
        return head

    async def touch(self, tenant: str, identity_ids: Collection[str], *, readings_hold: bool = False) -> None:
        """Note identities, and forget what was read of those that are no more."""
        state = self._tenants[tenant]
        if not readings_hold:
            state.readings = {
                key: reading for key, reading in state.readings.items() if reading.identity_id not in identity_ids
            }
        for identity_id in identity_ids:
            if await self._ledger.customer_of(tenant, identity_id) is None:
                self._forget(tenant, identity_id)
            elif identity_id in state.identities:
                state.identities[identity_id].noted += 1

    async def tenants(self) -> Sequence[str]:
        """The tenants with new interactions, with somebody noted or with visits that are not read."""
        fresh = {tenant for _, tenant, _ in await self._ledger.after_position(self._position, PAGE)}
        for tenant, state in self._tenants.items():
            if any(identity.is_due for identity in state.identities.values()) or await self.unread_count(tenant):
                fresh.add(tenant)
        return sorted(fresh)

    async def due(self, tenant: str, limit: int) -> Sequence[Due]:
        """Some of the customers noted that must be read anew."""
        return await self._who(
            tenant,
            (identity_id for identity_id, identity in self._tenants[tenant].identities.items() if identity.is_due),
            limit,
        )

    async def unread(self, tenant: str, until: int, limit: int) -> Sequence[Due]:
        """Some of the customers who have visits that are not read and ended before a moment."""
        visits = self._visits(tenant)
        waiting = [row.identity_id for row in visits if not row.is_read and row.until <= until]
        return await self._who(tenant, waiting, limit)

    async def material(self, tenant: str, due: Sequence[Due], most: int) -> Sequence[Material]:
        """What the journeys of these customers are read from, at most so many interactions of each."""
        return [await self._material(tenant, due_customer, most) for due_customer in due]

    async def replace(self, tenant: str, made: Sequence[tuple[Due, Digest]], readings: Sequence[Reading] = ()) -> int:
        """Put digests in the place of those there were; tells of how many customers."""
        state, written = self._tenants[tenant], 0
        for due, digest in made:
            identities = {
                identity_id: state.identities[identity_id]
                for identity_id in due.identity_ids
                if identity_id in state.identities
            }
            if {identity_id: identity.noted for identity_id, identity in identities.items()} != due.noted:
                continue
            for identity_id in due.identity_ids:
                state.digests.pop(identity_id, None)
            self._leave_to(tenant, digest)
            state.digests[due.customer_id] = digest
            for identity in identities.values():
                identity.read, identity.customer_id = identity.noted, due.customer_id
            state.readings.update(
                {reading.visit_id: reading for reading in readings if reading.identity_id in due.identity_ids}
            )
            written += 1
        return written

    async def unread_count(self, tenant: str) -> int:
        """How many visits are not read."""
        return sum(not row.is_read for row in self._visits(tenant))

    async def escalations(self, tenant: str, since: int | None, until: int | None) -> Sequence[EscalationFigures]:
        """The escalations from a moment on and before another, the oldest first."""
        rows = _in_time(self._escalations(tenant), since, until)
        return [EscalationFigures(*_fields(row, EscalationFigures._fields)) for row in rows]

    async def visits(self, tenant: str, since: int | None, until: int | None) -> Sequence[VisitFigures]:
        """The visits that began from a moment on and before another, the oldest first."""
        rows = _in_time(self._visits(tenant), since, until)
        return [VisitFigures(*_fields(row, VisitFigures._fields)) for row in rows]

    async def moves(self, tenant: str, since: int | None, until: int | None) -> Sequence[Moves]:
        """The visits that began from a moment on and before another, put together where they are alike."""
        alike: defaultdict[tuple[Any, ...], list[VisitRow]] = defaultdict(list)
        for row in _in_time(self._visits(tenant), since, until):
            alike[tuple(_fields(row, Moves._fields[:6]))].append(row)
        return [
            Moves._make((*shared, len(rows), tuple(row.gap_ms for row in rows if row.gap_ms is not None)))
            for shared, rows in alike.items()
        ]

    async def spots(self, tenant: str, since: int | None, until: int | None) -> Sequence[SpotFigures]:
        """The moments of friction from a moment on and before another, the oldest first."""
        rows = _in_time(self._spots(tenant), since, until)
        return [SpotFigures(*_fields(row, SpotFigures._fields)) for row in rows]

    async def journeys(self, tenant: str, since: int | None, until: int | None) -> int:
        """How many journeys have a visit that began from a moment on and before another."""
        return len({row.journey_id for row in _in_time(self._visits(tenant), since, until)})

    async def escalation_rows(self, tenant: str, ids: Collection[str]) -> Sequence[EscalationRow]:
        """The escalations with these ids that exist."""
        return [row for row in self._escalations(tenant) if row.escalation_id in ids]

    async def visit_rows(self, tenant: str, ids: Collection[str]) -> Sequence[VisitRow]:
        """The visits with these ids that exist."""
        return [row for row in self._visits(tenant) if row.visit_id in ids]

    async def spot_rows(self, tenant: str, ids: Collection[str]) -> Sequence[SpotRow]:
        """The moments of friction with these ids that exist."""
        return [row for row in self._spots(tenant) if row.spot_id in ids]

    def _visits(self, tenant: str) -> list[VisitRow]:
        return [row for digest in self._tenants[tenant].digests.values() for row in digest.visits]

    def _escalations(self, tenant: str) -> list[EscalationRow]:
        return [row for digest in self._tenants[tenant].digests.values() for row in digest.escalations]

    def _spots(self, tenant: str) -> list[SpotRow]:
        return [row for digest in self._tenants[tenant].digests.values() for row in digest.spots]

    def _note(self, tenant: str, identity_id: str) -> None:
        identities = self._tenants[tenant].identities
        if identity_id in identities:
            identities[identity_id].noted += 1
        else:
            identities[identity_id] = _NotedIdentity()

    async def _identities_by_customer(self, tenant: str) -> Mapping[str, tuple[str, ...]]:
        keys_by_owner: defaultdict[str, list[str]] = defaultdict(list)
        for collection in TOLD_IN:
            after = ""
            while page := await self._archive.page(tenant, collection, after=after):
                for key, document in page:
                    if (owner := document.get("customer_id")) is not None:
                        keys_by_owner[owner].append(f"{collection} {key}")
                after = page[-1][0]
        return {owner: tuple(keys) for owner, keys in keys_by_owner.items()}

    async def _note_moves(self, tenant: str) -> None:
        identities = self._tenants[tenant].identities
        now = {identity_id: await self._ledger.customer_of(tenant, identity_id) for identity_id in identities}
        moved = [
            identity_id
            for identity_id in identities
            if identities[identity_id].customer_id not in (None, now[identity_id])
        ]
        concerned = {
            *(identities[identity_id].customer_id for identity_id in moved),
            *(now[identity_id] for identity_id in moved),
        }
        for identity_id, identity in list(identities.items()):
            if now[identity_id] is None:
                self._forget(tenant, identity_id)
            elif identity_id in moved or identity.customer_id in concerned - {None}:
                identity.noted += 1

    def _forget(self, tenant: str, identity_id: str) -> None:
        state = self._tenants[tenant]
        state.identities.pop(identity_id, None)
        state.digests.pop(identity_id, None)
        state.readings = {key: reading for key, reading in state.readings.items() if reading.identity_id != identity_id}

    def _leave_to(self, tenant: str, digest: Digest) -> None:
        """Take what is in a digest out of the others: a visit may still stand under whom its own was parted from."""
        visits = {row.visit_id for row in digest.visits}
        escalations = {row.escalation_id for row in digest.escalations}
        spots = {row.spot_id for row in digest.spots}
        digests = self._tenants[tenant].digests
        for customer_id, other in digests.items():
            digests[customer_id] = Digest(
                [row for row in other.visits if row.visit_id not in visits],
                [row for row in other.escalations if row.escalation_id not in escalations],
                [row for row in other.spots if row.spot_id not in spots],
            )

    async def _who(self, tenant: str, identity_ids: Iterable[str], limit: int) -> list[Due]:
        identities = self._tenants[tenant].identities
        dues: dict[str, Due] = {}
        for identity_id in identity_ids:
            customer_id = await self._ledger.customer_of(tenant, identity_id)
            if customer_id is None or customer_id in dues or len(dues) >= limit:
                continue
            members = tuple(await self._ledger.identities_of(tenant, customer_id))
            dues[customer_id] = Due(
                customer_id, members, {member: identities[member].noted for member in members if member in identities}
            )
        return list(dues.values())

    async def _material(self, tenant: str, due: Due, most: int) -> Material:
        rows: Sequence[Interaction] = await self._ledger.interactions(
            tenant, due.identity_ids, limit=most, newest_first=True
        )
        rows = standing_rows(rows)
        documents_by_collection: dict[str, list[Mapping[str, Any]]] = {}
        for collection in TOLD_IN:
            for identity_id in due.identity_ids:
                documents = await self._archive.of_customer(tenant, collection, identity_id, limit=most)
                documents_by_collection.setdefault(collection, []).extend(reversed(documents))
        readings = self._tenants[tenant].readings
        theirs = {key: reading for key, reading in readings.items() if reading.identity_id in due.identity_ids}
        return Material(due.customer_id, list(reversed(rows)), documents_by_collection, theirs)


def _in_time(rows: Sequence[Any], since: int | None, until: int | None) -> list[Any]:
    rows_in_time = [row for row in rows if (since is None or row.at >= since) and (until is None or row.at < until)]
    return sorted(rows_in_time, key=lambda row: (row.at, row[0]))


def _fields(row: Any, names: Sequence[str]) -> list[Any]:
    return [getattr(row, name) for name in names]
