"""`/v1/connectors`: what platforms send is filed once, whoever sends it, and only where the signature is theirs."""

import json
import random
from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from app.connectors import CONNECTORS
from app.connectors.base import ParsedWebhook, WebhookAnswer, WebhookRequest
from app.errors import Unauthorized
from app.models import Scope
from app.services import App
from tests.interfaces.http import check_fits, problem
from tests.support.platforms import (
    APP_SECRET,
    HOOK_SECRET,
    PHONE,
    chatwoot_message,
    signed_by_chatwoot,
    signed_by_meta,
    whatsapp,
    whatsapp_message,
)


@pytest.fixture
async def chatwoot(app: App) -> str:
    """The address of a Chatwoot connector whose deliveries are signed."""
    return (await app.connectors.add("chatwoot", {"secret": HOOK_SECRET}, tenant="default")).path.partition("?")[0]


@pytest.fixture
async def meta(app: App) -> str:
    """The address of a WhatsApp connector."""
    values = {"app_secret": APP_SECRET, "verify_token": "our-word"}
    return (await app.connectors.add("whatsapp", values, tenant="default")).path


async def deliver(client: httpx.AsyncClient, path: str, body: object) -> httpx.Response:
    """Sends a body as its platform does."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    is_meta = isinstance(body, dict) and "entry" in body
    headers = signed_by_meta(content) if is_meta else signed_by_chatwoot(content)
    return await client.post(path, content=content, headers={"Content-Type": "application/json"} | headers)


async def entries(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    """A page of a connector's log."""
    answer = await client.get(f"{path}/events", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def timeline(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """The texts of everybody's rows, with when each was said, in the order of the times."""
    customers = (await client.get("/v1/customers")).json()["customers"]
    rows: list[dict[str, Any]] = []
    for customer in customers:
        page = await client.get(f"/v1/customers/{customer['customer_id']}/timeline", params={"limit": 1000})
        rows.extend(page.json()["interactions"])
    return sorted((row["occurred_at"], row["text"]) for row in rows)


async def test_a_signed_delivery_is_filed_and_told_in_the_log(
    service: FastAPI, client: httpx.AsyncClient, chatwoot: str
) -> None:
    answer = await deliver(client, chatwoot, chatwoot_message(1, "My parcel is wet."))
    assert answer.status_code == 200
    page = await client.get(f"{chatwoot}/events")
    check_fits(service, page, "/v1/connectors/{connector_id}/events")
    (entry,) = page.json()["events"]
    assert (entry["types"], entry["filed"], entry["duplicates"], entry["refused"]) == (["message_created"], 1, 0, False)
    assert len(entry["interactions"]) == 1
    assert await timeline(client) == [("2026-01-02T09:01:00Z", "My parcel is wet.")]


@pytest.mark.parametrize("fault", ["other secret", "other body", "none", "cut off"])
async def test_a_wrong_signature_is_refused_and_leaves_no_trace(
    client: httpx.AsyncClient, chatwoot: str, fault: str
) -> None:
    content = json.dumps(chatwoot_message(1, "My parcel is wet.")).encode()
    headers = signed_by_chatwoot(content, secret="guessed" if fault == "other secret" else HOOK_SECRET)
    sent = {"other body": content.replace(b"wet", b"red"), "cut off": content[:-40]}.get(fault, content)
    answer = await client.post(chatwoot, content=sent, headers={} if fault == "none" else headers)
    problem(answer, 401, "unauthorized")
    assert (await entries(client, chatwoot))["events"] == []
    assert await timeline(client) == []


async def test_a_body_that_is_the_platforms_own_and_no_json_is_refused_and_told(
    client: httpx.AsyncClient, chatwoot: str
) -> None:
    problem(await deliver(client, chatwoot, b'{"event": "message_cre'), 422, "invalid_request")
    (entry,) = (await entries(client, chatwoot))["events"]
    assert entry["refused"]
    assert entry["problems"][0]["code"] == "invalid_request"
    assert await timeline(client) == []


async def test_an_event_of_an_unknown_type_is_kept_as_an_event(client: httpx.AsyncClient, chatwoot: str) -> None:
    answer = await deliver(client, chatwoot, {"event": "portal_repainted", "colour": "green", "account": {"id": 9}})
    assert answer.status_code == 200
    (entry,) = (await entries(client, chatwoot))["events"]
    assert (entry["types"], entry["filed"], entry["problems"]) == (["portal_repainted"], 1, [])


async def test_deliveries_that_come_again_in_any_order_give_the_same_timeline(
    client: httpx.AsyncClient, meta: str
) -> None:
    words = ["The gate is stuck.", "Order GT-81.", "It squeaks too.", "When does somebody come?"]
    bodies = [whatsapp(messages=[whatsapp_message(number, text)]) for number, text in enumerate(words)]
    sent = {"id": "wamid.x", "timestamp": "1767345000", "recipient_id": PHONE}
    bodies += [whatsapp(statuses=[sent | {"status": state}]) for state in ("read", "sent", "delivered")]
    shuffled = [*bodies, *bodies, *bodies]
    random.Random(7).shuffle(shuffled)
    for body in shuffled:
        assert (await deliver(client, meta, body)).status_code == 200
    assert [text for _, text in await timeline(client) if text] == words
    page = await entries(client, meta, limit=1000)
    assert sum(entry["filed"] for entry in page["events"]) == len(bodies)
    assert sum(entry["duplicates"] for entry in page["events"]) == 2 * len(bodies)
    assert [entry["problems"] for entry in page["events"] if entry["problems"]] == []


async def test_the_handshake_answers_whoever_knows_the_word(client: httpx.AsyncClient, meta: str) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "our-word"}
    answer = await client.get(meta, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    problem(await client.get(meta, params=asked | {"hub.verify_token": "guessed"}), 401, "unauthorized")
    problem(await client.get(meta), 404, "not_found")
    assert (await client.head(meta)).status_code == 200


async def test_a_connector_that_nobody_added_is_not_there(client: httpx.AsyncClient) -> None:
    problem(await client.post("/v1/connectors/con_0", content=b"{}"), 404, "not_found")
    problem(await client.get("/v1/connectors/con_0"), 404, "not_found")
    problem(await client.get("/v1/connectors/con_0/events"), 404, "not_found")


async def test_an_old_chatwoot_proves_itself_by_the_token_in_the_address(app: App, client: httpx.AsyncClient) -> None:
    issued = await app.connectors.add("chatwoot", {}, tenant="default")
    content = json.dumps(chatwoot_message(1, "My parcel is wet.")).encode()
    problem(await client.post(issued.path.partition("?")[0], content=content), 401, "unauthorized")
    problem(await client.post(f"{issued.path}x", content=content), 401, "unauthorized")
    assert (await client.post(issued.path, content=content)).status_code == 200
    assert issued.generated["token"] not in repr(issued.connector)


async def test_the_connector_decides_the_tenant_and_its_log_is_that_tenants(
    app: App, client: httpx.AsyncClient
) -> None:
    issued = await app.connectors.add("chatwoot", {"secret": HOOK_SECRET}, tenant="shop")
    path = issued.path.partition("?")[0]
    assert (await deliver(client, path, chatwoot_message(1, "My parcel is wet."))).status_code == 200
    assert await timeline(client) == []
    problem(await client.get(f"{path}/events"), 404, "not_found")
    key = (await app.access.create_key("shop", [Scope.ADMIN])).key
    page = await client.get(f"{path}/events", headers={"X-API-Key": key})
    assert len(page.json()["events"]) == 1


async def test_the_log_is_read_page_by_page(client: httpx.AsyncClient, chatwoot: str) -> None:
    for number in range(5):
        await deliver(client, chatwoot, chatwoot_message(number, f"Message {number}."))
    first = await entries(client, chatwoot, limit=3)
    second = await entries(client, chatwoot, limit=3, cursor=first["next_cursor"])
    assert (len(first["events"]), len(second["events"]), second["next_cursor"]) == (3, 2, None)
    at = [entry["at"] for entry in (*first["events"], *second["events"])]
    assert at == sorted(at, reverse=True)


class Unsigned:
    """A platform that signs nothing."""

    name, title, needs_key, credentials = "unsigned", "Unsigned", True, ()

    def verify(self, request: WebhookRequest, credentials: object) -> None:
        """Its key was looked at already."""

    def handshake(self, request: WebhookRequest, credentials: object) -> None:
        """It asks for none."""

    def answer(self, request: WebhookRequest) -> WebhookAnswer:
        """It wants a word."""
        return WebhookAnswer(body=b'{"ok":true}')

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """It says nothing."""
        raise LookupError("a body of another version")

    def write_back(self, note: object, credentials: object) -> tuple[()]:
        """It has no way back."""
        return ()


@pytest.fixture
async def unsigned(app: App, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a connector whose platform signs nothing."""
    monkeypatch.setitem(cast(dict[str, Any], CONNECTORS), "unsigned", Unsigned())
    return (await app.connectors.add("unsigned", {}, tenant="default")).path


async def test_a_platform_that_signs_nothing_sends_a_key_with_the_scope(
    app: App, client: httpx.AsyncClient, unsigned: str
) -> None:
    content = json.dumps({"detail": {"ContactId": "c-1"}}).encode()
    problem(await client.post(unsigned, content=content), 401, "unauthorized")
    ingest = (await app.access.create_key("default", [Scope.INGEST])).key
    reading = (await app.access.create_key("default", [Scope.HANDOFF])).key
    other = (await app.access.create_key("shop", [Scope.INGEST])).key
    for key, status in ((ingest, 200), (reading, 403), (other, 404), ("wl_0", 401)):
        answer = await client.post(unsigned, content=content, headers={"X-API-Key": key})
        assert answer.status_code == status, key


async def test_a_body_that_its_module_stumbles_over_is_kept_as_an_event(
    app: App, client: httpx.AsyncClient, unsigned: str
) -> None:
    key = (await app.access.create_key("default", [Scope.INGEST, Scope.ADMIN])).key
    answer = await client.post(unsigned, json={"strange": [1]}, headers={"X-API-Key": key})
    assert (answer.status_code, answer.content) == (200, b'{"ok":true}')
    page = await client.get(f"{unsigned}/events", headers={"X-API-Key": key})
    assert page.json()["events"][0]["filed"] == 1


async def test_what_is_larger_than_a_webhook_is_refused(client: httpx.AsyncClient, chatwoot: str) -> None:
    content = b" " * (8 * 1024 * 1024 + 1)
    problem(await client.post(chatwoot, content=content), 413, "payload_too_large")


async def test_the_scope_tells_two_installations_of_a_platform_apart(app: App, client: httpx.AsyncClient) -> None:
    await app.connectors.add("chatwoot", {"secret": HOOK_SECRET}, tenant="default")
    with pytest.raises(Exception, match="scope"):
        await app.connectors.add("chatwoot", {"secret": HOOK_SECRET}, tenant="default")
    second = await app.connectors.add("chatwoot", {"secret": HOOK_SECRET}, tenant="default", scope="north")
    await deliver(client, second.path.partition("?")[0], chatwoot_message(1, "My parcel is wet."))
    listed = (await client.get("/v1/conversations")).json()["conversations"]
    assert [entry["conversation_id"] for entry in listed] == ["north/chatwoot:31"]


async def test_what_was_signed_in_a_connectors_name_opens_nothing_once_it_is_removed(app: App, chatwoot: str) -> None:
    connector_id = chatwoot.rpartition("/")[2]
    await app.connectors.check_there(connector_id)
    await app.connectors.remove(connector_id)
    with pytest.raises(Unauthorized):
        await app.connectors.check_there(connector_id)
    assert await app.connectors.list("default") == []


def wrapped(event_type: str, data: object, **more: Any) -> dict[str, Any]:
    """A CloudEvent around a platform's body."""
    return {"specversion": "1.0", "id": "e1", "source": "/relay", "type": event_type, "data": data} | more


async def events_sent(client: httpx.AsyncClient, body: object, media: str) -> list[dict[str, Any]]:
    """The results of events."""
    answer = await client.post("/v1/events", content=json.dumps(body), headers={"Content-Type": media})
    assert answer.status_code == 201, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


@pytest.mark.parametrize("event_type", ["chatwoot.message_created", "com.relay.forwarded"])
async def test_a_platforms_event_in_a_cloud_event_is_read_by_its_connector(
    client: httpx.AsyncClient, event_type: str
) -> None:
    event = wrapped(event_type, chatwoot_message(1, "My parcel is wet."), subject="talk-9")
    (result,) = await events_sent(client, event, "application/cloudevents+json")
    assert (result["id"], result["warnings"]) == ("chatwoot:message:1", [])
    assert await timeline(client) == [("2026-01-02T09:01:00Z", "My parcel is wet.")]
    listed = (await client.get("/v1/conversations")).json()["conversations"]
    assert [entry["conversation_id"] for entry in listed] == ["talk-9"]


async def test_one_event_may_hold_the_messages_of_several_people(client: httpx.AsyncClient) -> None:
    messages = [whatsapp_message(1, "One."), whatsapp_message(2, "Two.")]
    event = wrapped("whatsapp.webhook", whatsapp(messages=messages))
    results = await events_sent(client, [event], "application/json")
    assert [result["id"] for result in results] == ["whatsapp:wamid.1", "whatsapp:wamid.2"]


async def test_words_that_nobody_reads_are_warned_of(client: httpx.AsyncClient) -> None:
    event = wrapped("com.desk.comment", {"comment": {"body": "The shelf is too short for my wall."}})
    (result,) = await events_sent(client, event, "application/cloudevents+json")
    assert [warning["code"] for warning in result["warnings"]] == ["unread_words"]
    viewed = wrapped("com.shop.viewed", {"page": "/returns", "idle_ms": 4}, id="e2")
    (result,) = await events_sent(client, viewed, "application/cloudevents+json")
    assert result["warnings"] == []


async def test_a_link_that_a_connector_wrote_opens_the_card_until_the_connector_is_removed(
    app: App, client: httpx.AsyncClient, chatwoot: str
) -> None:
    connector_id = chatwoot.rpartition("/")[2]
    await deliver(client, chatwoot, chatwoot_message(1, "My parcel is wet."))
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "chatwoot:31"})).json()
    await app.access.create_key("default", [Scope.ADMIN])
    content = {"tenant": "default", "handoff": handoff["handoff_id"], "key": None, "connector": connector_id}
    token, _ = await app.access.sign("card", content, lifetime=timedelta(hours=1))
    page = await client.get(f"/console/cards/{token}")
    assert (page.status_code, "parcel is wet" in page.text) == (200, True)
    await app.connectors.remove(connector_id)
    assert (await client.get(f"/console/cards/{token}")).status_code == 401


async def test_two_conversations_of_a_contact_are_one_customers_who_is_not_proved(
    client: httpx.AsyncClient, chatwoot: str
) -> None:
    for number, talk in ((1, 31), (2, 32)):
        body = chatwoot_message(number, f"Message {number}.")
        body["conversation"]["id"] = talk
        assert (await deliver(client, chatwoot, body)).status_code == 200
    (customer,) = (await client.get("/v1/customers")).json()["customers"]
    assert customer["verification_status"] != "verified"
