"""What every LanguageModel does, asked of litellm over the real wire format and of the scripted twin."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import httpx
import numpy as np
import pytest
import respx
from pydantic import SecretStr

from app.adapters.llm import LitellmEmbedder, LitellmModel, json_object_in
from app.adapters.scripted import ScriptedModel
from app.errors import InvalidModelOutput, ModelFailure, ModelTimeout, ModelUnavailable, RetrievalUnavailable
from app.ports import LanguageModel, ModelReply
from tests.support.model_wire import BASE_URL, FAULTS, completion, failure, hang

CHAT = f"{BASE_URL}/chat/completions"
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string", "maxLength": 5}},
    "required": ["a"],
    "additionalProperties": False,
}
PREFIXES = ("openai", "hosted_vllm")


@pytest.fixture(autouse=True)
def server() -> Iterator[respx.MockRouter]:
    """The only server there is."""
    with respx.mock(assert_all_called=False) as router:
        yield router


def litellm_model(name: str = "hosted_vllm/a-model", *fallbacks: str) -> LitellmModel:
    """A model on the server of this test."""
    return LitellmModel(name, fallbacks=fallbacks, base_url=BASE_URL, api_key=SecretStr("key"))


def requests_to(router: respx.MockRouter | respx.Route) -> list[httpx.Request]:
    """What has been sent to a route, or to any."""
    return [call.request for call in cast(list[respx.models.Call], router.calls)]


@pytest.fixture(autouse=True)
async def _loaded(server: respx.MockRouter) -> None:  # pyright: ignore[reportUnusedFunction] - pytest uses it
    """What litellm loads at its first call takes longer than an answer may; a service loads it before, too."""
    del server
    await litellm_model().warm_up()


async def ask(model: LanguageModel, *, timeout_s: float = 30.0) -> ModelReply:
    """One question."""
    return await model.complete("Write JSON.", "Go on.", schema=SCHEMA, timeout_s=timeout_s, max_tokens=50)


@pytest.fixture(params=[*PREFIXES, "scripted"])
def answering(request: pytest.FixtureRequest, server: respx.MockRouter) -> Callable[[str], LanguageModel]:
    """Makes a model of each kind that gives one answer."""

    def model(answer: str) -> LanguageModel:
        if request.param == "scripted":
            return ScriptedModel(answer)
        server.post(CHAT).mock(return_value=completion(answer))
        return litellm_model(f"{request.param}/a-model")

    return model


async def test_an_answer_comes_with_its_model_and_its_tokens(answering: Callable[[str], LanguageModel]) -> None:
    model = answering('{"a": "b"}')
    reply = await ask(model)
    assert json.loads(reply.text) == {"a": "b"}
    assert reply.model == model.name
    assert reply.prompt_tokens > 0
    assert reply.completion_tokens > 0
    assert reply.cost_usd is None
    await model.close()


async def test_a_model_that_never_answers_is_given_up_in_time(server: respx.MockRouter) -> None:
    server.post(CHAT).mock(side_effect=hang)
    for model in (litellm_model(), ScriptedModel()):
        with pytest.raises(ModelTimeout):
            await ask(model, timeout_s=0.2)


async def test_warming_up_asks_the_model_nothing(server: respx.MockRouter) -> None:
    server.route().mock(side_effect=httpx.ConnectError("refused"))
    model = litellm_model()
    await model.warm_up()
    assert all(request.url.port != 9 for request in requests_to(server))


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_is_one_of_three_failures(server: respx.MockRouter, prefix: str, fault: str) -> None:
    response, code = FAULTS[fault]
    is_response = isinstance(response, httpx.Response)
    server.post(CHAT).mock(**{"return_value" if is_response else "side_effect": response})
    with pytest.raises(ModelFailure) as raised:
        await ask(litellm_model(f"{prefix}/a-model"), timeout_s=0.6 if code == "model_timeout" else 30.0)
    assert raised.value.reported_code == code
    assert "litellm" not in raised.value.detail


@pytest.mark.parametrize("prefix", PREFIXES)
async def test_a_server_that_failed_is_asked_once_more(server: respx.MockRouter, prefix: str) -> None:
    route = server.post(CHAT).mock(side_effect=[failure(500), completion('{"a": "b"}')])
    assert (await ask(litellm_model(f"{prefix}/a-model"))).text == '{"a": "b"}'
    assert route.call_count == 2


async def test_an_unavailable_model_gives_way_to_the_next(server: respx.MockRouter) -> None:
    route = server.post(CHAT).mock(side_effect=[failure(429), completion('{"a": "b"}')])
    reply = await ask(litellm_model("hosted_vllm/first", "hosted_vllm/second"))
    assert reply.model == "hosted_vllm/second"
    assert [json.loads(request.content)["model"] for request in requests_to(route)] == ["first", "second"]


async def test_a_request_that_is_refused_is_not_sent_again(server: respx.MockRouter) -> None:
    route = server.post(CHAT).mock(return_value=failure(401))
    with pytest.raises(ModelUnavailable):
        await ask(litellm_model())
    assert route.call_count == 1


async def test_a_failure_is_not_called_late_because_the_second_attempt_was(server: respx.MockRouter) -> None:
    attempts: list[httpx.Request] = []

    async def failing_then_slow(request: httpx.Request) -> httpx.Response:
        attempts.append(request)
        if len(attempts) > 1:
            await asyncio.sleep(60)
        return failure(500)

    server.post(CHAT).mock(side_effect=failing_then_slow)
    model = litellm_model()
    with pytest.raises(ModelUnavailable):
        await ask(model, timeout_s=3.0)
    assert len(attempts) == 2


async def test_the_servers_address_and_key_stay_with_its_provider(server: respx.MockRouter) -> None:
    own = server.post(CHAT).mock(return_value=failure(500))
    other = server.post(url__startswith="https://api.mistral.ai/").mock(return_value=completion('{"a": "b"}'))
    await ask(LitellmModel("openai/own", fallbacks=["mistral/other"], base_url=BASE_URL, api_key=SecretStr("secret")))
    assert own.calls.last.request.headers["authorization"] == "Bearer secret"
    assert "secret" not in str(other.calls.last.request.headers)


async def test_an_own_server_is_asked_for_the_schema_with_its_lengths(server: respx.MockRouter) -> None:
    route = server.post(CHAT).mock(return_value=completion('{"a": "b"}'))
    await ask(litellm_model())
    asked = json.loads(route.calls.last.request.content)
    assert asked["response_format"]["json_schema"] == {"name": "brief", "strict": True, "schema": SCHEMA}
    assert asked["max_tokens"] == 50


async def test_a_hosted_model_is_asked_for_the_schema_without_lengths(server: respx.MockRouter) -> None:
    route = server.post(url__startswith="https://api.openai.com/").mock(return_value=completion('{"a": "b"}'))
    reply = await ask(LitellmModel("openai/gpt-4o-mini", api_key=SecretStr("key")))
    schema = json.loads(route.calls.last.request.content)["response_format"]["json_schema"]["schema"]
    assert schema["properties"] == {"a": {"type": "string"}}
    assert reply.cost_usd is not None
    assert reply.cost_usd > 0


async def test_a_server_without_a_schema_mode_is_asked_in_words_from_then_on(
    server: respx.MockRouter,
) -> None:
    def only_plain(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        return failure(400) if "response_format" in asked else completion('{"a": "b"}')

    route = server.post(CHAT).mock(side_effect=only_plain)
    model = litellm_model()
    for _ in range(2):
        assert (await ask(model)).text == '{"a": "b"}'
    assert route.call_count == 4
    assert '"maxLength"' in json.loads(route.calls.last.request.content)["messages"][0]["content"]


async def test_a_cancelled_question_lets_go_of_the_server(server: respx.MockRouter) -> None:
    server.post(CHAT).mock(side_effect=hang)
    asking = asyncio.create_task(ask(litellm_model()))
    await asyncio.sleep(0.1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "b"}',
        'Here is the brief:\n```json\n{"a": "b"}\n```\nAnything else?',
        '<think>An object {} or {"a", hm</think> {"a": "b"} {"a": "c"}',
    ],
)
def test_the_object_is_found_in_whatever_a_model_puts_around_it(text: str) -> None:
    assert json_object_in(text) == '{"a": "b"}'


@pytest.mark.parametrize("text", ["", "no object", "[1, 2]", '{"a": ', "{" * 5000, '{"a":' * 5000, "{}"])
def test_where_there_is_no_object_none_is_found(text: str) -> None:
    assert json_object_in(text) is None


async def test_an_embedding_model_gives_unit_vectors_in_order(server: respx.MockRouter) -> None:
    def embedded(request: httpx.Request) -> httpx.Response:
        texts = json.loads(request.content)["input"]
        rows: list[dict[str, Any]] = [
            {"object": "embedding", "index": index, "embedding": [float(len(text)), 3.0]}
            for index, text in enumerate(texts)
        ]
        return httpx.Response(200, json={"object": "list", "data": rows[::-1], "model": "e", "usage": {}})

    server.post(f"{BASE_URL}/embeddings").mock(side_effect=embedded)
    embedder = LitellmEmbedder("hosted_vllm/e", BASE_URL, SecretStr("key"))
    vectors = await embedder.embed(["four"] + ["x"] * 99)
    assert vectors.shape == (100, 2)
    np.testing.assert_allclose(vectors[0], [0.8, 0.6], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert (await embedder.embed([])).shape[0] == 0


@pytest.mark.parametrize(
    "response", [failure(500), httpx.Response(200, json={"data": []}), httpx.Response(200, text="")]
)
async def test_an_embedding_model_that_fails_makes_retrieval_unavailable(
    server: respx.MockRouter, response: httpx.Response
) -> None:
    route = server.post(f"{BASE_URL}/embeddings").mock(return_value=response)
    with pytest.raises(RetrievalUnavailable):
        await LitellmEmbedder("openai/e", BASE_URL).embed(["hello"])
    assert route.call_count == 1


async def test_a_scripted_failure_is_raised_and_the_last_answer_repeats() -> None:
    model = ScriptedModel(InvalidModelOutput("broken"), '{"a": "b"}')
    with pytest.raises(InvalidModelOutput):
        await ask(model)
    assert [(await ask(model)).text for _ in range(2)] == ['{"a": "b"}'] * 2
    assert len(model.questions) == 3
