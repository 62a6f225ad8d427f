"""What the verbs answer that is no record of its own."""

from pydantic import Field

from app.models import Friction, FrictionMoment, Interaction, Passage, Record, Recorded, Signal, Verdict


class RecordAnswer(Record):
    """What became of the interactions of one request, and the friction they show at once."""

    results: tuple[Recorded, ...] = Field(description="what became of each interaction, in the order they were sent")
    signals: tuple[Signal, ...] = Field(
        description="signals that these interactions made fire, but for those that need an embedding"
    )
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")


class TimelinePage(Record):
    """One page of a customer's whole history, by seq; `next_after_seq` is null on the last."""

    customer_id: str
    interactions: tuple[Interaction, ...]
    next_after_seq: int | None
    as_of_seq: int


class SearchAnswer(Record):
    """What retrieval finds in one customer's history, best first."""

    hits: tuple[Passage, ...]
    as_of_seq: int
    duration_ms: int


class VerifyAnswer(Record):
    """A verdict for each claim, in the order they were sent."""

    verdicts: tuple[Verdict, ...] = Field(description="one verdict for each claim, in order")
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, in ms")


class ConversationSignals(Record):
    """The signals that stand in one conversation, and the friction that they and its last message make, explained."""

    conversation_id: str = Field(description="the caller's id of the conversation")
    customer_id: str = Field(description="our id of the customer")
    signals: tuple[Signal, ...] = Field(
        description="signals that stand, in the order they showed, at most five of a type"
    )
    friction: Friction = Field(description="how much friction there is, and what it is made of")
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, in ms")


class ConversationFriction(Record):
    """How one conversation stood at each message of its customer, oldest first."""

    conversation_id: str = Field(description="the caller's id of the conversation")
    customer_id: str = Field(description="our id of the customer")
    moments: tuple[FrictionMoment, ...] = Field(
        description="how it stood at each of the customer's messages, oldest first, at most the newest 200"
    )
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the answer took to compute, in ms")
