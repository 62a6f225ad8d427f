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


class ConnectorTask(StrEnum):
    """What is left to be done for one connector: messages to nobody else."""

    HAND_OVER = "connector.hand_over"


class Announcement(Record):
    """Something that happened; the same happening has the same `announcement_id`, whoever finds it."""

    announcement_id: str = Field(description="our id of what happened; told again, it has the same one")
    topic: Topic | ConnectorTask = Field(description="what kind of happening it is")
    at: datetime = Field(description="when it was announced, RFC 3339")
    customer_id: str = Field(description="our id of the customer")
    data: Mapping[str, JsonValue] = Field(
        description="what happened: the signal, the friction, or the handoff with its id and status"
    )


class WebhookDraft(Record):
    """Where to announce what: a URL that takes a POST of JSON."""

    url: Annotated[
        str,
        Field(
            min_length=1,
            max_length=2000,
            pattern=r"^https?://[^\s]+$",
            description="http or https address that takes the messages, each a POST of JSON; at most 2,000 characters",
        ),
    ]
    events: Annotated[
        tuple[Topic, ...],
        Field(min_length=1, max_length=len(Topic), description="what to announce there, at least one topic"),
    ]


class Webhook(WebhookDraft):
    """A registered webhook, without its secret."""

    webhook_id: str = Field(description="our id of the webhook")
    created_at: datetime = Field(description="when the webhook was registered, RFC 3339")


class IssuedWebhook(Webhook):
    """A webhook that was just registered; the secret that signs its messages is shown this once."""

    secret: str = Field(
        repr=False,
        description="secret that signs the messages (Standard Webhooks), shown only in this answer",
    )


class RotatedWebhook(IssuedWebhook):
    """A webhook with its new secret; until `former_secret_until` the one before signs its messages as well."""

    former_secret_until: datetime = Field(
        description="until when the secret before signs the messages as well, RFC 3339; a day after the rotation"
    )


class DeliveryStatus(StrEnum):
    """What became of a message: still tried, taken by the receiver, or given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Record):
    """One message to a webhook and what became of it."""

    message_id: Annotated[str, Field(description="the `webhook-id` of the message, the same on every attempt")]
    event: Annotated[Topic | ConnectorTask, Field(description="what the message tells of")]
    status: Annotated[DeliveryStatus, Field(description="still tried, taken by the receiver, or given up")]
    attempts: Annotated[
        int, Field(description="how often it was sent since it was filed, or since it was sent again by request")
    ]
    last_status: Annotated[
        int | None, Field(description="the HTTP status of the answer to the last attempt; null where none came")
    ]
    why: Annotated[str | None, Field(description="why the last attempt failed; null where none did")]
    created_at: Annotated[datetime, Field(description="when the message was filed, RFC 3339")]
    next_at: Annotated[
        datetime | None,
        Field(description="when it is sent next, at the earliest, RFC 3339; null while it is sent or once settled"),
    ]


class DeliveryPage(Record):
    """Messages to one webhook, the newest first."""

    deliveries: tuple[Delivery, ...] = Field(description="messages to the webhook, the newest first")
    next_cursor: Annotated[
        str | None, Field(description="pass it as `cursor` for the older ones; null on the last page")
    ]


class RedeliveryRequest(Record):
    """Which messages to send again."""

    message_ids: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] | None,
        Field(
            max_length=1000,
            description="messages to send again, whatever became of them; null for every one that was given up",
        ),
    ] = None


class Redelivery(Record):
    """How many messages are sent again."""

    redelivered: Annotated[int, Field(description="how many messages are pending again")]
