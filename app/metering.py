"""Counts the calls of a language model and of webhooks where they are made, whoever makes them."""

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context, ContextVar
from time import perf_counter
from typing import Any

from app.errors import ModelFailure
from app.ports import Attempt, Courier, LanguageModel
from app.ports.external import ModelReply
from app.ports.meter import Meter, ModelPurpose

_purpose: ContextVar[ModelPurpose] = ContextVar("purpose", default=ModelPurpose.BRIEF)


@contextmanager
def calling_for(purpose: ModelPurpose) -> Generator[None]:
    """Count the calls of the block for this purpose."""
    token = _purpose.set(purpose)
    try:
        yield
    finally:
        _purpose.reset(token)


def context_of_calls() -> Context:
    """A context that holds nothing but what the calls at hand are made for: for a task that outlives its request."""
    context = Context()
    context.run(_purpose.set, _purpose.get())
    return context


class WrappedModel:
    """A language model that passes everything on to another."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """One answer of the model. Raises as the model does."""
        return await self._model.complete(system, user, schema=schema, timeout_s=timeout_s, max_tokens=max_tokens)

    async def warm_up(self) -> None:
        """Load what its first answer needs."""
        await self._model.warm_up()

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()


class MeteredModel(WrappedModel):
    """A language model whose calls are counted: for a brief, unless they are made under `calling_for`."""

    def __init__(self, model: LanguageModel, meter: Meter) -> None:
        super().__init__(model)
        self._meter = meter

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """One answer of the model. Raises as the model does."""
        started = perf_counter()
        try:
            reply = await super().complete(system, user, schema=schema, timeout_s=timeout_s, max_tokens=max_tokens)
        except asyncio.CancelledError:
            self._count("given_up", started)
            raise
        except ModelFailure as failure:
            self._count(failure.reported_code, started)
            raise
        self._count("answered", started, reply)
        return reply

    def _count(self, result: str, started: float, reply: ModelReply | None = None) -> None:
        tokens = {} if reply is None else {"prompt": reply.prompt_tokens, "completion": reply.completion_tokens}
        cost = None if reply is None else reply.cost_usd
        seconds = perf_counter() - started
        self._meter.model_call(_purpose.get().value, result, seconds, tokens=tokens, cost_usd=cost)


class MeteredCourier:
    """A courier whose attempts are counted."""

    def __init__(self, courier: Courier, meter: Meter) -> None:
        self._courier = courier
        self._meter = meter

    async def check(self, url: str) -> None:
        """Raises InvalidRequest for a URL to which nothing may be sent."""
        await self._courier.check(url)

    async def attempt(self, url: str, secrets: Sequence[str], message_id: str, body: str) -> Attempt:
        """Post a message once."""
        return self._counted(await self._courier.attempt(url, secrets, message_id, body))

    async def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        """Make one request as it is."""
        return self._counted(await self._courier.call(method, url, headers, body))

    async def close(self) -> None:
        """Let go of what is open."""
        await self._courier.close()

    def _counted(self, attempt: Attempt) -> Attempt:
        self._meter.delivery("taken" if attempt.taken else "gone" if attempt.gone else "failed")
        return attempt
