"""The sender of `warmline bench overload`: requests leave when they are due, and each answer is told apart."""

import asyncio
from collections import Counter

from evals.bench.open_loop import NEVER_MS, OpenLoop, Sending


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
        ("/broken", 0, False): 5,
    }
    assert [round(answer.due_s, 3) for answer in sent] == [turn / 200 for turn in range(20)]
    assert {answer.took_ms for answer in sent if answer.status == 0} == {NEVER_MS}
