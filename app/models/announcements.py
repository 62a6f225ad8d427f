"""What is announced the moment it happens, and to whom."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from app.models.base import Record


class Topic(StrEnum):
    """What a webhook may ask to be told of. Nothing is sent on a topic before something of its kind happens."""

    HANDOFF_READY = "handoff.ready"
    HANDOFF_UPDATED = "handoff.updated"
    HANDOFF_STATUS = "handoff.status"
    SIGNAL_FIRED = "signal.fired"
    FRICTION_THRESHOLD = "friction.threshold"
    WRAP_UP_READY = "wrap_up.ready"


class Announcement(Record):
    """Something that happened; the same happening has the same `announcement_id`, whoever finds it."""

    announcement_id: str
    topic: Topic
    at: datetime
    customer_id: str
    data: Mapping[str, JsonValue]


class WebhookDraft(Record):
    """Where to announce what: a URL that takes a POST of JSON."""

    url: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://[^\s]+$")]
    events: Annotated[tuple[Topic, ...], Field(min_length=1, max_length=len(Topic))]


class Webhook(WebhookDraft):
    """A registered webhook, without its secret."""

    webhook_id: str
    created_at: datetime


class IssuedWebhook(Webhook):
    """A webhook that was just registered; the secret that signs its messages is shown this once."""

    secret: str = Field(repr=False)


class RotatedWebhook(IssuedWebhook):
    """A webhook with its new secret; until `former_secret_until` the one before signs its messages as well."""

    former_secret_until: datetime


class DeliveryStatus(StrEnum):
    """What became of a message: still tried, taken by the receiver, or given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Record):
    """One message to a webhook and what became of it."""

    message_id: Annotated[str, Field(description="The `webhook-id` of the message, the same on every attempt.")]
    event: Annotated[Topic, Field(description="What the message tells of.")]
    status: Annotated[DeliveryStatus, Field(description="Still tried, taken by the receiver, or given up.")]
    attempts: Annotated[int, Field(description="How often it was sent, since it was filed or sent again by request.")]
    last_status: Annotated[int | None, Field(description="The HTTP status that the receiver answered last.")]
    why: Annotated[str | None, Field(description="Why the last attempt failed.")]
    created_at: Annotated[datetime, Field(description="When the message was filed.")]
    next_at: Annotated[datetime | None, Field(description="When a pending message is sent next, at the earliest.")]


class DeliveryPage(Record):
    """Messages to one webhook, the newest first."""

    deliveries: tuple[Delivery, ...]
    next_cursor: Annotated[str | None, Field(description="Ask with it for the older ones; null on the last page.")]


class RedeliveryRequest(Record):
    """Which messages to send again."""

    message_ids: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None,
        Field(
            max_length=1000,
            description="Send these again, whatever became of them. Without it: every message that was given up.",
        ),
    ] = None


class Redelivery(Record):
    """How many messages are sent again."""

    redelivered: Annotated[int, Field(description="The number of messages that are pending again.")]
