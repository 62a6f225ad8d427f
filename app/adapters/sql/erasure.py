"""Erasing for good: rows, what hangs on them, and the documents that tell of them.

SQLite overwrites what is deleted with zeros (`secure_delete`, set on the writer), and the journal, which holds older
copies of pages, is emptied once the transaction is committed.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from pydantic_core import to_json
from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select, update

from app.adapters.sql.chunks import chunks
from app.adapters.sql.connections import Connections
from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.rows import INTERACTION_COLUMNS, interaction_of, merge_of, redacted_columns
from app.adapters.sql.tables import documents, holdings, identities, interactions, merges, request_claims, seats
from app.ids import ids_in, made_since
from app.models import Channel, Interaction
from app.ports import ErasedRows, MergeRecord
from app.ports.archive import NAMED_BY_OTHERS, WRITTEN_BY_TENANTS

_log = logging.getLogger(__name__)

CHECKPOINT_TRIES = 5
DOCUMENTS_AT_ONCE = 200

Result = TypeVar("Result")

_INTERACTION = [interactions.c[name] for name in INTERACTION_COLUMNS]


class SqlErasure:
    """The part of a SqlStore that forgets. Everything raises Unavailable when the database does not answer."""

    _connections: Connections

    async def merges_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[MergeRecord]:
        """Every merge, undone or not, that joined one of these identities, the oldest first."""
        return await self._connections.read(lambda connection: merges_of(connection, tenant, identity_ids))

    async def expired(
        self, tenant: str, channels: Collection[Channel], before: datetime, *, after_seq: int = 0, limit: int = 1000
    ) -> Sequence[Interaction]:
        """Interactions of these channels that happened before a moment, by seq."""
        return await self._connections.read(
            lambda connection: expired(connection, tenant, channels, before, after_seq=after_seq, limit=limit)
        )

    async def reword(self, tenant: str, rows: Sequence[Interaction]) -> None:
        """Put the text and the data of these rows in the place of what is filed of them, leaving no trace of that."""
        await self._forget(tenant, lambda connection: reword(connection, tenant, rows))

    async def redact(self, tenant: str, interaction_id: str) -> Interaction | None:
        """Blank what one interaction says; gives it as it is now, or None when it is unknown."""
        return await self._forget(tenant, lambda connection: redact(connection, tenant, interaction_id))

    async def erase(self, tenant: str, customer_id: str) -> ErasedRows:
        """Remove a customer with everything in the ledger that is theirs; nothing when the id is unknown."""
        return await self._forget(tenant, lambda connection: erase_customer(connection, tenant, customer_id))

    async def erase_rows(self, tenant: str, interaction_ids: Collection[str]) -> int:
        """Remove interactions and leave whose they were; tells how many there were."""
        return await self._forget(tenant, lambda connection: erase_rows(connection, tenant, interaction_ids))

    async def erase_documents(
        self,
        tenant: str,
        customer_ids: Collection[str],
        *,
        naming: Collection[str] = (),
        owners: Collection[str] = (),
        made_before: datetime | None = None,
    ) -> Mapping[str, int]:
        """Remove all documents of these customers, and of those of `owners` and of nobody the ones that name an id."""
        counts = await self._connections.write(
            lambda connection: erase_documents(
                connection, tenant, customer_ids, naming=naming, owners=owners, made_before=made_before
            )
        )
        await empty_journal(self._connections)
        return counts

    async def _forget(self, tenant: str, work: Callable[[Connection], Result]) -> Result:
        def alone(connection: Connection) -> Result:
            hold(connection, Lock.TENANT, tenant)
            return work(connection)

        result = await self._connections.write(alone)
        await empty_journal(self._connections)
        return result


def merges_of(connection: Connection, tenant: str, identity_ids: Collection[str]) -> list[MergeRecord]:
    """Every merge, undone or not, that joined one of these identities, the oldest first."""
    merges_by_id: dict[str, MergeRecord] = {}
    for chunk in chunks(identity_ids):
        for side in (merges.c.survivor, merges.c.absorbed):
            rows = connection.execute(select(merges).where(merges.c.tenant == tenant, side.in_(chunk)))
            merges_by_id.update((row.merge_id, merge_of(row)) for row in rows)
    return [merges_by_id[merge_id] for merge_id in sorted(merges_by_id)]


def expired(
    connection: Connection,
    tenant: str,
    channels: Collection[Channel],
    before: datetime,
    *,
    after_seq: int,
    limit: int,
) -> list[Interaction]:
    """Interactions of these channels that happened before a moment, by seq."""
    of = interactions.c
    # Times are texts with offsets of their own, so as text they are only told apart by the day; the rest is done here.
    latest = (before + timedelta(days=2)).date().isoformat()
    expired_rows: list[Interaction] = []
    while len(expired_rows) < limit:
        statement = (
            select(*_INTERACTION)
            .where(of.tenant == tenant, of.seq > after_seq, of.occurred_at < latest)
            .where(of.channel.in_([channel.value for channel in channels]))
            .order_by(of.seq)
            .limit(limit)
        )
        rows = [interaction_of(row) for row in connection.execute(statement)]
        expired_rows.extend(row for row in rows if row.occurred_at < before)
        if len(rows) < limit:
            break
        after_seq = rows[-1].seq
    return expired_rows[:limit]


def reword(connection: Connection, tenant: str, rows: Sequence[Interaction]) -> None:
    """Put the text and the data of these rows in the place of what is filed of them."""
    for row in rows:
        this = (interactions.c.tenant == tenant, interactions.c.interaction_id == row.interaction_id)
        content = {"text": row.text, "data": to_json(row.data).decode() if row.data else "{}", "analysis": None}
        # A row that was redacted meanwhile says nothing any more.
        connection.execute(update(interactions).where(*this, interactions.c.redacted.is_(False)).values(content))


def redact(connection: Connection, tenant: str, interaction_id: str) -> Interaction | None:
    """Blank what one interaction says; gives it as it is now, or None when it is unknown."""
    this = (interactions.c.tenant == tenant, interactions.c.interaction_id == interaction_id)
    row = (connection.execute(select(*_INTERACTION).where(*this))).one_or_none()
    if row is None:
        return None
    connection.execute(update(interactions).where(*this).values(redacted_columns(interaction_of(row))))
    return interaction_of((connection.execute(select(*_INTERACTION).where(*this))).one())


def erase_customer(connection: Connection, tenant: str, customer_id: str) -> ErasedRows:
    """Remove a customer: interactions, seats, identifiers, merges and the identities joined in it."""
    of = identities.c
    statement = select(of.identity_id).where(of.tenant == tenant, of.customer_id == customer_id)
    identity_ids = sorted(connection.scalars(statement))
    interaction_ids: list[str] = []
    for chunk in chunks(identity_ids):
        theirs = (interactions.c.tenant == tenant, interactions.c.identity_id.in_(chunk))
        interaction_ids.extend(connection.scalars(select(interactions.c.interaction_id).where(*theirs)))
        connection.execute(delete(interactions).where(*theirs))
    return ErasedRows(
        identity_ids=tuple(identity_ids),
        interaction_ids=tuple(interaction_ids),
        conversations=_give_up_seats(connection, tenant, identity_ids),
        identifiers=_deleted(connection, holdings, "identity_id", identity_ids),
        merges=_deleted(connection, merges, "survivor", identity_ids)
        + _deleted(connection, merges, "absorbed", identity_ids),
        identities=_deleted(connection, identities, "identity_id", identity_ids),
    )


def erase_rows(connection: Connection, tenant: str, interaction_ids: Collection[str]) -> int:
    """Remove interactions and what points at them; tells how many there were."""
    count = 0
    for chunk in chunks(interaction_ids):
        of = interactions.c
        result = connection.execute(delete(interactions).where(of.tenant == tenant, of.interaction_id.in_(chunk)))
        count += result.rowcount
        connection.execute(
            update(holdings)
            .where(holdings.c.tenant == tenant, holdings.c.interaction_id.in_(chunk))
            .values(interaction_id=None)
        )
    return count


def erase_documents(
    connection: Connection,
    tenant: str,
    customer_ids: Collection[str],
    *,
    naming: Collection[str],
    owners: Collection[str],
    made_before: datetime | None = None,
) -> Mapping[str, int]:
    """Remove all documents of these customers, and of those of `owners` and of nobody the ones that name an id."""
    counts: Counter[str] = Counter()
    of = documents.c
    positions: dict[int, None] = {}
    for chunk in chunks(customer_ids):
        owned = connection.execute(
            select(of.position, of.collection).where(of.tenant == tenant, of.customer_id.in_(chunk))
        )
        for position, collection in owned:
            positions[position] = None
            counts[collection] += 1
    wanted = frozenset(naming)
    while wanted:  # what was filed about a removed handoff or decision names that one alone
        removed: set[str] = set()
        whose: list[ColumnElement[bool]] = [of.customer_id.in_(chunk) for chunk in chunks(owners)]
        after = 0
        statement = select(of.position, of.collection, of.key, of.document).order_by(of.position)
        statement = statement.where(of.tenant == tenant, or_(of.customer_id.is_(None), *whose))
        statement = statement.where(of.collection.not_in(WRITTEN_BY_TENANTS))
        while rows := (connection.execute(statement.where(of.position > after).limit(DOCUMENTS_AT_ONCE))).all():
            after = rows[-1].position
            for position, collection, key, document in rows:
                if made_before is not None and made_since(key, made_before):
                    continue
                if position not in positions and not wanted.isdisjoint(ids_in(f"{key} {document}")):
                    positions[position] = None
                    counts[collection] += 1
                    removed |= {key} if collection in NAMED_BY_OTHERS else set()
        # What names a removed document follows it whenever it was made.
        wanted, made_before = frozenset(removed), None
    removals = list(positions)
    for start in range(0, len(removals), DOCUMENTS_AT_ONCE):
        those = of.position.in_(removals[start : start + DOCUMENTS_AT_ONCE])
        # A claim has the key of the answer that it led to, which a caller may have made of anything.
        keys = select(of.key).where(those, of.collection == "idempotency")
        connection.execute(
            delete(request_claims).where(request_claims.c.tenant == tenant, request_claims.c.key.in_(keys))
        )
        connection.execute(delete(documents).where(those))
    return counts


async def empty_journal(connections: Connections) -> None:
    """Move what is committed into SQLite's file and cut its journal to nothing; elsewhere there is nothing to do."""
    if not await connections.read(_emptied):
        _log.warning("the database's journal is still read by somebody: it is emptied with the next erasure")


def _emptied(connection: Connection) -> bool:
    if connection.dialect.name != "sqlite":
        return True
    # Each try waits for those who read, as long as any statement of this database waits.
    tries = (
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar_one() for _ in range(CHECKPOINT_TRIES)
    )
    return any(not busy for busy in tries)


def _give_up_seats(connection: Connection, tenant: str, identity_ids: Collection[str]) -> int:
    """Remove the seats of identities; a conversation in which others spoke goes to whoever spoke last of them."""
    taken: list[str] = []
    for chunk in chunks(identity_ids):
        theirs = (seats.c.tenant == tenant, seats.c.identity_id.in_(chunk))
        taken.extend(connection.scalars(select(seats.c.conversation_id).where(*theirs)))
        connection.execute(delete(seats).where(*theirs))
    of = interactions.c
    for chunk in chunks(taken):
        last = (
            select(func.max(of.seq))
            .where(of.tenant == tenant, of.conversation_id.in_(chunk))
            .group_by(of.conversation_id)
        )
        left = connection.execute(
            select(of.conversation_id, of.identity_id).where(of.tenant == tenant, of.seq.in_(last))
        )
        rows = [{"tenant": tenant, **row} for row in left.mappings()]
        if rows:
            connection.execute(seats.insert(), rows)
    return len(taken)


def _deleted(connection: Connection, table: Table, column: str, values: Collection[str]) -> int:
    # Identity ids are unique over all tenants, so the column alone says whose rows these are.
    count = 0
    for chunk in chunks(values):
        count += (connection.execute(delete(table).where(table.c[column].in_(chunk)))).rowcount
    return count
