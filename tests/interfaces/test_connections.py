"""Requests that are sent too slowly, over real sockets: cut off, while everybody else is served."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.interfaces.cli.connections import BoundedConnection

GIVE_UP_S = 20.0
HEAD = b"POST /length HTTP/1.1\r\nhost: warmline\r\n"


class Impatient(BoundedConnection):
    """The same with limits that a test can wait for."""

    head_s = 0.3
    body_s = 0.3
    whole_body_s = 1.5
    look_every_s = 0.05
    most_connections = 400
    least_bytes_per_s = 10_000


class World:
    """What became of the requests, as the application saw it."""

    def __init__(self) -> None:
        self.left = 0

    async def length(self, request: Request) -> Response:
        """How long the body is, once it is whole."""
        try:
            return PlainTextResponse(str(len(await request.body())))
        except ClientDisconnect:
            self.left += 1
            raise

    async def early(self, _: Request) -> Response:
        """An answer that does not wait for the body."""
        return PlainTextResponse("enough", status_code=413)

    async def stream(self, _: Request) -> Response:
        """Events, far more slowly than a request may come."""

        async def events() -> AsyncIterator[str]:
            for number in range(3):
                yield f"data: {number}\n\n"
                await asyncio.sleep(Impatient.head_s + 4 * Impatient.look_every_s)

        return StreamingResponse(events(), media_type="text/event-stream")

    async def busy(self, request: Request) -> Response:
        """The body, read only after longer than a body may take."""
        await asyncio.sleep(Impatient.body_s + 4 * Impatient.look_every_s)
        return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def world() -> World:
    """An application to be called."""
    return World()


@pytest.fixture
async def port(world: World) -> AsyncGenerator[int]:
    """The port where it is served through connections with limits."""
    methods = ["GET", "POST"]
    routes = [
        Route(f"/{name}", getattr(world, name), methods=methods) for name in ("length", "early", "stream", "busy")
    ]
    options: dict[str, Any] = {"port": 0, "log_level": "error", "timeout_graceful_shutdown": 1}
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), http=Impatient, **options))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await running


async def answer_to(port: int, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """All that comes back when these pieces are sent and nothing more, up to the closing of the connection."""
    async with asyncio.timeout(GIVE_UP_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause_s)
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            writer.close()


def problem_in(answer: bytes) -> Any:
    """The problem object of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    return json.loads(body)


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"P",),
        (b"\r\n\r\n",),
        (HEAD,),
        (HEAD + b"content-length: 100000\r\n\r\n",),
        (HEAD + b"content-length: 100000\r\n\r\nsome",),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n",),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n0\r\ntrailer: ",),
        (HEAD + b"content-length: 0\r\n\r\n", b"\r\n"),
        (HEAD + b"content-length: 0\r\n\r\n", HEAD),
    ],
)
async def test_a_request_that_stops_half_way_is_answered_408_and_closed(port: int, pieces: tuple[bytes, ...]) -> None:
    answer = await answer_to(port, *pieces, pause_s=0.05)
    if pieces and b"length: 0" in pieces[0]:
        answer = answer[answer.index(b"HTTP/1.1 408") :]
    refusal = problem_in(answer)
    assert (refusal["status"], refusal["code"]) == (408, "request_timeout")


@pytest.mark.parametrize("piece", [b"a: b\r\n", b"x"])
async def test_a_request_that_trickles_is_cut_off_although_something_always_comes(port: int, piece: bytes) -> None:
    async with asyncio.timeout(GIVE_UP_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD if piece != b"x" else HEAD + b"content-length: 100000\r\n\r\n")
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(piece)
            await asyncio.sleep(0.02)
        writer.close()
    assert answer.exception() is not None or problem_in(answer.result())["status"] == 408


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_a_body_that_comes_just_fast_enough_is_cut_off_all_the_same_in_the_end(
    port: int, *, is_chunked: bool
) -> None:
    size = 2 * Impatient.least_bytes_per_s // 50
    piece = f"{size:x}\r\n".encode() + b"x" * size + b"\r\n" if is_chunked else b"x" * size
    async with asyncio.timeout(GIVE_UP_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        length = b"transfer-encoding: chunked" if is_chunked else b"content-length: 100000000"
        writer.write(HEAD + length + b"\r\n\r\n")
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(piece)
            await asyncio.sleep(0.02)
        writer.close()
    assert answer.exception() is not None or problem_in(answer.result())["status"] == 408


async def test_several_hundred_half_sent_requests_keep_nobody_from_being_served(port: int) -> None:
    async def half_sent(number: int) -> bytes:
        return await answer_to(port, HEAD + b"content-length: 100000\r\n\r\nsome" if number % 2 else HEAD)

    slow = [asyncio.create_task(half_sent(number)) for number in range(300)]
    # A connection for each request: one that is kept open between two may be closed just when it is taken again.
    own = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=GIVE_UP_S, limits=own) as client:
        for _ in range(50):
            answer = await client.post("/length", content=b"x" * 1000)
            assert (answer.status_code, answer.text) == (200, "1000")
    answers = await asyncio.gather(*slow)
    assert all(b" 408 " in answer for answer in answers)


async def test_a_caller_is_not_slow_while_the_loop_itself_stands_still(port: int) -> None:
    async with asyncio.timeout(GIVE_UP_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"content-length: 4\r\nconnection: close\r\n\r\n")
        await asyncio.sleep(Impatient.look_every_s)
        time.sleep(2 * Impatient.body_s)  # noqa: ASYNC251 - the loop serves nobody meanwhile
        await asyncio.sleep(0)
        writer.write(b"some")
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 200")


async def test_when_there_is_no_room_left_whoever_let_us_wait_longest_makes_it(port: int) -> None:
    async def open_half() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET")
        return reader, writer

    opened = [await open_half() for _ in range(Impatient.most_connections)]
    answer = await answer_to(port, HEAD + b"connection: close\r\ncontent-length: 4\r\n\r\nsome")
    assert answer.startswith(b"HTTP/1.1 200")
    for _, writer in opened:
        writer.close()


async def test_a_stream_of_events_and_an_application_that_takes_its_time_are_never_cut(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=GIVE_UP_S) as client:
        streamed, read_late = await asyncio.gather(
            client.get("/stream"), client.post("/busy", content=b"x" * 4_000_000)
        )
    assert streamed.text.count("data:") == 3
    assert read_late.text == "4000000"


async def test_a_body_that_its_answer_did_not_wait_for_is_not_waited_for_forever(port: int) -> None:
    answer = await answer_to(port, b"POST /early HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\nsome", b"x")
    assert answer.startswith(b"HTTP/1.1 413")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "endless",
    [
        [b"GET /" + b"a" * 200_000],
        [b"GET / HTTP/1.1\r\na: ", *[b"b" * 50_000] * 10],
        [b"GET / HTTP/1.1\r\n", *[b"a: b\r\n" * 5_000] * 10],
        [b"\r\n" * 100_000],
        [HEAD + b"transfer-encoding: chunked\r\n\r\n0\r\na: ", *[b"b" * 100_000] * 40],
    ],
)
async def test_a_head_without_end_is_refused_long_before_it_fills_the_memory(port: int, endless: list[bytes]) -> None:
    answer = await answer_to(port, *endless)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


@asynccontextmanager
async def closing_after_a_second(protocol: type[BoundedConnection]) -> AsyncGenerator[int]:
    """The port of a server on the loop that `serve` runs on, whose timers come right after what it has read."""

    async def here(_: Request) -> Response:
        return PlainTextResponse("here")

    options: dict[str, Any] = {"port": 0, "log_level": "error", "timeout_keep_alive": 1, "loop": "uvloop"}
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[Route("/{name}", here)]), http=protocol, **options))
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    try:
        async with asyncio.timeout(GIVE_UP_S):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
                await asyncio.sleep(0.01)
            yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.to_thread(serving.join, GIVE_UP_S)


async def test_a_request_is_answered_that_came_in_time_while_the_loop_was_too_busy_to_read_it() -> None:
    stalled, go_on = threading.Event(), threading.Event()

    class Stalling(BoundedConnection):
        def data_received(self, data: bytes) -> None:
            if b"/stall" in data:
                stalled.set()
                go_on.wait(GIVE_UP_S)
            super().data_received(data)

    async with closing_after_a_second(Stalling) as port:
        (reader, writer), (_, other) = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        try:
            writer.write(b"GET /here HTTP/1.1\r\nhost: warmline\r\n\r\n")
            assert b"here" in await reader.readuntil(b"here")
            other.write(b"GET /stall HTTP/1.1\r\nhost: warmline\r\n\r\n")
            await asyncio.to_thread(stalled.wait)
            await asyncio.sleep(1.2)
            writer.write(b"GET /here HTTP/1.1\r\nhost: warmline\r\n\r\n")
            await writer.drain()
            go_on.set()
            assert b"here" in await reader.readuntil(b"here")
        finally:
            go_on.set()
            writer.close()
            other.close()


async def test_a_caller_sees_the_end_of_a_connection_at_once_although_the_loop_is_busy_then() -> None:
    go_on = threading.Event()

    class Stalling(BoundedConnection):
        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            go_on.wait(GIVE_UP_S)

    async with closing_after_a_second(Stalling) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(b"GET /here HTTP/1.1\r\nhost: warmline\r\n\r\n")
            assert b"here" in await reader.readuntil(b"here")
            assert await reader.read() == b""
            assert not go_on.is_set()
        finally:
            go_on.set()
            writer.close()
