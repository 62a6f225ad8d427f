"""Erasing for good: rows, what hangs on them, and the documents that tell of them.

SQLite overwrites what is deleted with zeros (`secure_delete`, set on the writer), and the journal, which holds older
copies of pages, is emptied once the transaction is committed.
"""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.connections import Connections
from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.rows import INTERACTION_COLUMNS, interaction_of, merge_of, redacted_identifiers
from app.adapters.sql.tables import documents, holdings, identities, interactions, merges, seats
from app.adapters.sql.transaction import chunks
from app.ids import ids_in
from app.models import Channel, Interaction
from app.ports import ErasedRows, MergeRecord

_log = logging.getLogger(__name__)

CHECKPOINT_TRIES = 5
DOCUMENTS_AT_ONCE = 200

_INTERACTION = [interactions.c[name] for name in INTERACTION_COLUMNS]


class SqlErasure:
    """The part of a SqlStore that forgets. Everything raises Unavailable when the database does not answer."""

    _connections: Connections

    async def merges_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[MergeRecord]:
        """Every merge, undone or not, that joined one of these identities, the oldest first."""
        async with self._connections.reading() as connection:
            return await merges_of(connection, tenant, identity_ids)

    async def expired(
        self, tenant: str, channels: Collection[Channel], before: datetime, *, after_seq: int = 0, limit: int = 1000
    ) -> Sequence[Interaction]:
        """Interactions of these channels that happened before a moment, by seq."""
        async with self._connections.reading() as connection:
            return await expired(connection, tenant, channels, before, after_seq=after_seq, limit=limit)

    async def redact(self, tenant: str, interaction_id: str) -> Interaction | None:
        """Blank what one interaction says; gives it as it is now, or None when it is unknown."""
        async with self._connections.writing() as connection:
            await hold(connection, Lock.TENANT, tenant)
            row = await redact(connection, tenant, interaction_id)
        await empty_journal(self._connections)
        return row

    async def erase(self, tenant: str, customer_id: str) -> ErasedRows:
        """Remove a customer with everything in the ledger that is theirs; nothing when the id is unknown."""
        async with self._connections.writing() as connection:
            await hold(connection, Lock.TENANT, tenant)
            erased = await erase_customer(connection, tenant, customer_id)
        await empty_journal(self._connections)
        return erased

    async def erase_rows(self, tenant: str, interaction_ids: Collection[str]) -> int:
        """Remove interactions and leave whose they were; tells how many there were."""
        async with self._connections.writing() as connection:
            await hold(connection, Lock.TENANT, tenant)
            count = await erase_rows(connection, tenant, interaction_ids)
        await empty_journal(self._connections)
        return count

    async def erase_documents(
        self, tenant: str, customer_ids: Collection[str], *, naming: Collection[str] = (), owners: Collection[str] = ()
    ) -> Mapping[str, int]:
        """Remove all documents of these customers, and of those of `owners` and of nobody the ones that name an id."""
        async with self._connections.writing() as connection:
            counts = await erase_documents(connection, tenant, customer_ids, naming=naming, owners=owners)
        await empty_journal(self._connections)
        return counts


async def merges_of(connection: AsyncConnection, tenant: str, identity_ids: Collection[str]) -> list[MergeRecord]:
    """Every merge, undone or not, that joined one of these identities, the oldest first."""
    found: dict[str, MergeRecord] = {}
    for chunk in chunks(identity_ids):
        for side in (merges.c.survivor, merges.c.absorbed):
            rows = await connection.execute(select(merges).where(merges.c.tenant == tenant, side.in_(chunk)))
            found.update((row["merge_id"], merge_of(row)) for row in rows.mappings())
    return [found[merge_id] for merge_id in sorted(found)]


async def expired(
    connection: AsyncConnection,
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
    found: list[Interaction] = []
    while len(found) < limit:
        statement = (
            select(*_INTERACTION)
            .where(of.tenant == tenant, of.seq > after_seq, of.occurred_at < latest)
            .where(of.channel.in_([one.value for one in channels]))
            .order_by(of.seq)
            .limit(limit)
        )
        rows = [interaction_of(row) for row in await connection.execute(statement)]
        found.extend(row for row in rows if row.occurred_at < before)
        if len(rows) < limit:
            break
        after_seq = rows[-1].seq
    return found[:limit]


async def redact(connection: AsyncConnection, tenant: str, interaction_id: str) -> Interaction | None:
    """Blank what one interaction says; gives it as it is now, or None when it is unknown."""
    this = (interactions.c.tenant == tenant, interactions.c.interaction_id == interaction_id)
    row = (await connection.execute(select(*_INTERACTION).where(*this))).one_or_none()
    if row is None:
        return None
    blanked = {"text": "", "data": "{}", "identifiers": redacted_identifiers(interaction_of(row)), "redacted": True}
    await connection.execute(update(interactions).where(*this).values(blanked))
    return interaction_of((await connection.execute(select(*_INTERACTION).where(*this))).one())


async def erase_customer(connection: AsyncConnection, tenant: str, customer_id: str) -> ErasedRows:
    """Remove a customer: interactions, seats, identifiers, merges and the identities joined in it."""
    of = identities.c
    statement = select(of.identity_id).where(of.tenant == tenant, of.customer_id == customer_id)
    identity_ids = sorted(await connection.scalars(statement))
    interaction_ids: list[str] = []
    for chunk in chunks(identity_ids):
        theirs = (interactions.c.tenant == tenant, interactions.c.identity_id.in_(chunk))
        interaction_ids.extend(await connection.scalars(select(interactions.c.interaction_id).where(*theirs)))
        await connection.execute(delete(interactions).where(*theirs))
    return ErasedRows(
        identity_ids=tuple(identity_ids),
        interaction_ids=tuple(interaction_ids),
        conversations=await _give_up_seats(connection, tenant, identity_ids),
        identifiers=await _deleted(connection, holdings, "identity_id", identity_ids),
        merges=await _deleted(connection, merges, "survivor", identity_ids)
        + await _deleted(connection, merges, "absorbed", identity_ids),
        identities=await _deleted(connection, identities, "identity_id", identity_ids),
    )


async def erase_rows(connection: AsyncConnection, tenant: str, interaction_ids: Collection[str]) -> int:
    """Remove interactions and what points at them; tells how many there were."""
    count = 0
    for chunk in chunks(interaction_ids):
        of = interactions.c
        result = await connection.execute(delete(interactions).where(of.tenant == tenant, of.interaction_id.in_(chunk)))
        count += result.rowcount
        await connection.execute(
            update(holdings)
            .where(holdings.c.tenant == tenant, holdings.c.interaction_id.in_(chunk))
            .values(interaction_id=None)
        )
    return count


async def erase_documents(
    connection: AsyncConnection,
    tenant: str,
    customer_ids: Collection[str],
    *,
    naming: Collection[str],
    owners: Collection[str],
) -> Mapping[str, int]:
    """Remove all documents of these customers, and of those of `owners` and of nobody the ones that name an id."""
    counts: Counter[str] = Counter()
    of = documents.c
    positions: list[int] = []
    for chunk in chunks(customer_ids):
        found = await connection.execute(
            select(of.position, of.collection).where(of.tenant == tenant, of.customer_id.in_(chunk))
        )
        for position, collection in found:
            positions.append(position)
            counts[collection] += 1
    if naming:
        wanted = frozenset(naming)
        whose: list[ColumnElement[bool]] = [of.customer_id.in_(chunk) for chunk in chunks(owners)]
        after = 0
        statement = select(of.position, of.collection, of.key, of.document).order_by(of.position)
        statement = statement.where(of.tenant == tenant, or_(of.customer_id.is_(None), *whose))
        while rows := (await connection.execute(statement.where(of.position > after).limit(DOCUMENTS_AT_ONCE))).all():
            after = rows[-1].position
            for position, collection, key, document in rows:
                if not wanted.isdisjoint(ids_in(f"{key} {document}")):
                    positions.append(position)
                    counts[collection] += 1
    for start in range(0, len(positions), DOCUMENTS_AT_ONCE):
        await connection.execute(delete(documents).where(of.position.in_(positions[start : start + DOCUMENTS_AT_ONCE])))
    return counts


async def empty_journal(connections: Connections) -> None:
    """Move what is committed into SQLite's file and cut its journal to nothing; elsewhere there is nothing to do."""
    async with connections.reading() as connection:
        if connection.dialect.name != "sqlite":
            return
        for _ in range(CHECKPOINT_TRIES):
            # Waits for those who read, as long as any statement of this database waits.
            busy = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).scalar_one()
            if not busy:
                return
    _log.warning("the database's journal is still read by somebody: it is emptied with the next erasure")


async def _give_up_seats(connection: AsyncConnection, tenant: str, identity_ids: Collection[str]) -> int:
    """Remove the seats of identities; a conversation in which others spoke goes to whoever spoke last of them."""
    taken: list[str] = []
    for chunk in chunks(identity_ids):
        theirs = (seats.c.tenant == tenant, seats.c.identity_id.in_(chunk))
        taken.extend(await connection.scalars(select(seats.c.conversation_id).where(*theirs)))
        await connection.execute(delete(seats).where(*theirs))
    of = interactions.c
    for chunk in chunks(taken):
        last = (
            select(func.max(of.seq))
            .where(of.tenant == tenant, of.conversation_id.in_(chunk))
            .group_by(of.conversation_id)
        )
        left = await connection.execute(
            select(of.conversation_id, of.identity_id).where(of.tenant == tenant, of.seq.in_(last))
        )
        rows = [{"tenant": tenant, **row} for row in left.mappings()]
        if rows:
            await connection.execute(seats.insert(), rows)
    return len(taken)


async def _deleted(connection: AsyncConnection, table: Table, column: str, values: Collection[str]) -> int:
    # Identity ids are unique over all tenants, so the column alone says whose rows these are.
    count = 0
    for chunk in chunks(values):
        count += (await connection.execute(delete(table).where(table.c[column].in_(chunk)))).rowcount
    return count
