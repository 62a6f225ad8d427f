"""The warm-handoff brief."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from app.models.base import Actor, Channel, Confidence, Evidence, Outcome, Record
from app.models.verification import Checker, Quote, VerdictKind


class ScoredName(Record):
    """A name with how sure we are of it."""

    name: str
    confidence: Confidence


class Intent(Record):
    """What the customer wants, by a name and a label of the tenant's; both are null when nothing fits well enough."""

    name: str | None = None
    label: str | None = None
    confidence: Confidence = 0.0
    alternatives: tuple[ScoredName, ...] = ()


class ActionTaken(Record):
    """A step somebody or something already took, with how it ended."""

    step: str
    actor: Actor
    channel: Channel
    outcome: Outcome
    at: datetime
    evidence: Evidence


class Commitment(Record):
    """What somebody promised; `due` is in their words, and `at` is when they said it: `today` is a day then."""

    by: Actor
    text: str
    due: str | None = None
    at: datetime | None = None
    evidence: Evidence


class Entity(Record):
    """An order or account number, an amount, a date, a product, an error code."""

    type: str
    value: str
    evidence: Evidence


class HistoryItem(Record):
    """A prior interaction that matters here."""

    at: datetime
    channel: Channel
    text: str
    evidence: Evidence


class SentimentLabel(StrEnum):
    """How the customer feels."""

    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"
    MIXED = "mixed"


class Trend(StrEnum):
    """Where the feeling is going."""

    IMPROVING = "improving"
    STEADY = "steady"
    WORSENING = "worsening"


class Sentiment(Record):
    """The customer's mood and where it is going."""

    label: SentimentLabel
    trend: Trend


class ResolutionStatus(StrEnum):
    """Whether what the customer came for is settled."""

    RESOLVED = "resolved"
    PARTIAL = "partial"
    UNRESOLVED = "unresolved"
    UNKNOWN = "unknown"


class Claim(Record):
    """A declarative sentence of the brief with what backs it; one that is unverified is shown and marked as such."""

    text: str
    evidence: Evidence
    quotes: tuple[Quote, ...] = ()
    support: Confidence
    verdict: Literal[VerdictKind.SUPPORTED, VerdictKind.UNVERIFIED] = VerdictKind.SUPPORTED
    checked_by: Checker = "rules"


class DroppedClaim(Record):
    """What a model said and the evidence refutes, and who found it out."""

    text: str
    why: str
    checked_by: Checker = "rules"


class Brief(Record):
    """The warm-handoff brief. A field with nothing to say is null or empty, never "not mentioned"."""

    headline: Annotated[str, Field(max_length=120)] | None = None
    contact_reason: str | None = None
    intent: Intent = Intent()
    situation: str | None = None
    actions_taken: tuple[ActionTaken, ...] = ()
    resolution_status: ResolutionStatus = ResolutionStatus.UNKNOWN
    customer_expectation: str | None = None
    commitments: tuple[Commitment, ...] = ()
    open_questions: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    history: tuple[HistoryItem, ...] = ()
    sentiment: Sentiment | None = None
    suggested_opening: str | None = None
    suggested_disposition: ScoredName | None = None
    custom_sections: Mapping[str, str] = Field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    dropped_claims: tuple[DroppedClaim, ...] = ()
