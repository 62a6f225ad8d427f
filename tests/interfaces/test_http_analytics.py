"""`/v1/analytics`: the figures, the graph, the moments and what is behind them, as JSON and as CSV."""

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from app.models import Scope
from app.models.continuity import (
    Continuity,
    ConversationGraph,
    Escalations,
    FrictionSpots,
    GraphSteps,
)
from tests.interfaces.http import check_fits, problem, record
from tests.support import continuity_world as world
from tests.support.continuity_world import at

if TYPE_CHECKING:
    from app.services import App

PATHS = (
    "/v1/analytics/continuity",
    "/v1/analytics/continuity/escalations",
    "/v1/analytics/graph",
    "/v1/analytics/graph/conversations",
    "/v1/analytics/moments",
)
METRICS = {
    "repeat_information_rate",
    "context_gap_rate",
    "handoff_penalty_ms",
    "time_to_brief_ms",
    "override_rate",
}
CENTURIES = {"from": "1900-01-02T00:00:00Z", "to": "2100-01-01T00:00:00Z"}


async def asked(client: httpx.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    """The answer to a question as JSON."""
    answer = await client.get(path, params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    return answer.json()


async def rows(client: httpx.AsyncClient, path: str, **query: str) -> list[dict[str, str]]:
    """The answer to a question as the rows of a CSV."""
    answer = await client.get(path, params=query, headers={"accept": "text/csv"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8"), answer.text
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return list(csv.DictReader(StringIO(answer.text)))


@pytest.fixture
async def lamp(app: "App") -> str:
    """One journey of the default tenant; gives its handoff."""
    return (await world.returned_lamp(app, tenant="default")).handoff_id


async def test_the_figures_have_the_shape_of_the_contract(client: httpx.AsyncClient, lamp: str) -> None:
    made = await asked(client, "/v1/analytics/continuity")
    assert made["overall"].keys() >= METRICS
    assert made["definitions"].keys() >= METRICS
    assert made["as_of_seq"] == 8
    way = made["breakpoints"][0]
    assert (way["from_channel"], way["to_channel"], way["count"]) == ("chat", "voice", 1)
    assert way["handoff_penalty_ms"] == {"value": 42_000, "count": 1, "ci_low": None, "ci_high": None}
    assert made["overall"]["repeat_information_rate"].keys() == {"value", "count", "ci_low", "ci_high"}
    escalations = (await asked(client, "/v1/analytics/continuity/escalations"))["escalations"]
    assert [escalation["handoff_id"] for escalation in escalations] == [lamp]


async def test_the_graph_has_the_shape_of_the_contract(client: httpx.AsyncClient, lamp: str) -> None:
    made = await asked(client, "/v1/analytics/graph")
    assert [{name: node[name] for name in ("id", "channel", "intent", "count")} for node in made["nodes"]] == [
        {"id": "chat", "channel": "chat", "intent": None, "count": 1},
        {"id": "voice", "channel": "voice", "intent": None, "count": 1},
    ]
    edge = made["edges"][0]
    assert (edge["from"], edge["to"], edge["count"], edge["median_gap_ms"], edge["broke_share"]) == (
        "chat",
        "voice",
        1,
        40_000,
        1.0,
    )
    behind = await asked(client, "/v1/analytics/graph/conversations", from_node="chat", to_node="voice")
    assert behind["steps"][0]["visit"]["conversation_id"] == "call-1"
    assert behind["steps"][0]["before"]["conversation_id"] == "chat-1"


async def test_moments_come_with_cases_of_them(client: httpx.AsyncClient, lamp: str) -> None:
    made = await asked(client, "/v1/analytics/moments")
    assert [(moment["kind"], moment["node"], moment["journeys"]) for moment in made["moments"]] == [
        ("information_repeated", "voice", 1)
    ]
    assert made["moments"][0]["samples"][0]["conversation_id"] == "call-1"
    assert made["journeys"] == 1


async def test_filters_and_groups_are_taken_from_the_address(client: httpx.AsyncClient, lamp: str) -> None:
    later = {"from": at(0, day=1).isoformat(), "to": at(0, day=3).isoformat()}
    assert (await asked(client, "/v1/analytics/continuity", **later))["overall"]["count"] == 0
    made = await asked(client, "/v1/analytics/continuity", group_by="day", queue="returns")
    assert [period["from"] for period in made["over_time"]] == ["2026-03-02T00:00:00Z"]
    assert made["filters"]["queue"] == "returns"
    assert (await asked(client, "/v1/analytics/graph", from_channel="app"))["edges"] == []


async def test_every_answer_is_also_a_table(client: httpx.AsyncClient, lamp: str) -> None:
    figures = await rows(client, "/v1/analytics/continuity")
    assert figures[0]["from_channel"] == "chat"
    assert figures[0]["handoff_penalty_ms.value"] == "42000.0"
    days = await rows(client, "/v1/analytics/continuity", group_by="day")
    assert days[0]["from"] == "2026-03-02T00:00:00Z"
    queues = await rows(client, "/v1/analytics/continuity", group_by="queue")
    assert queues[0]["name"] == "returns"
    assert (await rows(client, "/v1/analytics/graph"))[0]["broke_share"] == "1.0"
    escalated = (await rows(client, "/v1/analytics/continuity/escalations"))[0]
    assert (escalated["handoff_id"], escalated["repeated"], escalated["overrides"]) == (lamp, "true", "")
    assert "identifier:ORD-7033:" in escalated["restated"]
    steps = await rows(client, "/v1/analytics/graph/conversations", node="voice")
    assert (steps[0]["before.node"], steps[0]["visit.conversation_id"]) == ("chat", "call-1")
    assert (await rows(client, "/v1/analytics/moments"))[0]["kind"] == "information_repeated"


async def test_the_format_of_the_address_comes_before_accept(client: httpx.AsyncClient) -> None:
    for path in ("/v1/analytics/continuity", "/v1/analytics/graph", "/v1/analytics/moments"):
        answer = await client.get(path, params={"format": "csv"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        answer = await client.get(path, params={"format": "json"}, headers={"accept": "text/csv"})
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("opening", ["=", "+", "-", "@", "\t=", "\r=", " =", "|"])
async def test_no_cell_of_a_table_is_a_formula(client: httpx.AsyncClient, app: "App", opening: str) -> None:
    queue = f"{opening}HYPERLINK(0)"
    whose = world.account("acc-1")
    line = world.message(at(0), "customer", "My lamp is broken, I want a refund.", f"{opening}cmd", "chat")
    await world.talk(app, whose, line, tenant="default")
    await world.handed_on(app, f"{opening}cmd", at(10), to_queue=queue, tenant="default")
    for path, query in (
        ("/v1/analytics/continuity", {"group_by": "queue"}),
        ("/v1/analytics/continuity/escalations", {}),
    ):
        table = await rows(client, path, **query)
        assert not any(cell[:1] in "=+-@\t\r|%" for row in table for cell in row.values() if cell)
        assert any(cell == f"'{queue}" for row in table for cell in row.values())


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/analytics/continuity", {"group_by": "moon"}, "group_by"),
        ("/v1/analytics/continuity", {"from": "yesterday"}, "from"),
        ("/v1/analytics/continuity", {"from": "2026-03-02"}, "from"),
        ("/v1/analytics/continuity", {"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T00:00:00Z"}, "to"),
        ("/v1/analytics/continuity", {"channel": "fax"}, "channel"),
        ("/v1/analytics/continuity", {"grouped": "day"}, "grouped"),
        (
            "/v1/analytics/continuity",
            {"group_by": "day", "from": "1900-01-02T00:00:00Z", "to": "2100-01-01T00:00:00Z"},
            "group_by",
        ),
        ("/v1/analytics/continuity", {"format": "xml"}, "format"),
        ("/v1/analytics/continuity/escalations", {"only": "good"}, "only"),
        ("/v1/analytics/continuity/escalations", {"limit": "0"}, "limit"),
        ("/v1/analytics/continuity/escalations", {"after": "hnd_none"}, "after"),
        ("/v1/analytics/graph/conversations", {}, "node"),
        ("/v1/analytics/graph/conversations", {"node": "chat", "from_node": "app"}, "node"),
        ("/v1/analytics/graph/conversations", {"from_node": "app"}, "node"),
        ("/v1/analytics/graph/conversations", {"node": "fax:refund"}, "node"),
        ("/v1/analytics/graph/conversations", {"from_node": "chat:", "to_node": "voice"}, "from_node"),
        ("/v1/analytics/moments", {"limit": "1001"}, "limit"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_its_field(
    client: httpx.AsyncClient, path: str, query: dict[str, str], field: str
) -> None:
    refused = problem(await client.get(path, params=query), 422, "invalid_request")
    assert [error["path"] for error in refused["errors"]] == [field]


async def test_what_accept_asks_for_in_vain_is_refused(client: httpx.AsyncClient) -> None:
    for path in ("/v1/analytics/continuity", "/v1/analytics/graph"):
        answer = await client.get(path, headers={"accept": "image/png"})
        assert answer.status_code == 406


async def test_only_keys_for_analytics_may_ask(client: httpx.AsyncClient, app: "App") -> None:
    allowed = await app.access.create_key("default", [Scope.ANALYTICS])
    others = await app.access.create_key("default", [Scope.INGEST, Scope.HANDOFF, Scope.ACTIONS])
    for path in PATHS:
        query = {"node": "chat"} if path.endswith("conversations") else {}
        answer = await client.get(path, params=query, headers={"x-api-key": allowed.key})
        assert answer.status_code == 200, answer.text
        problem(await client.get(path, params=query, headers={"x-api-key": others.key}), 403, "forbidden")
        problem(await client.get(path, params=query), 401, "unauthorized")


async def test_keys_see_the_journeys_of_their_own_tenant(client: httpx.AsyncClient, app: "App", lamp: str) -> None:
    theirs = await app.access.create_key("globex", [Scope.ANALYTICS])
    answer = await client.get("/v1/analytics/continuity", headers={"x-api-key": theirs.key})
    assert answer.json()["overall"]["count"] == 0
    answer = await client.get("/v1/analytics/graph", headers={"x-api-key": theirs.key})
    assert answer.json()["nodes"] == []


async def test_what_was_recorded_over_http_is_in_the_next_answer(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await record(
            client,
            {"channel": "chat", "actor": "customer", "kind": "message", "text": "Hi", "conversation_id": f"c{number}"},
        )
        made = await asked(client, "/v1/analytics/graph")
        assert [(node["id"], node["count"]) for node in made["nodes"]] == [("chat", number + 1)]
        assert made["as_of_seq"] == number + 1


async def test_answers_fit_the_published_description(service: FastAPI, client: httpx.AsyncClient, lamp: str) -> None:
    for path, model, query in (
        ("/v1/analytics/continuity", Continuity, {"group_by": "week"}),
        ("/v1/analytics/continuity/escalations", Escalations, {}),
        ("/v1/analytics/graph", ConversationGraph, {}),
        ("/v1/analytics/graph/conversations", GraphSteps, {"node": "voice"}),
        ("/v1/analytics/moments", FrictionSpots, {}),
    ):
        answer = await client.get(path, params=query)
        check_fits(service, answer, path)
        model.model_validate(answer.json())
