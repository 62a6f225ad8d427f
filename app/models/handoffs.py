"""Handoffs, and what became of them."""

from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from app.models.actions import Decision
from app.models.base import Evidence, Moment, Record
from app.models.brief import Brief
from app.models.customers import Verification, VerificationStatus
from app.models.requests import HandoffRequest
from app.models.signals import Signal
from app.models.verification import Checker


class HandoffStatus(StrEnum):
    """Whether the brief is whole."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"


class FailureCode(StrEnum):
    """Which part is missing or was replaced by a fallback."""

    ANALYSIS_LIMIT = "analysis_limit"
    MODEL_TIMEOUT = "model_timeout"
    MODEL_UNAVAILABLE = "model_unavailable"
    INVALID_MODEL_OUTPUT = "invalid_model_output"
    RETRIEVAL_UNAVAILABLE = "retrieval_unavailable"
    INSUFFICIENT_CONTENT = "insufficient_content"


class PromptReference(Record):
    """Which released prompt was used, byte for byte."""

    name: str
    version: str
    sha256: str


class Usage(Record):
    """What a model's answer cost; `cost_usd` is null where the price of the model is not known."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None


class ClaimCheck(Record):
    """Who checked the claims of a brief, and whether their verdicts may still change.

    `pending` until the model's verdicts are in, `failed` where they did not come about, `off` where no model checks.
    """

    by: Checker = "rules"
    state: Literal["done", "pending", "failed", "off"] = "off"


class Handoff(Record):
    """The answer to an escalation. `pending` is true while another revision of it may come.

    `revision` counts from 1: a model that was late, or a check that ended later, makes the next one under the same id.
    `drafted_ahead` is true where the model's words were ready before the handoff was asked for.
    """

    handoff_id: str
    customer_id: str
    conversation_id: str | None = None
    created_at: datetime
    as_of_seq: int
    duration_ms: int
    revision: Annotated[int, Field(ge=1)] = 1
    drafted_ahead: bool = False
    stale: bool = False
    pending: bool = False
    status: HandoffStatus
    failure_code: FailureCode | None = None
    engine: Literal["model", "extractive"]
    model: str | None = None
    prompt: PromptReference | None = None
    usage: Usage | None = None
    verification_status: VerificationStatus
    verification: Verification | None = None
    check: ClaimCheck = ClaimCheck()
    brief: Brief
    signals: tuple[Signal, ...] = ()
    next_actions: Decision | None = None
    request: HandoffRequest

    @property
    def evidence(self) -> Evidence:
        """Every interaction that the handoff names, each once."""
        brief, decision = self.brief, self.next_actions
        of_brief = (*brief.claims, *brief.actions_taken, *brief.commitments, *brief.entities, *brief.history)
        advised = (*decision.actions, *decision.suppressed) if decision else ()
        verified = self.verification.evidence if self.verification else ()
        stands_on = (verified, *(entry.evidence for entry in (*of_brief, *advised, *self.signals)))
        return tuple(dict.fromkeys(chain.from_iterable(stands_on)))


class ClaimMark(Record):
    """What an agent says of one claim of a brief; `missing` names something that the brief should have said."""

    text: Annotated[str, Field(min_length=1, max_length=2000)]
    mark: Literal["right", "wrong", "missing"]


class Feedback(Record):
    """What an agent's desktop tells of a handoff; it may be told in parts, as the contact goes on."""

    displayed_at: Moment | None = None
    accepted: bool | None = None
    claims: Annotated[tuple[ClaimMark, ...], Field(max_length=200)] = ()
    edited_brief: JsonValue = None
    repeated_information: bool | None = None
    missing_context: bool | None = None
    connected_at: Moment | None = None
    resolved_at: Moment | None = None
    outcome: Annotated[str, Field(max_length=256)] | None = None
    disposition: Annotated[str, Field(max_length=256)] | None = None
    comment: Annotated[str, Field(max_length=2000)] | None = None


class FiledFeedback(Feedback):
    """Feedback as it is kept, one document for each time something was told."""

    feedback_id: str
    handoff_id: str
    customer_id: str
    filed_at: datetime


class ActionOutcome(Record):
    """What became of one action of a decision."""

    action_id: Annotated[str, Field(min_length=1, max_length=256)]
    displayed: bool | None = None
    accepted: bool | None = None
    outcome: Literal["succeeded", "failed", "unknown"] = "unknown"
    reward: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @property
    def success(self) -> float | None:
        """How well the action served, 0..1: its reward where one was told, else whether it was taken and succeeded.

        None where nothing is to be learnt: it was never shown, or nobody knows what came of it.
        """
        if self.displayed is False and not self.accepted:
            return None
        if self.reward is not None:
            return min(max(self.reward, 0.0), 1.0)
        if self.accepted is False or self.outcome == "failed":
            return 0.0
        return 1.0 if self.outcome == "succeeded" else None


class FiledOutcome(ActionOutcome):
    """An outcome as it is kept, the last one told of each action of a decision, with the intent that it served.

    `case_id` is the message that says what the customer wanted, null where none does.
    """

    decision_id: str
    customer_id: str
    intent: str | None = None
    case_id: str | None = None
    filed_at: datetime


class DecisionWithOutcomes(Decision):
    """A decision as it was logged, with what became of its actions."""

    outcomes: tuple[FiledOutcome, ...] = ()
