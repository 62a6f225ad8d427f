"""Chat and embedding models through litellm: any model by its name, our own policy for time, retries and fallbacks.

litellm takes seconds to import, so it is loaded in a thread when first needed. Its own retries are off: they would
outlast a deadline that is a promise. Every failure leaves as one of three: too late, unavailable, or unusable.
"""

import asyncio
import json
import logging
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextvars import Context
from enum import StrEnum
from functools import cache
from importlib import import_module
from time import perf_counter
from typing import Any, cast

import numpy as np
from pydantic import SecretStr

from app import offline
from app.errors import InvalidModelOutput, ModelFailure, ModelTimeout, ModelUnavailable, RetrievalUnavailable
from app.patience import within
from app.ports import ModelReply, Vectors

MOST_REPLY_CHARACTERS = 64_000
"""No brief is a tenth as long; more is a model that does not stop."""
ROUNDS = 2
PAUSE_S = 0.15
EMBEDDING_TIMEOUT_S = 10.0
EMBEDDING_BATCH = 64
# litellm keeps one HTTP client for each timeout it is given, so it gets the same one always; ours is what counts.
_VENDOR_TIMEOUT_S = 130.0
_MOST_OBJECTS_TRIED = 20
_LENGTHS = ("maxLength", "minLength", "maxItems", "minItems")

_log = logging.getLogger("warmline.model")


class _Format(StrEnum):
    """How a model can be held to JSON, from the surest way to none but the asking."""

    SCHEMA = "schema"
    OBJECT = "object"
    PLAIN = "plain"


class _Refused(ModelUnavailable):
    """The server will not take this request from us, however often it is sent."""


class LitellmModel:
    """A chat model by its litellm name, with others to fall back on.

    `base_url` and `api_key` belong to the first model, and to fallbacks of the same provider; a fallback of another
    provider finds its own in the environment, as litellm documents.
    """

    def __init__(
        self,
        name: str,
        *,
        fallbacks: Sequence[str] = (),
        base_url: str | None = None,
        api_key: SecretStr | None = None,
    ) -> None:
        self._names = (name, *fallbacks)
        self._server = _ModelServer(name, base_url, api_key)
        self._formats: dict[str, _Format] = {}

    @property
    def name(self) -> str:
        """The model's name as the setting gives it."""
        return self._names[0]

    async def warm_up(self) -> None:
        """Load litellm and what its first call loads; nothing leaves this machine."""
        await offline.in_turn(_rehearse)

    async def complete(
        self, system: str, user: str, *, schema: Mapping[str, Any], timeout_s: float, max_tokens: int
    ) -> ModelReply:
        """One JSON object as text. Raises ModelTimeout, ModelUnavailable or InvalidModelOutput, and nothing else."""
        failures: list[ModelFailure] = []
        try:
            async with within(max(timeout_s, 0)):
                await _loaded()
                return await self._from_any(_CompletionRequest(system, user, schema, max_tokens), failures)
        except TimeoutError:
            if failures:
                raise failures[-1] from None
            raise ModelTimeout("The model did not answer in time.") from None

    async def close(self) -> None:
        """litellm keeps its clients for the whole process, so there is nothing to let go of."""

    async def _from_any(self, question: "_CompletionRequest", failures: list[ModelFailure]) -> ModelReply:
        waiting = list(self._names)
        for attempt in range(ROUNDS):
            if attempt and waiting:
                await asyncio.sleep(PAUSE_S)
            for name in tuple(waiting):
                try:
                    return await self._from_one(name, question)
                except ModelUnavailable as failure:
                    failures.append(failure)
                    if isinstance(failure, _Refused):
                        waiting.remove(name)
        raise failures[-1]

    async def _from_one(self, name: str, question: "_CompletionRequest") -> ModelReply:
        asked = self._formats.get(name) or _surest_format(name)
        for form in list(_Format)[list(_Format).index(asked) :]:
            try:
                response = await self._asked(name, question.request(form, knows_lengths=self._server.is_own(name)))
            except Exception as failure:
                if form is _Format.PLAIN or not _may_be_the_format(failure):
                    raise _translated(failure) from failure
            else:
                self._formats[name] = form
                return _reply(name, response)
        raise AssertionError("the plain form either answers or raises")

    async def _asked(self, name: str, request: Mapping[str, Any]) -> Any:
        from app.adapters.llm_transport import bounded_answers

        async def answered() -> Any:
            with bounded_answers():
                return await _litellm().acompletion(
                    **request,
                    **self._server.address(name),
                    model=name,
                    timeout=_VENDOR_TIMEOUT_S,
                    max_retries=0,
                    num_retries=0,
                    drop_params=True,
                )

        return await _in_own_context(answered())


class LitellmEmbedder:
    """An embedding model by its litellm name."""

    def __init__(self, name: str, base_url: str | None = None, api_key: SecretStr | None = None) -> None:
        self._name = name
        self._server = _ModelServer(name, base_url, api_key)

    @property
    def name(self) -> str:
        """The model's name; an index made with another name must be rebuilt."""
        return self._name

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a row, float32, shape (texts, dimensions). Raises RetrievalUnavailable."""
        batches = [texts[start : start + EMBEDDING_BATCH] for start in range(0, len(texts), EMBEDDING_BATCH)]
        try:
            async with within(EMBEDDING_TIMEOUT_S * max(len(batches), 1)):
                litellm = await _loaded()
                rows = [row for batch in batches for row in await self._rows(litellm, batch)]
                vectors = np.asarray(rows, dtype=np.float32).reshape(len(texts), len(rows[0]) if rows else 0)
        except Exception as failure:
            _log.warning("embedding failed: %s", type(failure).__name__)
            raise RetrievalUnavailable("The embedding model does not answer.") from failure
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)

    async def _rows(self, litellm: Any, batch: Sequence[str]) -> list[list[float]]:
        response = await _in_own_context(
            litellm.aembedding(
                model=self._name,
                input=[text or " " for text in batch],
                timeout=_VENDOR_TIMEOUT_S,
                max_retries=0,
                num_retries=0,
                **self._server.address(self._name),
            )
        )
        rows = sorted(response.data, key=lambda row: int(row["index"]))
        if len(rows) != len(batch):
            raise ValueError(f"{len(batch)} texts were sent and {len(rows)} vectors came back")
        return [cast(list[float], row["embedding"]) for row in rows]


class _ModelServer:
    """Where models of one provider are to be found, and the key for it."""

    def __init__(self, name: str, base_url: str | None, api_key: SecretStr | None) -> None:
        self._provider = _provider(name)
        self._address: dict[str, str] = {}
        if base_url:
            # A server of one's own often needs no key, but its client will not start without one.
            self._address = {"api_base": base_url, "api_key": "none"}
        if api_key:
            self._address["api_key"] = api_key.get_secret_value()

    def is_own(self, name: str) -> bool:
        """Whether a model runs on the operator's own server, as far as anyone can tell."""
        return "api_base" in self.address(name) and _listed(name) is None

    def address(self, name: str) -> Mapping[str, str]:
        """Address and key as litellm's arguments, for a model of this provider; nothing for another's."""
        return self._address if _provider(name) == self._provider else {}


class _CompletionRequest:
    """What is asked, before it is known how the model can be held to JSON."""

    def __init__(self, system: str, user: str, schema: Mapping[str, Any], max_tokens: int) -> None:
        self._system = system
        self._user = user
        self._schema = schema
        self._max_tokens = max_tokens

    def request(self, form: _Format, *, knows_lengths: bool) -> dict[str, Any]:
        """litellm's arguments. Strict modes of hosted models refuse lengths in a schema; own servers heed them."""
        system = self._system
        request: dict[str, Any] = {"temperature": 0, "max_tokens": self._max_tokens}
        if form is _Format.SCHEMA:
            schema = self._schema if knows_lengths else _without_lengths(self._schema)
            named = {"name": "brief", "strict": True, "schema": schema}
            request["response_format"] = {"type": "json_schema", "json_schema": named}
        else:
            system += "\n\nThe answer is one JSON object of this JSON schema:\n" + json.dumps(self._schema)
        if form is _Format.OBJECT:
            request["response_format"] = {"type": "json_object"}
        request["messages"] = [{"role": "system", "content": system}, {"role": "user", "content": self._user}]
        return request


async def _in_own_context(call: Coroutine[Any, Any, Any]) -> Any:
    """What a call to litellm gives, made in a context of its own.

    litellm starts tasks that live as long as the process, and a task keeps the context that it was started in: that of
    a request holds all that the request is about.
    """
    return await asyncio.create_task(call, context=Context())


def json_object_in(text: str) -> str | None:
    """The first whole JSON object in a text, whatever stands around it; None when there is none."""
    decoder = json.JSONDecoder()
    for start in _object_starts(text):
        try:
            parsed, length = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(parsed, dict) and parsed:
            return text[start:length]
    return None


def _object_starts(text: str) -> Iterator[int]:
    start = text.find("{")
    for _ in range(_MOST_OBJECTS_TRIED):
        if start < 0:
            return
        yield start
        start = text.find("{", start + 1)


def _reply(name: str, response: Any) -> ModelReply:
    content = response.choices[0].message.content if response.choices else None
    if not isinstance(content, str) or not content.strip():
        raise InvalidModelOutput("The model gave an empty answer.")
    if len(content) > MOST_REPLY_CHARACTERS:
        raise InvalidModelOutput("The model's answer is far too long.")
    json_object = json_object_in(content)
    if json_object is None:
        raise InvalidModelOutput("The model's answer holds no JSON object.")
    usage = getattr(response, "usage", None)
    return ModelReply(
        text=json_object,
        model=name,
        prompt_tokens=getattr(usage, "prompt_tokens", None) or 0,
        completion_tokens=getattr(usage, "completion_tokens", None) or 0,
        cost_usd=_cost(name, response),
    )


def _cost(name: str, response: Any) -> float | None:
    try:
        return float(_litellm().completion_cost(completion_response=response, model=name))
    except Exception:  # noqa: BLE001 (litellm raises bare exceptions for a model whose price it does not know)
        return None


def _surest_format(name: str) -> _Format:
    litellm = _litellm()
    supported = litellm.get_supported_openai_params(model=name) or ()
    if "response_format" not in supported:
        return _Format.PLAIN
    listed = _listed(name)
    # What is not listed is asked for the most: it steps down by itself when that is refused.
    return _Format.OBJECT if listed and not listed.get("supports_response_schema") else _Format.SCHEMA


def _listed(name: str) -> Mapping[str, Any] | None:
    """What litellm's own table of hosted models says of one."""
    table = _litellm().model_cost
    return cast(Mapping[str, Any] | None, table.get(name) or table.get(name.partition("/")[2]))


def _may_be_the_format(failure: Exception) -> bool:
    exceptions = _litellm().exceptions
    hopeless = (exceptions.ContextWindowExceededError, exceptions.ContentPolicyViolationError)
    rejected = (exceptions.BadRequestError, exceptions.UnprocessableEntityError)
    return isinstance(failure, rejected) and not isinstance(failure, hopeless)


def _translated(failure: Exception) -> ModelFailure:
    """litellm calls a broken answer a server error, so what counts is what happened on the wire, down the chain."""
    import httpx

    from app.adapters.llm_transport import UnusableAnswer

    if any(isinstance(cause, UnusableAnswer) for cause in _chain(failure)):
        return InvalidModelOutput("The model's server answered with something that is no answer.")
    exceptions = _litellm().exceptions
    wire = next((cause for cause in _chain(failure) if isinstance(cause, httpx.HTTPError | OSError)), None)
    _log.warning("model call failed: %s", type(wire or failure).__name__)
    refused = (
        exceptions.AuthenticationError,
        exceptions.PermissionDeniedError,
        exceptions.NotFoundError,
        exceptions.BadRequestError,
    )
    if isinstance(failure, exceptions.Timeout) or isinstance(wire, httpx.TimeoutException | TimeoutError):
        return ModelTimeout("The model did not answer in time.")
    if isinstance(failure, refused):
        return _Refused("The model's server does not accept the request; look at the model's name, address and key.")
    if wire is not None or isinstance(failure, exceptions.RateLimitError | exceptions.ServiceUnavailableError):
        return ModelUnavailable("The model's server refused, failed or hung up.")
    return InvalidModelOutput("The model's server answered with something that is no answer.")


def _chain(failure: BaseException | None) -> Iterator[BaseException]:
    while failure is not None:
        yield failure
        failure = failure.__cause__ or failure.__context__


def _without_lengths(schema: object) -> object:
    if isinstance(schema, Mapping):
        pairs = cast(Mapping[str, object], schema).items()
        return {key: _without_lengths(value) for key, value in pairs if key not in _LENGTHS}
    if isinstance(schema, list):
        return [_without_lengths(entry) for entry in cast(list[object], schema)]
    return schema


def _provider(name: str) -> str:
    return name.partition("/")[0] if "/" in name else "openai"


def _rehearse() -> None:
    """Call a port of this machine where nobody listens: it loads nearly all that a first call loads, and fails."""
    started = perf_counter()
    litellm = _litellm()
    request = _CompletionRequest("", "ready", {"type": "object"}, 1).request(_Format.SCHEMA, knows_lengths=True)
    address = {"api_base": "http://127.0.0.1:1", "api_key": "none", "max_retries": 0, "num_retries": 0}

    async def called() -> None:
        await litellm.acompletion(model="openai/rehearsal", mock_response="{}", **request)
        await litellm.acompletion(model="openai/rehearsal", timeout=_VENDOR_TIMEOUT_S, **address, **request)

    try:
        asyncio.run(called())
    except Exception as failure:  # noqa: BLE001 (nobody listens there; what matters has been loaded by then)
        _log.debug("the rehearsal ended as meant: %s", type(failure).__name__)
    _log.info("litellm loaded in %d ms", round((perf_counter() - started) * 1000))


async def _loaded() -> Any:
    # Also after the import: a first call beside the rehearsal would load the same modules in the event loop.
    return await offline.in_turn(_litellm)


def _bound_answers() -> None:
    # litellm has no setting for the length of an answer, so what makes its transports is replaced.
    from app.adapters.llm_transport import transport

    handlers: Any = import_module("litellm.llms.custom_httpx.http_handler")
    handlers.AsyncHTTPHandler.create_async_transport = staticmethod(transport)


@cache
def _litellm() -> Any:
    offline.disarm()
    with offline.LOADING:
        litellm: Any = import_module("litellm")
    # Set before the first call, since clients are kept: the other transport cannot be cancelled cleanly nor tested.
    litellm.disable_aiohttp_transport = True
    _bound_answers()
    litellm.DEFAULT_MAX_RETRIES = 0  # where a call's own zero is taken for "not set", as for embeddings
    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    return litellm
