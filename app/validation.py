"""What pydantic finds wrong, in plain words: each field by its path, and how to mend it. Every interface says it so."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import to_json
from pydantic_core.core_schema import ErrorType

from app.errors import InvalidRequest, PayloadTooLarge
from app.models import MAX_DATA_BYTES, InteractionDraft

MOST_ERRORS = 20
# A request of the largest size may hold a hundred times as many values as anybody sends, and each takes memory.
MOST_VALUES = 500_000

# A text of JSON with its quotes, or what begins as one and never ends.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_PLACE = re.compile(r"line (\d+) column (\d+)")


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


def check_count_of_values(body: bytes) -> None:
    """Raises PayloadTooLarge when a JSON text holds more than 500,000 values; nothing of it is parsed to tell."""
    if _opening(body, 0, len(body)) <= MOST_VALUES:
        return
    count = end = 0
    for text in _TEXT.finditer(body):
        count += _opening(body, end, text.start())
        end = text.end()
        if count > MOST_VALUES:
            break
    if count + _opening(body, end, len(body)) > MOST_VALUES:
        raise PayloadTooLarge(f"More than {MOST_VALUES:,} values of JSON in one request. Send it in parts.")


def _opening(body: bytes, start: int, end: int) -> int:
    return body.count(b",", start, end) + body.count(b"[", start, end) + body.count(b"{", start, end)


def invalid_request(failure: ValidationError, *, inside: str = "", whole: str = "body") -> InvalidRequest:
    """Pydantic's errors as one refusal that names each field by its path, below `inside`, and says how to mend it."""
    return invalid_fields(failure.errors(include_url=False, include_input=False), inside=inside, whole=whole)


def invalid_fields(errors: Sequence[Mapping[str, Any]], *, inside: str = "", whole: str = "body") -> InvalidRequest:
    """The same for errors at hand: each a mapping with pydantic's `type`, `loc`, `msg` and `ctx` where it has one."""
    fields = [_field_error(error, inside, whole) for error in errors[:MOST_ERRORS]]
    first = fields[0]
    others = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return InvalidRequest(f"{first['path']}: {first['message']}{others}", fields)


def json_fault(failure: ValueError, *, first_line: int = 1) -> str:
    """What is wrong with a text that a JSON parser refused, and where; `first_line` is the number of its first line."""
    message = str(failure)
    if "limit exceeded" in message:
        fault = "it is nested too deeply"
    elif "EOF" in message or "end of data" in message:
        fault = "it ends too early"
    elif "trailing comma" in message:
        fault = "there is a comma with nothing after it"
    else:
        fault = "it cannot be read from there on"
    match = _PLACE.search(message)
    return f"{fault}, line {int(match[1]) + first_line - 1} column {match[2]}" if match else fault


def path_of(location: Sequence[str | int], *, inside: str = "", whole: str = "body") -> str:
    """A field's path as people write it, for example `interactions[3].identifiers[0].type`; `whole` for all of it."""
    path = inside
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else (f".{step}" if path else step)
    return path or whole


def _field_error(error: Mapping[str, Any], inside: str, whole: str) -> dict[str, Any]:
    path = path_of(_told_steps(error), inside=inside, whole=whole)
    return {"path": path, "message": fault_in_words(error)}


def fault_in_words(error: Mapping[str, Any], *, pydantics: bool = False) -> str:
    """How to mend an error of pydantic's, as a sentence; `error` has its `type`, `msg`, and `ctx` if there is any.

    For a kind that we have no words for, `pydantics` are given, or the caller is sent to the field's description.
    """
    kind = error["type"]
    if kind in _WORDS:
        return _WORDS[kind](error)
    if kind in _OF_PYDANTIC and not pydantics:
        return "This value does not fit here: see the description of this field."
    return f"{error['msg'].removeprefix('Value error, ')}."


def _told_steps(error: Mapping[str, Any]) -> Sequence[str | int]:
    # Below free JSON pydantic names its own types ("dict", "list") between the caller's keys, and how deep it got.
    location: Sequence[str | int] = error["loc"]
    return location[:1] if error["type"] in ("invalid-json-value", "recursion_depth_exceeded") else location


def _choices(error: Mapping[str, Any]) -> str:
    return f"Use one of {error['ctx']['expected']}."


def _at_most(unit: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda error: f"At most {error['ctx']['max_length']:,} {unit}."


def _bound(name: str, words: str, words_of_time: str) -> Callable[[Mapping[str, Any]], str]:
    def say(error: Mapping[str, Any]) -> str:
        limit = error["ctx"][name]
        if isinstance(limit, float) and limit.is_integer():
            limit = int(limit)
        if isinstance(limit, datetime):
            return f"Give a time {words_of_time} {limit:%Y-%m-%dT%H:%M:%SZ}."
        return f"Give a number {words.format(f'{limit:,}' if isinstance(limit, int | float) else limit)}."

    return say


def _at_least(error: Mapping[str, Any]) -> str:
    least = error["ctx"]["min_length"]
    return f"At least {least:,} {'item is' if least == 1 else 'items are'} needed."


def _say(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: words


_A_WHOLE_NUMBER = "Give a whole number, without quotes."
_A_NUMBER = "Give a number, without quotes."
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
    "too_short": _at_least,
    "string_pattern_mismatch": _say("This text does not have the form that is needed here."),
    "string_unicode": _say("This is not a text in Unicode."),
    "string_sub_type": _say("Give a text in quotes."),
    "greater_than_equal": _bound("ge", "that is {} or greater", "that is not before"),
    "greater_than": _bound("gt", "greater than {}", "after"),
    "less_than_equal": _bound("le", "that is {} or less", "that is not after"),
    "less_than": _bound("lt", "less than {}", "before"),
    "int_type": _say(_A_WHOLE_NUMBER),
    "int_parsing": _say(_A_WHOLE_NUMBER),
    "int_parsing_size": _say("This number is too large."),
    "int_from_float": _say(_A_WHOLE_NUMBER),
    "float_type": _say(_A_NUMBER),
    "float_parsing": _say(_A_NUMBER),
    "finite_number": _say("Give a number that is not infinite."),
    "none_required": _say("This must be null or left out."),
    "bool_parsing": _say("Use true or false."),
    "bool_type": _say("Use true or false."),
    "timezone_aware": _say(_A_TIME),
    "datetime_type": _say(_A_TIME),
    "datetime_parsing": _say(_A_TIME),
    "datetime_from_date_parsing": _say(_A_TIME),
    "timezone_offset": _say(_A_TIME),
    "datetime_object_invalid": _say(_A_TIME),
    "uuid_type": _say("Give a UUID in quotes."),
    "uuid_parsing": _say("Give a UUID in quotes."),
    "model_type": _say("Give a JSON object here."),
    "model_attributes_type": _say("Give a JSON object here."),
    "mapping_type": _say("Give a JSON object here."),
    "dict_type": _say("Give a JSON object here."),
    "tuple_type": _say("Give a list here."),
    "list_type": _say("Give a list here."),
    "recursion_depth_exceeded": _say("This is nested too deeply."),
    "invalid-json-value": _say("This is not JSON."),
    "json_invalid": _say("This is not JSON."),
    "json_type": _say("This is not JSON."),
}

# What is raised by our own rules has our own words; all other types of pydantic's bring words of pydantic's.
_OF_PYDANTIC = frozenset(get_args(ErrorType)) - {"value_error", "assertion_error"}
