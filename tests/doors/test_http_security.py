"""Who is let in, and what the log of requests says."""

import logging

import httpx
import pytest
from fastapi import FastAPI

from app.application import App
from app.main import create_app
from app.settings import Settings
from tests.doors.http import message, problem


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

    lines = [one.getMessage() for one in caplog.records if one.name == "warmline.access"]

    assert any("GET /v1/conversations/{conversation_id}/signals 200" in line for line in lines)
    assert any("GET /v1/customers/{customer_id}/search 404" in line for line in lines)
    assert all("private" not in line for line in lines)


async def test_answers_about_customers_are_not_stored_on_the_way(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/customers/cus_nobody")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
