"""The console over HTTP: sessions, scopes, requests of other sites, and the files of its pages."""

import re
from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from app.bootstrap import build
from app.interfaces.console.sessions import COOKIE, PURPOSE
from app.main import create_app
from app.models import Scope
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import message, problem, record

PAGE = {"accept": "text/html"}
HERE = {"origin": "https://warmline.example"}
EVERY_SCOPE = tuple(Scope)


@pytest.fixture
async def browser(service: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    """A browser at another address that asks for pages and keeps cookies."""
    transport = httpx.ASGITransport(service, client=("192.0.2.7", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="https://warmline.example", headers=PAGE) as opened:
        yield opened


async def sign_in(browser: httpx.AsyncClient, key: str, **more: str) -> httpx.Response:
    """Send the form of the sign-in page."""
    return await browser.post("/console/sign-in", data={"key": key, **more}, headers=HERE)


async def some_handoff(client: httpx.AsyncClient, key: str) -> str:
    """The address of the card of a handoff of this key's tenant."""
    headers = {"authorization": f"Bearer {key}"}
    sent = await client.post("/v1/interactions", json=message(conversation_id="c-1"), headers=headers)
    assert sent.status_code == 201
    made = await client.post("/v1/handoffs", json={"conversation_id": "c-1"}, headers=headers)
    return f"/console/handoffs/{made.json()['handoff_id']}"


async def test_a_session_stands_for_the_keys_tenant_and_ends_with_the_key(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, app: App
) -> None:
    first_key, second_key = [await app.access.create_key(tenant, EVERY_SCOPE) for tenant in ("one", "two")]
    card = await some_handoff(client, first_key.key)
    asked = await browser.get(card)
    assert (asked.status_code, asked.headers["location"]) == (303, f"/console/sign-in?next={card}")

    sent = await sign_in(browser, first_key.key, next=card)
    assert (sent.status_code, sent.headers["location"]) == (303, card)
    assert (await browser.get(card)).status_code == 200
    await app.access.revoke_key(first_key.key_id)
    assert (await browser.get(card)).status_code == 303
    await sign_in(browser, second_key.key)
    assert (await browser.get(card)).status_code == 404


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser: httpx.AsyncClient, app: App) -> None:
    issued = await app.access.create_key("one", EVERY_SCOPE)
    sent = await sign_in(browser, issued.key)

    [cookie] = sent.headers.get_list("set-cookie")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/console", "max-age=36000"} <= attributes
    assert issued.key not in cookie
    out = await browser.post("/console/sign-out", headers=HERE)
    assert (out.status_code, browser.cookies.get(COOKIE)) == (303, None)


async def test_a_cookie_that_was_made_up_or_has_expired_lets_nobody_in(browser: httpx.AsyncClient, app: App) -> None:
    issued = await app.access.create_key("one", EVERY_SCOPE)
    expired, _ = await app.access.sign(PURPOSE, {"key_id": issued.key_id}, lifetime=timedelta(seconds=-1))
    for_a_card, _ = await app.access.sign("card", {"key_id": issued.key_id}, lifetime=timedelta(hours=1))

    for token in ("made-up", expired, for_a_card, expired[::-1]):
        browser.cookies.set(COOKIE, token, domain="warmline.example", path="/console")
        assert (await browser.get("/console")).headers["location"].startswith("/console/sign-in")


async def test_a_page_asks_for_its_scope(client: httpx.AsyncClient, browser: httpx.AsyncClient, app: App) -> None:
    card = await some_handoff(client, (await app.access.create_key("one", EVERY_SCOPE)).key)
    await sign_in(browser, (await app.access.create_key("one", [Scope.ANALYTICS])).key)

    refused = await browser.get(card)

    assert refused.status_code == 403
    assert "`handoff`" in refused.text
    problem(await browser.get(card, headers={"accept": "application/json"}), 403, "forbidden")


async def test_a_session_of_an_admin_opens_every_page(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, app: App
) -> None:
    admin = await app.access.create_key("one", [Scope.ADMIN])
    card = await some_handoff(client, admin.key)
    await sign_in(browser, admin.key)

    for page in (card, "/console/continuity", "/console/graph", "/console/playground"):
        assert (await browser.get(page)).status_code == 200


async def test_the_journey_shows_what_an_edit_changed_and_that_a_message_was_deleted(
    client: httpx.AsyncClient, browser: httpx.AsyncClient, app: App
) -> None:
    admin = await app.access.create_key("one", [Scope.ADMIN])
    first = message("Send it to <b>Elm Road</b>.", id="m1", conversation_id="c-1", occurred_at="2026-03-02T09:00:00Z")
    second = message("My door code is blue.", id="m2", conversation_id="c-1", occurred_at="2026-03-02T09:01:00Z")
    edit = message("Send it to <i>Oak Road</i>.", id="e1", occurred_at="2026-03-02T09:02:00Z")
    edit |= {"kind": "edit", "target_id": "m1"}
    receipt = edit | {"id": "e2", "occurred_at": "2026-03-02T09:07:00Z"}
    deletion = message("", id="d1", occurred_at="2026-03-02T09:03:00Z") | {"kind": "deletion", "target_id": "m2"}
    sent = await client.post(
        "/v1/interactions",
        json={"interactions": [first, second, edit, receipt, deletion]},
        headers={"authorization": f"Bearer {admin.key}"},
    )
    customer_id = sent.json()["results"][0]["customer_id"]
    await sign_in(browser, admin.key)

    page = (await browser.get(f"/console/customers/{customer_id}")).text

    assert "<del>Send it to &lt;b&gt;Elm Road&lt;/b&gt;.</del>" in page
    assert "<ins>Send it to &lt;i&gt;Oak Road&lt;/i&gt;.</ins>" in page
    assert "</a> was deleted." in page
    assert "what stood here is gone" in page
    assert "blue" not in page
    assert "09:07" not in page


async def test_where_no_keys_are_this_machine_walks_straight_in(client: httpx.AsyncClient, service: FastAPI) -> None:
    await record(client, message(conversation_id="c-1"))
    made = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
    card = f"/console/handoffs/{made['handoff_id']}"

    assert (await client.get(card, headers=PAGE)).status_code == 200
    rebound = await client.get(card, headers=PAGE | {"host": "rebound.example"})
    assert rebound.status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (HERE, 303),
        ({"origin": "null", "sec-fetch-site": "same-origin"}, 303),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null", "sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
        ({}, 403),
    ],
)
async def test_a_post_of_another_sites_page_is_refused(
    browser: httpx.AsyncClient, app: App, headers: dict[str, str], status: int
) -> None:
    await sign_in(browser, (await app.access.create_key("one", EVERY_SCOPE)).key)

    assert (await browser.post("/console/sign-out", headers=headers)).status_code == status


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/console/../v1",
        "javascript:alert(1)",
        "/v1",
        "",
    ],
)
async def test_a_sign_in_leads_nowhere_but_into_the_console(browser: httpx.AsyncClient, app: App, address: str) -> None:
    sent = await sign_in(browser, (await app.access.create_key("one", EVERY_SCOPE)).key, next=address)

    assert sent.headers["location"] in ("/console", "/console/../v1")


async def test_every_page_has_the_strict_policy(browser: httpx.AsyncClient, app: App) -> None:
    await app.access.create_key("one", EVERY_SCOPE)
    for path in ("/console/sign-in", "/console/cards/x", "/console/handoffs/x"):
        headers = (await browser.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;")
        assert "unsafe" not in policy
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
        assert headers["referrer-policy"] in ("same-origin", "no-referrer")


async def test_files_are_kept_for_good_under_their_version_and_asked_for_again_under_others(
    browser: httpx.AsyncClient,
) -> None:
    page = (await browser.get("/console/sign-in")).text
    [style] = re.findall(r'href="(/console/static/\w+/base\.css)"', page)
    response = await browser.get(style)
    assert response.headers["content-type"].startswith("text/css")
    assert "immutable" in response.headers["cache-control"]

    again = await browser.get(style, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    old = await browser.get("/console/static/old/base.css")
    assert (old.content, old.headers["cache-control"]) == (response.content, "no-cache")
    plain = await browser.get(style, headers={"accept-encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (response.content, False)
    for name in ("none.css", "..%2Fbase.css", "__init__.py"):
        assert (await browser.get(f"/console/static/old/{name}")).status_code == 404


async def test_signing_out_ends_the_session_also_for_a_copy_of_the_cookie(
    service: FastAPI, browser: httpx.AsyncClient, app: App, settings: Settings
) -> None:
    await sign_in(browser, (await app.access.create_key("one", EVERY_SCOPE)).key)
    copied = {COOKIE: str(browser.cookies.get(COOKIE))}
    transport = httpx.ASGITransport(service, client=("192.0.2.8", 40000))
    async with httpx.AsyncClient(
        transport=transport, base_url="https://warmline.example", headers=PAGE, cookies=copied
    ) as thief:
        assert not (await thief.get("/console")).headers["location"].startswith("/console/sign-in")
        assert (await browser.post("/console/sign-out", headers=HERE)).status_code == 303
        assert (await thief.get("/console")).headers["location"].startswith("/console/sign-in")
    # Another worker on the same database knows of it too.
    async with (
        build(settings, embedder=WordEmbedder()) as other,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(settings, other), client=("192.0.2.8", 40000)),
            base_url="https://warmline.example",
            headers=PAGE,
            cookies=copied,
        ) as thief,
    ):
        assert (await thief.get("/console")).headers["location"].startswith("/console/sign-in")


async def test_signing_out_ends_no_other_session_of_the_same_key(
    service: FastAPI, browser: httpx.AsyncClient, app: App
) -> None:
    key = (await app.access.create_key("one", EVERY_SCOPE)).key
    await sign_in(browser, key)
    transport = httpx.ASGITransport(service, client=("192.0.2.8", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="https://warmline.example", headers=PAGE) as second:
        await sign_in(second, key)
        await browser.post("/console/sign-out", headers=HERE)
        assert not (await second.get("/console")).headers["location"].startswith("/console/sign-in")
