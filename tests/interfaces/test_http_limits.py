"""Limits of keys and tenants, and what becomes of requests when there are too many, over a real server on loopback."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from time import perf_counter
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from app.bootstrap import build
from app.errors import ModelTimeout
from app.interfaces.http.admission import BULK, HANDOFF, INGEST, AdmissionDesk
from app.interfaces.http.work_lanes import Lane, LaneShape, LoopLag
from app.main import create_app
from app.models import Scope
from app.ports import ModelReply
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import message, problem

REDIS = "redis://127.0.0.1:6379"
NO_REDIS = "redis://127.0.0.1:1"
# Two under way, three waiting for as long as a test may take.
NARROW = LaneShape("narrow", usual_s=20.0, floor=2, ceiling=2, start=2, wait_s=30.0)


class HangingModel:
    """A model that answers nothing until it is let go, and then that it was too slow."""

    name = "hanging"

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.asked = 0

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        self.asked += 1
        await self.let_go.wait()
        raise ModelTimeout("too slow")

    async def warm_up(self) -> None:
        pass

    async def close(self) -> None:
        self.let_go.set()


class Served:
    """A service that really listens, with its App, its model and its desk."""

    def __init__(self, address: str, app: App, model: HangingModel, desk: AdmissionDesk) -> None:
        self.address = address
        self.app = app
        self.model = model
        self.desk = desk

    async def caller(self, stack: AsyncExitStack, tenant: str = "one") -> httpx.AsyncClient:
        """A client with a new key of a tenant."""
        key = await self.app.access.create_key(tenant, tuple(Scope))
        headers = {"authorization": f"Bearer {key.key}"}
        client = httpx.AsyncClient(base_url=self.address, headers=headers, timeout=60, trust_env=False)
        return await stack.enter_async_context(client)

    def narrow(self, work: str) -> Lane:
        """Make a lane narrow; gives it."""
        self.desk.lanes[work] = Lane(NARROW, LoopLag())
        return self.desk.lanes[work]

    async def filled(self, work: str, tenant: str) -> Lane:
        """A narrow lane with a tenant's work in all its places: a handoff that waits for its model takes none."""
        lane = self.narrow(work)
        for _ in range(NARROW.ceiling):
            await lane.enter(tenant)
        return lane

    def emptied(self, lane: Lane, tenant: str) -> None:
        """The work that filled a lane ends."""
        for _ in range(NARROW.ceiling):
            lane.leave(tenant, NARROW.usual_s)


@asynccontextmanager
async def serving(settings: Settings, **changes: object) -> AsyncGenerator[Served]:
    model = HangingModel()
    chosen = settings.model_copy(update=changes)
    async with build(chosen, embedder=WordEmbedder(), model=model) as app:
        await app.warm_up()
        api = create_app(chosen, app)
        server = uvicorn.Server(uvicorn.Config(api, port=0, log_level="error", lifespan="off"))
        task = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield Served(f"http://127.0.0.1:{port}", app, model, api.state.admission)
        finally:
            model.let_go.set()
            server.should_exit = True
            await asyncio.wait_for(task, 30)


@pytest.fixture
async def stack() -> AsyncGenerator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


async def handoffs(client: httpx.AsyncClient, count: int, **headers: str) -> list[asyncio.Task[httpx.Response]]:
    """So many handoffs at once, about one conversation each, which the model holds up."""
    tasks: list[asyncio.Task[httpx.Response]] = []
    for _ in range(count):
        name = uuid4().hex
        recorded = await client.post("/v1/interactions", json=message(conversation_id=name))
        assert recorded.status_code == 201, recorded.text
        body = {"conversation_id": name, "deadline_ms": 30_000}
        tasks.append(asyncio.create_task(client.post("/v1/handoffs", json=body, headers=headers)))
    return tasks


async def until(holds: Any) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what is awaited happens inside the service
            await asyncio.sleep(0.005)


def refused(answer: httpx.Response, status: int, code: str) -> None:
    problem(answer, status, code)
    assert int(answer.headers["retry-after"]) >= 1


async def test_a_key_that_sends_too_many_requests_is_told_when_to_come_again_and_another_key_is_not(
    settings: Settings, stack: AsyncExitStack
) -> None:
    async with serving(settings, rate_limit=5) as served:
        busy, calm = await served.caller(stack), await served.caller(stack)
        answers = await asyncio.gather(*(busy.post("/v1/interactions", json=message()) for _ in range(30)))
        other = await calm.post("/v1/interactions", json=message())
        alive = await asyncio.gather(*(busy.get("/healthz") for _ in range(30)))

        too_many = [answer for answer in answers if answer.status_code != 201]
        for answer in too_many:
            refused(answer, 429, "rate_limited")
        await asyncio.sleep(1.1)
        later = await busy.post("/v1/interactions", json=message())

    assert too_many
    assert {answer.status_code for answer in alive} == {200}
    assert (other.status_code, later.status_code) == (201, 201)


async def test_the_keys_of_a_tenant_together_have_a_limit_too(settings: Settings, stack: AsyncExitStack) -> None:
    async with serving(settings, rate_limit=2) as served:
        keys = [await served.caller(stack) for _ in range(12)]
        started = perf_counter()
        answers = await asyncio.gather(*(key.post("/v1/interactions", json=message()) for key in keys for _ in (1, 2)))
        windows = int(perf_counter() - started) + 1
        other = await (await served.caller(stack, "two")).post("/v1/interactions", json=message())

    accepted = sum(answer.status_code == 201 for answer in answers)
    assert accepted <= 8 * windows
    assert other.status_code == 201


async def test_a_key_has_only_so_many_handoffs_under_way(settings: Settings, stack: AsyncExitStack) -> None:
    async with serving(settings, concurrent_handoffs=2) as served:
        busy, calm = await served.caller(stack), await served.caller(stack)
        under_way = await handoffs(busy, 2)
        await until(lambda: served.model.asked == 2)
        [third] = await handoffs(busy, 1)
        refused(await third, 429, "rate_limited")
        [elsewhere] = await handoffs(calm, 1)
        await until(lambda: served.model.asked == 3)
        served.model.let_go.set()
        answers = await asyncio.gather(*under_way, elsewhere)
        [afterwards] = await handoffs(busy, 1)

        assert {answer.status_code for answer in answers} == {201}
        assert (await afterwards).status_code == 201


async def test_a_key_keeps_only_so_many_streams_open(settings: Settings, stack: AsyncExitStack) -> None:
    async with serving(settings, open_streams=2) as served:
        busy, calm = await served.caller(stack), await served.caller(stack)
        async with AsyncExitStack() as opened:
            for _ in range(2):
                stream = await opened.enter_async_context(busy.stream("GET", "/v1/signals/stream"))
                assert stream.status_code == 200
            refused(await busy.get("/v1/signals/stream"), 429, "rate_limited")
            [staged] = await handoffs(busy, 1, accept="text/event-stream")
            refused(await staged, 429, "rate_limited")
            other = await opened.enter_async_context(calm.stream("GET", "/v1/signals/stream"))
            assert other.status_code == 200
            # Whoever waits on a stream has no end: the service is told to stop, and streams with it.


async def test_a_full_queue_refuses_at_once_and_harms_nothing_that_was_accepted(
    settings: Settings, stack: AsyncExitStack
) -> None:
    async with serving(settings) as served:
        client = await served.caller(stack)
        lane = await served.filled(HANDOFF, "one")
        tasks = await handoffs(client, 10)
        await until(lambda: sum(task.done() for task in tasks) == 7)
        assert (lane.in_use, lane.queued) == (2, 3)
        for task in tasks:
            if task.done():
                refused(task.result(), 503, "unavailable")
        probes = [await client.get(path) for path in ("/healthz", "/readyz")]
        recorded = await client.post("/v1/interactions", json=message())
        served.model.let_go.set()
        served.emptied(lane, "one")
        answers = await asyncio.gather(*tasks)

    assert sum(answer.status_code == 201 for answer in answers) == 3
    assert [answer.status_code for answer in probes] == [200, 200]
    assert recorded.status_code == 201


async def test_a_refused_request_leaves_its_connection_usable_and_acknowledges_nothing(
    settings: Settings, stack: AsyncExitStack
) -> None:
    async with serving(settings) as served:
        client = await served.caller(stack)
        lane = served.narrow(BULK)
        crowd = [asyncio.create_task(lane.enter("one")) for _ in range(5)]
        await until(lambda: lane.queued == 3)
        host, port = served.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        key = client.headers["authorization"]
        body = b'{"channel":"chat","actor":"customer","kind":"message","text":"' + b"x" * 100_000 + b'"}'
        head = (
            f"POST /v1/interactions HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        for _ in range(3):
            writer.write(head.encode())
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: " in answer.lower()
            size = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            assert b'"unavailable"' in await reader.readexactly(size)
            writer.write(body)  # it was refused before it was read, and comes all the same
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)).startswith(b"HTTP/1.1 200 ")
        writer.close()
        for task in crowd[2:]:
            task.cancel()
        await asyncio.wait(crowd)
        for _ in range(2):
            lane.leave("one", NARROW.usual_s)
        recorded = await client.post("/v1/interactions", json=message())
        assert recorded.json()["as_of_seq"] == 1  # nothing was filed before


async def test_a_slow_sender_takes_no_place_of_others(settings: Settings, stack: AsyncExitStack) -> None:
    async with serving(settings) as served:
        client = await served.caller(stack)
        lane = served.narrow(INGEST)
        host, port = served.address.removeprefix("http://").split(":")
        key = client.headers["authorization"]
        slow = [await asyncio.open_connection(host, int(port)) for _ in range(10)]
        for _, writer in slow:
            head = f"POST /v1/interactions HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\nContent-Length: 100\r\n\r\n"
            writer.write(head.encode() + b'{"channel":')
            await writer.drain()
        answer = await client.post("/v1/interactions", json=message())
        assert answer.status_code == 201
        assert lane.in_use == 0
        for _, writer in slow:
            writer.close()


async def test_a_flood_of_one_tenant_does_not_keep_another_waiting_behind_it(
    settings: Settings, stack: AsyncExitStack
) -> None:
    async with serving(settings) as served:
        flooding, other = await served.caller(stack, "flood"), await served.caller(stack, "other")
        lane = await served.filled(HANDOFF, "flood")
        flood = await handoffs(flooding, 10)
        await until(lambda: lane.queued == 3 and sum(task.done() for task in flood) == 7)
        [mine] = await handoffs(other, 1)
        await until(lambda: sum(task.done() for task in flood) == 8)  # one that waited gave way
        served.model.let_go.set()
        served.emptied(lane, "flood")
        assert (await mine).status_code == 201
        answers = await asyncio.gather(*flood)
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [503] * 8


async def test_a_refusal_for_overload_has_work_that_nobody_waits_for_give_way(
    settings: Settings, stack: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(settings) as served:
        caller = await served.caller(stack, "flood")
        lane = await served.filled(HANDOFF, "flood")
        flood = await handoffs(caller, 10)
        await until(lambda: any(task.done() for task in flood))
        pressure = served.app._parts.pressure  # pyright: ignore[reportPrivateUsage]
        assert pressure.is_on
        served.model.let_go.set()
        served.emptied(lane, "flood")
        await asyncio.gather(*flood)
    assert [row.getMessage() for row in caplog.records if row.levelno >= logging.ERROR] == []


async def test_limits_hold_over_two_services_that_share_redis(settings: Settings, stack: AsyncExitStack) -> None:
    async with (
        serving(settings, redis_url=REDIS, rate_limit=5) as first,
        serving(settings, redis_url=REDIS, rate_limit=5) as second,
    ):
        client = await first.caller(stack)
        started = perf_counter()
        addresses = (first.address, second.address)
        sent = (client.post(f"{addresses[turn % 2]}/v1/interactions", json=message()) for turn in range(40))
        answers = await asyncio.gather(*sent)
        # A second that began before the first request counts, and the one in which the last was answered.
        windows = int(perf_counter() - started) + 2
    accepted = sum(answer.status_code == 201 for answer in answers)
    assert 5 <= accepted <= 5 * windows
    assert {answer.status_code for answer in answers} == {201, 429}


async def test_without_its_redis_a_service_counts_for_itself_and_says_so_once(
    settings: Settings, stack: AsyncExitStack, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with serving(settings, redis_url=NO_REDIS, rate_limit=5) as served:
            client = await served.caller(stack)
            answers = await asyncio.gather(*(client.post("/v1/interactions", json=message()) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {201, 429}
    assert sum("Redis does not answer" in record.message for record in caplog.records) == 1


async def test_the_description_lists_429_and_503_with_retry_after_for_every_path(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    operations = {
        f"{method} {path}": operation["responses"]
        for path, methods in document["paths"].items()
        if path.startswith("/v1/")
        for method, operation in methods.items()
    }
    assert operations
    for name, responses in operations.items():
        for status in ("429", "503"):
            assert "Retry-After" in responses[status]["headers"], (name, status)
