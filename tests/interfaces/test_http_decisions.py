"""`GET /v1/decisions`: the log of decisions with what became of them."""

import json
from typing import TYPE_CHECKING, Any

import httpx
from fastapi import FastAPI

from app.models import DecisionWithOutcomes, Scope
from tests.interfaces.http import message, problem, record

if TYPE_CHECKING:
    from app.services import App


async def decided(client: httpx.AsyncClient, conversation_id: str, **fields: Any) -> dict[str, Any]:
    """A decision about a conversation with one message."""
    await record(client, message("I want to talk to a person.", conversation_id=conversation_id))
    answer = await client.post("/v1/next-actions", json={"conversation_id": conversation_id} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def log(client: httpx.AsyncClient, **query: str) -> list[dict[str, Any]]:
    """The lines of the log."""
    answer = await client.get("/v1/decisions", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson"), answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def file_outcome(client: httpx.AsyncClient, decision: dict[str, Any], index: int, **fields: Any) -> None:
    """Tells what became of the action at a place."""
    path = f"/v1/next-actions/{decision['decision_id']}/outcome"
    answer = await client.post(path, json={"action_id": decision["actions"][index]["action_id"]} | fields)
    assert answer.status_code == 200, answer.text


async def test_each_line_is_a_decision_with_its_probabilities_and_outcomes(client: httpx.AsyncClient) -> None:
    first, second = await decided(client, "c1"), await decided(client, "c2")
    await file_outcome(client, second, 0, outcome="failed")
    await file_outcome(client, second, 0, outcome="succeeded")
    await file_outcome(client, second, 1, accepted=False)
    lines = await log(client)

    assert [line["decision_id"] for line in lines] == [first["decision_id"], second["decision_id"]]
    assert lines[0] == first | {"outcomes": []}
    outcomes = {outcome["action_id"]: outcome for outcome in lines[1]["outcomes"]}
    assert outcomes[second["actions"][0]["action_id"]]["outcome"] == "succeeded"
    assert outcomes[second["actions"][1]["action_id"]]["accepted"] is False
    assert all(outcome["intent"] == second["intent"] for outcome in outcomes.values())
    read = DecisionWithOutcomes.model_validate(lines[1])
    assert sum(candidate.probability for candidate in read.candidates) == 1
    assert {action.action_id for action in read.actions} <= {candidate.action_id for candidate in read.candidates}


async def test_what_was_told_changes_the_next_propensity(client: httpx.AsyncClient) -> None:
    before = await decided(client, "c1")
    await file_outcome(client, before, 0, reward=0.0)
    after = await decided(client, "c2")
    action_id = before["actions"][0]["action_id"]
    learnt = next(candidate for candidate in after["candidates"] if candidate["action_id"] == action_id)
    assert learnt["components"]["propensity"] < before["actions"][0]["propensity"]


async def test_from_and_to_bound_the_time_of_the_decision(client: httpx.AsyncClient) -> None:
    await record(client, message("Hello", conversation_id="c0", occurred_at="2026-01-01T00:00:00Z"))
    days = ["2026-03-03T10:00:00Z", "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"]
    for day in days:
        answer = await client.post("/v1/next-actions", json={"conversation_id": "c0", "now": day})
        assert answer.status_code == 200
    lines = await log(client, **{"from": "2026-03-02T12:00:00+02:00", "to": "2026-03-03T10:00:00Z"})
    assert [line["created_at"] for line in lines] == ["2026-03-02T10:00:00Z"]
    assert len(await log(client, to="2026-03-03T00:00:00Z")) == 2
    refused = problem(await client.get("/v1/decisions", params={"from": "yesterday"}), 422, "invalid_request")
    assert refused["errors"][0]["path"] == "from"


async def test_only_a_key_for_analytics_reads_its_own_tenants_log(
    client: httpx.AsyncClient, service: FastAPI, app: "App"
) -> None:
    scopes = [Scope.INGEST, Scope.ACTIONS, Scope.ANALYTICS]
    acme, globex = [(await app.access.create_key(tenant, scopes)).key for tenant in ("acme", "globex")]
    narrow = (await app.access.create_key("acme", [Scope.ACTIONS])).key
    client.headers["X-API-Key"] = acme
    decision = await decided(client, "c1")
    assert [line["decision_id"] for line in await log(client)] == [decision["decision_id"]]
    client.headers["X-API-Key"] = globex
    assert await log(client) == []
    client.headers["X-API-Key"] = narrow
    assert "`analytics`" in problem(await client.get("/v1/decisions"), 403, "forbidden")["detail"]


async def test_the_log_of_an_erased_customer_is_gone(client: httpx.AsyncClient) -> None:
    gone, remaining = await decided(client, "c1"), await decided(client, "c2")
    await file_outcome(client, gone, 0, outcome="succeeded")
    assert (await client.delete(f"/v1/customers/{gone['customer_id']}")).status_code == 200
    assert [line["decision_id"] for line in await log(client)] == [remaining["decision_id"]]


async def test_a_catalogue_is_checked_over_http_without_being_put(client: httpx.AsyncClient) -> None:
    before = (await client.get("/v1/catalogue")).json()
    lines = ["name: odd", "actions:", "  - id: wave", "    label: Wave", "    levels: {wait: 1.0}", "    audience: []"]
    headers = {"Content-Type": "application/yaml"}
    answer = await client.put("/v1/catalogue?check=true", content="\n".join(lines), headers=headers)
    assert answer.status_code == 200, answer.text
    findings = {finding["code"]: finding for finding in answer.json()["findings"]}
    assert (findings["no_audience"]["severity"], findings["no_audience"]["line"]) == ("error", 6)
    broken = await client.put("/v1/catalogue?check=true", content="name: odd", headers=headers)
    assert [finding["code"] for finding in broken.json()["findings"]] == ["does_not_load"]
    assert (await client.get("/v1/catalogue")).json() == before


async def test_a_reason_for_skipping_goes_into_the_log_and_only_with_what_was_not_accepted(
    client: httpx.AsyncClient,
) -> None:
    decision = await decided(client, "c1")
    await file_outcome(client, decision, 0, accepted=False, skipped_reason="customer_declined")
    (line,) = await log(client)
    assert line["outcomes"][0]["skipped_reason"] == "customer_declined"
    assert line["outcomes"][0]["audience"] == decision["audience"]
    path = f"/v1/next-actions/{decision['decision_id']}/outcome"
    action = {"action_id": decision["actions"][0]["action_id"], "skipped_reason": "not_relevant"}
    for accepted in ({"accepted": True}, {}):
        answer = await client.post(path, json=action | accepted)
        assert problem(answer, 422, "invalid_request")["errors"][0]["path"] == "skipped_reason"


async def test_a_challenger_is_put_compared_and_ended_over_http(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/decisions/comparison"), 404, "not_found")
    champion = (await client.get("/v1/catalogue")).json()
    put = {"role": "challenger", "share": "0.5"}
    assert (await client.put("/v1/catalogue", params=put, json=champion)).status_code == 200
    assert (await client.get("/v1/catalogue", params={"role": "challenger"})).json()["name"] == champion["name"]
    assert (await decided(client, "c1"))["arm"] in {"champion", "challenger"}
    assert (await client.get("/v1/decisions/comparison")).json()["verdict"] == "continue"
    problem(await client.put("/v1/catalogue", params=put | {"share": "0.6"}, json=champion), 422, "invalid_request")
    assert (await client.put("/v1/catalogue", params=put | {"share": "0"}, json=champion)).status_code == 200
    assert (await decided(client, "c2"))["arm"] is None
