"""Bodies that are meant to hurt: refused by their limits before they are parsed, and read no further than needed."""

import asyncio
import json
import tracemalloc
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.interfaces.http.request_bodies import MAX_ROW_BYTES, MOST_BLANK_BYTES, RowCount, sent_interactions
from app.models import MAX_BATCH
from tests.interfaces.http import message, problem
from tests.support.steps import steps_of

NDJSON_TYPE = "application/x-ndjson"
NDJSON = {"content-type": NDJSON_TYPE}
JSON = {"content-type": "application/json"}
CLOUD_EVENTS = {"content-type": "application/cloudevents-batch+json"}
MOST_MEMORY = 48 * 1024 * 1024
CHUNK = 64 * 1024


class Pieces:
    """A body that is sent piece by piece, and counts how many were asked for."""

    def __init__(self, piece: bytes, count: int) -> None:
        self._piece = piece
        self._count = count
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        for _ in range(self._count):
            self.sent += 1
            yield self._piece


async def test_rows_beyond_the_most_are_refused_at_once_without_reading_on(client: httpx.AsyncClient) -> None:
    pieces = Pieces(b"x\n" * (CHUNK // 2), 94 * 16)
    tracemalloc.start()
    try:
        refused = await client.post("/v1/interactions", content=pieces, headers=NDJSON)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert f"More than {MAX_BATCH:,} interactions" in problem(refused, 413, "payload_too_large")["detail"]
    assert pieces.sent <= 2
    assert most < MOST_MEMORY


@pytest.mark.parametrize("cut", [1, 7, 64, 100_000])
async def test_as_many_rows_as_allowed_are_taken_however_they_are_cut_and_one_more_is_not(
    client: httpx.AsyncClient, cut: int
) -> None:
    def pieces(body: bytes) -> AsyncIterator[bytes]:
        async def made() -> AsyncIterator[bytes]:
            for start in range(0, len(body), cut):
                yield body[start : start + cut]

        return made()

    rows = b"\n \r\n\n".join([b"0"] * MAX_BATCH)
    taken = await client.post("/v1/interactions", content=pieces(b"\n" + rows + b"\n\n"), headers=NDJSON)
    assert (taken.status_code, len(taken.json()["results"])) == (207, MAX_BATCH)
    refused = await client.post("/v1/interactions", content=pieces(rows + b"\n0"), headers=NDJSON)
    problem(refused, 413, "payload_too_large")


async def test_blank_lines_count_for_nothing_but_the_number_of_a_line(client: httpx.AsyncClient) -> None:
    body = b"\n" * 1_000_000 + json.dumps(message("hello")).encode() + b"\n  \n\t  {oops\n" + b" \n" * 1_000_000
    results = (await client.post("/v1/interactions", content=body, headers=NDJSON)).json()["results"]
    assert len(results) == 2
    assert "line 1000003 column 5" in results[1]["problem"]["detail"]


@pytest.mark.parametrize("blank", [b"\n", b" ", b"\r\n", b" \t\n"])
async def test_far_too_many_blank_lines_are_refused_without_reading_on(client: httpx.AsyncClient, blank: bytes) -> None:
    pieces = Pieces(blank * (CHUNK // len(blank)), 94 * 16)
    refused = await client.post("/v1/interactions", content=pieces, headers=NDJSON)
    assert "blank" in problem(refused, 413, "payload_too_large")["detail"]
    assert pieces.sent <= MOST_BLANK_BYTES // CHUNK + 2


@pytest.mark.parametrize("body", [b"", b"\n", b" \r\n\t\n", b"\n" * 1_000_000])
async def test_a_body_without_a_single_row_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    refusal = problem(await client.post("/v1/interactions", content=body, headers=NDJSON), 422, "invalid_request")
    assert refusal["errors"][0]["path"] == "body"


def test_the_steps_of_counting_rows_are_those_of_the_rows_and_not_of_the_lines() -> None:
    def counted(lines: int) -> int:
        body = b"\n" * lines + b"{}\n" + b" \n" * lines

        def read() -> None:
            RowCount().add(body)
            asyncio.run(sent_interactions(body, NDJSON_TYPE))

        return steps_of(read)

    counted(1)
    assert counted(50_000) == counted(5)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([b"\n", b" ", b"\r", b"x", b"yz \n", b"\n\n"])), st.integers(1, 9))
def test_rows_are_counted_alike_however_they_are_cut(parts: list[bytes], cut: int) -> None:
    body = b"".join(parts)
    rows = RowCount()
    for start in range(0, len(body), cut):
        rows.add(body[start : start + cut])
    assert rows.rows == sum(1 for line in body.split(b"\n") if line.strip())


async def test_a_row_that_is_too_large_is_that_rows_problem(client: httpx.AsyncClient) -> None:
    rows = [b'{"text": "' + b"x" * MAX_ROW_BYTES + b'"}', json.dumps(message("hello")).encode()]
    batch = await client.post("/v1/interactions", content=b"\n".join(rows), headers=NDJSON)
    assert batch.status_code == 207
    large, fine = batch.json()["results"]
    assert (large["problem"]["code"], large["problem"]["status"]) == ("payload_too_large", 413)
    assert "interactions[0]: line 1 has" in large["problem"]["detail"]
    assert fine["problem"] is None


HOSTILE = {
    "empty lists": b'{"interactions": [' + b"[]," * 2_000_000 + b"[]]}",
    "numbers": b'{"interactions": [' + b"1," * 3_000_000 + b"1]}",
    "objects": b'[{"a":' * 1_000_000,
    "short texts": b'{"data": {"a": [' + b'"",' * 1_000_000 + b'""]}}',
    "escapes": b'{"text": "' + b'\\",[{' * 1_000_000,
}


@pytest.mark.parametrize("path", ["/v1/interactions", "/v1/vcons", "/v1/events"])
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_body_of_far_too_many_values_is_refused_before_it_is_parsed(
    client: httpx.AsyncClient, path: str, name: str
) -> None:
    headers = CLOUD_EVENTS if path == "/v1/events" else JSON
    tracemalloc.start()
    try:
        refused = await client.post(path, content=HOSTILE[name], headers=headers)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if name == "escapes":
        problem(refused, 422, "invalid_request")
    else:
        assert "500,000 values" in problem(refused, 413, "payload_too_large")["detail"]
    assert most < MOST_MEMORY


async def test_texts_full_of_brackets_and_commas_are_no_values(client: httpx.AsyncClient) -> None:
    rows = [message(",[{" * 60_000, id=f"m-{number}") for number in range(4)]
    answer = await client.post("/v1/interactions", json={"interactions": rows})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("path", ["/v1/interactions", "/v1/vcons", "/v1/events", "/v1/handoffs", "/v1/next-actions"])
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"data":' * 100_000,
        b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"context": {"a": ' + b"[" * 150 + b"]" * 150 + b"}}",
        b'{"text": NaN}',
        b'{"context": {"a": Infinity}}',
        b'{"data": {"a": 1e999}}',
        b'{"text": "\\ud800"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"data": {"a": ' + b"9" * 100_000 + b"}}",
        b'{"text": "a", "text": "b"}',
        b"\xff\xfe\x00",
        b"null",
        b'"' * 100_000,
    ],
)
async def test_hostile_json_is_a_problem_and_never_a_failure(client: httpx.AsyncClient, path: str, body: bytes) -> None:
    headers = {"content-type": "application/cloudevents+json"} if path == "/v1/events" else JSON
    problem(await client.post(path, content=body, headers=headers), 422, "invalid_request")
