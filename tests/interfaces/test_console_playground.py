"""Access to the playground: who may try out what, and what is refused before anything is tried out."""

import httpx
import pytest

from app.models import Scope
from app.services import App

PATH = "/console/playground"
FROM_HERE = {"origin": "http://localhost", "accept": "text/html"}


async def test_a_conversation_is_tried_out_for_whoever_may_make_handoffs(client: httpx.AsyncClient, app: App) -> None:
    key = (await app.access.create_key("acme", [Scope.HANDOFF])).key
    other = (await app.access.create_key("acme", [Scope.INGEST])).key
    body = {"content": "Customer: Where is order ORD-70331?"}
    allowed = await client.post(PATH, json=body, headers={"authorization": f"Bearer {key}", "accept": "text/html"})
    assert allowed.status_code == 200
    assert "ORD-70331" in allowed.text
    refused = await client.post(PATH, json=body, headers={"authorization": f"Bearer {other}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_a_page_of_another_site_tries_nothing_out(client: httpx.AsyncClient) -> None:
    answer = await client.post(PATH, json={"content": "Customer: hi"}, headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("content", "kind", "status", "words"),
    [
        (b"x" * (5 * 1024 * 1024), "application/json", 413, "larger than 4,194,304 bytes"),
        (b'{"content": ', "application/json", 422, "it ends too early"),
        (b'{"content": 5}', "application/json", 422, "content:"),
        (b"{}", "application/json", 422, "content:"),
        (b'{"content": "Customer: hi", "now": "tomorrow"}', "application/json", 422, "now:"),
        (b'{"content": "Customer: hi", "deadline_ms": 5}', "application/json", 422, "deadline_ms:"),
        (b'{"content": "Customer: hi", "secret": 5}', "application/json", 422, "secret:"),
        (b"content=Customer%3A+hi&model=other", "application/x-www-form-urlencoded", 422, "model: Use one of none."),
    ],
)
async def test_what_does_not_fit_is_told_in_words(
    client: httpx.AsyncClient, content: bytes, kind: str, status: int, words: str
) -> None:
    answer = await client.post(PATH, content=content, headers={**FROM_HERE, "content-type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert 'role="alert"' in answer.text
    assert words in answer.text.replace("\n", " ")
