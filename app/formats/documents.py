"""Reads one conversation out of whatever it was written down in: a conversation file, interactions, a vCon, a
transcript, captions, mails, a helpdesk's export, plain text.

Which of them it is, its content tells: JSON begins with a brace or a bracket, and its fields say what it holds.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast

from app.conversations import (
    AFTER_LAST_TURN,
    BYTE_ORDER_MARK,
    TURN_GAP,
    Conversation,
    Row,
    conversation_of,
    fields_of,
    find_conversation,
    read_rows,
)
from app.errors import InvalidRequest, WarmlineError
from app.formats.captions import is_captions
from app.formats.helpdesk import platform_of
from app.formats.imported import ImportedPart, is_turn, part_of_text, part_of_value
from app.formats.mail import is_mail
from app.formats.options import DEFAULT_OPTIONS, ReadingOptions
from app.formats.plain_text import conversation_in_text
from app.formats.recordings import is_transcript
from app.models import InteractionDraft
from app.validation import interaction_draft

Format = Literal[
    "conversation", "interactions", "vcon", "text", "transcript", "captions", "mail", "zendesk", "intercom", "chatwoot"
]

_KEYS = frozenset({"turns", "vcon", "interactions", "channel"})
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_SPACE = re.compile(r"[\s,:]*")
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class ReadConversation(NamedTuple):
    """A conversation, what it was written down in, and who speaks in it of whom nobody knows on which side."""

    conversation: Conversation
    format: Format
    unknown: Sequence[str] = ()


def read_conversation(
    content: bytes,
    conversation_id: str | None = None,
    *,
    now: datetime | None = None,
    name: str = "conversation",
    options: ReadingOptions = DEFAULT_OPTIONS,
) -> ReadConversation:
    """The first conversation of a document, or the one with this id; of mails the one that was written in last.

    `now` dates a conversation that names no time (default: the present), and `name` names one that has no id. Raises
    InvalidRequest or PayloadTooLarge, whose words name the line.
    """
    if not is_json(content):
        text = "" if is_mail(content) else decoded(content)
        if not text or is_captions(text):
            return _of_part(part_of_text(content, text, name, options), conversation_id, now, name)
        conversation = conversation_in_text(text, name=name, now=now)
        if conversation_id is not None and conversation.id != conversation_id:
            raise InvalidRequest(f"the text is one conversation, and its id is {conversation.id!r}.")
        return ReadConversation(conversation, "text")
    rows = list(read_rows(content.splitlines(keepends=True)))
    first = fields_of(rows[0].value if rows else None)
    try:
        if rows and _is_of_others(first, rows[0]):
            value = [row.value for row in rows] if is_turn(first) else first
            return _of_part(part_of_value(value, name, options), conversation_id, now, name)
        if "interactions" in first or "channel" in first:
            drafts = _interactions(rows, whole="interactions" in first)
            return ReadConversation(_gathered(drafts, now, name), "interactions")
        if len(rows) == 1 and rows[0].problem is None and conversation_id is None:
            return ReadConversation(conversation_of(rows[0].value, now=now), "conversation")
    except InvalidRequest as failure:
        raise _located(failure, content, rows[0]) from None
    return ReadConversation(
        find_conversation(content.splitlines(keepends=True), conversation_id, now=now), "conversation"
    )


def _is_of_others(first: Mapping[str, object], row: Row) -> bool:
    """Whether what a document begins with is neither a conversation file nor an interaction, but something known."""
    if "vcon" in first:
        return True
    ours = "interactions" in first or "channel" in first or ("turns" in first and "id" in first)
    if ours or row.problem is not None:
        return False
    return is_turn(first) or platform_of(first) is not None or is_transcript(first)


def _of_part(part: ImportedPart, conversation_id: str | None, now: datetime | None, name: str) -> ReadConversation:
    if part.problems and not part.drafts:
        raise InvalidRequest(f"line {part.problems[0].line}: {part.problems[0].detail}")
    drafts = list(part.drafts)
    if part.form == "mail" or conversation_id is not None:
        last = max(drafts, key=lambda draft: draft.occurred_at or _FIRST, default=None)
        wanted = conversation_id or (last.conversation_id if last else None)
        drafts = [draft for draft in drafts if draft.conversation_id == wanted]
        if not drafts:
            raise InvalidRequest(f"none of its conversations has the id {conversation_id!r}.")
    conversation = _gathered(drafts, now, name)
    if not part.dated:
        conversation = conversation.model_copy(update={"dated": False})
    unknown = [speaker.label for speaker in part.speakers if speaker.side == "unknown"]
    return ReadConversation(conversation, "interactions" if part.form == "interaction" else part.form, unknown)


def is_json(content: bytes) -> bool:
    """Whether a document is meant to be JSON: by its first sign, or because a line of it is a row of ours.

    A broken first row is then told as such; and a text may well hold JSON of others.
    """
    if content.removeprefix(BYTE_ORDER_MARK).lstrip()[:1] in (b"{", b"["):
        return True
    values = (row.value for row in read_rows(line for line in content.splitlines() if line[:1] == b"{"))
    return any(_KEYS & fields_of(value).keys() for value in values)


def decoded(content: bytes) -> str:
    """A text. Raises InvalidRequest with the line of what is not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content.count(b"\n", 0, failure.start) + 1
        raise InvalidRequest(f"line {line}: this is not UTF-8 text. Save it as UTF-8.") from None


def line_of(text: str, path: str) -> int | None:
    """The line, counted from 1, on which the value at a path of a JSON text begins; of a missing one, what holds it."""
    decoder = json.JSONDecoder()
    position = _after_space(text, 0)
    for index, key in _STEP.findall(path):
        member_position = _inside(decoder, text, position, int(index) if index else key)
        if member_position is None:
            break
        position = member_position
    return text.count("\n", 0, position) + 1


def _interactions(rows: Sequence[Row], *, whole: bool) -> list[InteractionDraft]:
    if whole:
        interactions = fields_of(rows[0].value)["interactions"]
        if not isinstance(interactions, list):
            raise InvalidRequest("interactions: This must be a list of interactions.", [{"path": "interactions"}])
        return [
            interaction_draft(interaction, inside=f"interactions[{index}]")
            for index, interaction in enumerate(cast(list[Any], interactions))
        ]
    drafts: list[InteractionDraft] = []
    for row in rows:
        try:
            if row.problem is not None:
                raise InvalidRequest(row.problem)
            drafts.append(interaction_draft(row.value))
        except WarmlineError as failure:
            raise InvalidRequest(f"line {row.line}: {failure.detail}") from None
    return drafts


def _gathered(drafts: Sequence[InteractionDraft], now: datetime | None, name: str) -> Conversation:
    """Interactions as one conversation, the one that was spoken in last; what else they hold went before it."""
    dated = any(draft.occurred_at for draft in drafts)
    present = now or datetime.now(UTC)
    clock = next((draft.occurred_at for draft in drafts if draft.occurred_at), present - len(drafts) * TURN_GAP)
    whole: list[InteractionDraft] = []
    for index, draft in enumerate(drafts):
        clock = draft.occurred_at or (clock + TURN_GAP if index else clock)
        update = {
            "id": draft.id or f"{name}-{index}",
            "occurred_at": clock,
            "conversation_id": draft.conversation_id or name,
        }
        whole.append(draft.model_copy(update=update))
    whole.sort(key=lambda draft: draft.occurred_at or _LAST)
    last = whole[-1] if whole else None
    after = last.occurred_at + AFTER_LAST_TURN if last and last.occurred_at else present
    conversation_id = last.conversation_id if last and last.conversation_id else name
    return Conversation(id=conversation_id, customer_ref=None, drafts=tuple(whole), now=after, dated=dated)


def _located(failure: InvalidRequest, content: bytes, row: Row) -> InvalidRequest:
    """The same refusal with the line that it is about, where its path leads to one."""
    if failure.detail.startswith("line ") or not failure.errors:
        where = "" if failure.detail.startswith("line ") else f"line {row.line}: "
        return InvalidRequest(f"{where}{failure.detail}", failure.errors)
    text = decoded(content)
    try:
        errors = [{**error, "line": line_of(text, str(error["path"]))} for error in failure.errors]
    except (ValueError, RecursionError):  # one value a line, or nested beyond what is read
        return InvalidRequest(f"line {row.line}: {failure.detail}", failure.errors)
    return InvalidRequest(f"line {errors[0]['line']}: {failure.detail}", errors)


def _inside(decoder: json.JSONDecoder, text: str, position: int, wanted: int | str) -> int | None:
    """Where one member of the object or item of the list at a place begins; None where there is none."""
    opened, position = text[position : position + 1], _after_space(text, position + 1)
    count = 0
    while opened in ("{", "[") and position < len(text) and text[position] not in "}]":
        name: int | str = count
        if opened == "{":
            name, position = decoder.raw_decode(text, position)
            position = _after_space(text, position)
        if name == wanted:
            return position
        _, position = decoder.raw_decode(text, position)
        position = _after_space(text, position)
        count += 1
    return None


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
