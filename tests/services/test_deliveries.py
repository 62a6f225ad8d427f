"""How messages are sent: a queue for each receiver, growing pauses, leases given back, and rotated secrets."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest
from standardwebhooks import Webhook

from app.adapters.memory import MemoryArchive
from app.adapters.memory_outbox import MemoryOutbox
from app.adapters.webhook_sender import WebhookSender
from app.announcements import Announcer, heard
from app.deliveries import FAILURES_BEFORE_REST, MOST_AT_ONCE, PAUSES_S, Deliveries
from app.errors import InvalidRequest, NotFound
from app.models import Announcement, DeliveryStatus, Topic, WebhookDraft
from app.ports import Attempt, Outbox
from tests.services.test_announcements import settled, until
from tests.support.reach import words_reached

T, OTHER = "acme", "another"
DAY_S = 86_400
WORD = "".join(("vltbls", "gxxc"))


class Receiver:
    """An HTTP server that answers each path in its own way and counts what is open at once."""

    def __init__(self) -> None:
        self.answers: dict[str, list[str]] = {}
        self.hangs: set[str] = set()
        self.taken: defaultdict[str, list[dict[str, str]]] = defaultdict(list[dict[str, str]])
        self.open: defaultdict[str, int] = defaultdict(int)
        self.most_open: defaultdict[str, int] = defaultdict(int)
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = lines[0].split()[1]
            fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:-2])}
            fields["body"] = (await reader.readexactly(int(fields["content-length"]))).decode()
            self.taken[path].append(fields)
            self.open[path] += 1
            self.most_open[path] = max(self.most_open[path], self.open[path])
            if path in self.hangs:
                await reader.read()
            else:
                status = self.answers[path].pop(0) if self.answers.get(path) else "204 No Content"
                writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
                await writer.drain()
            self.open[path] -= 1
        writer.close()

    async def got(self, path: str, count: int) -> None:
        """Wait until so many messages came."""

        async def came() -> bool:
            return len(self.taken[path]) >= count

        await until(came)


@pytest.fixture
async def receiver() -> AsyncGenerator[Receiver]:
    listener = Receiver()
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield listener
    server.close()


@pytest.fixture
def outbox() -> MemoryOutbox:
    return MemoryOutbox(MemoryArchive())


@asynccontextmanager
async def sending(
    outbox: Outbox, *, pauses_s: Sequence[float] = (0.01, 0.01), timeout_s: float = 10.0, stop_s: float = 5.0
) -> AsyncGenerator[Announcer]:
    courier = WebhookSender(private=True, timeout_s=timeout_s)
    announcer = Announcer(outbox, courier, Deliveries(outbox, courier, pauses_s=pauses_s, stop_s=stop_s))
    announcer.start()
    try:
        yield announcer
    finally:
        await announcer.close()


async def register(announcer: Announcer, receiver: Receiver, path: str, tenant: str = T) -> str:
    draft = WebhookDraft(url=receiver.address + path, events=(Topic.SIGNAL_FIRED,))
    return (await announcer.register(tenant, draft)).webhook_id


def fired(count: int) -> list[Announcement]:
    return [heard(Topic.SIGNAL_FIRED, f"sig_{n}", "cus_1", {"signal_id": f"sig_{n}"}) for n in range(count)]


async def statuses(announcer: Announcer, webhook_id: str) -> list[str]:
    page = await announcer.deliveries(T, webhook_id, status=None, cursor=None, limit=1000)
    return [delivery.status.value for delivery in page.deliveries]


async def test_a_receiver_that_hangs_stops_no_other_receiver(receiver: Receiver, outbox: MemoryOutbox) -> None:
    receiver.hangs.add("/hangs")
    async with sending(outbox, stop_s=0.0) as announcer:
        await register(announcer, receiver, "/hangs")
        await register(announcer, receiver, "/ours")
        await register(announcer, receiver, "/theirs", OTHER)
        await announcer.announce(T, fired(60))
        await announcer.announce(OTHER, fired(3))
        await receiver.got("/theirs", 3)
        await receiver.got("/ours", 60)
        assert receiver.open["/hangs"] == MOST_AT_ONCE
    assert receiver.most_open["/hangs"] <= MOST_AT_ONCE
    assert receiver.most_open["/ours"] <= MOST_AT_ONCE


async def test_a_receiver_that_keeps_failing_is_asked_by_one_message_at_a_time_and_rests(
    receiver: Receiver, outbox: MemoryOutbox
) -> None:
    receiver.answers["/down"] = ["500 Down"] * 1000
    async with sending(outbox) as announcer:
        webhook_id = await register(announcer, receiver, "/down")
        await announcer.announce(T, fired(100))
        await receiver.got("/down", FAILURES_BEFORE_REST)
        await asyncio.sleep(0.3)
        assert len(receiver.taken["/down"]) <= FAILURES_BEFORE_REST + MOST_AT_ONCE
        assert set(await statuses(announcer, webhook_id)) == {"pending"}


async def test_a_message_that_is_never_taken_is_given_up_and_sent_again_on_request(
    receiver: Receiver, outbox: MemoryOutbox
) -> None:
    receiver.answers["/x"] = ["500 Down", "404 Gone Astray", "503 Busy"]
    async with sending(outbox) as announcer:
        webhook_id = await register(announcer, receiver, "/x")
        await announcer.announce(T, fired(1))

        async def given_up() -> bool:
            return await statuses(announcer, webhook_id) == ["failed"]

        await until(given_up)
        (delivery,) = (
            await announcer.deliveries(T, webhook_id, status=DeliveryStatus.FAILED, cursor=None, limit=9)
        ).deliveries
        assert (delivery.attempts, delivery.last_status, delivery.why) == (3, 503, "The receiver answered 503.")
        assert (await announcer.redeliver(T, webhook_id, None)).redelivered == 1
        await settled(outbox)
        assert await statuses(announcer, webhook_id) == ["delivered"]
        assert (await announcer.redeliver(T, webhook_id, [delivery.message_id])).redelivered == 1
        await receiver.got("/x", 5)
    assert {fields["webhook-id"] for fields in receiver.taken["/x"]} == {delivery.message_id}


async def test_a_message_that_gets_no_answer_in_time_is_sent_again_under_the_same_id(
    receiver: Receiver, outbox: MemoryOutbox
) -> None:
    receiver.hangs.add("/slow")
    async with sending(outbox, timeout_s=0.5, pauses_s=(0.05,) * 20) as announcer:
        await register(announcer, receiver, "/slow")
        await announcer.announce(T, fired(1))
        await receiver.got("/slow", 2)
    assert len({fields["webhook-id"] for fields in receiver.taken["/slow"]}) == 1


async def test_a_receiver_that_asks_for_time_gets_it(receiver: Receiver, outbox: MemoryOutbox) -> None:
    receiver.answers["/busy"] = ["503 Busy\r\nretry-after: 3600"]
    async with sending(outbox) as announcer:
        webhook_id = await register(announcer, receiver, "/busy")
        await announcer.announce(T, fired(1))
        await receiver.got("/busy", 1)

        async def waits() -> bool:
            page = await announcer.deliveries(T, webhook_id, status=None, cursor=None, limit=1)
            (delivery,) = page.deliveries
            return delivery.next_at is not None and (delivery.next_at - delivery.created_at).total_seconds() > 3500

        await until(waits)


def test_the_pauses_grow_and_last_a_day() -> None:
    assert list(PAUSES_S[:-1]) == sorted(PAUSES_S[:-1])
    assert abs(sum(PAUSES_S) - DAY_S) < DAY_S / 100


async def test_after_a_rotation_messages_carry_a_signature_by_each_secret(
    receiver: Receiver, outbox: MemoryOutbox
) -> None:
    async with sending(outbox) as announcer:
        draft = WebhookDraft(url=f"{receiver.address}/x", events=(Topic.SIGNAL_FIRED,))
        issued = await announcer.register(T, draft)
        rotated = await announcer.rotate(T, issued.webhook_id)
        assert rotated.secret != issued.secret
        await announcer.announce(T, fired(1))
        await receiver.got("/x", 1)
    (fields,) = receiver.taken["/x"]
    for secret in (issued.secret, rotated.secret):
        assert Webhook(secret).verify(fields["body"], fields) == json.loads(fields["body"])
    assert len(fields["webhook-signature"].split()) == 2


async def test_a_graceful_stop_finishes_what_is_sent_and_gives_back_the_rest(
    receiver: Receiver, outbox: MemoryOutbox
) -> None:
    async with sending(outbox) as announcer:
        await register(announcer, receiver, "/x")
        await announcer.announce(T, fired(50))
        await receiver.got("/x", 1)
    stopped_after = len(receiver.taken["/x"])
    async with sending(outbox):
        await settled(outbox)
    ids = [fields["webhook-id"] for fields in receiver.taken["/x"]]
    assert len(ids) == len(set(ids)) == 50
    assert stopped_after <= 50


async def test_a_receiver_that_hangs_does_not_hold_up_a_stop_and_its_message_counts_as_tried(
    receiver: Receiver, outbox: MemoryOutbox
) -> None:
    receiver.hangs.add("/hangs")
    async with asyncio.timeout(5), sending(outbox, stop_s=0.05, pauses_s=(60.0,)) as announcer:
        webhook_id = await register(announcer, receiver, "/hangs")
        await announcer.announce(T, fired(1))
        await receiver.got("/hangs", 1)
    ((_, delivery),) = await outbox.deliveries(T, webhook_id, status=None, before=None, limit=9)
    assert (delivery.status, delivery.attempts) == (DeliveryStatus.PENDING, 1)
    assert "stopped" in (delivery.why or "")
    assert delivery.next_at is not None


async def test_what_is_being_sent_about_somebody_who_is_erased_is_broken_off_and_the_rest_arrives(
    receiver: Receiver, outbox: MemoryOutbox
) -> None:
    receiver.hangs.add("/hangs")
    about_another = heard(Topic.SIGNAL_FIRED, "sig_9", "cus_2", {"signal_id": "sig_9"})
    async with sending(outbox, timeout_s=60.0) as announcer:
        await register(announcer, receiver, "/hangs")
        await announcer.announce(T, [heard(Topic.SIGNAL_FIRED, "sig_8", "cus_1", {"signal_id": WORD})])
        await receiver.got("/hangs", 1)
        assert WORD in receiver.taken["/hangs"].pop()["body"]
        await outbox.erase(T, ["cus_1"])
        announcer.drop(T, "cus_1")
        receiver.hangs.clear()
        await announcer.announce(T, [about_another])
        await receiver.got("/hangs", 1)
        assert words_reached([WORD]) == {}


async def test_one_message_that_cannot_be_sent_stops_no_other(receiver: Receiver, outbox: MemoryOutbox) -> None:
    class Breaking(WebhookSender):
        async def attempt(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Attempt:
            if "sig_0" in body:
                raise RuntimeError("nobody foresaw this")
            return await super().attempt(url, secrets, message_id, body)

    courier = Breaking(private=True)
    announcer = Announcer(outbox, courier, Deliveries(outbox, courier, pauses_s=()))
    announcer.start()
    webhook_id = await register(announcer, receiver, "/x")
    await announcer.announce(T, fired(3))
    await settled(outbox)
    assert sorted(await statuses(announcer, webhook_id)) == ["delivered", "delivered", "failed"]
    await announcer.close()


async def test_what_is_asked_of_another_tenants_webhook_is_not_found(receiver: Receiver, outbox: MemoryOutbox) -> None:
    async with sending(outbox) as announcer:
        webhook_id = await register(announcer, receiver, "/x")
        with pytest.raises(NotFound):
            await announcer.deliveries(OTHER, webhook_id, status=None, cursor=None, limit=1)
        with pytest.raises(NotFound):
            await announcer.redeliver(OTHER, webhook_id, None)
        with pytest.raises(NotFound):
            await announcer.rotate(OTHER, webhook_id)
        with pytest.raises(InvalidRequest, match="cursor"):
            await announcer.deliveries(T, webhook_id, status=None, cursor="-1", limit=1)
