"""What the workflow gathers."""

from datetime import datetime

from app.models.base import Record
from app.models.customers import Customer, Passage
from app.models.interactions import Interaction


class Snapshot(Record):
    """All that is known of one customer's case at `as_of_seq`: the only input of brief, signals and decision.

    `conversation` is the conversation at hand and `prior` the interactions of other conversations that matter to it,
    both in the order they happened. `history` ranks what retrieval found in `prior`, best first.
    `resolved` are the ids of interactions whose matter the platform called resolved, and nobody reopened.
    Where `is_cut`, texts too long to read whole stand here with their beginning and end, and data with what is short.
    """

    tenant: str
    customer: Customer
    conversation_id: str | None
    conversation: tuple[Interaction, ...]
    prior: tuple[Interaction, ...] = ()
    history: tuple[Passage, ...] = ()
    as_of_seq: int
    now: datetime
    retrieval_available: bool = True
    is_cut: bool = False
    resolved: frozenset[str] = frozenset()

    @property
    def is_resolved(self) -> bool:
        """Whether the platform called all of the conversation resolved, and nobody reopened it."""
        return bool(self.conversation) and all(row.interaction_id in self.resolved for row in self.conversation)

    @property
    def was_resolved(self) -> bool:
        """Whether the platform called the conversation resolved at some time, and nobody reopened it."""
        return any(
            row.interaction_id in self.resolved
            for row in (*self.conversation, *self.prior)
            if row.conversation_id == self.conversation_id
        )

    @property
    def characters(self) -> int:
        """How much was written, in all."""
        return sum(len(interaction.text) for interaction in (*self.prior, *self.conversation))

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """Everything the snapshot holds, oldest first."""
        return tuple(
            sorted(
                (*self.prior, *self.conversation), key=lambda interaction: (interaction.occurred_at, interaction.seq)
            )
        )
