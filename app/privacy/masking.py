"""Masks whole card numbers and secret codes in an interaction, in every field that is filed, and in a request."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar, cast

from pydantic import JsonValue

from app.models import Identifier, Interaction, InteractionDraft, Kind, Record
from app.privacy.codes import ASKED
from app.privacy.context import (
    NO_CONTEXT,
    Context,
    Row,
    context_of,
    keypad_digits,
    keypad_field,
    speaker,
    without_number,
)
from app.privacy.fields import masked_data, masked_value
from app.privacy.identifiers import masked_identifiers
from app.privacy.secrets import CODE_MASK, PART_MASK, completion, mask, needs_context, secrets, without_figures

LONGEST_KEYED = 12
LONGEST_ANSWER = 2_000
"""A longer message says by itself what its numbers are; it is read on the event loop to find out whether it does."""
_LONG = 4_000
_OF_A_FIGURE = 4

AnyRecord = TypeVar("AnyRecord", bound=Record)


AnyRow = TypeVar("AnyRow", Interaction, InteractionDraft)


class Masking(NamedTuple, Generic[AnyRow]):
    """A row as it is filed, and the earlier rows of its conversation, by their place, that change with it."""

    row: AnyRow
    earlier: Mapping[int, Row]


def depends_on_context(draft: Row) -> bool:
    """Whether what was said before tells if this draft's text is a secret."""
    if not draft.conversation_id or len(draft.text) > LONGEST_ANSWER:
        return False
    if draft.kind is Kind.MESSAGE:
        return needs_context(draft.text)
    keys = keypad_digits(draft)
    return keys is not None and any(map(str.isdigit, keys))


def masked_draft(draft: InteractionDraft, context: Context = NO_CONTEXT) -> InteractionDraft:
    """The draft without whole card numbers and secret codes; the same object where it holds none."""
    changed = _changed(draft, context)
    return draft.model_copy(update=changed) if changed else draft


def masked_among(rows: Sequence[Row], draft: AnyRow) -> Masking[AnyRow]:
    """The row as it is filed behind these rows, and the rows that told parts of a card's number it completes."""
    context = context_of(rows, speaker(draft))
    changed = _changed(draft, context)
    shown = draft.model_copy(update=changed) if changed else draft
    field = keypad_field(draft)
    written = draft.text if field is None else str(draft.data[field])
    start, number = completion(written, context.figures)
    if number:
        return Masking(shown, without_number(rows, number, context.parts[start:]))
    earlier: dict[int, Row] = {}
    for card in (secret.digits for secret in secrets(written, asked=context.asked) if secret.kind == "card"):
        # Who is told that a number is wrong begins anew: what was told of it before is still there.
        begun = [index for index, part in zip(context.parts, context.figures.split(), strict=True) if part in card]
        earlier |= without_number([earlier.get(at, row) for at, row in enumerate(rows)], card, begun)
    return Masking(shown, earlier)


def shrouded_draft(draft: InteractionDraft) -> InteractionDraft:
    """A draft whose context tells what its numbers are, without any: of this a digest may be kept."""
    field = keypad_field(draft)
    if field is None:
        return masked_draft(draft.model_copy(update={"text": without_figures(draft.text)}))
    return masked_draft(draft.model_copy(update={"data": {**draft.data, field: CODE_MASK}}))


def masked_row(row: Interaction) -> Interaction:
    """A row that was filed before secrets were masked, as it may be shown; the same object where it holds none."""
    changed = _changed(row, NO_CONTEXT)
    return row.model_copy(update=changed) if changed else row


def _changed(row: Row, context: Context) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    text = mask(row.text, asked=context.asked, before=context.figures, card_before=context.card)
    if text != row.text:
        changed["text"] = text
    if row.name and (name := mask(row.name)) != row.name:
        changed["name"] = name
    if row.participant and (who := masked_request(row.participant)) != row.participant:
        changed["participant"] = who
    if row.data and (data := _data(row, context)) != row.data:
        changed["data"] = data
    if row.identifiers and (identifiers := masked_identifiers(row.identifiers)) != row.identifiers:
        changed["identifiers"] = identifiers
    return changed


def _data(row: Row, context: Context) -> dict[str, JsonValue]:
    data = masked_data(row.data, row.name or "")
    field = keypad_field(row)
    if field is None or context is NO_CONTEXT or data[field] != row.data[field]:
        return data
    keys = str(row.data[field])
    shown = mask(keys, asked=context.asked, before=context.figures, card_before=context.card)
    is_part = shown == keys or shown.strip() in (PART_MASK, 2 * PART_MASK)
    if context.asked == ASKED and is_part and sum(map(str.isdigit, keys)) <= LONGEST_KEYED:
        # Keys may come one by one, so that one figure is a part of the code.
        shown = CODE_MASK
    return data if shown == keys else {**data, field: shown}


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
    for part in inner:
        left = _left_after(part, left)
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
        return masked_identifiers([value])[0]
    if isinstance(value, Record):
        return masked_request(value)
    if isinstance(value, tuple):
        return tuple(_shown(inner, name) for inner in cast("tuple[Any, ...]", value))
    if isinstance(value, StrEnum):
        return value
    if isinstance(value, str):
        return mask(value)
    return masked_value(cast(JsonValue, value)) if isinstance(value, dict | list) else value
