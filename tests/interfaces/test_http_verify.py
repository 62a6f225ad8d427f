"""POST /v1/briefs/verify: anybody's sentences about a conversation or a customer."""

import httpx
import pytest
from fastapi import FastAPI

from tests.interfaces.http import check_fits, email, message, problem, record

CLAIMS = ["The customer's lamp from order W-5512 is broken.", "The agent refused to send a new lamp."]


@pytest.fixture
async def customer_id(client: httpx.AsyncClient) -> str:
    """A customer with one conversation, `c-1`."""
    rows = [
        message("The lamp from order W-5512 is broken.", conversation_id="c-1", identifiers=[email("one@example.com")]),
        message("I will send a new lamp on Friday.", conversation_id="c-1", actor="bot"),
    ]
    return (await record(client, *rows))[0]["customer_id"]


@pytest.mark.parametrize("by", ["conversation_id", "customer_id"])
async def test_each_claim_gets_a_verdict_in_order(
    client: httpx.AsyncClient, service: FastAPI, customer_id: str, by: str
) -> None:
    subject = {"conversation_id": "c-1", "customer_id": customer_id}[by]

    answer = await client.post("/v1/briefs/verify", json={by: subject, "claims": CLAIMS})

    assert answer.status_code == 200
    check_fits(service, answer, "/v1/briefs/verify")
    body = answer.json()
    assert [verdict["text"] for verdict in body["verdicts"]] == CLAIMS
    assert [verdict["supported"] for verdict in body["verdicts"]] == [True, False]
    assert all(
        set(verdict) == {"text", "verdict", "supported", "score", "evidence", "quotes", "why", "checked_by"}
        for verdict in body["verdicts"]
    )
    assert body["as_of_seq"] == 2
    assert isinstance(body["duration_ms"], int)


async def test_a_verdict_names_interactions_of_this_customer_as_evidence(
    client: httpx.AsyncClient, customer_id: str
) -> None:
    rows = (await client.get(f"/v1/customers/{customer_id}/timeline")).json()["interactions"]
    answer = await client.post("/v1/briefs/verify", json={"conversation_id": "c-1", "claims": CLAIMS[:1]})
    evidence = answer.json()["verdicts"][0]["evidence"]
    assert evidence[0] == rows[0]["interaction_id"]


async def test_no_claims_have_no_verdicts(client: httpx.AsyncClient, customer_id: str) -> None:
    answer = await client.post("/v1/briefs/verify", json={"customer_id": customer_id, "claims": []})
    assert answer.json()["verdicts"] == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"conversation_id": "absent", "claims": CLAIMS}, 404, "unknown_conversation"),
        ({"customer_id": "cus_absent", "claims": CLAIMS}, 404, "unknown_customer"),
        ({"claims": CLAIMS}, 422, "invalid_request"),
        ({"conversation_id": "c-1"}, 422, "invalid_request"),
        ({"conversation_id": "c-1", "claims": [""]}, 422, "invalid_request"),
        ({"conversation_id": "c-1", "claims": "one"}, 422, "invalid_request"),
    ],
)
async def test_what_cannot_be_checked_is_a_problem(
    client: httpx.AsyncClient, customer_id: str, body: dict[str, object], status: int, code: str
) -> None:
    answer = await client.post("/v1/briefs/verify", json=body)
    problem(answer, status, code)
