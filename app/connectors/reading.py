"""What a platform sends, read without trust: JSON of any shape, and times in every form that platforms write."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any, NoReturn, cast

from pydantic_core import to_json

from app.errors import InvalidRequest
from app.models import MAX_DATA_BYTES
from app.validation import check_count_of_values

Payload = Mapping[str, Any]

_EMPTY: Payload = {}
_DEEPEST = 100
_EARLIEST, _LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Later than this a number of seconds would be after the year 5000, so it counts milliseconds.
_MILLISECONDS_FROM = 100_000_000_000
_LONGEST_TIME = 64
_CUTS = (4_000, 1_000, 200)


def json_body(body: bytes, expected: str) -> Any:
    """The JSON of a request's body. Raises InvalidRequest that says what was `expected` of the platform.

    Raises PayloadTooLarge for one with far too many values.
    """
    check_count_of_values(body)
    try:
        return _storable(json.loads(body, parse_constant=_refused), 0)
    except (ValueError, RecursionError) as failure:
        # Of a decoding error the reason alone: the whole of it quotes the body.
        reason = getattr(failure, "msg", None) or getattr(failure, "reason", None) or "it is nested too deeply"
        raise InvalidRequest(f"body: Expected {expected} as JSON in UTF-8, but {reason}.") from None


def json_text(text: str) -> Any:
    """The JSON inside a text, such as a field of a form; None where it is none."""
    try:
        return _storable(json.loads(text, parse_constant=_refused), 0)
    except (ValueError, RecursionError):
        return None


def child(value: Any, *path: str) -> Payload:
    """The object at a path of names; an empty one where there is none."""
    at = _at(value, path)
    return cast(Payload, at) if isinstance(at, Mapping) else _EMPTY


def children(value: Any, *path: str) -> Sequence[Payload]:
    """The objects of the list at a path of names."""
    at = _at(value, path)
    items = cast(Sequence[Any], at) if isinstance(at, list) else ()
    return [cast(Payload, item) for item in items if isinstance(item, Mapping)]


def word(value: Any, *path: str) -> str:
    """The text or number at a path of names, without blanks around it; empty where there is neither."""
    at = _at(value, path)
    return str(at).strip() if isinstance(at, str | int | float) and not isinstance(at, bool) else ""


def first_word(value: Any, *names: str) -> str:
    """The first of several members that says something."""
    return next((text for name in names if (text := word(value, name))), "")


def flag(value: Any, *path: str) -> bool | None:
    """The truth value at a path of names, also where it is written as a word; None where there is none."""
    at = _at(value, path)
    if isinstance(at, str):
        return {"true": True, "false": False}.get(at.strip().lower())
    return at if isinstance(at, bool) else None


def moment(*values: Any) -> datetime | None:
    """The first of several values that is a time: ISO 8601, RFC 2822, or seconds or milliseconds since 1970.

    A time without a zone is in UTC, as these platforms write it.
    """
    return next((at for value in values if (at := _moment(value)) is not None), None)


def fitted(data: Payload) -> dict[str, Any]:
    """Data that fits the ledger: long texts are cut first, then the largest members are left out."""
    if _fits(data):
        return dict(data)
    for longest in _CUTS:
        shortened = cast(Payload, _shortened(data, longest))
        if _fits(shortened):
            return dict(shortened)
    fitting: dict[str, Any] = {"cut": True}
    shortened = cast(Payload, _shortened(data, _CUTS[-1]))
    for name in sorted(shortened, key=lambda name: len(to_json(shortened[name]))):
        if not _fits({**fitting, name: shortened[name]}):
            break
        fitting[name] = shortened[name]
    return fitting


def filled(**members: Any) -> dict[str, Any]:
    """The members that say something, without the empty ones."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {}, ())}


def digest(*values: Any) -> str:
    """A short name of values, the same for the same values, that tells nothing of them."""
    return sha256(json.dumps(values, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()[:32]


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = cast(Payload, value).get(name)
    return value


def _storable(value: Any, depth: int) -> Any:
    """The value without signs that no store takes: NUL, and halves of a pair."""
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        members = cast(dict[str, Any], value)
        return {_storable(name, depth): _storable(member, depth + 1) for name, member in members.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in cast(list[Any], value)]
    return value


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no value of JSON")


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or value is None:
        return None
    text = str(value).strip()
    if not text or len(text) > _LONGEST_TIME:
        return None
    at = _from_number(text) or _from_iso(text) or _from_mail(text)
    if at is None:
        return None
    try:
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return at if _EARLIEST <= at < _LATEST else None


def _from_number(text: str) -> datetime | None:
    try:
        number = float(text)
        seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
        return _EPOCH + timedelta(seconds=seconds) if seconds > 0 else None
    except (OverflowError, ValueError):
        return None


def _from_iso(text: str) -> datetime | None:
    # Nanoseconds, as Go's and Java's clocks write them, are more than a datetime holds; it cuts them itself.
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_mail(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None


def _fits(data: Payload) -> bool:
    return len(to_json(data)) <= MAX_DATA_BYTES


def _shortened(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[:longest]}…"
    if isinstance(value, Mapping):
        return {name: _shortened(member, longest) for name, member in cast(Payload, value).items()}
    if isinstance(value, list):
        return [_shortened(item, longest) for item in cast(list[Any], value)]
    return value
