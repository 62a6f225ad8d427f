"""Connectors as they are registered, and the log of what came through each."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from app.models.base import Record


class ConnectorSummary(Record):
    """A registered connector, without the values of its credentials."""

    connector_id: str = Field(description="our id of the connector, the last part of its address")
    platform: str = Field(description="the platform's name, such as whatsapp or chatwoot")
    tenant: str = Field(description="whose ledger it writes to")
    label: str = Field(default="", description="what it is for, in the operator's words")
    scope: str | None = Field(
        default=None, description="what stands before its ids, where a tenant has several of a platform; null: nothing"
    )
    credentials: tuple[str, ...] = Field(description="names of the credentials that are set")
    created_at: datetime = Field(description="when it was registered, RFC 3339")


class Direction(StrEnum):
    """Which way something went."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class ConnectorProblem(Record):
    """Why something of a delivery was not filed, or not written back."""

    code: str = Field(description="stable code of the problem, such as invalid_request")
    detail: str = Field(description="what is wrong")
    id: str | None = Field(default=None, description="the id of the row, where it is one row's problem")


class ConnectorEvent(Record):
    """One delivery of the platform and what became of it, or one attempt to make a handoff or to write a brief back."""

    event_id: str = Field(description="our id of this entry")
    at: datetime = Field(description="when it came or went, RFC 3339")
    direction: Direction = Field(
        description="incoming: the platform's delivery; outgoing: a handoff made, a brief written back"
    )
    types: tuple[str, ...] = Field(
        default=(), description="the platform's own names of what came, or what was done: handoff, note, attributes"
    )
    bytes: Annotated[int, Field(ge=0)] = Field(default=0, description="size of the body that came")
    filed: Annotated[int, Field(ge=0)] = Field(default=0, description="rows that are new in the ledger")
    duplicates: Annotated[int, Field(ge=0)] = Field(default=0, description="rows that were known already")
    interactions: tuple[str, ...] = Field(default=(), description="interaction_ids of the first rows, at most 20")
    problems: tuple[ConnectorProblem, ...] = Field(
        default=(), description="what was not filed or not written back, and why; at most 20"
    )
    refused: bool = Field(default=False, description="whether nothing of the delivery could be read")
    handoff_id: str | None = Field(
        default=None, description="the handoff that was made, or whose brief was written back"
    )
    status: int | None = Field(default=None, description="the platform's HTTP status for what was written back")


class ConnectorEventPage(Record):
    """What came through one connector, the newest first."""

    events: tuple[ConnectorEvent, ...] = Field(description="what came and what was written back, the newest first")
    next_cursor: str | None = Field(description="pass it as `cursor` for the older ones; null on the last page")
