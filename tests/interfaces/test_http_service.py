"""Health, the published description, refusals of the protocol, and the process entry."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from app.bootstrap import build
from app.errors import RetrievalUnavailable
from app.interfaces.http import Door
from app.interfaces.http.idempotency import IdempotentRequest
from app.main import create_app
from app.models import Handoff, HandoffRequest
from app.ports import Vectors
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import check_fits, events, message, parts_of, problem


async def test_it_lives_and_tells_when_it_is_ready(client: httpx.AsyncClient, service: FastAPI) -> None:
    alive = await client.get("/healthz")
    ready = await client.get("/readyz")

    check_fits(service, alive, "/healthz")
    check_fits(service, ready, "/readyz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert set(ready.json()) == {"status", "checks", "index_lag"}
    assert all(set(check) == {"status", "detail"} for check in ready.json()["checks"].values())


async def test_it_is_not_ready_while_it_cannot_serve_a_handoff(settings: Settings) -> None:
    async with build(settings, embedder=WordEmbedder()) as cold:
        service = create_app(settings, cold)
        async with at_the_door(service) as client:
            answer = await client.get("/readyz")

    check_fits(service, answer, "/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["checks"]["workflow"]["status"] == "loading"


async def test_readiness_tells_whether_the_catalogues_examples_are_embedded(
    settings: Settings, client: httpx.AsyncClient
) -> None:
    embedder = UnreliableEmbedder()
    async with build(settings, embedder=embedder) as app:
        before = (await app.readiness()).checks["actions"]
        await app.warm_up()
        during = (await app.readiness()).checks["actions"]
        embedder.answers = True
        async with asyncio.timeout(60):
            while (await app.readiness()).checks["actions"].status != "ok":  # noqa: ASYNC110 - as a balancer asks
                await asyncio.sleep(0.01)

    assert (before.status, during.status) == ("loading", "degraded")
    assert "The embedder is out" in during.detail
    assert (await client.get("/readyz")).json()["checks"]["actions"]["status"] == "ok"


class UnreliableEmbedder(WordEmbedder):
    """An embedder that does not answer until it is told to."""

    answers = False

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (texts, 64). Raises RetrievalUnavailable while it is out."""
        if not self.answers:
            raise RetrievalUnavailable("The embedder is out.")
        return await super().embed(texts)


def at_the_door(service: FastAPI) -> httpx.AsyncClient:
    """A client of a service."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://localhost")


async def test_the_entry_opens_an_app_of_its_own_and_gets_it_ready_by_itself(settings: Settings) -> None:
    service = create_app(settings)
    async with service.router.lifespan_context(service), at_the_door(service) as client:
        loading = await client.get("/readyz")
        async with asyncio.timeout(60):
            while (ready := await client.get("/readyz")).status_code != 200:  # noqa: ASYNC110 - asked as a balancer asks
                await asyncio.sleep(0.01)
        await client.post("/v1/interactions", json=message(conversation_id="c-1"))
        handoff = await client.post("/v1/handoffs", json={"conversation_id": "c-1"})

    check_fits(service, loading, "/readyz")
    assert ready.json()["status"] == "ready"
    assert handoff.status_code == 201


async def test_what_was_begun_is_filed_before_the_stores_are_closed(settings: Settings) -> None:
    first, second = create_app(settings), create_app(settings)
    async with first.router.lifespan_context(first), at_the_door(first) as client:
        await client.post("/v1/interactions", json=message(conversation_id="c-1"))
        door: Door = first.state.door

        async def slowly() -> AsyncGenerator[Handoff]:
            async for stage in door.application.handoffs.stages("default", HandoffRequest(conversation_id="c-1")):
                yield stage
                await asyncio.sleep(0.05)

        stream = await door.streams.open(IdempotentRequest("default", "/v1/handoffs", None, b"{}"), slowly)
    [(_, brief), *_] = events(await anext(parts_of(stream)))

    async with second.router.lifespan_context(second), at_the_door(second) as client:
        filed = await client.get(f"/v1/handoffs/{brief['handoff_id']}")

    assert filed.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v2/interactions", 404, "not_found"),
        ("GET", "/healthz/", 404, "not_found"),
        ("PUT", "/v1/interactions", 405, "method_not_allowed"),
        ("DELETE", "/v1/handoffs/hnd_1", 405, "method_not_allowed"),
    ],
)
async def test_refusals_of_the_protocol_are_problems_too(
    client: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await client.request(method, path)

    problem(answer, status, code)
    assert status != 405 or answer.headers["allow"]


async def test_what_nobody_foresaw_is_reported_without_its_text(
    service: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    @service.get("/broken")
    async def broken() -> None:
        raise KeyError("the customer's secret words")

    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://localhost") as client:
        answer = await client.get("/broken", headers={"x-request-id": "trace-7"})

    problem(answer, 503, "unavailable")
    assert answer.headers["x-request-id"] == "trace-7"
    assert "secret" not in answer.text
    [line] = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert "KeyError" in line
    assert "trace-7" in line
    assert "secret" not in caplog.text


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
async def test_the_docs_ask_nothing_of_a_network(client: httpx.AsyncClient, path: str) -> None:
    page = await client.get(path)

    assert page.status_code == 200
    assert re.findall(r"(?:https?:)?//[\w.-]+", page.text) == []
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert path == "/redoc" or '"validatorUrl": null' in page.text
    for source in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert (await client.get(source)).status_code == 200, source


async def test_the_description_is_openapi_and_every_reference_leads_somewhere(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    assert document["openapi"].startswith("3.1")
    schemas = document["components"]["schemas"]
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in schemas
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert "identity_id" not in schemas["InteractionAnswer"]["properties"]
    assert "request" not in schemas["HandoffAnswer"]["properties"]


WITHOUT_KEY = ("/v1/briefs/verify", "/v1/connectors/{connector_id}", "/v1/knowledge/search")


async def test_every_path_is_summed_up_and_names_its_refusals(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], path
            assert operation["description"], path
            if path.startswith("/v1/"):
                assert "application/problem+json" in operation["responses"]["422"]["content"], path
            # A check and a search create nothing, and a platform names each of its deliveries itself.
            if method == "post" and path not in WITHOUT_KEY:
                names = [parameter["name"] for parameter in operation["parameters"]]
                assert "Idempotency-Key" in names, path


async def test_the_examples_fit_their_own_schemas(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    checked = 0
    for operations in document["paths"].values():
        for operation in operations.values():
            content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
            for media in content.values():
                validator = Draft202012Validator(media["schema"] | {"components": document["components"]})
                for example in media.get("examples", {}).values():
                    validator.validate(example["value"])
                    checked += 1
    assert checked >= 9


async def test_every_field_and_parameter_of_the_api_is_described(service: FastAPI) -> None:
    description = service.openapi()
    fields = [
        f"{name}.{field}"
        for name, schema in description["components"]["schemas"].items()
        for field, of_field in schema.get("properties", {}).items()
        if not of_field.get("description")
    ]
    parameters = [
        f"{method} {path}: {parameter['name']}"
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        for parameter in operation.get("parameters", ())
        if not parameter.get("description")
    ]
    assert (fields, parameters) == ([], [])
