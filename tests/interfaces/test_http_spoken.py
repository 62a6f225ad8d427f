"""A handoff to be spoken, asked for by profile; and the example that asks for it."""

import importlib.util
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.interfaces.http import email, message, problem, record

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
async def handoff_id(client: httpx.AsyncClient) -> str:
    rows = [
        message("My kettle leaks and I want my money back.", participant={"name": "Odile Renn"}),
        message("I am sorry. I will have a colleague call you back today.", actor="bot"),
    ]
    for number, row in enumerate(rows):
        row |= {"id": f"s-{number}", "conversation_id": "c-1", "occurred_at": f"2026-03-02T09:0{number}:00Z"}
    rows[0] |= {"identifiers": [email("one@example.com")]}
    await record(client, *rows)
    made = await client.post("/v1/handoffs", json={"conversation_id": "c-1", "deadline_ms": 60_000})
    assert made.status_code == 201, made.text
    return made.json()["handoff_id"]


async def asked(client: httpx.AsyncClient, handoff_id: str, accept: str) -> httpx.Response:
    return await client.get(f"/v1/handoffs/{handoff_id}", headers={"accept": accept})


async def test_the_agent_hears_who_it_is_and_what_they_want(client: httpx.AsyncClient, handoff_id: str) -> None:
    answer = await asked(client, handoff_id, "text/plain; profile=whisper")
    assert answer.headers["content-type"] == "text/plain; profile=whisper; charset=utf-8"
    assert answer.text.startswith("This is Odile Renn, identity verified. They said: My kettle leaks")
    assert len(answer.text.split()) <= 45


async def test_the_customer_hears_nothing_of_the_case(client: httpx.AsyncClient, handoff_id: str) -> None:
    answer = await asked(client, handoff_id, 'text/plain; profile="customer"')
    assert answer.headers["content-type"].startswith("text/plain; profile=customer")
    assert answer.text.startswith(("Thank you", "I am sorry"))
    assert "kettle" not in answer.text


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("text/plain", "text/plain; profile=whisper"),
        ("text/plain; profile=customer, text/plain; profile=whisper; q=0.5", "text/plain; profile=customer"),
        ("text/plain; profile=whisper; q=0.2, application/json; q=0.1", "text/plain; profile=whisper"),
        ("text/markdown, text/plain; profile=whisper", "text/markdown"),
        ("application/json; profile=card", "application/json"),
        ("*/*", "application/json"),
    ],
)
async def test_the_profile_that_is_liked_best_is_what_comes(
    client: httpx.AsyncClient, handoff_id: str, accept: str, form: str
) -> None:
    assert (await asked(client, handoff_id, accept)).headers["content-type"].startswith(form)


async def test_a_profile_that_there_is_not_is_not_acceptable(client: httpx.AsyncClient, handoff_id: str) -> None:
    refused = problem(await asked(client, handoff_id, "text/plain; profile=poem"), 406, "not_acceptable")
    assert "text/plain; profile=whisper" in refused["detail"]


def example() -> Any:
    module_spec = importlib.util.spec_from_file_location("spoken_handoff", EXAMPLES / "spoken_handoff.py")
    assert module_spec
    assert module_spec.loader
    module = importlib.util.module_from_spec(module_spec)
    # A dataclass looks its own module up.
    importlib.import_module("sys").modules[module_spec.name] = module
    module_spec.loader.exec_module(module)
    return module


async def test_the_example_gets_both_and_goes_on_without_a_service(client: httpx.AsyncClient, handoff_id: str) -> None:
    spoken = await example().spoken_handoff(client, "c-1", deadline_ms=60_000)
    assert spoken.handoff_id not in (None, handoff_id)
    assert "kettle" in spoken.whisper
    assert "kettle" not in spoken.customer_line
    nobody = await example().spoken_handoff(client, "no such conversation")
    assert (nobody.handoff_id, nobody.whisper) == (None, example().WITHOUT_WHISPER)
