"""Announcements: what happens is told at once to those who listen, and by webhooks to those who registered.

A webhook's message is filed in the outbox in the transaction of what caused it, or of a mark under which nothing is
announced twice. Its id is made of the webhook and the announcement, so workers that find the same file it once.
"""

import asyncio
import base64
import logging
import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from app.deliveries import Deliveries
from app.errors import InvalidRequest, NotFound, WarmlineError
from app.ids import id_of_work, resumed_work
from app.listeners import Listeners
from app.models import (
    Announcement,
    ConnectorTask,
    DeliveryPage,
    DeliveryStatus,
    IssuedWebhook,
    Redelivery,
    RotatedWebhook,
    Topic,
    Webhook,
    WebhookDraft,
)
from app.ports import Courier, Outbox
from app.ports.bus import Bus
from app.ports.outbox import WebhookRecord, connector_of, now_ms

_log = logging.getLogger(__name__)

FORMER_SECRET_FOR = timedelta(days=1)
# Arrivals that are announced are taken off together, so often.
SETTLE_S = 0.25


class Announcer:
    """Tells what happens. `start` it in the event loop that it shall work in; `close` finishes what is being sent."""

    def __init__(self, outbox: Outbox, courier: Courier, deliveries: Deliveries | None = None) -> None:
        self._outbox = outbox
        self._courier = courier
        self._deliveries = deliveries or Deliveries(outbox, courier)
        self._listeners = Listeners()
        self._announced: defaultdict[str, set[str]] = defaultdict(set)
        self._filing: set[asyncio.Task[None]] = set()
        self._settling: asyncio.Task[None] | None = None
        self._started = False
        self._closed = False

    def start(self) -> None:
        """Send from now on, first what an earlier run left unsent."""
        self._started = True
        self._deliveries.start()
        self._settling = asyncio.create_task(self._settle_again_and_again())

    async def close(self) -> None:
        """End every stream, file what is to be told and finish what is being sent; the rest is sent by the next run."""
        self._closed = True
        self._listeners.close()
        await asyncio.gather(*self._filing, return_exceptions=True)
        if self._settling is not None:
            self._settling.cancel()
            await asyncio.gather(self._settling, return_exceptions=True)
        await self._settle_arrivals()
        await self._deliveries.close()

    async def announce(
        self,
        tenant: str,
        announcements: Sequence[Announcement],
        *,
        mark: str | None = None,
        customer_id: str | None = None,
    ) -> bool:
        """File messages for webhooks in one transaction with the mark, then tell listeners; false if it was marked.

        Under a mark, unique in the tenant, nothing is ever announced twice, over all workers; it is erased with the
        customer. Raises Unavailable.
        """
        if not announcements and mark is None:
            return True
        whose = customer_id or (announcements[0].customer_id if announcements else None)
        if not await self._outbox.file(tenant, announcements, mark=mark, customer_id=whose):
            return False
        self.broadcast(tenant, announcements)
        self._deliveries.wake()
        return True

    def broadcast(self, tenant: str, announcements: Sequence[Announcement]) -> None:
        """Tell those who listen; never waits, and files nothing."""
        self._listeners.broadcast(tenant, announcements)

    def connect(self, bus: Bus) -> None:
        """Tell the listeners of every process, and hear of what is changed by others."""
        self._listeners.connect(bus)

    def publish(self, tenant: str, announcements: Sequence[Announcement]) -> None:
        """Tell listeners at once and file for webhooks in the background; whoever can wait calls `announce`."""
        if not announcements or self._closed:
            return
        self.broadcast(tenant, announcements)
        if self._started:
            task = asyncio.create_task(self._file(tenant, announcements))
            self._filing.add(task)
            task.add_done_callback(self._filing.discard)

    async def put_announced(
        self, tenant: str, collection: str, key: str, document: Mapping[str, Any], announcement: Announcement
    ) -> None:
        """Write a document of the archive, with the messages that tell of it, in one transaction. Raises Unavailable.

        Listeners are told by whoever calls, when it is time.
        """
        await self._outbox.put_announced(tenant, collection, key, document, announcement)
        self._deliveries.wake()

    def wake(self) -> None:
        """Messages were filed by somebody else; never waits."""
        self._deliveries.wake()

    def settle(self, tenant: str, interaction_ids: Collection[str]) -> None:
        """These arrivals are announced, as far as webhooks hear of them; never waits."""
        self._announced[tenant].update(interaction_ids)

    def listening(
        self, tenant: str, *, after: str | None = None
    ) -> AbstractAsyncContextManager[asyncio.Queue[Announcement | None]]:
        """A queue of the tenant's announcements; see Listeners.listening."""
        return self._listeners.listening(tenant, after=after)

    def forget(self, tenant: str, customer_id: str) -> None:
        """Repeat nothing of this customer to listeners who come back."""
        self._listeners.forget(tenant, customer_id)

    def drop(self, tenant: str, customer_id: str) -> None:
        """Tell nobody anything more of a customer who was erased, not even what is being told."""
        self._listeners.forget(tenant, customer_id)
        self._deliveries.drop(tenant, customer_id)

    async def is_heard(self, tenant: str) -> bool:
        """Whether somebody listens, or some webhook asks for signals. Raises Unavailable."""
        return self._listeners.listens(tenant) or await self.wants(tenant, Topic.SIGNAL_FIRED)

    async def wants(self, tenant: str, topic: Topic) -> bool:
        """Whether some webhook asks for this. Raises Unavailable."""
        return any(topic in webhook.events for webhook in await self._outbox.webhooks(tenant))

    @property
    def working(self) -> bool:
        """Whether it was started and not closed."""
        return self._started and not self._closed

    async def register(self, tenant: str, draft: WebhookDraft) -> IssuedWebhook:
        """A new webhook with its secret. Raises InvalidRequest for a URL to which nothing may be sent."""
        await self._courier.check(draft.url)
        webhook_id = id_of_work("whk")
        if resumed_work():
            registered = {webhook.webhook_id: webhook for webhook in await self._outbox.webhooks(tenant)}
            if (earlier := registered.get(webhook_id)) is not None:
                return IssuedWebhook(**dict(earlier.public()), secret=earlier.secret)
        webhook = IssuedWebhook(
            **dict(draft), webhook_id=webhook_id, created_at=datetime.now(UTC), secret=_new_secret()
        )
        await self._outbox.register(tenant, webhook)
        return webhook

    async def webhooks(self, tenant: str) -> Sequence[Webhook]:
        """The tenant's webhooks, the oldest first, without their secrets."""
        return [webhook.public() for webhook in await self._own(tenant)]

    async def remove(self, tenant: str, webhook_id: str) -> None:
        """End a webhook; what was not sent to it never is. Raises NotFound."""
        await self._check_there(tenant, webhook_id)
        if not await self._outbox.remove(tenant, webhook_id):
            raise _unknown(webhook_id)

    async def rotate(self, tenant: str, webhook_id: str) -> RotatedWebhook:
        """Give a webhook a new secret; the one before signs beside it for a day. Raises NotFound."""
        await self._check_there(tenant, webhook_id)
        until = datetime.now(UTC) + FORMER_SECRET_FOR
        rotated = await self._outbox.rotate(tenant, webhook_id, _new_secret(), until)
        if rotated is None:
            raise _unknown(webhook_id)
        return RotatedWebhook(**dict(rotated.public()), secret=rotated.secret, former_secret_until=until)

    async def deliveries(
        self, tenant: str, webhook_id: str, *, status: DeliveryStatus | None, cursor: str | None, limit: int
    ) -> DeliveryPage:
        """Messages to a webhook and what became of them. Raises NotFound, or InvalidRequest for a cursor not ours."""
        await self._check_there(tenant, webhook_id)
        before = _position(cursor)
        deliveries = await self._outbox.deliveries(tenant, webhook_id, status=status, before=before, limit=limit + 1)
        page = deliveries[:limit]
        more = str(page[-1][0]) if len(deliveries) > limit else None
        return DeliveryPage(deliveries=tuple(delivery for _, delivery in page), next_cursor=more)

    async def redeliver(self, tenant: str, webhook_id: str, message_ids: Collection[str] | None) -> Redelivery:
        """Send these messages again, or every one that was given up. Raises NotFound."""
        await self._check_there(tenant, webhook_id)
        count = await self._outbox.redeliver(tenant, webhook_id, message_ids, now_ms())
        self._deliveries.wake()
        return Redelivery(redelivered=count)

    async def _check_there(self, tenant: str, webhook_id: str) -> None:
        if not any(webhook.webhook_id == webhook_id for webhook in await self._own(tenant)):
            raise _unknown(webhook_id)

    async def _own(self, tenant: str) -> Sequence[WebhookRecord]:
        """The webhooks that the tenant registered: those of connectors come and go with these."""
        return [webhook for webhook in await self._outbox.webhooks(tenant) if connector_of(webhook.url) is None]

    async def _file(self, tenant: str, announcements: Sequence[Announcement]) -> None:
        try:
            await self._outbox.file(tenant, announcements)
        except WarmlineError as failure:
            _log.warning("webhook messages of tenant %s were not filed: %s", tenant, failure.detail)
        self._deliveries.wake()

    async def _settle_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(SETTLE_S)
            await self._settle_arrivals()

    async def _settle_arrivals(self) -> None:
        while self._announced:
            tenant, interaction_ids = self._announced.popitem()
            with suppress(WarmlineError):  # they are announced once more, under the same ids
                await self._outbox.settle_arrivals(tenant, interaction_ids)


def heard(
    topic: Topic | ConnectorTask, announcement_id: str, customer_id: str, data: Mapping[str, Any]
) -> Announcement:
    """An announcement of this moment."""
    return Announcement(
        announcement_id=announcement_id, topic=topic, at=datetime.now(UTC), customer_id=customer_id, data=data
    )


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _unknown(webhook_id: str) -> NotFound:
    return NotFound(f"No webhook has the id {webhook_id!r} in this tenant.")


def _position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= len(str(2**62))):
        message = "Give the next_cursor of the page before, or none."
        raise InvalidRequest(f"cursor: {message}", [{"path": "cursor", "message": message}])
    return min(int(cursor), 2**62)
