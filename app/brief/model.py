"""The model engine: a brief in a model's words, checked sentence by sentence, laid over the extractive brief.

It knows no deadline but the time it is given. What was answered once of a snapshot is not asked again.
"""

import asyncio
import logging
from time import perf_counter

from app.brief.answer import LIMITS, answer_schema, parse
from app.brief.cache import AnswerCache, place_of
from app.brief.merging import Judge, merge
from app.brief.packing import TRUSTED_INPUTS, UNTRUSTED_INPUTS, Packed, pack
from app.errors import InvalidModelOutput, ModelFailure, ModelUnavailable
from app.models import Brief, Check, FailureCode, Handoff, HandoffStatus, Snapshot, Usage
from app.ports import Archive, LanguageModel, ModelReply
from app.privacy import Redactor
from app.prompts import Prompt, RenderedPrompt, count_tokens

ANSWER_TOKENS = 1200

_log = logging.getLogger("warmline.brief")


class BriefWriter:
    """Words briefs with a model and a prompt. Without a model every brief stays as the extractive engine made it.

    `hide_contacts` tells whether e-mail addresses and phone numbers are kept from the model, as secrets always are.
    """

    def __init__(
        self,
        model: LanguageModel | None,
        prompt: Prompt,
        archive: Archive,
        judge: Judge,
        *,
        hide_contacts: bool = True,
    ) -> None:
        """Raises ConfigurationError when the prompt asks for other inputs than there are."""
        prompt.check_inputs(TRUSTED_INPUTS, UNTRUSTED_INPUTS)
        self._model = model
        self._prompt = prompt
        self._cache = AnswerCache(archive)
        self._judge = judge
        self._hide_contacts = hide_contacts
        self._check = Check(status="loading", detail="loads in the background after the start")

    @property
    def has_model(self) -> bool:
        """Whether there is a model to ask."""
        return self._model is not None

    @property
    def prompt_version(self) -> str:
        """The version of the prompt that briefs are worded with."""
        return self._prompt.reference.version

    async def write(self, snapshot: Snapshot, handoff: Handoff, *, timeout_s: float) -> Handoff:
        """The handoff in the model's words, checked by rules; `check.state` is pending where a model is to check too.

        Raises ModelFailure where there is no answer, or nothing of it can be shown.
        """
        until = perf_counter() + timeout_s
        model = self._model
        if model is None:
            raise ModelUnavailable("No model is set.")
        redactor = Redactor(contacts=self._hide_contacts)
        packed, prompt = await asyncio.to_thread(self._prompt_for, snapshot, handoff, redactor)
        place = place_of(snapshot, packed, self._prompt.reference, model.name)
        kept = await self._cache.get(place)
        reply = kept or await model.complete(
            prompt.system,
            prompt.user,
            schema=answer_schema(len(handoff.request.sections)),
            timeout_s=until - perf_counter(),
            max_tokens=ANSWER_TOKENS,
        )
        text = redactor.restore(reply.text)
        brief, written = await asyncio.to_thread(_brief_from, text, packed, prompt, handoff, self._judge)
        # An answer of a model that stood in for this one is not kept: this one is asked again when it is back.
        if written and kept is None and reply.model == model.name:
            await self._cache.put(place, reply, packed)
        return self._labelled(handoff, reply, brief, written=written)

    async def check_claims(self, snapshot: Snapshot, handoff: Handoff, *, timeout_s: float) -> Handoff:  # noqa: ARG002
        """The handoff with a model's verdicts on its claims. Raises ModelFailure where there are none."""
        return handoff

    def without_model(self, handoff: Handoff, failure: ModelFailure) -> Handoff:
        """The handoff as it stands without the model, labelled with why."""
        assert self._model is not None
        tried = handoff.model_copy(update={"model": self._model.name, "prompt": self._prompt.reference})
        return self._failed(tried, self._model.name, failure)

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
        """Let go of the model."""
        if self._model is not None:
            await self._model.close()

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

    def _failed(self, handoff: Handoff, model: str, failure: ModelFailure) -> Handoff:
        code = FailureCode(failure.reported_code)
        self._check = Check(status="degraded", detail=f"{model}: {code.value} at the last call")
        _log.warning("brief without a model: %s", code.value)
        return handoff.model_copy(update={"status": HandoffStatus.PARTIAL, "failure_code": code})


def _brief_from(
    text: str, packed: Packed, prompt: RenderedPrompt, handoff: Handoff, judge: Judge
) -> tuple[Brief, bool]:
    return merge(parse(text), handoff.brief, packed.shown, handoff.request, judge, instructions=prompt.system)
