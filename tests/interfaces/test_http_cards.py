"""Links to the agent's card: what a token opens without an API key, and what it does not."""

import logging
from collections.abc import AsyncGenerator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.interfaces.http.card_access import issue_pass
from app.main import create_app
from app.models import InteractionDraft, Scope
from app.services import App
from app.settings import Settings
from tests.interfaces.http import check_fits, message, problem, record

PAGE = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def handoff(client: httpx.AsyncClient) -> Mapping[str, Any]:
    """The handoff of a conversation of three messages."""
    rows = [
        message(text, id=f"m{n}", conversation_id="c-1") for n, text in enumerate(("Hello.", "It is broken.", "Why?"))
    ]
    await record(client, *rows)
    return (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()


async def test_a_card_and_the_health_paths_answer_head_as_whatever_checks_links_asks(
    client: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    for path in (await link(client, handoff), "/healthz", "/readyz"):
        asked = await client.head(path, headers=PAGE)
        assert (asked.status_code, asked.content) == ((await client.get(path, headers=PAGE)).status_code, b"")


async def link(client: httpx.AsyncClient, handoff: Mapping[str, Any], ttl_s: int = 600, **headers: str) -> str:
    """The path of a link to the card of a handoff."""
    made = await client.post(f"/v1/handoffs/{handoff['handoff_id']}/link", json={"ttl_s": ttl_s}, headers=headers)
    assert made.status_code == 200, made.text
    url: str = made.json()["url"]
    return urlsplit(url).path


@pytest.fixture
async def stranger(service: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser at another address, without any key."""
    transport = httpx.ASGITransport(service, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="https://warmline.example") as opened:
        yield opened


async def test_a_link_says_where_and_until_when(
    client: httpx.AsyncClient, service: FastAPI, handoff: Mapping[str, Any]
) -> None:
    before = datetime.fromisoformat(handoff["created_at"])
    made = await client.post(f"/v1/handoffs/{handoff['handoff_id']}/link", json={"ttl_s": 60})

    check_fits(service, made, "/v1/handoffs/{handoff_id}/link")
    assert made.json()["url"].startswith("http://localhost/console/cards/")
    assert timedelta(seconds=55) < datetime.fromisoformat(made.json()["expires_at"]) - before < timedelta(seconds=120)
    usual = (await client.post(f"/v1/handoffs/{handoff['handoff_id']}/link", json={})).json()
    assert datetime.fromisoformat(usual["expires_at"]) - before > timedelta(minutes=14)


@pytest.mark.parametrize("ttl_s", [0, 29, 86_401, "600", None, 1.5])
async def test_a_lifetime_out_of_bounds_is_refused_by_its_name(
    client: httpx.AsyncClient, handoff: Mapping[str, Any], ttl_s: object
) -> None:
    refused = await client.post(f"/v1/handoffs/{handoff['handoff_id']}/link", json={"ttl_s": ttl_s})

    assert problem(refused, 422, "invalid_request")["errors"][0]["path"] == "ttl_s"


async def test_a_link_to_nothing_is_not_made(client: httpx.AsyncClient) -> None:
    problem(await client.post("/v1/handoffs/hnd_none/link", json={}), 404, "not_found")


async def test_the_same_key_gives_the_same_link_again(client: httpx.AsyncClient, handoff: Mapping[str, Any]) -> None:
    path, retried = f"/v1/handoffs/{handoff['handoff_id']}/link", {"idempotency-key": "k-1"}
    response = await client.post(path, json={"ttl_s": 60}, headers=retried)

    assert (await client.post(path, json={"ttl_s": 60}, headers=retried)).json() == response.json()
    problem(await client.post(path, json={"ttl_s": 61}, headers=retried), 409, "idempotency_conflict")


async def test_a_link_lies_below_the_public_address_of_the_settings(settings: Settings, app: App) -> None:
    behind = settings.model_copy(update={"public_url": "https://desk.example/warmline/"})
    transport = httpx.ASGITransport(create_app(behind, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await record(client, message(conversation_id="c-1"))
        handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
        made = (await client.post(f"/v1/handoffs/{handoff['handoff_id']}/link", json={})).json()

    assert made["url"].startswith("https://desk.example/warmline/console/cards/")


async def test_a_link_opens_one_handoff_from_anywhere_without_a_key(
    client: httpx.AsyncClient, app: App, stranger: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    key = (await app.access.create_key("default", [Scope.HANDOFF])).key
    card = await link(client, handoff, authorization=f"Bearer {key}")

    opened = await stranger.get(card, headers=PAGE)
    assert opened.status_code == 200
    assert handoff["brief"]["headline"] in opened.text
    evidence = handoff["brief"]["claims"][0]["evidence"][0]
    assert (await stranger.get(f"{card}/evidence/{evidence}", headers=PAGE)).status_code == 200
    assert (await stranger.post(f"{card}/feedback", content="accepted=true", headers=FORM)).status_code == 303
    for path in (f"/v1/handoffs/{handoff['handoff_id']}", f"/v1/customers/{handoff['customer_id']}"):
        problem(
            await stranger.get(path, headers={"authorization": f"Bearer {card.rsplit('/')[-1]}"}), 401, "unauthorized"
        )


async def test_a_link_to_a_brief_that_quoted_a_deleted_message_says_why_it_is_gone(
    client: httpx.AsyncClient, app: App, stranger: httpx.AsyncClient
) -> None:
    await record(client, message("The lamp in the hall is broken.", id="m-1", conversation_id="c-9"))
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-9"})).json()
    key = (await app.access.create_key("default", [Scope.HANDOFF])).key
    card = await link(client, handoff, authorization=f"Bearer {key}")
    deletion = message("", conversation_id="c-9") | {"kind": "deletion", "target_id": "m-1"}
    await app.interactions.record("default", [InteractionDraft.model_validate(deletion)])

    page = await stranger.get(card, headers=PAGE)
    assert page.status_code == 404
    for words in ("This brief was removed", "quoted was deleted, or the customer was erased", "a new handoff"):
        assert words in page.text
    for path in ("", "/evidence/int_1"):
        assert "was deleted" in problem(await stranger.get(card + path), 404, "not_found")["detail"]
    assert "was deleted" in (await stranger.get(f"{card}/live")).text
    problem(await stranger.post(f"{card}/feedback", content="accepted=true", headers=FORM), 404, "not_found")


async def test_a_link_ends_when_its_key_is_revoked_or_its_time_is_up(
    client: httpx.AsyncClient, app: App, stranger: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    issued = await app.access.create_key("default", [Scope.HANDOFF])
    card = await link(client, handoff, authorization=f"Bearer {issued.key}")
    over = await issue_pass(app, "default", handoff["handoff_id"], issued.key_id, lifetime=timedelta(seconds=-1))
    assert (await stranger.get(card, headers=PAGE)).status_code == 200
    await app.access.revoke_key(issued.key_id)

    for ended, why in ((card, "revoked"), (over.address, "expired")):
        page = await stranger.get(ended, headers=PAGE)
        assert (page.status_code, "This link opens nothing" in page.text) == (401, True)
        assert why in page.text
        assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
        assert why in problem(await stranger.get(ended), 401, "unauthorized")["detail"]
        for path in ("/live", "/evidence/int_1"):
            problem(await stranger.get(ended + path), 401, "unauthorized")
        for path in ("/feedback", "/outcomes", "/refresh"):
            problem(await stranger.post(ended + path, content="accepted=true", headers=FORM), 401, "unauthorized")


async def test_a_link_that_was_changed_opens_nothing(client: httpx.AsyncClient, handoff: Mapping[str, Any]) -> None:
    card = await link(client, handoff)
    head, _, tail = card.rpartition(".")

    for changed in (
        f"{head[:-1]}{'A' if head[-1] != 'A' else 'B'}.{tail}",
        f"{head}.{tail[::-1]}",
        card + "x",
        "/console/cards/x",
    ):
        problem(await client.get(changed), 401, "unauthorized")


async def test_a_link_made_without_a_key_opens_on_this_machine_only_and_while_there_are_no_keys(
    client: httpx.AsyncClient, app: App, stranger: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    card = await link(client, handoff)

    problem(await stranger.get(card), 401, "unauthorized")
    assert (await client.get(card, headers=PAGE)).status_code == 200
    await app.access.create_key("acme", [Scope.INGEST])
    problem(await client.get(card), 401, "unauthorized")


async def test_a_link_shows_no_interaction_that_its_handoff_does_not_name(
    client: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    card = await link(client, handoff)
    [later] = await record(client, message("Said afterwards.", conversation_id="c-1"))
    [other] = await record(client, message("Of somebody else.", conversation_id="c-2"))

    for row in (later, other):
        problem(await client.get(f"{card}/evidence/{row['interaction_id']}"), 404, "not_found")
    page = (await client.get(card, headers=PAGE)).text
    assert "Of somebody else." not in page


async def test_what_a_form_of_the_card_cannot_hold_is_refused(
    client: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    card = await link(client, handoff)

    refused = await client.post(f"{card}/feedback", content="accepted=perhaps", headers=FORM)
    assert problem(refused, 422, "invalid_request")["errors"][0]["path"] == "accepted"
    refused = await client.post(f"{card}/feedback", content="handoff_id=x", headers=FORM)
    problem(refused, 422, "invalid_request")
    problem(await client.post(f"{card}/feedback", json={"accepted": True}), 422, "invalid_request")
    refused = await client.post(f"{card}/outcomes", content="action_id=made_up", headers=FORM)
    problem(refused, 422, "invalid_request")
    refused = await client.post(f"{card}/feedback", content="a=1&" * 40, headers=FORM)
    problem(refused, 422, "invalid_request")


async def test_a_refresh_leads_to_the_card_of_the_new_handoff(
    client: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    card = await link(client, handoff)
    await record(client, message("Now it smokes as well.", conversation_id="c-1"))

    sent = await client.post(f"{card}/refresh")

    assert sent.status_code == 303
    page = await client.get(sent.headers["location"], headers=PAGE)
    assert "Now it smokes as well" in page.text
    assert handoff["handoff_id"] not in page.text


async def test_no_token_reaches_a_log_or_another_site(
    client: httpx.AsyncClient, handoff: Mapping[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        card = await link(client, handoff)
        page = await client.get(card, headers=PAGE)
        await client.get(f"{card}x")

    ours = "\n".join(
        log_record.getMessage() for log_record in caplog.records if log_record.name.startswith(("warmline", "app"))
    )
    assert "GET /console/cards/{token} 200" in ours
    assert card.rsplit("/")[-1] not in ours
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"


async def test_the_card_over_the_api_asks_for_the_key_and_its_own_requests_need_none(
    client: httpx.AsyncClient, app: App, stranger: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    key = {"authorization": f"Bearer {(await app.access.create_key('default', [Scope.HANDOFF])).key}"}
    problem(await stranger.get(f"/v1/handoffs/{handoff['handoff_id']}", headers=PAGE), 401, "unauthorized")

    page = await stranger.get(f"/v1/handoffs/{handoff['handoff_id']}", headers=PAGE | key)
    base = page.text.partition('data-base="')[2].partition('"')[0]

    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert (await stranger.get(base, headers=PAGE)).status_code == 200


async def test_the_live_stream_of_a_complete_handoff_gives_its_card_and_ends(
    client: httpx.AsyncClient, handoff: Mapping[str, Any]
) -> None:
    stream = await client.get(f"{await link(client, handoff)}/live")

    assert stream.headers["content-type"].startswith("text/event-stream")
    assert [line for line in stream.text.splitlines() if line.startswith("event:")] == ["event: card", "event: done"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("self", "'self'"),
        (
            "'self'  https://desk.example https://*.crm.example:8443",
            "'self' https://desk.example https://*.crm.example:8443",
        ),
        ("none", "'none'"),
        ("*", "*"),
    ],
)
def test_the_sites_that_may_frame_a_card_are_read_as_a_policy_writes_them(written: str, read: str) -> None:
    assert Settings(frame_ancestors=written).frame_ancestors == read


@pytest.mark.parametrize(
    "written",
    ["https://desk.example; script-src *", "desk.example,other.example", "none self", " ", "https://a/b?c", "'unsafe'"],
)
def test_what_is_no_site_is_refused_at_the_start(written: str) -> None:
    with pytest.raises(ValidationError, match="frame_ancestors"):
        Settings(frame_ancestors=written)


@pytest.mark.parametrize("written", ["desk.example", "ftp://desk.example", "https://desk.example/?a", "https://"])
def test_a_public_address_that_is_none_is_refused_at_the_start(written: str) -> None:
    with pytest.raises(ValidationError, match="public_url"):
        Settings(public_url=written)


def test_a_redis_address_without_its_scheme_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="redis_url"):
        Settings(redis_url="127.0.0.1:6379")


async def test_a_link_never_leads_to_the_host_that_a_caller_named(
    client: httpx.AsyncClient, service: FastAPI, app: App
) -> None:
    await record(client, message(conversation_id="c-1"))
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
    key = (await app.access.create_key("default", [Scope.HANDOFF])).key
    path = f"/v1/handoffs/{handoff['handoff_id']}/link"

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(service), base_url="http://192.0.2.9:8000", headers={"x-api-key": key}
    ) as caller:
        for host in ("evil.example", "evil", "localhost@evil.example"):
            made = await caller.post(path, json={}, headers={"host": host})
            assert made.json()["url"].startswith("http://192.0.2.9:8000/console/cards/"), made.text
