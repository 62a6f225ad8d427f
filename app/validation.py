"""What pydantic finds wrong, in plain words: each field by its path, and how to mend it. Every door says it so."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from app.errors import InvalidRequest, PayloadTooLarge
from app.models import MAX_DATA_BYTES, InteractionDraft

MOST_ERRORS = 20


def interaction_draft(value: object, *, inside: str = "", whole: str = "body") -> InteractionDraft:
    """A JSON value as an interaction. Raises InvalidRequest, or PayloadTooLarge when its `data` is over 64 KiB."""
    try:
        draft = InteractionDraft.model_validate(value)
    except ValidationError as failure:
        raise invalid_request(failure, inside=inside, whole=whole) from None
    check_size_of_data(draft, inside=inside)
    return draft


def check_size_of_data(draft: InteractionDraft, *, inside: str = "") -> None:
    """Raises PayloadTooLarge when the `data` of an interaction is over 64 KiB of JSON."""
    size = len(to_json(draft.data)) if draft.data else 0
    if size > MAX_DATA_BYTES:
        path = path_of(["data"], inside=inside)
        raise PayloadTooLarge(f"{path}: {size:,} bytes of JSON; at most {MAX_DATA_BYTES:,} are taken.")


def invalid_request(failure: ValidationError, *, inside: str = "", whole: str = "body") -> InvalidRequest:
    """Pydantic's errors as one refusal that names each field by its path, below `inside`, and says how to mend it."""
    return invalid_fields(failure.errors(include_url=False, include_input=False), inside=inside, whole=whole)


def invalid_fields(errors: Sequence[Mapping[str, Any]], *, inside: str = "", whole: str = "body") -> InvalidRequest:
    """The same for errors at hand: each a mapping with pydantic's `type`, `loc`, `msg` and `ctx` where it has one."""
    fields = [_field_error(error, inside, whole) for error in errors[:MOST_ERRORS]]
    first = fields[0]
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return InvalidRequest(f"{first['path']}: {first['message']}{others}", fields)


def path_of(location: Sequence[str | int], *, inside: str = "", whole: str = "body") -> str:
    """A field's path as people write it, for example `interactions[3].identifiers[0].type`; `whole` for all of it."""
    path = inside
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else (f".{step}" if path else step)
    return path or whole


def _field_error(error: Mapping[str, Any], inside: str, whole: str) -> dict[str, Any]:
    path = path_of(_told_steps(error), inside=inside, whole=whole)
    words = _WORDS.get(error["type"])
    return {"path": path, "message": words(error) if words else f"{error['msg'].removeprefix('Value error, ')}."}


def _told_steps(error: Mapping[str, Any]) -> Sequence[str | int]:
    # Below free JSON pydantic names its own types ("dict", "list") between the caller's keys, and how deep it got.
    location: Sequence[str | int] = error["loc"]
    return location[:1] if error["type"] in ("invalid-json-value", "recursion_depth_exceeded") else location


def _choices(error: Mapping[str, Any]) -> str:
    return f"Use one of {error['ctx']['expected']}."


def _at_most(unit: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda error: f"At most {error['ctx']['max_length']:,} {unit}."


def _say(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: words


_A_TIME = "Give an RFC 3339 time with an offset, for example 2026-03-02T09:00:00Z."

_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": _say("This field is needed."),
    "extra_forbidden": _say("There is no such field here: check its spelling or leave it out."),
    "enum": _choices,
    "literal_error": _choices,
    "string_too_long": _at_most("characters"),
    "too_long": _at_most("items"),
    "string_too_short": _say("This must not be empty; leave the field out when there is nothing to say."),
    "string_type": _say("Give a text in quotes."),
    "bool_parsing": _say("Use true or false."),
    "bool_type": _say("Use true or false."),
    "timezone_aware": _say(_A_TIME),
    "datetime_type": _say(_A_TIME),
    "datetime_parsing": _say(_A_TIME),
    "datetime_from_date_parsing": _say(_A_TIME),
    "model_type": _say("Give a JSON object here."),
    "model_attributes_type": _say("Give a JSON object here."),
    "mapping_type": _say("Give a JSON object here."),
    "dict_type": _say("Give a JSON object here."),
    "tuple_type": _say("Give a list here."),
    "list_type": _say("Give a list here."),
    "recursion_depth_exceeded": _say("This is nested too deeply."),
    "invalid-json-value": _say("This is not JSON."),
}
