"""POST /v1/vcons and /v1/events, and a handoff as a vCon."""

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.formats.vcon import interactions_of
from app.interfaces.http.request_bodies import THREAD_BYTES
from tests.interfaces.http import check_fits, message, problem, record
from tests.support.vcon_documents import UUID, text_dialog, vcon

STRUCTURED = {"content-type": "application/cloudevents+json"}
BATCHED = {"content-type": "application/cloudevents-batch+json"}


def event(**fields: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "e-1", "source": "/shop", "type": "page.seen", "subject": "c-1"} | fields


async def test_a_vcon_becomes_a_conversation_once(client: httpx.AsyncClient, service: FastAPI) -> None:
    document = vcon(dialog=[text_dialog("The link never arrives."), text_dialog("I send it again.", by=1, minute=1)])

    answer = await client.post("/v1/vcons", json=document)
    again = await client.post("/v1/vcons", json=document)

    assert answer.status_code == 201
    check_fits(service, answer, "/v1/vcons")
    results = answer.json()["results"]
    assert [result["id"] for result in results] == [f"{UUID}-dialog-0", f"{UUID}-dialog-1"]
    assert [result["duplicate"] for result in again.json()["results"]] == [True, True]
    page = (await client.get(f"/v1/customers/{results[0]['customer_id']}/timeline")).json()
    assert [(row["actor"], row["text"]) for row in page["interactions"]] == [
        ("customer", "The link never arrives."),
        ("agent", "I send it again."),
    ]


async def test_a_vcon_with_a_defect_is_refused_with_its_path(client: httpx.AsyncClient) -> None:
    refused = problem(
        await client.post("/v1/vcons", json=vcon(dialog=[text_dialog("Hello", start=7)])), 422, "invalid_request"
    )
    assert refused["errors"][0]["path"].startswith("dialog[0]")
    problem(await client.post("/v1/vcons", content=b"{"), 422, "invalid_request")
    problem(await client.post("/v1/vcons", json=[]), 422, "invalid_request")


async def test_a_changed_vcon_under_the_same_uuid_is_a_conflict_of_the_changed_rows(client: httpx.AsyncClient) -> None:
    await client.post("/v1/vcons", json=vcon(dialog=[text_dialog("One."), text_dialog("Two.", minute=1)]))
    answer = await client.post("/v1/vcons", json=vcon(dialog=[text_dialog("One."), text_dialog("Changed.", minute=1)]))
    assert answer.status_code == 207
    codes = [result["problem"] and result["problem"]["code"] for result in answer.json()["results"]]
    assert codes == [None, "idempotency_conflict"]


async def test_a_large_vcon_is_read_as_a_small_one_is(client: httpx.AsyncClient) -> None:
    turns = [text_dialog("words " * 1000, minute=number % 60) for number in range(60)]
    document = vcon(dialog=turns)
    assert len(json.dumps(document)) > THREAD_BYTES
    answer = await client.post("/v1/vcons", json=document)
    assert answer.status_code == 201
    assert len(answer.json()["results"]) == 60


async def test_whose_side_is_unknown_carries_a_warning_and_the_sender_may_name_the_customer(
    client: httpx.AsyncClient, service: FastAPI
) -> None:
    parties = [{"name": "X", "tel": "+12025550163"}, {"name": "Y", "tel": "+12025550164"}]
    document = vcon(parties=parties, dialog=[text_dialog("Ok."), text_dialog("Ok.", by=1, minute=1)])
    answer = await client.post("/v1/vcons", json=document)
    check_fits(service, answer, "/v1/vcons")
    assert answer.status_code == 201
    codes = [[warning["code"] for warning in result["warnings"]] for result in answer.json()["results"]]
    assert codes == [["side_unknown"], ["side_unknown"]]

    named = {**document, "uuid": "0190f5a8-7c1e-7000-8000-0123456789ac"}
    answer = await client.post("/v1/vcons?customer=Y", json=named)
    assert [result["warnings"] for result in answer.json()["results"]] == [[], []]
    page = await client.get(f"/v1/customers/{answer.json()['results'][0]['customer_id']}/timeline")
    assert [row["actor"] for row in page.json()["interactions"]] == ["agent", "customer"]
    refused = problem(await client.post("/v1/vcons?customer=Z", json=named), 422, "invalid_request")
    assert refused["errors"][0]["path"] == "customer"


async def test_a_vcon_without_zones_is_read_and_a_handoffs_vcon_has_notes_on_request_only(
    client: httpx.AsyncClient,
) -> None:
    document = vcon(dialog=[text_dialog("The link never arrives.", start="2026-03-02T09:00:00")])
    assert (await client.post("/v1/vcons", json=document)).status_code == 201
    note = message("He shouts.", actor="agent", kind="note", conversation_id=UUID)
    assert (await client.post("/v1/interactions", json=note)).status_code == 201
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": UUID})).json()
    path, accept = f"/v1/handoffs/{handoff['handoff_id']}", {"accept": "application/vcon+json"}
    assert "He shouts." not in (await client.get(path, headers=accept)).text
    assert "He shouts." in (await client.get(f"{path}?internal=true", headers=accept)).text


async def test_one_event_is_recorded_structured_or_binary(client: httpx.AsyncClient, service: FastAPI) -> None:
    structured = await client.post("/v1/events", content=json.dumps(event()), headers=STRUCTURED)
    headers = {f"ce-{name}": value for name, value in event(id="e-2").items()} | {"content-type": "application/json"}
    binary = await client.post("/v1/events", content=b'{"text": "hello"}', headers=headers)

    for answer, caller_id in ((structured, "/shop#e-1"), (binary, "/shop#e-2")):
        assert answer.status_code == 201
        check_fits(service, answer, "/v1/events")
        assert answer.json()["results"][0]["id"] == caller_id


async def test_a_bad_event_of_a_batch_does_not_lose_the_good_ones(client: httpx.AsyncClient) -> None:
    events = [event(), event(id="e-2", type=""), event(id="e-3")]
    answer = await client.post("/v1/events", content=json.dumps(events), headers=BATCHED)
    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["problem"] is None for result in results] == [True, False, True]
    assert results[1]["problem"]["errors"][0]["path"] == "[1].type"


async def test_a_bad_single_event_is_refused_whole(client: httpx.AsyncClient) -> None:
    refused = await client.post("/v1/events", content=json.dumps(event(type="")), headers=STRUCTURED)
    assert problem(refused, 422, "invalid_request")["errors"][0]["path"] == "type"
    await client.post("/v1/events", content=json.dumps(event(data={"a": 1})), headers=STRUCTURED)
    changed = await client.post("/v1/events", content=json.dumps(event(data={"a": 2})), headers=STRUCTURED)
    problem(changed, 409, "idempotency_conflict")
    problem(await client.post("/v1/events", json=event()), 422, "invalid_request")


@pytest.mark.parametrize("path", ["/v1/vcons", "/v1/events"])
async def test_the_same_key_with_the_same_body_gets_the_same_answer(client: httpx.AsyncClient, path: str) -> None:
    body = vcon(dialog=[text_dialog("Hello.")]) if path == "/v1/vcons" else event()
    keyed = STRUCTURED | {"idempotency-key": "k-1"}
    first = await client.post(path, content=json.dumps(body), headers=keyed)
    again = await client.post(path, content=json.dumps(body), headers=keyed)
    assert first.status_code == 201
    assert again.json() == first.json()
    problem(await client.post(path, content=json.dumps(body, indent=1), headers=keyed), 409, "idempotency_conflict")


async def test_a_handoff_is_given_as_a_vcon_that_can_be_read_again(client: httpx.AsyncClient) -> None:
    await record(client, message("The link never arrives.", conversation_id="c-1"))
    await record(client, message("Of another day.", conversation_id="c-1b"))
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
    await record(client, message("Said afterwards.", conversation_id="c-1"))

    answer = await client.get(f"/v1/handoffs/{handoff['handoff_id']}", headers={"accept": "application/vcon+json"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vcon+json")
    document = answer.json()
    assert [dialog["body"] for dialog in document["dialog"]] == ["The link never arrives."]
    assert document["analysis"][0]["body"]["headline"] == handoff["brief"]["headline"]
    assert interactions_of(document)[0].text == "The link never arrives."
