"""Decisions and the actions they offer or hold back."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from app.models.base import Confidence, Evidence, Record


class InterventionLevel(StrEnum):
    """How forward to be, from least to most."""

    WAIT = "wait"
    CLARIFY = "clarify"
    NUDGE = "nudge"
    ROUTE = "route"
    ESCALATE = "escalate"


class Intervention(Record):
    """How forward to be, and why: the signals that say so, and what the customer's last message tells, in words."""

    level: InterventionLevel
    friction: Confidence
    reasons: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()


class Components(Record):
    """The four factors whose product ranks an action (Pega's arbitration formula)."""

    propensity: Confidence
    context: Annotated[float, Field(ge=0.0)]
    value: Annotated[float, Field(ge=0.0)]
    lever: Annotated[float, Field(ge=0.0)]


class OfferedAction(Record):
    """An action of the tenant's catalogue that may be taken now.

    `propensity` is how probable it is that the action helps; `probability` how probable it was that this action and no
    other came at its place, given those before it. It is 1 unless the catalogue explores.
    """

    action_id: str
    label: str
    script: str | None = None
    score: Annotated[float, Field(ge=0.0)]
    propensity: Confidence
    probability: Confidence = 1.0
    components: Components
    reason: str
    evidence: Evidence = ()
    requires_approval: bool = False
    parameters: Mapping[str, JsonValue] = Field(default_factory=dict)


class SuppressionReason(StrEnum):
    """Why an action of the catalogue is not offered."""

    ALREADY_TRIED = "already_tried"
    INELIGIBLE = "ineligible"
    NOT_APPLICABLE = "not_applicable"
    UNSUITABLE = "unsuitable"
    CONTACT_POLICY = "contact_policy"


class SuppressedAction(Record):
    """An action that is not offered, and why."""

    action_id: str
    reason: SuppressionReason
    detail: str
    evidence: Evidence = ()


class Candidate(Record):
    """An action that policy left open, offered or not, and how probable it was that it came first.

    The candidates of a decision are what another policy could have chosen from, so they are what one is judged by.
    """

    action_id: str
    probability: Confidence
    components: Components


class FiledCatalogue(Record):
    """The catalogue in force for a tenant, as JSON; `put_at` is None where it is the service's own."""

    version: str
    put_at: datetime | None = None
    catalogue: Mapping[str, JsonValue]


class Decision(Record):
    """What to do next: how forward to be, at most five actions, and those held back.

    `case_id` is the latest message that says what the customer wants, an interaction_id. `engine` tells whether a model
    ordered and worded the actions; `failure_code` why it did not, where one is set.
    """

    decision_id: str
    customer_id: str
    conversation_id: str | None = None
    created_at: datetime
    as_of_seq: int
    duration_ms: int
    audience: Literal["bot", "agent"]
    intent: str | None = None
    case_id: str | None = None
    intervention: Intervention
    actions: tuple[OfferedAction, ...]
    suppressed: tuple[SuppressedAction, ...]
    candidates: tuple[Candidate, ...] = ()
    engine: Literal["model", "rules"] = "rules"
    failure_code: str | None = None
