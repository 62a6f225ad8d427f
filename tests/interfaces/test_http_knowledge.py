"""`/v1/knowledge`, and articles beside actions: in a decision, in a handoff, on the agent's card."""

import re
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from markdown_it import MarkdownIt

from app.models import Scope
from app.services import App
from tests.interfaces.http import check_fits, message, problem, record

ARTICLE: dict[str, Any] = {
    "title": "Refunds",
    "markdown": "# Within 30 days\n\nGive the money back to the card that paid.",
    "url": "https://help.example/refunds?a=1&b=2",
    "language": "en",
    "intents": ["refund"],
    "actions": ["request_refund"],
    "valid_until": "2100-01-01T00:00:00Z",
}
PATH = "/v1/knowledge/refunds"


async def test_an_article_is_put_read_listed_and_removed(client: httpx.AsyncClient, service: FastAPI) -> None:
    created = await client.put(PATH, json=ARTICLE)
    check_fits(service, created, "/v1/knowledge/{article_id}")
    assert (created.status_code, created.json()["change"], created.json()["passages"]) == (200, "created", 1)
    again = await client.put(PATH, json=ARTICLE)
    assert again.json() == created.json() | {"change": "unchanged"}
    replaced = await client.put(PATH, json=ARTICLE | {"title": "All refunds"})
    assert replaced.json()["change"] == "replaced"

    read = await client.get(PATH)
    check_fits(service, read, "/v1/knowledge/{article_id}")
    assert read.json() == read.json() | ARTICLE | {"title": "All refunds"}
    listed = await client.get("/v1/knowledge")
    check_fits(service, listed, "/v1/knowledge")
    assert [article["title"] for article in listed.json()["articles"]] == ["All refunds"]

    removed = await client.delete(PATH)
    check_fits(service, removed, "/v1/knowledge/{article_id}")
    assert removed.json() == {"article_id": "refunds", "passages": 1}
    for gone in (await client.get(PATH), await client.delete(PATH)):
        assert "refunds" in problem(gone, 404, "not_found")["detail"]
    assert (await client.get("/v1/knowledge")).json() == {"articles": [], "next_cursor": None}


async def test_lists_go_on_at_their_cursor_and_take_filters(client: httpx.AsyncClient) -> None:
    for number in range(5):
        fields = {"title": f"Number {number}", "text": "x", "language": "de-AT" if number == 3 else "en"}
        await client.put(f"/v1/knowledge/a-{number}", json=fields)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get("/v1/knowledge", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [article["article_id"] for article in page["articles"]]
        cursor = page["next_cursor"]
    assert seen == [f"a-{number}" for number in range(5)]
    for params, expected in (({"q": "number 4"}, ["a-4"]), ({"language": "de"}, ["a-3"])):
        page = (await client.get("/v1/knowledge", params=params)).json()
        assert [article["article_id"] for article in page["articles"]] == expected


@pytest.mark.parametrize(
    ("sent", "path", "how"),
    [
        ({"title": "T"}, "body", "exactly one of text, html and markdown; none is given"),
        ({"title": "T", "text": "a", "html": "b"}, "body", "text and html are given"),
        ({"title": " ", "text": "a"}, "body", "must say something"),
        ({"text": "a"}, "title", "needed"),
        ({"title": "T", "text": "a", "url": "javascript:alert(1)"}, "url", "begins with http"),
        ({"title": "T", "text": "a", "url": "https://x.example/a b"}, "url", "no spaces"),
        ({"title": "T", "text": "a", "language": "english!"}, "language", "such as de or en-GB"),
        ({"title": "T", "text": "a", "valid_until": "2026-01-01T00:00:00"}, "valid_until", ""),
        ({"title": "T", "text": "a\0"}, "text", "NUL"),
        ({"title": "T", "text": "a", "titel": "x"}, "titel", ""),
        ({"title": "T", "text": "a" * 100_001}, "text", ""),
    ],
)
async def test_what_does_not_fit_is_named_by_its_field_with_how_to_mend_it(
    client: httpx.AsyncClient, sent: dict[str, Any], path: str, how: str
) -> None:
    refusal = problem(await client.put(PATH, json=sent), 422, "invalid_request")
    assert refusal["errors"][0]["path"] == path
    assert how in refusal["errors"][0]["message"]
    assert (await client.get(PATH)).status_code == 404


async def test_an_id_that_would_lead_astray_is_refused(client: httpx.AsyncClient) -> None:
    for name in ("a%3Fb", "a%23b", "%20a", "a%0Ab", "x" * 201):
        problem(await client.put(f"/v1/knowledge/{name}", json=ARTICLE), 422, "invalid_request")
    assert (await client.put("/v1/knowledge/cards:über (1)", json=ARTICLE)).status_code == 200


async def test_a_search_answers_with_whole_passages(client: httpx.AsyncClient, service: FastAPI) -> None:
    await client.put(PATH, json=ARTICLE)
    await client.put("/v1/knowledge/hours", json={"title": "Opening hours", "text": "From nine to five."})
    answer = await client.post("/v1/knowledge/search", json={"q": "Who gets the money back?", "limit": 3})
    check_fits(service, answer, "/v1/knowledge/search")
    [hit] = answer.json()["hits"]
    assert hit.keys() == {"article_id", "title", "passage", "url", "score"}
    assert (hit["article_id"], hit["url"]) == ("refunds", ARTICLE["url"])
    assert hit["passage"] == "Within 30 days\nGive the money back to the card that paid."
    later = {"q": "money back", "now": "2100-01-01T00:00:00Z"}
    assert (await client.post("/v1/knowledge/search", json=later)).json()["hits"] == []
    problem(await client.post("/v1/knowledge/search", json={"q": ""}), 422, "invalid_request")
    problem(await client.post("/v1/knowledge/search", json={"q": "x", "limit": 0}), 422, "invalid_request")


async def test_articles_are_written_by_admins_and_read_by_those_who_act(app: App, service: FastAPI) -> None:
    clients: dict[Scope, httpx.AsyncClient] = {}
    for scope in (Scope.ADMIN, Scope.ACTIONS, Scope.HANDOFF):
        key = (await app.access.create_key("acme", [scope])).key
        transport = httpx.ASGITransport(service, client=("192.0.2.7", 40000))
        headers = {"authorization": f"Bearer {key}"}
        clients[scope] = httpx.AsyncClient(transport=transport, base_url="https://x.example", headers=headers)
    assert (await clients[Scope.ADMIN].put(PATH, json=ARTICLE)).status_code == 200
    problem(await clients[Scope.ACTIONS].put(PATH, json=ARTICLE), 403, "forbidden")
    problem(await clients[Scope.ACTIONS].delete(PATH), 403, "forbidden")
    assert (await clients[Scope.ACTIONS].get(PATH)).status_code == 200
    assert (await clients[Scope.ACTIONS].get("/v1/knowledge")).status_code == 200
    answered = await clients[Scope.ACTIONS].post("/v1/knowledge/search", json={"q": "money back"})
    assert len(answered.json()["hits"]) == 1
    problem(await clients[Scope.HANDOFF].post("/v1/knowledge/search", json={"q": "money"}), 403, "forbidden")
    for client in clients.values():
        await client.aclose()


# --- beside actions ---------------------------------------------------------------------------------------------------

HOSTILE = '<script>alert("x")</script> & `code` [x](javascript:alert(1)) "quoted"'


async def asked_for_money(client: httpx.AsyncClient) -> None:
    await record(client, message("The lamp is broken. I want a refund of my money.", conversation_id="c-1"))


def beside(decision: dict[str, Any], action_id: str = "request_refund") -> list[dict[str, Any]]:
    [action] = [action for action in decision["actions"] if action["action_id"] == action_id]
    return action["knowledge"]


async def test_a_decision_shows_what_to_read_beside_its_actions(client: httpx.AsyncClient, service: FastAPI) -> None:
    await client.put(PATH, json=ARTICLE)
    await asked_for_money(client)
    answer = await client.post("/v1/next-actions", json={"conversation_id": "c-1", "audience": "agent", "limit": 5})
    check_fits(service, answer, "/v1/next-actions")
    [passage] = beside(answer.json())
    assert passage.keys() == {"article_id", "title", "passage", "url", "score"}
    assert passage["article_id"] == "refunds"
    others = [action["knowledge"] for action in answer.json()["actions"] if action["action_id"] != "request_refund"]
    assert others
    assert not any(others)

    late = {"conversation_id": "c-1", "audience": "agent", "limit": 5, "now": "2100-01-02T00:00:00Z"}
    decision = (await client.post("/v1/next-actions", json=late)).json()
    assert not any(action["knowledge"] for action in decision["actions"])


async def test_a_decision_without_articles_has_empty_lists(client: httpx.AsyncClient) -> None:
    await asked_for_money(client)
    decision = (await client.post("/v1/next-actions", json={"conversation_id": "c-1"})).json()
    assert [action["knowledge"] for action in decision["actions"]] == [[]] * len(decision["actions"])


async def test_a_handoff_shows_it_as_json_markdown_and_on_the_card(client: httpx.AsyncClient) -> None:
    await client.put(PATH, json=ARTICLE | {"title": f"Refunds {HOSTILE}", "markdown": None, "text": f"Pay. {HOSTILE}"})
    await asked_for_money(client)
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
    assert beside(handoff["next_actions"])[0]["article_id"] == "refunds"
    path = f"/v1/handoffs/{handoff['handoff_id']}"
    assert (await client.get(path)).json()["next_actions"] == handoff["next_actions"]

    page = (await client.get(path, headers={"accept": "text/html"})).text
    assert '<a href="https://help.example/refunds?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">' in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in page
    assert re.search(r'Source: <span class="id">refunds</span>', page)
    assert not re.search(r"""(?:href|src)=["']?javascript:""", page)

    note = (await client.get(path, headers={"accept": "text/markdown"})).text
    assert "(<https://help.example/refunds?a=1&b=2>)" in note
    assert "&lt;script>" in note
    shown = MarkdownIt("commonmark").render(note)
    assert 'href="https://help.example/refunds?a=1&amp;b=2"' in shown
    assert 'href="javascript' not in shown
    assert "<script>" not in shown


async def test_a_card_without_a_url_shows_the_title_as_text(client: httpx.AsyncClient) -> None:
    await client.put(PATH, json=ARTICLE | {"url": None})
    await asked_for_money(client)
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
    page = (await client.get(f"/v1/handoffs/{handoff['handoff_id']}", headers={"accept": "text/html"})).text
    assert "<b>Refunds</b>" in page


async def test_what_the_customer_is_told_shows_no_article(client: httpx.AsyncClient) -> None:
    await client.put(PATH, json=ARTICLE | {"title": "Quokkas only"})
    await asked_for_money(client)
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "c-1"})).json()
    for profile in ("customer", "whisper"):
        headers = {"accept": f"text/plain; profile={profile}"}
        words = await client.get(f"/v1/handoffs/{handoff['handoff_id']}", headers=headers)
        assert words.status_code == 200
        assert "Quokka" not in words.text
        assert "help.example" not in words.text
