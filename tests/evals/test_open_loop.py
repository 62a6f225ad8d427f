"""The sender of `warmline bench overload`: requests leave when they are due, and each answer is told apart."""

import asyncio
from collections import Counter

from evals.bench.open_loop import BROKEN, NEVER_MS, OpenLoop, Sending


async def test_requests_leave_when_due_and_answers_are_told_apart_by_status_retry_after_and_silence() -> None:
    answers = {
        "/accepted": b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}",
        "/refused": b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\n{}",
        "/bare": b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        "/broken": b"",
    }

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            await reader.readexactly(2)
            answer = answers[head.split(b" ", 2)[1].decode()]
            writer.write(answer)
            if not answer:
                break
        writer.close()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(serve(reader, writer)))

    tasks: set[asyncio.Task[None]] = set()
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    paths = iter([*answers] * 5)

    def make() -> Sending:
        path = next(paths)
        return Sending(path, path, {})

    load = OpenLoop("127.0.0.1", server.sockets[0].getsockname()[1])
    sent = await load.send(200.0, 0.1, make)
    load.close()
    server.close()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert Counter((answer.kind, answer.status, answer.has_retry_after) for answer in sent) == {
        ("/accepted", 201, False): 5,
        ("/refused", 503, True): 5,
        ("/bare", 503, False): 5,
        ("/broken", BROKEN, False): 5,
    }
    assert [round(answer.due_s, 3) for answer in sent] == [turn / 200 for turn in range(20)]
    assert {answer.took_ms for answer in sent if answer.status == BROKEN} == {NEVER_MS}


async def test_a_connection_that_lay_idle_for_too_long_is_closed_and_not_used_again() -> None:
    opened: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await reader.readexactly(2)
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}")
        except asyncio.IncompleteReadError:
            writer.close()

    def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    patient, hasty = OpenLoop("127.0.0.1", port), OpenLoop("127.0.0.1", port, kept_s=0.0)
    connections: list[int] = []
    for load in (patient, hasty):
        before = len(opened)
        for _ in range(2):
            assert [answer.status for answer in await load.send(1.0, 1.0, lambda: Sending("a", "/a", {}))] == [201]
        connections.append(len(opened) - before)
        load.close()
    server.close()
    async with asyncio.timeout(10):
        await asyncio.gather(*opened)
    assert connections == [1, 2]
