"""The ledger and the archive in one SQL database."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic_core import from_json, to_json
from sqlalchemy import Select, func, select

from app.adapters.sql.connections import Connections
from app.adapters.sql.erasure import SqlErasure
from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.rows import INTERACTION_COLUMNS, holding_of, interaction_of
from app.adapters.sql.tables import documents, holdings, identities, interactions, seats, tenants
from app.adapters.sql.transaction import SqlTransaction, chunks
from app.adapters.sql.upserts import upsert
from app.models import Channel, Interaction, Kind
from app.ports import ConversationSeat, IdentifierHolding

__all__ = ["SqlStore"]

_DOCUMENT_KEY = ["tenant", "collection", "key"]
_INTERACTION = [interactions.c[name] for name in INTERACTION_COLUMNS]


class SqlStore(SqlErasure):
    """A Ledger and an Archive behind one URL, for example sqlite:///data/ledger.db or postgresql://user@host/database.

    What is acknowledged has been fsync'd. The tables, and the file of SQLite with its folder, are made at first use and
    brought up to date there. Everything raises Unavailable when the database does not answer, and ConfigurationError
    when it was written by a newer version.
    """

    def __init__(self, url: str) -> None:
        self._connections = Connections(url)

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncGenerator[SqlTransaction]:
        """A unit of work: durable (fsync'd) when the block has ended, undone when it raised."""
        async with self._connections.writing() as connection:
            await hold(connection, Lock.TENANT, tenant)
            yield SqlTransaction(connection, tenant)

    async def head(self, tenant: str) -> int:
        """The highest sequence number of the tenant; 0 when it has none."""
        async with self._connections.reading() as connection:
            last = await connection.scalar(select(tenants.c.last_seq).where(tenants.c.tenant == tenant))
        return last or 0

    async def customer_of(self, tenant: str, customer_or_identity_id: str) -> str | None:
        """The surviving customer that this id leads to, or None when it is unknown."""
        statement = select(identities.c.customer_id).where(
            identities.c.identity_id == customer_or_identity_id, identities.c.tenant == tenant
        )
        async with self._connections.reading() as connection:
            return await connection.scalar(statement)

    async def identities_of(self, tenant: str, customer_id: str) -> Sequence[str]:
        """The identities joined in one customer, the oldest first."""
        statement = (
            select(identities.c.identity_id)
            .where(identities.c.tenant == tenant, identities.c.customer_id == customer_id)
            .order_by(identities.c.identity_id)
        )
        async with self._connections.reading() as connection:
            return (await connection.scalars(statement)).all()

    async def holdings_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[IdentifierHolding]:
        """The identifiers that these identities hold."""
        statement = (
            select(holdings, identities.c.customer_id)
            .join(identities, identities.c.identity_id == holdings.c.identity_id)
            .where(holdings.c.tenant == tenant)
            .order_by(holdings.c.identity_id, holdings.c.type, holdings.c.value)
        )
        found: list[IdentifierHolding] = []
        async with self._connections.reading() as connection:
            for chunk in chunks(identity_ids):
                rows = await connection.execute(statement.where(holdings.c.identity_id.in_(chunk)))
                found.extend(holding_of(row) for row in rows.mappings())
        return found

    async def seat_of(self, tenant: str, conversation_id: str) -> ConversationSeat | None:
        """Whom a conversation belongs to."""
        statement = (
            select(seats.c.conversation_id, seats.c.identity_id, identities.c.customer_id)
            .join(identities, identities.c.identity_id == seats.c.identity_id)
            .where(seats.c.tenant == tenant, seats.c.conversation_id == conversation_id)
        )
        async with self._connections.reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
        return ConversationSeat(**row) if row else None

    async def interactions(
        self,
        tenant: str,
        identity_ids: Collection[str],
        *,
        conversation_id: str | None = None,
        channel: Channel | None = None,
        kind: Kind | None = None,
        after_seq: int = 0,
        up_to_seq: int | None = None,
        limit: int = 1000,
        newest_first: bool = False,
    ) -> Sequence[Interaction]:
        """Interactions of these identities, by seq."""
        of = interactions.c
        statement = select(*_INTERACTION).where(of.tenant == tenant, of.seq > after_seq)
        for column, wanted in ((of.conversation_id, conversation_id), (of.channel, channel), (of.kind, kind)):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if up_to_seq is not None:
            statement = statement.where(of.seq <= up_to_seq)
        # Asked for several identities in order, a database reads the whole tenant by seq until it has found enough;
        # a sum that it cannot look up makes it go by identity, and sort what little it finds there.
        order = of.seq if len(identity_ids) == 1 else of.seq + 0
        statement = statement.order_by(order.desc() if newest_first else order).limit(limit)
        found: list[Interaction] = []
        async with self._connections.reading() as connection:
            for chunk in chunks(identity_ids):
                rows = await connection.execute(statement.where(of.identity_id.in_(chunk)))
                found.extend(interaction_of(row) for row in rows)
        return sorted(found, key=lambda one: one.seq, reverse=newest_first)[:limit]

    async def by_ids(self, tenant: str, interaction_ids: Collection[str]) -> Sequence[Interaction]:
        """The interactions with these ids that exist, by seq."""
        statement = select(*_INTERACTION).where(interactions.c.tenant == tenant)
        found: list[Interaction] = []
        async with self._connections.reading() as connection:
            for chunk in chunks(interaction_ids):
                rows = await connection.execute(statement.where(interactions.c.interaction_id.in_(chunk)))
                found.extend(interaction_of(row) for row in rows)
        return sorted(found, key=lambda one: one.seq)

    async def windows(
        self, tenant: str, conversation_ids: Collection[str], *, limit: int
    ) -> Sequence[tuple[str, Interaction]]:
        """What each customer has newest in each of these conversations, at most `limit`, with the customer, by seq."""
        of = interactions.c
        sharing = [of.conversation_id, identities.c.customer_id]
        place = func.row_number().over(partition_by=sharing, order_by=of.seq.desc()).label("place")
        of_customers = interactions.join(identities, identities.c.identity_id == of.identity_id)
        statement: Select[*tuple[Any, ...]] = select(identities.c.customer_id, *_INTERACTION, place).select_from(
            of_customers
        )
        statement = statement.where(of.tenant == tenant)
        found: list[tuple[str, Interaction]] = []
        async with self._connections.reading() as connection:
            for chunk in chunks(conversation_ids):
                newest = statement.where(of.conversation_id.in_(chunk)).subquery()
                rows = await connection.execute(select(newest).where(newest.c.place <= limit))
                found.extend((row[0], interaction_of(row[1:-1])) for row in rows)
        return sorted(found, key=lambda one: one[1].seq)

    async def after_position(self, position: int, limit: int) -> Sequence[tuple[int, str, Interaction]]:
        """Rows of all tenants past a position of the write order, as (position, tenant, interaction)."""
        of = interactions.c
        statement: Select[*tuple[Any, ...]] = select(of.position, of.tenant, *_INTERACTION)
        statement = statement.where(of.position > position).order_by(of.position).limit(limit)
        async with self._connections.reading() as connection:
            rows = (await connection.execute(statement)).all()
        return [(number, tenant, interaction_of(columns)) for number, tenant, *columns in rows]

    async def last_position(self) -> int:
        """The position of the newest row; 0 when there is none."""
        async with self._connections.reading() as connection:
            return await connection.scalar(select(func.max(interactions.c.position))) or 0

    async def put(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> None:
        """Write or replace one document."""
        row = _document_row(tenant, collection, key, document, customer_id)
        async with self._connections.writing() as connection:
            statement = upsert(connection, documents).values(row)
            replaced = {"document": statement.excluded.document, "customer_id": statement.excluded.customer_id}
            await connection.execute(statement.on_conflict_do_update(index_elements=_DOCUMENT_KEY, set_=replaced))

    async def add(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> bool:
        """Write one document unless the key is taken; tells whether it was written."""
        row = _document_row(tenant, collection, key, document, customer_id)
        async with self._connections.writing() as connection:
            statement = upsert(connection, documents).values(row)
            written = await connection.execute(statement.on_conflict_do_nothing(index_elements=_DOCUMENT_KEY))
            return written.rowcount == 1

    async def get(self, tenant: str, collection: str, key: str) -> Mapping[str, Any] | None:
        """One document, or None."""
        of = documents.c
        statement = select(of.document).where(of.tenant == tenant, of.collection == collection, of.key == key)
        async with self._connections.reading() as connection:
            document = await connection.scalar(statement)
        return None if document is None else from_json(document)

    async def of_customer(
        self, tenant: str, collection: str, customer_id: str, *, limit: int = 100
    ) -> Sequence[Mapping[str, Any]]:
        """The newest documents of one customer, newest first; a replaced one keeps its place."""
        of = documents.c
        statement = (
            select(of.document)
            .where(of.tenant == tenant, of.collection == collection, of.customer_id == customer_id)
            .order_by(of.position.desc())
            .limit(limit)
        )
        async with self._connections.reading() as connection:
            return [from_json(document) for document in await connection.scalars(statement)]

    async def page(
        self, tenant: str, collection: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Documents with their keys, ordered by key: the first `limit` past the key `after`."""
        of = documents.c
        statement = (
            select(of.key, of.document)
            .where(of.tenant == tenant, of.collection == collection, of.key > after)
            .order_by(of.key)
            .limit(limit)
        )
        async with self._connections.reading() as connection:
            return [(key, from_json(document)) for key, document in await connection.execute(statement)]

    async def close(self) -> None:
        """Let go of files and connections."""
        await self._connections.close()


def _document_row(
    tenant: str, collection: str, key: str, document: Mapping[str, Any], customer_id: str | None
) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "collection": collection,
        "key": key,
        "customer_id": customer_id,
        "document": to_json(document).decode(),
    }
