"""The model engine: a brief in a model's words, checked sentence by sentence, laid over the extractive brief.

It knows no deadline but the time it is given. What was answered once of a snapshot is not asked again.
"""

import asyncio
import logging
from time import perf_counter
from typing import NamedTuple

from app.briefs.extractive import compose
from app.briefs.frames import framed_as
from app.briefs.llm.cache import AnswerCache, answer_key
from app.briefs.llm.checker import ModelVerifier
from app.briefs.llm.claims import Layout, lay_out
from app.briefs.llm.merge import merge
from app.briefs.llm.output import FORMS, LIMITS, answer_schema, parse
from app.briefs.llm.prompt_inputs import TRUSTED_INPUTS, UNTRUSTED_INPUTS, Packed, pack
from app.briefs.llm.recheck import statements_of, with_verdicts
from app.errors import ConfigurationError, InvalidModelOutput, ModelFailure, ModelUnavailable
from app.models import Brief, Check, ClaimCheck, FailureCode, Handoff, HandoffStatus, Snapshot, Transcript, Usage
from app.ports import Archive, LanguageModel, ModelReply
from app.ports.verifier import Verifier
from app.privacy import Redactor
from app.prompts import Prompt, RenderedPrompt, count_tokens

ANSWER_TOKENS = {"ModelBrief": 1200, "QuotedBrief": 2400}

_log = logging.getLogger("warmline.brief")


class Written(NamedTuple):
    """A handoff in a model's words, and the ids of the interactions that the model was shown."""

    handoff: Handoff
    shown: frozenset[str]


class BriefWriter:
    """Words briefs with a model and a prompt. Without a model every brief stays as the extractive engine made it.

    `hide_contacts` tells whether e-mail addresses and phone numbers are kept from the model, as secrets always are.
    """

    def __init__(
        self,
        model: LanguageModel | None,
        prompt: Prompt,
        archive: Archive,
        rules: Verifier,
        *,
        checker: ModelVerifier | None = None,
        hide_contacts: bool = True,
    ) -> None:
        """Rules check every brief, and `checker`, where there is one, has a model check it too.

        Raises ConfigurationError when the prompt asks for other inputs than there are, or another answer.
        """
        prompt.check_inputs(TRUSTED_INPUTS, prompt.untrusted & frozenset(UNTRUSTED_INPUTS))
        if prompt.output not in FORMS:
            raise ConfigurationError(f"A brief's prompt has the output {' or '.join(FORMS)}, not {prompt.output!r}.")
        self._model = model
        self._prompt = prompt
        self._rules = rules
        self._checker = checker
        self._cache = AnswerCache(archive)
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

    async def write(self, snapshot: Snapshot, handoff: Handoff, *, timeout_s: float) -> Written:
        """The handoff in the model's words, checked by rules; `check.state` is pending where a model is to check too.

        Raises ModelFailure where there is no answer, or nothing of it can be shown.
        """
        until = perf_counter() + timeout_s
        model = self._model
        if model is None:
            raise ModelUnavailable("No model is set.")
        redactor = Redactor(contacts=self._hide_contacts)
        packed, prompt = await asyncio.to_thread(self._prompt_for, snapshot, handoff, redactor)
        key = answer_key(snapshot, packed, self._prompt.reference, model.name)
        cached_reply = await self._cache.get(key)
        reply = cached_reply or await model.complete(
            prompt.system,
            prompt.user,
            schema=answer_schema(self._prompt.output, len(handoff.request.sections)),
            timeout_s=until - perf_counter(),
            max_tokens=ANSWER_TOKENS[self._prompt.output],
        )
        layout = await asyncio.to_thread(_laid_out, redactor.restore(reply.text), packed, prompt, handoff)
        statements = [piece.statement for piece in layout.to_check]
        verdicts = await self._rules.check(statements, layout.transcript, timeout_s=until - perf_counter())
        brief, written = await asyncio.to_thread(merge, layout, verdicts, handoff.brief)
        # An answer of a model that stood in for this one is not kept: this one is asked again when it is back.
        if written and cached_reply is None and reply.model == model.name:
            await self._cache.put(key, reply, packed)
        labelled = self._labelled(handoff, reply, brief, written=written)
        check = self._checked_so_far(brief, handoff.brief, written=written)
        return Written(labelled.model_copy(update={"check": check}), _ids(packed))

    async def check_claims(
        self,
        snapshot: Snapshot,
        handoff: Handoff,
        *,
        timeout_s: float,
        draft: Brief | None = None,
        shown: frozenset[str] | None = None,
    ) -> Handoff:
        """The handoff with a model's verdicts on its claims; `check.state` is done, or failed where none came in time.

        What the model refutes leaves the brief and is listed, and the extractive words stand in its place. It never
        raises: what nobody judged stays unverified. `draft` is the extractive brief, and `shown` are the ids of the
        lines that the brief's prompt showed; what is not given is worked out.
        """
        if self._checker is None:
            return handoff
        until = perf_counter() + timeout_s
        if draft is None:
            draft = await asyncio.to_thread(compose, snapshot, handoff.brief.intent, handoff.request)
        draft = framed_as(draft, handoff.brief)
        statements = await asyncio.to_thread(statements_of, handoff.brief, draft)
        if not statements:
            return handoff.model_copy(update={"check": ClaimCheck(state="done")})
        if shown is None:
            shown = await asyncio.to_thread(self._ids_shown, snapshot, handoff)
        transcript = Transcript(
            interactions=tuple(
                interaction for interaction in snapshot.interactions if interaction.interaction_id in shown
            )
        )
        try:
            verdicts = await self._checker.check(
                statements, transcript, timeout_s=until - perf_counter(), now=snapshot.now
            )
        except ModelFailure as failure:
            _log.warning("claims stay unverified: %s", failure.reported_code)
            return handoff.model_copy(update={"check": ClaimCheck(by="model", state="failed")})
        brief = await asyncio.to_thread(with_verdicts, handoff.brief, draft, verdicts)
        return handoff.model_copy(update={"brief": brief, "check": ClaimCheck(by="model", state="done")})

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
        if self._checker is not None and self._checker.model is not self._model:
            await self._checker.model.warm_up()
        self._check = Check(status="ok", detail=f"{self._model.name} is loaded and has not failed")

    async def close(self) -> None:
        """Let go of the model."""
        if self._model is not None:
            await self._model.close()
        if self._checker is not None and self._checker.model is not self._model:
            await self._checker.model.close()

    def _checked_so_far(self, brief: Brief, draft: Brief, *, written: bool) -> ClaimCheck:
        if self._checker is None:
            return ClaimCheck()
        is_open = written and bool(statements_of(brief, draft))
        return ClaimCheck(by="model", state="pending") if is_open else ClaimCheck(state="done")

    def _ids_shown(self, snapshot: Snapshot, handoff: Handoff) -> frozenset[str]:
        """The interactions of a snapshot that the brief's prompt shows."""
        return _ids(self._prompt_for(snapshot, handoff, Redactor(contacts=self._hide_contacts))[0])

    def _prompt_for(self, snapshot: Snapshot, handoff: Handoff, redactor: Redactor) -> tuple[Packed, RenderedPrompt]:
        packed = pack(
            snapshot,
            handoff.request,
            redactor,
            LIMITS,
            untrusted=self._prompt.untrusted,
            steps=handoff.brief.actions_taken,
        )
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


def _ids(packed: Packed) -> frozenset[str]:
    return frozenset(interaction.interaction_id for interaction in packed.shown.values())


def _laid_out(text: str, packed: Packed, prompt: RenderedPrompt, handoff: Handoff) -> Layout:
    sections = [section.name for section in handoff.request.sections]
    return lay_out(parse(text), packed.shown, sections, prompt.system)
