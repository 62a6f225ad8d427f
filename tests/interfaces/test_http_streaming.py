"""A handoff in stages, with a model, with listeners who leave, and with work that breaks off."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.adapters.scripted import ScriptedModel
from app.bootstrap import build
from app.errors import ModelUnavailable, Unavailable, UnknownConversation
from app.interfaces.http import Door
from app.interfaces.http.idempotency import IdempotentRequest
from app.interfaces.http.streaming import StreamEvent, Streams
from app.main import create_app
from app.models import Handoff, HandoffRequest
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.interfaces.http import events, message, parts_of, record

STREAM = {"accept": "text/event-stream"}
WORDED = {"situation": [{"text": "The customer says that the link never arrives.", "evidence": ["t1"]}]}


async def streamed(settings: Settings, model: ScriptedModel) -> list[tuple[str, dict[str, Any]]]:
    """The stages of a handoff of a service with a model."""
    async with build(settings, embedder=WordEmbedder(), model=model) as application:
        transport = httpx.ASGITransport(create_app(settings, application))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await record(client, message("The reset link never arrives.", conversation_id="c-1"))
            asked = {"conversation_id": "c-1", "deadline_ms": 60_000}
            answer = await client.post("/v1/handoffs", json=asked, headers=STREAM)
    return events(answer.text)


async def test_the_models_brief_follows_the_first_once_it_is_verified(settings: Settings) -> None:
    stages = await streamed(settings, ScriptedModel(json.dumps(WORDED)))

    assert [(name, data["engine"]) for name, data in stages] == [
        ("brief", "extractive"),
        ("brief", "model"),
        ("done", "model"),
    ]
    assert len({data["handoff_id"] for _, data in stages}) == 1
    assert stages[1][1] == stages[2][1]


async def test_a_model_that_fails_leaves_the_first_brief_standing(settings: Settings) -> None:
    stages = await streamed(settings, ScriptedModel(ModelUnavailable("The model's server refused.")))

    assert [name for name, _ in stages] == ["brief", "done"]
    done = stages[-1][1]
    assert (done["engine"], done["status"], done["failure_code"]) == ("extractive", "partial", "model_unavailable")


async def test_a_handoff_is_filed_although_its_listener_left(
    client: httpx.AsyncClient, service: FastAPI, app: App
) -> None:
    await record(client, message(conversation_id="c-1"))
    door: Door = service.state.door
    request = HandoffRequest(conversation_id="c-1")

    stream = await door.streams.open(
        IdempotentRequest("default", "/v1/handoffs", None, b"{}"), lambda: app.handoffs.stages("default", request)
    )
    await door.streams.finish()

    first = await anext(parts_of(stream))
    [(_, brief)] = events(first)
    assert (await client.get(f"/v1/handoffs/{brief['handoff_id']}")).status_code == 200


@pytest.mark.parametrize("failure", [Unavailable("The ledger does not answer."), KeyError("secret words")])
async def test_work_that_breaks_off_ends_the_stream_with_a_problem(
    client: httpx.AsyncClient, service: FastAPI, app: App, failure: Exception
) -> None:
    await record(client, message(conversation_id="c-1"))

    async def broken() -> AsyncGenerator[Handoff]:
        async for stage in app.handoffs.stages("default", HandoffRequest(conversation_id="c-1")):
            yield stage
            raise failure

    streams: Streams = service.state.door.streams
    stream = await streams.open(IdempotentRequest("default", "/v1/handoffs", None, b"{}"), broken)

    received = events("".join([part async for part in parts_of(stream)]))
    assert [name for name, _ in received] == ["brief", "error"]
    assert (received[1][1]["status"], received[1][1]["code"]) == (503, "unavailable")
    assert "secret" not in json.dumps(received[1][1])


async def test_a_handoff_that_was_begun_is_finished_without_its_caller(
    client: httpx.AsyncClient, service: FastAPI, app: App
) -> None:
    await record(client, message(conversation_id="c-1"))
    streams: Streams = service.state.door.streams

    stages = app.handoffs.stages("default", HandoffRequest(conversation_id="c-1"), file_first=True)
    first = await streams.begin(stages)
    await streams.finish()

    assert first.pending
    assert (await client.get(f"/v1/handoffs/{first.handoff_id}")).json()["pending"] is False


async def test_what_cannot_be_begun_is_told_to_its_caller(service: FastAPI, app: App) -> None:
    streams: Streams = service.state.door.streams

    with pytest.raises(UnknownConversation):
        await streams.begin(app.handoffs.stages("default", HandoffRequest(conversation_id="none")))
    await streams.finish()


def test_an_event_is_one_line_of_data() -> None:
    assert StreamEvent("brief", '{"a": 1}').encoded() == 'event: brief\ndata: {"a": 1}\n\n'
