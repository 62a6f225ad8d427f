"""POST /v1/interactions and the signals of a conversation."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from tests.interfaces.http import check_fits, email, message, problem, record

NDJSON = {"content-type": "application/x-ndjson"}


async def test_one_interaction_is_recorded_and_numbered(client: httpx.AsyncClient, service: FastAPI) -> None:
    answer = await client.post("/v1/interactions", json=message(id="m-1", identifiers=[email("one@example.com")]))

    assert answer.status_code == 201
    check_fits(service, answer, "/v1/interactions")
    [result] = answer.json()["results"]
    assert result["id"] == "m-1"
    assert result["interaction_id"].startswith("int_")
    assert result["customer_id"].startswith("cus_")
    assert result["seq"] == answer.json()["as_of_seq"]
    assert result["duplicate"] is False


async def test_a_batch_comes_back_in_its_order(client: httpx.AsyncClient) -> None:
    results = await record(client, *(message(f"line {n}", id=f"m-{n}", conversation_id="c-1") for n in range(5)))

    assert [result["id"] for result in results] == [f"m-{n}" for n in range(5)]
    assert [result["seq"] for result in results] == sorted(result["seq"] for result in results)
    assert len({result["customer_id"] for result in results}) == 1


async def test_a_bad_row_of_a_batch_does_not_lose_the_good_ones(client: httpx.AsyncClient, service: FastAPI) -> None:
    rows = [message("one"), message("two", channel="pigeon"), message("three"), {"channel": "chat"}, "not an object"]

    answer = await client.post("/v1/interactions", json={"interactions": rows})

    assert answer.status_code == 207
    check_fits(service, answer, "/v1/interactions")
    results = answer.json()["results"]
    assert [result["problem"] is None for result in results] == [True, False, True, False, False]
    refused = results[1]["problem"]
    assert (refused["code"], refused["status"]) == ("invalid_request", 422)
    assert refused["errors"][0]["path"] == "interactions[1].channel"
    assert "'whatsapp'" in refused["errors"][0]["message"]
    assert {result["path"] for result in results[3]["problem"]["errors"]} == {
        "interactions[3].actor",
        "interactions[3].kind",
    }
    assert results[4]["problem"]["errors"][0]["path"] == "interactions[4]"


async def test_a_bad_single_interaction_is_refused_with_the_path_of_each_field(client: httpx.AsyncClient) -> None:
    bad = message(channel="pigeon", occurred_at="2026-03-02T09:00:00", identifiers=[{"type": "email"}], colour="red")

    refused = problem(await client.post("/v1/interactions", json=bad), 422, "invalid_request")

    paths = {error["path"]: error["message"] for error in refused["errors"]}
    assert set(paths) == {"channel", "occurred_at", "identifiers[0].value", "colour"}
    assert "offset" in paths["occurred_at"]


async def test_lines_of_ndjson_are_a_batch_and_a_broken_line_is_that_rows_problem(client: httpx.AsyncClient) -> None:
    lines = "\n".join([json.dumps(message("one")), "", '{"channel": "chat",', json.dumps(message("two")), ""])

    answer = await client.post("/v1/interactions", content=lines, headers=NDJSON)

    assert answer.status_code == 207
    [first, broken, last] = answer.json()["results"]
    assert first["seq"] < last["seq"]
    assert broken["problem"]["code"] == "invalid_request"
    assert "line 3" in broken["problem"]["detail"]
    assert "column" in broken["problem"]["detail"]


async def test_json_that_does_not_parse_is_refused_with_its_place(client: httpx.AsyncClient) -> None:
    refused = problem(
        await client.post("/v1/interactions", content=b'{"channel": "chat",\n  "secret words" }'),
        422,
        "invalid_request",
    )
    assert "line 2 column 18" in refused["detail"]
    assert "secret" not in json.dumps(refused)


async def test_an_empty_body_a_list_and_a_misspelt_envelope_are_refused(client: httpx.AsyncClient) -> None:
    problem(await client.post("/v1/interactions", content=b""), 422, "invalid_request")
    problem(await client.post("/v1/interactions", json=[message()]), 422, "invalid_request")
    misspelt = await client.post("/v1/interactions", json={"interactions": [message()], "tenant": "other"})
    assert problem(misspelt, 422, "invalid_request")["errors"][0]["path"] == "tenant"
    no_list = await client.post("/v1/interactions", json={"interactions": message()})
    assert problem(no_list, 422, "invalid_request")["errors"][0]["path"] == "interactions"


async def test_more_than_a_thousand_rows_are_too_many(client: httpx.AsyncClient) -> None:
    rows = [message("x", conversation_id="c-1")] * 1001

    assert (
        "1,000"
        in problem(await client.post("/v1/interactions", json={"interactions": rows}), 413, "payload_too_large")[
            "detail"
        ]
    )
    assert (await client.post("/v1/interactions", json={"interactions": rows[:1000]})).status_code == 201


async def test_data_over_64_kib_is_too_large_alone_and_one_rows_problem_in_a_batch(client: httpx.AsyncClient) -> None:
    large = message(data={"page": "x" * 70_000})

    alone = problem(await client.post("/v1/interactions", json=large), 413, "payload_too_large")
    batch = await client.post("/v1/interactions", json={"interactions": [message(), large]})

    assert "65,536" in alone["detail"]
    assert batch.status_code == 207
    assert batch.json()["results"][1]["problem"]["code"] == "payload_too_large"


@pytest.mark.parametrize(("announced", "read"), [({"content-length": "1100000"}, 0), ({}, 17)])
async def test_a_body_over_the_limit_is_refused_before_it_is_held(
    client: httpx.AsyncClient, announced: dict[str, str], read: int
) -> None:
    sent: list[int] = []

    async def parts() -> AsyncGenerator[bytes]:
        for part in range(100):
            sent.append(part)
            yield b"x" * 65_536

    refused = await client.post("/v1/handoffs", content=parts(), headers=announced)

    assert "1,048,576" in problem(refused, 413, "payload_too_large")["detail"]
    assert len(sent) == read


async def test_a_retried_interaction_is_a_duplicate_with_the_same_number(client: httpx.AsyncClient) -> None:
    sent = message(id="m-1", occurred_at="2026-03-02T09:00:00Z", conversation_id="c-1")
    [first] = await record(client, sent)

    [again] = await record(client, sent)

    assert again == first | {"duplicate": True, "match": "exact"}


async def test_the_same_id_with_other_content_is_a_conflict(client: httpx.AsyncClient) -> None:
    sent = message("one thing", id="m-1", occurred_at="2026-03-02T09:00:00Z", conversation_id="c-1")
    await record(client, sent)
    other = sent | {"text": "another thing"}

    alone = await client.post("/v1/interactions", json=other)
    batch = await client.post("/v1/interactions", json={"interactions": [message("fine"), other]})

    problem(alone, 409, "idempotency_conflict")
    assert batch.status_code == 207
    assert [result["problem"] and result["problem"]["code"] for result in batch.json()["results"]] == [
        None,
        "idempotency_conflict",
    ]


async def test_free_data_comes_back_as_it_was_sent(client: httpx.AsyncClient) -> None:
    data = {"order": 9007199254740993, "nested": [{"a": None, "ü": "\u2028"}], "flag": False, "share": 0.1}
    [result] = await record(client, message(data=data))

    page = (await client.get(f"/v1/customers/{result['customer_id']}/timeline")).json()

    assert page["interactions"][0]["data"] == data


async def test_a_conversation_shows_its_friction(client: httpx.AsyncClient, service: FastAPI) -> None:
    start = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    failures = [
        message("", kind="event", name="password_reset", outcome="failed", conversation_id="c-1")
        | {"occurred_at": (start + timedelta(seconds=20 * n)).isoformat()}
        for n in range(3)
    ]
    at_once = await client.post("/v1/interactions", json={"interactions": failures})

    answer = await client.get("/v1/conversations/c-1/signals")

    assert answer.status_code == 200
    check_fits(service, answer, "/v1/conversations/{conversation_id}/signals")
    assert "repeated_failure" in {signal["type"] for signal in answer.json()["signals"]}
    assert "repeated_failure" in {signal["type"] for signal in at_once.json()["signals"]}
    assert answer.json()["as_of_seq"] == at_once.json()["as_of_seq"]


async def test_friction_is_explained_by_what_it_is_made_of(client: httpx.AsyncClient, service: FastAPI) -> None:
    texts = ["My parcel is late.", "That is no help at all, this is terrible. Let me talk to a person!"]
    rows = [message(text, conversation_id="c-1") for text in texts]
    await client.post("/v1/interactions", json={"interactions": rows})

    shown = (await client.get("/v1/conversations/c-1/signals")).json()
    friction = shown["friction"]

    calm = 1.0
    for part in friction["components"]:
        calm *= 1 - part["share"]
    assert friction["score"] == pytest.approx(1 - calm, abs=0.001)
    assert friction["level"] == "escalate"
    assert friction["components"][0]["type"] == "human_request"
    shares = [part["share"] for part in friction["components"]]
    assert shares == sorted(shares, reverse=True)
    named = {part["signal_id"] for part in friction["components"]} - {None}
    assert named == {signal["signal_id"] for signal in shown["signals"]}
    strain = next(part for part in friction["components"] if part["signal_id"] is None)
    assert "asked for a person" in strain["detail"]


async def test_the_course_of_friction_has_a_moment_for_each_message(
    client: httpx.AsyncClient, service: FastAPI
) -> None:
    for text in ("My parcel is late.", "Let me talk to a person!"):
        await client.post("/v1/interactions", json=message(text, conversation_id="c-1"))

    answer = await client.get("/v1/conversations/c-1/friction")

    check_fits(service, answer, "/v1/conversations/{conversation_id}/friction")
    first, last = answer.json()["moments"]
    assert first["intervention"]["level"] == "wait"
    assert last["intervention"]["level"] == "escalate"


@pytest.mark.parametrize("what", ["signals", "friction"])
async def test_an_unknown_conversation_has_no_signals_to_show(client: httpx.AsyncClient, what: str) -> None:
    problem(await client.get(f"/v1/conversations/nowhere/{what}"), 404, "unknown_conversation")


async def test_a_refused_row_of_a_batch_is_told_by_the_id_it_was_sent_with(client: httpx.AsyncClient) -> None:
    rows = [message(id="good"), message(id="bad", channel="pigeon"), message(id=7), message(id=""), "no object"]

    listed = await client.post("/v1/interactions", json={"interactions": rows})
    lines = await client.post(
        "/v1/interactions", content="\n".join([*(json.dumps(row) for row in rows), "{oops"]), headers=NDJSON
    )

    assert [result["id"] for result in listed.json()["results"]] == ["good", "bad", None, "", None]
    assert [result["id"] for result in lines.json()["results"]] == ["good", "bad", None, "", None, None]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"channel": ' + b"[" * 3000, "it is nested too deeply, line 1 column"),
        (b'{"channel": "chat",\n "text": "\\u12', "it ends too early, line 2 column"),
        (b'{"text": "\\ud800"}', "it cannot be read from there on, line 1 column"),
        (b'{"text": "one",}', "there is a comma with nothing after it, line 1 column 16"),
    ],
)
async def test_what_is_wrong_with_json_is_said_in_our_own_words(
    client: httpx.AsyncClient, body: bytes, words: str
) -> None:
    refused = problem(await client.post("/v1/interactions", content=body), 422, "invalid_request")

    assert refused["detail"].startswith(f"The body is not JSON: {words}")
    assert not any(term in refused["detail"] for term in ("recursion", "hex escape", "EOF", "trailing"))
