"""Handoffs, and what became of them."""

from datetime import datetime
from enum import StrEnum
from itertools import chain
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from app.models.actions import Decision
from app.models.base import Evidence, Moment, Record
from app.models.brief import Brief
from app.models.customers import IdentityMatch, Verification, VerificationStatus
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

    name: str = Field(description="name of the prompt, such as brief")
    version: str = Field(description="its released version, such as v3")
    sha256: str = Field(description="SHA-256 of the prompt's file, in hex")


class Usage(Record):
    """What a model's answer cost; `cost_usd` is null where the price of the model is not known."""

    prompt_tokens: int = Field(default=0, description="tokens that the model read")
    completion_tokens: int = Field(default=0, description="tokens that the model wrote")
    cost_usd: float | None = Field(
        default=None, description="cost in US dollars; null where the model's price is not known"
    )


class ClaimCheck(Record):
    """Who checked the claims of a brief, and whether their verdicts may still change.

    `pending` until the model's verdicts are in, `failed` where they did not come about, `off` where no model checks.
    """

    by: Checker = Field(default="rules", description="who checks the claims: `rules` alone, or a `model` after them")
    state: Literal["done", "pending", "failed", "off"] = Field(
        default="off",
        description="`pending` while verdicts may still change, then `done` or `failed`; `off` where no model checks",
    )


class Handoff(Record):
    """The answer to an escalation. `pending` is true while another revision of it may come.

    `revision` counts from 1: a model that was late, or a check that ended later, makes the next one under the same id.
    `drafted_ahead` is true where the model's words were ready before the handoff was asked for.
    """

    handoff_id: str = Field(description="our id of the handoff, the same in all its revisions")
    customer_id: str = Field(description="our id of the customer")
    conversation_id: str | None = Field(
        default=None,
        description="the caller's id of the conversation at hand, the latest where none was named; null without one",
    )
    created_at: datetime = Field(description="when the handoff was made, RFC 3339")
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the first revision took to make, in ms")
    revision: Annotated[
        int, Field(ge=1, description="1, 2, …: a model or a check that ended late makes the next one")
    ] = 1
    drafted_ahead: bool = Field(
        default=False, description="whether the model's words were ready before the handoff was asked for"
    )
    stale: bool = Field(
        default=False, description="whether the ledger has moved on for this customer since the handoff was made"
    )
    pending: bool = Field(default=False, description="whether another revision may still come")
    status: HandoffStatus = Field(description="whether the brief is whole, partial, or has nothing to say")
    failure_code: FailureCode | None = Field(
        default=None, description="which part is missing or replaced by a fallback; null where none is"
    )
    engine: Literal["model", "extractive"] = Field(
        description="who made the brief: a `model`, or rules that extract it from the interactions"
    )
    model: str | None = Field(
        default=None, description="name of the model that made the brief; null for an extractive one"
    )
    prompt: PromptReference | None = Field(
        default=None, description="prompt that the model was given; null for an extractive brief"
    )
    usage: Usage | None = Field(
        default=None, description="tokens and cost of the model's answer; null for an extractive brief"
    )
    verification_status: VerificationStatus = Field(description="how sure we are of who the customer is")
    verification: Verification | None = Field(
        default=None, description="how and when the customer was verified; null where they were not"
    )
    identity: IdentityMatch = Field(
        default=IdentityMatch(), description="who the customer may be, without a fact of anybody else"
    )
    check: ClaimCheck = Field(
        default=ClaimCheck(), description="who checks the claims, and whether verdicts may still change"
    )
    brief: Brief = Field(description="the brief for whoever takes over")
    signals: tuple[Signal, ...] = Field(
        default=(), description="signals of friction that stand, in the order they showed"
    )
    next_actions: Decision | None = Field(default=None, description="how forward to be and what to do next")
    request: HandoffRequest = Field(description="the request that the handoff answers")

    @property
    def evidence(self) -> Evidence:
        """Every interaction that the handoff names, each once."""
        brief, decision = self.brief, self.next_actions
        of_brief = (*brief.claims, *brief.actions_taken, *brief.commitments, *brief.entities, *brief.history)
        advised = decision.evidence if decision else ()
        verified = self.verification.evidence if self.verification else ()
        of_entries = (entry.evidence for entry in of_brief)
        stands_on = (verified, *of_entries, advised, *(signal.evidence for signal in self.signals))
        return tuple(dict.fromkeys(chain.from_iterable(stands_on)))


class ClaimMark(Record):
    """What an agent says of one claim of a brief; `missing` names something that the brief should have said."""

    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            description="the claim as the brief words it; with `missing`, what the brief should have said",
        ),
    ]
    mark: Literal["right", "wrong", "missing"] = Field(
        description="whether the claim is right, wrong, or missing from the brief"
    )


class Feedback(Record):
    """What an agent's desktop tells of a handoff; it may be told in parts, as the contact goes on."""

    displayed_at: Moment | None = Field(
        default=None, description="when the agent's desktop showed the brief, RFC 3339; null: not told"
    )
    accepted: bool | None = Field(default=None, description="whether the agent took the brief as it is; null: not told")
    claims: Annotated[
        tuple[ClaimMark, ...], Field(max_length=200, description="the agent's marks on single claims, at most 200")
    ] = ()
    edited_brief: JsonValue = Field(
        default=None, description="the brief as the agent changed it, any JSON; null: not changed"
    )
    repeated_information: bool | None = Field(
        default=None, description="whether the customer had to repeat what they had told before; null: not told"
    )
    missing_context: bool | None = Field(
        default=None, description="whether the agent lacked the background of the contact; null: not told"
    )
    connected_at: Moment | None = Field(
        default=None, description="when agent and customer were connected, RFC 3339; null: not told"
    )
    resolved_at: Moment | None = Field(
        default=None, description="when the matter was resolved, RFC 3339; null: not told"
    )
    outcome: Annotated[str, Field(max_length=256)] | None = Field(
        default=None, description="how the contact ended, in the caller's own words; null: not told"
    )
    disposition: Annotated[str, Field(max_length=256)] | None = Field(
        default=None,
        description="disposition that the agent chose, compared with `suggested_disposition`; null: not told",
    )
    comment: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="the agent's remark, free text; null: none"
    )


class FiledFeedback(Feedback):
    """Feedback as it is kept, one document for each time something was told."""

    feedback_id: str = Field(description="our id of this feedback")
    handoff_id: str = Field(description="our id of the handoff that it is about")
    customer_id: str = Field(description="our id of the customer")
    filed_at: datetime = Field(description="when it was filed, RFC 3339")
