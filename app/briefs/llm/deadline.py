"""Keeps the deadline of a handoff: asks for a brief in a model's words, and answers without it when it is late.

Whatever the model does, `TimelyWriter.word` comes back before the deadline. The deadline says when the answer comes and
not when the work ends: what is still under way then comes back with the answer, for whoever files its revisions.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple, Protocol

from app.briefs.llm.shared_drafts import Underway, joined, joined_with_news
from app.briefs.llm.writer import BriefWriter
from app.errors import ModelFailure, ModelTimeout
from app.metering import context_of_calls
from app.models import Brief, Check, ClaimCheck, Handoff, HandoffStatus, Interaction, Snapshot
from app.patience import within

MARGIN_S = 0.1
"""Kept back of the deadline for checking the answer and filing the handoff."""
MARGIN_SHARE = 0.5
"""So much of what the first brief took is kept back at least: where that is slow, filing is slow too."""
LOADING_MARGIN_S, LOADING_SHARE = 0.25, 0.25
"""Kept back beside, at most this share of a deadline, until a model's client is loaded: some of its modules let nobody
else in for tenths of a second."""
OVERSLEPT_DECAY = 0.8
"""By as much as the last waiting ended too late, the next ends sooner; of that, so much is left from call to call."""
LEAST_S = 0.05
"""With less than this left, no model is asked."""
HEAD_START_S = 0.01
"""By so much a model's own time ends sooner, so that it can still say what went wrong."""
PATIENCE_S = 30.0
"""So long after its request a handoff is still worth a model's late words, unless a setting says otherwise."""


@dataclass(slots=True)
class Rest:
    """What is still to come of a handoff: the model's brief, or its check where the brief is there.

    `until` is a reading of `time.perf_counter()`; a `call` that was begun goes on. `underway` are words on the same
    snapshot that somebody had the model begin before; where interactions came since, the `fresh` ones, they are but the
    `sooner` words.
    """

    snapshot: Snapshot
    handoff: Handoff
    until: float
    call: "asyncio.Task[Handoff] | None" = None
    underway: Underway | None = None
    fresh: Sequence[Interaction] = ()
    sooner: "asyncio.Task[Handoff | None] | None" = None
    draft: Brief | None = None
    shown: frozenset[str] | None = None


class Worded(NamedTuple):
    """A handoff as it is answered, and what is still to come of it."""

    handoff: Handoff
    rest: Rest | None = None


class Word(Protocol):
    """Has a handoff worded before its deadline; see TimelyWriter.word."""

    async def __call__(self, snapshot: Snapshot, handoff: Handoff, *, started: float) -> Worded:
        """The handoff that is filed, and what is still to come of it."""
        ...


class TimelyWriter:
    """Has briefs worded before a deadline, and after it."""

    def __init__(self, writer: BriefWriter, *, patience_s: float = PATIENCE_S) -> None:
        self._writer = writer
        self._patience_s = patience_s
        self._overslept = 0.0
        self._abandoned: set[asyncio.Task[Handoff]] = set()

    async def word(
        self,
        snapshot: Snapshot,
        handoff: Handoff,
        *,
        started: float,
        underway: Underway | None = None,
        fresh: Sequence[Interaction] = (),
    ) -> Worded:
        """The handoff that is filed, before its deadline. `started` is a reading of `time.perf_counter()`.

        `underway` are words that the model is at already, on all of the snapshot but what is `fresh`. Whoever wants no
        revisions abandons the rest.
        """
        worded = Worded(handoff)
        if self._writer.has_model and handoff.status is not HandoffStatus.FAILED:
            rest = Rest(snapshot, handoff, started + self._patience_s, underway=underway, fresh=fresh)
            worded = await self._in_time(rest, started)
        duration_ms = round((perf_counter() - started) * 1000)
        return worded._replace(handoff=worded.handoff.model_copy(update={"duration_ms": duration_ms}))

    async def revisions(self, rest: Rest) -> AsyncIterator[Handoff]:
        """The model's brief checked by rules, where it was late, and then the verdicts of its check.

        Raises ModelFailure when no brief comes in time; a check that does not is one that failed.
        """
        if rest.handoff.engine != "model":
            if (news := await self._sooner(rest, rest.until)) is not None:
                yield news
            self._goes_on_from(rest, await self._last_result(rest))
            yield rest.handoff
        if rest.handoff.engine == "model" and rest.handoff.check.state == "pending":
            try:
                yield await self._last_result(rest)
            except ModelTimeout:
                yield rest.handoff.model_copy(update={"check": ClaimCheck(by="model", state="failed")})

    def rest_of(self, snapshot: Snapshot, handoff: Handoff, underway: Underway | None = None) -> Rest:
        """What is still to come of a handoff that is taken up anew, or that the model is at already."""
        return Rest(snapshot, handoff, perf_counter() + self._patience_s, underway=underway)

    def abandon(self, rest: Rest) -> None:
        """End what is under way of it; it may be begun anew."""
        if rest.call is not None and not rest.call.done():
            rest.call.cancel()
            self._abandoned.add(rest.call)
            rest.call.add_done_callback(self._forget)
        rest.call = None
        if rest.sooner is not None:
            rest.sooner.cancel()
        rest.sooner = None

    @property
    def has_model(self) -> bool:
        """Whether there is a model to ask."""
        return self._writer.has_model

    @property
    def patience_s(self) -> float:
        """For how long after its request a handoff may be revised."""
        return self._patience_s

    @property
    def prompt_version(self) -> str:
        """The version of the prompt that briefs are worded with."""
        return self._writer.prompt_version

    def check(self) -> Check:
        """How the model was when it was last asked."""
        return self._writer.check()

    async def warm_up(self) -> None:
        """Load what the first answer needs, off the event loop."""
        await self._writer.warm_up()

    async def close(self) -> None:
        """Cancel the calls that were not waited for, and let go of the model."""
        for task in tuple(self._abandoned):
            task.cancel()
        await self._writer.close()

    async def _in_time(self, rest: Rest, started: float) -> Worded:
        handoff = rest.handoff
        until = self._asked_until(handoff, started)
        rest.until = max(until, rest.until)
        if until - perf_counter() < LEAST_S:
            failure = ModelTimeout("The deadline left no time for the model.")
            return Worded(self._writer.without_model(handoff, failure), self._worth_going_on(rest))
        try:
            if (news := await self._sooner(rest, until)) is not None:
                return Worded(news, self._worth_going_on(rest))
            worded = await self._result(rest, until)
        except ModelFailure as failure:
            return Worded(self._writer.without_model(handoff, failure))
        if worded is None:
            self._overslept = max(self._overslept, perf_counter() - until)
            failure = ModelTimeout("The model did not answer before the deadline.")
            return Worded(self._writer.without_model(handoff, failure), self._worth_going_on(rest))
        if worded.check.state != "pending":
            return Worded(worded)
        self._goes_on_from(rest, worded)
        checked = await self._result(rest, until)
        return Worded(worded, self._worth_going_on(rest)) if checked is None else Worded(checked)

    def _asked_until(self, handoff: Handoff, started: float) -> float:
        """Until when a model may take, so that the answer is there by its deadline."""
        taken = perf_counter() - started
        deadline_s = handoff.request.deadline_ms / 1000
        margin = max(MARGIN_S, MARGIN_SHARE * taken) + self._overslept
        self._overslept *= OVERSLEPT_DECAY
        if self._writer.check().status == "loading":
            margin += min(LOADING_MARGIN_S, LOADING_SHARE * deadline_s)
        return started + deadline_s - margin

    def _goes_on_from(self, rest: Rest, handoff: Handoff) -> None:
        """The model's brief is there: what is still to come is its check."""
        if rest.sooner is not None:
            rest.sooner.cancel()
        if rest.handoff.engine != "model":
            rest.draft = rest.handoff.brief
        if rest.fresh:
            rest.underway, rest.sooner = None, None  # those words are on less, and so are their verdicts
        rest.handoff, rest.call, rest.fresh = handoff, None, ()

    def _worth_going_on(self, rest: Rest) -> Rest | None:
        if rest.until - perf_counter() >= LEAST_S:
            return rest
        self.abandon(rest)
        return None

    async def _sooner(self, rest: Rest, until: float) -> Handoff | None:
        """The words on what was there before, with the news, where they come by then and before the model's own."""
        if rest.underway is None or not rest.fresh:
            return None
        if rest.sooner is None:
            work = joined_with_news(rest.underway, rest.handoff, rest.fresh)
            rest.sooner = asyncio.create_task(work, context=context_of_calls())
        sooner, call = rest.sooner, self._call_of(rest)
        await self._wait_for(rest, {sooner, call}, until)
        if call.done():
            if _has_succeeded(call):
                return None
            await self._wait_for(rest, {sooner}, until)
        if not sooner.done():
            return None
        rest.underway, rest.fresh, rest.sooner = None, (), None
        return sooner.result()

    def _call_of(self, rest: Rest) -> "asyncio.Task[Handoff]":
        """The call that what is still to come of it comes of, begun where it was not."""
        if rest.call is None:
            # A call outlives its request, and in the request's context it would keep all that the request holds.
            rest.call = asyncio.create_task(self._call(rest), context=context_of_calls())
        return rest.call

    async def _wait_for(self, rest: Rest, tasks: "set[asyncio.Task[Any]]", until: float) -> None:
        """Wait for the first of them, at most until then."""
        try:
            # Not wait_for: it would wait for the cancelled call to end, and a call may take its time over that.
            with suppress(TimeoutError):
                async with within(max(0.0, until - perf_counter())):
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self.abandon(rest)
            raise

    async def _result(self, rest: Rest, until: float) -> Handoff | None:
        """What the call under way comes to, or None where that is not known by then. Raises ModelFailure."""
        call = self._call_of(rest)
        await self._wait_for(rest, {call}, until)
        return call.result() if call.done() else None

    async def _last_result(self, rest: Rest) -> Handoff:
        result = await self._result(rest, rest.until)
        if result is None:
            self.abandon(rest)
            raise ModelTimeout("The model did not answer while anybody waited for it.")
        return result

    async def _call(self, rest: Rest) -> Handoff:
        if rest.underway is not None and not rest.fresh:
            words = await joined(rest.underway, rest.handoff)
            if words is not None:
                return words
        timeout_s = rest.until - perf_counter() - HEAD_START_S
        if rest.handoff.engine == "model":
            return await self._writer.check_claims(
                rest.snapshot, rest.handoff, draft=rest.draft, shown=rest.shown, timeout_s=timeout_s
            )
        written = await self._writer.write(rest.snapshot, rest.handoff, timeout_s=timeout_s)
        rest.shown = written.shown
        return written.handoff

    def _forget(self, task: asyncio.Task[Handoff]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # read, so that asyncio does not report what nobody waits for any more


def _has_succeeded(call: "asyncio.Task[Handoff]") -> bool:
    return not call.cancelled() and call.exception() is None
