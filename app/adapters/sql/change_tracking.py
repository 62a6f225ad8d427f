"""Finds whose journeys must be read anew.

Nobody is told of joinings, partings and new documents: who has changed is found by comparing what there is with what
there was when it was read, which takes some milliseconds among ten thousand customers.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, Executable, bindparam, delete, func, literal, or_, select, update

from app.adapters.sql.chunks import chunks
from app.adapters.sql.request_start import HEAD
from app.adapters.sql.tables import (
    continuity_escalations,
    continuity_identities,
    continuity_marks,
    continuity_readings,
    continuity_spots,
    continuity_visits,
    documents,
    identities,
    interactions,
)
from app.adapters.sql.upserts import upsert
from app.ports.continuity import TOLD_IN

ARRIVALS = 2_000
DERIVED = (continuity_visits, continuity_escalations, continuity_spots)

_OF = continuity_identities.c
_TENANT = bindparam("tenant", type_=continuity_identities.c.tenant.type)
_MARK = select(continuity_marks.c.seq).where(continuity_marks.c.tenant == _TENANT)
_ELSEWHERE = (
    select(_OF.identity_id, _OF.customer_id, identities.c.customer_id.label("now"))
    .outerjoin(identities, identities.c.identity_id == _OF.identity_id)
    .where(
        _OF.tenant == _TENANT,
        or_(identities.c.customer_id.is_(None), identities.c.customer_id != _OF.customer_id),
    )
)
_FILED = (
    select(
        documents.c.customer_id,
        func.count().label("documents"),
        func.max(documents.c.position).label("last_document"),
    )
    .where(documents.c.tenant == _TENANT, documents.c.collection.in_(TOLD_IN), documents.c.customer_id.is_not(None))
    .group_by(documents.c.customer_id)
    .subquery()
)
_TOLD = (
    select(_FILED)
    .outerjoin(continuity_identities, (_OF.tenant == _TENANT) & (_OF.identity_id == _FILED.c.customer_id))
    .where(
        or_(
            _OF.identity_id.is_(None),
            _OF.documents != _FILED.c.documents,
            _OF.last_document != _FILED.c.last_document,
        )
    )
)


class News(NamedTuple):
    """What has changed: up to which number rows were looked at and there are, who is elsewhere, who was told of."""

    mark: int
    head: int
    elsewhere: Sequence[Any]
    documented: Sequence[Any]

    @property
    def is_empty(self) -> bool:
        """Whether nothing has."""
        return self.mark == self.head and not self.elsewhere and not self.documented


def news(connection: Connection, tenant: str) -> News:
    """What has changed since it was noted last."""
    given = {"tenant": tenant}
    head: int = connection.scalar(HEAD, given) or 0
    mark: int = connection.scalar(_MARK, given) or 0
    return News(mark, head, connection.execute(_ELSEWHERE, given).all(), connection.execute(_TOLD, given).all())


def note_arrivals(connection: Connection, tenant: str) -> bool:
    """Note those of the next arrivals, within a transaction; tells whether there are more.

    An import brings hundreds of thousands: noted at once they would keep everybody else from writing for seconds.
    """
    head: int = connection.scalar(HEAD, {"tenant": tenant}) or 0
    mark: int = connection.scalar(_MARK, {"tenant": tenant}) or 0
    if head - mark <= ARRIVALS:
        return False
    _note_up_to(connection, tenant, mark, mark + ARRIVALS)
    return True


def note(connection: Connection, tenant: str) -> int:
    """Note everybody with news, within a transaction; gives the number up to which that is so."""
    changes = news(connection, tenant)
    dialect = connection.dialect.name
    if changes.mark != changes.head:
        _note_up_to(connection, tenant, changes.mark, changes.head)
    rows = [
        {"identity_id": customer.customer_id, "documents": customer.documents, "last_document": customer.last_document}
        for customer in changes.documented
    ]
    if rows:
        connection.execute(_note_told(dialect), [{"tenant": tenant, "noted": 1, "read": 0, **row} for row in rows])
    gone = [row.identity_id for row in changes.elsewhere if row.now is None]
    moved = {
        customer_id
        for row in changes.elsewhere
        for customer_id in (row.customer_id, row.now)
        if customer_id is not None
    }
    for chunk in chunks(moved):
        _bump(connection, tenant, _OF.customer_id.in_(chunk))
    for chunk in chunks(row.identity_id for row in changes.elsewhere):
        _bump(connection, tenant, _OF.identity_id.in_(chunk))
    forget(connection, tenant, gone)
    return changes.head


def touch(connection: Connection, tenant: str, identity_ids: Collection[str], *, readings_hold: bool) -> None:
    """Note identities, and forget what was read of those that are no more."""
    for chunk in chunks(identity_ids):
        there = set(connection.scalars(select(identities.c.identity_id).where(identities.c.identity_id.in_(chunk))))
        if not readings_hold:
            of = continuity_readings.c
            connection.execute(delete(continuity_readings).where(of.tenant == tenant, of.identity_id.in_(chunk)))
        if there:
            _bump(connection, tenant, _OF.identity_id.in_(there))
        forget(connection, tenant, [identity_id for identity_id in chunk if identity_id not in there])


def forget(connection: Connection, tenant: str, identity_ids: Collection[str]) -> None:
    """Remove all that was read of these identities."""
    for chunk in chunks(identity_ids):
        for table in DERIVED:
            connection.execute(delete(table).where(table.c.tenant == tenant, table.c.customer_id.in_(chunk)))
        for table in (continuity_readings, continuity_identities):
            connection.execute(delete(table).where(table.c.tenant == tenant, table.c.identity_id.in_(chunk)))


def _note_up_to(connection: Connection, tenant: str, mark: int, head: int) -> None:
    dialect = connection.dialect.name
    connection.execute(_note_arrivals(dialect), {"tenant": tenant, "mark": mark, "head": head})
    connection.execute(_mark(dialect), {"tenant": tenant, "seq": head})


def _bump(connection: Connection, tenant: str, which: Any) -> None:
    connection.execute(update(continuity_identities).where(_OF.tenant == tenant, which).values(noted=_OF.noted + 1))


@cache
def _note_arrivals(dialect: str) -> Executable:
    columns = ["tenant", "identity_id", "noted", "read", "documents", "last_document"]
    number = [literal(value, BigInteger) for value in (1, 0, 0, 0)]
    arrived = (
        select(interactions.c.tenant, interactions.c.identity_id, *number)
        .where(
            interactions.c.tenant == _TENANT,
            interactions.c.seq > bindparam("mark"),
            interactions.c.seq <= bindparam("head"),
        )
        .distinct()
    )
    statement = upsert(dialect, continuity_identities).from_select(columns, arrived)
    return statement.on_conflict_do_update(
        index_elements=["tenant", "identity_id"], set_={"noted": continuity_identities.c.noted + 1}
    )


@cache
def _note_told(dialect: str) -> Executable:
    statement = upsert(dialect, continuity_identities)
    replaced = {
        "documents": statement.excluded.documents,
        "last_document": statement.excluded.last_document,
        "noted": continuity_identities.c.noted + 1,
    }
    return statement.on_conflict_do_update(index_elements=["tenant", "identity_id"], set_=replaced)


@cache
def _mark(dialect: str) -> Executable:
    statement = upsert(dialect, continuity_marks)
    return statement.on_conflict_do_update(index_elements=["tenant"], set_={"seq": statement.excluded.seq})
