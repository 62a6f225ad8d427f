"""What looks wrong in an interaction, and a caller whose number somebody else has proved, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.interfaces.http import message, record

NUMBER = "+4915112345678"
PROVED = {"type": "phone", "value": NUMBER, "verified": True}
GIVEN = {"type": "phone", "value": "+49 1511 2345678"}


async def owner_of_number(client: httpx.AsyncClient) -> str:
    """A customer with a verified number and a story."""
    filed = await record(
        client,
        message("My parcel R-70331 has not arrived.", conversation_id="chat", identifiers=[PROVED]),
        message("I will refund 12 EUR by Friday.", conversation_id="chat", actor="agent"),
    )
    return str(filed[0]["customer_id"])


async def call(client: httpx.AsyncClient, number: int) -> dict[str, Any]:
    """A voice call whose number comes without proof."""
    row = message(
        "Nobody called me back about my parcel.", channel="voice", conversation_id=f"call-{number}", identifiers=[GIVEN]
    )
    (result,) = await record(client, row)
    return result


async def handed_over(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/handoffs", json=body)
    assert answer.status_code == 201, answer.text
    handoff: dict[str, Any] = answer.json()
    return handoff


async def test_a_caller_whose_number_somebody_else_proved_is_told_with_candidates_and_nothing_of_theirs(
    client: httpx.AsyncClient,
) -> None:
    owner = await owner_of_number(client)
    calls = [await call(client, number) for number in range(3)]
    assert {result["match"] for result in calls} == {"ambiguous"}
    assert owner not in {result["customer_id"] for result in calls}
    for body in ({"conversation_id": "call-2"}, {"identifiers": [GIVEN]}, {"customer_id": calls[2]["customer_id"]}):
        handoff = await handed_over(client, **body)
        assert handoff["customer_id"] != owner
        assert handoff["identity"] == {"match": "ambiguous", "candidates": [owner]}
        assert handoff["verification_status"] != "verified"
        assert "R-70331" not in str(handoff)
        assert "12 EUR" not in str(handoff)


async def test_a_number_that_two_customers_proved_is_ambiguous_in_the_handoff_as_where_it_is_resolved(
    client: httpx.AsyncClient,
) -> None:
    owners: set[str] = set()
    for account in ("acc-1", "acc-2"):
        proofs = [PROVED, {"type": "account_id", "value": account, "verified": True}]
        (filed,) = await record(client, message("Hello", identifiers=proofs))
        owners.add(filed["customer_id"])
    handoff = await handed_over(client, identifiers=[PROVED])
    resolved = (await client.post("/v1/customers/resolve", json={"identifiers": [PROVED]})).json()
    assert resolved["match"] == handoff["identity"]["match"] == "ambiguous"
    assert set(handoff["identity"]["candidates"]) == set(resolved["candidates"])
    assert set(resolved["candidates"]) == owners


async def test_the_card_and_the_note_of_such_a_caller_name_the_candidate(client: httpx.AsyncClient) -> None:
    owner = await owner_of_number(client)
    await call(client, 1)
    handoff = await handed_over(client, conversation_id="call-1")
    for accept in ("text/html", "text/markdown"):
        page = await client.get(f"/v1/handoffs/{handoff['handoff_id']}", headers={"accept": accept})
        assert f"It may be {owner}" in page.text or f"it may be {owner}" in page.text
        assert "R-70331" not in page.text


async def test_a_customer_who_proved_the_number_is_exact_and_a_new_one_is_new(client: httpx.AsyncClient) -> None:
    await owner_of_number(client)
    exact = await handed_over(client, identifiers=[PROVED])
    assert exact["identity"] == {"match": "exact", "candidates": []}
    new = await handed_over(client, identifiers=[{"type": "email", "value": "new@shop.example"}])
    assert new["identity"] == {"match": "new", "candidates": []}


async def test_what_happens_more_than_a_day_ahead_of_the_clock_is_that_rows_422(client: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    late = message("From the future.", occurred_at=(now + timedelta(hours=25)).isoformat())
    alone = await client.post("/v1/interactions", json=late)
    assert (alone.status_code, alone.json()["code"]) == (422, "invalid_request")
    assert "occurred_at" in alone.json()["detail"]
    good = message("Hello.", occurred_at=(now + timedelta(hours=23)).isoformat())
    answer = await client.post("/v1/interactions", json={"interactions": [late, good]})
    assert answer.status_code == 207
    refused, filed = answer.json()["results"]
    assert (refused["problem"]["status"], refused["problem"]["errors"][0]["path"]) == (422, "occurred_at")
    assert (refused["match"], filed["match"], filed["problem"]) == (None, "new", None)
