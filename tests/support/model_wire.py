"""The wire format of an OpenAI-compatible model server, as respx routes answer it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

BASE_URL = "http://127.0.0.1:9/v1"


def completion(content: str | None, **fields: Any) -> httpx.Response:
    """A server's answer to a chat completion."""
    message = {"role": "assistant", "content": content}
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_770_000_000,
        "model": "a-model",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150},
    }
    return httpx.Response(200, json=body | fields)


def failure(status: int) -> httpx.Response:
    """A server's refusal."""
    return httpx.Response(status, json={"error": {"message": "no", "type": "server_error", "code": None}})


class Drip(httpx.AsyncByteStream):
    """A body of which a byte comes now and then, and never the last."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)


def drip() -> httpx.Response:
    """An answer that trickles."""
    return httpx.Response(200, headers={"content-type": "application/json"}, stream=Drip())


async def hang(_: httpx.Request) -> httpx.Response:
    """A server that takes the request and says nothing."""
    await asyncio.sleep(3600)
    raise AssertionError("nobody waits an hour")


FAULTS: dict[str, tuple[Any, str]] = {
    "too many requests": (failure(429), "model_unavailable"),
    "server error": (failure(500), "model_unavailable"),
    "overloaded, as a page": (httpx.Response(503, text="<html>busy</html>"), "model_unavailable"),
    "no such model": (failure(404), "model_unavailable"),
    "wrong key": (failure(401), "model_unavailable"),
    "connection reset": (httpx.ReadError("reset"), "model_unavailable"),
    "connection refused": (httpx.ConnectError("refused"), "model_unavailable"),
    "hung up half-way": (httpx.RemoteProtocolError("peer closed"), "model_unavailable"),
    "hanging": (hang, "model_timeout"),
    "slow drip": (drip(), "model_timeout"),
    "read timeout": (httpx.ReadTimeout("slow"), "model_timeout"),
    "broken body": (httpx.Response(200, text='{"id": "1", "choi'), "invalid_model_output"),
    "a page instead of JSON": (httpx.Response(200, text="<html>hello</html>"), "invalid_model_output"),
    "another body": (httpx.Response(200, json={"hello": 1}), "invalid_model_output"),
    "no choices": (httpx.Response(200, json={"choices": []}), "invalid_model_output"),
    "no content": (completion(None), "invalid_model_output"),
    "empty content": (completion("  "), "invalid_model_output"),
    "content that is no text": (completion(None, choices=[{"message": {"content": 5}}]), "invalid_model_output"),
    "broken JSON": (completion('{"headline": {"text": "Refund'), "invalid_model_output"),
    "only talk": (completion("I am sorry, I cannot do that."), "invalid_model_output"),
    "a megabyte": (completion(json.dumps({"headline": "x" * 1_000_000})), "invalid_model_output"),
    "a thousand opened braces": (completion('{"a":' * 10_000), "invalid_model_output"),
}
"""What a server can do wrong, and the code under which it must be reported."""
