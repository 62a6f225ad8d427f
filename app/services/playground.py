"""The verb of those who try out a conversation: the whole workflow on it, in stores that are thrown away afterwards."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from app.conversations import Conversation
from app.errors import InvalidRequest, PayloadTooLarge, RateLimited
from app.formats.documents import Format, read_conversation
from app.formats.eval_case import eval_case
from app.models import Explanation, Handoff, HandoffRequest, Interaction, InteractionDraft, Moment, Record
from app.privacy import masked_conversation
from app.services.parts import Parts
from app.services.sandbox import NO_MODEL

if TYPE_CHECKING:
    from app.services import App

TENANT = "playground"
MOST_CHARACTERS = 500_000
MOST_INTERACTIONS = 1000
# A trial works for seconds: two at once leave the service its breath, and whoever finds eight waiting is sent away.
AT_ONCE = 2
MOST_WAITING = 8
_TOGETHER = 50


class TrialOptions(Record):
    """What a trial may choose from; the first of each is the default."""

    catalogues: tuple[str, ...]
    prompts: tuple[str, ...]
    models: tuple[str, ...]


class TrialRequest(Record):
    """A conversation to try out, in any format that is read, and what to judge it with.

    Without a catalogue it is the one in force for the tenant, without a prompt the one of the settings, and without a
    model none. `conversation_id` picks one of several.
    """

    content: Annotated[str, Field(min_length=1)]
    conversation_id: Annotated[str, Field(max_length=256)] | None = None
    catalogue: Annotated[str, Field(max_length=64)] | None = None
    prompt: Annotated[str, Field(max_length=64)] | None = None
    model: Annotated[str, Field(max_length=256)] | None = None
    now: Moment | None = None
    deadline_ms: Annotated[int, Field(ge=100, le=60_000)] = 10_000


class Trial(Record):
    """What became of it: the handoff, the interactions it rests on in their order, and the same as an eval case.

    `explanation` tells what the brief without a model makes of each sentence, also where a model wrote the brief.

    `eval_case` is the YAML of a case, to be completed with what is expected; `eval_case_id` is its id.
    """

    format: Format
    conversation_id: str
    handoff: Handoff
    explanation: Explanation
    interactions: tuple[Interaction, ...]
    catalogue: str | None
    prompt: str
    model: str
    eval_case_id: str
    eval_case: str
    duration_ms: int


class Playground:
    """Tries conversations out, a few at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._free = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def options(self) -> TrialOptions:
        """What may be chosen. Never anything but what the settings and the release name."""
        sandbox = self._parts.sandbox
        prompt = self._parts.writer.prompt_version
        return TrialOptions(
            catalogues=tuple(sandbox.catalogues()),
            prompts=tuple(sorted(sandbox.prompts(), key=lambda version: version != prompt)),
            models=tuple(sandbox.models()),
        )

    async def play(self, tenant: str, request: TrialRequest) -> Trial:
        """One conversation through the whole workflow. Nothing of it is kept, and nothing of the tenant's is read.

        Raises InvalidRequest, whose words name the line, PayloadTooLarge, or RateLimited when too many are waiting.
        """
        self._check(request)
        async with self._turn():
            return await self._play(tenant, request)

    async def _play(self, tenant: str, request: TrialRequest) -> Trial:
        started = perf_counter()
        read = await asyncio.to_thread(
            read_conversation, request.content.encode(), request.conversation_id, now=request.now
        )
        conversation = read.conversation
        _check_size(conversation)
        asked = HandoffRequest(
            **dict(conversation.subject()), now=request.now or conversation.now, deadline_ms=request.deadline_ms
        )
        own = (await self._parts.decisions.catalogues.of(tenant)).catalogue
        prompt, model = request.prompt or self.options().prompts[0], request.model or NO_MODEL
        app = await asyncio.to_thread(
            self._parts.sandbox.app, catalogue=request.catalogue or own, prompt=prompt, model=model
        )
        try:
            await app.warm_up()
            interactions = await _recorded(app, conversation.drafts)
            handoff = await app.handoffs.create(TENANT, asked)
            explanation = await app.handoffs.explain(TENANT, asked)
        finally:
            await app.close()
        case_id, case = eval_case(conversation, asked, handoff)
        return Trial(
            format=read.format,
            conversation_id=conversation.id,
            handoff=handoff,
            explanation=explanation,
            interactions=interactions,
            catalogue=request.catalogue,
            prompt=prompt,
            model=model,
            eval_case_id=case_id,
            eval_case=case,
            duration_ms=round((perf_counter() - started) * 1000),
        )

    def _check(self, request: TrialRequest) -> None:
        if len(request.content) > MOST_CHARACTERS:
            raise PayloadTooLarge(
                f"The conversation has {len(request.content):,} characters; at most {MOST_CHARACTERS:,} are tried out."
            )
        options = self.options()
        for name, chosen, there_is in (
            ("catalogue", request.catalogue, options.catalogues),
            ("prompt", request.prompt, options.prompts),
            ("model", request.model, options.models),
        ):
            if chosen is not None and chosen not in there_is:
                message = f"Use one of {', '.join(there_is)}."
                raise InvalidRequest(f"{name}: {message}", [{"path": name, "message": message}])

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        if self._waiting >= MOST_WAITING:
            raise RateLimited(
                "The playground is busy: several conversations are waiting already. Try again in a moment."
            )
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()


async def _recorded(app: "App", drafts: tuple[InteractionDraft, ...]) -> tuple[Interaction, ...]:
    rows: list[Interaction] = []
    for start in range(0, len(drafts), _TOGETHER):
        batch = drafts[start : start + _TOGETHER]
        answer = await app.interactions.record(TENANT, batch)
        for index, (draft, recorded) in enumerate(zip(batch, answer.results, strict=True), start):
            if (
                recorded.problem is not None
                or recorded.interaction_id is None
                or recorded.seq is None
                or recorded.customer_id is None
            ):
                why = recorded.problem.detail if recorded.problem else "it was not taken."
                raise InvalidRequest(f"interaction {index + 1} ({draft.id}): {why}")
            if not recorded.duplicate:
                filed = {
                    "interaction_id": recorded.interaction_id,
                    "seq": recorded.seq,
                    "identity_id": recorded.customer_id,
                }
                rows.append(Interaction.model_validate({**dict(draft), **filed}))
        await asyncio.sleep(0)  # others have their turn
    return masked_conversation(rows)


def _check_size(conversation: Conversation) -> None:
    count = len(conversation.drafts)
    if count == 0:
        raise InvalidRequest("There is no turn in this conversation.")
    if count > MOST_INTERACTIONS:
        raise PayloadTooLarge(
            f"The conversation has {count:,} interactions; at most {MOST_INTERACTIONS:,} are tried out."
        )
