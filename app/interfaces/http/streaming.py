"""A handoff in stages, as server-sent events: `brief` at once, `brief` again with the model's words, `done`.

The work goes on when the listener leaves, so that a brief somebody saw is also the one that can be fetched later. What
a model says after the handoff was answered follows as `brief` of a later revision, and `done` comes after the last one.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import NamedTuple

import anyio
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from app.errors import WarmlineError
from app.interfaces.http.idempotency import IdempotentRequest, JsonReply, Replies, answer
from app.interfaces.http.middleware import log_failure
from app.interfaces.http.problems import problem_of, unexpected_problem
from app.interfaces.http.schemas import handoff_answer
from app.models import Handoff
from app.services import App

MEDIA_TYPE = "text/event-stream"
PING_S = 15.0
# A listener who takes nothing for so long is let go of.
TAKEN_WITHIN_S = 30.0
# When the service stops, a handoff that is not answered yet still has its deadline, which is two minutes at most.
ENDED_WITHIN_S = 125.0


class StreamEvent(NamedTuple):
    """One server-sent event; its data is one line of JSON."""

    name: str
    data: str

    def encoded(self) -> str:
        """The event as the stream carries it."""
        return f"event: {self.name}\ndata: {self.data}\n\n"


Mailbox = asyncio.Queue[StreamEvent | Exception | None]


class Streams:
    """The handoffs being streamed; a service waits for them before it closes its stores."""

    def __init__(self, replies: Replies, application: App) -> None:
        self._replies = replies
        self._application = application
        self._running: set[asyncio.Task[None]] = set()
        self._following: set[asyncio.Task[None]] = set()

    async def open(self, request: IdempotentRequest, stages: Callable[[], AsyncIterator[Handoff]]) -> Response:
        """A 201 stream, begun once the first brief stands. Raises what was wrong with the request before that."""
        mailbox: Mailbox = asyncio.Queue()
        ending = anyio.Event()
        task = asyncio.create_task(self._pump(request, stages, mailbox, ending))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        first = await mailbox.get()
        if isinstance(first, Exception):
            raise first
        return EventSourceResponse(
            _events(first, mailbox),
            status_code=201,
            ping=PING_S,
            ping_message_factory=lambda: ServerSentEvent(comment="still working", sep="\n"),
            sep="\n",
            send_timeout=TAKEN_WITHIN_S,
            shutdown_event=ending,
            shutdown_grace_period=ENDED_WITHIN_S,
        )

    async def begin(self, stages: AsyncIterator[Handoff]) -> Handoff:
        """The first stage; the rest is made while its caller goes on. Raises what stood in the way of the first."""
        first: asyncio.Future[Handoff] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(_run(stages, first))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await first

    async def finish(self) -> None:
        """Wait until what was begun is answered and filed; revisions are not waited for."""
        await asyncio.gather(*self._running, return_exceptions=True)
        for task in self._following:
            task.cancel()
        await asyncio.gather(*self._following, return_exceptions=True)

    async def _pump(
        self,
        request: IdempotentRequest,
        stages: Callable[[], AsyncIterator[Handoff]],
        mailbox: Mailbox,
        ending: anyio.Event,
    ) -> None:
        handoff: Handoff | None = None
        try:
            async with self._replies.turn(request) as turn:
                last = turn.earlier_answer
                if last is None:
                    handoff = await _staged(stages(), mailbox)
                    last = await turn.keep(handoff_made(handoff))
            if turn.earlier_answer is not None:
                mailbox.put_nowait(StreamEvent("brief", last.body))
            if handoff is not None and handoff.pending:
                self._follow(request.tenant, handoff, mailbox, ending)
                return
            mailbox.put_nowait(StreamEvent("done", last.body))
        except Exception as failure:  # noqa: BLE001 - handed to the listener's side, which reports it
            mailbox.put_nowait(failure)
        mailbox.put_nowait(None)

    def _follow(self, tenant: str, handoff: Handoff, mailbox: Mailbox, ending: anyio.Event) -> None:
        """Tell of what is still to come, until the service stops: whoever reads on then finds it by GET."""
        following = asyncio.create_task(self._revisions(tenant, handoff, mailbox))
        ended = asyncio.create_task(_cancel_when(ending, following))
        self._following.add(following)

        def finish(_: asyncio.Task[None]) -> None:
            self._following.discard(following)
            ended.cancel()
            mailbox.put_nowait(None)

        following.add_done_callback(finish)

    async def _revisions(self, tenant: str, handoff: Handoff, mailbox: Mailbox) -> None:
        try:
            async for revision in self._application.handoffs.follow(tenant, handoff.handoff_id):
                if revision.revision > handoff.revision:
                    mailbox.put_nowait(StreamEvent("brief", handoff_made(revision).body))
                handoff = revision
            mailbox.put_nowait(StreamEvent("done", handoff_made(handoff.model_copy(update={"pending": False})).body))
        except Exception as failure:  # noqa: BLE001 - handed to the listener's side, which reports it
            mailbox.put_nowait(failure)


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


def handoff_made(handoff: Handoff) -> JsonReply:
    """A new handoff as an answer."""
    return answer(handoff_answer(handoff), status=201, customer_id=handoff.customer_id)


async def _staged(stages: AsyncIterator[Handoff], mailbox: Mailbox) -> Handoff:
    last: Handoff | None = None
    async for stage in stages:
        if last is None or stage.engine == "model":
            mailbox.put_nowait(StreamEvent("brief", handoff_made(stage).body))
        last = stage
    assert last is not None
    return last


async def _cancel_when(ending: anyio.Event, task: asyncio.Task[None]) -> None:
    await ending.wait()
    task.cancel()


async def _events(first: StreamEvent | None, mailbox: Mailbox) -> AsyncGenerator[bytes, None]:
    item: StreamEvent | Exception | None = first
    while item is not None:
        event = _of_failure(item) if isinstance(item, Exception) else item
        yield event.encoded().encode()
        item = await mailbox.get()


def _of_failure(failure: Exception) -> StreamEvent:
    if isinstance(failure, WarmlineError):
        return StreamEvent("error", problem_of(failure).model_dump_json())
    log_failure(failure)
    return StreamEvent("error", unexpected_problem().model_dump_json())
