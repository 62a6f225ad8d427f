"""Messages to webhooks: filed with what caused them, and leased by whoever sends them.

Times are milliseconds since 1970.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from pydantic import Field

from app.models import Announcement, Delivery, DeliveryStatus, IssuedWebhook, Webhook


class WebhookRecord(IssuedWebhook):
    """A webhook as the service keeps it; after a rotation with the secret before, which signs until `former_until`.

    One that belongs to a connector has a URL of `connector_url`: nothing is posted there, and whoever sends asks the
    connector what to do.
    """

    url: str
    former_secret: str | None = Field(default=None, repr=False)
    former_until: datetime | None = None

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """The secrets that sign a message of this moment, the newest first."""
        if self.former_secret is None or self.former_until is None or self.former_until <= now:
            return (self.secret,)
        return (self.secret, self.former_secret)

    def public(self) -> Webhook:
        """The webhook without its secrets."""
        return Webhook(url=self.url, events=self.events, webhook_id=self.webhook_id, created_at=self.created_at)


CONNECTOR_SCHEME = "connector:"


def connector_url(connector_id: str, conversations: str) -> str:
    """The URL of a connector's webhook; it hears of handoffs whose conversation_id begins with `conversations`."""
    return f"{CONNECTOR_SCHEME}{connector_id}/{conversations}"


def connector_of(url: str) -> tuple[str, str] | None:
    """The connector that a webhook belongs to, and how the ids of its conversations begin; None for any other one."""
    if not url.startswith(CONNECTOR_SCHEME):
        return None
    connector_id, _, conversations = url.removeprefix(CONNECTOR_SCHEME).partition("/")
    return connector_id, conversations


class LeasedMessage(NamedTuple):
    """A message about a customer that `holder` may send; `attempts` counts the attempt that it is leased for.

    `since` is when it was filed or asked for again.
    """

    message_id: str
    holder: str
    body: str
    attempts: int
    since: int
    customer_id: str


class Settlement(NamedTuple):
    """What became of an attempt; a message that stays pending is due again at `due_at`."""

    message_id: str
    holder: str
    status: DeliveryStatus
    due_at: int
    answered: int | None = None
    why: str | None = None


class UnannouncedArrival(NamedTuple):
    """An interaction of a conversation whose signals may not have been filed."""

    tenant: str
    interaction_id: str
    conversation_id: str


class Outbox(Protocol):
    """Webhooks, their messages, and what is still to be announced. Everything raises Unavailable as the ledger does."""

    async def register(self, tenant: str, webhook: IssuedWebhook) -> None:
        """Keep a new webhook."""
        ...

    async def webhooks(self, tenant: str) -> Sequence[WebhookRecord]:
        """The tenant's webhooks, the oldest first."""
        ...

    async def remove(self, tenant: str, webhook_id: str) -> bool:
        """Remove a webhook with all its messages; tells whether there was one."""
        ...

    async def rotate(self, tenant: str, webhook_id: str, secret: str, former_until: datetime) -> WebhookRecord | None:
        """Give a webhook a new secret and keep the one before for a while; None when there is no such webhook."""
        ...

    async def file(
        self,
        tenant: str,
        announcements: Sequence[Announcement],
        *,
        mark: str | None = None,
        customer_id: str | None = None,
    ) -> bool:
        """In one transaction: a message for each webhook that wants an announcement, and the mark.

        False, and nothing is filed, when the mark is there already. The same announcement is filed once for each
        webhook. What tells of a customer who is no longer there is left out.
        """
        ...

    async def put_announced(
        self,
        tenant: str,
        collection: str,
        key: str,
        document: Mapping[str, Any],
        announcement: Announcement,
    ) -> None:
        """Write or replace a document of the archive, with the messages of its announcement, in one transaction."""
        ...

    async def take_arrivals(self, now: int, *, before: int, limit: int) -> Sequence[UnannouncedArrival]:
        """Arrivals that were noted before a moment and that nobody has announced; noted anew for whoever asks now."""
        ...

    async def settle_arrivals(self, tenant: str, interaction_ids: Collection[str]) -> None:
        """These arrivals are announced."""
        ...

    async def due(self, now: int) -> Sequence[tuple[str, str]]:
        """The webhooks that have messages to send now, as (tenant, webhook_id)."""
        ...

    async def waiting(self) -> int:
        """How many messages are still to be sent, whenever they are due."""
        ...

    async def lease(self, webhook_id: str, holder: str, now: int, *, until: int, limit: int) -> Sequence[LeasedMessage]:
        """Some of a webhook's messages that are due, the longest due first; nobody else gets them `until` then."""
        ...

    async def settle(self, settlements: Sequence[Settlement], now: int) -> None:
        """Note what became of attempts; what is leased to somebody else by now is left alone."""
        ...

    async def give_back(self, holder: str, now: int) -> None:
        """End every lease of this holder; what it has leased was not sent."""
        ...

    async def deliveries(
        self, tenant: str, webhook_id: str, *, status: DeliveryStatus | None, before: int | None, limit: int
    ) -> Sequence[tuple[int, Delivery]]:
        """Messages to a webhook with their numbers, the newest first, below the number `before`."""
        ...

    async def redeliver(self, tenant: str, webhook_id: str, message_ids: Collection[str] | None, now: int) -> int:
        """Send these messages again, or every one that was given up; tells how many."""
        ...

    async def prune(self, *, settled_before: int, filed_before: int, now: int) -> None:
        """Remove what was settled before a moment, and give up what has been pending since before another."""
        ...

    async def erase(
        self, tenant: str, customer_ids: Collection[str], *, naming: Collection[str] = (), owners: Collection[str] = ()
    ) -> int:
        """Remove messages, marks and notes, leaving no trace in any file; tells how many messages there were.

        All those of `customer_ids`; and of those of `owners`, the messages that name one of the ids in `naming`.
        """
        ...

    async def of_customer(self, tenant: str, customer_id: str) -> Sequence[Mapping[str, Any]]:
        """The messages about one customer, oldest first, as documents."""
        ...


def in_ms(moment: datetime) -> int:
    """A moment in milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def from_ms(moment: int) -> datetime:
    """The same as a time in UTC."""
    return datetime.fromtimestamp(moment / 1000, UTC)


def now_ms() -> int:
    """This moment in milliseconds since 1970."""
    return in_ms(datetime.now(UTC))
