"""`Idempotency-Key` on POST."""

import asyncio

import httpx
import pytest

from tests.interfaces.http import email, message, problem, record

KEY = {"idempotency-key": "6f1d2c1e"}


async def test_the_same_key_and_body_get_the_same_answer_and_nothing_is_done_twice(client: httpx.AsyncClient) -> None:
    sent = message(conversation_id="c-1")

    first = await client.post("/v1/interactions", json=sent, headers=KEY)
    again = await client.post("/v1/interactions", json=sent, headers=KEY)

    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    rows = (await client.get(f"/v1/customers/{first.json()['results'][0]['customer_id']}/timeline")).json()
    assert len(rows["interactions"]) == 1


async def test_the_same_key_with_another_body_is_a_conflict(client: httpx.AsyncClient) -> None:
    await client.post("/v1/interactions", json=message("one"), headers=KEY)

    problem(await client.post("/v1/interactions", json=message("two"), headers=KEY), 409, "idempotency_conflict")


async def test_a_key_belongs_to_one_path(client: httpx.AsyncClient) -> None:
    await client.post("/v1/interactions", json=message(conversation_id="c-1"), headers=KEY)

    other = await client.post("/v1/handoffs", json={"conversation_id": "c-1"}, headers=KEY)

    assert other.status_code == 201


async def test_a_refusal_is_not_kept(client: httpx.AsyncClient) -> None:
    asked = {"conversation_id": "c-1"}
    problem(await client.post("/v1/handoffs", json=asked, headers=KEY), 404, "unknown_conversation")
    await record(client, message(conversation_id="c-1"))

    assert (await client.post("/v1/handoffs", json=asked, headers=KEY)).status_code == 201


async def test_requests_at_the_same_moment_with_one_key_are_done_once(client: httpx.AsyncClient) -> None:
    sent = message(conversation_id="c-1")

    answers = await asyncio.gather(*(client.post("/v1/interactions", json=sent, headers=KEY) for _ in range(5)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    customer_id = answers[0].json()["results"][0]["customer_id"]
    assert len((await client.get(f"/v1/customers/{customer_id}/timeline")).json()["interactions"]) == 1


async def test_a_streamed_handoff_is_replayed_as_a_stream_and_as_json(client: httpx.AsyncClient) -> None:
    await record(client, message(conversation_id="c-1"))
    asked = {"conversation_id": "c-1"}
    stream = KEY | {"accept": "text/event-stream"}

    first = await client.post("/v1/handoffs", json=asked, headers=stream)
    again = await client.post("/v1/handoffs", json=asked, headers=stream)
    plain = await client.post("/v1/handoffs", json=asked, headers=KEY)

    done = first.text.strip().split("\n\n")[-1]
    assert again.text.strip().split("\n\n") == [done.replace("event: done", "event: brief"), done]
    assert done == f"event: done\ndata: {plain.text}"
    problem(
        await client.post("/v1/handoffs", json=asked | {"locale": "de"}, headers=stream), 409, "idempotency_conflict"
    )


async def test_every_creating_path_keeps_its_answer(client: httpx.AsyncClient) -> None:
    rows = await record(
        client,
        message(conversation_id="c-1", identifiers=[email("one@example.com")]),
        message(conversation_id="c-2", identifiers=[email("two@example.com")]),
    )
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
    survivor, other = rows[0]["customer_id"], rows[1]["customer_id"]
    posts = [
        (f"/v1/handoffs/{handoff['handoff_id']}/refresh", None),
        (f"/v1/handoffs/{handoff['handoff_id']}/feedback", {"accepted": True}),
        ("/v1/next-actions", {"conversation_id": "c-1"}),
        ("/v1/customers/resolve", {"identifiers": [email("three@example.com")]}),
        (f"/v1/customers/{survivor}/merge", {"other": other}),
    ]
    for path, body in posts:
        first = await client.post(path, json=body, headers=KEY)
        again = await client.post(path, json=body, headers=KEY)
        assert first.is_success, (path, first.text)
        assert (again.status_code, again.content) == (first.status_code, first.content), path


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
async def test_a_key_that_is_no_plain_text_is_refused(client: httpx.AsyncClient, key: str) -> None:
    refused = await client.post("/v1/interactions", json=message(), headers={"idempotency-key": key})

    assert problem(refused, 422, "invalid_request")["errors"][0]["path"] == "Idempotency-Key"
