"""What every bus does: messages reach the receivers of all processes, long ones whole, and it finds its way back."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest

from app.adapters.buses.framing import Assembler, frames
from app.adapters.buses.linked import Link, LinkedBus
from app.adapters.buses.postgres import PostgresLink
from app.adapters.buses.redis import RedisLink
from app.adapters.buses.sockets import SocketLink
from app.adapters.buses.subscribers import ProcessBus
from app.ports.bus import MISSED, Message
from tests.support.postgres import asked

PATIENCE_S = 15.0
REDIS = "redis://127.0.0.1:6379"


@pytest.fixture(params=["postgres", "redis", "sockets"])
def link(request: pytest.FixtureRequest) -> Callable[[], Link]:
    """Makes links, each as another process of one service would."""
    scope = secrets.token_hex(8)
    match request.param:
        case "postgres":
            url: str = request.getfixturevalue("postgres")
            return lambda: PostgresLink(url)
        case "redis":
            return lambda: RedisLink(REDIS, scope)
        case _:
            return lambda: SocketLink(scope)


@asynccontextmanager
async def joined(link: Callable[[], Link]) -> AsyncGenerator[tuple[LinkedBus, list[Message]]]:
    """The bus of one process, and what it receives on the subject `news`."""
    bus, received = LinkedBus(link(), "a link of the tests"), list[Message]()
    bus.subscribe("news", received.append)
    bus.start()
    try:
        yield bus, received
    finally:
        await bus.close()


async def met(first: LinkedBus, received: list[Message]) -> None:
    """Wait until what one publishes reaches the other."""
    async with asyncio.timeout(PATIENCE_S):
        while not received:
            first.publish("news", {"are you there": True})
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
    received.clear()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in the background."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - nothing else tells of it
            await asyncio.sleep(0.01)


async def test_a_message_reaches_every_process_once_the_senders_own_at_once(link: Callable[[], Link]) -> None:
    async with joined(link) as (first, at_first), joined(link) as (second, at_second):
        await met(first, at_second)
        await met(second, at_first)
        first.publish("news", {"number": 1})
        assert at_first[-1] == {"number": 1}
        await until(lambda: bool(at_second))
        await asyncio.sleep(0.1)
        assert at_second == [{"number": 1}]


async def test_a_message_longer_than_a_notification_arrives_whole_and_in_order(link: Callable[[], Link]) -> None:
    text = "Ünïcödé 🙂 " * 4_000
    async with joined(link) as (first, _), joined(link) as (_, at_second):
        await met(first, at_second)
        first.publish("news", {"text": text})
        first.publish("news", {"text": "short"})
        await until(lambda: len(at_second) == 2)
    assert at_second == [{"text": text}, {"text": "short"}]


async def test_a_process_that_only_tells_something_and_ends_is_heard(link: Callable[[], Link]) -> None:
    async with joined(link) as (first, _), joined(link) as (_, at_second):
        await met(first, at_second)
        brief = LinkedBus(link(), "a link of the tests")
        brief.publish("news", {"key_id": "k1"})
        await brief.close()
        await until(lambda: {"key_id": "k1"} in at_second)


async def test_what_is_published_while_the_connection_is_lost_arrives_afterwards(postgres: str) -> None:
    async with (
        joined(lambda: PostgresLink(postgres)) as (first, _),
        joined(lambda: PostgresLink(postgres)) as (_, at_second),
    ):
        await met(first, at_second)
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
        await asyncio.to_thread(asked, postgres, f"{ended} (datname = current_database() AND pid <> pg_backend_pid())")
        first.publish("news", {"number": 2})
        await until(lambda: {"number": 2} in at_second)


async def test_a_process_that_was_cut_off_hears_that_it_may_have_missed_something(postgres: str) -> None:
    bus, gaps = LinkedBus(PostgresLink(postgres), "PostgreSQL"), list[Message]()
    bus.subscribe(MISSED, gaps.append)
    bus.start()
    try:
        ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
        named = "(datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'LISTEN%')"
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(asked, postgres, f"{ended} {named}"):
                assert gaps == []
        await until(lambda: bool(gaps))
    finally:
        await bus.close()


async def test_services_with_ledgers_of_their_own_do_not_hear_each_other() -> None:
    async with (
        joined(lambda: RedisLink(REDIS, secrets.token_hex(8))) as (first, _),
        joined(lambda: RedisLink(REDIS, secrets.token_hex(8))) as (_, at_second),
    ):
        for _ in range(10):
            first.publish("news", {"tenant": "acme"})
            await asyncio.sleep(0.02)
    assert not at_second


def test_a_receiver_that_fails_keeps_the_message_from_nobody() -> None:
    bus, received = ProcessBus(), list[Message]()

    def fail(_: Message) -> None:
        raise KeyError("customer_id")

    bus.subscribe("news", fail)
    bus.subscribe("news", received.append)
    bus.publish("news", {"number": 3})
    assert received == [{"number": 3}]


@pytest.mark.parametrize("frame", ["", "a b", "a b x y z", "a b 0 1 {", "a b 0 1 []", "a b 9 2 {}"])
def test_what_is_no_frame_is_refused_and_nothing_is_made_of_it(frame: str) -> None:
    try:
        assert Assembler("own").add(frame) is None
    except (KeyError, TypeError, ValueError):
        return


def test_frames_that_are_out_of_order_or_doubled_make_one_message() -> None:
    parts = list(frames("other", "m1", "news", {"text": "x" * 20_000}))
    assembler = Assembler("own")
    whole = [assembler.add(part) for part in (parts[2], parts[0], parts[0], parts[1])]
    assert [message is not None for message in whole] == [False, False, False, True]


async def test_a_bus_says_whether_the_others_are_reached(link: Callable[[], Link]) -> None:
    async with joined(link) as (bus, _):
        await until(lambda: bus.check().status == "ok")
    assert ProcessBus().check().status == "ok"


async def test_a_bus_whose_server_does_not_answer_says_through_what_it_connects_and_what_that_costs() -> None:
    async with joined(lambda: RedisLink("redis://127.0.0.1:1", "nobody")) as (bus, _):
        assert bus.check().status == "loading"
        await until(lambda: bus.check().status == "degraded")
        assert bus.check().detail.startswith("a link of the tests does not answer. Streams and forgetting reach")
