"""The ledger and the identity graph beside it: what they hold, and what may be asked of them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from pydantic import Field

from app.models import (
    Channel,
    Identifier,
    Interaction,
    InteractionDraft,
    Kind,
    Match,
    Record,
    RowWarning,
)

# What stands where the value of an identifier was blanked.
REDACTED = "[redacted]"


class IdentifierHolding(Record):
    """One identity's hold on one normalised identifier, with the interaction that brought it where one did."""

    identity_id: str
    customer_id: str
    identifier: Identifier
    interaction_id: str | None = None


Result = TypeVar("Result")


class ConversationSeat(Record):
    """Which identity a conversation has been filed under."""

    conversation_id: str
    identity_id: str
    customer_id: str


class ResolvedCustomer(NamedTuple):
    """A customer: the identities joined in it, the oldest first, and the identifiers that they hold."""

    customer_id: str
    identity_ids: tuple[str, ...]
    holdings: tuple[IdentifierHolding, ...]


class RecentHistory(NamedTuple):
    """The tenant's highest sequence number, and what is newest up to it of a customer and a conversation, by seq."""

    head: int
    newest: Sequence[Interaction]
    conversation: Sequence[Interaction]


class InteractionRef(NamedTuple):
    """Where one interaction stands in its customer's history, without what it says."""

    occurred_at: datetime
    seq: int
    interaction_id: str
    channel: Channel
    kind: Kind
    conversation_id: str | None


class ExistingRow(Record):
    """A row already in the ledger under a caller's id, with the hash of its content."""

    id: str
    interaction_id: str
    seq: int
    identity_id: str
    customer_id: str
    content_sha256: str
    conversation_id: str | None = None
    # None where nobody asks: only of partial rows it matters which of two is newer.
    occurred_at: datetime | None = None
    # Whether it may still be replaced, and whether it was blanked while it might.
    partial: bool = False
    blanked: bool = False


class MergeRecord(Record):
    """One reversible joining of two customers: `absorbed` leads to `survivor` until `undone_at`."""

    merge_id: str
    survivor: str
    absorbed: str
    at: datetime
    reason: str
    evidence: tuple[str, ...] = ()
    undone_at: datetime | None = None


class RecordedIdentities(Record):
    """What the store knows that bears on a unit of work: the whole input of the identity rules.

    `holdings` are all those of every customer in play, whether asked for by identifier, conversation or id. `customers`
    leads from each id asked for to the customer who survives under it. `parted` are pairs of customers in play whom
    somebody took apart by undoing a merge.
    """

    holdings: tuple[IdentifierHolding, ...] = ()
    seats: tuple[ConversationSeat, ...] = ()
    filed: tuple[ExistingRow, ...] = ()
    customers: Mapping[str, str] = Field(default_factory=dict)
    parted: tuple[tuple[str, str], ...] = ()
    merges: tuple[MergeRecord, ...] = ()


class Arrival(Record):
    """A draft that is to be filed, before it is known whose it is."""

    interaction_id: str
    draft: InteractionDraft
    content_sha256: str


class NewHolding(Record):
    """A normalised identifier that an identity holds from now on; replaces the hold that it had on the same one."""

    identity_id: str
    identifier: Identifier
    interaction_id: str | None = None


class NewInteraction(Record):
    """A draft with the identity it belongs to, ready to be numbered and written."""

    interaction_id: str
    identity_id: str
    draft: InteractionDraft
    content_sha256: str


class Changes(Record):
    """All that one unit of work writes, applied at once or not at all; `undone` are merges with their `undone_at`."""

    new_identities: tuple[str, ...] = ()
    holdings: tuple[NewHolding, ...] = ()
    merges: tuple[MergeRecord, ...] = ()
    undone: tuple[MergeRecord, ...] = ()
    interactions: tuple[NewInteraction, ...] = ()
    # Edits and deletions of interactions that are there: they take no seat in a conversation.
    followers: tuple[NewInteraction, ...] = ()
    # Ids of partial interactions that new ones take the place of.
    replaced: tuple[str, ...] = ()
    # Note the interactions of conversations as not announced, where one of the tenant's webhooks hears of arrivals.
    announce: bool = False


class Assignment(Record):
    """Whose each arrival is: the changes to write, each arrival's customer and match, in the order they came."""

    changes: Changes
    customer_ids: tuple[str, ...]
    matches: tuple[Match, ...]


class ErasedRows(Record):
    """What the ledger held of a customer who was erased: the ids of identities and interactions, and counts."""

    identity_ids: tuple[str, ...] = ()
    interaction_ids: tuple[str, ...] = ()
    conversations: int = 0
    identifiers: int = 0
    merges: int = 0
    identities: int = 0


class NewAnalysis(NamedTuple):
    """What was read off the text of an interaction, to be filed beside it while it still says that."""

    interaction_id: str
    text: str
    analysis: str


class IdentityRules(Protocol):
    """Decides, without reading or writing anything, whose interactions are."""

    def keys(self, drafts: Iterable[InteractionDraft]) -> Collection[tuple[str, str]]:
        """The normalised (type, value) pairs that must be known before these drafts can be assigned."""
        ...

    def warnings(self, draft: InteractionDraft) -> tuple[RowWarning, ...]:
        """What a draft names that joins nobody."""
        ...

    def assign(self, recorded: RecordedIdentities, arrivals: Sequence[Arrival], *, at: datetime) -> Assignment:
        """Whose each arrival is; later ones see what earlier ones did."""
        ...


class Unit(Protocol):
    """What may be asked and written within a unit of work, by a plain function."""

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
        """What is held under these (type, value) pairs, conversations, callers' ids, customers and merges.

        Of the conversations of `seats_only`, only whom they belong to, and not what that customer holds.
        """
        ...

    def apply(self, changes: Changes) -> Mapping[str, int]:
        """Write the changes; gives the sequence number of each new interaction by its interaction_id."""
        ...

    def apply_changes(self, caller_ids: Collection[str]) -> Sequence[Interaction]:
        """Apply the edits and deletions that are filed for these callers' ids and not applied yet.

        An interaction that is changed is filed at the end of the write order, under the seq that it has; what an edit
        says stands there from now on and no longer in the edit. One that an edit leaves as it is stays where it is.
        Gives the interactions that changed as they are now.
        """
        ...

    def noted(self) -> bool:
        """Whether what was written is noted as not announced, because one of the tenant's webhooks hears of it."""
        ...


class Transaction(Protocol):
    """One unit of work in one tenant; no other unit of work of that tenant runs at the same time."""

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
        """What is held under these (type, value) pairs, conversations, callers' ids, customers and merges.

        Of the conversations of `seats_only`, only whom they belong to, and not what that customer holds.
        """
        ...

    async def apply(self, changes: Changes) -> Mapping[str, int]:
        """Write the changes; gives the sequence number of each new interaction by its interaction_id."""
        ...

    async def run(self, work: Callable[[Unit], Result]) -> Result:
        """What a function gives that asks and writes in one go. It may be called in another thread."""
        ...


class Ledger(Protocol):
    """The append-only ledger and the identity graph beside it: the source of truth."""

    def transaction(self, tenant: str) -> AbstractAsyncContextManager[Transaction]:
        """A unit of work: durable (fsync'd) when the block has ended, undone when it raised."""
        ...

    async def head(self, tenant: str) -> int:
        """The highest sequence number of the tenant; 0 when it has none."""
        ...

    async def customer_of(self, tenant: str, customer_or_identity_id: str) -> str | None:
        """The surviving customer that this id leads to, or None when it is unknown."""
        ...

    async def identities_of(self, tenant: str, customer_id: str) -> Sequence[str]:
        """The identities joined in one customer, the oldest first."""
        ...

    async def holdings_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[IdentifierHolding]:
        """The identifiers that these identities hold."""
        ...

    async def holders(self, tenant: str, values: Collection[str]) -> Sequence[IdentifierHolding]:
        """Who holds an identifier with one of these normalised values, whatever its type."""
        ...

    async def seat_of(self, tenant: str, conversation_id: str) -> ConversationSeat | None:
        """Whom a conversation belongs to."""
        ...

    async def party(
        self, tenant: str, *, known_as: str | None = None, conversation_id: str | None = None
    ) -> ResolvedCustomer | None:
        """The customer that an id leads to, or else the one that a conversation belongs to; None when unknown."""
        ...

    async def lately(
        self, tenant: str, identity_ids: Collection[str], *, conversation_id: str | None, limit: int, most: int
    ) -> RecentHistory:
        """The newest `limit` interactions of these identities, and the newest `most` of them in a conversation."""
        ...

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
        ...

    async def outline(self, tenant: str, identity_ids: Collection[str], *, up_to_seq: int) -> Sequence[InteractionRef]:
        """All interactions of these identities in the order they happened, without their content."""
        ...

    async def outline_of_conversations(
        self, tenant: str, conversation_ids: Collection[str], *, up_to_seq: int, limit: int
    ) -> Sequence[InteractionRef]:
        """The newest `limit` interactions of each of these conversations, in the order they happened, contentless."""
        ...

    async def mentioning(self, tenant: str, words: str, *, among: int, limit: int) -> Sequence[Interaction]:
        """Of a tenant's newest `among` sequence numbers, the interactions that hold these words, the newest first.

        Letters of either case in the text or the data count, and a caller's id that is exactly so.
        """
        ...

    async def by_ids(self, tenant: str, interaction_ids: Collection[str]) -> Sequence[Interaction]:
        """The interactions with these ids that exist, by seq."""
        ...

    async def by_caller_ids(self, tenant: str, caller_ids: Collection[str]) -> Sequence[Interaction]:
        """The interactions that their callers gave these ids, by seq."""
        ...

    async def windows(
        self, tenant: str, conversation_ids: Collection[str], *, limit: int
    ) -> Sequence[tuple[str, Interaction]]:
        """What each customer has newest in each of these conversations, at most `limit`, with the customer, by seq."""
        ...

    async def after_position(self, position: int, limit: int) -> Sequence[tuple[int, str, Interaction]]:
        """Rows of all tenants past a position of the write order, as (position, tenant, interaction)."""
        ...

    async def lately_active(self, rows: int, *, limit: int) -> Sequence[tuple[str, str]]:
        """The conversations of all tenants among the newest `rows` rows, as (tenant, conversation_id), newest first."""
        ...

    async def last_of_conversations(
        self, tenant: str, *, before_seq: int | None = None, up_to_seq: int | None = None, limit: int
    ) -> Sequence[Interaction]:
        """Each conversation's newest interaction as of `up_to_seq`, the newest first: `limit` of those below a seq."""
        ...

    async def customers(self, tenant: str, *, before: str | None = None, limit: int) -> Sequence[str]:
        """The ids of surviving customers, the newest first: the first `limit` that sort before an id."""
        ...

    async def last_position(self) -> int:
        """The position of the newest row; 0 when there is none."""
        ...

    async def merges_of(self, tenant: str, identity_ids: Collection[str]) -> Sequence[MergeRecord]:
        """Every merge, undone or not, that joined one of these identities, the oldest first."""
        ...

    async def expired(
        self, tenant: str, channels: Collection[Channel], before: datetime, *, after_seq: int = 0, limit: int = 1000
    ) -> Sequence[Interaction]:
        """Interactions of these channels that happened before a moment, by seq."""
        ...

    async def file_analyses(self, tenant: str, analyses: Sequence[NewAnalysis]) -> None:
        """File what was read off texts; not of rows that are gone or blanked, or that say something else by now.

        An interaction that is read has it as its `analysis`, until it is blanked or reworded.
        """
        ...

    async def reword(self, tenant: str, rows: Sequence[Interaction]) -> None:
        """Put the text and the data of these rows in the place of what is filed of them, leaving no trace of that."""
        ...

    async def redact(self, tenant: str, interaction_id: str) -> Interaction | None:
        """Blank text, data and the values of identifiers of one interaction; its ids and its seq stay.

        Gives it as it is now, or None when it is unknown.
        """
        ...

    async def erase(self, tenant: str, customer_id: str) -> ErasedRows:
        """Remove the customer of this surviving id from the ledger, leaving no trace in any file.

        A seq is never given twice, so that removed rows leave theirs. An unknown id: nothing is erased.
        """
        ...

    async def erase_rows(self, tenant: str, interaction_ids: Collection[str]) -> int:
        """Remove interactions, leaving no trace in any file, but not whose they were; tells how many there were."""
        ...

    async def release_memory(self) -> None:
        """Keep nothing in this process of rows that were read or written; what is asked next is read anew."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...
