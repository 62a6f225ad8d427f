"""What was read of journeys, in the database of the ledger."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

from pydantic_core import from_json, to_json
from sqlalchemy import Connection, Executable, Select, Table, Text, bindparam, cast, delete, func, select, union, update

from app.adapters.sql import SqlStore
from app.adapters.sql.change_tracking import ARRIVALS, DERIVED, news, note, note_arrivals, touch
from app.adapters.sql.chunks import chunks
from app.adapters.sql.erasure import empty_journal
from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.request_start import newest_of
from app.adapters.sql.rows import interaction_of
from app.adapters.sql.tables import (
    continuity_escalations,
    continuity_identities,
    continuity_marks,
    continuity_readings,
    continuity_spots,
    continuity_visits,
    documents,
    identities,
    tenants,
)
from app.adapters.sql.upserts import upsert
from app.models import Interaction, standing_rows
from app.ports.continuity import (
    TOLD_IN,
    Digest,
    Due,
    EscalationFigures,
    EscalationRow,
    Material,
    Moves,
    Reading,
    ReadSignal,
    SpotFigures,
    SpotRow,
    VisitFigures,
    VisitRow,
)

Row = TypeVar("Row", bound=NamedTuple)

_OF = continuity_identities.c
_IS_DUE = _OF.noted != _OF.read
_TENANT = bindparam("tenant", type_=continuity_identities.c.tenant.type)
_DUE = (
    select(identities.c.customer_id)
    .join(continuity_identities, identities.c.identity_id == _OF.identity_id)
    .where(_OF.tenant == _TENANT, _IS_DUE)
    .distinct()
    .limit(bindparam("limit"))
)
_UNREAD = (
    select(identities.c.customer_id)
    .join(continuity_visits, identities.c.identity_id == continuity_visits.c.identity_id)
    .where(
        continuity_visits.c.tenant == _TENANT,
        continuity_visits.c.is_read.is_(False),
        continuity_visits.c.until <= bindparam("until"),
    )
    .distinct()
    .limit(bindparam("limit"))
)
_TENANTS = union(
    select(tenants.c.tenant)
    .outerjoin(continuity_marks, continuity_marks.c.tenant == tenants.c.tenant)
    .where(tenants.c.last_seq > func.coalesce(continuity_marks.c.seq, 0)),
    select(_OF.tenant).where(_IS_DUE),
    select(continuity_visits.c.tenant).where(continuity_visits.c.is_read.is_(False)),
)


class SqlContinuity:
    """A ContinuityStore in the tables beside those of a SqlStore. Everything raises Unavailable as that does."""

    def __init__(self, store: SqlStore) -> None:
        self._connections = store.connections

    async def note(self, tenant: str) -> int:
        """Note everybody with news; gives the sequence number up to which that is so."""
        changes = await self._connections.read(lambda connection: news(connection, tenant))
        if changes.is_empty:
            return changes.head

        def arrived(connection: Connection) -> bool:
            hold(connection, Lock.CONTINUITY, tenant)
            return note_arrivals(connection, tenant)

        def work(connection: Connection) -> int:
            hold(connection, Lock.CONTINUITY, tenant)
            return note(connection, tenant)

        while changes.head - changes.mark > ARRIVALS and await self._connections.write(arrived):
            pass
        return await self._connections.write(work)

    async def touch(self, tenant: str, identity_ids: Collection[str], *, readings_hold: bool = False) -> None:
        """Note identities, and forget what was read of those that are no more."""

        def work(connection: Connection) -> None:
            hold(connection, Lock.CONTINUITY, tenant)
            touch(connection, tenant, identity_ids, readings_hold=readings_hold)

        if identity_ids:
            await self._connections.write(work)
            if not readings_hold:
                await empty_journal(self._connections)

    async def tenants(self) -> Sequence[str]:
        """The tenants with new interactions, with somebody noted or with visits that are not read."""
        return await self._connections.read(lambda connection: sorted(connection.scalars(_TENANTS)))

    async def due(self, tenant: str, limit: int) -> Sequence[Due]:
        """Some of the customers noted that must be read anew."""
        return await self._who(_DUE, {"tenant": tenant, "limit": limit})

    async def unread(self, tenant: str, until: int, limit: int) -> Sequence[Due]:
        """Some of the customers who have visits that are not read and ended before a moment."""
        return await self._who(_UNREAD, {"tenant": tenant, "until": until, "limit": limit})

    async def material(self, tenant: str, due: Sequence[Due], most: int) -> Sequence[Material]:
        """What the journeys of these customers are read from, at most so many interactions of each."""
        return await self._connections.read(lambda connection: _material(connection, tenant, due, most)) if due else ()

    async def replace(self, tenant: str, made: Sequence[tuple[Due, Digest]], readings: Sequence[Reading] = ()) -> int:
        """Put digests in the place of those there were; tells of how many customers."""

        def work(connection: Connection) -> int:
            hold(connection, Lock.CONTINUITY, tenant)
            return _replace(connection, tenant, made, readings)

        return await self._connections.write(work) if made else 0

    async def unread_count(self, tenant: str) -> int:
        """How many visits are not read."""
        of = continuity_visits.c
        statement = select(func.count()).where(of.tenant == tenant, of.is_read.is_(False))
        return await self._connections.read(lambda connection: connection.scalar(statement) or 0)

    async def escalations(self, tenant: str, since: int | None, until: int | None) -> Sequence[EscalationFigures]:
        """The escalations from a moment on and before another, the oldest first."""
        rows = await self._in_time(continuity_escalations, EscalationFigures, tenant, since, until)
        return [EscalationFigures(*row) for row in rows]

    async def visits(self, tenant: str, since: int | None, until: int | None) -> Sequence[VisitFigures]:
        """The visits that began from a moment on and before another, the oldest first."""
        rows = await self._in_time(continuity_visits, VisitFigures, tenant, since, until)
        return [VisitFigures(*row) for row in rows]

    async def moves(self, tenant: str, since: int | None, until: int | None) -> Sequence[Moves]:
        """The visits that began from a moment on and before another, put together where they are alike."""
        of = continuity_visits.c
        shared = [of[name] for name in Moves._fields[:6]]
        # A database that hands over each gap by itself takes longer than all the rest.
        gaps = func.aggregate_strings(cast(of.gap_ms, Text), ",")
        statement = _bounded(select(*shared, func.count(), gaps), continuity_visits, tenant, since, until)
        rows = await self._connections.read(lambda connection: connection.execute(statement.group_by(*shared)).all())
        return [Moves._make((*row[:-1], tuple(map(int, row[-1].split(","))) if row[-1] else ())) for row in rows]

    async def spots(self, tenant: str, since: int | None, until: int | None) -> Sequence[SpotFigures]:
        """The moments of friction from a moment on and before another, the oldest first."""
        rows = await self._in_time(continuity_spots, SpotFigures, tenant, since, until)
        return [SpotFigures(*row) for row in rows]

    async def journeys(self, tenant: str, since: int | None, until: int | None) -> int:
        """How many journeys have a visit that began from a moment on and before another."""
        of = continuity_visits.c
        statement = _bounded(select(func.count(of.journey_id.distinct())), continuity_visits, tenant, since, until)
        return await self._connections.read(lambda connection: connection.scalar(statement) or 0)

    async def escalation_rows(self, tenant: str, ids: Collection[str]) -> Sequence[EscalationRow]:
        """The escalations with these ids that exist."""
        return [_escalation(row) for row in await self._by_ids(continuity_escalations, EscalationRow, tenant, ids)]

    async def visit_rows(self, tenant: str, ids: Collection[str]) -> Sequence[VisitRow]:
        """The visits with these ids that exist."""
        rows = await self._by_ids(continuity_visits, VisitRow, tenant, ids)
        return [VisitRow(*row)._replace(restated=_restated(row.restated)) for row in rows]

    async def spot_rows(self, tenant: str, ids: Collection[str]) -> Sequence[SpotRow]:
        """The moments of friction with these ids that exist."""
        rows = await self._by_ids(continuity_spots, SpotRow, tenant, ids)
        return [SpotRow(*row)._replace(evidence=tuple(from_json(row.evidence))) for row in rows]

    async def _who(self, statement: Executable, given: Mapping[str, Any]) -> Sequence[Due]:
        def work(connection: Connection) -> Sequence[Due]:
            return _dues(connection, given["tenant"], connection.scalars(statement, given).all())

        return await self._connections.read(work)

    async def _in_time(
        self, table: Table, wanted: type[Row], tenant: str, since: int | None, until: int | None
    ) -> Sequence[Any]:
        key = table.primary_key.columns.values()[1]
        columns = [table.c[name] for name in wanted._fields]
        statement = _bounded(select(*columns), table, tenant, since, until).order_by(table.c.at, key)
        return await self._connections.read(lambda connection: connection.execute(statement).all())

    async def _by_ids(self, table: Table, wanted: type[Row], tenant: str, ids: Collection[str]) -> Sequence[Any]:
        key = table.primary_key.columns.values()[1]
        columns = [table.c[name] for name in wanted._fields]

        def work(connection: Connection) -> Sequence[Any]:
            statements = (select(*columns).where(table.c.tenant == tenant, key.in_(chunk)) for chunk in chunks(ids))
            return [row for statement in statements for row in connection.execute(statement)]

        return await self._connections.read(work)


def _dues(connection: Connection, tenant: str, customer_ids: Sequence[str]) -> list[Due]:
    members: defaultdict[str, dict[str, int | None]] = defaultdict(dict)
    statement = (
        select(identities.c.customer_id, identities.c.identity_id, _OF.noted)
        .outerjoin(continuity_identities, (_OF.tenant == tenant) & (_OF.identity_id == identities.c.identity_id))
        .where(identities.c.tenant == tenant, identities.c.customer_id.in_(customer_ids))
        .order_by(identities.c.identity_id)
    )
    for customer_id, identity_id, noted in connection.execute(statement) if customer_ids else ():
        members[customer_id][identity_id] = noted
    return [
        Due(
            customer_id, tuple(noted), {identity_id: count for identity_id, count in noted.items() if count is not None}
        )
        for customer_id, noted in members.items()
    ]


def _material(connection: Connection, tenant: str, due: Sequence[Due], most: int) -> list[Material]:
    whose = {identity_id: due_customer.customer_id for due_customer in due for identity_id in due_customer.identity_ids}
    documents_by_customer: defaultdict[str, defaultdict[str, list[Mapping[str, Any]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    readings: defaultdict[str, dict[str, Reading]] = defaultdict(dict)
    of, read = documents.c, continuity_readings.c
    for chunk in chunks(whose):
        filed = select(of.customer_id, of.collection, of.document).where(
            of.tenant == tenant, of.collection.in_(TOLD_IN), of.customer_id.in_(chunk)
        )
        for owner, collection, document in connection.execute(filed.order_by(of.position)):
            documents_by_customer[whose[owner]][collection].append(from_json(document))
        statement = select(*[read[name] for name in Reading._fields]).where(
            read.tenant == tenant, read.identity_id.in_(chunk)
        )
        for row in connection.execute(statement):
            readings[whose[row.identity_id]][row.visit_id] = Reading(*row)._replace(signals=_signals(row.signals))
    return [
        Material(
            due_customer.customer_id,
            _rows(connection, tenant, due_customer, most),
            documents_by_customer[due_customer.customer_id],
            readings[due_customer.customer_id],
        )
        for due_customer in due
    ]


def _rows(connection: Connection, tenant: str, due: Due, most: int) -> list[Interaction]:
    interactions: list[Interaction] = []
    for chunk in chunks(due.identity_ids):
        statement = newest_of((), False, len(chunk) == 1, True)
        given = {"tenant": tenant, "values": chunk, "after_seq": 0, "limit": most}
        interactions.extend(interaction_of(row) for row in connection.execute(statement, given))
    return standing_rows(sorted(interactions, key=lambda interaction: interaction.seq)[-most:])


def _replace(
    connection: Connection, tenant: str, made: Sequence[tuple[Due, Digest]], readings: Sequence[Reading]
) -> int:
    noted: dict[str, int] = {}
    for chunk in chunks(identity_id for due, _ in made for identity_id in due.identity_ids):
        statement = select(_OF.identity_id, _OF.noted).where(_OF.tenant == tenant, _OF.identity_id.in_(chunk))
        noted.update((identity_id, count) for identity_id, count in connection.execute(statement))
    standing = [
        (due, digest)
        for due, digest in made
        if {identity_id: noted[identity_id] for identity_id in due.identity_ids if identity_id in noted} == due.noted
    ]
    for chunk in chunks(identity_id for due, _ in standing for identity_id in due.identity_ids):
        for table in DERIVED:
            connection.execute(delete(table).where(table.c.tenant == tenant, table.c.customer_id.in_(chunk)))
    for table, rows in (
        (continuity_visits, [_visit_values(row) for _, digest in standing for row in digest.visits]),
        (continuity_escalations, [_escalation_values(row) for _, digest in standing for row in digest.escalations]),
        (continuity_spots, [_spot_values(row) for _, digest in standing for row in digest.spots]),
        (continuity_readings, _reading_values(readings, standing)),
    ):
        if rows:
            connection.execute(_put(connection.dialect.name, table), [{"tenant": tenant, **row} for row in rows])
    for due, _ in standing:
        for identity_id, count in due.noted.items():
            connection.execute(
                update(continuity_identities)
                .where(_OF.tenant == tenant, _OF.identity_id == identity_id)
                .values(read=count, customer_id=due.customer_id)
            )
    return len(standing)


def _visit_values(row: VisitRow) -> dict[str, Any]:
    return {**row._asdict(), "restated": to_json(row.restated).decode()}


def _escalation_values(row: EscalationRow) -> dict[str, Any]:
    encoded = {"restated": to_json(row.restated).decode(), "overrides": to_json(row.overrides).decode()}
    return {**row._asdict(), **encoded}


def _spot_values(row: SpotRow) -> dict[str, Any]:
    return {**row._asdict(), "evidence": to_json(row.evidence).decode()}


def _reading_values(readings: Sequence[Reading], standing: Sequence[tuple[Due, Digest]]) -> list[dict[str, Any]]:
    theirs = {identity_id for due, _ in standing for identity_id in due.identity_ids}
    return [
        {**reading._asdict(), "signals": to_json(reading.signals).decode()}
        for reading in readings
        if reading.identity_id in theirs
    ]


def _signals(text: str) -> tuple[ReadSignal, ...]:
    return tuple(ReadSignal(kind, at, tuple(evidence)) for kind, at, evidence in from_json(text))


def _restated(text: str) -> tuple[tuple[str, str, str], ...]:
    return tuple((kind, earlier, restated) for kind, earlier, restated in from_json(text))


def _escalation(row: Any) -> EscalationRow:
    read = {"restated": _restated(row.restated), "overrides": tuple(from_json(row.overrides))}
    return EscalationRow(*row)._replace(**read)


def _bounded(statement: Select[Any], table: Table, tenant: str, since: int | None, until: int | None) -> Select[Any]:
    statement = statement.where(table.c.tenant == tenant)
    if since is not None:
        statement = statement.where(table.c.at >= since)
    return statement if until is None else statement.where(table.c.at < until)


@cache
def _put(dialect: str, table: Table) -> Executable:
    # A visit may still stand under the customer whom its own was parted from.
    statement = upsert(dialect, table)
    keys = [column.name for column in table.primary_key]
    replaced = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=replaced)
