"""What became of actions that were offered."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from app.models.actions import Decision, ScoreBasis
from app.models.base import Record


class SkippedReason(StrEnum):
    """Why an action that was offered was not taken."""

    NOT_RELEVANT = "not_relevant"
    ALREADY_DONE = "already_done"
    CUSTOMER_DECLINED = "customer_declined"
    NOT_ALLOWED = "not_allowed"
    OTHER = "other"


# These say that the action was out of place at this moment, and nothing of how well it serves.
_SAYS_NOTHING = frozenset({SkippedReason.ALREADY_DONE, SkippedReason.NOT_ALLOWED})
# A customer who declines leaves open whether the action would have served, so it counts for half a failure: how much an
# observation counts is its confidence (Y. Hu, Y. Koren and C. Volinsky, "Collaborative filtering for implicit feedback
# datasets", ICDM 2008), and here nobody knows which of both it was.
_DECLINED_COUNTS = 0.5


class ActionOutcome(Record):
    """What became of one action of a decision."""

    action_id: Annotated[
        str, Field(min_length=1, max_length=256, description="id of the action in the tenant's catalogue")
    ]
    displayed: bool | None = Field(default=None, description="whether the action was shown; null: not told")
    accepted: bool | None = Field(default=None, description="whether the action was taken; null: not told")
    outcome: Literal["succeeded", "failed", "unknown"] = Field(default="unknown", description="how the action ended")
    reward: Annotated[float, Field(allow_inf_nan=False)] | None = Field(
        default=None, description="how well it served, cut to 0..1; null: judged by `accepted` and `outcome`"
    )
    skipped_reason: SkippedReason | None = Field(
        default=None,
        description="why it was not taken, where `accepted` is false: `not_relevant` counts against it under this "
        "intent, `customer_declined` for half as much, `other` as a failure; `already_done` and `not_allowed` do not "
        "count",
    )

    @field_validator("skipped_reason")
    @classmethod
    def _goes_with_a_refusal(cls, reason: SkippedReason | None, info: ValidationInfo) -> SkippedReason | None:
        if reason is not None and info.data.get("accepted") is not False:
            raise ValueError("Give a skipped_reason only where `accepted` is false")
        return reason

    @property
    def success(self) -> float | None:
        """How well the action served, 0..1: its reward where one was told, else whether it was taken and succeeded.

        None where nothing is to be learnt: it was never shown, nobody knows what came of it, or it was skipped because
        it was done already or is not allowed.
        """
        if (self.displayed is False and not self.accepted) or self.skipped_reason in _SAYS_NOTHING:
            return None
        if self.reward is not None:
            return min(max(self.reward, 0.0), 1.0)
        if self.accepted is False or self.outcome == "failed":
            return 0.0
        return 1.0 if self.outcome == "succeeded" else None

    @property
    def weight(self) -> float:
        """How many outcomes it counts for, where anything is to be learnt from it."""
        return _DECLINED_COUNTS if self.skipped_reason is SkippedReason.CUSTOMER_DECLINED else 1.0


class FiledOutcome(ActionOutcome):
    """An outcome as it is kept, the last one told of each action of a decision, with the intent that it served.

    `case_id` is the message that says what the customer wanted, null where none does.
    """

    decision_id: str = Field(description="our id of the decision that the action belongs to")
    customer_id: str = Field(description="our id of the customer")
    intent: str | None = Field(
        default=None, description="name of the intent that the decision served; null where none fitted"
    )
    case_id: str | None = Field(
        default=None,
        description="`interaction_id` of the message that says what the customer wanted; null where none does",
    )
    audience: Literal["bot", "agent"] | None = Field(
        default=None, description="who was to take the action; null where it was filed before this was noted"
    )
    position: int | None = Field(default=None, description="its place in `actions`, from 1; null where it had none")
    basis: ScoreBasis | None = Field(
        default=None, description="what its score was made of when it was decided; null where it was no candidate"
    )
    filed_at: datetime = Field(description="when it was filed, RFC 3339")


class DecisionWithOutcomes(Decision):
    """A decision as it was logged, with what became of its actions."""

    outcomes: tuple[FiledOutcome, ...] = Field(
        default=(), description="what became of the decision's actions, the last one told of each"
    )
