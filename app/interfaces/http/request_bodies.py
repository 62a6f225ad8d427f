"""Reading a request's body: once, up to a limit, and into records whose faults are named by their path."""

import asyncio
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from fastapi import Request
from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import from_json

from app.connectors.recognition import rows_of_event
from app.conversations import fields_of
from app.errors import InvalidRequest, PayloadTooLarge, WarmlineError
from app.formats import cloud_events, vcon
from app.formats.options import ReadingOptions
from app.interfaces.http.problems import problem_of
from app.models import MAX_BATCH, InteractionDraft, Problem, RowWarning
from app.validation import (
    check_count_of_values,
    interaction_draft,
    invalid_fields,
    invalid_request,
    json_fault,
    path_of,
)

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 96 * 1024 * 1024
THREAD_BYTES = 256 * 1024
MOST_DIGITS = 18
# The longest text there may be, each character escaped, and the largest `data`, with room to spare.
MAX_ROW_BYTES = 4 * 1024 * 1024
# What is blank between the rows of NDJSON says nothing, and looking through it takes time all the same.
MOST_BLANK_BYTES = 4 * 1024 * 1024
NDJSON_TYPES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})

UNREAD_WORDS = RowWarning(
    field="data",
    code="unread_words",
    detail="Words stand in the data of this event that nobody reads: no brief will tell of them. Send what somebody "
    "said as an interaction, or in `text`, or name the platform in the event's type, such as chatwoot.message_created.",
)

_ROW = re.compile(rb"\S[^\n]*+")

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SubmittedInteractions:
    """The interactions of one request: each a draft, or the problem it has. `single` when it was one bare object.

    `ids` are what the rows of a batch called themselves, so that a refused one can be told by its name too. `warnings`
    are what reading them brought up, for each row; empty where nothing was.
    """

    rows: Sequence[InteractionDraft | Problem]
    single: bool
    ids: Sequence[str | None] = ()
    warnings: Sequence[Sequence[RowWarning]] = ()


_Named = tuple[InteractionDraft | Problem, str | None]


async def read_body(request: Request, *, limit: int = MAX_BODY_BYTES) -> bytes:
    """The raw body, at most `limit` bytes, and as NDJSON at most 1,000 rows with little that is blank between them.

    Raises PayloadTooLarge as soon as it is more than that, without reading on.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > MOST_DIGITS or int(announced) > limit):
        raise _too_large(limit)
    body = bytearray()
    rows = RowCount() if _media_type(request.headers.get("content-type", "")) in NDJSON_TYPES else None
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
        if rows is not None:
            rows.add(chunk)
    return bytes(body)


class RowCount:
    """Counts the rows of NDJSON, and what is blank around them, while it comes in pieces."""

    def __init__(self) -> None:
        self.rows = 0
        self._blank = 0
        self._is_inside = False

    def add(self, chunk: bytes) -> None:
        """Count the rows of one more piece. Raises PayloadTooLarge above 1,000, and for far too much with none in it.

        Its steps are the rows: lines without any are passed over in C, however many there are.
        """
        start = 0
        if self._is_inside:
            start = chunk.find(b"\n")
            if start < 0:
                return
        end = start
        for row in _ROW.finditer(chunk, start):
            self._blank += row.start() - end
            end = row.end()
            self.rows += 1
            if self.rows > MAX_BATCH:
                raise _too_many(f"More than {MAX_BATCH:,}")
        self._is_inside = start < end == len(chunk)
        self._blank += len(chunk) - end
        if self._blank > MOST_BLANK_BYTES:
            raise PayloadTooLarge(f"More than {MOST_BLANK_BYTES:,} bytes of blank lines. Leave them out.")


def parsed(model: type[Model], body: bytes) -> Model:
    """One JSON object as a record. Raises InvalidRequest naming line and column, or the path of each bad field."""
    try:
        return model.model_validate(_json(body))
    except ValidationError as failure:
        raise invalid_request(failure) from None


def parsed_fields(model: type[Model], fields: Mapping[str, Any]) -> Model:
    """The fields of a form as a record. Raises InvalidRequest naming each bad field."""
    try:
        return model.model_validate(fields)
    except ValidationError as failure:
        raise invalid_request(failure) from None


async def sent_interactions(body: bytes, content_type: str) -> SubmittedInteractions:
    """The interactions of a body: one object, `{"interactions": […]}` or NDJSON.

    Raises InvalidRequest when the body as a whole cannot be read, and PayloadTooLarge above 1,000 rows.
    """
    read = _lines if _media_type(content_type) in NDJSON_TYPES else _object
    return await _read(read, body)


async def sent_vcon(body: bytes, options: ReadingOptions) -> SubmittedInteractions:
    """The interactions of one vCon, with what has to be said of them.

    Raises InvalidRequest naming each defect by its path, or PayloadTooLarge.
    """
    return await _read(partial(_vcon, options), body)


async def sent_events(body: bytes, headers: Mapping[str, str]) -> SubmittedInteractions:
    """The interactions of CloudEvents, batched or one alone. Raises InvalidRequest or PayloadTooLarge."""
    return await _read(partial(_events, headers), body)


async def _read(read: Callable[[bytes], SubmittedInteractions], body: bytes) -> SubmittedInteractions:
    # What takes more than a few milliseconds to parse must not hold up everybody else's requests.
    if len(body) < THREAD_BYTES:
        return read(body)
    return await asyncio.to_thread(read, body)


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _vcon(options: ReadingOptions, body: bytes) -> SubmittedInteractions:
    read = vcon.read_vcon(_json(body), options)
    return SubmittedInteractions(read.drafts, single=False, warnings=read.warnings)


def _events(headers: Mapping[str, str], body: bytes) -> SubmittedInteractions:
    read = cloud_events.read_events(headers, body, _platforms_rows)
    single = len(read.rows) == 1 and not body.lstrip().startswith(b"[")
    warnings = [(UNREAD_WORDS,) if index in read.unread else () for index in range(len(read.rows))]
    return SubmittedInteractions(read.rows, single=single, warnings=warnings)


def _platforms_rows(
    event_type: str, event: Mapping[str, JsonValue], data: JsonValue
) -> Sequence[InteractionDraft | Problem] | None:
    read = rows_of_event(event_type, event, data)
    return None if read is None else read.drafts


def _object(body: bytes) -> SubmittedInteractions:
    value = _json(body)
    if not isinstance(value, dict):
        raise InvalidRequest(
            'Send one interaction, {"interactions": [...]}, or one interaction a line as application/x-ndjson.'
        )
    fields = cast(dict[str, Any], value)
    if "interactions" not in fields:
        return SubmittedInteractions((interaction_draft(fields),), single=True)
    return _several(_row(row, path_of(["interactions", index])) for index, row in enumerate(_batch(fields)))


def _batch(fields: dict[str, Any]) -> list[Any]:
    others = [name for name in fields if name != "interactions"]
    if others:
        raise invalid_fields([{"type": "extra_forbidden", "loc": (name,)} for name in others])
    rows = fields["interactions"]
    if not isinstance(rows, list):
        raise invalid_fields([{"type": "list_type", "loc": ("interactions",)}])
    batch = cast(list[Any], rows)
    _check_count(len(batch))
    return batch


def _lines(body: bytes) -> SubmittedInteractions:
    count = sum(1 for _ in _rows(body))
    if not count:
        detail = "The body holds no interaction: send one JSON object a line."
        raise InvalidRequest(detail, [{"path": "body", "message": detail}])
    _check_count(count)
    return _several(_line(index, number, line) for index, (number, line) in enumerate(_rows(body)))


def _rows(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines with anything in them, each with its number from 1. Blank ones, however many, cost next to nothing."""
    number, end = 1, 0
    for row in _ROW.finditer(body):
        number += body.count(b"\n", end, row.start())
        end = row.end()
        yield number, body[max(body.rfind(b"\n", 0, row.start()) + 1, 0) : end]


def _several(rows: Iterable[_Named]) -> SubmittedInteractions:
    named_rows = list(rows)
    return SubmittedInteractions([row for row, _ in named_rows], single=False, ids=[name for _, name in named_rows])


def _line(index: int, number: int, line: bytes) -> _Named:
    inside = path_of(["interactions", index])
    if len(line) > MAX_ROW_BYTES:
        detail = f"{inside}: line {number} has {len(line):,} bytes; at most {MAX_ROW_BYTES:,} are taken."
        return problem_of(PayloadTooLarge(detail)), None
    try:
        value = _json(line, first_line=number)
    except InvalidRequest as error:
        return problem_of(InvalidRequest(error.detail, [{"path": inside, "message": error.detail}])), None
    return _row(value, inside)


def _row(value: object, inside: str) -> _Named:
    name = fields_of(value).get("id")
    try:
        return interaction_draft(value, inside=inside), None
    except WarmlineError as error:
        return problem_of(error), name if isinstance(name, str) else None


def _json(body: bytes, *, first_line: int = 1) -> object:
    check_count_of_values(body)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as failure:
        fault = json_fault(failure, first_line=first_line)
        detail = f"The body is not JSON: {fault}." if body.strip() else "The body is empty; JSON was expected."
        raise InvalidRequest(detail, [{"path": "body", "message": detail}]) from None


def _check_count(count: int) -> None:
    if count > MAX_BATCH:
        raise _too_many(f"{count:,}")


def _too_many(count: str) -> PayloadTooLarge:
    return PayloadTooLarge(f"{count} interactions in one request; at most {MAX_BATCH:,} are taken. Send them in parts.")


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {limit:,} bytes, the most that this path takes. Send it in parts.")
