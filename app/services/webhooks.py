"""Webhooks and listeners: who is told of what happens, and what became of each message."""

import asyncio
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager

from app.announcements import Announcer
from app.models import (
    Announcement,
    DeliveryPage,
    DeliveryStatus,
    IssuedWebhook,
    Redelivery,
    RotatedWebhook,
    Webhook,
    WebhookDraft,
)


class WebhookService:
    """Registers webhooks and listeners."""

    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer

    def listening(
        self, tenant: str, *, after: str | None = None
    ) -> AbstractAsyncContextManager[asyncio.Queue[Announcement | None]]:
        """What happens from now on in this process, as a queue that None ends; see Announcer.listening."""
        return self._announcer.listening(tenant, after=after)

    async def register(self, tenant: str, draft: WebhookDraft) -> IssuedWebhook:
        """A new webhook with its secret. Raises InvalidRequest for a URL to which nothing may be sent."""
        return await self._announcer.register(tenant, draft)

    async def list(self, tenant: str) -> Sequence[Webhook]:
        """A tenant's webhooks, the oldest first."""
        return await self._announcer.webhooks(tenant)

    async def remove(self, tenant: str, webhook_id: str) -> None:
        """End a webhook. Raises NotFound."""
        await self._announcer.remove(tenant, webhook_id)

    async def rotate(self, tenant: str, webhook_id: str) -> RotatedWebhook:
        """Give a webhook a new secret; the one before signs beside it for a day. Raises NotFound."""
        return await self._announcer.rotate(tenant, webhook_id)

    async def deliveries(
        self,
        tenant: str,
        webhook_id: str,
        *,
        status: DeliveryStatus | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> DeliveryPage:
        """Messages to a webhook, the newest first. Raises NotFound, or InvalidRequest for a cursor not ours."""
        return await self._announcer.deliveries(tenant, webhook_id, status=status, cursor=cursor, limit=limit)

    async def redeliver(self, tenant: str, webhook_id: str, message_ids: Collection[str] | None = None) -> Redelivery:
        """Send these messages again, or every one that was given up. Raises NotFound."""
        return await self._announcer.redeliver(tenant, webhook_id, message_ids)
