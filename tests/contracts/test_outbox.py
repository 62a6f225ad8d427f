"""What every outbox does, run against each adapter of the port."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest

from app.adapters.memory import MemoryArchive, MemoryLedger
from app.adapters.memory_outbox import MemoryOutbox
from app.adapters.sql import SqlStore
from app.adapters.sql.outbox import SqlOutbox
from app.announcements import heard
from app.models import Announcement, DeliveryStatus, IssuedWebhook, Topic
from app.ports import Archive, Changes, Ledger, NewInteraction, Outbox, Settlement, Unit
from app.ports.outbox import now_ms
from tests.support.builders import START, draft

T, OTHER = "acme", "another"
SECRET = "whsec_c2VjcmV0"


class Stores(NamedTuple):
    """An outbox with the ledger and the archive beside it; the ledger has the customers cus_1 and cus_2."""

    outbox: Outbox
    ledger: Ledger
    archive: Archive


@pytest.fixture(params=["sqlite", "postgres", "memory"])
async def stores(request: pytest.FixtureRequest) -> AsyncGenerator[Stores]:
    if request.param == "memory":
        ledger, archive = MemoryLedger(), MemoryArchive()
        backends = Stores(MemoryOutbox(archive, ledger), ledger, archive)
    else:
        store = SqlStore(request.getfixturevalue(request.param))
        backends = Stores(SqlOutbox(store), store, store)
    async with backends.ledger.transaction(T) as transaction:
        await transaction.apply(Changes(new_identities=("cus_1", "cus_2")))
    yield backends
    await backends.ledger.close()


def webhook(name: str = "whk_1", *events: Topic) -> IssuedWebhook:
    return IssuedWebhook(
        webhook_id=name,
        url="https://example.org/hook",
        events=events or tuple(Topic),
        created_at=datetime.now(UTC),
        secret=SECRET,
    )


def fired(name: str, customer_id: str = "cus_1", **data: str) -> Announcement:
    return heard(Topic.SIGNAL_FIRED, name, customer_id, {"signal_id": name, **data})


async def statuses(outbox: Outbox, webhook_id: str = "whk_1", tenant: str = T) -> list[str]:
    deliveries = await outbox.deliveries(tenant, webhook_id, status=None, before=None, limit=100)
    return [delivery.status.value for _, delivery in deliveries]


async def lease(outbox: Outbox, holder: str = "one", *, limit: int = 100, for_ms: int = 60_000) -> Sequence[str]:
    now = now_ms()
    return [
        leased_message.message_id
        for leased_message in await outbox.lease("whk_1", holder, now, until=now + for_ms, limit=limit)
    ]


def taken(message_id: str, holder: str = "one") -> Settlement:
    return Settlement(message_id, holder, DeliveryStatus.DELIVERED, now_ms(), 204)


async def test_a_webhook_comes_back_with_its_secret_to_its_own_tenant_alone(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    (record,) = await stores.outbox.webhooks(T)
    assert (record.webhook_id, record.events, record.secrets(datetime.now(UTC))) == ("whk_1", tuple(Topic), (SECRET,))
    assert list(await stores.outbox.webhooks(OTHER)) == []
    assert not await stores.outbox.remove(OTHER, "whk_1")
    assert await stores.outbox.remove(T, "whk_1")
    assert not await stores.outbox.remove(T, "whk_1")


async def test_after_a_rotation_both_secrets_sign_until_the_former_ends(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    until = datetime.now(UTC) + timedelta(days=1)
    record = await stores.outbox.rotate(T, "whk_1", "whsec_bmV3", until)
    assert record is not None
    assert record.secrets(until - timedelta(seconds=1)) == ("whsec_bmV3", SECRET)
    assert record.secrets(until + timedelta(seconds=1)) == ("whsec_bmV3",)
    assert await stores.outbox.rotate(OTHER, "whk_1", "whsec_bmV3", until) is None


async def test_each_webhook_that_wants_an_announcement_gets_one_message_however_often_it_is_filed(
    stores: Stores,
) -> None:
    await stores.outbox.register(T, webhook("whk_1"))
    await stores.outbox.register(T, webhook("whk_2", Topic.HANDOFF_READY))
    for _ in range(2):
        assert await stores.outbox.file(T, [fired("sig_1"), fired("sig_2")])
    await stores.outbox.file(OTHER, [fired("sig_3")])
    assert await statuses(stores.outbox) == ["pending", "pending"]
    assert await statuses(stores.outbox, "whk_2") == []
    assert list(await stores.outbox.due(now_ms())) == [(T, "whk_1")]


async def test_of_many_who_file_under_one_mark_at_once_one_does(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    filed = await asyncio.gather(
        *(stores.outbox.file(T, [fired(f"sig_{n}")], mark="level 2", customer_id="cus_1") for n in range(8))
    )
    assert sorted(filed) == [False] * 7 + [True]
    assert await statuses(stores.outbox) == ["pending"]
    assert await stores.outbox.file(OTHER, [], mark="level 2")


async def test_a_document_and_the_message_that_tells_of_it_are_filed_together(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    announcement = heard(Topic.HANDOFF_READY, "hnd_1", "cus_1", {"handoff_id": "hnd_1"})
    await stores.outbox.put_announced(T, "handoffs", "hnd_1", {"n": 1}, announcement)
    assert await stores.archive.get(T, "handoffs", "hnd_1") == {"n": 1}
    assert list(await stores.archive.of_customer(T, "handoffs", "cus_1")) == [{"n": 1}]
    assert await statuses(stores.outbox) == ["pending"]


async def test_what_tells_of_a_customer_who_is_not_there_is_not_filed(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired("sig_1", "cus_erased"), fired("sig_2", "cus_2")])
    assert await statuses(stores.outbox) == ["pending"]


async def test_a_message_is_leased_by_one_worker_at_a_time_and_by_the_next_when_the_lease_has_ended(
    stores: Stores,
) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired(f"sig_{n}") for n in range(6)])
    leases = await asyncio.gather(*(lease(stores.outbox, f"worker {n}", limit=2) for n in range(5)))
    message_ids = [message_id for batch in leases for message_id in batch]
    assert len(message_ids) == len(set(message_ids)) <= 6
    message_ids += await lease(stores.outbox, "the last")
    assert len(set(message_ids)) == len(message_ids) == 6
    assert list(await stores.outbox.due(now_ms())) == []
    later = now_ms() + 61_000
    again = await stores.outbox.lease("whk_1", "heir", later, until=later + 1, limit=10)
    assert {leased_message.message_id for leased_message in again} == set(message_ids)
    assert {leased_message.attempts for leased_message in again} == {2}


async def test_only_whoever_holds_the_lease_settles_a_message(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired("sig_1")])
    (message_id,) = await lease(stores.outbox, "slow", for_ms=0)
    assert await lease(stores.outbox, "heir") == [message_id]
    await stores.outbox.settle([taken(message_id, "slow")], now_ms())
    assert await statuses(stores.outbox) == ["pending"]
    await stores.outbox.settle([taken(message_id, "heir")], now_ms())
    assert await statuses(stores.outbox) == ["delivered"]


async def test_what_is_given_back_is_due_at_once_and_was_not_tried(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired("sig_1")])
    (message_id,) = await lease(stores.outbox, "stopping")
    await stores.outbox.give_back("stopping", now_ms())
    now = now_ms()
    (leased,) = await stores.outbox.lease("whk_1", "next", now, until=now + 1, limit=1)
    assert (leased.message_id, leased.attempts) == (message_id, 1)


async def test_deliveries_are_listed_newest_first_by_status_and_page(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    for name in ("sig_1", "sig_2", "sig_3"):
        await stores.outbox.file(T, [fired(name)])
    first, second, _ = await lease(stores.outbox)
    failed = Settlement(second, "one", DeliveryStatus.FAILED, now_ms(), 500, "The receiver answered 500.")
    await stores.outbox.settle([taken(first), failed], now_ms())
    assert await statuses(stores.outbox) == ["pending", "failed", "delivered"]
    (position, newest), (_, middle) = await stores.outbox.deliveries(T, "whk_1", status=None, before=None, limit=2)
    assert (middle.message_id, middle.last_status, middle.why) == (second, 500, "The receiver answered 500.")
    assert (middle.attempts, middle.next_at, newest.event) == (1, None, Topic.SIGNAL_FIRED)
    older = await stores.outbox.deliveries(T, "whk_1", status=None, before=position, limit=9)
    assert [delivery.message_id for _, delivery in older] == [second, first]
    only = await stores.outbox.deliveries(T, "whk_1", status=DeliveryStatus.DELIVERED, before=None, limit=9)
    assert [delivery.message_id for _, delivery in only] == [first]
    assert await statuses(stores.outbox, tenant=OTHER) == []


async def test_what_failed_or_is_asked_for_is_sent_again(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired("sig_1"), fired("sig_2"), fired("sig_3")])
    first, second, third = await lease(stores.outbox)
    failed = [Settlement(message_id, "one", DeliveryStatus.FAILED, now_ms()) for message_id in (first, second)]
    await stores.outbox.settle([*failed, taken(third)], now_ms())
    assert await stores.outbox.redeliver(OTHER, "whk_1", None, now_ms()) == 0
    assert await stores.outbox.redeliver(T, "whk_1", [third, "msg_unknown"], now_ms()) == 1
    assert await lease(stores.outbox) == [third]
    assert await stores.outbox.redeliver(T, "whk_1", None, now_ms()) == 2
    assert sorted(await lease(stores.outbox)) == sorted([first, second])


async def test_the_messages_of_a_webhook_end_with_it(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired("sig_1")])
    await stores.outbox.remove(T, "whk_1")
    assert list(await stores.outbox.due(now_ms())) == []
    assert await statuses(stores.outbox) == []


async def test_old_messages_go_and_what_is_pending_for_too_long_is_given_up(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired("sig_1"), fired("sig_2")])
    first, _ = await lease(stores.outbox)
    await stores.outbox.settle([taken(first)], now_ms())
    await stores.outbox.give_back("one", now_ms())
    now = now_ms()
    await stores.outbox.prune(settled_before=now - 60_000, filed_before=now - 60_000, now=now)
    assert await statuses(stores.outbox) == ["pending", "delivered"]
    await stores.outbox.prune(settled_before=now + 1, filed_before=now + 1, now=now + 2)
    assert await statuses(stores.outbox) == ["failed"]


async def test_erasing_removes_the_messages_and_marks_of_a_customer_and_those_that_name_what_is_erased(
    stores: Stores,
) -> None:
    await stores.outbox.register(T, webhook())
    await stores.outbox.file(T, [fired("sig_1"), fired("sig_2")], mark="m", customer_id="cus_1")
    await stores.outbox.file(T, [fired("sig_3", "cus_2", evidence="int_1"), fired("sig_4", "cus_2")])
    assert len(await stores.outbox.of_customer(T, "cus_1")) == 2
    assert await stores.outbox.erase(OTHER, ["cus_1"], naming=["int_1"], owners=["cus_2"]) == 0
    assert await stores.outbox.erase(T, ["cus_1"], naming=["int_1"], owners=["cus_2"]) == 3
    assert await statuses(stores.outbox) == ["pending"]
    assert list(await stores.outbox.of_customer(T, "cus_1")) == []
    assert await stores.outbox.file(T, [], mark="m")


async def test_arrivals_are_noted_with_the_rows_only_where_a_webhook_hears_of_them(stores: Stores) -> None:
    assert await arrive(stores, "int_1", announce=True) is False
    await stores.outbox.register(OTHER, webhook("whk_other"))
    await stores.outbox.register(T, webhook("whk_handoffs", Topic.HANDOFF_READY))
    assert await arrive(stores, "int_2", announce=True) is False
    await stores.outbox.register(T, webhook("whk_1", Topic.SIGNAL_FIRED))
    assert await arrive(stores, "int_3", announce=False) is False
    assert await arrive(stores, "int_4", announce=True) is True
    await stores.outbox.remove(T, "whk_1")
    assert await arrive(stores, "int_5", announce=True) is False
    arrivals = await stores.outbox.take_arrivals(now_ms(), before=now_ms() + 1, limit=10)
    assert [tuple(arrival) for arrival in arrivals] == [(T, "int_4", "c1")]


async def test_a_noted_arrival_is_taken_by_one_worker_and_stays_until_it_is_settled(stores: Stores) -> None:
    await stores.outbox.register(T, webhook())
    for number in range(4):
        await arrive(stores, f"int_{number}", announce=True)
    now = now_ms() + 10
    taken_up = await asyncio.gather(*(stores.outbox.take_arrivals(now + 1, before=now, limit=10) for _ in range(3)))
    interaction_ids = [arrival.interaction_id for some in taken_up for arrival in some]
    assert sorted(interaction_ids) == [f"int_{number}" for number in range(4)]
    await stores.outbox.settle_arrivals(T, ["int_0", "int_1", "int_unknown"])
    await stores.outbox.erase(T, [], naming=["int_2"])
    left = await stores.outbox.take_arrivals(now + 9, before=now + 5, limit=10)
    assert [arrival.interaction_id for arrival in left] == ["int_3"]


async def arrive(stores: Stores, interaction_id: str, *, announce: bool) -> bool:
    """File an interaction; tells whether it was noted."""
    new = NewInteraction(
        interaction_id=interaction_id,
        identity_id="cus_1",
        draft=draft("Some words.", occurred_at=START, conversation_id="c1"),
        content_sha256=f"sha of {interaction_id}",
    )
    async with stores.ledger.transaction(T) as transaction:

        def work(unit: Unit) -> bool:
            unit.apply(Changes(interactions=(new,), announce=announce))
            return unit.noted()

        return await transaction.run(work)
