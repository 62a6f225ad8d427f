"""The in-memory twin of the outbox: beside a ledger and an archive in memory, and gone when the process ends."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from pydantic_core import from_json

from app.adapters.memory import MemoryLedger
from app.adapters.outbox_rows import NewMessage, conversations_of, hears_arrivals, messages_of
from app.ids import ids_in
from app.models import Announcement, Delivery, DeliveryStatus, IssuedWebhook
from app.ports import Archive
from app.ports.outbox import LeasedMessage, Settlement, UnannouncedArrival, WebhookRecord, from_ms, now_ms


@dataclass(slots=True)
class _OutboxMessage:
    position: int
    tenant: str
    new: NewMessage
    since: int
    due_at: int
    created_at: int
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: int = 0
    answered: int | None = None
    why: str | None = None
    holder: str | None = None

    def delivery(self) -> Delivery:
        pending = self.status is DeliveryStatus.PENDING and self.holder is None
        return Delivery(
            message_id=self.new.message_id,
            event=self.new.topic,  # pyright: ignore[reportArgumentType] - pydantic reads the topic
            status=self.status,
            attempts=self.attempts,
            last_status=self.answered,
            why=self.why,
            created_at=from_ms(self.created_at),
            next_at=from_ms(self.due_at) if pending else None,
        )


@dataclass(slots=True)
class _TenantWebhooks:
    webhooks: dict[str, WebhookRecord] = field(default_factory=dict[str, WebhookRecord])
    marks: dict[str, tuple[str | None, int]] = field(default_factory=dict[str, tuple[str | None, int]])


class MemoryOutbox:
    """An Outbox in memory. Without a `ledger` nobody is asked whether a customer is still there."""

    def __init__(self, archive: Archive, ledger: MemoryLedger | None = None) -> None:
        self._archive = archive
        self._ledger = ledger
        self._tenants: dict[str, _TenantWebhooks] = {}
        self._messages: dict[str, _OutboxMessage] = {}
        self._positions = count(1)

    async def register(self, tenant: str, webhook: IssuedWebhook) -> None:
        """Keep a new webhook."""
        self._of(tenant).webhooks[webhook.webhook_id] = WebhookRecord(**dict(webhook))
        self._tell_ledger(tenant)

    async def webhooks(self, tenant: str) -> Sequence[WebhookRecord]:
        """The tenant's webhooks, the oldest first."""
        return list(self._of(tenant).webhooks.values())

    async def remove(self, tenant: str, webhook_id: str) -> bool:
        """Remove a webhook with all its messages; tells whether there was one."""
        there = self._of(tenant).webhooks.pop(webhook_id, None) is not None
        if there:
            self._messages = {
                key: message for key, message in self._messages.items() if message.new.webhook_id != webhook_id
            }
        self._tell_ledger(tenant)
        return there

    async def rotate(self, tenant: str, webhook_id: str, secret: str, former_until: datetime) -> WebhookRecord | None:
        """Give a webhook a new secret and keep the one before for a while; None when there is no such webhook."""
        of = self._of(tenant).webhooks
        if webhook_id not in of:
            return None
        changed = {"former_secret": of[webhook_id].secret, "secret": secret, "former_until": former_until}
        of[webhook_id] = of[webhook_id].model_copy(update=changed)
        return of[webhook_id]

    async def file(
        self,
        tenant: str,
        announcements: Sequence[Announcement],
        *,
        mark: str | None = None,
        customer_id: str | None = None,
    ) -> bool:
        """A message for each webhook that wants an announcement, and the mark."""
        of = self._of(tenant)
        if mark is not None:
            if mark in of.marks:
                return False
            of.marks[mark] = (customer_id, now_ms())
        wanting = [(webhook.webhook_id, webhook.events) for webhook in of.webhooks.values()]
        own = conversations_of((webhook.webhook_id, webhook.url) for webhook in of.webhooks.values())
        for new in messages_of(wanting, announcements, own):
            if self._ledger is not None and await self._ledger.customer_of(tenant, new.customer_id) is None:
                continue
            now = now_ms()
            message = _OutboxMessage(next(self._positions), tenant, new, since=now, due_at=now, created_at=now)
            self._messages.setdefault(new.message_id, message)
        return True

    async def put_announced(
        self,
        tenant: str,
        collection: str,
        key: str,
        document: Mapping[str, Any],
        announcement: Announcement,
    ) -> None:
        """Write or replace a document of the archive, with the messages of its announcement."""
        await self._archive.put(tenant, collection, key, document, customer_id=announcement.customer_id)
        await self.file(tenant, [announcement])

    async def take_arrivals(self, now: int, *, before: int, limit: int) -> Sequence[UnannouncedArrival]:
        """Arrivals that were noted before a moment and that nobody has announced; noted anew for whoever asks now."""
        if self._ledger is None:
            return ()
        noted = self._ledger.unannounced
        due = sorted((at, key, talk) for key, (talk, at) in noted.items() if at < before)[:limit]
        noted |= {key: (talk, now) for _, key, talk in due}
        return [UnannouncedArrival(tenant, interaction_id, talk) for _, (tenant, interaction_id), talk in due]

    async def settle_arrivals(self, tenant: str, interaction_ids: Collection[str]) -> None:
        """These arrivals are announced."""
        if self._ledger is None:
            return
        for interaction_id in interaction_ids:
            self._ledger.unannounced.pop((tenant, interaction_id), None)

    async def due(self, now: int) -> Sequence[tuple[str, str]]:
        """The webhooks that have messages to send now, as (tenant, webhook_id)."""
        return list(
            dict.fromkeys(
                (message.tenant, message.new.webhook_id) for message in self._messages.values() if _is_due(message, now)
            )
        )

    async def waiting(self) -> int:
        """How many messages are still to be sent, whenever they are due."""
        return sum(message.status is DeliveryStatus.PENDING for message in self._messages.values())

    async def lease(self, webhook_id: str, holder: str, now: int, *, until: int, limit: int) -> Sequence[LeasedMessage]:
        """Some of a webhook's messages that are due, the longest due first; nobody else gets them `until` then."""
        due = [
            message
            for message in self._messages.values()
            if message.new.webhook_id == webhook_id and _is_due(message, now)
        ]
        leased = sorted(due, key=lambda message: (message.due_at, message.position))[:limit]
        for message in leased:
            message.holder, message.due_at = holder, until
            message.attempts += 1
        return [
            LeasedMessage(
                message.new.message_id,
                holder,
                message.new.body,
                message.attempts,
                message.since,
                message.new.customer_id,
            )
            for message in leased
        ]

    async def settle(self, settlements: Sequence[Settlement], now: int) -> None:  # noqa: ARG002 - as the twin
        """Note what became of attempts; what is leased to somebody else by now is left alone."""
        for settlement in settlements:
            message = self._messages.get(settlement.message_id)
            if message is None or message.holder != settlement.holder:
                continue
            message.status, message.due_at, message.holder = settlement.status, settlement.due_at, None
            message.answered, message.why = settlement.answered, settlement.why

    async def give_back(self, holder: str, now: int) -> None:
        """End every lease of this holder; what it has leased was not sent."""
        for message in self._messages.values():
            if message.holder == holder:
                message.holder, message.due_at = None, now
                message.attempts -= 1

    async def deliveries(
        self, tenant: str, webhook_id: str, *, status: DeliveryStatus | None, before: int | None, limit: int
    ) -> Sequence[tuple[int, Delivery]]:
        """Messages to a webhook with their numbers, the newest first, below the number `before`."""
        deliveries = [
            (message.position, message.delivery())
            for message in self._theirs(tenant, webhook_id)
            if status in (None, message.status) and (before is None or message.position < before)
        ]
        return sorted(deliveries, key=lambda row: -row[0])[:limit]

    async def redeliver(self, tenant: str, webhook_id: str, message_ids: Collection[str] | None, now: int) -> int:
        """Send these messages again, or every one that was given up; tells how many."""
        again = [
            message
            for message in self._theirs(tenant, webhook_id)
            if (
                message.status is DeliveryStatus.FAILED
                if message_ids is None
                else message.new.message_id in message_ids
            )
        ]
        for message in again:
            message.status, message.since = DeliveryStatus.PENDING, now
            if message.holder is None:
                message.due_at, message.attempts = now, 0
        return len(again)

    async def prune(self, *, settled_before: int, filed_before: int, now: int) -> None:
        """Remove what was settled before a moment, and give up what has been pending since before another."""
        for key, message in list(self._messages.items()):
            if message.status is not DeliveryStatus.PENDING and message.due_at < settled_before:
                del self._messages[key]
            elif message.status is DeliveryStatus.PENDING and message.since < filed_before and message.holder is None:
                message.status, message.due_at = DeliveryStatus.FAILED, now
        for of in self._tenants.values():
            of.marks = {mark: noted for mark, noted in of.marks.items() if noted[1] >= settled_before}

    async def erase(
        self, tenant: str, customer_ids: Collection[str], *, naming: Collection[str] = (), owners: Collection[str] = ()
    ) -> int:
        """Remove messages, marks and notes; tells how many messages there were."""
        wanted = frozenset(naming)
        gone = [
            key
            for key, message in self._messages.items()
            if message.tenant == tenant
            and (
                message.new.customer_id in customer_ids
                or (message.new.customer_id in owners and not wanted.isdisjoint(ids_in(message.new.body)))
            )
        ]
        for key in gone:
            del self._messages[key]
        of = self._of(tenant)
        of.marks = {mark: noted for mark, noted in of.marks.items() if noted[0] not in customer_ids}
        await self.settle_arrivals(tenant, naming)
        return len(gone)

    async def of_customer(self, tenant: str, customer_id: str) -> Sequence[Mapping[str, Any]]:
        """The messages about one customer, oldest first, as documents."""
        return [
            {
                **message.delivery().model_dump(mode="json"),
                "webhook_id": message.new.webhook_id,
                "body": from_json(message.new.body),
            }
            for message in self._messages.values()
            if (message.tenant, message.new.customer_id) == (tenant, customer_id)
        ]

    def _of(self, tenant: str) -> _TenantWebhooks:
        return self._tenants.setdefault(tenant, _TenantWebhooks())

    def _theirs(self, tenant: str, webhook_id: str) -> list[_OutboxMessage]:
        return [
            message
            for message in self._messages.values()
            if (message.tenant, message.new.webhook_id) == (tenant, webhook_id)
        ]

    def _tell_ledger(self, tenant: str) -> None:
        if self._ledger is None:
            return
        heard = any(hears_arrivals(webhook.events) for webhook in self._of(tenant).webhooks.values())
        (self._ledger.heard.add if heard else self._ledger.heard.discard)(tenant)


def _is_due(message: _OutboxMessage, now: int) -> bool:
    return message.status is DeliveryStatus.PENDING and message.due_at <= now
