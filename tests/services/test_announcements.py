"""Being told at once: listeners, signed webhooks to a real receiver, what survives a restart, and what is refused."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.adapters.memory import MemoryArchive
from app.adapters.memory_outbox import MemoryOutbox
from app.adapters.webhook_sender import WebhookSender
from app.announcements import Announcer, heard
from app.bootstrap import build
from app.deliveries import Deliveries
from app.errors import NotFound
from app.listeners import REMEMBERED
from app.models import Announcement, DeliveryStatus, HandoffRequest, InteractionDraft, Topic, WebhookDraft
from app.ports import Outbox
from app.services import App
from app.services.silence_timers import MISSED_S, SilenceTimers
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

T = "acme"
EVERYTHING = tuple(Topic)
PATIENCE_S = 10.0


class Receiver:
    """A real HTTP server that takes messages, answering with the given statuses first and 204 then."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.taken: list[tuple[dict[str, str], str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                receiver.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    async def got(self, count: int) -> list[dict[str, Any]]:
        """The bodies, once there are so many."""
        await until(lambda: _ready(len(self.taken) >= count))
        return [json.loads(body) for _, body in self.taken]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    server = Receiver()
    yield server
    server.close()


@asynccontextmanager
async def opened(settings: Settings, **parts: Any) -> AsyncGenerator[App]:
    parts = {"courier": WebhookSender(private=True), "webhook_pauses_s": (0.01, 0.01), **parts}
    async with build(settings, embedder=WordEmbedder(), **parts) as application:
        yield application


def memory_outbox() -> MemoryOutbox:
    return MemoryOutbox(MemoryArchive())


@asynccontextmanager
async def announcing(outbox: Outbox, *, pause_s: float = 0.01) -> AsyncGenerator[Announcer]:
    courier = WebhookSender(private=True)
    announcer = Announcer(outbox, courier, Deliveries(outbox, courier, pauses_s=[pause_s] * 5))
    announcer.start()
    try:
        yield announcer
    finally:
        await announcer.close()


def fired(name: str, customer_id: str = "cus_1") -> Announcement:
    return heard(Topic.SIGNAL_FIRED, name, customer_id, {"signal_id": name})


def names(queue: "asyncio.Queue[Announcement | None]") -> list[str]:
    """What waits in a queue, by its ids."""
    waiting = [queue.get_nowait() for _ in range(queue.qsize())]
    return [announcement.announcement_id for announcement in waiting if announcement is not None]


async def test_a_signal_reaches_the_receiver_signed_after_the_standard(settings: Settings, receiver: Receiver) -> None:
    async with opened(settings) as app:
        webhook = await app.webhooks.register(T, WebhookDraft(url=receiver.url, events=(Topic.SIGNAL_FIRED,)))
        answer = await app.interactions.record(T, [draft("Let me talk to a person", conversation_id="c1")])
        (announcement,) = await receiver.got(1)
    headers, body = receiver.taken[0]
    assert Webhook(webhook.secret).verify(body, headers) == announcement
    assert announcement["type"] == "signal.fired"
    assert announcement["data"] == answer.signals[0].model_dump(mode="json")
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook.secret).verify(body.replace("person", "robot"), headers)


async def test_a_handoff_and_a_higher_level_are_told_and_only_to_those_who_asked(
    settings: Settings, receiver: Receiver
) -> None:
    other = Receiver()
    async with opened(settings) as app:
        await app.webhooks.register(T, WebhookDraft(url=receiver.url, events=EVERYTHING))
        await app.webhooks.register("another", WebhookDraft(url=other.url, events=EVERYTHING))
        await app.interactions.record(T, [draft("Let me talk to a person", conversation_id="c1")])
        await receiver.got(2)
        handoff = await app.handoffs.create(T, HandoffRequest(conversation_id="c1"))
        data_by_type = {announcement["type"]: announcement["data"] for announcement in await receiver.got(3)}
    other.close()
    assert data_by_type["friction.threshold"]["level"] == "escalate"
    assert data_by_type["friction.threshold"]["previous_level"] == "wait"
    assert data_by_type["handoff.ready"]["handoff_id"] == handoff.handoff_id
    assert "brief" not in data_by_type["handoff.ready"]
    assert other.taken == []


async def test_a_receiver_that_fails_is_tried_again_with_the_same_message(receiver: Receiver) -> None:
    receiver.statuses = [500, 503]
    async with announcing(memory_outbox()) as announcer:
        await announcer.register(T, WebhookDraft(url=receiver.url, events=EVERYTHING))
        announcer.publish(T, [fired("sig_1")])
        await receiver.got(3)
    assert len({headers["webhook-id"] for headers, _ in receiver.taken}) == 1


async def test_what_was_not_sent_before_a_restart_is_sent_after_it(receiver: Receiver) -> None:
    outbox = memory_outbox()
    receiver.statuses = [500] * 3
    async with announcing(outbox, pause_s=0.2) as patient:
        await patient.register(T, WebhookDraft(url=receiver.url, events=EVERYTHING))
        await patient.announce(T, [fired("sig_1")])
        await receiver.got(1)
    receiver.statuses = []
    async with announcing(outbox):
        await receiver.got(2)
        await settled(outbox)
    async with announcing(outbox):
        await asyncio.sleep(0.05)
    assert len(receiver.taken) == 2
    assert receiver.taken[0][0]["webhook-id"] == receiver.taken[1][0]["webhook-id"]


async def test_two_workers_that_find_the_same_send_it_once(receiver: Receiver) -> None:
    outbox = memory_outbox()
    async with announcing(outbox) as announcer, announcing(outbox) as other:
        await announcer.register(T, WebhookDraft(url=receiver.url, events=EVERYTHING))
        for worker in (announcer, other):
            worker.publish(T, [fired("sig_1")])
        announcer.publish(T, [fired("sig_2")])
        await receiver.got(2)
        await settled(outbox)
    assert sorted(json.loads(body)["data"]["signal_id"] for _, body in receiver.taken) == ["sig_1", "sig_2"]


async def test_a_receiver_that_is_gone_is_removed_and_another_can_be(receiver: Receiver) -> None:
    receiver.statuses = [410]
    async with announcing(memory_outbox()) as announcer:
        await announcer.register(T, WebhookDraft(url=receiver.url, events=EVERYTHING))
        announcer.publish(T, [fired("sig_1")])
        await until(lambda: _empty(announcer.webhooks(T)))
        issued_webhook = await announcer.register(T, WebhookDraft(url=receiver.url, events=EVERYTHING))
        assert [webhook.webhook_id for webhook in await announcer.webhooks(T)] == [issued_webhook.webhook_id]
        with pytest.raises(NotFound):
            await announcer.remove("another", issued_webhook.webhook_id)
        await announcer.remove(T, issued_webhook.webhook_id)
        assert await announcer.webhooks(T) == []


async def test_listeners_hear_their_own_tenant_alone_and_leave_nothing_behind() -> None:
    async with announcing(memory_outbox()) as announcer:
        async with announcer.listening(T) as ours, announcer.listening("another") as theirs:
            announcer.publish(T, [fired("sig_1")])
            assert names(ours) == ["sig_1"]
            assert theirs.empty()
        announcer.publish(T, [fired("sig_2")])
        assert ours.empty()


async def test_who_comes_back_hears_what_was_missed_but_nothing_of_an_erased_customer() -> None:
    async with announcing(memory_outbox()) as announcer:
        announcer.publish(T, [fired("sig_1"), fired("sig_2"), fired("sig_3", "cus_2"), fired("sig_4")])
        announcer.forget(T, "cus_2")
        async with announcer.listening(T, after="sig_1") as queue:
            assert names(queue) == ["sig_2", "sig_4"]
        async with announcer.listening(T, after="sig_unknown") as queue:
            assert queue.empty()


async def test_a_listener_who_does_not_listen_keeps_only_the_newest() -> None:
    async with announcing(memory_outbox()) as announcer, announcer.listening(T) as queue:
        for number in range(3 * REMEMBERED):
            announcer.publish(T, [fired(f"sig_{number}")])
        waiting = [queue.get_nowait() for _ in range(queue.qsize())]
        assert waiting[-1] is not None
        assert waiting[-1].announcement_id == f"sig_{3 * REMEMBERED - 1}"
        assert len(waiting) < 3 * REMEMBERED


async def test_silence_is_told_although_nothing_arrives(settings: Settings) -> None:
    # On the phone half a minute without an answer is silence; the question was asked almost that long ago.
    asked = datetime.now(UTC).timestamp() - 29.9
    async with opened(settings) as app, app.webhooks.listening(T) as queue:
        row = draft(
            "Could you tell me your postcode?",
            channel="voice",
            actor="bot",
            conversation_id="c1",
            occurred_at=datetime.fromtimestamp(asked, UTC),
        )
        await app.interactions.record(T, [row])
        async with asyncio.timeout(PATIENCE_S):
            announcement = await queue.get()
    assert announcement is not None
    assert announcement.data["type"] == "silence"


def asked(seconds_ago: float, conversation: str = "c1") -> InteractionDraft:
    """A bot's question on the phone, where half a minute without an answer is silence."""
    return draft(
        "Could you tell me your postcode?",
        channel="voice",
        actor="bot",
        conversation_id=conversation,
        occurred_at=datetime.now(UTC) - timedelta(seconds=seconds_ago),
    )


async def test_silence_that_is_due_after_a_restart_is_told_all_the_same(settings: Settings, receiver: Receiver) -> None:
    async with opened(settings) as app:
        await app.webhooks.register(T, WebhookDraft(url=receiver.url, events=(Topic.SIGNAL_FIRED,)))
        await app.interactions.record(T, [asked(29.0)])
    async with opened(settings):
        (announcement,) = await receiver.got(1)
    assert announcement["data"]["type"] == "silence"


async def test_silence_that_came_due_while_nothing_ran_is_told_once_over_restarts_and_workers(
    settings: Settings, receiver: Receiver
) -> None:
    async with opened(settings) as app:
        await app.webhooks.register(T, WebhookDraft(url=receiver.url, events=(Topic.SIGNAL_FIRED,)))
    ledger_only = build(settings, embedder=WordEmbedder())  # not opened: as if its process died before it was due
    await ledger_only.interactions.record(T, [asked(200.0)])
    await ledger_only.close()
    async with opened(settings) as first, opened(settings) as other:
        await receiver.got(1)
        for worker in (first, other):
            await _waiting(worker).look_through()
    async with opened(settings) as again:
        await _waiting(again).look_through()
        await settled(again._parts.outbox)  # pyright: ignore[reportPrivateUsage]
        await asyncio.sleep(0.1)
    assert len(receiver.taken) == 1


async def test_what_came_due_long_ago_is_history_and_not_told(settings: Settings) -> None:
    async with opened(settings) as app:
        await app.interactions.record(T, [asked(2 * MISSED_S)])
        async with app.webhooks.listening(T) as queue:
            await _waiting(app).look_through()
            assert queue.empty()


async def test_a_customer_who_answered_meanwhile_is_not_silent(settings: Settings) -> None:
    async with opened(settings) as app:
        await app.interactions.record(T, [asked(200.0), draft("12345", channel="voice", conversation_id="c1")])
        async with app.webhooks.listening(T) as queue:
            await _waiting(app).look_through()
            assert queue.empty()


def _waiting(app: App) -> SilenceTimers:
    return app.signals._timers  # pyright: ignore[reportPrivateUsage]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something has come true that nothing announces."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - it happens in another thread or in the archive
            await asyncio.sleep(0.01)


async def _ready(condition: bool) -> bool:
    return condition


async def _empty(rows: Awaitable[Sequence[object]]) -> bool:
    return not await rows


async def settled(outbox: Outbox) -> None:
    """Wait until every message that is filed was taken."""

    async def nothing_is_pending() -> bool:
        webhooks = await outbox.webhooks(T)
        pending = [
            await outbox.deliveries(T, webhook.webhook_id, status=DeliveryStatus.PENDING, before=None, limit=1)
            for webhook in webhooks
        ]
        return not any(pending)

    await until(nothing_is_pending)
