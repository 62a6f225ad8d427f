"""The warm-handoff brief."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from app.models.base import Actor, Confidence, Evidence, Outcome, Record
from app.models.channels import Channel
from app.models.verification import Checker, Quote, VerdictKind


class ScoredName(Record):
    """A name with how sure we are of it."""

    name: str = Field(description="the name, such as that of an intent or a disposition")
    confidence: Confidence = Field(description="how sure the name is, 0..1")


class Intent(Record):
    """What the customer wants, by a name and a label of the tenant's; both are null when nothing fits well enough."""

    name: str | None = Field(
        default=None, description="name of the intent in the tenant's catalogue; null where nothing fits well enough"
    )
    label: str | None = Field(
        default=None, description="label of the intent as people read it, from the catalogue; null where `name` is"
    )
    confidence: Confidence = Field(default=0.0, description="how sure `name` is, 0..1; 0 where it is null")
    alternatives: tuple[ScoredName, ...] = Field(
        default=(), description="other intents that may fit, the likeliest first, at most 6"
    )


class ActionTaken(Record):
    """A step somebody or something already took, with how it ended."""

    step: str = Field(description="what was done, in a few words, such as `start return`")
    actor: Actor = Field(description="who took the step")
    channel: Channel = Field(description="the channel on which the step was taken")
    outcome: Outcome = Field(description="how the step ended")
    at: datetime = Field(description="when it was taken, or when its result came, RFC 3339")
    evidence: Evidence = Field(description="interaction_ids of the step and of earlier attempts at it")


class Commitment(Record):
    """What somebody promised; `due` is in their words, and `at` is when they said it: `today` is a day then."""

    by: Actor = Field(description="who made the promise")
    text: str = Field(description="what was promised")
    due: str | None = Field(
        default=None,
        description="by when, in the words of the promise, such as `within two days`; null where no time was named",
    )
    at: datetime | None = Field(
        default=None, description="when the promise was made, RFC 3339; null where that is not known"
    )
    evidence: Evidence = Field(description="interaction_ids in which it was promised")


class Entity(Record):
    """An order or account number, an amount, a date, a product, an error code."""

    type: str = Field(
        description="what the value is, such as `order_id`, `account_id`, `amount`, `date`, `product` or `error_code`"
    )
    value: str = Field(description="the number, name, amount or date as it was written")
    evidence: Evidence = Field(description="interaction_ids in which the value stands")


class HistoryItem(Record):
    """A prior interaction that matters here."""

    at: datetime = Field(description="when the interaction happened, RFC 3339")
    channel: Channel = Field(description="the channel on which it happened")
    text: str = Field(description="what it tells that matters here, in one or two sentences")
    evidence: Evidence = Field(description="interaction_ids of what is told")


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

    label: SentimentLabel = Field(description="how the customer feels about the matter")
    trend: Trend = Field(description="whether the feeling improves, stays or worsens over the customer's messages")


class ResolutionStatus(StrEnum):
    """Whether what the customer came for is settled."""

    RESOLVED = "resolved"
    PARTIAL = "partial"
    UNRESOLVED = "unresolved"
    UNKNOWN = "unknown"


class Claim(Record):
    """A declarative sentence of the brief with what backs it; one that is unverified is shown and marked as such."""

    text: str = Field(description="one declarative sentence of the brief")
    evidence: Evidence = Field(description="interaction_ids that back the sentence")
    quotes: tuple[Quote, ...] = Field(default=(), description="words of the evidence that back it, verbatim")
    support: Confidence = Field(description="how well the evidence backs the sentence, 0..1")
    verdict: Literal[VerdictKind.SUPPORTED, VerdictKind.UNVERIFIED] = Field(
        default=VerdictKind.SUPPORTED, description="whether the evidence supports it, or leaves it unverified"
    )
    checked_by: Checker = Field(default="rules", description="who gave the verdict, rules or a model")


class DroppedClaim(Record):
    """What a model said and the evidence refutes, and who found it out."""

    text: str = Field(description="a sentence that a model wrote and the brief leaves out")
    why: str = Field(description="why the sentence was left out, in plain words")
    checked_by: Checker = Field(default="rules", description="who found the reason, rules or a model")


class Brief(Record):
    """The warm-handoff brief. A field with nothing to say is null or empty, never "not mentioned"."""

    headline: Annotated[str, Field(max_length=120)] | None = Field(
        default=None,
        description="what it is about and where it stands, one line, at most 120 characters; null without content",
    )
    contact_reason: str | None = Field(
        default=None, description="why the customer came, in one sentence; null where that is not known"
    )
    intent: Intent = Field(default=Intent(), description="what the customer wants, in the catalogue's terms")
    situation: str | None = Field(
        default=None,
        description="what happened so far, one to four sentences, at most 80 words; null where nothing is known",
    )
    actions_taken: tuple[ActionTaken, ...] = Field(
        default=(), description="steps that were taken already, self-service attempts included, each with its outcome"
    )
    resolution_status: ResolutionStatus = Field(
        default=ResolutionStatus.UNKNOWN, description="whether what the customer came for is settled"
    )
    customer_expectation: str | None = Field(
        default=None, description="what the customer wants to happen; null where they did not say"
    )
    commitments: tuple[Commitment, ...] = Field(default=(), description="what anyone promised")
    open_questions: tuple[str, ...] = Field(default=(), description="questions that nobody has answered yet")
    entities: tuple[Entity, ...] = Field(
        default=(),
        description="order and account numbers, amounts, dates, products and error codes of the case, at most 24",
    )
    history: tuple[HistoryItem, ...] = Field(
        default=(), description="prior interactions that matter here, from any channel"
    )
    sentiment: Sentiment | None = Field(default=None, description="the customer's mood; null where nothing tells of it")
    suggested_opening: str | None = Field(
        default=None, description="a first sentence for the agent to say; null where there is none"
    )
    suggested_disposition: ScoredName | None = Field(
        default=None, description="how the contact will probably be filed; null where that is open"
    )
    custom_sections: Mapping[str, str] = Field(
        default_factory=dict,
        description="text of each section that the request asked for, by its name; left out where nothing fits",
    )
    claims: tuple[Claim, ...] = Field(
        default=(), description="every declarative sentence of the brief with what backs it"
    )
    dropped_claims: tuple[DroppedClaim, ...] = Field(
        default=(), description="what a model wrote and the brief leaves out, mostly since the evidence refutes it"
    )
