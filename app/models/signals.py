"""Signals of friction."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Self

from pydantic import model_validator

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

    signal_id: str
    customer_id: str
    conversation_id: str | None = None
    type: SignalType
    severity: Confidence
    at: datetime
    evidence: Evidence
    detail: str


class Ladder(Record):
    """How forward to be: the friction from which on each level is reached; below the first, waiting is the answer."""

    clarify: Confidence = 0.12
    nudge: Confidence = 0.3
    route: Confidence = 0.55
    escalate: Confidence = 0.75

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

    signal_id: str | None
    type: SignalType | None
    share: Confidence
    detail: str


class Friction(Record):
    """How much friction there is, what it is made of, the gravest first, and how forward to be about it.

    `score` is `1 - Π(1 - share)` over the components; `ladder` is the friction from which on each level is reached. A
    request for a person reaches the highest whatever the score.
    """

    level: InterventionLevel
    score: Confidence
    components: tuple[FrictionPart, ...]
    ladder: Ladder


class FrictionMoment(Record):
    """How a conversation stood when one message of its customer had come, and nothing after it.

    `strain` is the chance that this message is a dissatisfied one, by its wording and what went before; `traits` are
    what it was read from. The friction of the intervention holds it together with the signals that stood.
    """

    interaction_id: str
    at: datetime
    intervention: Intervention
    strain: Confidence
    traits: Mapping[str, float]
