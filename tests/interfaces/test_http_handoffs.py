"""POST /v1/handoffs and what follows, and POST /v1/next-actions."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.interfaces.http import check_fits, email, events, message, problem, record

JOURNEY = (
    message("", channel="app", kind="event", name="password_reset", outcome="failed"),
    message("", channel="app", kind="event", name="password_reset", outcome="failed"),
    message("The reset link for account AC-4471 never arrives. Can I talk to a person?"),
    message("I am sorry. I will have a colleague call you back today.", actor="bot"),
)
HANDOFF_FIELDS = {
    *(
        "handoff_id",
        "customer_id",
        "conversation_id",
        "created_at",
        "as_of_seq",
        "duration_ms",
        "stale",
        "pending",
        "status",
    ),
    *("failure_code", "engine", "model", "prompt", "usage", "verification_status", "verification", "brief"),
    *("signals", "next_actions", "revision", "check", "drafted_ahead", "identity"),
}
BRIEF_FIELDS = {
    *("headline", "contact_reason", "intent", "situation", "actions_taken", "resolution_status"),
    *("customer_expectation", "commitments", "open_questions", "entities", "history", "sentiment"),
    *("suggested_opening", "suggested_disposition", "custom_sections", "claims", "dropped_claims"),
}


@pytest.fixture
async def conversation(client: httpx.AsyncClient) -> str:
    """A customer's conversation that did not go well."""
    rows = [
        row | {"id": f"j-{n}", "conversation_id": "c-1", "occurred_at": f"2026-03-02T09:0{n}:00Z"}
        for n, row in enumerate(JOURNEY)
    ]
    rows[0] |= {"identifiers": [email("one@example.com")]}
    await record(client, *rows)
    return "c-1"


async def made(client: httpx.AsyncClient, conversation: str, **fields: Any) -> dict[str, Any]:
    """A new handoff."""
    answer = await client.post("/v1/handoffs", json={"conversation_id": conversation} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_handoff_holds_every_field_of_the_contract(
    client: httpx.AsyncClient, service: FastAPI, conversation: str
) -> None:
    answer = await client.post("/v1/handoffs", json={"conversation_id": conversation})

    assert answer.status_code == 201
    check_fits(service, answer, "/v1/handoffs")
    handoff = answer.json()
    assert set(handoff) == HANDOFF_FIELDS
    assert set(handoff["brief"]) == BRIEF_FIELDS
    assert (handoff["status"], handoff["engine"], handoff["stale"]) == ("completed", "extractive", False)
    assert len(handoff["brief"]["headline"]) <= 120
    rows = (await client.get(f"/v1/customers/{handoff['customer_id']}/timeline")).json()["interactions"]
    interaction_ids = {row["interaction_id"] for row in rows}
    assert handoff["brief"]["claims"]
    assert {
        interaction_id for claim in handoff["brief"]["claims"] for interaction_id in claim["evidence"]
    } <= interaction_ids


async def test_a_filed_handoff_is_given_again_and_tells_when_it_is_stale(
    client: httpx.AsyncClient, service: FastAPI, conversation: str
) -> None:
    handoff = await made(client, conversation)
    path = f"/v1/handoffs/{handoff['handoff_id']}"

    fresh = await client.get(path)
    await record(client, message("Are you still there?", conversation_id=conversation))
    stale = await client.get(path)
    again = await client.post(f"{path}/refresh")

    check_fits(service, fresh, "/v1/handoffs/{handoff_id}")
    assert fresh.json() == handoff
    assert stale.json() == handoff | {"stale": True}
    assert again.status_code == 201
    assert again.json()["handoff_id"] != handoff["handoff_id"]
    assert again.json()["as_of_seq"] > handoff["as_of_seq"]
    assert again.json()["stale"] is False


async def test_a_handoff_is_read_as_markdown_and_as_a_page(client: httpx.AsyncClient, conversation: str) -> None:
    handoff = await made(client, conversation)
    path = f"/v1/handoffs/{handoff['handoff_id']}"

    note = await client.get(path, headers={"accept": "text/markdown"})
    page = await client.get(path, headers={"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})

    assert note.headers["content-type"].startswith("text/markdown")
    assert note.text.startswith("# ")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert handoff["handoff_id"] in page.text


async def test_a_form_that_is_not_served_is_refused(client: httpx.AsyncClient, conversation: str) -> None:
    handoff = await made(client, conversation)
    path = f"/v1/handoffs/{handoff['handoff_id']}"

    refused = problem(await client.get(path, headers={"accept": "image/png"}), 406, "not_acceptable")

    assert "text/markdown" in refused["detail"]
    assert (await client.get(path, headers={"accept": "*/*"})).json() == handoff


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/json"),
        ("text/*", "text/markdown"),
        ("text/markdown;q=0.4, text/html;q=0.5", "text/html"),
        ("application/json;q=0.1, */*", "text/markdown"),
        ("text/html;q=0, text/*;q=0.3, application/*;q=0.2", "text/markdown"),
        ("application/json;q=loud, text/html", "text/html"),
    ],
)
async def test_the_form_is_the_one_the_caller_likes_best(
    client: httpx.AsyncClient, conversation: str, accept: str, form: str
) -> None:
    handoff = await made(client, conversation)

    answer = await client.get(f"/v1/handoffs/{handoff['handoff_id']}", headers={"accept": accept})

    assert answer.headers["content-type"].partition(";")[0] == form


async def test_a_handoff_comes_in_stages_over_server_sent_events(client: httpx.AsyncClient, conversation: str) -> None:
    answer = await client.post(
        "/v1/handoffs", json={"conversation_id": conversation}, headers={"accept": "text/event-stream"}
    )

    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("text/event-stream")
    stages = events(answer.text)
    assert [name for name, _ in stages] == ["brief", "done"]
    assert all(set(data) == HANDOFF_FIELDS for _, data in stages)
    assert (await client.get(f"/v1/handoffs/{stages[-1][1]['handoff_id']}")).json() == stages[-1][1]


async def test_a_stream_that_cannot_begin_is_a_plain_refusal(client: httpx.AsyncClient) -> None:
    asked = await client.post(
        "/v1/handoffs", json={"customer_id": "cus_nobody"}, headers={"accept": "text/event-stream"}
    )

    problem(asked, 404, "unknown_customer")


async def test_a_handoff_for_unknown_identifiers_makes_a_customer_with_nothing_to_say(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/v1/handoffs", json={"identifiers": [email("new@example.com")]})

    assert answer.status_code == 201
    assert (answer.json()["status"], answer.json()["failure_code"]) == ("failed", "insufficient_content")


async def test_unknown_ids_and_nobody_at_all_are_refused(client: httpx.AsyncClient) -> None:
    problem(await client.post("/v1/handoffs", json={"customer_id": "cus_nobody"}), 404, "unknown_customer")
    problem(await client.post("/v1/handoffs", json={"conversation_id": "nowhere"}), 404, "unknown_conversation")
    problem(await client.post("/v1/handoffs", json={}), 422, "invalid_request")
    problem(await client.get("/v1/handoffs/hnd_none"), 404, "not_found")
    problem(await client.post("/v1/handoffs/hnd_none/refresh"), 404, "not_found")
    problem(await client.post("/v1/next-actions", json={"conversation_id": "nowhere"}), 404, "unknown_conversation")


async def test_a_bad_field_of_a_handoff_is_named(client: httpx.AsyncClient) -> None:
    asked = {"conversation_id": "c-1", "reason": {"code": "bored"}, "deadline_ms": 0}

    refused = problem(await client.post("/v1/handoffs", json=asked), 422, "invalid_request")

    assert {error["path"] for error in refused["errors"]} == {"reason.code", "deadline_ms"}


async def test_feedback_is_filed_with_the_handoff(
    client: httpx.AsyncClient, service: FastAPI, conversation: str
) -> None:
    handoff = await made(client, conversation)
    path = f"/v1/handoffs/{handoff['handoff_id']}/feedback"

    answer = await client.post(path, json={"accepted": True, "repeated_information": False})

    assert answer.status_code == 200
    check_fits(service, answer, "/v1/handoffs/{handoff_id}/feedback")
    assert answer.json()["handoff_id"] == handoff["handoff_id"]
    assert answer.json()["accepted"] is True
    problem(await client.post("/v1/handoffs/hnd_none/feedback", json={}), 404, "not_found")
    problem(await client.post(path, json={"accepted": "perhaps"}), 422, "invalid_request")


async def test_a_decision_and_its_outcome_are_filed(
    client: httpx.AsyncClient, service: FastAPI, conversation: str
) -> None:
    answer = await client.post("/v1/next-actions", json={"conversation_id": conversation, "audience": "agent"})
    assert answer.status_code == 200
    check_fits(service, answer, "/v1/next-actions")
    decision = answer.json()
    path = f"/v1/next-actions/{decision['decision_id']}/outcome"
    action_id = (decision["actions"] + decision["suppressed"])[0]["action_id"]

    response = await client.post(path, json={"action_id": action_id, "accepted": True, "outcome": "succeeded"})

    check_fits(service, response, "/v1/next-actions/{decision_id}/outcome")
    assert (response.status_code, response.json()["decision_id"]) == (200, decision["decision_id"])
    never = await client.post(path, json={"action_id": "no_such_action"})
    assert problem(never, 422, "invalid_request")["errors"][0]["path"] == "action_id"
    problem(await client.post("/v1/next-actions/dec_none/outcome", json={"action_id": "x"}), 404, "not_found")


async def test_the_decision_inside_a_handoff_takes_outcomes_as_well(
    client: httpx.AsyncClient, conversation: str
) -> None:
    decision = (await made(client, conversation))["next_actions"]
    action_id = (decision["actions"] + decision["suppressed"])[0]["action_id"]

    response = await client.post(f"/v1/next-actions/{decision['decision_id']}/outcome", json={"action_id": action_id})

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/v1/handoffs", "/v1/next-actions"])
async def test_a_conversation_of_another_customer_is_not_known(
    client: httpx.AsyncClient, conversation: str, path: str
) -> None:
    [own] = await record(client, message(conversation_id="c-2", identifiers=[email("two@example.com")]))
    asked = {"customer_id": own["customer_id"]}

    refused = await client.post(path, json=asked | {"conversation_id": conversation})
    nobodys = await client.post(path, json=asked | {"conversation_id": "not used yet"})

    assert "cus_" not in problem(refused, 404, "unknown_conversation")["detail"]
    assert nobodys.is_success
    assert (await client.post(path, json=asked | {"conversation_id": "c-2"})).is_success


async def test_a_conversation_that_went_over_to_somebody_else_is_still_known_to_who_began_it(
    client: httpx.AsyncClient,
) -> None:
    accounts = [{"type": "account_id", "value": value, "verified": True} for value in ("A-1", "A-2")]
    [began, took] = [
        (await record(client, message(conversation_id="c-1", identifiers=[account])))[0] for account in accounts
    ]

    answers = [
        await client.post("/v1/handoffs", json={"customer_id": result["customer_id"], "conversation_id": "c-1"})
        for result in (began, took)
    ]

    assert began["customer_id"] != took["customer_id"]
    assert [answer.status_code for answer in answers] == [201, 201]


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        ("/v1/next-actions", "limit", True),
        ("/v1/next-actions", "limit", "2"),
        ("/v1/next-actions", "limit", 2.0),
        ("/v1/handoffs", "deadline_ms", "2000"),
        ("/v1/handoffs", "deadline_ms", True),
    ],
)
async def test_a_whole_number_is_sent_as_one(
    client: httpx.AsyncClient, conversation: str, path: str, field: str, value: object
) -> None:
    refused = problem(
        await client.post(path, json={"conversation_id": conversation, field: value}), 422, "invalid_request"
    )

    assert refused["errors"] == [{"path": field, "message": "Give a whole number, without quotes."}]


@pytest.mark.parametrize(
    "long",
    [
        message("My parcel has not come. " + "I went to the depot and nobody knew of it. " * 400),
        message("Where is my parcel?", data={"trace": "left the depot, " * 2000}),
    ],
    ids=["text", "data"],
)
async def test_a_handoff_over_more_than_is_read_is_partial_and_says_so(
    client: httpx.AsyncClient, long: dict[str, Any]
) -> None:
    opened = message(
        "The delivery of order W2378156 failed.", conversation_id="c-9", identifiers=[email("a@example.com")]
    )
    await record(client, opened, long | {"conversation_id": "c-9"})
    handoff = await made(client, "c-9")
    assert (handoff["status"], handoff["failure_code"]) == ("partial", "analysis_limit")
    assert handoff["brief"]["contact_reason"]


async def test_a_handoff_over_a_case_that_is_read_whole_is_completed(
    client: httpx.AsyncClient, conversation: str
) -> None:
    handoff = await made(client, conversation)
    assert (handoff["status"], handoff["failure_code"]) == ("completed", None)
