"""What lists of customers, conversations and handoffs tell of each, the newest first."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.models.base import Actor, Kind, Record
from app.models.channels import Channel
from app.models.customers import VerificationStatus
from app.models.handoffs import HandoffStatus


class CustomerSummary(Record):
    """A customer in a list."""

    customer_id: str = Field(description="our id of the customer")
    created_at: datetime = Field(description="when the customer was first known")
    verification_status: VerificationStatus = Field(description="how sure it is who they are")
    identifiers: Annotated[int, Field(ge=0)] = Field(description="how many identifiers lead to them")


class ConversationSummary(Record):
    """A conversation in a list, with the interaction that happened last in it."""

    conversation_id: str = Field(description="the caller's id of the conversation")
    customer_id: str = Field(description="whom its last interaction belongs to")
    interaction_id: str = Field(description="our id of its last interaction")
    last_at: datetime = Field(description="when its last interaction happened")
    channel: Channel = Field(description="the channel of its last interaction")
    actor: Actor = Field(description="who acted last")
    kind: Kind = Field(description="the kind of its last interaction")
    text: str = Field(description="the text of its last interaction, at most 200 characters")


class HandoffSummary(Record):
    """A handoff in a list."""

    handoff_id: str = Field(description="our id of the handoff")
    customer_id: str = Field(description="whose handoff it is")
    conversation_id: str | None = Field(description="the conversation that was handed on, null where none was named")
    created_at: datetime = Field(description="when it was made")
    status: HandoffStatus = Field(description="completed, partial or failed")
    engine: Literal["model", "extractive"] = Field(description="what made the brief: a model, or rules without one")
    revision: int = Field(description="the newest revision, counted from 1")
    from_channel: Channel | None = Field(description="where the customer came from")
    to_channel: Channel | None = Field(description="where the customer was handed to")
    headline: str | None = Field(description="the brief's headline")


class CustomerPage(Record):
    """One page of customers."""

    customers: tuple[CustomerSummary, ...] = Field(description="the newest first")
    next_cursor: str | None = Field(description="what to pass as `cursor` for the next page, null on the last")
    as_of_seq: int = Field(description="the highest sequence number of the ledger that was taken into account")


class ConversationPage(Record):
    """One page of conversations."""

    conversations: tuple[ConversationSummary, ...] = Field(description="those that were written to last first")
    next_cursor: str | None = Field(description="what to pass as `cursor` for the next page, null on the last")
    as_of_seq: int = Field(description="the highest sequence number of the ledger that was taken into account")


class HandoffPage(Record):
    """One page of handoffs."""

    handoffs: tuple[HandoffSummary, ...] = Field(description="the newest first")
    next_cursor: str | None = Field(description="what to pass as `cursor` for the next page, null on the last")
    as_of_seq: int = Field(description="the highest sequence number of the ledger that was taken into account")
