"""What callers ask."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from app.models.base import Actor, Channel, Moment, Record
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

    code: HandoffReason
    detail: Annotated[str, Field(max_length=2000)] | None = None


class SectionRequest(Record):
    """A section of the brief that this tenant wants beside the standard ones."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    instruction: Annotated[str, Field(min_length=1, max_length=2000)]


class Subject(Record):
    """Whom a question is about: at least one of the three is needed."""

    customer_id: str | None = None
    identifiers: Annotated[tuple[Identifier, ...], Field(max_length=32)] = ()
    conversation_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None


class VerifyRequest(Record):
    """Sentences that somebody wrote of a conversation or a customer; at least one of the two is named."""

    conversation_id: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    customer_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    claims: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=2000)], ...], Field(max_length=200)]

    @model_validator(mode="after")
    def _names_somebody(self) -> "VerifyRequest":
        if self.conversation_id is None and self.customer_id is None:
            raise ValueError("conversation_id or customer_id is needed")
        return self


class HandoffRequest(Subject):
    """What a contact-centre platform sends on escalation."""

    from_channel: Channel | None = None
    to_channel: Channel | None = None
    from_actor: Actor | None = None
    to_queue: Annotated[str, Field(max_length=256)] | None = None
    agent_id: Annotated[str, Field(max_length=256)] | None = None
    locale: Annotated[str, Field(max_length=35)] | None = None
    reason: Reason | None = None
    deadline_ms: Annotated[int, Field(ge=1, le=120_000, strict=True)] = 2000
    sections: Annotated[tuple[SectionRequest, ...], Field(max_length=8)] = ()
    now: Moment | None = None


class LinkRequest(Record):
    """For how long a link to one handoff's card shall open it."""

    ttl_s: Annotated[int, Field(ge=30, le=86_400, strict=True)] = 900


class NextActionRequest(Subject):
    """What a bot or an agent's desktop sends when it asks what to do next."""

    audience: Literal["bot", "agent"] = "bot"
    limit: Annotated[int, Field(ge=1, le=5, strict=True)] = 3
    context: Mapping[str, JsonValue] = Field(default_factory=dict)
    deadline_ms: Annotated[int, Field(ge=1, le=120_000, strict=True)] = 2000
    now: Moment | None = None
