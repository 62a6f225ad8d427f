"""Reading a request's body: once, up to a limit, and into records whose faults are named by their path."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from app.doors.http.problems import problem_of
from app.errors import InvalidRequest, PayloadTooLarge, WarmlineError
from app.models import MAX_BATCH, InteractionDraft, Problem
from app.validation import interaction_draft, invalid_fields, invalid_request, path_of

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 96 * 1024 * 1024
THREAD_BYTES = 256 * 1024
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Sent:
    """The interactions of one request: each a draft, or the problem it has. `single` when it was one bare object."""

    rows: Sequence[InteractionDraft | Problem]
    single: bool


async def read_body(request: Request, *, limit: int = MAX_BODY_BYTES) -> bytes:
    """The raw body, at most `limit` bytes. Raises PayloadTooLarge without holding more than the limit in memory."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def parsed(model: type[Model], body: bytes) -> Model:
    """One JSON object as a record. Raises InvalidRequest naming line and column, or the path of each bad field."""
    try:
        return model.model_validate(_json(body))
    except ValidationError as failure:
        raise invalid_request(failure) from None


async def sent_interactions(body: bytes, content_type: str) -> Sent:
    """The interactions of a body: one object, `{"interactions": […]}` or NDJSON.

    Raises InvalidRequest when the body as a whole cannot be read, and PayloadTooLarge above 1,000 rows.
    """
    read = _lines if content_type.partition(";")[0].strip().lower() in NDJSON_TYPES else _object
    if len(body) < THREAD_BYTES:
        return read(body)
    return await asyncio.to_thread(read, body)


def _object(body: bytes) -> Sent:
    value = _json(body)
    if not isinstance(value, dict):
        raise InvalidRequest(
            'Send one interaction, {"interactions": [...]}, or one interaction a line as application/x-ndjson.'
        )
    fields = cast(dict[str, Any], value)
    if "interactions" not in fields:
        return Sent((interaction_draft(fields),), single=True)
    return Sent([_row(row, path_of(["interactions", index])) for index, row in enumerate(_batch(fields))], single=False)


def _batch(fields: dict[str, Any]) -> list[Any]:
    others = [name for name in fields if name != "interactions"]
    if others:
        raise invalid_fields([{"type": "extra_forbidden", "loc": (name,)} for name in others])
    rows = fields["interactions"]
    if not isinstance(rows, list):
        raise invalid_fields([{"type": "list_type", "loc": ("interactions",)}])
    found = cast(list[Any], rows)
    _check_count(len(found))
    return found


def _lines(body: bytes) -> Sent:
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), start=1) if line.strip()]
    _check_count(len(lines))
    return Sent([_line(index, number, line) for index, (number, line) in enumerate(lines)], single=False)


def _line(index: int, number: int, line: bytes) -> InteractionDraft | Problem:
    inside = path_of(["interactions", index])
    try:
        value = _json(line, first_line=number)
    except InvalidRequest as error:
        return problem_of(InvalidRequest(error.detail, [{"path": inside, "message": error.detail}]))
    return _row(value, inside)


def _row(value: object, inside: str) -> InteractionDraft | Problem:
    try:
        return interaction_draft(value, inside=inside)
    except WarmlineError as error:
        return problem_of(error)


def _json(body: bytes, *, first_line: int | None = None) -> object:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as failure:
        # The parser tells what it met and where, never the text itself.
        where = str(failure) if first_line is None else f"line {first_line} of the body: {failure}"
        detail = f"The body is not JSON: {where}." if body.strip() else "The body is empty; JSON was expected."
        raise InvalidRequest(detail, [{"path": "body", "message": detail}]) from None


def _check_count(count: int) -> None:
    if count > MAX_BATCH:
        raise PayloadTooLarge(
            f"{count:,} interactions in one request; at most {MAX_BATCH:,} are taken. Send them in parts."
        )


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {limit:,} bytes, the most that this path takes. Send it in parts.")
