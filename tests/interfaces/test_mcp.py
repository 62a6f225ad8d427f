"""The MCP interface, asked by the SDK's own client over a real server on loopback."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, TextContent

from app.models import Scope

if TYPE_CHECKING:
    from app.services import App

TOOLS = [
    *("get_handoff_brief", "next_best_action", "customer_timeline", "record_interaction", "verify_summary"),
    *("record_outcome", "handoff_feedback", "search_history"),
]
WHO = {"type": "account_id", "value": "acc-1", "verified": True, "method": "login"}


def message(text: str, **fields: Any) -> dict[str, Any]:
    """A customer's message as a bot records it."""
    return {
        "id": text,
        "channel": "chat",
        "actor": "customer",
        "kind": "message",
        "text": text,
        "conversation_id": "c1",
        "identifiers": [WHO],
    } | fields


@pytest.fixture
async def address(service: FastAPI) -> AsyncGenerator[str]:
    """The address of the service, run by uvicorn on a free port."""
    server = uvicorn.Server(uvicorn.Config(service, port=0, log_level="error", timeout_graceful_shutdown=5))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by nothing else
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await running


@asynccontextmanager
async def connected(address: str, path: str = "/mcp", **headers: str) -> AsyncGenerator[Client]:
    """The SDK's client, which sends these headers."""
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(f"{address}{path}", http_client=http)) as client,
    ):
        yield client


async def key(app: "App", tenant: str, *scopes: Scope) -> str:
    """A new API key."""
    return (await app.access.create_key(tenant, scopes or tuple(Scope))).key


def words(result: CallToolResult) -> str:
    """What a model reads of a result."""
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


def answer(result: CallToolResult) -> Mapping[str, Any]:
    """What a tool answered, after checking that it is no error."""
    assert not result.is_error, words(result)
    return result.structured_content


def refusal(result: CallToolResult, code: str) -> str:
    """The words of a refusal, after checking its code."""
    assert result.is_error
    assert result.structured_content["code"] == code
    assert code in words(result)
    return words(result)


@pytest.mark.parametrize("path", ["/mcp", "/mcp/"])
async def test_a_bot_records_asks_what_to_do_and_hands_on(address: str, path: str) -> None:
    async with connected(address, path) as client:
        tools = (await client.list_tools()).tools
        recorded = answer(await client.call_tool("record_interaction", message("I want to talk to a person.")))
        decision = answer(await client.call_tool("next_best_action", {"conversation_id": "c1", "limit": 2}))
        handoff = answer(await client.call_tool("get_handoff_brief", {"conversation_id": "c1", "to_channel": "voice"}))
        customer_id = recorded["results"][0]["customer_id"]
        timeline = answer(await client.call_tool("customer_timeline", {"customer_id": customer_id}))

    assert [tool.name for tool in tools] == TOOLS
    assert all(tool.description and tool.input_schema["type"] == "object" for tool in tools)
    assert recorded["signals"][0]["type"] == "human_request"
    assert decision["customer_id"] == handoff["customer_id"] == customer_id
    assert 0 < len(decision["actions"]) <= 2
    assert handoff["brief"]["headline"]
    assert "request" not in handoff
    assert [row["text"] for row in timeline["interactions"]] == ["I want to talk to a person."]
    assert "identity_id" not in timeline["interactions"][0]


async def test_a_bot_tells_what_became_of_an_action_and_a_desktop_how_a_handoff_went(address: str) -> None:
    async with connected(address) as client:
        recorded = answer(await client.call_tool("record_interaction", message("My parcel is lost, where is it?")))
        customer_id = recorded["results"][0]["customer_id"]
        decision = answer(await client.call_tool("next_best_action", {"conversation_id": "c1"}))
        action_id = decision["actions"][0]["action_id"]
        wanted = {"decision_id": decision["decision_id"], "action_id": action_id, "outcome": "succeeded"}
        outcome = answer(await client.call_tool("record_outcome", wanted))
        handoff = answer(await client.call_tool("get_handoff_brief", {"conversation_id": "c1"}))
        parts = {"handoff_id": handoff["handoff_id"], "accepted": True, "repeated_information": False}
        feedback = answer(await client.call_tool("handoff_feedback", parts))
        hits = answer(await client.call_tool("search_history", {"customer_id": customer_id, "q": "lost parcel"}))

    assert (outcome["decision_id"], outcome["action_id"], outcome["outcome"]) == (
        decision["decision_id"],
        action_id,
        "succeeded",
    )
    assert (feedback["handoff_id"], feedback["accepted"]) == (handoff["handoff_id"], True)
    assert [hit["text"] for hit in hits["hits"]] == ["My parcel is lost, where is it?"]


async def test_every_argument_of_every_tool_is_described(address: str) -> None:
    async with connected(address) as client:
        tools = (await client.list_tools()).tools
    lacking = [
        f"{tool.name}: {name}"
        for tool in tools
        for name, schema in tool.input_schema["properties"].items()
        if not schema.get("description")
    ]
    assert lacking == []


async def test_what_mcp_answers_is_what_http_answers(address: str, app: "App") -> None:
    async with connected(address) as client, httpx2.AsyncClient(base_url=address) as http:
        sent = message("Where is my parcel?", participant={"name": "Maria Lopez", "id": "u-17"})
        recorded = answer(await client.call_tool("record_interaction", sent))
        again = (await http.post("/v1/interactions", json=sent)).json()
        customer_id = recorded["results"][0]["customer_id"]
        over_http = (await http.get(f"/v1/customers/{customer_id}/timeline")).json()
        over_mcp = answer(await client.call_tool("customer_timeline", {"customer_id": customer_id}))

    assert again["results"] == [{**recorded["results"][0], "duplicate": True, "match": "exact"}]
    assert over_mcp == over_http


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "saying"),
    [
        ("customer_timeline", {"customer_id": "cus_none"}, "unknown_customer", "cus_none"),
        ("next_best_action", {"conversation_id": "none"}, "unknown_conversation", "none"),
        ("get_handoff_brief", {"customer_id": "cus_none"}, "unknown_customer", "cus_none"),
        ("customer_timeline", {"customer_id": "c", "limit": 0}, "invalid_request", "limit"),
        ("customer_timeline", {}, "invalid_request", "customer_id"),
        ("record_interaction", {"channel": "pigeon", "actor": "customer"}, "invalid_request", "channel"),
        ("record_interaction", message("x", data={"page": "x" * 70_000}), "payload_too_large", "data"),
        ("no_such_tool", {}, "not_found", "next_best_action"),
    ],
)
async def test_a_refusal_is_a_tool_error_in_words(
    address: str, tool: str, arguments: dict[str, Any], code: str, saying: str
) -> None:
    async with connected(address) as client:
        assert saying in refusal(await client.call_tool(tool, arguments), code)


async def test_the_same_id_with_other_content_is_refused(address: str) -> None:
    async with connected(address) as client:
        answer(await client.call_tool("record_interaction", message("one", id="m1")))
        refusal(await client.call_tool("record_interaction", message("two", id="m1")), "idempotency_conflict")


async def test_a_key_sees_and_calls_only_what_its_scopes_allow(address: str, app: "App") -> None:
    of_ingest = await key(app, "acme", Scope.INGEST)
    async with connected(address, Authorization=f"Bearer {of_ingest}") as client:
        tools = (await client.list_tools()).tools
        recorded = answer(await client.call_tool("record_interaction", message("Hello")))
        customer_id = recorded["results"][0]["customer_id"]
        refused = await client.call_tool("customer_timeline", {"customer_id": customer_id})

    assert [tool.name for tool in tools] == ["record_interaction"]
    assert "`handoff`" in refusal(refused, "forbidden")


async def test_an_admin_sees_and_calls_every_tool(address: str, app: "App") -> None:
    admin = await key(app, "acme", Scope.ADMIN)
    async with connected(address, Authorization=f"Bearer {admin}") as client:
        tools = (await client.list_tools()).tools
        recorded = answer(await client.call_tool("record_interaction", message("Hello")))
        customer_id = recorded["results"][0]["customer_id"]
        timeline = answer(await client.call_tool("customer_timeline", {"customer_id": customer_id}))

    assert [tool.name for tool in tools] == TOOLS
    assert [row["text"] for row in timeline["interactions"]] == ["Hello"]


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
async def test_the_key_decides_the_tenant_and_tenants_never_meet(address: str, app: "App", header: str) -> None:
    keys = [await key(app, tenant) for tenant in ("acme", "globex")]
    sent = [{header: f"Bearer {tenant_key}" if header == "Authorization" else tenant_key} for tenant_key in keys]
    async with connected(address, **sent[0]) as acme, connected(address, **sent[1]) as globex:
        recorded = answer(await acme.call_tool("record_interaction", message("Ours alone")))
        whose = {"customer_id": recorded["results"][0]["customer_id"]}
        assert answer(await acme.call_tool("customer_timeline", whose))["interactions"]
        refusal(await globex.call_tool("customer_timeline", whose), "unknown_customer")
        refusal(await globex.call_tool("get_handoff_brief", {"conversation_id": "c1"}), "unknown_conversation")


CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


async def test_without_a_valid_key_nobody_is_let_in(address: str, app: "App") -> None:
    await key(app, "acme")
    async with httpx2.AsyncClient(base_url=address, headers=ACCEPT) as http:
        for headers in ({}, {"X-API-Key": "wl_made_up"}):
            refused = await http.post("/mcp", json=CALL, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "rebound.example"}, 401), ({"Origin": "http://evil.example"}, 403), ({}, 200)],
)
async def test_without_keys_no_other_sites_page_may_call(address: str, headers: dict[str, str], status: int) -> None:
    async with httpx2.AsyncClient(base_url=address, headers=ACCEPT) as http:
        assert (await http.post("/mcp", json=CALL, headers=headers)).status_code == status


async def test_there_is_no_session_to_open_and_no_room_for_a_flood(address: str) -> None:
    async with httpx2.AsyncClient(base_url=address, headers=ACCEPT) as http:
        assert (await http.get("/mcp")).status_code == 405
        flood = {**CALL, "params": {"text": "x" * 1024 * 1024}}
        assert (await http.post("/mcp", json=flood)).status_code == 413


async def test_many_bots_are_answered_at_once(address: str) -> None:
    async def record(number: int) -> Mapping[str, Any]:
        async with connected(address) as client:
            return answer(await client.call_tool("record_interaction", message(f"Message {number}")))

    recorded: Sequence[Mapping[str, Any]] = await asyncio.gather(*(record(number) for number in range(8)))
    assert sorted(recording["results"][0]["seq"] for recording in recorded) == list(range(1, 9))
