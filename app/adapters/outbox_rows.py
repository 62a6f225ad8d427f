"""What both outboxes make of webhooks and announcements, so that they file the same."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from pydantic_core import to_json

from app.models import Announcement, Topic

ON_ARRIVAL = frozenset({Topic.SIGNAL_FIRED, Topic.FRICTION_THRESHOLD})


class NewMessage(NamedTuple):
    """A message as it is filed."""

    message_id: str
    webhook_id: str
    topic: str
    customer_id: str
    body: str


def hears_arrivals(events: Iterable[Topic]) -> bool:
    """Whether an interaction that arrives may be what a webhook with these events wants to hear of."""
    return not ON_ARRIVAL.isdisjoint(events)


def messages_of(
    webhooks: Sequence[tuple[str, Sequence[str]]], announcements: Sequence[Announcement]
) -> Iterator[NewMessage]:
    """A message for each webhook (its id and events) that wants an announcement; the same has the same id."""
    for announcement in announcements:
        wanting = [webhook_id for webhook_id, events in webhooks if announcement.topic in events]
        if not wanting:
            continue
        content = {"type": announcement.topic, "timestamp": announcement.at.isoformat(), "data": announcement.data}
        body = to_json(content).decode()
        for webhook_id in wanting:
            digest = sha256(f"{webhook_id} {announcement.announcement_id}".encode()).hexdigest()[:32]
            yield NewMessage(f"msg_{digest}", webhook_id, announcement.topic, announcement.customer_id, body)
