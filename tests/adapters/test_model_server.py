"""The model engine against a real server on loopback: what leaves for it, what it may send, and when its words come."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from app.adapters.llm import LitellmModel
from app.adapters.llm_transport import MOST_BYTES
from app.bootstrap import build
from app.errors import InvalidModelOutput, ModelUnavailable
from app.main import create_app
from app.models import FailureCode, Handoff, HandoffRequest, Identifier
from app.services import App
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

TENANT = "default"
SECRETS = {
    "card": "4111 1111 1111 1111",
    "IBAN": "DE89 3704 0044 0532 0130 00",
    "national id": "123-45-6789",
    "password": "zaunkoenig7",
    "one-time code": "482913",
}
CONTACTS = {"e-mail": "user@mail.example", "phone": "+49 30 5550 1234"}
TOLD = (
    f"My parcel never came. My card is {SECRETS['card']}, IBAN {SECRETS['IBAN']}, ssn {SECRETS['national id']}. "
    f"My password is {SECRETS['password']}. My code is {SECRETS['one-time code']}. "
    f"Write to {CONTACTS['e-mail']} or call {CONTACTS['phone']}."
)
SAID = "The customer says that their parcel never came and their card is ••••1111; write to [email_1]."

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]


def completion(content: str) -> bytes:
    """A good answer on the wire."""
    message = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [message], "usage": usage}
    return http(json.dumps(body).encode())


def http(body: bytes, status: str = "200 OK") -> bytes:
    """A body with its head."""
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def says(answer: bytes) -> Talk:
    """A server that sends this."""

    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return talk


@asynccontextmanager
async def model_server(talk: Talk) -> AsyncGenerator[tuple[str, list[str]]]:
    """The base URL of a server that answers so, and the requests it received, heads and bodies."""
    received: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)content-length: (\d+)", head)
                assert length is not None
                received.append(head + (await reader.readexactly(int(length[1]))).decode())
                await talk(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", received
        server.close()


@asynccontextmanager
async def opened(settings: Settings, address: str, **more: Any) -> AsyncGenerator[App]:
    """An App whose model is there."""
    own = {"model": "hosted_vllm/m", "model_base_url": address} | more
    async with build(settings.model_copy(update=own), embedder=WordEmbedder()) as app:
        await app.warm_up()
        identifiers = (Identifier(type="account_id", value="acc-1", verified=True, method="login"),)
        data = {"cvv": "123", "notes": {"password": SECRETS["password"]}}
        await app.interactions.record(TENANT, [draft(TOLD, conversation_id="c-1", identifiers=identifiers, data=data)])
        yield app


async def handed_over(app: App) -> Handoff:
    """The handoff of the one conversation."""
    return await app.handoffs.create(TENANT, HandoffRequest(conversation_id="c-1", deadline_ms=60_000))


WORDED = completion(json.dumps({"situation": [{"text": SAID, "evidence": ["t1"]}]}))


async def test_no_secret_leaves_for_a_model_and_what_an_agent_may_see_comes_back(settings: Settings) -> None:
    async with model_server(says(WORDED)) as (address, received), opened(settings, address) as app:
        handoff = await handed_over(app)
    for kind, value in {**SECRETS, **CONTACTS}.items():
        assert value not in received[0], kind
        assert value.replace(" ", "") not in received[0], kind
    for placeholder in (
        "[iban_1]",
        "[national_id_1]",
        "[password_1]",
        "[email_1]",
        "[phone_1]",
    ):
        assert placeholder in received[0]
    assert '\\"123\\"' not in received[0]
    assert handoff.engine == "model"
    assert handoff.brief.situation == SAID.replace("[email_1]", CONTACTS["e-mail"])


async def test_contacts_leave_where_the_setting_lets_them_and_secrets_never(settings: Settings) -> None:
    async with (
        model_server(says(WORDED)) as (address, received),
        opened(settings, address, redact_contacts=False) as app,
    ):
        await handed_over(app)
    assert all(value in received[0] for value in CONTACTS.values())
    assert not any(value in received[0] for value in SECRETS.values())


@pytest.mark.parametrize(
    "answer", [WORDED, http(b'{"error": {"message": "no"}}', "400 Bad"), http(b"<html>busy</html>", "503 Busy")]
)
async def test_what_is_logged_holds_no_text_of_a_customer(
    settings: Settings, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    with caplog.at_level(logging.DEBUG, logger="warmline"), caplog.at_level(logging.WARNING):
        async with model_server(says(answer)) as (address, _), opened(settings, address) as app:
            await handed_over(app)
    for text in ("parcel", *SECRETS.values(), *CONTACTS.values()):
        assert text not in caplog.text


async def asked(address: str) -> None:
    """One question to the server there."""
    await LitellmModel("hosted_vllm/m", base_url=address).complete(
        "system", "user", schema={"type": "object"}, timeout_s=60, max_tokens=10
    )


@pytest.mark.parametrize(
    "body",
    [b"{" * 1_000_000, b"word " * 200_000, b"[]", b"", b'{"choices": ' + b"[" * 100_000, b'"text"'],
)
async def test_a_body_that_is_no_answer_is_an_unusable_one(body: bytes) -> None:
    async with model_server(says(http(body))) as (address, _):
        with pytest.raises(InvalidModelOutput):
            await asked(address)


async def test_a_body_that_does_not_end_is_left_unread() -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        while sent < 100 * MOST_BYTES:
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            sent += 0x10000
            await writer.drain()

    async with model_server(endless) as (address, _):
        with pytest.raises(InvalidModelOutput):
            await asked(address)
    assert sent < 100 * MOST_BYTES


async def test_a_long_page_of_an_error_is_still_that_error() -> None:
    async with model_server(says(http(b"{" * 1_000_000, "503 Busy"))) as (address, _):
        with pytest.raises(ModelUnavailable):
            await asked(address)


async def test_an_answer_is_not_asked_for_packed() -> None:
    async with model_server(says(WORDED)) as (address, received):
        await asked(address)
    assert "accept-encoding: identity" in received[0].lower()


async def test_a_model_without_a_schema_mode_is_asked_in_words_from_then_on(settings: Settings) -> None:
    refusals = 0

    async def plain_only(writer: asyncio.StreamWriter) -> None:
        nonlocal refusals
        refused = '"response_format"' in received[-1]
        refusals += refused
        error = b'{"error": {"message": "response_format is not supported", "type": "invalid_request_error"}}'
        await says(http(error, "400 Bad Request") if refused else WORDED)(writer)

    async with model_server(plain_only) as (address, received), opened(settings, address) as app:
        first = await handed_over(app)
        await app.interactions.record(TENANT, [draft("Any news of the parcel?", conversation_id="c-1")])
        second = await handed_over(app)
    assert (first.engine, second.engine) == ("model", "model")
    assert refusals == 2  # with a schema, and as any object; then never again
    assert "one JSON object of this JSON schema" in received[-1]


async def test_the_first_brief_is_on_the_wire_before_the_model_has_answered(settings: Settings) -> None:
    may_answer = asyncio.Event()

    async def when_allowed(writer: asyncio.StreamWriter) -> None:
        await may_answer.wait()
        await says(WORDED)(writer)

    async with model_server(when_allowed) as (address, _), opened(settings, address) as app, service(app) as client:
        asked_for = {"conversation_id": "c-1", "deadline_ms": 60_000}
        stream = client.stream("POST", "/v1/handoffs", json=asked_for, headers={"Accept": "text/event-stream"})
        async with stream as answer:
            assert answer.status_code == 201
            lines = answer.aiter_lines()
            first = await event(lines)
            may_answer.set()  # only now: had the first brief waited for the model, this would never come
            second, last = await event(lines), await event(lines)
    assert [(name, data["engine"], data["status"]) for name, data in (first, second, last)] == [
        ("brief", "extractive", "completed"),
        ("brief", "model", "completed"),
        ("done", "model", "completed"),
    ]
    assert {data["handoff_id"] for _, data in (first, second, last)} == {first[1]["handoff_id"]}
    assert second[1] == last[1]


async def test_a_stream_ends_in_time_with_the_first_brief_when_the_model_hangs(settings: Settings) -> None:
    async def hang(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with model_server(hang) as (address, _), opened(settings, address) as app, service(app) as client:
        asked_for = {"conversation_id": "c-1", "deadline_ms": 700}
        stream = client.stream("POST", "/v1/handoffs", json=asked_for, headers={"Accept": "text/event-stream"})
        async with stream as answer:
            lines = answer.aiter_lines()
            first, last = await event(lines), await event(lines)
    assert (first[0], last[0]) == ("brief", "done")
    assert (last[1]["engine"], last[1]["failure_code"]) == ("extractive", FailureCode.MODEL_TIMEOUT.value)


@asynccontextmanager
async def service(app: App) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the App behind a real HTTP server."""
    config = uvicorn.Config(create_app(Settings.model_construct(), app), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells no other way
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
        yield client
    server.should_exit = True
    await running


async def event(lines: Any) -> tuple[str, dict[str, Any]]:
    """The next server-sent event: its name and data."""
    name = ""
    async for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            return name, json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream has ended")
