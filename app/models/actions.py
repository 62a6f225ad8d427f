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
    """How forward to be, and the signals that say so."""

    level: InterventionLevel
    friction: Confidence
    reasons: tuple[str, ...] = ()


class Components(Record):
    """The four factors whose product ranks an action (Pega's arbitration formula)."""

    propensity: Confidence
    context: Annotated[float, Field(ge=0.0)]
    value: Annotated[float, Field(ge=0.0)]
    lever: Annotated[float, Field(ge=0.0)]


class OfferedAction(Record):
    """An action of the tenant's catalogue that may be taken now."""

    action_id: str
    label: str
    script: str | None = None
    score: Annotated[float, Field(ge=0.0)]
    propensity: Confidence
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


class Decision(Record):
    """What to do next: how forward to be, at most five actions, and those held back."""

    decision_id: str
    customer_id: str
    conversation_id: str | None = None
    created_at: datetime
    as_of_seq: int
    duration_ms: int
    audience: Literal["bot", "agent"]
    intervention: Intervention
    actions: tuple[OfferedAction, ...]
    suppressed: tuple[SuppressedAction, ...]
