"""CloudEvents 1.0 into interactions: structured (`application/cloudevents+json`), batched and binary (`ce-` headers).

An event whose data is an interaction of this service becomes that interaction. Any other becomes an event of its own
name, on the channel and by the actor that its data names, so that any system's events can be filed as they are.
"""

import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import unquote

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import from_json

from app.errors import InvalidRequest, PayloadTooLarge, WarmlineError
from app.formats.timestamps import Moment
from app.models import MAX_BATCH, Actor, Channel, InteractionDraft, Kind, Outcome, Participant, Problem
from app.validation import (
    check_count_of_values,
    check_size_of_data,
    interaction_draft,
    invalid_fields,
    invalid_request,
    json_fault,
    path_of,
)

BATCHED = "application/cloudevents-batch+json"
STRUCTURED = "application/cloudevents+json"
PLAIN = "application/json"
# An event whose type begins so, or whose dataschema names it, has an interaction as its data.
INTERACTION = "warmline.interaction"

_HEADER = "ce-"
_REQUIRED = ("specversion", "id", "source", "type")
_INTERACTION_FIELDS = frozenset({"channel", "actor", "kind"})
_MOST_CHARACTERS = 256
_FEWEST_WORDS = 3
_STATUS = {InvalidRequest.code: 422, PayloadTooLarge.code: 413}
_TIME: TypeAdapter[datetime] = TypeAdapter(Moment)

Member = TypeVar("Member", bound=StrEnum)
# A row of an event, and whether there are words in its data that nobody reads.
_EventRow = tuple[InteractionDraft | Problem, bool]


class _Event(NamedTuple):
    """A valid event. `inside` is the path of its place in the request, `prefix` begins the names of its attributes."""

    attributes: Mapping[str, Any]
    time: datetime | None
    data: JsonValue | bytes
    inside: str
    prefix: str


class ReadEvents(NamedTuple):
    """The rows of a request's events, and which of them hold words that nobody reads."""

    rows: Sequence[InteractionDraft | Problem]
    unread: Collection[int]


# The rows of an event (its type, its attributes with its data, and its data) that a platform sent; None for others.
PlatformReader = Callable[[str, Mapping[str, JsonValue], JsonValue], Sequence[InteractionDraft | Problem] | None]


def interactions_of_events(headers: Mapping[str, str], body: bytes) -> list[InteractionDraft | Problem]:
    """The rows of `read_events` where no platform's events are known."""
    return list(read_events(headers, body).rows)


def read_events(headers: Mapping[str, str], body: bytes, platform: PlatformReader | None = None) -> ReadEvents:
    """The interactions of the events of a request, in their order; the names of `headers` in any case.

    The caller's id is `{source}#{id}` (its SHA-256 where that is over 256 characters), so the same event again makes
    no second row. In a batch, a bad event becomes a Problem in its place. Raises InvalidRequest when the request as a
    whole, or the only event of it, cannot be read, and PayloadTooLarge for over 1,000 events or data over 64 KiB.
    """
    named = {name.lower(): value for name, value in headers.items()}
    media = _media_type(named.get("content-type", ""))
    is_binary = any(name.startswith(_HEADER) for name in named)
    if media == BATCHED or (media == PLAIN and not is_binary and body.lstrip().startswith(b"[")):
        return _gathered([_batched(event, index, platform) for index, event in enumerate(_batch(body))])
    if media == STRUCTURED:
        return _gathered([_rows(_structured(_json(body, "body"), inside=""), platform)])
    if is_binary:
        return _gathered([_rows(_binary(named, body), platform)])
    message = (
        f"This is no CloudEvent. Set Content-Type to {STRUCTURED} or {BATCHED}, "
        "or send the attributes of the event as ce- headers"
    )
    raise invalid_fields([_defect("Content-Type", message)])


def _gathered(events: Sequence[Sequence[_EventRow]]) -> ReadEvents:
    rows = [row for event in events for row in event]
    return ReadEvents([row for row, _ in rows], {index for index, (_, unread) in enumerate(rows) if unread})


def _batch(body: bytes) -> Sequence[JsonValue]:
    events = _json(body, "body")
    if not isinstance(events, list):
        raise invalid_fields([{"type": "list_type", "loc": ()}])
    if len(events) > MAX_BATCH:
        raise PayloadTooLarge(
            f"{len(events):,} events in one batch; at most {MAX_BATCH:,} are taken. Send them in parts."
        )
    return events


def _batched(event: JsonValue, index: int, platform: PlatformReader | None) -> Sequence[_EventRow]:
    try:
        return _rows(_structured(event, inside=path_of([index])), platform)
    except WarmlineError as error:
        errors = error.errors if isinstance(error, InvalidRequest) else ()
        code = error.reported_code
        problem = Problem(title=error.title, status=_STATUS[code], code=code, detail=error.detail, errors=errors)
        return [(problem, False)]


def _structured(event: JsonValue, *, inside: str) -> _Event:
    if not isinstance(event, dict):
        raise invalid_fields([{"type": "model_type", "loc": ()}], inside=inside)
    # In this format an attribute of value null is one that is not set.
    stated = {name: value for name, value in event.items() if value is not None}
    data, packed = stated.pop("data", None), stated.pop("data_base64", None)
    if packed is not None and data is not None:
        message = "An event has data or data_base64, not both. Leave one of them out"
        raise invalid_fields([_defect("data_base64", message)], inside=inside)
    attributes, time = _checked(stated, inside=inside, prefix="")
    if packed is None:
        return _Event(attributes, time, data, inside, "")
    read = _read(_unpacked(packed, inside), attributes.get("datacontenttype", ""), "data_base64", inside)
    return _Event(attributes, time, read, inside, "")


def _binary(headers: Mapping[str, str], body: bytes) -> _Event:
    stated = {
        # Percent signs stand for what a header cannot hold.
        name.removeprefix(_HEADER): unquote(value)
        for name, value in headers.items()
        if name.startswith(_HEADER)
    }
    attributes, time = _checked(stated, inside="", prefix=_HEADER)
    return _Event(attributes, time, _read(body, headers.get("content-type", ""), "body", ""), "", _HEADER)


def _checked(stated: Mapping[str, Any], *, inside: str, prefix: str) -> tuple[Mapping[str, Any], datetime | None]:
    """The attributes of an event when they are valid, and its time. Raises InvalidRequest naming each that is not."""
    from cloudevents.core.exceptions import CloudEventValidationError
    from cloudevents.core.v1.event import CloudEvent

    # The library would make up an id, a time and a version where there is none.
    missing = [{"type": "missing", "loc": (prefix + name,)} for name in _REQUIRED if name not in stated]
    if missing:
        raise invalid_fields(missing, inside=inside)
    attributes: dict[str, Any] = dict(stated)
    time = None
    if "time" in stated:
        try:
            time = attributes["time"] = _TIME.validate_python(stated["time"])
        except ValidationError as failure:
            raise invalid_request(failure, inside=path_of([prefix + "time"], inside=inside)) from None
    try:
        CloudEvent(attributes)
    except CloudEventValidationError as failure:
        defects = [_defect(prefix + name, _complaint(name, errors)) for name, errors in failure.errors.items()]
        raise invalid_fields(defects, inside=inside) from None
    return attributes, time


def _complaint(name: str, errors: Sequence[Exception]) -> str:
    if name == "specversion":
        return "Only version 1.0 is taken. Send the event in it, with specversion 1.0"
    if name not in {*_REQUIRED, "datacontenttype", "dataschema", "subject"}:
        return "The names of attributes consist of lower-case letters and digits. Rename it, or put it into data"
    if any(isinstance(error, TypeError) for error in errors):
        return "Give a text in quotes"
    return "This must not be empty"


def _rows(event: _Event, platform: PlatformReader | None) -> Sequence[_EventRow]:
    fields = event.data if isinstance(event.data, dict) else {}
    envelope: dict[str, Any] = {
        "id": _caller_id(event),
        "conversation_id": fields.get("conversation_id") or _conversation(event),
    }
    if event.time is not None:
        envelope["occurred_at"] = event.time
    kind, schema = event.attributes["type"], event.attributes.get("dataschema", "")
    if kind.startswith(INTERACTION) or INTERACTION in schema or fields.keys() >= _INTERACTION_FIELDS:
        value = {**fields, **envelope} if isinstance(event.data, dict) else event.data
        return [(interaction_draft(value, inside=path_of(["data"], inside=event.inside)), False)]
    if platform is not None and fields:
        attributes: dict[str, JsonValue] = {name: str(value) for name, value in event.attributes.items()}
        rows = platform(kind, {**attributes, "data": fields}, fields)
        if rows is not None:
            return [(_enveloped(row, event), False) for row in rows]
    draft = _of_another_system(event, fields, envelope)
    return [(draft, not draft.text and _has_words(draft.data))]


def _enveloped(row: InteractionDraft | Problem, event: _Event) -> InteractionDraft | Problem:
    """A platform's row in the conversation that the event is about, where it names one, and at its time."""
    if isinstance(row, Problem):
        return row
    more = {
        "conversation_id": _conversation(event) or row.conversation_id,
        "occurred_at": row.occurred_at or event.time,
    }
    return row.model_copy(update=more)


def _has_words(value: object) -> bool:
    """Whether somewhere in a JSON value a sentence stands, and no mere name or address."""
    if isinstance(value, str):
        return sum(any(sign.isalpha() for sign in word) for word in value.split()) >= _FEWEST_WORDS
    if isinstance(value, Mapping):
        return any(_has_words(part) for part in cast(Mapping[str, object], value).values())
    return isinstance(value, list) and any(_has_words(part) for part in cast(Sequence[object], value))


def _of_another_system(event: _Event, fields: Mapping[str, JsonValue], envelope: Mapping[str, Any]) -> InteractionDraft:
    if len(event.attributes["type"]) > _MOST_CHARACTERS:
        raise invalid_fields(
            [_defect(event.prefix + "type", f"At most {_MOST_CHARACTERS} characters")], inside=event.inside
        )
    value = {
        **envelope,
        "channel": _member(Channel, fields.get("channel")) or Channel.OTHER,
        "actor": _member(Actor, fields.get("actor")) or Actor.SYSTEM,
        "kind": Kind.EVENT,
        "participant": _participant(fields.get("participant")),
        "identifiers": fields.get("identifiers") or (),
        "text": event.data if isinstance(event.data, str) else _text(fields.get("text")),
        "name": event.attributes["type"],
        "outcome": _member(Outcome, fields.get("outcome")),
        "data": _as_mapping(event.data),
    }
    try:
        draft = InteractionDraft.model_validate(value)
    except ValidationError as failure:
        raise invalid_request(failure, inside=path_of(["data"], inside=event.inside)) from None
    check_size_of_data(draft, inside=event.inside)
    return draft


def _caller_id(event: _Event) -> str:
    caller_id = f"{event.attributes['source']}#{event.attributes['id']}"
    if len(caller_id) <= _MOST_CHARACTERS:
        return caller_id
    return sha256(caller_id.encode(errors="replace")).hexdigest()


def _conversation(event: _Event) -> str | None:
    subject = event.attributes.get("subject")
    if subject is not None and len(subject) > _MOST_CHARACTERS:
        # What is that long names a place, not a conversation.
        return None
    return subject


def _as_mapping(data: JsonValue | bytes) -> Mapping[str, JsonValue]:
    if isinstance(data, bytes):
        return {"bytes": len(data)}
    if isinstance(data, dict):
        return data
    return {} if data is None or isinstance(data, str) else {"value": data}


def _member(kind: type[Member], value: JsonValue) -> Member | None:
    return next((member for member in kind if member.value == value), None)


def _participant(value: JsonValue) -> Participant | None:
    # Another system's field of this name may be anything, and then stays what it is in the data.
    try:
        return Participant.model_validate(value)
    except ValidationError:
        return None


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _read(raw: bytes, content_type: str, name: str, inside: str) -> JsonValue | bytes:
    """The data of an event as its content type says: JSON, a text, or bytes of something else."""
    media = _media_type(content_type)
    if not raw:
        return None
    if not media or media.endswith(("/json", "+json")):
        return _json(raw, path_of([name], inside=inside))
    try:
        return raw.decode() if media.startswith("text/") else raw
    except UnicodeDecodeError:
        raise invalid_fields([_defect(name, "This is not a text in UTF-8")], inside=inside) from None


def _unpacked(packed: JsonValue, inside: str) -> bytes:
    try:
        return binascii.a2b_base64(packed if isinstance(packed, str) else "-", strict_mode=True)
    except ValueError:
        raise invalid_fields([_defect("data_base64", "This is not base64")], inside=inside) from None


def _json(raw: bytes, path: str) -> JsonValue:
    check_count_of_values(raw)
    try:
        return from_json(raw, allow_inf_nan=False)
    except ValueError as failure:
        raise invalid_fields([_defect(path, f"This is not JSON: {json_fault(failure)}")]) from None


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _defect(name: str, message: str) -> Mapping[str, Any]:
    """A defect of an attribute; the message says how to mend it and ends without a full stop."""
    return {"type": "cloud_event", "loc": (name,), "msg": message}
