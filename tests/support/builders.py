"""Small builders of records, so that a test names only what it is about."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from app.models import Actor, Channel, Customer, Interaction, InteractionDraft, Kind, Outcome, Snapshot

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def draft(text: str = "", **fields: Any) -> InteractionDraft:
    """A customer's chat message unless told otherwise."""
    defaults: dict[str, Any] = {"channel": Channel.CHAT, "actor": Actor.CUSTOMER, "kind": Kind.MESSAGE, "text": text}
    return InteractionDraft(**(defaults | fields))


def interaction(
    seq: int,
    text: str = "",
    *,
    actor: Actor | str = Actor.CUSTOMER,
    kind: Kind | str = Kind.MESSAGE,
    channel: Channel | str = Channel.CHAT,
    at: datetime | None = None,
    conversation_id: str | None = "c1",
    name: str | None = None,
    outcome: Outcome | str | None = None,
    data: Mapping[str, Any] | None = None,
    identity_id: str = "cus_1",
) -> Interaction:
    """A row of the ledger, twenty seconds after the one before it."""
    return Interaction(
        interaction_id=f"int_{seq}",
        seq=seq,
        identity_id=identity_id,
        occurred_at=at or START + timedelta(seconds=20 * seq),
        channel=Channel(channel),
        actor=Actor(actor),
        kind=Kind(kind),
        conversation_id=conversation_id,
        text=text,
        name=name,
        outcome=Outcome(outcome) if outcome else None,
        data=data or {},
    )


def snapshot(
    conversation: Sequence[Interaction], prior: Sequence[Interaction] = (), *, now: datetime | None = None
) -> Snapshot:
    """What is known of one customer, judged a second after the last interaction."""
    everything = [*prior, *conversation]
    last = max((row.occurred_at for row in everything), default=START)
    return Snapshot(
        tenant="default",
        customer=Customer(customer_id="cus_1", identity_ids=("cus_1",)),
        conversation_id=conversation[0].conversation_id if conversation else None,
        conversation=tuple(conversation),
        prior=tuple(prior),
        as_of_seq=max((row.seq for row in everything), default=0),
        now=now or last + timedelta(seconds=1),
    )
