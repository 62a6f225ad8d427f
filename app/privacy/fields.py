"""Masks secrets in JSON: a value is read with its own name and the one around it, and with the step that it answers.

What names a step is the value of a field that says so (`{"field": "pin", "value": …}`), never any string nearby: a
status, a page or a message tells nothing of the number beside it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from app.privacy.cards import is_card
from app.privacy.codes import ASKED
from app.privacy.names import LONGEST_NAME, code_kind, names_card, words_of_name
from app.privacy.passwords import field_kind, is_field_value, may_name, stated
from app.privacy.questions import asks_for_code
from app.privacy.secrets import CARD_MASK, CODE_MASK, Secret, mask, masked, may_hold_digits, secrets
from app.privacy.spoken import count_figures, most_spoken_digits, words_of

# Names that say nothing of their value; what the step or the form is called says more.
_GENERIC = frozenset(
    """value input entered digits dtmf answer text response content data keys pressed reply utterance transcript result
    entry""".split()
)
# Of these, what somebody typed.
_ENTERED = frozenset({"value", "input", "entered"})
# Fields whose value is the name of a step or of another field.
_STEPS = frozenset("name field id prompt label question title step key slot parameter param element type ask".split())
_ADDRESS = frozenset("address city state street postal shipping delivery region district country location".split())
_KEYED = frozenset("digits dtmf keys pressed digit tones".split())
_NUMBERED = re.compile(r"^(.*?)[_\- ]?\d{1,2}$")
_DEEPEST = 200
_LONGEST_STEP = 300
_SHORTEST_CARD = 12
_SHORT_NUMBERS = range(-99, 100)
_LONGEST_CODE = 12


def masked_data(data: Mapping[str, JsonValue], name: str = "") -> dict[str, JsonValue]:
    """A JSON object without whole card numbers and secret codes in its keys and values; `name`: what it belongs to."""
    return cast("dict[str, JsonValue]", masked_value(dict(data), step=words_of_name(name)))


def masked_value(value: JsonValue, *, outer: str = "", step: str = "", depth: int = 0) -> JsonValue:
    """A JSON value without secrets; `outer` is the name of what it stands in, `step` of what it answers."""
    if depth > _DEEPEST:
        return value
    if isinstance(value, dict):
        return _object(value, outer, _step_of(value) or step, depth + 1)
    if isinstance(value, list):
        return _list(value, outer, "", step, depth + 1)
    return _scalar(value, outer, "", step, ())


def _object(fields: Mapping[str, JsonValue], outer: str, step: str, depth: int) -> dict[str, JsonValue]:
    split = _split_number(fields, outer)
    result: dict[str, JsonValue] = {}
    for key, value in fields.items():
        shown_key = key if len(key) < _SHORTEST_CARD else mask(key)
        if key in split:
            result[shown_key] = split[key]
        elif not isinstance(value, str) and _is_plain(value):
            result[shown_key] = value
        elif isinstance(value, dict):
            result[shown_key] = masked_value(value, outer=key, step=step, depth=depth)
        elif isinstance(value, list):
            result[shown_key] = _list(value, outer, key, step, depth)
        else:
            result[shown_key] = _scalar(value, outer, key, step, fields)
    return result


def _is_plain(value: JsonValue) -> bool:
    """Whether a value tells too few digits for a secret, so that its name need not be looked at."""
    if isinstance(value, str):
        return not may_hold_digits(value) and not stated(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value in _SHORT_NUMBERS
    return not isinstance(value, dict | list)


def _step_of(fields: Mapping[str, JsonValue]) -> str:
    """The name of the step that an object is about, where it says one that asks for a code."""
    for key, value in fields.items():
        if key.lower() not in _STEPS and words_of_name(key).lower().split()[-1:] not in (["name"], ["prompt"]):
            continue
        inner = [step for at, step in value.items() if at.lower() in _STEPS] if isinstance(value, dict) else [value]
        for step in inner:
            if isinstance(step, str) and 3 <= len(step) <= _LONGEST_STEP and not any(map(str.isdigit, step)):
                words = words_of_name(step)
                if (
                    field_kind(words)
                    or code_kind(words)
                    or asks_for_code(words if " " not in step else step, clearly=True)
                ):
                    return words[:LONGEST_NAME]
    return ""


def _scalar(
    value: JsonValue, outer: str, key: str, step: str, beside: Sequence[str] | Mapping[str, JsonValue]
) -> JsonValue:
    if isinstance(value, str) and _is_password(value, outer, key, step):
        return CODE_MASK
    if isinstance(value, bool) or not isinstance(value, str | int | float) or _is_plain(value):
        return value
    written = f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)
    if _is_code(written, outer, key, step) and not _is_postal(written, outer, key, beside):
        return CODE_MASK if written.strip().isdigit() else _coded(written)
    if isinstance(value, float):
        return value
    shown = _without_cards(written, f"{words_of_name(outer)} {words_of_name(key)}".strip())
    # A number alone is what its name says; of a text its own words decide.
    shown = mask(shown) if any(map(str.isalpha, written)) else shown
    return value if shown == written else shown


def _is_password(value: str, outer: str, key: str, step: str) -> bool:
    """Whether the names around a value say that it is a password or a credential, and it looks like one."""
    if not may_name(f"{outer} {key} {step}"):
        return False
    if kind := field_kind(words_of_name(key)):
        return is_field_value(value, kind)
    words = words_of_name(key).lower().split()
    if words and words[-1] not in _GENERIC:
        return False
    kind = field_kind(words_of_name(outer)) or field_kind(step)
    entered = bool(words) and words[-1] in _ENTERED
    return bool(kind) and is_field_value(value, kind, surely=entered)


def _is_code(written: str, outer: str, key: str, step: str) -> bool:
    """Whether the names around a value say that it is a code, and it is as long as such a code may be."""
    words = words_of_name(key)
    generic = not words or words.lower().split()[-1] in _GENERIC
    kind = code_kind(words, words_of_name(outer))
    if not kind and generic and step:
        kind = code_kind(step) or ("code" if asks_for_code(step, clearly=True) else "")
    if not kind:
        return False
    figures = count_figures(written) + most_spoken_digits(words_of(written))
    return (3 if kind in ("card", "code") else 4) <= figures <= _LONGEST_CODE and len(written) <= 80


def _coded(written: str) -> str:
    shown = mask(f"security code: {written}").removeprefix("security code: ")
    return shown if shown != written else mask(written, asked=ASKED)


def _is_postal(written: str, outer: str, key: str, beside: Sequence[str] | Mapping[str, JsonValue]) -> bool:
    """A `pin` of six figures in an address is its postal code."""
    names = {word for name in (outer, key, *beside) for word in words_of_name(name).lower().split()}
    return len(written.strip()) == 6 and "pin" in key.lower() and not _ADDRESS.isdisjoint(names)


def _without_cards(written: str, label: str) -> str:
    if len(written) < _SHORTEST_CARD:
        return written
    prefix = f"{label[-LONGEST_NAME:]}: " if label else ""
    cards = [secret for secret in secrets(prefix + written) if secret.start >= len(prefix) and secret.kind == "card"]
    return _replaced(written, cards, len(prefix)) if cards else written


def _replaced(written: str, cards: Sequence[Secret], offset: int) -> str:
    parts: list[str] = []
    end = 0
    for card in cards:
        parts += [written[end : card.start - offset], masked(card)]
        end = card.end - offset
    return "".join([*parts, written[end:]])


def _list(values: list[JsonValue], outer: str, key: str, step: str, depth: int) -> JsonValue:
    short = [str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)]
    if 2 <= len(values) == len(short) <= 19 and all(len(piece) <= _SHORTEST_CARD for piece in short):
        joined = " ".join(short)
        if _is_code(joined, outer, key, step) and len(short) > 2 and set(map(len, short)) == {1}:
            return [CODE_MASK for _ in values]
        # Numbers in a list are sizes or amounts, where nothing says that they are figures of one number.
        of_one_number = any(isinstance(value, str) for value in values) or set(map(len, short)) == {1}
        named = names_card(key) or names_card(outer) or key.lower() in _KEYED
        whole = "".join(short)
        if (of_one_number or named) and whole.isascii() and whole.isdigit() and len(whole) > 12 and is_card(whole):
            return [*[CODE_MASK] * (len(values) - 1), CARD_MASK + whole[-4:]]
    inner: list[JsonValue] = []
    for value in values:
        if isinstance(value, dict):
            inner.append(masked_value(value, outer=key or outer, step=step, depth=depth))
        elif isinstance(value, list):
            inner.append(_list(value, outer, key, step, depth + 1) if depth < _DEEPEST else value)
        else:
            inner.append(_scalar(value, outer, key, step, ()))
    return inner


def _split_number(fields: Mapping[str, JsonValue], outer: str) -> Mapping[str, str]:
    """The fields that hold one card's number piece by piece: `card1` to `card4`."""
    for keys in _stems(fields, outer):
        whole = "".join(str(fields[key]) for key in keys)
        if 12 < len(whole) < 20 and is_card(whole):
            return dict.fromkeys(keys[:-1], CODE_MASK) | {keys[-1]: CARD_MASK + whole[-4:]}
    return {}


def _stems(fields: Mapping[str, JsonValue], outer: str) -> Iterator[list[str]]:
    pieces = [key for key, value in fields.items() if _is_piece(value)]
    if len(pieces) < 2:
        return
    stems: dict[str, list[str]] = {}
    for key in pieces:
        if match := _NUMBERED.match(key):
            stems.setdefault(match.group(1), []).append(key)
    yield from (keys for keys in stems.values() if len(keys) > 1)
    if names_card(outer) or any(map(names_card, pieces)):
        yield pieces


def _is_piece(value: JsonValue) -> bool:
    written = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return 1 <= len(written) <= 8 and written.isascii() and written.isdigit()
