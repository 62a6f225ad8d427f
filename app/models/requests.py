"""What callers ask."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from app.models.base import Actor, Moment, Record
from app.models.channels import Channel
from app.models.interactions import Identifier


class HandoffReason(StrEnum):
    """Why the conversation is being handed on."""

    CUSTOMER_REQUEST = "customer_request"
    BOT_FAILURE = "bot_failure"
    MISSING_KNOWLEDGE = "missing_knowledge"
    MISSING_TOOL = "missing_tool"
    POLICY_EXCEPTION = "policy_exception"
    PROHIBITED_TOPIC = "prohibited_topic"
    HIGH_FRICTION = "high_friction"
    OTHER = "other"


class Reason(Record):
    """Why, in a code and in words."""

    code: HandoffReason = Field(description="the reason as a code")
    detail: Annotated[str, Field(max_length=2000)] | None = Field(
        default=None, description="the reason in words, at most 2,000 characters; null: none"
    )


class SectionRequest(Record):
    """A section of the brief that this tenant wants beside the standard ones."""

    name: Annotated[
        str, Field(min_length=1, max_length=64, description="name of the section, its key in `custom_sections`")
    ]
    instruction: Annotated[str, Field(min_length=1, max_length=2000, description="what the section should tell")]


class Subject(Record):
    """Whom a question is about: at least one of the three is needed."""

    customer_id: str | None = Field(
        default=None, description="our id of the customer; at least this, `identifiers` or `conversation_id` is needed"
    )
    identifiers: Annotated[
        tuple[Identifier, ...],
        Field(max_length=32, description="who the customer is, at most 32; unknown ones make a new customer"),
    ] = ()
    conversation_id: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        default=None, description="the caller's id of the conversation, as its interactions name it"
    )


class VerifyRequest(Record):
    """Sentences that somebody wrote of a conversation or a customer; at least one of the two is named."""

    conversation_id: Annotated[str, Field(min_length=1, max_length=256)] | None = Field(
        default=None, description="the caller's id of the conversation to check against; null: all of the customer's"
    )
    customer_id: Annotated[str, Field(min_length=1, max_length=128)] | None = Field(
        default=None, description="our id of the customer to check against; null: whoever holds the conversation"
    )
    claims: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=2000)], ...],
        Field(max_length=200, description="sentences to check, at most 200, each at most 2,000 characters"),
    ]

    @model_validator(mode="after")
    def _names_somebody(self) -> "VerifyRequest":
        if self.conversation_id is None and self.customer_id is None:
            raise ValueError("conversation_id or customer_id is needed")
        return self


class HandoffRequest(Subject):
    """What a contact-centre platform sends on escalation."""

    from_channel: Channel | None = Field(
        default=None, description="channel that the customer comes from; null: not told"
    )
    to_channel: Channel | None = Field(default=None, description="channel on which the contact goes on; null: not told")
    from_actor: Actor | None = Field(default=None, description="who hands over, such as bot or agent; null: not told")
    to_queue: Annotated[str, Field(max_length=256)] | None = Field(
        default=None, description="the platform's name of the queue that takes over; null: not told"
    )
    agent_id: Annotated[str, Field(max_length=256)] | None = Field(
        default=None, description="the platform's id of the agent who takes over; null: not told"
    )
    locale: Annotated[str, Field(max_length=35)] | None = Field(
        default=None,
        description="language of the brief, such as de or en-GB; null: the customer's with a model, English without",
    )
    reason: Reason | None = Field(default=None, description="why the conversation is handed over; null: not told")
    deadline_ms: Annotated[
        int,
        Field(
            ge=1, le=120_000, strict=True, description="ms within which the answer is there, whatever the model does"
        ),
    ] = 2000
    sections: Annotated[
        tuple[SectionRequest, ...], Field(max_length=8, description="custom sections of the brief, at most 8")
    ] = ()
    now: Moment | None = Field(default=None, description="moment as of which it is judged, RFC 3339; null: the present")


class LinkRequest(Record):
    """For how long a link to one handoff's card shall open it."""

    ttl_s: Annotated[
        int, Field(ge=30, le=86_400, strict=True, description="for how many seconds the link opens the card")
    ] = 900


class NextActionRequest(Subject):
    """What a bot or an agent's desktop sends when it asks what to do next."""

    audience: Literal["bot", "agent"] = Field(
        default="bot", description="who is to take the actions: the bot or an agent"
    )
    limit: Annotated[int, Field(ge=1, le=5, strict=True, description="how many actions are offered at most")] = 3
    context: Mapping[str, JsonValue] = Field(
        default_factory=dict,
        description="facts of the moment for the catalogue's expressions and parameters, such as page",
    )
    deadline_ms: Annotated[
        int,
        Field(
            ge=1,
            le=120_000,
            strict=True,
            description="ms within which the answer is there where a model ranks; of no effect without one",
        ),
    ] = 1500
    now: Moment | None = Field(default=None, description="moment as of which it is judged, RFC 3339; null: the present")
