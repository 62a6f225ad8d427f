"""The model engine: words the brief with a model while the deadline is watched, and keeps the extractive one otherwise.

Whatever the model does, `BriefWriter.word` comes back before the deadline: what is late is abandoned, what is broken or
not borne out is left out, and the handoff says so. What was answered once of a snapshot is not asked again.
"""

import asyncio
import logging
from contextlib import suppress
from time import perf_counter
from typing import NamedTuple

from app.brief.answer import LIMITS, answer_schema, parse
from app.brief.cache import AnswerCache, Place, place_of
from app.brief.merging import merge
from app.brief.packing import TRUSTED_INPUTS, UNTRUSTED_INPUTS, Packed, pack
from app.errors import InvalidModelOutput, ModelFailure, ModelTimeout
from app.models import Brief, Check, FailureCode, Handoff, HandoffStatus, Snapshot, Usage
from app.patience import within
from app.ports import Archive, LanguageModel, ModelReply
from app.privacy import Redactor
from app.prompts import Prompt, RenderedPrompt, count_tokens

MARGIN_S = 0.1
"""Kept back of the deadline for checking the answer and filing the handoff."""
MARGIN_SHARE = 0.5
"""So much of what the first brief took is kept back at least: where that is slow, filing is slow too."""
OVERSLEPT_DECAY = 0.8
"""By as much as the last waiting ended too late, the next ends sooner; of that, so much is left from call to call."""
LEAST_S = 0.05
"""With less than this left, no model is asked."""
HEAD_START_S = 0.01
"""By so much a model's own time ends sooner, so that it can still say what went wrong."""
ANSWER_TOKENS = 1200

_log = logging.getLogger("warmline.brief")


class _Worded(NamedTuple):
    """A handoff in a model's words, with the answer to be kept where it is a new one."""

    handoff: Handoff
    fresh: tuple[Place, ModelReply, Packed] | None = None


class BriefWriter:
    """Words briefs with a model and a prompt. Without a model every brief stays as the extractive engine made it.

    `hide_contacts` tells whether e-mail addresses and phone numbers are kept from the model, as secrets always are.
    """

    def __init__(
        self, model: LanguageModel | None, prompt: Prompt, archive: Archive, *, hide_contacts: bool = True
    ) -> None:
        """Raises ConfigurationError when the prompt asks for other inputs than there are."""
        prompt.check_inputs(TRUSTED_INPUTS, UNTRUSTED_INPUTS)
        self._model = model
        self._prompt = prompt
        self._cache = AnswerCache(archive)
        self._hide_contacts = hide_contacts
        self._overslept = 0.0
        self._abandoned: set[asyncio.Task[_Worded]] = set()
        self._check = Check(status="loading", detail="loads in the background after the start")

    @property
    def prompt_version(self) -> str:
        """The version of the prompt that briefs are worded with."""
        return self._prompt.reference.version

    async def word(self, snapshot: Snapshot, handoff: Handoff, *, started: float) -> Handoff:
        """The handoff that is filed, before its deadline. `started` is a reading of `time.perf_counter()`."""
        if self._model is not None and handoff.status is not HandoffStatus.FAILED:
            try:
                handoff = await self._in_time(self._model, snapshot, handoff, started)
            except ModelFailure as failure:
                handoff = self._without_model(self._model, handoff, failure)
        return handoff.model_copy(update={"duration_ms": round((perf_counter() - started) * 1000)})

    def check(self) -> Check:
        """How the model was when it was last asked."""
        if self._model is None:
            return Check(status="ok", detail="no model is set: the extractive engine writes every brief")
        return self._check

    async def warm_up(self) -> None:
        """Load what the first answer needs, off the event loop."""
        if self._model is None:
            return
        await asyncio.to_thread(count_tokens, "ready")
        await self._model.warm_up()
        self._check = Check(status="ok", detail=f"{self._model.name} is loaded and has not failed")

    async def close(self) -> None:
        """Let go of the model, and of the calls that were not waited for."""
        for task in tuple(self._abandoned):
            task.cancel()
        if self._model is not None:
            await self._model.close()

    async def _in_time(self, model: LanguageModel, snapshot: Snapshot, handoff: Handoff, started: float) -> Handoff:
        taken = perf_counter() - started
        margin = max(MARGIN_S, MARGIN_SHARE * taken) + self._overslept
        self._overslept *= OVERSLEPT_DECAY
        left = handoff.request.deadline_ms / 1000 - taken - margin
        if left < LEAST_S:
            raise ModelTimeout("The deadline left no time for the model.")
        until = perf_counter() + left
        task = asyncio.create_task(self._worded(model, snapshot, handoff, until))
        try:
            # Not wait_for: it would wait for the cancelled call to end, and a call may take its time over that.
            with suppress(TimeoutError):
                async with within(left):
                    await asyncio.wait({task})
        finally:
            self._abandon_unless_done(task)
        if not task.done():
            self._overslept = max(self._overslept, perf_counter() - until)
            raise ModelTimeout("The model did not answer before the deadline.")
        worded = task.result()
        if worded.fresh is not None and perf_counter() < until + MARGIN_S / 2:
            await self._cache.put(*worded.fresh)
        return worded.handoff

    def _abandon_unless_done(self, task: asyncio.Task[_Worded]) -> None:
        if task.done():
            return
        task.cancel()
        self._abandoned.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[_Worded]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # read, so that asyncio does not report what nobody waits for any more

    async def _worded(self, model: LanguageModel, snapshot: Snapshot, handoff: Handoff, until: float) -> _Worded:
        redactor = Redactor(contacts=self._hide_contacts)
        packed, prompt = await asyncio.to_thread(self._prompt_for, snapshot, handoff, redactor)
        place = place_of(snapshot, packed, self._prompt.reference, model.name)
        kept = await self._cache.get(place)
        reply = kept or await model.complete(
            prompt.system,
            prompt.user,
            schema=answer_schema(len(handoff.request.sections)),
            timeout_s=until - HEAD_START_S - perf_counter(),
            max_tokens=ANSWER_TOKENS,
        )
        text = redactor.restore(reply.text)
        brief, written = await asyncio.to_thread(_brief_from, text, packed, prompt, handoff)
        # An answer of a model that stood in for this one is not kept: this one is asked again when it is back.
        fresh = (place, reply, packed) if written and kept is None and reply.model == model.name else None
        return _Worded(self._labelled(handoff, reply, brief, written=written), fresh)

    def _prompt_for(self, snapshot: Snapshot, handoff: Handoff, redactor: Redactor) -> tuple[Packed, RenderedPrompt]:
        packed = pack(snapshot, handoff.request, redactor, LIMITS)
        return packed, self._prompt.render(packed.inputs)

    def _labelled(self, handoff: Handoff, reply: ModelReply, brief: Brief, *, written: bool) -> Handoff:
        usage = Usage(
            prompt_tokens=reply.prompt_tokens, completion_tokens=reply.completion_tokens, cost_usd=reply.cost_usd
        )
        worded = handoff.model_copy(
            update={"brief": brief, "model": reply.model, "prompt": self._prompt.reference, "usage": usage}
        )
        if not written:
            failure = InvalidModelOutput("The evidence bears out nothing of what the model wrote.")
            return self._failed(worded, reply.model, failure)
        self._check = Check(status="ok", detail=f"{reply.model} answers")
        return worded.model_copy(update={"engine": "model"})

    def _without_model(self, model: LanguageModel, handoff: Handoff, failure: ModelFailure) -> Handoff:
        tried = handoff.model_copy(update={"model": model.name, "prompt": self._prompt.reference})
        return self._failed(tried, model.name, failure)

    def _failed(self, handoff: Handoff, model: str, failure: ModelFailure) -> Handoff:
        code = FailureCode(failure.reported_code)
        self._check = Check(status="degraded", detail=f"{model}: {code.value} at the last call")
        _log.warning("brief without a model: %s", code.value)
        return handoff.model_copy(update={"status": HandoffStatus.PARTIAL, "failure_code": code})


def _brief_from(text: str, packed: Packed, prompt: RenderedPrompt, handoff: Handoff) -> tuple[Brief, bool]:
    return merge(parse(text), handoff.brief, packed.shown, handoff.request, instructions=prompt.system)
