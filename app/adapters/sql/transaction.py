"""One unit of work in one tenant: what is known of it, and the changes to it.

The statements that every arrival needs are built once: composing one costs more than SQLite takes to answer it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from time import time
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Executable,
    bindparam,
    exists,
    insert,
    select,
    update,
)

from app.adapters.sql.chunks import chunks
from app.adapters.sql.engines import Session
from app.adapters.sql.locks import Lock, hold
from app.adapters.sql.row_changes import apply_changes, remove_replaced
from app.adapters.sql.rows import filed_of, holding_of, holding_row, interaction_row, merge_of, merge_row, seat_of
from app.adapters.sql.tables import (
    holdings,
    identities,
    interactions,
    merges,
    seats,
    tenants,
    unannounced_arrivals,
    webhooks,
)
from app.adapters.sql.upserts import upsert
from app.models import Interaction
from app.ports import (
    Changes,
    MergeRecord,
    NewHolding,
    NewInteraction,
    RecordedIdentities,
    Unit,
)

Result = TypeVar("Result")

_TENANT: BindParameter[str] = bindparam("tenant")
_VALUES: BindParameter[str] = bindparam("values", expanding=True)

_SEATS = (
    select(seats.c.conversation_id, seats.c.identity_id, identities.c.customer_id)
    .join(identities, identities.c.identity_id == seats.c.identity_id)
    .where(seats.c.tenant == _TENANT, seats.c.conversation_id.in_(_VALUES))
)
_FILED = (
    select(
        interactions.c.caller_id,
        interactions.c.interaction_id,
        interactions.c.seq,
        interactions.c.identity_id,
        identities.c.customer_id,
        interactions.c.content_sha256,
        interactions.c.conversation_id,
        interactions.c.occurred_at,
        interactions.c.partial,
        interactions.c.redacted,
    )
    .join(identities, identities.c.identity_id == interactions.c.identity_id)
    .where(interactions.c.tenant == _TENANT, interactions.c.caller_id.in_(_VALUES))
)
_CUSTOMERS = select(identities.c.identity_id, identities.c.customer_id).where(
    identities.c.tenant == _TENANT, identities.c.identity_id.in_(_VALUES)
)
# Asked by value alone: the same value under another type is rare, and brings in nothing but more to know.
_HOLDERS = (
    select(identities.c.customer_id)
    .distinct()
    .join(holdings, identities.c.identity_id == holdings.c.identity_id)
    .where(holdings.c.tenant == _TENANT, holdings.c.value.in_(_VALUES))
)
_HOLDINGS = (
    select(holdings, identities.c.customer_id)
    .join(identities, identities.c.identity_id == holdings.c.identity_id)
    .where(identities.c.tenant == _TENANT, identities.c.customer_id.in_(_VALUES))
)
_MERGES = select(merges).where(merges.c.tenant == _TENANT, merges.c.merge_id.in_(_VALUES))
_SURVIVORS, _ABSORBED = identities.alias("survivors"), identities.alias("absorbed")
_PARTED = tuple(
    select(_SURVIVORS.c.customer_id, _ABSORBED.c.customer_id.label("other"))
    .select_from(merges)
    .join(_SURVIVORS, _SURVIVORS.c.identity_id == merges.c.survivor)
    .join(_ABSORBED, _ABSORBED.c.identity_id == merges.c.absorbed)
    .where(merges.c.tenant == _TENANT, merges.c.undone_at.is_not(None), side.c.customer_id.in_(_VALUES))
    for side in (_SURVIVORS, _ABSORBED)
)
_RESERVE = (
    update(tenants)
    .where(tenants.c.tenant == bindparam("of_tenant"))
    .values(last_seq=tenants.c.last_seq + bindparam("more"))
    .returning(tenants.c.last_seq)
)
_HEARD = exists().where(webhooks.c.tenant == bindparam("of_tenant"), webhooks.c.on_arrival.is_(True))
# Asked with the numbers, in one statement: without webhooks, nobody who records waits for the question.
_RESERVE_AND_ASK: Executable = _RESERVE.returning(_HEARD)
_ASK = select(_HEARD)


class SqlTransaction:
    """A unit of work in a transaction of the database; it holds the tenant's lock from its first piece on."""

    def __init__(self, session: Session, tenant: str) -> None:
        self._session = session
        self._tenant = tenant

    async def recorded(
        self,
        *,
        identifiers: Collection[tuple[str, str]] = (),
        conversation_ids: Collection[str] = (),
        seats_only: Collection[str] = (),
        caller_ids: Collection[str] = (),
        customer_ids: Collection[str] = (),
        merge_ids: Collection[str] = (),
    ) -> RecordedIdentities:
        """What is held under these (type, value) pairs, conversations, callers' ids, customers and merges."""
        return await self.run(
            lambda unit: unit.recorded(
                identifiers=identifiers,
                conversation_ids=conversation_ids,
                seats_only=seats_only,
                caller_ids=caller_ids,
                customer_ids=customer_ids,
                merge_ids=merge_ids,
            )
        )

    async def apply(self, changes: Changes) -> Mapping[str, int]:
        """Write the changes; gives the sequence number of each new interaction by its interaction_id."""
        return await self.run(lambda unit: unit.apply(changes))

    async def run(self, work: Callable[[Unit], Result]) -> Result:
        """What a function gives that asks and writes in one go."""
        return await self._session.run(lambda connection: work(SqlUnit(connection, self._tenant)))


class SqlUnit:
    """A unit of work on the connection of its transaction."""

    def __init__(self, connection: Connection, tenant: str) -> None:
        self._connection = connection
        self._tenant = tenant
        self._seated: dict[str, str] = {}
        self._noted = False
        hold(connection, Lock.TENANT, tenant)

    def recorded(
        self,
        *,
        identifiers: Collection[tuple[str, str]] = (),
        conversation_ids: Collection[str] = (),
        seats_only: Collection[str] = (),
        caller_ids: Collection[str] = (),
        customer_ids: Collection[str] = (),
        merge_ids: Collection[str] = (),
    ) -> RecordedIdentities:
        """What is held under these (type, value) pairs, conversations, callers' ids, customers and merges."""
        recorded_seats = [seat_of(row) for row in self._matching(_SEATS, {*conversation_ids, *seats_only})]
        self._seated |= {seat.conversation_id: seat.identity_id for seat in recorded_seats}
        recorded_merges = [merge_of(row) for row in self._matching(_MERGES, merge_ids)]
        customers = self._customers({*customer_ids, *(merge.survivor for merge in recorded_merges)})
        asked_of = {seat.customer_id for seat in recorded_seats if seat.conversation_id in conversation_ids}
        in_play = {*customers.values(), *asked_of}
        in_play.update(row.customer_id for row in self._matching(_HOLDERS, {value for _, value in identifiers}))
        return RecordedIdentities(
            holdings=tuple(holding_of(row) for row in self._matching(_HOLDINGS, in_play)),
            seats=tuple(recorded_seats),
            filed=tuple(filed_of(row) for row in self._matching(_FILED, caller_ids)),
            customers=customers,
            parted=tuple(self._parted(in_play)),
            merges=tuple(recorded_merges),
        )

    def apply(self, changes: Changes) -> Mapping[str, int]:
        """Write the changes; gives the sequence number of each new interaction by its interaction_id."""
        self._write_identities(changes.new_identities)
        self._write_holdings(changes.holdings)
        for merge in changes.merges:
            self._merge(merge)
        for merge in changes.undone:
            self._undo(merge)
        seqs = self._write_interactions(changes, announce=changes.announce)
        if self._noted:
            self._note_arrivals((*changes.interactions, *changes.followers))
        return seqs

    def apply_changes(self, caller_ids: Collection[str]) -> Sequence[Interaction]:
        """Apply the edits and deletions that wait for these callers' ids; gives what they changed."""
        return apply_changes(self._connection, self._tenant, caller_ids)

    def noted(self) -> bool:
        """Whether what was written is noted as not announced."""
        return self._noted

    # --- what is known ---

    def _customers(self, ids: Collection[str]) -> dict[str, str]:
        return {row.identity_id: row.customer_id for row in self._matching(_CUSTOMERS, ids)}

    def _parted(self, customer_ids: Collection[str]) -> list[tuple[str, str]]:
        rows = (row for side in _PARTED for row in self._matching(side, customer_ids))
        return list(dict.fromkeys((row.customer_id, row.other) for row in rows))

    def _matching(self, statement: Executable, values: Collection[str]) -> list[Any]:
        rows: list[Any] = []
        for chunk in chunks(values):
            result = self._connection.execute(statement, {"tenant": self._tenant, "values": chunk})
            rows.extend(result)
        return rows

    # --- what is changed ---

    def _write_identities(self, identity_ids: Sequence[str]) -> None:
        rows = [
            {"identity_id": identity_id, "tenant": self._tenant, "customer_id": identity_id}
            for identity_id in identity_ids
        ]
        if rows:
            self._connection.execute(insert(identities), rows)

    def _write_holdings(self, new: Sequence[NewHolding]) -> None:
        if not new:
            return
        statement = _hold_identifiers(self._connection.dialect.name)
        self._connection.execute(statement, [holding_row(self._tenant, holding) for holding in new])

    def _merge(self, merge: MergeRecord) -> None:
        self._connection.execute(insert(merges), [merge_row(self._tenant, merge)])
        self._connection.execute(
            update(identities).where(identities.c.identity_id == merge.absorbed).values(parent_id=merge.survivor)
        )
        self._lead(identities.c.customer_id == merge.absorbed, to=merge.survivor)

    def _undo(self, merge: MergeRecord) -> None:
        self._connection.execute(
            update(merges)
            .where(merges.c.merge_id == merge.merge_id, merges.c.tenant == self._tenant)
            .values(undone_at=merge.undone_at.isoformat() if merge.undone_at else None)
        )
        self._connection.execute(
            update(identities).where(identities.c.identity_id == merge.absorbed).values(parent_id=None)
        )
        for chunk in chunks(self._tree_below(merge.absorbed)):
            self._lead(identities.c.identity_id.in_(chunk), to=merge.absorbed)

    def _lead(self, which: ColumnElement[bool], *, to: str) -> None:
        self._connection.execute(
            update(identities).where(identities.c.tenant == self._tenant, which).values(customer_id=to)
        )

    def _tree_below(self, identity_id: str) -> list[str]:
        """An identity and all that were joined to it, directly or through another."""
        root = select(identities.c.customer_id).where(identities.c.identity_id == identity_id).scalar_subquery()
        rows = self._connection.execute(
            select(identities.c.identity_id, identities.c.parent_id).where(
                identities.c.tenant == self._tenant, identities.c.customer_id == root
            )
        )
        children: defaultdict[str | None, list[str]] = defaultdict(list)
        for child, parent in rows:
            children[parent].append(child)
        below = [identity_id]
        for member in below:
            below.extend(children[member])
        return below

    def _write_interactions(self, changes: Changes, *, announce: bool) -> Mapping[str, int]:
        new, replaced = (*changes.interactions, *changes.followers), changes.replaced
        if not new:
            return {}
        first = self._reserve(len(new), announce=announce) + 1
        rows = [interaction_row(self._tenant, seq, interaction) for seq, interaction in enumerate(new, start=first)]
        # Whoever follows the write order reads past a position once, so a lower one must not appear behind it. From
        # here to the commit, therefore, rows are written by one transaction at a time; what comes before runs side by
        # side. A reader then needs to know nothing of transactions that are still under way.
        hold(self._connection, Lock.POSITIONS)
        if replaced:
            remove_replaced(self._connection, self._tenant, replaced)
        self._connection.execute(insert(interactions), rows)
        # An edit belongs where its message does, and takes over no conversation.
        self._write_seats({new.draft.conversation_id: new.identity_id for new in changes.interactions})
        return {row["interaction_id"]: row["seq"] for row in rows}

    def _reserve(self, count: int, *, announce: bool) -> int:
        """The tenant's last sequence number before `count` more are taken."""
        given = {"of_tenant": self._tenant, "more": count}
        row = self._connection.execute(_RESERVE_AND_ASK if announce else _RESERVE, given).one_or_none()
        if row is not None:
            self._noted = announce and bool(row[1])
            return row[0] - count
        self._connection.execute(insert(tenants), {"tenant": self._tenant, "last_seq": count})
        self._noted = announce and bool(self._connection.scalar(_ASK, {"of_tenant": self._tenant}))
        return 0

    def _note_arrivals(self, new: Sequence[NewInteraction]) -> None:
        now = round(time() * 1000)
        rows = [
            {
                "tenant": self._tenant,
                "interaction_id": arrival.interaction_id,
                "conversation_id": arrival.draft.conversation_id,
                "at": now,
            }
            for arrival in new
            if arrival.draft.conversation_id
        ]
        if rows:
            self._connection.execute(insert(unannounced_arrivals), rows)

    def _write_seats(self, taken: Mapping[str | None, str]) -> None:
        rows = [
            {"tenant": self._tenant, "conversation_id": conversation_id, "identity_id": identity_id}
            for conversation_id, identity_id in taken.items()
            if conversation_id and self._seated.get(conversation_id) != identity_id
        ]
        if not rows:
            return
        statement = _take_seats(self._connection.dialect.name)
        self._connection.execute(statement, rows)


@cache
def _hold_identifiers(dialect: str) -> Executable:
    statement = upsert(dialect, holdings)
    replaced = {name: statement.excluded[name] for name in ("verified", "verified_at", "method", "interaction_id")}
    return statement.on_conflict_do_update(index_elements=["identity_id", "type", "value"], set_=replaced)


@cache
def _take_seats(dialect: str) -> Executable:
    statement = upsert(dialect, seats)
    return statement.on_conflict_do_update(
        index_elements=["tenant", "conversation_id"],
        set_={"identity_id": statement.excluded.identity_id},
        where=seats.c.identity_id != statement.excluded.identity_id,
    )
