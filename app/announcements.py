"""Announcements: what happens is told at once to those who listen, and by webhooks to those who registered.

Listeners hear what this process finds. A webhook's message is filed in the archive before it is sent and marked when it
was taken, so it survives a restart; its id is made of the webhook and the announcement, so workers that find the same
send it once. Receivers may still see a message twice, after a crash between sending and marking, and tell by that id.
"""

import asyncio
import base64
import logging
import secrets
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.errors import NotFound, WarmlineError
from app.ids import new_id
from app.models import Announcement, IssuedWebhook, Topic, Webhook, WebhookDraft
from app.ports import Archive, Courier

_log = logging.getLogger(__name__)

REMEMBERED = 500
LONGEST_QUEUE = 1000
MOST_SENDING = 16
KNOWN_FOR_S = 30.0
PAGE = 1000
_NO_TENANT = ""
_TENANTS, _WEBHOOKS, _MESSAGES = "webhook_tenants", "webhooks", "webhook_messages"


class _Told(NamedTuple):
    tenant: str
    announcements: tuple[Announcement, ...]


class _Known(NamedTuple):
    webhooks: tuple[IssuedWebhook, ...]
    until: float


class Announcer:
    """Tells what happens. `start` it in the event loop that it shall work in; `close` gives up what is being sent."""

    def __init__(self, archive: Archive, courier: Courier) -> None:
        self._archive = archive
        self._courier = courier
        self._listeners: dict[str, set[asyncio.Queue[Announcement | None]]] = defaultdict(set)
        self._recent: dict[str, deque[Announcement]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._told: asyncio.Queue[_Told] = asyncio.Queue()
        self._sending = asyncio.Semaphore(MOST_SENDING)
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = False
        self._closed = False

    def start(self) -> None:
        """Send from now on, first what an earlier run left unsent."""
        self._started = True
        for work in (self._send_left_over(), self._file_all()):
            self._keep(asyncio.create_task(work))

    async def close(self) -> None:
        """End every stream and stop sending; what is filed is sent by the next run."""
        self._closed = True
        for queues in self._listeners.values():
            for queue in queues:
                queue.put_nowait(None)
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._courier.close()

    def publish(self, tenant: str, announcements: Sequence[Announcement]) -> None:
        """Tell listeners at once and webhooks in the background; never waits."""
        if not announcements or self._closed:
            return
        self._recent[tenant].extend(announcements)
        for queue in self._listeners.get(tenant, ()):
            for one in announcements:
                if queue.qsize() >= LONGEST_QUEUE:  # who does not listen must not fill our memory
                    queue.get_nowait()
                queue.put_nowait(one)
        if self._started:
            self._told.put_nowait(_Told(tenant, tuple(announcements)))

    @asynccontextmanager
    async def listening(
        self, tenant: str, *, after: str | None = None
    ) -> AsyncGenerator[asyncio.Queue[Announcement | None]]:
        """A queue of the tenant's announcements, those since `after` first while they are remembered; None ends it."""
        queue: asyncio.Queue[Announcement | None] = asyncio.Queue()
        recent = list(self._recent.get(tenant, ()))
        ids = [one.announcement_id for one in recent]
        for missed in recent[ids.index(after) + 1 :] if after in ids else ():
            queue.put_nowait(missed)
        self._listeners[tenant].add(queue)
        try:
            yield queue
        finally:
            self._listeners[tenant].discard(queue)
            if not self._listeners[tenant]:
                del self._listeners[tenant]

    def forget(self, tenant: str, customer_id: str) -> None:
        """Repeat nothing of this customer to listeners who come back."""
        kept = (one for one in self._recent.pop(tenant, ()) if one.customer_id != customer_id)
        self._recent[tenant].extend(kept)

    def may_want(self, tenant: str, topic: Topic) -> bool:
        """Whether some webhook may want to hear of this, so that nothing is worked out for nobody."""
        known = self._known.get(tenant)
        if known is None or known.until < asyncio.get_running_loop().time():
            return True
        return any(topic in one.events for one in known.webhooks)

    async def is_heard(self, tenant: str) -> bool:
        """Whether somebody listens, or some webhook asks for signals. Raises Unavailable."""
        return bool(self._listeners.get(tenant)) or await self.wants(tenant, Topic.SIGNAL_FIRED)

    async def wants(self, tenant: str, topic: Topic) -> bool:
        """Whether some webhook asks for this. Raises Unavailable."""
        return any(topic in one.events for one in await self._registered(tenant))

    @property
    def working(self) -> bool:
        """Whether it was started and not closed."""
        return self._started and not self._closed

    async def register(self, tenant: str, draft: WebhookDraft) -> IssuedWebhook:
        """A new webhook with its secret. Raises InvalidRequest for a URL to which nothing may be sent."""
        await self._courier.check(draft.url)
        webhook = IssuedWebhook(
            **dict(draft),
            webhook_id=new_id("whk"),
            created_at=datetime.now(UTC),
            secret=f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
        )
        await self._archive.put(tenant, _WEBHOOKS, webhook.webhook_id, webhook.model_dump(mode="json"))
        await self._archive.put(_NO_TENANT, _TENANTS, tenant, {"tenant": tenant})
        self._known.pop(tenant, None)
        return webhook

    async def webhooks(self, tenant: str) -> Sequence[Webhook]:
        """The tenant's webhooks, the oldest first, without their secrets."""
        return [Webhook(**one.model_dump(exclude={"secret"})) for one in await self._registered(tenant)]

    async def remove(self, tenant: str, webhook_id: str) -> None:
        """End a webhook. Raises NotFound."""
        found = await self._archive.get(tenant, _WEBHOOKS, webhook_id)
        if found is None or "removed_at" in found:
            raise NotFound(f"No webhook has the id {webhook_id!r} in this tenant.")
        await self._archive.put(tenant, _WEBHOOKS, webhook_id, {"removed_at": datetime.now(UTC).isoformat()})
        self._known.pop(tenant, None)

    async def _registered(self, tenant: str) -> tuple[IssuedWebhook, ...]:
        now = asyncio.get_running_loop().time()
        known = self._known.get(tenant)
        if known is None or known.until < now:
            rows = await self._archive.page(tenant, _WEBHOOKS, limit=PAGE)
            found = (IssuedWebhook.model_validate(row) for _, row in rows if "removed_at" not in row)
            known = self._known[tenant] = _Known(tuple(found), now + KNOWN_FOR_S)
            while len(self._known) > PAGE:
                self._known.popitem(last=False)
        return known.webhooks

    async def _file_all(self) -> None:
        while True:
            # In a function of its own: what is named here stays in memory while the next is waited for.
            await self._file_told(await self._told.get())

    async def _file_told(self, told: _Told) -> None:
        try:
            for webhook in await self._registered(told.tenant):
                for one in told.announcements:
                    if one.topic in webhook.events:
                        await self._file(told.tenant, webhook, one)
        except WarmlineError as failure:
            _log.warning("webhook messages of tenant %s were not filed: %s", told.tenant, failure.detail)

    async def _file(self, tenant: str, webhook: IssuedWebhook, one: Announcement) -> None:
        message_id = f"msg_{sha256(f'{webhook.webhook_id} {one.announcement_id}'.encode()).hexdigest()[:32]}"
        body = to_json({"type": one.topic, "timestamp": one.at.isoformat(), "data": one.data}).decode()
        document = {"webhook_id": webhook.webhook_id, "body": body}
        if await self._archive.add(tenant, _MESSAGES, message_id, document, customer_id=one.customer_id):
            self._send(tenant, webhook, message_id, body)

    def _send(self, tenant: str, webhook: IssuedWebhook, message_id: str, body: str) -> None:
        self._keep(asyncio.create_task(self._deliver(tenant, webhook, message_id, body)))

    async def _deliver(self, tenant: str, webhook: IssuedWebhook, message_id: str, body: str) -> None:
        try:
            async with self._sending:
                taken = await self._courier.deliver(webhook.url, webhook.secret, message_id, body)
            state: Mapping[str, Any] = {"delivered_at": datetime.now(UTC).isoformat()}
            if not taken:
                with suppress(NotFound):
                    await self.remove(tenant, webhook.webhook_id)
        except WarmlineError as failure:
            _log.warning("a message to webhook %s was not taken: %s", webhook.webhook_id, failure.detail)
            state = {"failed_at": datetime.now(UTC).isoformat(), "why": failure.detail}
        with suppress(WarmlineError):  # whom it told of is not kept once it is settled
            await self._archive.put(tenant, _MESSAGES, message_id, state)

    async def _send_left_over(self) -> None:
        with suppress(WarmlineError):
            for tenant, _ in await self._archive.page(_NO_TENANT, _TENANTS, limit=PAGE):
                await self._send_left_over_of(tenant)

    async def _send_left_over_of(self, tenant: str) -> None:
        webhooks = {one.webhook_id: one for one in await self._registered(tenant)}
        after = ""
        while rows := await self._archive.page(tenant, _MESSAGES, after=after, limit=PAGE):
            after = rows[-1][0]
            for message_id, row in rows:
                if "body" in row and row["webhook_id"] in webhooks:
                    self._send(tenant, webhooks[row["webhook_id"]], message_id, row["body"])

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def heard(topic: Topic, announcement_id: str, customer_id: str, data: Mapping[str, Any]) -> Announcement:
    """An announcement of this moment."""
    return Announcement(
        announcement_id=announcement_id, topic=topic, at=datetime.now(UTC), customer_id=customer_id, data=data
    )
