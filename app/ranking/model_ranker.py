"""Has a model rank and word the open actions of a case, and holds it to that.

It can add no action and open none: what it names beside the open ones is dropped. What it leaves out follows in the
order of the rules, so that a short answer offers as many actions as a long one.
"""

import asyncio
import json
from collections.abc import Sequence
from hashlib import sha256
from time import monotonic, perf_counter

from cachetools import TTLCache

from app.actions import OpenCase
from app.briefs.llm.screening import Screen
from app.caching import on_forgetting
from app.errors import InvalidModelOutput, ModelTimeout
from app.metering import calling_for
from app.models import OfferedAction, Statement, VerdictKind
from app.patience import within
from app.ports import LanguageModel
from app.ports.meter import ModelPurpose
from app.ports.verifier import Verifier
from app.privacy import Redactor
from app.prompts import Prompt, RenderedPrompt
from app.ranking.answer import AnswerCheck, RankedChoice, answer_schema, parse
from app.ranking.prompt_inputs import TRUSTED_INPUTS, UNTRUSTED_INPUTS, PackedRanking, pack_ranking

MOST_TOKENS = 1200
MOST_ANSWERS, ANSWERS_S = 500, 60.0
"""So many answers are kept in this process, and how long: whoever asks again of the same case finds its answer."""


class ModelRanker:
    """Ranks with a model and a prompt; `rules` judge its reasons. It loads and closes a model that it `owns_model`."""

    def __init__(
        self,
        model: LanguageModel,
        prompt: Prompt,
        rules: Verifier,
        *,
        hide_contacts: bool = True,
        owns_model: bool = False,
    ) -> None:
        """Raises ConfigurationError when the prompt asks for other inputs than there are."""
        prompt.check_inputs(TRUSTED_INPUTS, UNTRUSTED_INPUTS)
        self._model = model
        self._prompt = prompt
        self._rules = rules
        self._hide_contacts = hide_contacts
        self._owns_model = owns_model
        self._answers = TTLCache[str, str](MOST_ANSWERS, ANSWERS_S, timer=monotonic)
        self._under_way: dict[str, asyncio.Task[str]] = {}
        on_forgetting(self.forget)

    async def rank(self, case: OpenCase, *, timeout_s: float) -> Sequence[OfferedAction]:
        """At most `limit` open actions in the model's order and words; with `keeps_order` in the order of the rules.

        Raises ModelFailure where there is no usable answer in time.
        """
        until = perf_counter() + timeout_s
        redactor = Redactor(contacts=self._hide_contacts)
        packed, prompt = await asyncio.to_thread(self._prompt_for, case, redactor)
        answer = redactor.restore(await self._answer(prompt, _key(case, packed), until))
        check, ranked = await asyncio.to_thread(_read, answer, packed, prompt, case)
        if not ranked:
            raise InvalidModelOutput("The model named none of the open actions.")
        reasons = await self._shown(check, ranked, timeout_s=until - perf_counter())
        offers = [check.offer(action, reason) for action, reason in zip(ranked, reasons, strict=True)]
        return _completed(offers, case)

    def forget(self) -> None:
        """Drop every answer, and what is under way: they hold customers' words."""
        self._answers.clear()
        for task in self._under_way.values():
            task.cancel()
        self._under_way.clear()

    async def warm_up(self) -> None:
        """Load what the first answer needs, off the event loop."""
        if self._owns_model:
            await self._model.warm_up()

    async def close(self) -> None:
        """End what is under way, and let go of the model."""
        self.forget()
        if self._owns_model:
            await self._model.close()

    def _prompt_for(self, case: OpenCase, redactor: Redactor) -> tuple[PackedRanking, RenderedPrompt]:
        packed = pack_ranking(case, redactor)
        return packed, self._prompt.render(packed.inputs)

    async def _answer(self, prompt: RenderedPrompt, key: str, until: float) -> str:
        """The model's answer. What was answered lately is not asked again, and what is under way is waited for."""
        if (answered := self._answers.get(key)) is not None:
            return answered
        left = until - perf_counter()
        if left <= 0:
            raise ModelTimeout("The deadline left no time for the model.")
        own = None
        if (task := self._under_way.get(key)) is None:
            task = own = asyncio.create_task(self._asked(prompt, key, left))
            self._under_way[key] = task
        try:
            async with within(left):
                await asyncio.wait({task})  # not the task itself: it may be somebody else's
        except TimeoutError:
            raise ModelTimeout("The model did not answer before the deadline.") from None
        finally:
            if own is not None and not own.done():
                own.cancel()
        if task.cancelled():
            raise ModelTimeout("What the model was asked was given up.")
        return task.result()

    async def _asked(self, prompt: RenderedPrompt, key: str, timeout_s: float) -> str:
        try:
            with calling_for(ModelPurpose.RANK):
                reply = await self._model.complete(
                    prompt.system, prompt.user, schema=answer_schema(), timeout_s=timeout_s, max_tokens=MOST_TOKENS
                )
            self._answers[key] = reply.text
            return reply.text
        finally:
            if self._under_way.get(key) is asyncio.current_task():
                del self._under_way[key]

    async def _shown(
        self, check: AnswerCheck, ranked: Sequence[RankedChoice], *, timeout_s: float
    ) -> list[Statement | None]:
        """The reason of each action, None where it does not stand."""
        reasons = [check.statement(action) for action in ranked]
        to_judge = [reason for reason in reasons if reason is not None]
        if not to_judge:
            return reasons
        verdicts = await self._rules.check(to_judge, check.transcript, timeout_s=max(timeout_s, 0.0))
        refuted = {verdict.text for verdict in verdicts if verdict.verdict is VerdictKind.REFUTED}
        return [None if reason is None or reason.text in refuted else reason for reason in reasons]


def _key(case: OpenCase, packed: PackedRanking) -> str:
    """What an answer is found again by: all that the prompt is filled with, but for the minute."""
    asked = {**packed.inputs, "now": case.snapshot.now.date().isoformat()}
    owner = (case.snapshot.tenant, case.snapshot.customer.customer_id)
    return sha256(json.dumps([owner, asked], ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def _read(
    answer: str, packed: PackedRanking, prompt: RenderedPrompt, case: OpenCase
) -> tuple[AnswerCheck, list[RankedChoice]]:
    check = AnswerCheck(Screen(packed.shown, prompt.system), case.actions)
    by_id = {action.action_id: action for action in reversed(parse(answer)) if check.is_open(action)}
    return check, list(reversed(by_id.values()))


def _completed(offers: Sequence[OfferedAction], case: OpenCase) -> list[OfferedAction]:
    """The offers with what the model left out, at most as many as were asked for."""
    named = {offer.action_id: offer for offer in offers}
    by_rules = [named.get(item.action.id, item.offer) for item in case.actions]
    if case.keeps_order:
        return by_rules[: case.limit]
    return [*offers, *(offer for offer in by_rules if offer.action_id not in named)][: case.limit]
