"""Sends what the outbox holds: each receiver has a queue of its own, so that one that hangs stops nobody else.

A message is leased before it is sent and settled when the attempt has ended, so any number of workers may send, and
what a worker that died had leased is sent by another. A message is tried for a day with growing pauses, under one id;
a receiver that keeps failing is asked by one message at a time, more and more rarely. Receivers see a message twice
only after a process died between sending and settling it, or after they did not answer in time.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from uuid import uuid4

from app.errors import WarmlineError
from app.models import DeliveryStatus
from app.ports import Attempt, Courier, Outbox
from app.ports.outbox import LeasedMessage, Settlement, WebhookRecord, now_ms

_log = logging.getLogger(__name__)

# The pauses between attempts, in seconds: a day in all. Each is made longer by up to a tenth, by chance.
PAUSES_S = (5.0, 30.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 23_000.0)
JITTER = 0.1
LONGEST_RETRY_AFTER_S = 6 * 3600.0
# A receiver that failed so often without a success rests between attempts, first briefly.
FAILURES_BEFORE_REST = 5
FIRST_REST_S = 5.0
LONGEST_REST_S = 300.0

# Longer than an attempt (10 s in the courier) and the time for settling it (half a lease) together.
LEASE_S = 30.0
MOST_AT_ONCE = 8  # messages to one receiver
MOST_QUEUES = 256  # receivers that are served at once
MOST_QUEUES_OF_TENANT = 32
LOOK_S = 1.0
GATHER_S = 0.01  # what is filed at the same moment is looked for once
STOP_S = 5.0  # how long what is being sent may take when the process stops
TRY_AGAIN_S = 0.2

KEEP_SETTLED_S = 7 * 86_400.0
KEEP_PENDING_S = 2 * 86_400.0
PRUNE_S = 3600.0


@dataclass(slots=True)
class _Health:
    """How often a receiver failed since it last took a message, and until when it rests (by the monotonic clock)."""

    failures: int = 0
    rests_until: float = 0.0


class Deliveries:
    """Sends until it is closed. `start` it in the event loop that it shall work in."""

    def __init__(
        self, outbox: Outbox, courier: Courier, *, pauses_s: Sequence[float] = PAUSES_S, stop_s: float = STOP_S
    ) -> None:
        self._outbox = outbox
        self._courier = courier
        self._pauses_s = pauses_s
        self._stop_s = stop_s
        self._holder = uuid4().hex
        self._health: dict[str, _Health] = {}
        self._queues: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._sending: dict[asyncio.Task[None], tuple[str, str]] = {}  # the tenant and customer of what is being sent
        self._settling: set[asyncio.Task[None]] = set()
        self._loops: list[asyncio.Task[None]] = []
        self._woken = asyncio.Event()
        self._stopping = False
        self._leased = False

    def start(self) -> None:
        """Send from now on, first what an earlier run left unsent."""
        self._loops = [asyncio.create_task(self._look_again_and_again()), asyncio.create_task(self._prune())]

    def wake(self) -> None:
        """There may be something to send; never waits."""
        self._woken.set()

    def drop(self, tenant: str, customer_id: str) -> None:
        """Break off what is being sent about a customer who was erased, and keep nothing of it."""
        for task in [task for task, whose in self._sending.items() if whose == (tenant, customer_id)]:
            task.cancel()

    async def close(self) -> None:
        """Send nothing more; what is being sent is finished and settled, or counted as an attempt that failed."""
        self._stopping = True
        await _end(self._loops)
        sending = [task for _, task in self._queues.values()]
        if sending:
            await asyncio.wait(sending, timeout=self._stop_s)
            await _end(sending)
            await asyncio.gather(*self._settling, return_exceptions=True)
        with suppress(WarmlineError):
            if self._leased:  # also what a queue leased that has ended meanwhile, since nothing more was to be sent
                await self._outbox.give_back(self._holder, now_ms())
        await self._courier.close()

    async def _look_again_and_again(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as failure:  # noqa: BLE001 - the next look may go well
                _log.warning("webhook messages are sent later: %s", type(failure).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), LOOK_S)
                await asyncio.sleep(GATHER_S)
            self._woken.clear()

    async def _look(self) -> None:
        """Begin to serve every receiver that has messages due, does not rest and is not served yet."""
        of_tenant = Counter(tenant for tenant, _ in self._queues.values())
        due = list(await self._outbox.due(now_ms()))
        random.shuffle(due)  # where there are more receivers than room, nobody is always the last
        for tenant, webhook_id in due:
            if webhook_id in self._queues or len(self._queues) >= MOST_QUEUES or self._rests(webhook_id):
                continue
            if of_tenant[tenant] >= MOST_QUEUES_OF_TENANT:
                continue
            of_tenant[tenant] += 1
            self._queues[webhook_id] = (tenant, asyncio.create_task(self._serve(tenant, webhook_id)))

    async def _serve(self, tenant: str, webhook_id: str) -> None:
        """Send one receiver's messages until none is due or it has to rest."""
        try:
            while not self._stopping and not self._rests(webhook_id):
                webhook = next((w for w in await self._outbox.webhooks(tenant) if w.webhook_id == webhook_id), None)
                if webhook is None:
                    break
                limit = MOST_AT_ONCE if self._failures(webhook_id) < FAILURES_BEFORE_REST else 1
                now = now_ms()
                until = now + round(LEASE_S * 1000)
                self._leased = True
                # Each message is held by the task that sends it and by nothing else, so that an erasure can end it.
                sending = [
                    self._begin(tenant, webhook, message)
                    for message in await self._outbox.lease(webhook_id, self._holder, now, until=until, limit=limit)
                ]
                if not sending:
                    break
                await _all_of(sending)
        except WarmlineError as failure:
            _log.warning("messages to webhook %s are sent later: %s", webhook_id, failure.detail)
        finally:
            self._queues.pop(webhook_id, None)

    def _begin(self, tenant: str, webhook: WebhookRecord, message: LeasedMessage) -> asyncio.Task[None]:
        sending = asyncio.create_task(self._send(tenant, webhook, message))
        self._sending[sending] = (tenant, message.customer_id)
        sending.add_done_callback(self._sending.pop)
        return sending

    async def _send(self, tenant: str, webhook: WebhookRecord, message: LeasedMessage) -> None:
        if self._stopping:  # leased a moment ago, and given back by whoever stops
            return
        secrets = webhook.secrets(datetime.now(UTC))
        stopped = False
        try:
            attempt = await self._courier.attempt(webhook.url, secrets, message.message_id, message.body)
        except asyncio.CancelledError:
            stopped = True
            attempt = Attempt(taken=False, why="The receiver did not answer before the service stopped.")
        except Exception as failure:  # noqa: BLE001 - one message that cannot be sent must not stop the others
            _log.warning("a message to webhook %s was not sent: %s", webhook.webhook_id, type(failure).__name__)
            attempt = Attempt(taken=False, why="The message could not be sent.")
        if attempt.gone:
            _log.info("webhook %s is removed: its receiver is gone", webhook.webhook_id)
            await self._outbox.remove(tenant, webhook.webhook_id)
            return
        if not stopped:  # it was not the receiver who ended it
            self._note_health(webhook.webhook_id, attempt)
        # What was sent is settled whatever happens to whoever sent it, or it would be sent again.
        settling = asyncio.create_task(self._settle(self._settlement(message, attempt)))
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)
        await asyncio.shield(settling)
        if stopped:
            raise asyncio.CancelledError

    async def _settle(self, settlement: Settlement) -> None:
        """Settle while the lease lasts: what is not settled is sent again."""
        ends = monotonic() + LEASE_S / 2
        while True:
            try:
                return await self._outbox.settle([settlement], now_ms())
            except WarmlineError:
                if monotonic() > ends:
                    raise
                await asyncio.sleep(TRY_AGAIN_S)

    def _settlement(self, message: LeasedMessage, attempt: Attempt) -> Settlement:
        now = now_ms()
        if attempt.taken:
            return Settlement(message.message_id, message.holder, DeliveryStatus.DELIVERED, now, attempt.status)
        given_up = message.attempts > len(self._pauses_s)
        pause = 0.0 if given_up else self._pause(message.attempts, attempt)
        status = DeliveryStatus.FAILED if given_up else DeliveryStatus.PENDING
        due_at = now + round(pause * 1000)
        return Settlement(message.message_id, message.holder, status, due_at, attempt.status, attempt.why)

    def _pause(self, attempts: int, attempt: Attempt) -> float:
        pause = self._pauses_s[attempts - 1] * (1 + JITTER * random.random())  # noqa: S311 - spreads load, no secret
        asked = min(attempt.retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
        return max(pause, asked)

    def _note_health(self, webhook_id: str, attempt: Attempt) -> None:
        if attempt.taken:
            self._health.pop(webhook_id, None)
            return
        health = self._health.setdefault(webhook_id, _Health())
        health.failures += 1
        beyond = health.failures - FAILURES_BEFORE_REST
        doublings = min(max(0, beyond - MOST_AT_ONCE), 10)  # several that failed at the same time are one reason
        rest = min(FIRST_REST_S * 2.0**doublings, LONGEST_REST_S) if beyond >= 0 else 0.0
        asked = min(attempt.retry_after_s or 0.0, LONGEST_REST_S)
        health.rests_until = max(health.rests_until, monotonic() + max(rest, asked))

    def _failures(self, webhook_id: str) -> int:
        health = self._health.get(webhook_id)
        return health.failures if health else 0

    def _rests(self, webhook_id: str) -> bool:
        health = self._health.get(webhook_id)
        return health is not None and health.rests_until > monotonic()

    async def _prune(self) -> None:
        while True:
            now = now_ms()
            try:
                await self._outbox.prune(
                    settled_before=now - round(KEEP_SETTLED_S * 1000),
                    filed_before=now - round(KEEP_PENDING_S * 1000),
                    now=now,
                )
            except Exception as failure:  # noqa: BLE001 - an hour later it may go well
                _log.warning("old webhook messages are removed later: %s", type(failure).__name__)
            await asyncio.sleep(PRUNE_S)


async def _all_of(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all; whoever cancels the waiting cancels them. Raises the first failure of any."""
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        await _end(tasks)
        raise
    for task in tasks:
        if not task.cancelled():
            task.result()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
