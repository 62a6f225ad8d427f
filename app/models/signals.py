"""Signals of friction."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from app.models.actions import Intervention, InterventionLevel
from app.models.base import Confidence, Evidence, Record


class SignalType(StrEnum):
    """What may go wrong in a journey while it can still be mended."""

    HESITATION = "hesitation"
    BACKTRACKING = "backtracking"
    REPETITION = "repetition"
    CHANNEL_SWITCH = "channel_switch"
    DELAYED_REPLY = "delayed_reply"
    SILENCE = "silence"
    REPEATED_FAILURE = "repeated_failure"
    BOT_LOOP = "bot_loop"
    NEGATIVE_SENTIMENT = "negative_sentiment"
    HUMAN_REQUEST = "human_request"


class Signal(Record):
    """One moment of friction. `signal_id` is derived from what it stands on, so the same moment has the same id."""

    signal_id: str = Field(description="our id of the signal, the same each time this moment is found")
    customer_id: str = Field(description="our id of the customer")
    conversation_id: str | None = Field(
        default=None, description="the caller's id of the conversation; null: part of none"
    )
    type: SignalType = Field(description="the kind of friction")
    severity: Confidence = Field(description="how grave it is, 0..1")
    at: datetime = Field(description="when it showed, RFC 3339")
    evidence: Evidence = Field(description="`interaction_id` of each interaction that shows it")
    detail: str = Field(description="what happened, in words")


class Ladder(Record):
    """How forward to be: the friction from which on each level is reached; below the first, waiting is the answer."""

    clarify: Confidence = Field(default=0.12, description="friction from which on `clarify` is reached, 0..1")
    nudge: Confidence = Field(default=0.3, description="friction from which on `nudge` is reached, 0..1")
    route: Confidence = Field(default=0.55, description="friction from which on `route` is reached, 0..1")
    escalate: Confidence = Field(default=0.75, description="friction from which on `escalate` is reached, 0..1")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if any(before >= after for before, after in pairwise(self.model_dump().values())):
            raise ValueError("clarify, nudge, route and escalate must rise in this order")
        return self

    def level(self, friction: float) -> InterventionLevel:
        """The highest level that this friction reaches."""
        steps = reversed(self.model_dump().items())
        return InterventionLevel(next((name for name, least in steps if friction >= least), "wait"))


class FrictionPart(Record):
    """What adds to friction: a signal, or the strain of the customer's last message where `signal_id` is null.

    `share` is the chance that this by itself costs us the customer's patience, its weight and its age counted in.
    """

    signal_id: str | None = Field(description="our id of the signal; null for the strain of the last message")
    type: SignalType | None = Field(description="type of the signal; null for the strain of the last message")
    share: Confidence = Field(description="chance that this alone costs the customer's patience, 0..1, faded with age")
    detail: str = Field(description="what it is, in words")


class Friction(Record):
    """How much friction there is, what it is made of, the gravest first, and how forward to be about it.

    `score` is `1 - Π(1 - share)` over the components; `ladder` is the friction from which on each level is reached. A
    request for a person reaches the highest whatever the score.
    """

    level: InterventionLevel = Field(description="how forward to be")
    score: Confidence = Field(description="how much friction there is, 0..1")
    components: tuple[FrictionPart, ...] = Field(description="what the friction is made of, the gravest first")
    ladder: Ladder = Field(description="friction from which on each level is reached")


class FrictionMoment(Record):
    """How a conversation stood when one message of its customer had come, and nothing after it.

    `strain` is the chance that this message is a dissatisfied one, by its wording and what went before; `traits` are
    what it was read from. The friction of the intervention holds it together with the signals that stood.
    """

    interaction_id: str = Field(description="our id of the customer's message")
    at: datetime = Field(description="when the message came, RFC 3339")
    intervention: Intervention = Field(description="how forward to be at that moment, and its friction")
    strain: Confidence = Field(description="chance that the customer is dissatisfied with this message, 0..1")
    traits: Mapping[str, float] = Field(
        description="what the strain was read from: value of each trait of the message, by name"
    )
