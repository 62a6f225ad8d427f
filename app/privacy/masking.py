"""Masks whole card numbers and secret codes in an interaction, in every field that is filed.

A field of `data` is read with its name, and with the names of the fields around it, so that what has no shape of its
own (`cvv`, `{"card": {"number": …}}`, `{"field": "pin", "value": …}`) is found too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, NamedTuple, TypeVar, cast

from pydantic import JsonValue

from app.models import Actor, Identifier, Interaction, InteractionDraft, Kind, Record
from app.privacy.codes import is_code_name
from app.privacy.questions import asks_for_code
from app.privacy.secrets import (
    CARD_MASK,
    CODE_MASK,
    mask,
    masked,
    may_hold_digits,
    needs_context,
    open_figures,
    secrets,
)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Names that say nothing of their value; what the step or the form is called says more.
_GENERIC = frozenset("value input entered digits dtmf answer text response code content data keys pressed".split())
_DEEPEST = 200
_LONGEST_LABEL = 60
_SHORTEST_CARD = 12
_LONG = 4_000
_OF_A_FIGURE = 4
_SHORT_NUMBERS = range(-99, 100)
_OPEN_TYPES = frozenset({"phone", "email"})


AnyRecord = TypeVar("AnyRecord", bound=Record)


class Context(NamedTuple):
    """What was said before a message in its conversation: whether a code was asked for, and figures left open."""

    asked: bool = False
    figures: str = ""


NO_CONTEXT = Context()


def context_of(rows: Sequence[Interaction | InteractionDraft], actor: Actor) -> Context:
    """The context of a message that this actor adds to a conversation; `rows` are its last messages in order."""
    asked, figures = False, ""
    for row in rows:
        if row.kind is not Kind.MESSAGE:
            continue
        if row.actor is actor:
            part = open_figures(row.text)
            figures = f"{figures} {part}".strip() if part else figures if not row.text.strip() else ""
        elif row.text:
            asked, figures = asks_for_code(row.text), ""
    return Context(asked, figures)


def depends_on_context(draft: InteractionDraft) -> bool:
    """Whether what was said before tells if this draft's text is a secret."""
    return draft.kind is Kind.MESSAGE and bool(draft.conversation_id) and needs_context(draft.text)


def masked_draft(draft: InteractionDraft, context: Context = NO_CONTEXT) -> InteractionDraft:
    """The draft without whole card numbers and secret codes; the same object where it holds none."""
    changed = _changed(draft, context)
    return draft.model_copy(update=changed) if changed else draft


def masked_row(row: Interaction) -> Interaction:
    """A row that was filed before secrets were masked, as it may be shown; the same object where it holds none."""
    changed = _changed(row, NO_CONTEXT)
    return row.model_copy(update=changed) if changed else row


def _changed(row: Interaction | InteractionDraft, context: Context) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    text = mask(row.text, asked=context.asked, before=context.figures)
    if text != row.text:
        changed["text"] = text
    if row.name and (name := mask(row.name)) != row.name:
        changed["name"] = name
    if row.participant and (who := masked_request(row.participant)) != row.participant:
        changed["participant"] = who
    if row.data and (data := masked_data(row.data, row.name or "")) != row.data:
        changed["data"] = data
    if row.identifiers and (identifiers := _identifiers(row.identifiers)) != row.identifiers:
        changed["identifiers"] = identifiers
    return changed


def masked_data(data: Mapping[str, JsonValue], name: str = "") -> dict[str, JsonValue]:
    """A JSON object without whole card numbers and secret codes in its keys and values; `name`: what it belongs to."""
    return cast("dict[str, JsonValue]", _value(dict(data), "", _words(name), 0))


def takes_long(value: object) -> bool:
    """Whether so much was written that it is masked in a thread, for nobody else's request to wait meanwhile."""
    return _left_after(value, _LONG) < 0


def _left_after(value: object, left: int) -> int:
    """What is left of so many characters when those of a value, however deep, are taken off; below 0, none is."""
    if isinstance(value, str):
        return left - len(value)
    if isinstance(value, Record):
        inner: Iterable[object] = value.__dict__.values()
    elif isinstance(value, Mapping):
        inner = chain.from_iterable(cast("Mapping[object, object]", value).items())
    elif isinstance(value, list | tuple):
        inner = cast("Sequence[object]", value)
    else:
        return left - _OF_A_FIGURE
    for one in inner:
        left = _left_after(one, left)
        if left < 0:
            break
    return left


def masked_request(request: AnyRecord) -> AnyRecord:
    """A request without whole card numbers and secret codes in what somebody wrote into it; ids stay as they are."""
    changed: dict[str, Any] = {}
    for name in type(request).model_fields:
        value: Any = getattr(request, name)
        if value and not name.endswith("_id"):
            shown = _shown(value, name)
            if shown != value:
                changed[name] = shown
    return request.model_copy(update=changed) if changed else request


def _shown(value: Any, name: str) -> Any:
    if isinstance(value, Identifier):
        return _identifiers([value])[0]
    if isinstance(value, Record):
        return masked_request(value)
    if isinstance(value, tuple):
        return tuple(_shown(one, name) for one in cast("tuple[Any, ...]", value))
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        return mask(value)
    return _value(cast(JsonValue, value), "", "", 0) if isinstance(value, dict | list) else value


def masked_identifiers(identifiers: Sequence[Identifier]) -> tuple[Identifier, ...]:
    """Identifiers of which none is a whole card number; one that was names nobody any more."""
    return _identifiers(identifiers)


def _value(value: JsonValue, label: str, step: str, depth: int) -> JsonValue:
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        around = step
        if not _GENERIC.isdisjoint(map(str.lower, value)):
            named = next((one for one in value.values() if isinstance(one, str) and _names_code(one)), "")
            around = _words(named) or step
        return {_key(key): _field(inner, label, key, around, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return _list(value, label, step, depth)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    return _scalar(value, label)


def _key(key: str) -> str:
    return key if len(key) < _SHORTEST_CARD else mask(key)


def _field(value: JsonValue, outer: str, key: str, around: str, depth: int) -> JsonValue:
    return value if _is_plain(value) else _value(value, _label(outer, key, around), around, depth)


def _is_plain(value: JsonValue) -> bool:
    """Whether a value tells too few digits for a secret, so that its name need not be looked at."""
    if isinstance(value, str):
        return not may_hold_digits(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value in _SHORT_NUMBERS
    return not isinstance(value, dict | list)


def _scalar(value: str | int, label: str) -> str | int:
    written = str(value)
    if len(written) < 3 or (isinstance(value, str) and _names_code(written)):
        return value
    prefix = f"{label}: " if label else ""
    found = [one for one in secrets(prefix + written) if one.start >= len(prefix)]
    if not found:
        return value
    parts: list[str] = []
    end = len(prefix)
    whole = prefix + written
    for one in found:
        parts += [whole[end : one.start], masked(one)]
        end = one.end
    return "".join([*parts, whole[end:]])


def _list(values: list[JsonValue], label: str, step: str, depth: int) -> JsonValue:
    short = [str(one) for one in values if isinstance(one, str | int) and not isinstance(one, bool)]
    if 2 <= len(values) == len(short) <= 19 and all(len(one) <= 12 for one in short):
        prefix = f"{label}: " if label else ""
        for one in secrets(prefix + " ".join(short)):
            if one.end - one.start > max(map(len, short)):
                shown = CARD_MASK + one.digits[-4:] if one.kind == "card" else CODE_MASK
                return [*[CODE_MASK] * (len(values) - 1), shown]
    return [_value(one, label, step, depth + 1) for one in values]


def _label(outer: str, key: str, around: str) -> str:
    words = _words(key)
    if around and (words in _GENERIC or not words):
        words = f"{around} {words}"
    return f"{outer} {words}"[-_LONGEST_LABEL:].strip()


def _words(name: str) -> str:
    return _CAMEL.sub(" ", name[:_LONGEST_LABEL]).replace("_", " ").replace("-", " ").replace(".", " ").strip()


def _names_code(value: str) -> bool:
    return 3 <= len(value) <= 40 and not any(sign.isdigit() for sign in value) and is_code_name(_words(value))


def _identifiers(identifiers: Sequence[Identifier]) -> tuple[Identifier, ...]:
    return tuple(
        one
        if one.type.strip().lower() in _OPEN_TYPES
        else one.model_copy(update={"value": str(_scalar(one.value, _words(one.type)))})
        for one in identifiers
    )
