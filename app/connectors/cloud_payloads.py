"""What the connectors of contact-centre clouds share: reading JSON of two spellings, times, ids and rows that fit.

One cloud writes the same field as `contactId` in one stream and `ContactId` in the next, so a field is asked for by its
name in camel case and found with either first letter.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import orjson
from pydantic import ValidationError

from app.errors import InvalidRequest
from app.models import MAX_DATA_BYTES, Actor, Identifier, InteractionDraft, Kind, Participant, Problem
from app.validation import check_count_of_values

Json = Mapping[str, Any]

_LONGEST_ID = 256
# What is kept of a body that is larger than `data` may be: its beginning, as text.
_EXCERPT_BYTES = 24 * 1024
# Clouds write 1970 where they know no time, and their history does not reach further back than this.
_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{5,24}")
_DIGITS = re.compile(r"[0-9]{9,17}(?:\.[0-9]{1,9})?")
_ZONE = re.compile(r"(?:[zZ]|[+-][0-9]{2}:?[0-9]{2})$")
_MILLISECONDS_FROM = 100_000_000_000


def json_of(body: bytes | str, expected: str) -> object:
    """A body as JSON. Raises InvalidRequest, which says what was expected instead."""
    check_count_of_values(body if isinstance(body, bytes) else body.encode())
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as failure:
        raise InvalidRequest(f"This is not JSON ({failure}). {expected}") from None


def nested_json(value: object) -> object:
    """What stands in a field that may hold JSON as text; anything else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def is_object(value: object) -> bool:
    """Whether a JSON value is an object."""
    return isinstance(value, Mapping)


def as_object(value: object) -> Json:
    """A JSON object; an empty one for anything else."""
    return cast(Json, value) if isinstance(value, Mapping) else {}


def as_objects(value: object) -> Sequence[Json]:
    """The objects of a JSON array; none for anything else."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [as_object(item) for item in items if is_object(item)]


def field(payload: Json, *names: str) -> Any:
    """The first of these fields that is there and not null, with either first letter."""
    for name in names:
        for spelling in (name, name[:1].upper() + name[1:]):
            if payload.get(spelling) is not None:
                return payload[spelling]
    return None


def text_field(payload: Json, *names: str) -> str:
    """The first of these fields that is a text with a word in it, or a whole number; empty without one."""
    for name in names:
        value = field(payload, name)
        if isinstance(value, str) and (text := value.replace("\0", "").strip()):
            return text
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def number_field(payload: Json, *names: str) -> float | None:
    """The first of these fields that is a number."""
    for name in names:
        value = field(payload, name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def moment_of(value: object) -> datetime | None:
    """A time as clouds write it: RFC 3339, UTC where no offset stands, or seconds or milliseconds since 1970."""
    at: datetime | None = None
    if isinstance(value, str) and not _DIGITS.fullmatch(value.strip()):
        text = value.strip()
        try:
            at = datetime.fromisoformat(text if _ZONE.search(text) else f"{text}+00:00")
        except ValueError:
            return None
    elif isinstance(value, int | float | str) and not isinstance(value, bool):
        number = float(value)
        at = _since_1970(number / 1000 if abs(number) >= _MILLISECONDS_FROM else number)
    return at if at is not None and _EARLIEST <= at < _LATEST else None


def _since_1970(seconds: float) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def moment_field(payload: Json, *names: str) -> datetime | None:
    """The first of these fields that is a time."""
    return next((at for name in names if (at := moment_of(field(payload, name))) is not None), None)


def later(start: datetime | None, milliseconds: float | None) -> datetime | None:
    """A moment so long after a start; None where either is not known."""
    if start is None or milliseconds is None:
        return None
    try:
        at = start + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError):
        return None
    return at if _EARLIEST <= at < _LATEST else None


def digest(value: object) -> str:
    """A short name for content, the same for the same content."""
    return sha256(json.dumps(value, sort_keys=True, default=str).encode(errors="replace")).hexdigest()[:16]


def row_id(platform: str, *parts: str) -> str:
    """The id of a row or conversation: the platform and its own ids; the end of what is too long becomes a digest."""
    whole = ":".join((platform, *(part for part in parts if part))).replace("\0", "")
    return whole if len(whole) <= _LONGEST_ID else f"{whole[: _LONGEST_ID - 17]}:{digest(whole)}"


def bounded(payload: Json) -> Json:
    """A body as the data of a row: whole where it fits, else its beginning as text."""
    written = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=str).encode(errors="replace")
    if len(written) <= MAX_DATA_BYTES:
        return payload
    return {"cut": True, "bytes": len(written), "beginning": written[:_EXCERPT_BYTES].decode(errors="ignore")}


def filled(**facts: Any) -> Json:
    """These facts without those that say nothing."""
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}


def named(name: str, own_id: str) -> Participant | None:
    """Who acted; None where neither a name nor an id was sent."""
    return Participant(name=name[:256] or None, id=own_id[:256] or None) if name or own_id else None


def phone_of(address: str) -> str:
    """The number in `+1…`, `tel:+1…` or `sip:+1…@host`; empty where the address is none that can be called."""
    scheme, colon, rest = address.strip().partition(":")
    number = rest if colon and scheme.lower() in ("tel", "sip", "sips", "callto") else address.strip()
    number = number.partition("@")[0].partition(";")[0].strip()
    return number if _PHONE.fullmatch(number) else ""


def phone(address: str, *, verified: bool, at: datetime | None) -> Sequence[Identifier]:
    """A caller's number as an identifier: `verified` where the carrier brought it; none where it was withheld."""
    number = phone_of(address)
    if not number:
        return ()
    method = "caller_id" if verified else None
    verified_at = at if verified else None
    return (Identifier(type="phone", value=number, verified=verified, verified_at=verified_at, method=method),)


def row(**fields: Any) -> InteractionDraft | Problem:
    """A draft, or why it is none: a row that does not fit must not lose the others."""
    try:
        return InteractionDraft.model_validate({**fields, "data": bounded(as_object(fields.get("data")))})
    except ValidationError as failure:
        return _problem(failure)


def _problem(failure: ValidationError) -> Problem:
    faults = [
        {"path": ".".join(map(str, fault["loc"])), "message": fault["msg"]}
        for fault in failure.errors(include_url=False, include_context=False, include_input=False)
    ]
    if any(fault["type"] == "string_too_long" and fault["loc"] == ("text",) for fault in failure.errors()):
        title, status, code = "The request is too large", 413, "payload_too_large"
    else:
        title, status, code = "The request does not fit the contract", 422, "invalid_request"
    return Problem(
        title=title,
        status=status,
        code=code,
        detail="; ".join(f"{fault['path']}: {fault['message']}" for fault in faults),
        errors=tuple(faults),
    )


def unknown_event(platform: str, conversation: str, kind: str, body: Json, **fields: Any) -> InteractionDraft | Problem:
    """An event of a type that the connector does not know, with its body as data."""
    return row(
        id=row_id(platform, conversation, kind, digest(body)),
        actor=Actor.SYSTEM,
        kind=Kind.EVENT,
        conversation_id=row_id(platform, conversation or digest(body)),
        name=(kind or "unknown")[:_LONGEST_ID],
        data=body,
        **fields,
    )


def told_apart(rows: Iterable[InteractionDraft | Problem]) -> Sequence[InteractionDraft | Problem]:
    """The rows of one body without those said twice; what has another's id and says something else gets its own.

    Of partial rows with one id the last stays, and none beside the whole one.
    """
    rows = list(rows)
    whole = {draft.id for draft in rows if isinstance(draft, InteractionDraft) and not draft.partial}
    drafts: dict[str, InteractionDraft | Problem] = {}
    for place_in_body, draft in enumerate(rows):
        if not isinstance(draft, InteractionDraft) or draft.id is None:
            drafts[f"#{place_in_body}"] = draft
        elif draft.partial:
            if draft.id not in whole:
                drafts[draft.id] = draft
        elif draft.id in drafts and draft != drafts[draft.id]:
            own_id = row_id(draft.id, digest(draft.model_dump(mode="json")))
            drafts[own_id] = draft.model_copy(update={"id": own_id})
        else:
            drafts[draft.id] = draft
    return list(drafts.values())
