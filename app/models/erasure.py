"""What is left of forgetting: counts of what was erased, and how long each channel is kept."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.models.base import Record
from app.models.channels import Channel


class Erased(Record):
    """What was erased of one customer, counted by kind: interactions, identifiers, vectors, handoffs and so on."""

    customer_id: str = Field(description="our id of the customer who was erased")
    erased: Mapping[str, int] = Field(
        description="how many of each kind are gone, such as interactions, identifiers, vectors, handoffs"
    )
    as_of_seq: int = Field(description="highest ledger sequence number that the answer took into account")
    duration_ms: int = Field(description="how long the erasure took, in ms")


class RetentionRule(Record):
    """For how many days after they happened interactions of a channel are kept; `channel` null: all others."""

    channel: Channel | None = None
    days: Annotated[int, Field(ge=1, le=36_500)]


class RetentionRun(Record):
    """What one application of a tenant's retention rules erased, counted by kind."""

    tenant: str
    at: datetime
    erased: Mapping[str, int]
