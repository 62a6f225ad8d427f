"""The log as JSON: one object a line, with the ids of the request and its tenant, and nothing of a customer."""

import io
import json
import logging
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from app.logs import json_formatter
from tests.interfaces.http import email, message, record


@pytest.fixture
def lines() -> Generator[io.StringIO]:
    """What our loggers write as JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(json_formatter())
    loggers = [logging.getLogger(name) for name in ("warmline", "app")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield written
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


def of_access(written: io.StringIO) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in written.getvalue().splitlines()]
    return [row for row in rows if row["logger"] == "warmline.access"]


async def test_a_line_of_the_log_tells_the_request_its_tenant_and_its_answer(
    client: httpx.AsyncClient, lines: io.StringIO
) -> None:
    answer = await client.get("/v1/handoffs/hnd_9?secret=yes", headers={"X-Request-ID": "call-17"})
    (line,) = of_access(lines)
    assert line["request_id"] == answer.headers["X-Request-ID"] == "call-17"
    assert (line["tenant"], line["level"]) == ("default", "info")
    assert (line["method"], line["route"], line["status"]) == ("GET", "/v1/handoffs/{handoff_id}", 404)
    assert line["duration_ms"] >= 0
    assert line["timestamp"].endswith("Z")
    assert "secret" not in lines.getvalue()


async def test_a_request_without_a_tenant_does_not_carry_that_of_the_one_before(
    client: httpx.AsyncClient, lines: io.StringIO
) -> None:
    await client.get("/v1/customers")
    await client.get("/healthz")
    before, after = of_access(lines)
    assert before["tenant"] == "default"
    assert "tenant" not in after
    assert before["request_id"] != after["request_id"]


async def test_nothing_that_a_customer_said_is_in_the_log(client: httpx.AsyncClient, lines: io.StringIO) -> None:
    await record(client, message("My plan is blue.", conversation_id="talk-4711", identifiers=[email("a@b.example")]))
    handoff = (await client.post("/v1/handoffs", json={"conversation_id": "talk-4711"})).json()
    await client.get(f"/v1/customers/{handoff['customer_id']}/timeline")
    for private in ("talk-4711", "blue", "a@b.example", handoff["customer_id"], handoff["handoff_id"]):
        assert private not in lines.getvalue()
