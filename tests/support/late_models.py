"""What tests of late models share: a model on loopback that takes its time, and the service that asks it."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import httpx
import uvicorn

from app.adapters.webhook_sender import WebhookSender
from app.bootstrap import build
from app.main import create_app
from app.services import App
from app.settings import Settings
from evals.servers.slow import SlowModel
from tests.conftest import WordEmbedder
from tests.interfaces.http import message, record

MODEL = "hosted_vllm/slow"
DEADLINE_MS = 400
# So long that no test depends on how fast a machine is: what is to come comes.
PATIENCE_S = 300.0
STREAM = {"accept": "text/event-stream"}
FIRST, SECOND = "My parcel of 3 March never arrived.", "Please let me talk to a person."


@asynccontextmanager
async def opened(settings: Settings, address: str, **own: Any) -> AsyncGenerator[tuple[App, httpx.AsyncClient]]:
    """An App that asks the model at this address, and a client of it, which asks a real server."""
    fields = {"model": MODEL, "model_base_url": address, "model_patience_s": PATIENCE_S} | own
    chosen = settings.model_copy(update=fields)
    courier = WebhookSender(private=True)
    async with build(chosen, embedder=WordEmbedder(), courier=courier, webhook_pauses_s=(0.05, 0.05)) as app:
        await app.warm_up()
        # Requests whose callers have gone are not waited for until their deadlines.
        config = uvicorn.Config(
            create_app(chosen, app), port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - it tells no other way
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield app, client
        await app.hand_on()
        server.should_exit = True
        await running


async def asked_for_a_person(client: httpx.AsyncClient, conversation_id: str = "c-1") -> dict[str, Any]:
    """Records a customer's two messages, the second of which asks for a person; gives the last result."""
    rows = await record(client, *(message(text, conversation_id=conversation_id) for text in (FIRST, SECOND)))
    return rows[-1]


async def handed_over(client: httpx.AsyncClient, conversation_id: str = "c-1", **more: Any) -> dict[str, Any]:
    """The answer to a handoff with a short deadline."""
    asked = {"conversation_id": conversation_id, "deadline_ms": DEADLINE_MS} | more
    answer = await client.post("/v1/handoffs", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def read(client: httpx.AsyncClient, handoff_id: str) -> dict[str, Any]:
    """A handoff as GET gives it."""
    answer = await client.get(f"/v1/handoffs/{handoff_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def until(
    look: Callable[[], Awaitable[dict[str, Any]]], holds: Callable[[dict[str, Any]], bool], within_s: float = 120.0
) -> dict[str, Any]:
    """What is seen once it is as it should be."""
    ends = monotonic() + within_s
    while monotonic() < ends:
        if holds(seen := await look()):
            return seen
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to that")


async def until_asked(model: SlowModel, briefs: int) -> None:
    """Wait until the model is at so many briefs."""
    while model.briefs < briefs:  # noqa: ASYNC110 - it tells no other way
        await asyncio.sleep(0.01)


async def events_of(lines: AsyncIterator[str]) -> AsyncGenerator[tuple[str, dict[str, Any]]]:
    """The server-sent events of an answer as they come."""
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))
