"""DELETE and export of a customer, and blanking of one interaction, as callers see them."""

import json
from pathlib import Path

import httpx
from fastapi import FastAPI

from app.settings import Settings
from tests.interfaces.http import check_fits, email, message, problem, record

UNKNOWN = "cus_00000000000000000000000000000000"


async def customer(client: httpx.AsyncClient, name: str) -> str:
    rows = [
        message(f"This is {name} speaking.", identifiers=[email(f"{name}@x.example")], conversation_id=f"c-{name}"),
        message("It does not work.", conversation_id=f"c-{name}"),
    ]
    return (await record(client, *rows))[0]["customer_id"]


def holds(settings: Settings, mark: str) -> list[Path]:
    files = [path for path in settings.data_dir.rglob("*") if path.is_file()]
    return [file for file in files if mark.encode() in file.read_bytes()]


async def test_an_erased_customer_is_unknown_and_counted_and_others_stay(
    client: httpx.AsyncClient, service: FastAPI, settings: Settings
) -> None:
    erased, other = await customer(client, "zebrafinch"), await customer(client, "okapi")
    keyed = {"idempotency-key": "k-1"}
    made = await client.post("/v1/handoffs", json={"customer_id": erased}, headers=keyed)
    assert made.status_code == 201
    assert holds(settings, "zebrafinch")

    answer = await client.delete(f"/v1/customers/{erased}")

    assert answer.status_code == 200
    check_fits(service, answer, "/v1/customers/{customer_id}")
    counts = answer.json()["erased"]
    assert (counts["interactions"], counts["identifiers"], counts["handoffs"], counts["kept_replies"]) == (2, 1, 1, 1)
    assert answer.json()["as_of_seq"] == 4
    assert not holds(settings, "zebrafinch")
    problem(await client.delete(f"/v1/customers/{erased}"), 404, "unknown_customer")
    problem(await client.get(f"/v1/customers/{erased}/timeline"), 404, "unknown_customer")
    problem(await client.get(f"/v1/handoffs/{made.json()['handoff_id']}"), 404, "not_found")
    problem(await client.post("/v1/handoffs", json={"customer_id": erased}, headers=keyed), 404, "unknown_customer")
    page = (await client.get(f"/v1/customers/{other}/timeline")).json()
    assert [row["seq"] for row in page["interactions"]] == [3, 4]


async def test_kept_replies_of_a_batch_go_with_any_customer_they_tell_of(client: httpx.AsyncClient) -> None:
    rows = [message(identifiers=[email(f"{name}@x.example")]) for name in ("one", "two")]
    sent = {"interactions": rows}
    results = (await client.post("/v1/interactions", json=sent, headers={"idempotency-key": "k"})).json()["results"]
    erased = (await client.delete(f"/v1/customers/{results[1]['customer_id']}")).json()["erased"]
    assert erased["kept_replies"] == 1


async def test_one_tenant_cannot_erase_export_or_blank_for_another(client: httpx.AsyncClient) -> None:
    problem(await client.delete(f"/v1/customers/{UNKNOWN}"), 404, "unknown_customer")
    problem(await client.get(f"/v1/customers/{UNKNOWN}/export"), 404, "unknown_customer")
    problem(await client.post("/v1/interactions/int_0/redact"), 404, "not_found")


async def test_a_blanked_interaction_keeps_its_place_in_the_timeline(
    client: httpx.AsyncClient, service: FastAPI, settings: Settings
) -> None:
    customer_id = await customer(client, "zebrafinch")
    [secret] = await record(client, message("The zebra secret.", conversation_id="c-zebrafinch", data={"a": "zebra b"}))

    answer = await client.post(f"/v1/interactions/{secret['interaction_id']}/redact")

    assert answer.status_code == 200
    check_fits(service, answer, "/v1/interactions/{interaction_id}/redact")
    assert (answer.json()["redacted"], answer.json()["text"], answer.json()["data"]) == (True, "", {})
    page = (await client.get(f"/v1/customers/{customer_id}/timeline")).json()
    assert page["interactions"][-1] == answer.json()
    assert page["interactions"][-1]["seq"] == secret["seq"]
    assert not holds(settings, "zebra secret")
    assert not holds(settings, "zebra b")


async def test_an_export_is_one_json_object_a_line(client: httpx.AsyncClient) -> None:
    customer_id = await customer(client, "zebrafinch")
    await client.post("/v1/handoffs", json={"customer_id": customer_id})

    answer = await client.get(f"/v1/customers/{customer_id}/export")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["type"] for line in lines] == ["customer", "interaction", "interaction", "handoff", "decision"][
        : len(lines)
    ]
    assert lines[0]["customer"]["customer_id"] == customer_id
    assert lines[1]["interaction"]["text"] == "This is zebrafinch speaking."
