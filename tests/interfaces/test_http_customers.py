"""GET and POST /v1/customers…"""

from datetime import UTC, datetime

import httpx
from fastapi import FastAPI

from tests.interfaces.http import check_fits, email, message, problem, record


async def test_the_timeline_pages_through_everything_by_seq(client: httpx.AsyncClient, service: FastAPI) -> None:
    results = await record(client, *(message(f"line {n}", id=f"m-{n}", conversation_id="c-1") for n in range(7)))
    customer_id = results[0]["customer_id"]
    path = f"/v1/customers/{customer_id}/timeline"

    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = await client.get(path, params={"limit": 3, "after_seq": after})
        check_fits(service, page, "/v1/customers/{customer_id}/timeline")
        seen += [row["interaction_id"] for row in page.json()["interactions"]]
        after = page.json()["next_after_seq"]

    assert seen == [result["interaction_id"] for result in results]


async def test_an_interaction_shows_its_contract_fields_and_never_the_identity(client: httpx.AsyncClient) -> None:
    sent = message(
        "hello", id="m-1", conversation_id="c-1", occurred_at="2026-03-02T10:00:00+01:00", data={"page": "/start"}
    ) | {"identifiers": [email("one@example.com")]}
    [result] = await record(client, sent)

    page = (await client.get(f"/v1/customers/{result['customer_id']}/timeline")).json()

    [row] = page["interactions"]
    assert set(row) == {
        *("interaction_id", "seq", "customer_id", "id", "occurred_at", "channel", "actor", "kind", "conversation_id"),
        *("participant", "identifiers", "text", "name", "outcome", "data", "redacted"),
        *("visibility", "target_id", "partial", "case_id", "revisions", "edited_at", "deleted_at"),
    }
    assert datetime.fromisoformat(row["occurred_at"]) == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert (row["id"], row["name"], row["data"]) == ("m-1", None, {"page": "/start"})
    assert row["identifiers"][0]["value"] == "one@example.com"
    assert row["customer_id"] == result["customer_id"]


async def test_the_timeline_is_filtered_by_channel_and_kind(client: httpx.AsyncClient) -> None:
    results = await record(
        client,
        message("a", conversation_id="c-1"),
        message("b", conversation_id="c-1", channel="voice"),
        message("c", conversation_id="c-1", channel="voice", kind="note", actor="agent"),
    )
    path = f"/v1/customers/{results[0]['customer_id']}/timeline"

    voice = (await client.get(path, params={"channel": "voice"})).json()["interactions"]
    notes = (await client.get(path, params={"channel": "voice", "kind": "note"})).json()["interactions"]

    assert [row["text"] for row in voice] == ["b", "c"]
    assert [note["text"] for note in notes] == ["c"]


async def test_a_query_that_does_not_fit_is_refused_by_name(client: httpx.AsyncClient) -> None:
    [result] = await record(client, message())
    path = f"/v1/customers/{result['customer_id']}/timeline"

    too_many = await client.get(path, params={"limit": 1001})
    too_far = await client.get(path, params={"after_seq": 2**63})
    misspelt = await client.get(path, params={"chanel": "chat"})
    nothing = await client.get(f"/v1/customers/{result['customer_id']}/search")

    assert problem(too_many, 422, "invalid_request")["errors"][0]["path"] == "limit"
    assert problem(too_far, 422, "invalid_request")["errors"][0]["path"] == "after_seq"
    assert problem(misspelt, 422, "invalid_request")["errors"][0]["path"] == "chanel"
    assert problem(nothing, 422, "invalid_request")["errors"][0]["path"] == "q"


async def test_an_unknown_customer_is_told_from_an_unknown_path(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/customers/cus_nobody"), 404, "unknown_customer")
    problem(await client.get("/v1/customers/cus_nobody/timeline"), 404, "unknown_customer")
    problem(await client.get("/v1/customers/cus_nobody/search", params={"q": "x"}), 404, "unknown_customer")
    problem(await client.get("/v1/nothing"), 404, "not_found")


async def test_search_finds_what_was_just_acknowledged(client: httpx.AsyncClient, service: FastAPI) -> None:
    results = await record(
        client,
        message("The parcel came broken.", id="m-1", conversation_id="c-1"),
        message("I would like to change my address.", id="m-2", conversation_id="c-1"),
    )

    answer = await client.get(f"/v1/customers/{results[0]['customer_id']}/search", params={"q": "change of address"})

    check_fits(service, answer, "/v1/customers/{customer_id}/search")
    best = answer.json()["hits"][0]
    assert set(best) == {"interaction_id", "id", "score", "text", "at", "channel", "conversation_id"}
    assert best["id"] == "m-2"
    assert answer.json()["as_of_seq"] == results[-1]["seq"]


async def test_resolving_makes_a_customer_once(client: httpx.AsyncClient, service: FastAPI) -> None:
    body = {"identifiers": [email("One@Example.com")]}

    first = await client.post("/v1/customers/resolve", json=body)
    again = await client.post("/v1/customers/resolve", json={"identifiers": [email("one@example.com")]})

    check_fits(service, first, "/v1/customers/resolve")
    assert (first.status_code, first.json()["match"]) == (200, "new")
    assert again.json()["match"] == "exact"
    assert again.json()["customer_id"] == first.json()["customer_id"]
    assert again.json()["verification_status"] == "verified"


async def test_resolving_nobody_is_refused(client: httpx.AsyncClient) -> None:
    refused = problem(await client.post("/v1/customers/resolve", json={"identifiers": []}), 422, "invalid_request")
    assert refused["errors"][0]["path"] == "identifiers"


async def test_a_customer_shows_identifiers_and_no_identities(client: httpx.AsyncClient, service: FastAPI) -> None:
    [result] = await record(client, message(identifiers=[email("one@example.com")]))

    answer = await client.get(f"/v1/customers/{result['customer_id']}")

    check_fits(service, answer, "/v1/customers/{customer_id}")
    assert "identity_ids" not in answer.json()
    assert answer.json()["verification_status"] == "verified"
    assert [identifier["value"] for identifier in answer.json()["identifiers"]] == ["one@example.com"]


async def test_a_merged_customer_leads_to_the_survivor_until_it_is_undone(
    client: httpx.AsyncClient, service: FastAPI
) -> None:
    [first] = await record(client, message("from one", identifiers=[email("one@example.com")]))
    [second] = await record(client, message("from two", identifiers=[email("two@example.com")]))
    survivor, other = first["customer_id"], second["customer_id"]

    merged = await client.post(f"/v1/customers/{survivor}/merge", json={"other": other})
    joined = (await client.get(f"/v1/customers/{other}/timeline")).json()["interactions"]
    undone = await client.post(f"/v1/customers/{survivor}/unmerge", json={"merge_id": merged.json()["merge_id"]})
    parted = (await client.get(f"/v1/customers/{other}/timeline")).json()["interactions"]

    check_fits(service, merged, "/v1/customers/{customer_id}/merge")
    check_fits(service, undone, "/v1/customers/{customer_id}/unmerge")
    assert merged.json()["customer_id"] == survivor
    assert [row["text"] for row in joined] == ["from one", "from two"]
    assert {row["customer_id"] for row in joined} == {survivor}
    assert [row["text"] for row in parted] == ["from two"]
    assert {row["customer_id"] for row in parted} == {other}


async def test_merging_with_nobody_is_refused(client: httpx.AsyncClient) -> None:
    [result] = await record(client, message(identifiers=[email("one@example.com")]))

    problem(
        await client.post(f"/v1/customers/{result['customer_id']}/merge", json={"other": "cus_nobody"}),
        404,
        "unknown_customer",
    )
    problem(
        await client.post(f"/v1/customers/{result['customer_id']}/unmerge", json={"merge_id": "mrg_none"}),
        404,
        "not_found",
    )


async def test_resolving_without_a_method_does_not_lose_how_somebody_proved_who_they_are(
    client: httpx.AsyncClient,
) -> None:
    account = {"type": "account_id", "value": "A-1", "verified": True}
    [logged_in] = await record(client, message(identifiers=[account | {"method": "login"}]))

    await client.post("/v1/customers/resolve", json={"identifiers": [account]})
    await client.post("/v1/customers/resolve", json={"identifiers": [account, email("one@example.com")]})

    verification = (await client.get(f"/v1/customers/{logged_in['customer_id']}")).json()["verification"]
    assert (verification["method"], verification["evidence"]) == ("login", [logged_in["interaction_id"]])


async def test_a_newer_proof_with_a_method_takes_the_place_of_the_one_before(client: httpx.AsyncClient) -> None:
    account = {"type": "account_id", "value": "A-1", "verified": True}
    await record(client, message(identifiers=[account | {"method": "login"}], occurred_at="2026-03-02T09:00:00Z"))
    [newer] = await record(
        client, message(identifiers=[account | {"method": "call back"}], occurred_at="2026-03-02T10:00:00Z")
    )

    verification = (await client.get(f"/v1/customers/{newer['customer_id']}")).json()["verification"]
    assert (verification["method"], verification["evidence"]) == ("call back", [newer["interaction_id"]])


async def test_a_number_in_a_query_may_be_text_and_its_bounds_are_said_in_plain_words(
    client: httpx.AsyncClient,
) -> None:
    [row] = await record(client, message(identifiers=[email("one@example.com")]))
    path = f"/v1/customers/{row['customer_id']}/timeline"

    few = problem(await client.get(path, params={"limit": 0}), 422, "invalid_request")
    words = problem(await client.get(path, params={"limit": "ten"}), 422, "invalid_request")

    assert (await client.get(path, params={"limit": "2"})).status_code == 200
    assert few["errors"] == [{"path": "limit", "message": "Give a number that is 1 or greater."}]
    assert words["errors"] == [{"path": "limit", "message": "Give a whole number, without quotes."}]
