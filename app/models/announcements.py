"""What is announced the moment it happens, and to whom."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from app.models.base import Record


class Topic(StrEnum):
    """What a webhook may ask to be told of."""

    HANDOFF_READY = "handoff.ready"
    SIGNAL_FIRED = "signal.fired"
    FRICTION_THRESHOLD = "friction.threshold"


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
    events: Annotated[tuple[Topic, ...], Field(min_length=1, max_length=3)]


class Webhook(WebhookDraft):
    """A registered webhook, without its secret."""

    webhook_id: str
    created_at: datetime


class IssuedWebhook(Webhook):
    """A webhook that was just registered; the secret that signs its messages is shown this once."""

    secret: str = Field(repr=False)
