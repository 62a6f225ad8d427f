"""What both outboxes make of webhooks and announcements, so that they file the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from pydantic_core import to_json

from app.models import Announcement, ConnectorTask, Topic
from app.ports.outbox import connector_of

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


def conversations_of(webhooks: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Of webhooks (ids and URLs), those that belong to connectors, and how the ids of their conversations begin."""
    connectors = ((webhook_id, connector_of(url)) for webhook_id, url in webhooks)
    return {webhook_id: connector[1] for webhook_id, connector in connectors if connector is not None}


def messages_of(
    webhooks: Sequence[tuple[str, Sequence[str]]],
    announcements: Sequence[Announcement],
    conversations: Mapping[str, str] | None = None,
) -> Iterator[NewMessage]:
    """A message for each webhook (its id and events) that wants an announcement; the same has the same id.

    A webhook that is named in `conversations` wants only what tells of a conversation whose id begins so. A connector's
    task is its own webhook's alone.
    """
    begins = conversations or {}
    for announcement in announcements:
        wanting = [
            webhook_id
            for webhook_id, events in webhooks
            if _is_wanted(announcement, webhook_id, events) and _is_of(announcement, begins.get(webhook_id, ""))
        ]
        if not wanting:
            continue
        content = {"type": announcement.topic, "timestamp": announcement.at.isoformat(), "data": announcement.data}
        body = to_json(content).decode()
        for webhook_id in wanting:
            digest = sha256(f"{webhook_id} {announcement.announcement_id}".encode()).hexdigest()[:32]
            yield NewMessage(f"msg_{digest}", webhook_id, announcement.topic, announcement.customer_id, body)


def _is_wanted(announcement: Announcement, webhook_id: str, events: Sequence[str]) -> bool:
    if isinstance(announcement.topic, ConnectorTask):
        return announcement.data.get("connector_id") == webhook_id
    return announcement.topic in events


def _is_of(announcement: Announcement, begins: str) -> bool:
    if isinstance(announcement.topic, ConnectorTask):
        return True
    return str(announcement.data.get("conversation_id") or "").startswith(begins)
