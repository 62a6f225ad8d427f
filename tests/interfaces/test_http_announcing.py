"""The stream of signals and the webhooks over HTTP: formats, walls between tenants, scopes, and listeners who leave."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from app.adapters.webhook_sender import WebhookSender
from app.bootstrap import build
from app.main import create_app
from app.models import Scope
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import check_fits, message, problem, record

HOOK = {"url": "http://127.0.0.1:9/hook", "events": ["signal.fired"]}
PATIENCE_S = 10.0


@pytest.fixture
async def app(settings: Settings) -> AsyncGenerator[App]:
    """An App whose webhooks may lead to this machine."""
    async with build(settings, embedder=WordEmbedder(), courier=WebhookSender(private=True)) as opened:
        yield opened


@pytest.fixture
async def address(service: FastAPI, app: App) -> AsyncGenerator[str]:
    """The address of the service, run by uvicorn on a free port."""
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="error", timeout_graceful_shutdown=5))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


async def next_event(lines: AsyncGenerator[str]) -> dict[str, str]:
    """The next event's fields; comments are passed over."""
    fields: dict[str, str] = {}
    async with asyncio.timeout(PATIENCE_S):
        async for line in lines:
            if not line and fields:
                return fields
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
    raise AssertionError("the stream ended")


def lines_of(answer: httpx.Response) -> AsyncGenerator[str]:
    async def read() -> AsyncGenerator[str]:
        async for line in answer.aiter_lines():
            yield line

    return read()


async def test_a_signal_is_on_the_stream_as_soon_as_it_fires(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client, client.stream("GET", "/v1/signals/stream") as answer:
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        lines = lines_of(answer)
        assert await anext(lines) == ": listening"
        sent = await client.post("/v1/interactions", json=message("Let me talk to a person.", conversation_id="c1"))
        event = await next_event(lines)
    (signal,) = sent.json()["signals"]
    assert (event["event"], event["id"]) == ("signal", signal["signal_id"])
    assert json.loads(event["data"]) == signal


async def test_a_listener_who_comes_back_gets_what_was_missed(address: str) -> None:
    async with httpx.AsyncClient(base_url=address) as client:
        ids: list[str] = []
        for number in (1, 2):
            row = message("Let me talk to a person.", conversation_id=f"c{number}", identifiers=[])
            ids.append((await client.post("/v1/interactions", json=row)).json()["signals"][0]["signal_id"])
        headers = {"last-event-id": ids[0]}
        async with client.stream("GET", "/v1/signals/stream", headers=headers) as answer:
            assert (await next_event(lines_of(answer)))["id"] == ids[1]


async def test_a_tenant_hears_nothing_of_another_and_the_scope_is_asked_for(address: str, app: App) -> None:
    ours = (await app.access.create_key("ours", [Scope.ACTIONS, Scope.INGEST, Scope.ADMIN])).key
    theirs = (await app.access.create_key("theirs", [Scope.INGEST])).key
    async with httpx.AsyncClient(base_url=address) as client:
        bearer = {key: {"authorization": f"Bearer {key}"} for key in (ours, theirs)}
        refused = await client.get("/v1/signals/stream", headers=bearer[theirs])
        problem(refused, 403, "forbidden")
        problem(await client.get("/v1/webhooks", headers=bearer[theirs]), 403, "forbidden")
        async with client.stream("GET", "/v1/signals/stream", headers=bearer[ours]) as answer:
            lines = lines_of(answer)
            await anext(lines)
            for key, conversation in ((theirs, "c-theirs"), (ours, "c-ours")):
                row = message("Let me talk to a person.", conversation_id=conversation)
                await client.post("/v1/interactions", json=row, headers=bearer[key])
            assert json.loads((await next_event(lines))["data"])["conversation_id"] == "c-ours"


async def test_an_admin_hears_the_stream_by_that_scope_alone(address: str, app: App) -> None:
    admin = (await app.access.create_key("ours", [Scope.ADMIN])).key
    async with (
        httpx.AsyncClient(base_url=address, headers={"x-api-key": admin}) as client,
        client.stream("GET", "/v1/signals/stream") as answer,
    ):
        lines = lines_of(answer)
        await anext(lines)
        row = message("Let me talk to a person.", conversation_id="c-ours")
        assert (await client.post("/v1/interactions", json=row)).status_code == 201
        assert json.loads((await next_event(lines))["data"])["conversation_id"] == "c-ours"


async def test_a_listener_who_leaves_is_forgotten(address: str, app: App) -> None:
    listeners = app._parts.announcer._listeners._queues  # pyright: ignore[reportPrivateUsage]
    async with httpx.AsyncClient(base_url=address) as client:
        async with client.stream("GET", "/v1/signals/stream") as answer:
            await anext(lines_of(answer))
            assert len(listeners["default"]) == 1
        async with asyncio.timeout(PATIENCE_S):
            while listeners:  # noqa: ASYNC110 - the server tells of a listener who left by nothing else
                await asyncio.sleep(0.01)


async def test_a_stream_ends_soon_after_its_key_was_revoked_or_has_expired(address: str, app: App) -> None:
    revoked = await app.access.create_key("ours", [Scope.ACTIONS, Scope.INGEST])
    expiring = await app.access.create_key(
        "ours", [Scope.ACTIONS, Scope.INGEST], lifetime=timedelta(seconds=PATIENCE_S / 5)
    )
    async with httpx.AsyncClient(base_url=address) as client:

        async def ending(key: str) -> str:
            async with client.stream("GET", "/v1/signals/stream", headers={"x-api-key": key}) as answer:
                return (await next_event(lines_of(answer)))["data"]

        both = asyncio.gather(ending(revoked.key), ending(expiring.key))
        await asyncio.sleep(0.5)
        await app.access.revoke_key(revoked.key_id)
        assert [json.loads(data)["code"] for data in await both] == ["unauthorized", "unauthorized"]


async def test_open_streams_end_cleanly_when_the_service_stops(service: FastAPI) -> None:
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="error"))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
        await asyncio.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url) as client, client.stream("GET", "/v1/signals/stream") as answer:
        lines = lines_of(answer)
        assert await anext(lines) == ": listening"
        server.should_exit = True
        async with asyncio.timeout(PATIENCE_S):
            assert not [line async for line in lines if line]
            await running


async def test_webhooks_are_registered_listed_without_secrets_and_ended(
    client: httpx.AsyncClient, service: FastAPI
) -> None:
    made = await client.post("/v1/webhooks", json=HOOK)
    assert made.status_code == 201
    check_fits(service, made, "/v1/webhooks")
    webhook = made.json()
    assert webhook["secret"].startswith("whsec_")
    listed = await client.get("/v1/webhooks")
    check_fits(service, listed, "/v1/webhooks")
    assert listed.json() == {"webhooks": [{name: value for name, value in webhook.items() if name != "secret"}]}
    assert (await client.delete(f"/v1/webhooks/{webhook['webhook_id']}")).status_code == 204
    problem(await client.delete(f"/v1/webhooks/{webhook['webhook_id']}"), 404, "not_found")
    assert (await client.get("/v1/webhooks")).json() == {"webhooks": []}


@pytest.mark.parametrize(
    "changed", [{"url": "ftp://example.org/x"}, {"url": "nowhere"}, {"events": []}, {"events": ["everything"]}]
)
async def test_a_webhook_that_cannot_be_is_refused(client: httpx.AsyncClient, changed: dict[str, object]) -> None:
    refusal = problem(await client.post("/v1/webhooks", json=HOOK | changed), 422, "invalid_request")
    assert refusal["errors"][0]["path"].startswith(next(iter(changed)))


async def test_a_private_address_is_refused_unless_the_settings_allow_it(settings: Settings) -> None:
    async with build(settings, embedder=WordEmbedder()) as application:
        transport = httpx.ASGITransport(create_app(settings, application))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            refusal = problem(await client.post("/v1/webhooks", json=HOOK), 422, "invalid_request")
            await record(client, message("Let me talk to a person.", conversation_id="c1"))
    assert "WARMLINE_WEBHOOKS_PRIVATE" in refusal["detail"]


async def test_deliveries_are_listed_and_sent_again_over_http(client: httpx.AsyncClient, service: FastAPI) -> None:
    webhook = (await client.post("/v1/webhooks", json=HOOK)).json()
    path = f"/v1/webhooks/{webhook['webhook_id']}"
    await record(client, message("Let me talk to a person.", conversation_id="c1"))
    page = await client.get(f"{path}/deliveries", params={"status": "pending", "limit": 1})
    check_fits(service, page, "/v1/webhooks/{webhook_id}/deliveries")
    (delivery,) = page.json()["deliveries"]
    assert (delivery["event"], delivery["status"]) == ("signal.fired", "pending")
    again = await client.post(f"{path}/redeliver", json={"message_ids": [delivery["message_id"]]})
    check_fits(service, again, "/v1/webhooks/{webhook_id}/redeliver")
    assert again.json() == {"redelivered": 1}
    assert (await client.post(f"{path}/redeliver")).json() == {"redelivered": 0}
    assert (await client.get(f"{path}/deliveries", params={"status": "failed"})).json()["deliveries"] == []


async def test_a_secret_is_rotated_over_http_once_for_each_key(client: httpx.AsyncClient, service: FastAPI) -> None:
    webhook = (await client.post("/v1/webhooks", json=HOOK)).json()
    path = f"/v1/webhooks/{webhook['webhook_id']}/rotate"
    first = await client.post(path, headers={"Idempotency-Key": "turn"})
    check_fits(service, first, "/v1/webhooks/{webhook_id}/rotate")
    assert first.json()["secret"] != webhook["secret"]
    assert (await client.post(path, headers={"Idempotency-Key": "turn"})).json() == first.json()
    assert (await client.post(path)).json()["secret"] != first.json()["secret"]
    assert "secret" not in (await client.get("/v1/webhooks")).text


@pytest.mark.parametrize(
    ("path", "params"),
    [("deliveries", {"cursor": "x"}), ("deliveries", {"limit": "0"}), ("deliveries", {"status": "lost"})],
)
async def test_what_cannot_be_listed_is_refused(client: httpx.AsyncClient, path: str, params: dict[str, str]) -> None:
    webhook = (await client.post("/v1/webhooks", json=HOOK)).json()
    answer = await client.get(f"/v1/webhooks/{webhook['webhook_id']}/{path}", params=params)
    assert next(iter(params)) in problem(answer, 422, "invalid_request")["errors"][0]["path"]


@pytest.mark.parametrize(("method", "verb"), [("GET", "deliveries"), ("POST", "redeliver"), ("POST", "rotate")])
async def test_a_webhook_that_there_is_not_is_not_found(client: httpx.AsyncClient, method: str, verb: str) -> None:
    problem(await client.request(method, f"/v1/webhooks/whk_none/{verb}"), 404, "not_found")
