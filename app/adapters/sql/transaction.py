"""One unit of work in one tenant: what is known of it, and the changes to it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.rows import holding_of, holding_row, interaction_row, merge_of, merge_row
from app.adapters.sql.tables import holdings, identities, interactions, merges, seats, tenants
from app.adapters.sql.upserts import upsert
from app.ports import (
    Changes,
    ConversationSeat,
    Filed,
    IdentifierHolding,
    Known,
    MergeRecord,
    NewHolding,
    NewInteraction,
)

# Both databases refuse a statement with more than about 32,000 values.
MOST_VALUES = 5000


class SqlTransaction:
    """A unit of work on a connection that holds the tenant's lock."""

    def __init__(self, connection: AsyncConnection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant

    async def known(
        self,
        *,
        identifiers: Collection[tuple[str, str]] = (),
        conversation_ids: Collection[str] = (),
        caller_ids: Collection[str] = (),
        customer_ids: Collection[str] = (),
        merge_ids: Collection[str] = (),
    ) -> Known:
        """What is held under these (type, value) pairs, conversations, callers' ids, customers and merges."""
        found_seats = await self._seats(conversation_ids)
        found_merges = await self._merges(merge_ids)
        customers = await self._customers({*customer_ids, *(one.survivor for one in found_merges)})
        in_play = {*customers.values(), *(one.customer_id for one in found_seats)}
        in_play |= await self._holders({value for _, value in identifiers})
        return Known(
            holdings=tuple(await self._holdings(in_play)),
            seats=tuple(found_seats),
            filed=tuple(await self._filed(caller_ids)),
            customers=customers,
            parted=tuple(await self._parted(in_play)),
            merges=tuple(found_merges),
        )

    async def apply(self, changes: Changes) -> Mapping[str, int]:
        """Write the changes; gives the sequence number of each new interaction by its interaction_id."""
        await self._write_identities(changes.new_identities)
        await self._write_holdings(changes.holdings)
        for merge in changes.merges:
            await self._merge(merge)
        for merge in changes.undone:
            await self._undo(merge)
        return await self._write_interactions(changes.interactions)

    # --- what is known ---

    async def _seats(self, conversation_ids: Collection[str]) -> list[ConversationSeat]:
        statement = (
            select(seats.c.conversation_id, seats.c.identity_id, identities.c.customer_id)
            .join(identities, identities.c.identity_id == seats.c.identity_id)
            .where(seats.c.tenant == self._tenant)
        )
        rows = await self._matching(statement, seats.c.conversation_id, conversation_ids)
        return [ConversationSeat(**row) for row in rows]

    async def _filed(self, caller_ids: Collection[str]) -> list[Filed]:
        rows_of = interactions.c
        statement = (
            select(
                rows_of.caller_id.label("id"),
                rows_of.interaction_id,
                rows_of.seq,
                rows_of.identity_id,
                identities.c.customer_id,
                rows_of.content_sha256,
            )
            .join(identities, identities.c.identity_id == rows_of.identity_id)
            .where(rows_of.tenant == self._tenant)
        )
        return [Filed(**row) for row in await self._matching(statement, rows_of.caller_id, caller_ids)]

    async def _customers(self, ids: Collection[str]) -> dict[str, str]:
        statement = select(identities.c.identity_id, identities.c.customer_id).where(
            identities.c.tenant == self._tenant
        )
        rows = await self._matching(statement, identities.c.identity_id, ids)
        return {row["identity_id"]: row["customer_id"] for row in rows}

    async def _holders(self, values: Collection[str]) -> set[str]:
        # Asked by value alone: the same value under another type is rare, and brings in nothing but more to know.
        statement = (
            select(identities.c.customer_id)
            .distinct()
            .join(holdings, identities.c.identity_id == holdings.c.identity_id)
            .where(holdings.c.tenant == self._tenant)
        )
        return {row["customer_id"] for row in await self._matching(statement, holdings.c.value, values)}

    async def _holdings(self, customer_ids: Collection[str]) -> list[IdentifierHolding]:
        statement = (
            select(holdings, identities.c.customer_id)
            .join(identities, identities.c.identity_id == holdings.c.identity_id)
            .where(identities.c.tenant == self._tenant)
        )
        rows = await self._matching(statement, identities.c.customer_id, customer_ids)
        return [holding_of(row) for row in rows]

    async def _parted(self, customer_ids: Collection[str]) -> list[tuple[str, str]]:
        survivors, absorbed = identities.alias("survivors"), identities.alias("absorbed")
        statement = (
            select(survivors.c.customer_id, absorbed.c.customer_id.label("other"))
            .select_from(merges)
            .join(survivors, survivors.c.identity_id == merges.c.survivor)
            .join(absorbed, absorbed.c.identity_id == merges.c.absorbed)
            .where(merges.c.tenant == self._tenant, merges.c.undone_at.is_not(None))
        )
        found: dict[tuple[str, str], None] = {}
        for side in (survivors, absorbed):
            for row in await self._matching(statement, side.c.customer_id, customer_ids):
                found[row["customer_id"], row["other"]] = None
        return list(found)

    async def _merges(self, merge_ids: Collection[str]) -> list[MergeRecord]:
        statement = select(merges).where(merges.c.tenant == self._tenant)
        return [merge_of(row) for row in await self._matching(statement, merges.c.merge_id, merge_ids)]

    async def _matching(
        self, statement: Select[*tuple[Any, ...]], column: ColumnElement[Any], values: Collection[str]
    ) -> list[RowMapping]:
        found: list[RowMapping] = []
        for chunk in chunks(values):
            result = await self._connection.execute(statement.where(column.in_(chunk)))
            found.extend(result.mappings())
        return found

    # --- what is changed ---

    async def _write_identities(self, identity_ids: Sequence[str]) -> None:
        rows = [{"identity_id": one, "tenant": self._tenant, "customer_id": one} for one in identity_ids]
        if rows:
            await self._connection.execute(insert(identities), rows)

    async def _write_holdings(self, new: Sequence[NewHolding]) -> None:
        if not new:
            return
        statement = upsert(self._connection, holdings)
        replaced = {name: statement.excluded[name] for name in ("verified", "verified_at", "method", "interaction_id")}
        statement = statement.on_conflict_do_update(index_elements=["identity_id", "type", "value"], set_=replaced)
        await self._connection.execute(statement, [holding_row(self._tenant, one) for one in new])

    async def _merge(self, merge: MergeRecord) -> None:
        await self._connection.execute(insert(merges), [merge_row(self._tenant, merge)])
        await self._connection.execute(
            update(identities).where(identities.c.identity_id == merge.absorbed).values(parent_id=merge.survivor)
        )
        await self._lead(identities.c.customer_id == merge.absorbed, to=merge.survivor)

    async def _undo(self, merge: MergeRecord) -> None:
        await self._connection.execute(
            update(merges)
            .where(merges.c.merge_id == merge.merge_id, merges.c.tenant == self._tenant)
            .values(undone_at=merge.undone_at.isoformat() if merge.undone_at else None)
        )
        await self._connection.execute(
            update(identities).where(identities.c.identity_id == merge.absorbed).values(parent_id=None)
        )
        for chunk in chunks(await self._tree_below(merge.absorbed)):
            await self._lead(identities.c.identity_id.in_(chunk), to=merge.absorbed)

    async def _lead(self, which: ColumnElement[bool], *, to: str) -> None:
        await self._connection.execute(
            update(identities).where(identities.c.tenant == self._tenant, which).values(customer_id=to)
        )

    async def _tree_below(self, identity_id: str) -> list[str]:
        """An identity and all that were joined to it, directly or through another."""
        root = select(identities.c.customer_id).where(identities.c.identity_id == identity_id).scalar_subquery()
        rows = await self._connection.execute(
            select(identities.c.identity_id, identities.c.parent_id).where(
                identities.c.tenant == self._tenant, identities.c.customer_id == root
            )
        )
        children: defaultdict[str | None, list[str]] = defaultdict(list)
        for child, parent in rows:
            children[parent].append(child)
        below = [identity_id]
        for one in below:
            below.extend(children[one])
        return below

    async def _write_interactions(self, new: Sequence[NewInteraction]) -> Mapping[str, int]:
        if not new:
            return {}
        first = await self._reserve(len(new)) + 1
        rows = [interaction_row(self._tenant, seq, one) for seq, one in enumerate(new, start=first)]
        # Whoever follows the write order reads past a position once, so a lower one must not appear behind it. From
        # here to the commit, therefore, rows are written by one transaction at a time; what comes before runs side by
        # side. A reader then needs to know nothing of transactions that are still under way.
        await hold(self._connection, Lock.POSITIONS)
        await self._connection.execute(insert(interactions), rows)
        await self._write_seats({one.draft.conversation_id: one.identity_id for one in new})
        return {row["interaction_id"]: row["seq"] for row in rows}

    async def _reserve(self, count: int) -> int:
        """The tenant's last sequence number before `count` more are taken."""
        statement = select(tenants.c.last_seq).where(tenants.c.tenant == self._tenant).with_for_update()
        last: int | None = await self._connection.scalar(statement)
        if last is None:
            await self._connection.execute(insert(tenants), {"tenant": self._tenant, "last_seq": count})
            return 0
        await self._connection.execute(
            update(tenants).where(tenants.c.tenant == bindparam("of_tenant")).values(last_seq=bindparam("last")),
            {"of_tenant": self._tenant, "last": last + count},
        )
        return last

    async def _write_seats(self, taken: Mapping[str | None, str]) -> None:
        rows = [
            {"tenant": self._tenant, "conversation_id": conversation_id, "identity_id": identity_id}
            for conversation_id, identity_id in taken.items()
            if conversation_id
        ]
        if not rows:
            return
        statement = upsert(self._connection, seats)
        statement = statement.on_conflict_do_update(
            index_elements=["tenant", "conversation_id"],
            set_={"identity_id": statement.excluded.identity_id},
            where=seats.c.identity_id != statement.excluded.identity_id,
        )
        await self._connection.execute(statement, rows)


def chunks(values: Iterable[str]) -> Iterable[list[str]]:
    """The values without repeats, in lists short enough for one statement; no list when there are none."""
    distinct = sorted(set(values))
    return (distinct[start : start + MOST_VALUES] for start in range(0, len(distinct), MOST_VALUES))
