"""Who is let in, and what the log of requests says."""

import logging
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.main import create_app
from app.services import App
from app.settings import Settings
from tests.interfaces.http import message, problem


def caller(service: FastAPI, address: str, base_url: str = "http://localhost") -> httpx.AsyncClient:
    """A client that comes from an address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(service, client=(address, 40000)), base_url=base_url)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
async def test_without_keys_the_same_machine_is_let_in(service: FastAPI, address: str) -> None:
    async with caller(service, address) as client:
        assert (await client.post("/v1/interactions", json=message())).status_code == 201


@pytest.mark.parametrize(
    "address", ["192.0.2.7", "10.0.0.5", "2001:db8::1", "::ffff:192.0.2.7", "", "localhost.example", "testclient"]
)
async def test_without_keys_everybody_else_is_refused(service: FastAPI, address: str) -> None:
    async with caller(service, address) as client:
        answer = await client.post("/v1/interactions", json=message())
        problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert (await client.get("/healthz")).status_code == 200


async def test_when_keys_are_required_this_machine_needs_one_too(settings: Settings, app: App) -> None:
    strict = create_app(settings.model_copy(update={"require_keys": True}), app)
    async with caller(strict, "127.0.0.1") as client:
        problem(await client.post("/v1/interactions", json=message()), 401, "unauthorized")


async def test_a_page_of_another_site_cannot_use_the_users_browser(service: FastAPI) -> None:
    async with caller(service, "127.0.0.1", "http://localhost:8000") as client:
        foreign = await client.post("/v1/interactions", json=message(), headers={"origin": "https://elsewhere.example"})
        own = await client.post("/v1/interactions", json=message(), headers={"origin": "http://localhost:8000"})
    async with caller(service, "127.0.0.1", "http://rebound.example:8000") as client:
        rebound = await client.post("/v1/interactions", json=message())

    problem(foreign, 403, "forbidden")
    problem(rebound, 401, "unauthorized")
    assert own.status_code == 201


async def test_a_body_cannot_choose_the_tenant(client: httpx.AsyncClient) -> None:
    problem(await client.post("/v1/interactions", json=message(tenant="other")), 422, "invalid_request")


async def test_a_request_id_comes_back_or_is_made(client: httpx.AsyncClient) -> None:
    given = await client.get("/healthz", headers={"x-request-id": "trace-7"})
    unsafe = await client.get("/healthz", headers={"x-request-id": "two\twords"})
    refused = await client.get("/v1/nothing")

    assert given.headers["x-request-id"] == "trace-7"
    assert unsafe.headers["x-request-id"].startswith("req_")
    assert refused.headers["x-request-id"].startswith("req_")


async def test_the_access_log_names_the_route_and_nothing_a_customer_said(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="warmline")
    await client.post("/v1/interactions", json=message("private words", conversation_id="c-private"))
    await client.get("/v1/conversations/c-private/signals")
    await client.get("/v1/customers/cus_private/search", params={"q": "private words"})

    lines = [record.getMessage() for record in caplog.records if record.name == "warmline.access"]

    assert any("GET /v1/conversations/{conversation_id}/signals 200" in line for line in lines)
    assert any("GET /v1/customers/{customer_id}/search 404" in line for line in lines)
    assert all("private" not in line for line in lines)


async def test_answers_about_customers_are_not_stored_on_the_way(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers/cus_nobody")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "warmline.localhost:8000", "127.0.0.1", "127.3.2.1:80", "[::1]", "[::1]:8000"],
)
async def test_without_keys_the_service_is_reached_by_a_loopback_name(service: FastAPI, host: str) -> None:
    async with caller(service, "127.0.0.1") as client:
        assert (await client.post("/v1/interactions", json=message(), headers={"host": host})).status_code == 201


@pytest.mark.parametrize(
    "host",
    [
        "backend",
        "warmline",
        "warmline:8000",
        "192.0.2.7",
        "[2001:db8::1]",
        "[::1",
        "localhost.example",
        "127.0.0.1.example",
        "notlocalhost",
        "localhost@backend",
        "backend@localhost",
        "localhost/",
        "localhost:8000:1",
        "localhost, backend",
        "",
    ],
)
async def test_without_keys_no_other_name_lets_anybody_in_who_comes_through_a_local_proxy(
    service: FastAPI, host: str
) -> None:
    async with caller(service, "127.0.0.1") as client:
        response = await client.post("/v1/interactions", json=message(), headers={"host": host})

    assert "localhost" in problem(response, 401, "unauthorized")["detail"]


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "via", "x-real-ip", "cf-connecting-ip"],
)
async def test_without_keys_a_request_that_a_proxy_passed_on_is_refused_and_why(service: FastAPI, header: str) -> None:
    async with caller(service, "127.0.0.1") as client:
        response = await client.post("/v1/interactions", json=message(), headers={header: "127.0.0.1"})

    assert header in problem(response, 401, "unauthorized")["detail"]


async def test_without_keys_a_forwarded_address_makes_no_outsider_a_caller_on_this_machine(service: FastAPI) -> None:
    believing = ProxyHeadersMiddleware(cast(Any, service), trusted_hosts="*")
    transport = httpx.ASGITransport(cast(Any, believing), client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.post("/v1/interactions", json=message(), headers={"x-forwarded-for": "127.0.0.1"})

    problem(response, 401, "unauthorized")


async def test_without_keys_a_caller_on_a_unix_socket_is_refused(service: FastAPI) -> None:
    async def on_a_socket(scope: Any, receive: Any, send: Any) -> None:
        await service(scope | {"client": None}, receive, send)

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast(Any, on_a_socket)), base_url="http://localhost"
    ) as client:
        problem(await client.post("/v1/interactions", json=message()), 401, "unauthorized")
