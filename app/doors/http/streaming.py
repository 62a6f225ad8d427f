"""A handoff in stages, as server-sent events: `brief` at once, `brief` again with the model's words, `done`.

The work goes on when the listener leaves, so that a brief somebody saw is also the one that can be fetched later.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import NamedTuple

from starlette.responses import Response, StreamingResponse

from app.doors.http.frame import log_failure
from app.doors.http.problems import problem_of, unexpected_problem
from app.doors.http.replies import Answer, Asked, Replies, answer
from app.doors.http.wire import handoff_answer
from app.errors import WarmlineError
from app.models import Handoff

MEDIA_TYPE = "text/event-stream"
PING_S = 15.0


class Event(NamedTuple):
    """One server-sent event; its data is one line of JSON."""

    name: str
    data: str

    def encoded(self) -> str:
        """The event as the stream carries it."""
        return f"event: {self.name}\ndata: {self.data}\n\n"


Mailbox = asyncio.Queue[Event | Exception | None]


class Streams:
    """The handoffs being streamed; a service waits for them before it closes its stores."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._running: set[asyncio.Task[None]] = set()

    async def open(self, request: Asked, stages: Callable[[], AsyncIterator[Handoff]]) -> Response:
        """A 201 stream, begun once the first brief stands. Raises what was wrong with the request before that."""
        mailbox: Mailbox = asyncio.Queue()
        task = asyncio.create_task(self._pump(request, stages, mailbox))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        first = await mailbox.get()
        if isinstance(first, Exception):
            raise first
        return StreamingResponse(_events(first, mailbox), status_code=201, media_type=MEDIA_TYPE)

    async def begin(self, stages: AsyncIterator[Handoff]) -> Handoff:
        """The first stage; the rest is made while its caller goes on. Raises what stood in the way of the first."""
        first: asyncio.Future[Handoff] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(_run(stages, first))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await first

    async def finish(self) -> None:
        """Wait until what was begun is filed."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _pump(self, request: Asked, stages: Callable[[], AsyncIterator[Handoff]], mailbox: Mailbox) -> None:
        try:
            async with self._replies.turn(request) as turn:
                last = turn.kept or await turn.keep(await _staged(stages(), mailbox))
            if turn.kept is not None:
                mailbox.put_nowait(Event("brief", last.body))
            mailbox.put_nowait(Event("done", last.body))
        except Exception as failure:  # noqa: BLE001 - handed to the listener's side, which reports it
            mailbox.put_nowait(failure)
        finally:
            mailbox.put_nowait(None)


async def _run(stages: AsyncIterator[Handoff], first: asyncio.Future[Handoff]) -> None:
    try:
        async for stage in stages:
            if not first.done():
                first.set_result(stage)
    except Exception as failure:  # noqa: BLE001 - handed to whoever waits, or logged where nobody does any more
        if first.done():
            log_failure(failure)
        else:
            first.set_exception(failure)


def handoff_made(handoff: Handoff) -> Answer:
    """A new handoff as an answer."""
    return answer(handoff_answer(handoff), status=201, customer_id=handoff.customer_id)


async def _staged(stages: AsyncIterator[Handoff], mailbox: Mailbox) -> Answer:
    last: Answer | None = None
    async for stage in stages:
        made = handoff_made(stage)
        if last is None or stage.engine == "model":
            mailbox.put_nowait(Event("brief", made.body))
        last = made
    assert last is not None
    return last


async def _events(first: Event | None, mailbox: Mailbox) -> AsyncGenerator[str, None]:
    item: Event | Exception | None = first
    while item is not None:
        yield _of_failure(item).encoded() if isinstance(item, Exception) else item.encoded()
        while True:
            try:
                item = await asyncio.wait_for(mailbox.get(), PING_S)
                break
            except TimeoutError:
                yield ": still working\n\n"


def _of_failure(failure: Exception) -> Event:
    if isinstance(failure, WarmlineError):
        return Event("error", problem_of(failure).model_dump_json())
    log_failure(failure)
    return Event("error", unexpected_problem().model_dump_json())
