"""What the modules of platforms share: reading their JSON, and making rows that always fit the ledger."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, cast

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json, to_json

from app.connectors.base import WebhookRequest
from app.errors import InvalidRequest
from app.models import MAX_DATA_BYTES, Actor, Channel, Identifier, InteractionDraft, Kind, Participant, Problem
from app.validation import check_count_of_values, json_fault

Fields = Mapping[str, Any]

_LONGEST_NAME = 256
_LONGEST_TEXT = 200_000
_LONGEST_ID = 256
_LONGEST_VALUE = 512
# Times before and after these are taken for nonsense, and the moment of arrival stands instead.
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)
# Seconds since 1970 have ten digits for two centuries; what has more counts milliseconds or microseconds.
_SECONDS_BELOW = 1e11
_MILLISECONDS_BELOW = 1e14


def json_object(request: WebhookRequest) -> Fields:
    """The body as a JSON object. Raises InvalidRequest."""
    content = json_value(request.body)
    if not isinstance(content, dict):
        raise _not_fitting("This is no JSON object.")
    return cast(Fields, content)


def json_value(body: bytes) -> object:
    """The body as JSON. Raises InvalidRequest, or PayloadTooLarge for one with far too many values."""
    check_count_of_values(body)
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as failure:
        raise _not_fitting(f"The body is not JSON: {json_fault(failure)}.") from None


def fields(value: object) -> Fields:
    """A JSON object, or an empty one in place of anything else."""
    return cast(Fields, value) if isinstance(value, Mapping) else {}


def entries(value: object) -> Sequence[Fields]:
    """The JSON objects of a list; none where it is no list."""
    listed = cast(Sequence[object], value) if isinstance(value, list) else ()
    return [cast(Fields, entry) for entry in listed if isinstance(entry, Mapping)]


def words(value: object) -> str:
    """A text without what no store keeps; empty in place of anything else."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else ""


def key(value: object) -> str | None:
    """A platform's id, which is a number or a text, as a text; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return words(str(value)).strip() or None


def moment(value: object) -> datetime | None:
    """A time as platforms write it: seconds, milliseconds or microseconds since 1970, as a number or in quotes, or in
    words of ISO 8601, with UTC where no offset is given. None for anything else.
    """
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            return _within(_of_number(float(value)))
        text = words(value).strip().removesuffix(" UTC")
        if not text:
            return None
        if text.replace(".", "", 1).isdecimal() and text.isascii():
            return _within(_of_number(float(text)))
        read = datetime.fromisoformat(text)
        return _within(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError, OSError):
        return None


def participant(name: object, an_id: object = None) -> Participant | None:
    """Who acted, as the platform shows it; None where it shows neither name nor id."""
    shown, number = words(name).strip()[:_LONGEST_NAME] or None, key(an_id)
    if shown is None and number is None:
        return None
    return Participant(name=shown, id=number[:_LONGEST_NAME] if number else None)


def identifier(kind: str, value: object, *, method: str | None = None) -> Identifier | None:
    """An identifier, verified where a method says by what; None for a value that is empty or far too long."""
    text = key(value)
    if text is None or len(text) > _LONGEST_VALUE:
        return None
    return Identifier(type=kind, value=text, verified=method is not None, method=method)


def joined(*parts: str | None) -> str:
    """An id of the parts that there are, parted by colons; its SHA-256 stands for one that would be too long."""
    whole = ":".join(part for part in parts if part)
    if len(whole) <= _LONGEST_ID:
        return whole
    return f"{parts[0]}:{sha256(whole.encode(errors='replace')).hexdigest()}"


def digest(value: object) -> str:
    """A short name for a content: the same content has the same."""
    return sha256(value if isinstance(value, bytes) else to_json(value)).hexdigest()[:16]


def without(value: Fields, *names: str) -> dict[str, JsonValue]:
    """The fields of an object but for some, and but for those that say nothing."""
    return {name: entry for name, entry in value.items() if name not in names and entry not in (None, "", [], {})}


def event(platform: str, name: str, body: Fields, **more: Any) -> InteractionDraft:
    """Something that happened on a platform, with its body as data, told by nobody's words."""
    shown = name[:_LONGEST_NAME] or "event"
    made: dict[str, Any] = {
        "id": joined(platform, shown, digest(body)),
        "channel": Channel.OTHER,
        "actor": Actor.SYSTEM,
        "kind": Kind.EVENT,
        "name": shown,
        "data": fitting_data(body),
    }
    return InteractionDraft(**(made | more))


def draft(**given: Any) -> InteractionDraft | Problem:
    """A row whose texts and data are cut to what the ledger takes; a Problem where it still does not fit."""
    whole = words(given.get("text"))
    if len(whole) > _LONGEST_TEXT:
        given["text"] = whole[:_LONGEST_TEXT]
        given["data"] = {**given.get("data", {}), "text_cut": len(whole)}
    if given.get("data"):
        given["data"] = fitting_data(given["data"])
    try:
        return InteractionDraft(**given)
    except ValidationError as failure:
        places = ", ".join(sorted({str(error["loc"][0]) for error in failure.errors() if error["loc"]}))
        return Problem(
            title=InvalidRequest.title, status=422, code=InvalidRequest.code, detail=f"This row does not fit: {places}."
        )


def fitting_data(data: Fields) -> Fields:
    """The same data, or as much of it as fits into a row: the largest parts are left out first, and named."""
    if len(to_json(data)) <= MAX_DATA_BYTES:
        return data
    sizes = {name: len(to_json(value)) for name, value in data.items()}
    left, total = dict(data), sum(sizes.values()) + sum(len(name) + 4 for name in sizes)
    omitted: list[str] = []
    for name in sorted(sizes, key=lambda part: -sizes[part]):
        if total + 100 * (len(omitted) + 1) <= MAX_DATA_BYTES:
            break
        del left[name]
        omitted.append(name[:80])
        total -= sizes[name]
    return {**left, "omitted": omitted[:50]}


def _of_number(number: float) -> datetime:
    divisor = 1 if number < _SECONDS_BELOW else 1e3 if number < _MILLISECONDS_BELOW else 1e6
    return datetime.fromtimestamp(number / divisor, UTC)


def _within(read: datetime) -> datetime | None:
    return read if _EARLIEST <= read < _LATEST else None


def _not_fitting(message: str) -> InvalidRequest:
    return InvalidRequest(message, [{"path": "body", "message": message}])
