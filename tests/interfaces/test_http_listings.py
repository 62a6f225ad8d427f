"""GET /v1/customers, /v1/conversations and /v1/handoffs."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.interfaces.http import check_fits, email, message, problem, record


async def pages(client: httpx.AsyncClient, path: str, **wanted: Any) -> list[dict[str, Any]]:
    """All entries of a list, read page by page."""
    noun = path.rpartition("/")[2]
    entries: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = (await client.get(path, params=wanted | ({} if cursor is None else {"cursor": cursor}))).json()
        entries += page[noun]
        cursor = page["next_cursor"]
        if cursor is None:
            return entries


async def test_conversations_are_listed_once_each_by_their_newest_interaction(
    client: httpx.AsyncClient, service: FastAPI
) -> None:
    for number in range(5):
        await record(client, message(f"hello {number}", conversation_id=f"c{number}"))
    await record(client, message("once more", conversation_id="c1", channel="voice"))
    first = await client.get("/v1/conversations", params={"limit": 2})
    check_fits(service, first, "/v1/conversations")
    assert first.json()["as_of_seq"] == 6
    listed = await pages(client, "/v1/conversations", limit=2)
    assert [entry["conversation_id"] for entry in listed] == ["c1", "c4", "c3", "c2", "c0"]
    assert (listed[0]["text"], listed[0]["channel"]) == ("once more", "voice")
    voice = await pages(client, "/v1/conversations", channel="voice")
    assert [entry["conversation_id"] for entry in voice] == ["c1"]
    assert [entry["conversation_id"] for entry in await pages(client, "/v1/conversations", q="hello 3")] == ["c3"]


async def test_a_conversation_is_listed_by_what_happened_last_in_whatever_order_it_arrived(
    client: httpx.AsyncClient,
) -> None:
    def at(minute: int, text: str, **fields: Any) -> dict[str, Any]:
        return message(text, conversation_id="c1", occurred_at=f"2026-03-02T09:{minute:02}:00Z", **fields)

    await record(client, at(30, "It is a leak.", channel="voice"))
    for minute in range(5):
        await record(client, at(minute, f"hello {minute}"))
    (listed,) = await pages(client, "/v1/conversations")
    assert (listed["last_at"], listed["text"], listed["channel"]) == ("2026-03-02T09:30:00Z", "It is a leak.", "voice")
    await record(client, at(30, "", kind="lifecycle", name="reopened", actor="system"))
    assert (await pages(client, "/v1/conversations"))[0]["text"] == "It is a leak."
    since = {"from": "2026-03-02T09:20:00Z"}
    assert len(await pages(client, "/v1/conversations", **since)) == 1


async def test_no_conversation_is_lost_between_two_pages_while_others_go_on(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await record(client, message(f"hello {number}", conversation_id=f"c{number}"))
    first = (await client.get("/v1/conversations", params={"limit": 1})).json()
    await record(client, *(message("more", conversation_id="c0") for _ in range(5)))
    rest: list[str] = []
    cursor = first["next_cursor"]
    while cursor is not None:
        page = (await client.get("/v1/conversations", params={"limit": 1, "cursor": cursor})).json()
        rest += [entry["conversation_id"] for entry in page["conversations"]]
        cursor = page["next_cursor"]
    assert ([entry["conversation_id"] for entry in first["conversations"]], rest) == (["c2"], ["c1", "c0"])


async def test_the_last_page_has_no_cursor_even_when_it_is_full(client: httpx.AsyncClient) -> None:
    await record(client, message("hello", conversation_id="c1"))
    for noun in ("conversations", "customers"):
        page = (await client.get(f"/v1/{noun}", params={"limit": 1})).json()
        assert (len(page[noun]), page["next_cursor"]) == (1, None)


async def test_a_list_masks_the_answer_to_a_question_for_a_secret(client: httpx.AsyncClient) -> None:
    await record(
        client,
        message("Please tell me the four digits of your PIN.", actor="bot", conversation_id="c1"),
        message("4821", conversation_id="c1"),
    )
    listed = await client.get("/v1/conversations")
    assert listed.json()["conversations"][0]["conversation_id"] == "c1"
    assert "4821" not in listed.text


async def test_conversations_are_filtered_by_when_they_were_last_active(client: httpx.AsyncClient) -> None:
    for day in (1, 2, 3):
        await record(client, message("hi", conversation_id=f"c{day}", occurred_at=f"2026-03-0{day}T10:00:00+01:00"))
    wanted = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    assert [entry["conversation_id"] for entry in await pages(client, "/v1/conversations", **wanted)] == ["c2"]


async def test_customers_are_listed_newest_first(client: httpx.AsyncClient, service: FastAPI) -> None:
    await record(
        client,
        message("a", conversation_id="c1", identifiers=[email("anna@mail.example")]),
        message("b", conversation_id="c2", identifiers=[email("ben@mail.example", verified=False)]),
    )
    first = await client.get("/v1/customers")
    check_fits(service, first, "/v1/customers")
    listed = await pages(client, "/v1/customers", limit=1)
    assert [(entry["verification_status"], entry["identifiers"]) for entry in listed] == [
        ("claimed", 1),
        ("verified", 1),
    ]
    [anna] = await pages(client, "/v1/customers", q="Anna@mail.example")
    assert anna["customer_id"] == listed[1]["customer_id"]
    assert await pages(client, "/v1/customers", status="verified") == [anna]
    assert await pages(client, "/v1/customers", to="2026-01-01T00:00:00Z") == []


async def test_handoffs_are_listed_newest_first_with_their_headlines(
    client: httpx.AsyncClient, service: FastAPI
) -> None:
    made: list[str] = []
    for number in range(3):
        await record(client, message("My lamp is broken, I want a refund.", conversation_id=f"c{number}"))
        body = {"conversation_id": f"c{number}", "from_channel": "chat", "to_channel": "voice"}
        made.append((await client.post("/v1/handoffs", json=body)).json()["handoff_id"])
    first = await client.get("/v1/handoffs")
    check_fits(service, first, "/v1/handoffs")
    listed = await pages(client, "/v1/handoffs", limit=2)
    assert [entry["handoff_id"] for entry in listed] == made[::-1]
    assert "lamp" in listed[0]["headline"]
    assert await pages(client, "/v1/handoffs", channel="voice", status="completed", q="LAMP") == listed
    assert await pages(client, "/v1/handoffs", channel="email") == []
    assert await pages(client, "/v1/handoffs", status="failed") == []


async def test_a_tenant_lists_nothing_of_another(client: httpx.AsyncClient, service: FastAPI) -> None:
    await record(client, message("hello", conversation_id="c1"))
    application = service.state.door.application
    from app.services.listings import ConversationQuery, CustomerQuery, HandoffQuery

    assert (await application.listings.conversations("other", ConversationQuery())).conversations == ()
    assert (await application.listings.customers("other", CustomerQuery())).customers == ()
    assert (await application.listings.handoffs("other", HandoffQuery())).handoffs == ()


@pytest.mark.parametrize(
    ("path", "wanted", "field"),
    [
        ("/v1/conversations", {"cursor": "not-a-seq"}, "cursor"),
        ("/v1/customers", {"cursor": "hnd_1"}, "cursor"),
        ("/v1/handoffs", {"limit": 0}, "limit"),
        ("/v1/customers", {"from": "yesterday"}, "from"),
        ("/v1/handoffs", {"status": "lost"}, "status"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(
    client: httpx.AsyncClient, path: str, wanted: dict[str, Any], field: str
) -> None:
    refusal = problem(await client.get(path, params=wanted), 422, "invalid_request")
    assert field in refusal["detail"] + str(refusal["errors"])
