"""The pages of the analytics over plain HTTP: who may see them, what they answer without data, and their headers."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.models import Scope
from app.services import App
from tests.interfaces.http import record

HTML = {"accept": "text/html"}
PAGES = ["/console/continuity", "/console/continuity/escalations", "/console/graph"]
TABLES = ["/console/continuity.csv", "/console/continuity/escalations.csv", "/console/graph.csv"]
ORDER = {"type": "account_id", "value": "acc-1", "verified": True}


async def headers_of(app: App, tenant: str, *scopes: Scope) -> dict[str, str]:
    """The headers of a browser that shows pages, with a key of its own."""
    made = await app.access.create_key(tenant, list(scopes))
    return {**HTML, "authorization": f"Bearer {made.key}"}


async def hand_on(client: httpx.AsyncClient, at: datetime, **headers: str) -> None:
    """A customer who is put through to an agent, and has to say everything again."""
    turns = [
        ("chat", "customer", "My order ORD-70331 has not arrived."),
        ("chat", "bot", "Please wait a few days."),
        ("chat", "customer", "I want to talk to a person."),
        ("voice", "agent", "Hello, what is your order number?"),
        ("voice", "customer", "ORD-70331. It has not arrived."),
    ]
    rows = [
        {
            "channel": channel,
            "actor": actor,
            "kind": "message",
            "text": text,
            "conversation_id": f"{channel}-1",
            "occurred_at": (at + timedelta(seconds=20 * number)).isoformat(),
            "identifiers": [ORDER],
        }
        for number, (channel, actor, text) in enumerate(turns)
    ]
    answer = await client.post("/v1/interactions", json={"interactions": rows}, headers=headers)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("path", [*PAGES, *TABLES])
async def test_the_pages_ask_for_the_scope_of_the_analytics(client: httpx.AsyncClient, app: App, path: str) -> None:
    allowed = await headers_of(app, "acme", Scope.ANALYTICS)
    refused = await headers_of(app, "acme", Scope.INGEST, Scope.HANDOFF, Scope.ACTIONS)
    assert (await client.get(path, headers=allowed)).status_code == 200
    answer = await client.get(path, headers=refused)
    assert answer.status_code == 403
    assert "analytics" in answer.text
    nobody = await client.get(path, headers=HTML)
    assert (nobody.status_code, nobody.headers["location"].startswith("/console/sign-in?next=")) == (303, True)


@pytest.mark.parametrize("path", [*PAGES, *TABLES])
async def test_no_answer_is_kept_by_a_browser_and_none_lets_a_stranger_s_script_run(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers=HTML)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"


async def test_a_tenant_sees_nothing_of_another_s_journeys(client: httpx.AsyncClient, app: App) -> None:
    owner = await headers_of(app, "one", Scope.INGEST, Scope.ANALYTICS)
    other = await headers_of(app, "other", Scope.INGEST, Scope.ANALYTICS)
    await hand_on(client, datetime(2026, 3, 2, 9, tzinfo=UTC), authorization=owner["authorization"])
    for path in ("/console/continuity?period=all", "/console/graph?period=all"):
        assert "chat" in (await client.get(path, headers=owner)).text.partition("<main")[2].partition("</form>")[2]
        seen = (await client.get(path, headers=other)).text.partition("<main")[2].partition("</form>")[2]
        assert "voice" not in seen
        assert "POST /v1/interactions" in seen


async def test_without_any_escalation_the_dashboard_says_what_to_send(client: httpx.AsyncClient) -> None:
    text = (await client.get("/console/continuity", headers=HTML)).text
    for path in ("POST /v1/interactions", "POST /v1/handoffs", "/feedback"):
        assert path in text


async def test_the_last_four_weeks_are_shown_unless_asked_otherwise(client: httpx.AsyncClient) -> None:
    await hand_on(client, datetime.now(UTC) - timedelta(days=40))
    assert "Altogether there is 1 escalation." in (await client.get("/console/continuity", headers=HTML)).text
    quarter = (await client.get("/console/continuity?period=90d", headers=HTML)).text
    assert "chat → voice" in quarter


async def test_everything_that_a_customer_wrote_is_escaped(client: httpx.AsyncClient) -> None:
    await record(
        client,
        {
            "channel": "chat",
            "actor": "customer",
            "kind": "message",
            "text": "Hello",
            "conversation_id": "<script>alert(1)</script>",
            "identifiers": [ORDER],
        },
    )
    text = (await client.get("/console/graph?node=chat", headers=HTML)).text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=fortnight", "period"),
        ("from=2026-02-30", "from"),
        ("channel=pigeon", "channel"),
        ("colour=red", "colour"),
        ("from=2026-03-02&to=2026-02-02", "to"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused_by_name(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    for path in PAGES:
        answer = await client.get(f"{path}?{query}", headers=HTML)
        assert answer.status_code == 422
        assert f"{field}: " in answer.text
