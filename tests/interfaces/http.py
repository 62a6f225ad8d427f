"""What the tests of the HTTP API share: bodies to send, and whether an answer fits the published description."""

import json
from collections.abc import AsyncGenerator
from typing import Any, cast

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from starlette.responses import Response

PROBLEM = "application/problem+json"


def message(text: str = "The link never arrives.", **fields: Any) -> dict[str, Any]:
    """A customer's chat message as a channel sends it."""
    return {"channel": "chat", "actor": "customer", "kind": "message", "text": text} | fields


def email(value: str, *, verified: bool = True) -> dict[str, Any]:
    """An e-mail address as an identifier."""
    return {"type": "email", "value": value, "verified": verified}


async def record(client: httpx.AsyncClient, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Records rows and gives their results."""
    answer = await client.post("/v1/interactions", json={"interactions": list(rows)})
    assert answer.status_code == 201, answer.text
    return answer.json()["results"]


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem object of a refusal, after checking that it is one."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM), answer.text
    refusal: dict[str, Any] = answer.json()
    assert set(refusal) == {"type", "title", "status", "code", "detail", "errors"}
    assert (refusal["status"], refusal["code"]) == (status, code)
    assert refusal["title"]
    assert refusal["detail"]
    return refusal


def check_fits(service: FastAPI, answer: httpx.Response, path: str) -> None:
    """Fail unless an answer fits the schema that /openapi.json gives for its path, method, status and media type."""
    document = service.openapi()
    operation = document["paths"][path][answer.request.method.lower()]
    content = operation["responses"][str(answer.status_code)]["content"]
    schema = content[answer.headers["content-type"].partition(";")[0]]["schema"]
    Draft202012Validator(schema | {"components": document["components"]}).validate(answer.json())


async def parts_of(response: Response) -> AsyncGenerator[str]:
    """The parts of a stream as they are sent."""
    body: Any = cast(Any, response).body_iterator
    async for part in body:
        yield part.decode()


def events(stream: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of a stream with their data."""
    blocks = [block.splitlines() for block in stream.split("\n\n") if block and not block.startswith(":")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]
