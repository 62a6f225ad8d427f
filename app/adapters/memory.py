"""The in-memory twins of the ledger, the archive and the vector store: simple, and gone when the process ends."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from time import time
from typing import Any, TypeVar

from app.adapters.memory_archive import MemoryArchive
from app.adapters.memory_tenant import MemoryTenant
from app.adapters.memory_vectors import MemoryVectors
from app.models import Channel, Interaction, Kind
from app.ports import (
    Changes,
    ConversationSeat,
    ErasedRows,
    ExistingRow,
    IdentifierHolding,
    InteractionRef,
    MergeRecord,
    NewAnalysis,
    NewInteraction,
    RecentHistory,
    RecordedIdentities,
    ResolvedCustomer,
    Unit,
)

Result = TypeVar("Result")
Key = tuple[str, str]

# A position of the write order at which no row stands.
_FREE = ("", "")


__all__ = ["MemoryArchive", "MemoryLedger", "MemoryVectors"]


class MemoryUnit:
    """A unit of work on a copy of one tenant."""

    def __init__(self, tenant: MemoryTenant, *, heard: bool = False) -> None:
        self._tenant = tenant
        self._heard = heard
        self._noted = False
        self.written: list[str] = []
        self.moved: list[str] = []
        self.unannounced: dict[str, str] = {}

    def recorded(
        self,
        *,
        identifiers: Collection[Key] = (),
        conversation_ids: Collection[str] = (),
        seats_only: Collection[str] = (),
        caller_ids: Collection[str] = (),
        customer_ids: Collection[str] = (),
        merge_ids: Collection[str] = (),
    ) -> RecordedIdentities:
        """What is held under these (type, value) pairs, conversations, callers' ids, customers and merges."""
        tenant = self._tenant
        merges = [tenant.merges[merge_id] for merge_id in set(merge_ids) if merge_id in tenant.merges]
        asked = {*customer_ids, *(merge.survivor for merge in merges)}
        customers = {
            customer_id: tenant.customer(customer_id) for customer_id in asked if customer_id in tenant.parents
        }
        seats = [seat for conversation_id in {*conversation_ids, *seats_only} if (seat := tenant.seat(conversation_id))]
        asked_of = {seat.customer_id for seat in seats if seat.conversation_id in conversation_ids}
        in_play = {*customers.values(), *asked_of}
        holdings = list(tenant.customer_holdings())
        in_play |= {
            holding.customer_id
            for holding in holdings
            if (holding.identifier.type, holding.identifier.value) in identifiers
        }
        return RecordedIdentities(
            holdings=tuple(holding for holding in holdings if holding.customer_id in in_play),
            seats=tuple(seats),
            filed=tuple(self._filed(caller_id) for caller_id in set(caller_ids) if caller_id in tenant.filed),
            customers=customers,
            parted=tuple(pair for pair in self._parted() if in_play & set(pair)),
            merges=tuple(merges),
        )

    def apply(self, changes: Changes) -> Mapping[str, int]:
        """Write the changes; gives the sequence number of each new interaction by its interaction_id."""
        tenant = self._tenant
        tenant.parents |= dict.fromkeys(changes.new_identities)
        for holding in changes.holdings:
            tenant.holdings[holding.identity_id, (holding.identifier.type, holding.identifier.value)] = holding
        for merge in changes.merges:
            tenant.parents[merge.absorbed] = merge.survivor
            tenant.merges[merge.merge_id] = merge
        for merge in changes.undone:
            tenant.parents[merge.absorbed] = None
            tenant.merges[merge.merge_id] = merge
        tenant.erase_rows(changes.replaced)
        seqs = {interaction.interaction_id: self._write(interaction) for interaction in changes.interactions}
        seqs |= {change.interaction_id: self._write(change, is_seated=False) for change in changes.followers}
        self._noted = changes.announce and self._heard and bool(seqs)
        if self._noted:
            talks = (
                (arrival.interaction_id, arrival.draft.conversation_id)
                for arrival in (*changes.interactions, *changes.followers)
            )
            self.unannounced |= {interaction_id: talk for interaction_id, talk in talks if talk}
        return seqs

    def apply_changes(self, caller_ids: Collection[str]) -> Sequence[Interaction]:
        """Apply the edits and deletions that wait for these callers' ids; gives what they changed."""
        changed = self._tenant.apply_changes(caller_ids)
        ids = [row.interaction_id for row in changed]
        self.written = [interaction_id for interaction_id in self.written if interaction_id not in ids] + ids
        self.moved.extend(ids)
        return changed

    def noted(self) -> bool:
        """Whether what was written is noted as not announced."""
        return self._noted

    def _write(self, new: NewInteraction, *, is_seated: bool = True) -> int:
        tenant, draft = self._tenant, new.draft
        tenant.last_seq += 1
        fields: dict[str, Any] = dict(draft)
        fields["occurred_at"] = draft.occurred_at or datetime.now(UTC)
        fields |= {"interaction_id": new.interaction_id, "seq": tenant.last_seq, "identity_id": new.identity_id}
        tenant.rows[new.interaction_id] = Interaction(**fields)
        if draft.id:
            tenant.filed[draft.id] = (new.interaction_id, new.content_sha256)
        if draft.target_id:
            waiting = tenant.waiting.get(draft.target_id, ())
            tenant.waiting[draft.target_id] = (*waiting, new.interaction_id)
        if draft.conversation_id and is_seated:
            tenant.seats[draft.conversation_id] = new.identity_id
        self.written.append(new.interaction_id)
        return tenant.last_seq

    def _filed(self, caller_id: str) -> ExistingRow:
        interaction_id, content_sha256 = self._tenant.filed[caller_id]
        row = self._tenant.rows[interaction_id]
        return ExistingRow(
            id=caller_id,
            interaction_id=interaction_id,
            seq=row.seq,
            identity_id=row.identity_id,
            customer_id=self._tenant.customer(row.identity_id),
            content_sha256=content_sha256,
            conversation_id=row.conversation_id,
            occurred_at=row.occurred_at,
            partial=row.partial and not row.redacted,
            blanked=row.partial and row.redacted,
        )

    def _parted(self) -> Iterable[tuple[str, str]]:
        for merge in self._tenant.merges.values():
            if merge.undone_at:
                yield self._tenant.customer(merge.survivor), self._tenant.customer(merge.absorbed)


class MemoryTransaction:
    """The same, for those who wait between asking and writing."""

    def __init__(self, unit: MemoryUnit) -> None:
        self._unit = unit

    async def recorded(
        self,
        *,
        identifiers: Collection[Key] = (),
        conversation_ids: Collection[str] = (),
        seats_only: Collection[str] = (),
        caller_ids: Collection[str] = (),
        customer_ids: Collection[str] = (),
        merge_ids: Collection[str] = (),
    ) -> RecordedIdentities:
        """What is held under these (type, value) pairs, conversations, callers' ids, customers and merges."""
        return self._unit.recorded(
            identifiers=identifiers,
            conversation_ids=conversation_ids,
            seats_only=seats_only,
            caller_ids=caller_ids,
            customer_ids=customer_ids,
            merge_ids=merge_ids,
        )

    async def apply(self, changes: Changes) -> Mapping[str, int]:
        """Write the changes; gives the sequence number of each new interaction by its interaction_id."""
        return self._unit.apply(changes)

    async def run(self, work: Callable[[Unit], Result]) -> Result:
        """What a function gives that asks and writes in one go."""
        return work(self._unit)


class MemoryLedger:
    """A Ledger in memory."""

    def __init__(self) -> None:
        self._tenants: defaultdict[str, MemoryTenant] = defaultdict(MemoryTenant)
        self._written: list[tuple[str, str]] = []
        self._lock = asyncio.Lock()
        # Shared with the outbox beside this ledger: the tenants with a webhook that hears of arrivals, and the arrivals
        # that are not announced, by tenant and interaction_id, with their conversation and the time in milliseconds.
        self.heard: set[str] = set()
        self.unannounced: dict[tuple[str, str], tuple[str, int]] = {}

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncGenerator[MemoryTransaction]:
        """A unit of work: kept when the block has ended, undone when it raised."""
        async with self._lock:
            changed = self._tenants[tenant].copy()
            unit = MemoryUnit(changed, heard=tenant in self.heard)
            yield MemoryTransaction(unit)
            self._tenants[tenant] = changed
            moved = {(tenant, interaction_id) for interaction_id in unit.moved}
            # A row has one position: where it stood before it was changed is free.
            self._written = [_FREE if entry in moved else entry for entry in self._written] if moved else self._written
            self._written.extend((tenant, interaction_id) for interaction_id in dict.fromkeys(unit.written))
            now = round(time() * 1000)
            self.unannounced |= {(tenant, name): (talk, now) for name, talk in unit.unannounced.items()}

    async def head(self, tenant: str) -> int:
        """The highest sequence number of the tenant; 0 when it has none."""
        return self._tenants[tenant].last_seq

    async def customer_of(self, tenant: str, customer_or_identity_id: str) -> str | None:
        """The surviving customer that this id leads to, or None when it is unknown."""
        of = self._tenants[tenant]
        return of.customer(customer_or_identity_id) if customer_or_identity_id in of.parents else None

    async def identities_of(self, tenant: str, customer_id: str) -> Sequence[str]:
        """The identities joined in one customer, the oldest first."""
        of = self._tenants[tenant]
        return sorted(identity_id for identity_id in of.parents if of.customer(identity_id) == customer_id)

    async def holdings_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[IdentifierHolding]:
        """The identifiers that these identities hold."""
        holdings = [
            holding for holding in self._tenants[tenant].customer_holdings() if holding.identity_id in identity_ids
        ]
        return sorted(
            holdings, key=lambda holding: (holding.identity_id, holding.identifier.type, holding.identifier.value)
        )

    async def holders(self, tenant: str, values: Collection[str]) -> Sequence[IdentifierHolding]:
        """Who holds an identifier with one of these normalised values, whatever its type."""
        holdings = [
            holding for holding in self._tenants[tenant].customer_holdings() if holding.identifier.value in values
        ]
        return sorted(
            holdings, key=lambda holding: (holding.identity_id, holding.identifier.type, holding.identifier.value)
        )

    async def seat_of(self, tenant: str, conversation_id: str) -> ConversationSeat | None:
        """Whom a conversation belongs to."""
        return self._tenants[tenant].seat(conversation_id)

    async def party(
        self, tenant: str, *, known_as: str | None = None, conversation_id: str | None = None
    ) -> ResolvedCustomer | None:
        """The customer that an id leads to, or else the one that a conversation belongs to; None when unknown."""
        seat = await self.seat_of(tenant, conversation_id) if known_as is None and conversation_id is not None else None
        customer_id = await self.customer_of(tenant, seat.identity_id if seat else known_as or "")
        if customer_id is None:
            return None
        identity_ids = tuple(await self.identities_of(tenant, customer_id))
        return ResolvedCustomer(customer_id, identity_ids, tuple(await self.holdings_of(tenant, identity_ids)))

    async def lately(
        self, tenant: str, identity_ids: Collection[str], *, conversation_id: str | None, limit: int, most: int
    ) -> RecentHistory:
        """The newest `limit` interactions of these identities, and the newest `most` of them in a conversation."""
        head = await self.head(tenant)
        newest = await self.interactions(tenant, identity_ids, up_to_seq=head, limit=limit, newest_first=True)
        if conversation_id is None:
            return RecentHistory(head, tuple(newest[::-1]), ())
        own = await self.interactions(
            tenant, identity_ids, conversation_id=conversation_id, up_to_seq=head, limit=most, newest_first=True
        )
        return RecentHistory(head, newest[::-1], own[::-1])

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
        matching = [
            interaction
            for interaction in self._tenants[tenant].rows.values()
            if interaction.identity_id in identity_ids
            and (conversation_id is None or interaction.conversation_id == conversation_id)
            and (channel is None or interaction.channel == channel)
            and (kind is None or interaction.kind == kind)
            and interaction.seq > after_seq
            and (up_to_seq is None or interaction.seq <= up_to_seq)
        ]
        return sorted(matching, key=lambda interaction: interaction.seq, reverse=newest_first)[:limit]

    async def outline(self, tenant: str, identity_ids: Collection[str], *, up_to_seq: int) -> Sequence[InteractionRef]:
        """All interactions of these identities in the order they happened, without their content."""
        return self._tenants[tenant].outline(identity_ids, up_to_seq)

    async def outline_of_conversations(
        self, tenant: str, conversation_ids: Collection[str], *, up_to_seq: int, limit: int
    ) -> Sequence[InteractionRef]:
        """The newest `limit` interactions of each of these conversations, in the order they happened, contentless."""
        return self._tenants[tenant].outline_of_conversations(conversation_ids, up_to_seq, limit)

    async def mentioning(self, tenant: str, words: str, *, among: int, limit: int) -> Sequence[Interaction]:
        """Of a tenant's newest `among` sequence numbers, the interactions that hold these words, the newest first."""
        return list(islice(self._tenants[tenant].mentioning(words, among), limit))

    async def by_ids(self, tenant: str, interaction_ids: Collection[str]) -> Sequence[Interaction]:
        """The interactions with these ids that exist, by seq."""
        rows = self._tenants[tenant].rows
        return sorted(
            (rows[interaction_id] for interaction_id in set(interaction_ids) if interaction_id in rows),
            key=lambda interaction: interaction.seq,
        )

    async def by_caller_ids(self, tenant: str, caller_ids: Collection[str]) -> Sequence[Interaction]:
        """The interactions that their callers gave these ids, by seq."""
        filed = self._tenants[tenant].filed
        return await self.by_ids(tenant, [filed[caller_id][0] for caller_id in caller_ids if caller_id in filed])

    async def windows(
        self, tenant: str, conversation_ids: Collection[str], *, limit: int
    ) -> Sequence[tuple[str, Interaction]]:
        """What each customer has newest in each of these conversations, at most `limit`, with the customer, by seq."""
        wanted = set(conversation_ids)
        theirs: defaultdict[tuple[str, str], list[tuple[str, Interaction]]] = defaultdict(list)
        for row in sorted(self._tenants[tenant].rows.values(), key=lambda interaction: interaction.seq):
            if row.conversation_id in wanted:
                customer_id = await self.customer_of(tenant, row.identity_id) or row.identity_id
                theirs[customer_id, row.conversation_id].append((customer_id, row))
        newest = (entry for rows in theirs.values() for entry in rows[-limit:])
        return sorted(newest, key=lambda entry: entry[1].seq)

    async def after_position(self, position: int, limit: int) -> Sequence[tuple[int, str, Interaction]]:
        """Rows of all tenants past a position of the write order, as (position, tenant, interaction)."""
        left = (
            (number, tenant, self._tenants[tenant].rows[interaction_id])
            for number, (tenant, interaction_id) in enumerate(self._written[position:], start=position + 1)
            if interaction_id in self._tenants[tenant].rows
        )
        return list(islice(left, limit))

    async def lately_active(self, rows: int, *, limit: int) -> Sequence[tuple[str, str]]:
        """The conversations of all tenants among the newest `rows` rows, newest first."""
        newest = [
            (tenant, self._tenants[tenant].rows.get(interaction_id))
            for tenant, interaction_id in self._written[-rows:][::-1]
        ]
        conversations = {(tenant, row.conversation_id): None for tenant, row in newest if row and row.conversation_id}
        return [(tenant, conversation_id) for tenant, conversation_id in islice(conversations, limit)]

    async def last_of_conversations(
        self, tenant: str, *, before_seq: int | None = None, up_to_seq: int | None = None, limit: int
    ) -> Sequence[Interaction]:
        """Each conversation's newest interaction as of `up_to_seq`, the newest first: `limit` of those below a seq."""
        every = self._tenants[tenant].rows.values()
        rows = sorted((row for row in every if up_to_seq is None or row.seq <= up_to_seq), key=lambda row: row.seq)
        last = {row.conversation_id: row for row in rows if row.conversation_id is not None}
        newest = sorted(last.values(), key=lambda row: row.seq, reverse=True)
        return [row for row in newest if before_seq is None or row.seq < before_seq][:limit]

    async def customers(self, tenant: str, *, before: str | None = None, limit: int) -> Sequence[str]:
        """The ids of surviving customers, the newest first: the first `limit` that sort before an id."""
        survivors = [identity_id for identity_id, parent in self._tenants[tenant].parents.items() if parent is None]
        newest = sorted(survivors, reverse=True)
        return [customer_id for customer_id in newest if before is None or customer_id < before][:limit]

    async def last_position(self) -> int:
        """The position of the newest row; 0 when there is none."""
        left = (
            number
            for number, (tenant, interaction_id) in enumerate(self._written, 1)
            if interaction_id in self._tenants[tenant].rows
        )
        return max(left, default=0)

    async def merges_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[MergeRecord]:
        """Every merge, undone or not, that joined one of these identities, the oldest first."""
        merges = self._tenants[tenant].merges
        return [
            merges[merge_id]
            for merge_id in sorted(merges)
            if {merges[merge_id].survivor, merges[merge_id].absorbed} & {*identity_ids}
        ]

    async def expired(
        self, tenant: str, channels: Collection[Channel], before: datetime, *, after_seq: int = 0, limit: int = 1000
    ) -> Sequence[Interaction]:
        """Interactions of these channels that happened before a moment, by seq."""
        rows = sorted(self._tenants[tenant].rows.values(), key=lambda interaction: interaction.seq)
        old_rows = (row for row in rows if row.seq > after_seq and row.channel in channels and row.occurred_at < before)
        return list(islice(old_rows, limit))

    async def file_analyses(self, tenant: str, analyses: Sequence[NewAnalysis]) -> None:
        """File what was read off texts; not of rows that are gone or blanked, or that say something else by now."""
        async with self._lock:
            self._tenants[tenant].file_analyses(analyses)

    async def reword(self, tenant: str, rows: Sequence[Interaction]) -> None:
        """Put the text and the data of these rows in the place of what is filed of them."""
        async with self._lock:
            filed = self._tenants[tenant].rows
            for row in rows:
                if row.interaction_id in filed:
                    update = {"text": row.text, "data": row.data}
                    filed[row.interaction_id] = filed[row.interaction_id].model_copy(update=update)

    async def redact(self, tenant: str, interaction_id: str) -> Interaction | None:
        """Blank what one interaction says; gives it as it is now, or None when it is unknown."""
        async with self._lock:
            of = self._tenants[tenant]
            return of.blank(interaction_id) if interaction_id in of.rows else None

    async def erase(self, tenant: str, customer_id: str) -> ErasedRows:
        """Remove the customer of this surviving id; an unknown id: nothing is erased."""
        async with self._lock:
            return self._tenants[tenant].erase(customer_id)

    async def erase_rows(self, tenant: str, interaction_ids: Collection[str]) -> int:
        """Remove interactions and leave whose they were; tells how many there were."""
        async with self._lock:
            return self._tenants[tenant].erase_rows(interaction_ids)

    async def release_memory(self) -> None:
        """Nothing is kept beside the rows themselves."""

    async def close(self) -> None:
        """Nothing is held open."""
