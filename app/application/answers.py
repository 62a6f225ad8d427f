"""What the verbs answer that is no record of its own."""

from app.models import Friction, FrictionMoment, Interaction, Passage, Record, Recorded, Signal, Verdict


class RecordAnswer(Record):
    """What became of the interactions of one request, and the friction they show at once."""

    results: tuple[Recorded, ...]
    signals: tuple[Signal, ...]
    as_of_seq: int


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

    verdicts: tuple[Verdict, ...]
    as_of_seq: int
    duration_ms: int


class ConversationSignals(Record):
    """The signals that stand in one conversation, and the friction that they and its last message make, explained."""

    conversation_id: str
    customer_id: str
    signals: tuple[Signal, ...]
    friction: Friction
    as_of_seq: int
    duration_ms: int


class ConversationFriction(Record):
    """How one conversation stood at each message of its customer, oldest first."""

    conversation_id: str
    customer_id: str
    moments: tuple[FrictionMoment, ...]
    as_of_seq: int
    duration_ms: int
