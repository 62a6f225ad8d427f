"""What the in-memory ledger holds of one tenant."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_json

from app.models import CHANGES, Interaction, Kind, RowWording, Visibility, deleted_since, edited, edits_for, hides
from app.ports import (
    REDACTED,
    ConversationSeat,
    ErasedRows,
    IdentifierHolding,
    InteractionRef,
    MergeRecord,
    NewAnalysis,
    NewHolding,
)

Key = tuple[str, str]


def blanked(row: Interaction) -> Interaction:
    """A row without what it says; its ids and its seq stay."""
    identifiers = tuple(identifier.model_copy(update={"value": REDACTED}) for identifier in row.identifiers)
    nothing: dict[str, Any] = {"text": "", "data": {}, "identifiers": identifiers, "redacted": True}
    nothing |= {"participant": None, "revisions": (), "edited_at": None}
    return row.model_copy(update=nothing)


@dataclass(slots=True)
class MemoryTenant:
    """All that one tenant has."""

    last_seq: int = 0
    rows: dict[str, Interaction] = field(default_factory=dict[str, Interaction])
    filed: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    parents: dict[str, str | None] = field(default_factory=dict[str, str | None])
    seats: dict[str, str] = field(default_factory=dict[str, str])
    holdings: dict[tuple[str, Key], NewHolding] = field(default_factory=dict[tuple[str, Key], NewHolding])
    merges: dict[str, MergeRecord] = field(default_factory=dict[str, MergeRecord])
    # The edits and deletions that wait for what they change, by its caller's id.
    waiting: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    # What edited rows said before, by their ids; see `edited`.
    earlier: dict[str, tuple[RowWording, ...]] = field(default_factory=dict[str, tuple[RowWording, ...]])

    def copy(self) -> "MemoryTenant":
        """Another that changes on its own."""
        return MemoryTenant(
            self.last_seq,
            dict(self.rows),
            dict(self.filed),
            dict(self.parents),
            dict(self.seats),
            dict(self.holdings),
            dict(self.merges),
            dict(self.waiting),
            dict(self.earlier),
        )

    def customer(self, identity_id: str) -> str:
        """The root of the tree that an identity hangs in."""
        parent = self.parents[identity_id]
        return identity_id if parent is None else self.customer(parent)

    def seat(self, conversation_id: str) -> ConversationSeat | None:
        """Whom a conversation belongs to."""
        identity_id = self.seats.get(conversation_id)
        if identity_id is None:
            return None
        customer_id = self.customer(identity_id)
        return ConversationSeat(conversation_id=conversation_id, identity_id=identity_id, customer_id=customer_id)

    def erase(self, customer_id: str) -> ErasedRows:
        """Remove a customer with everything that is theirs."""
        gone = [identity_id for identity_id in self.parents if self.customer(identity_id) == customer_id]
        rows = [row.interaction_id for row in self.rows.values() if row.identity_id in gone]
        self.erase_rows(rows)
        taken = [conversation_id for conversation_id, identity_id in self.seats.items() if identity_id in gone]
        for conversation_id in taken:
            del self.seats[conversation_id]
        for row in sorted(self.rows.values(), key=lambda interaction: interaction.seq):
            if row.conversation_id in taken:
                self.seats[row.conversation_id] = row.identity_id
        holding_keys = [key for key in self.holdings if key[0] in gone]
        for key in holding_keys:
            del self.holdings[key]
        merges = [merge.merge_id for merge in self.merges.values() if merge.survivor in gone or merge.absorbed in gone]
        for merge_id in merges:
            del self.merges[merge_id]
        for identity_id in gone:
            del self.parents[identity_id]
        return ErasedRows(
            identity_ids=tuple(sorted(gone)),
            interaction_ids=tuple(rows),
            conversations=len(taken),
            identifiers=len(holding_keys),
            merges=len(merges),
            identities=len(gone),
        )

    def erase_rows(self, interaction_ids: Collection[str]) -> int:
        """Remove interactions and what points at them."""
        gone = [self.rows.pop(interaction_id) for interaction_id in set(interaction_ids) if interaction_id in self.rows]
        for row in gone:
            if row.id:
                self.filed.pop(row.id, None)
        ids = {row.interaction_id for row in gone}
        for interaction_id in ids:
            self.earlier.pop(interaction_id, None)
        for key, holding in self.holdings.items():
            if holding.interaction_id in ids:
                self.holdings[key] = holding.model_copy(update={"interaction_id": None})
        return len(gone)

    def apply_changes(self, caller_ids: Collection[str]) -> list[Interaction]:
        """Apply the edits and deletions that wait for these callers' ids; gives what they changed."""
        changed: list[Interaction] = []
        for caller_id in sorted(set(caller_ids) & self.waiting.keys()):
            waiting = [self.rows[change] for change in self.waiting[caller_id] if change in self.rows]
            deletion = deleted_since(waiting)
            target = self.rows[self.filed[caller_id][0]] if caller_id in self.filed else None
            if target is None or target.kind in CHANGES:
                # What was taken back before it came says nothing until then.
                self._blank(change for change in waiting if deletion and change.kind is not Kind.DELETION)
                continue
            edits, before = edits_for(target, waiting), target
            if deletion is not None:
                target = self.blank(target.interaction_id).model_copy(update={"deleted_at": deletion})
            elif edits is None:
                continue
            elif edits:
                target, self.earlier[target.interaction_id] = edited(
                    target, self.earlier.get(target.interaction_id, ()), edits
                )
            if target.redacted and hides(waiting):
                target = target.model_copy(update={"visibility": Visibility.INTERNAL})
            del self.waiting[caller_id]
            self._blank(waiting, identity_id=target.identity_id)
            if target != before:
                self.rows[target.interaction_id] = target
                changed.append(target)
        return changed

    def blank(self, interaction_id: str) -> Interaction:
        """Leave nothing of what a row says and said; gives it as it is now."""
        self.earlier.pop(interaction_id, None)
        self.rows[interaction_id] = blanked(self.rows[interaction_id])
        return self.rows[interaction_id]

    def _blank(self, changes: Iterable[Interaction], **fields: str) -> None:
        """Leave nothing of what changes say."""
        for change in changes:
            spent = blanked(change).model_copy(update={"redacted": change.redacted, **fields})
            self.rows[change.interaction_id] = spent

    def file_analyses(self, analyses: Iterable[NewAnalysis]) -> None:
        """Put what was read off texts beside the rows that still say that."""
        for new in analyses:
            row = self.rows.get(new.interaction_id)
            if row is not None and row.text == new.text and not row.redacted:
                self.rows[new.interaction_id] = row = row.model_copy()
                object.__setattr__(row, "analysis", new.analysis)

    def customer_holdings(self) -> Iterable[IdentifierHolding]:
        """Every holding with the customer it leads to."""
        for holding in self.holdings.values():
            yield IdentifierHolding(
                identity_id=holding.identity_id,
                customer_id=self.customer(holding.identity_id),
                identifier=holding.identifier,
                interaction_id=holding.interaction_id,
            )

    def outline(self, identity_ids: Collection[str], up_to_seq: int) -> Sequence[InteractionRef]:
        """The interactions of these identities in the order they happened, without their content."""
        rows = self.rows.values()
        return sorted(_outlined(row) for row in rows if row.identity_id in identity_ids and row.seq <= up_to_seq)

    def outline_of_conversations(
        self, conversation_ids: Collection[str], up_to_seq: int, limit: int
    ) -> Sequence[InteractionRef]:
        """The newest interactions of each of these conversations in the order they happened, without their content."""
        newest: list[Interaction] = []
        for conversation_id in set(conversation_ids):
            rows = (row for row in self.rows.values() if row.conversation_id == conversation_id)
            newest += sorted((row for row in rows if row.seq <= up_to_seq), key=lambda row: -row.seq)[:limit]
        return sorted(map(_outlined, newest))

    def mentioning(self, words: str, among: int) -> Iterator[Interaction]:
        """The interactions of the newest sequence numbers that hold these words, the newest first."""
        wanted = words.lower()
        for row in sorted(self.rows.values(), key=lambda interaction: -interaction.seq):
            if row.seq <= self.last_seq - among:
                return
            if row.id == words or wanted in row.text.lower() or wanted in to_json(row.data).decode().lower():
                yield row


def _outlined(row: Interaction) -> InteractionRef:
    return InteractionRef(row.occurred_at, row.seq, row.interaction_id, row.channel, row.kind, row.conversation_id)
