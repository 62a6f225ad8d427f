"""The ledger and the archive in one SQL database."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, TypeVar

from pydantic_core import from_json, to_json
from sqlalchemy import BigInteger, BindParameter, Connection, Executable, Select, bindparam, delete, func, select

from app.adapters.counters import added, changes
from app.adapters.sql.analyses import SqlAnalyses
from app.adapters.sql.chunks import chunks
from app.adapters.sql.connections import Connections
from app.adapters.sql.erasure import SqlErasure
from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.request_start import (
    BY_CALLER_IDS,
    BY_IDS,
    CUSTOMERS,
    CUSTOMERS_BEFORE,
    HEAD,
    LAST_OF_CONVERSATIONS,
    MENTIONING,
    NO_SEQ,
    OUTLINE,
    OUTLINE_OF,
    Remembered,
    lately,
    newest_of,
    outlined,
    party,
    pattern_of,
)
from app.adapters.sql.rows import (
    INTERACTION_COLUMNS,
    conversation_of,
    holding_of,
    interaction_of,
    seat_of,
    take_long,
)
from app.adapters.sql.tables import documents, holdings, identities, interactions, seats
from app.adapters.sql.transaction import SqlTransaction
from app.adapters.sql.upserts import upsert
from app.models import Channel, Interaction, Kind
from app.ports import ConversationSeat, Counting, IdentifierHolding, InteractionRef, RecentHistory, ResolvedCustomer

__all__ = ["SqlStore", "put_document"]

Result = TypeVar("Result")

# More documents than this are worth a thread.
AT_A_GLANCE = 200
_DOCUMENT_KEY = ["tenant", "collection", "key"]
_INTERACTION = [interactions.c[name] for name in INTERACTION_COLUMNS]

# Statements are built once: composing one costs more than the database takes to answer it.
_TENANT: BindParameter[str] = bindparam("tenant")
_VALUES: BindParameter[str] = bindparam("values", expanding=True)
_LIMIT: BindParameter[int] = bindparam("limit")
_CUSTOMER_OF = select(identities.c.customer_id).where(
    identities.c.identity_id == bindparam("id"), identities.c.tenant == _TENANT
)
_IDENTITIES_OF = (
    select(identities.c.identity_id)
    .where(identities.c.tenant == _TENANT, identities.c.customer_id == bindparam("id"))
    .order_by(identities.c.identity_id)
)
_HOLDINGS_OF = (
    select(holdings, identities.c.customer_id)
    .join(identities, identities.c.identity_id == holdings.c.identity_id)
    .where(holdings.c.tenant == _TENANT, holdings.c.identity_id.in_(_VALUES))
    .order_by(holdings.c.identity_id, holdings.c.type, holdings.c.value)
)
_HOLDERS = (
    select(holdings, identities.c.customer_id)
    .join(identities, identities.c.identity_id == holdings.c.identity_id)
    .where(holdings.c.tenant == _TENANT, holdings.c.value.in_(_VALUES))
    .order_by(holdings.c.identity_id, holdings.c.type, holdings.c.value)
)
_SEAT_OF = (
    select(seats.c.conversation_id, seats.c.identity_id, identities.c.customer_id)
    .join(identities, identities.c.identity_id == seats.c.identity_id)
    .where(seats.c.tenant == _TENANT, seats.c.conversation_id == bindparam("id"))
)
_AFTER_POSITION: Select[*tuple[Any, ...]] = (
    select(interactions.c.position, interactions.c.tenant, *_INTERACTION)
    .where(interactions.c.position > bindparam("position"))
    .order_by(interactions.c.position)
    .limit(_LIMIT)
)
_LAST_POSITION = select(func.max(interactions.c.position))
_LATELY_ACTIVE: Select[*tuple[Any, ...]] = (
    select(interactions.c.tenant, interactions.c.conversation_id)
    .where(
        interactions.c.position > _LAST_POSITION.scalar_subquery() - bindparam("rows", type_=BigInteger),
        interactions.c.conversation_id.is_not(None),
    )
    .group_by(interactions.c.tenant, interactions.c.conversation_id)
    .order_by(func.max(interactions.c.position).desc())
    .limit(_LIMIT)
)
_DOCUMENT = select(documents.c.document).where(
    documents.c.tenant == _TENANT,
    documents.c.collection == bindparam("collection"),
    documents.c.key == bindparam("key"),
)
_DOCUMENTS_OF = (
    select(documents.c.document)
    .where(
        documents.c.tenant == _TENANT,
        documents.c.collection == bindparam("collection"),
        documents.c.customer_id == bindparam("customer_id"),
    )
    .order_by(documents.c.position.desc())
    .limit(_LIMIT)
)
# What is put together cannot be looked up, so that a database goes by the customers and not through everybody's keys.
_whole_key = documents.c.key.concat("")
_DOCUMENTS_BETWEEN: Select[*tuple[Any, ...]] = (
    select(documents.c.key, documents.c.document)
    .where(
        documents.c.tenant == _TENANT,
        documents.c.collection == bindparam("collection"),
        documents.c.customer_id.in_(_VALUES),
        _whole_key >= bindparam("from_key"),
        _whole_key < bindparam("before_key"),
    )
    .order_by(_whole_key.desc())
    .limit(_LIMIT)
)
_PAGE = (
    select(documents.c.key, documents.c.document)
    .where(
        documents.c.tenant == _TENANT,
        documents.c.collection == bindparam("collection"),
        documents.c.key > bindparam("after"),
    )
    .order_by(documents.c.key)
    .limit(_LIMIT)
)
_NEWEST: Select[*tuple[Any, ...]] = (
    select(documents.c.key, documents.c.document)
    .where(documents.c.tenant == _TENANT, documents.c.collection == bindparam("collection"))
    .order_by(documents.c.key.desc())
    .limit(_LIMIT)
)
_NEWEST_BEFORE = _NEWEST.where(documents.c.key < bindparam("before"))


class SqlStore(SqlErasure, SqlAnalyses):
    """A Ledger and an Archive behind one URL, for example sqlite:///data/ledger.db or postgresql://user@host/database.

    What is acknowledged has been fsync'd. The tables, and the file of SQLite with its folder, are made at first use and
    brought up to date there. Everything raises Unavailable when the database does not answer, and ConfigurationError
    when it was written by a newer version.
    """

    def __init__(self, url: str) -> None:
        self._connections = Connections(url)
        self._remembered = Remembered()

    @property
    def connections(self) -> Connections:
        """The database itself, for what is kept beside the ledger in tables of its own."""
        return self._connections

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncGenerator[SqlTransaction]:
        """A unit of work: durable (fsync'd) when the block has ended, undone when it raised."""
        async with self._connections.writing() as session:
            yield SqlTransaction(session, tenant)

    async def head(self, tenant: str) -> int:
        """The highest sequence number of the tenant; 0 when it has none."""
        return await self._scalar(HEAD, tenant=tenant) or 0

    async def customer_of(self, tenant: str, customer_or_identity_id: str) -> str | None:
        """The surviving customer that this id leads to, or None when it is unknown."""
        return await self._scalar(_CUSTOMER_OF, tenant=tenant, id=customer_or_identity_id)

    async def identities_of(self, tenant: str, customer_id: str) -> Sequence[str]:
        """The identities joined in one customer, the oldest first."""
        return [row[0] for row in await self._rows(_IDENTITIES_OF, tenant=tenant, id=customer_id)]

    async def holdings_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[IdentifierHolding]:
        """The identifiers that these identities hold."""
        return [holding_of(row) for row in await self._matching(_HOLDINGS_OF, tenant, identity_ids)]

    async def holders(self, tenant: str, values: Collection[str]) -> Sequence[IdentifierHolding]:
        """Who holds an identifier with one of these normalised values, whatever its type."""
        return [holding_of(row) for row in await self._matching(_HOLDERS, tenant, values)]

    async def seat_of(self, tenant: str, conversation_id: str) -> ConversationSeat | None:
        """Whom a conversation belongs to."""
        rows = await self._rows(_SEAT_OF, tenant=tenant, id=conversation_id)
        return seat_of(rows[0]) if rows else None

    async def party(
        self, tenant: str, *, known_as: str | None = None, conversation_id: str | None = None
    ) -> ResolvedCustomer | None:
        """The customer that an id leads to, or else the one that a conversation belongs to; None when unknown."""
        return await self._connections.glance(
            lambda connection: party(connection, tenant, known_as=known_as, conversation_id=conversation_id)
        )

    async def lately(
        self, tenant: str, identity_ids: Collection[str], *, conversation_id: str | None, limit: int, most: int
    ) -> RecentHistory:
        """The tenant's head and, up to it, the newest interactions of these identities and of their conversation."""
        return await self._connections.read(
            lambda connection: lately(
                connection,
                self._remembered,
                tenant,
                identity_ids,
                conversation_id=conversation_id,
                limit=limit,
                most=most,
            )
        )

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
        narrowed = {"conversation_id": conversation_id, "channel": channel, "kind": kind}
        wanted = {name: str(value) for name, value in narrowed.items() if value is not None}
        bounds = {"after_seq": after_seq, "limit": limit} | ({} if up_to_seq is None else {"up_to_seq": up_to_seq})
        statement = newest_of(tuple(wanted), up_to_seq is not None, len(identity_ids) == 1, newest_first)
        rows = await self._matching(statement, tenant, identity_ids, **wanted, **bounds)
        records = await _conversation(rows)
        return sorted(records, key=lambda interaction: interaction.seq, reverse=newest_first)[:limit]

    async def outline(self, tenant: str, identity_ids: Collection[str], *, up_to_seq: int) -> Sequence[InteractionRef]:
        """All interactions of these identities in the order they happened, without their content."""
        rows = await self._matching(OUTLINE, tenant, identity_ids, up_to_seq=up_to_seq)
        return await asyncio.to_thread(lambda: sorted(map(outlined, rows)))

    async def outline_of_conversations(
        self, tenant: str, conversation_ids: Collection[str], *, up_to_seq: int, limit: int
    ) -> Sequence[InteractionRef]:
        """The newest `limit` interactions of each of these conversations, in the order they happened, contentless."""
        rows = await self._matching(OUTLINE_OF, tenant, conversation_ids, up_to_seq=up_to_seq, limit=limit)
        return await asyncio.to_thread(lambda: sorted(map(outlined, rows)))

    async def mentioning(self, tenant: str, words: str, *, among: int, limit: int) -> Sequence[Interaction]:
        """Of a tenant's newest `among` sequence numbers, the interactions that hold these words, the newest first."""
        after_seq = await self.head(tenant) - among
        given = {"words": words, "pattern": pattern_of(words), "after_seq": after_seq, "limit": limit}
        return await _interactions(await self._rows(MENTIONING, tenant=tenant, **given))

    async def by_ids(self, tenant: str, interaction_ids: Collection[str]) -> Sequence[Interaction]:
        """The interactions with these ids that exist, by seq."""
        records = await _interactions(await self._matching(BY_IDS, tenant, interaction_ids))
        return sorted(records, key=lambda interaction: interaction.seq)

    async def by_caller_ids(self, tenant: str, caller_ids: Collection[str]) -> Sequence[Interaction]:
        """The interactions that their callers gave these ids, by seq."""
        records = await _interactions(await self._matching(BY_CALLER_IDS, tenant, caller_ids))
        return sorted(records, key=lambda interaction: interaction.seq)

    async def windows(
        self, tenant: str, conversation_ids: Collection[str], *, limit: int
    ) -> Sequence[tuple[str, Interaction]]:
        """What each customer has newest in each of these conversations, at most `limit`, with the customer, by seq."""
        rows = await self._matching(_windows(), tenant, conversation_ids, limit=limit)
        records = self._remembered.same(tenant, await _conversation([row[1:] for row in rows]))
        entries = zip([row[0] for row in rows], records, strict=True)
        return sorted(entries, key=lambda entry: entry[1].seq)

    async def after_position(self, position: int, limit: int) -> Sequence[tuple[int, str, Interaction]]:
        """Rows of all tenants past a position of the write order, as (position, tenant, interaction)."""
        rows = await self._rows(_AFTER_POSITION, position=position, limit=limit)
        records = await _interactions([row[2:] for row in rows])
        return [(row[0], row[1], interaction) for row, interaction in zip(rows, records, strict=True)]

    async def lately_active(self, rows: int, *, limit: int) -> Sequence[tuple[str, str]]:
        """The conversations of all tenants among the newest `rows` rows, newest first."""
        return [(row[0], row[1]) for row in await self._rows(_LATELY_ACTIVE, rows=rows, limit=limit)]

    async def last_of_conversations(
        self, tenant: str, *, before_seq: int | None = None, up_to_seq: int | None = None, limit: int
    ) -> Sequence[Interaction]:
        """Each conversation's newest interaction as of `up_to_seq`, the newest first: `limit` of those below a seq."""
        bounds = {
            "before_seq": NO_SEQ if before_seq is None else before_seq,
            "up_to_seq": NO_SEQ if up_to_seq is None else up_to_seq,
        }
        return await _interactions(await self._rows(LAST_OF_CONVERSATIONS, tenant=tenant, limit=limit, **bounds))

    async def customers(self, tenant: str, *, before: str | None = None, limit: int) -> Sequence[str]:
        """The ids of surviving customers, the newest first: the first `limit` that sort before an id."""
        if before is None:
            rows = await self._rows(CUSTOMERS, tenant=tenant, limit=limit)
        else:
            rows = await self._rows(CUSTOMERS_BEFORE, tenant=tenant, before=before, limit=limit)
        return [row[0] for row in rows]

    async def last_position(self) -> int:
        """The position of the newest row; 0 when there is none."""
        return await self._scalar(_LAST_POSITION) or 0

    async def put(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> None:
        """Write or replace one document."""
        await self._connections.write(
            lambda connection: put_document(connection, tenant, collection, key, document, customer_id)
        )

    async def put_counted(
        self,
        tenant: str,
        collection: str,
        key: str,
        document: Mapping[str, Any],
        *,
        counting: Counting,
        customer_id: str | None = None,
    ) -> None:
        """Write or replace one document and add what it counts to other collections, as one."""

        def work(connection: Connection) -> None:
            hold(connection, Lock.COUNTS, tenant)
            put = _put_document(connection.dialect.name)
            before = _document(connection, tenant, collection, key)
            for (into, entry), amounts in changes(counting, before, document).items():
                sums = added(_document(connection, tenant, into, entry), amounts)
                connection.execute(put, _document_row(tenant, into, entry, sums, None))
            connection.execute(put, _document_row(tenant, collection, key, document, customer_id))

        await self._connections.write(work)

    async def add(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], *, customer_id: str | None = None
    ) -> bool:
        """Write one document unless the key is taken; tells whether it was written."""
        row = _document_row(tenant, collection, key, document, customer_id)

        def work(connection: Connection) -> bool:
            return connection.execute(_add_document(connection.dialect.name), row).rowcount == 1

        return await self._connections.write(work)

    async def get(self, tenant: str, collection: str, key: str) -> Mapping[str, Any] | None:
        """One document, or None."""
        return await self._connections.read(lambda connection: _document(connection, tenant, collection, key))

    async def of_customer(
        self, tenant: str, collection: str, customer_id: str, *, limit: int = 100
    ) -> Sequence[Mapping[str, Any]]:
        """The newest documents of one customer, newest first; a replaced one keeps its place."""
        given = {"tenant": tenant, "collection": collection, "customer_id": customer_id, "limit": limit}
        read = self._connections.glance if limit <= AT_A_GLANCE else self._connections.read
        rows = await read(lambda connection: connection.execute(_DOCUMENTS_OF, given).all())
        return [from_json(row[0]) for row in rows]

    async def between(
        self, tenant: str, collection: str, customer_ids: Collection[str], from_key: str, before_key: str, *, limit: int
    ) -> Sequence[Mapping[str, Any]]:
        """Documents of these customers with keys from one on and below another: the last `limit`, the last first."""
        bounds = {"collection": collection, "from_key": from_key, "before_key": before_key, "limit": limit}
        rows = await self._matching(_DOCUMENTS_BETWEEN, tenant, customer_ids, **bounds)
        return [from_json(document) for _, document in sorted(rows, key=lambda row: row[0], reverse=True)[:limit]]

    async def page(
        self, tenant: str, collection: str, *, after: str = "", limit: int = 1000
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Documents with their keys, ordered by key: the first `limit` past the key `after`."""
        rows = await self._rows(_PAGE, tenant=tenant, collection=collection, after=after, limit=limit)
        return [(key, from_json(document)) for key, document in rows]

    async def newest(
        self, tenant: str, collection: str, *, before: str | None = None, limit: int = 50
    ) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Documents with their keys, the highest key first: the first `limit` below the key `before`."""
        given = {"tenant": tenant, "collection": collection, "limit": limit}
        if before is None:
            rows = await self._rows(_NEWEST, **given)
        else:
            rows = await self._rows(_NEWEST_BEFORE, **given, before=before)
        return [(key, from_json(document)) for key, document in rows]

    async def remove(self, tenant: str, collection: str, keys: Collection[str]) -> int:
        """Remove the documents with these keys; tells how many there were."""
        of = documents.c

        def work(connection: Connection) -> int:
            those = delete(documents).where(of.tenant == tenant, of.collection == collection)
            return sum(connection.execute(those.where(of.key.in_(chunk))).rowcount for chunk in chunks(keys))

        return await self._connections.write(work)

    async def release_memory(self) -> None:
        """Keep nothing in this process of rows that were read or written; what is asked next is read anew."""
        self._remembered.forget()
        await self._connections.release_memory()

    async def close(self) -> None:
        """Let go of files and connections."""
        await self._connections.close()

    async def _forget(self, tenant: str, work: Callable[[Connection], Result]) -> Result:
        result = await super()._forget(tenant, work)
        self._remembered.forget()
        return result

    async def _scalar(self, statement: Executable, **values: object) -> Any:
        return await self._connections.glance(lambda connection: connection.scalar(statement, values))

    async def _rows(self, statement: Executable, **values: object) -> Sequence[Any]:
        return await self._connections.read(lambda connection: connection.execute(statement, values).all())

    async def _matching(
        self, statement: Executable, tenant: str, wanted: Iterable[str], **values: object
    ) -> Sequence[Any]:
        def work(connection: Connection) -> Sequence[Any]:
            given = {"tenant": tenant, **values}
            parts = [connection.execute(statement, {**given, "values": chunk}).all() for chunk in chunks(wanted)]
            return parts[0] if len(parts) == 1 else [row for part in parts for row in part]

        return await self._connections.read(work)


def put_document(
    connection: Connection,
    tenant: str,
    collection: str,
    key: str,
    document: Mapping[str, Any],
    customer_id: str | None,
) -> None:
    """Write or replace one document, within a transaction."""
    row = _document_row(tenant, collection, key, document, customer_id)
    connection.execute(_put_document(connection.dialect.name), row)


async def _conversation(rows: Sequence[Sequence[Any]]) -> list[Interaction]:
    return await asyncio.to_thread(conversation_of, rows) if take_long(rows) else conversation_of(rows)


async def _interactions(rows: Sequence[Sequence[Any]]) -> list[Interaction]:
    if take_long(rows):
        return await asyncio.to_thread(lambda: [interaction_of(row) for row in rows])
    return [interaction_of(row) for row in rows]


@cache
def _windows() -> Executable:
    of = interactions.c
    sharing = [of.conversation_id, identities.c.customer_id]
    rank = func.row_number().over(partition_by=sharing, order_by=of.seq.desc()).label("place")
    of_customers = interactions.join(identities, identities.c.identity_id == of.identity_id)
    statement: Select[*tuple[Any, ...]] = select(identities.c.customer_id, *_INTERACTION, rank)
    newest = statement.select_from(of_customers).where(of.tenant == _TENANT, of.conversation_id.in_(_VALUES)).subquery()
    return select(*[column for column in newest.c if column.name != "place"]).where(newest.c.place <= _LIMIT)


@cache
def _put_document(dialect: str) -> Executable:
    statement = upsert(dialect, documents)
    replaced = {"document": statement.excluded.document, "customer_id": statement.excluded.customer_id}
    return statement.on_conflict_do_update(index_elements=_DOCUMENT_KEY, set_=replaced)


@cache
def _add_document(dialect: str) -> Executable:
    return upsert(dialect, documents).on_conflict_do_nothing(index_elements=_DOCUMENT_KEY)


def _document(connection: Connection, tenant: str, collection: str, key: str) -> Mapping[str, Any] | None:
    document = connection.scalar(_DOCUMENT, {"tenant": tenant, "collection": collection, "key": key})
    return None if document is None else from_json(document)


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
