"""The handoffs that are still being revised, in the database of the ledger."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import BigInteger, Connection, bindparam, delete, exists, insert, select, update

from app.adapters.sql import SqlStore, put_document
from app.adapters.sql.chunks import chunks
from app.adapters.sql.outbox import file_messages
from app.adapters.sql.tables import documents, open_revisions
from app.ports.revisions import Filing, OpenHandoff

COLLECTION = "handoffs"

_OF = open_revisions.c
_NOW = bindparam("now", type_=BigInteger)
_IS_DUE = select(exists().where(_OF.due_at <= _NOW))
_THIS = (_OF.tenant == bindparam("of_tenant"), _OF.handoff_id == bindparam("of_handoff"))
_LEASED = select(_OF.handoff_id).where(*_THIS, _OF.holder == bindparam("by")).with_for_update()
# Whoever erases the handoff waits until its revision is filed, and then erases that.
_FILED = (
    select(documents.c.position)
    .where(
        documents.c.tenant == bindparam("of_tenant"),
        documents.c.collection == COLLECTION,
        documents.c.key == bindparam("of_handoff"),
    )
    .with_for_update()
)
_TAKE = (
    update(open_revisions)
    .where(
        _OF.position.in_(
            select(_OF.position)
            .where(_OF.due_at <= _NOW)
            .order_by(_OF.due_at)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .values(holder=bindparam("by"), due_at=bindparam("until", type_=BigInteger))
    .returning(_OF.tenant, _OF.handoff_id, _OF.customer_id)
)


class SqlRevisions:
    """A RevisionStore in a table beside those of a SqlStore. Everything raises Unavailable as that does."""

    def __init__(self, store: SqlStore) -> None:
        self._connections = store.connections

    async def open(self, filing: Filing, holder: str, *, until: int) -> None:
        """File a handoff, its messages and the work that is open of it, leased until then, in one transaction."""

        def work(connection: Connection) -> None:
            _file(connection, filing, silently=False)
            connection.execute(delete(open_revisions).where(*_THIS), _key(filing))
            row = {
                "tenant": filing.tenant,
                "handoff_id": filing.handoff_id,
                "customer_id": filing.announcement.customer_id,
                "holder": holder,
                "due_at": until,
            }
            connection.execute(insert(open_revisions), row)

        await self._connections.write(work)

    async def revise(self, filing: Filing, holder: str, *, is_last: bool, silently: bool = False) -> bool:
        """Replace a handoff by its revision and file its messages, in one transaction; after the last, no work is open.

        False, and nothing is filed, when the work is not leased to this holder any more, or the handoff is gone.
        """

        def work(connection: Connection) -> bool:
            key = _key(filing)
            if connection.execute(_LEASED, {**key, "by": holder}).one_or_none() is None:
                return False
            is_filed = connection.execute(_FILED, key).one_or_none() is not None
            if is_last or not is_filed:
                connection.execute(delete(open_revisions).where(*_THIS), key)
            if is_filed:
                _file(connection, filing, silently=silently)
            return is_filed

        return await self._connections.write(work)

    async def take(self, holder: str, now: int, *, until: int, limit: int) -> Sequence[OpenHandoff]:
        """Some of the work that nobody has a lease of; nobody else gets it until then."""
        if not await self._connections.glance(lambda connection: connection.scalar(_IS_DUE, {"now": now})):
            return ()
        given = {"by": holder, "now": now, "until": until, "limit": limit}
        rows = await self._connections.write(lambda connection: connection.execute(_TAKE, given).all())
        return [OpenHandoff(*row) for row in rows]

    async def renew(self, holder: str, until: int) -> None:
        """Keep everything that this holder has leased for longer."""
        await self._update(holder, {"due_at": until})

    async def give_back(self, holder: str, now: int) -> None:
        """End every lease of this holder; the work is open to others."""
        await self._update(holder, {"holder": None, "due_at": now})

    async def drop(self, tenant: str, handoff_ids: Collection[str]) -> None:
        """Nothing more comes of these handoffs."""

        def work(connection: Connection) -> None:
            for chunk in chunks(handoff_ids):
                connection.execute(delete(open_revisions).where(_OF.tenant == tenant, _OF.handoff_id.in_(chunk)))

        await self._connections.write(work)

    async def erase(self, tenant: str, customer_ids: Collection[str]) -> None:
        """Remove the open work of these customers."""

        def work(connection: Connection) -> None:
            for chunk in chunks(customer_ids):
                connection.execute(delete(open_revisions).where(_OF.tenant == tenant, _OF.customer_id.in_(chunk)))

        await self._connections.write(work)

    async def _update(self, holder: str, values: Mapping[str, int | None]) -> None:
        statement = update(open_revisions).where(_OF.holder == holder).values(dict(values))
        await self._connections.write(lambda connection: connection.execute(statement))


def _key(filing: Filing) -> dict[str, str]:
    return {"of_tenant": filing.tenant, "of_handoff": filing.handoff_id}


def _file(connection: Connection, filing: Filing, *, silently: bool) -> None:
    customer_id = filing.announcement.customer_id
    put_document(connection, filing.tenant, COLLECTION, filing.handoff_id, filing.document, customer_id)
    if not silently:
        file_messages(connection, filing.tenant, [filing.announcement])
