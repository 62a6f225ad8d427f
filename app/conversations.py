"""Reads conversation files: what was said in one conversation, as one JSON object, into interactions for the ledger.

```
id, started_at (optional), customer_ref (optional: the customer's account_id)
turns  [{role: customer | bot | agent, text} | {role: tool_call, name, arguments} | {role: tool_result, name, text}]
       and for any turn, optionally: channel (default chat), at (a time with an offset), actor (who really acted),
       participant {name, id} (who that was)
```
A turn without `at` comes 20 seconds after the one before it, the first one at `started_at`. A conversation without any
time is taken to be happening now: its last turn was one second ago. When it is filed for good the ledger dates it, so
that filing it again is no other content. Whatever else the object holds (labels, notes of whoever collected it) is not
read.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Annotated, Any, Literal, NamedTuple, cast

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from app.errors import InvalidRequest, WarmlineError
from app.models import Actor, Channel, Identifier, InteractionDraft, Kind, MaybeParticipant, Record, Subject
from app.validation import check_size_of_data, invalid_request, json_fault

TURN_GAP = timedelta(seconds=20)
AFTER_LAST_TURN = timedelta(seconds=1)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_VALUE = re.compile(r"[^\s,]")
_KINDS = {"tool_call": Kind.TOOL_CALL, "tool_result": Kind.TOOL_RESULT}
_ACTORS = {
    "customer": Actor.CUSTOMER,
    "bot": Actor.BOT,
    "agent": Actor.AGENT,
    "tool_call": Actor.BOT,
    "tool_result": Actor.SYSTEM,
}


class Conversation(Record):
    """One conversation as interactions in the order of its turns, and the moment a second after the last of them.

    `dated` tells whether the file names any time. Without a turn there are no drafts, and `now` is the present.
    """

    id: str
    customer_ref: str | None
    drafts: tuple[InteractionDraft, ...]
    now: datetime
    dated: bool

    @property
    def lasting_drafts(self) -> Sequence[InteractionDraft]:
        """The drafts to file for good: the same whenever the file is read, so without times where it names none."""
        if self.dated:
            return self.drafts
        return [draft.model_copy(update={"occurred_at": None}) for draft in self.drafts]

    def subject(self) -> Subject:
        """Whom a question about it is about. Without a turn no interaction leads there, so a name has to."""
        if self.drafts:
            return Subject(conversation_id=self.id)
        known_as = ("account_id", self.customer_ref) if self.customer_ref else ("conversation_id", self.id)
        return Subject(conversation_id=self.id, identifiers=(Identifier(type=known_as[0], value=known_as[1]),))


class Row(NamedTuple):
    """One JSON value of a file with the line it begins on, counted from 1; `problem` says why there is no value."""

    line: int
    value: object = None
    problem: str | None = None


class _FileTurn(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Literal["customer", "bot", "agent", "tool_call", "tool_result"]
    text: str | None = None
    name: str | None = None
    arguments: Mapping[str, JsonValue] = Field(default_factory=dict)
    channel: Channel = Channel.CHAT
    at: AwareDatetime | None = None
    actor: Actor | None = None
    participant: MaybeParticipant = None

    @model_validator(mode="after")
    def _is_whole(self) -> "_FileTurn":
        if self.role in _KINDS and not self.name:
            raise ValueError(f"a turn of role {self.role} needs a name")
        if self.role != "tool_call" and self.text is None:
            raise ValueError(f"a turn of role {self.role} needs a text, which may be empty")
        return self


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Annotated[str, Field(min_length=1, max_length=240)]
    started_at: AwareDatetime | None = None
    customer_ref: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    turns: tuple[_FileTurn, ...]

    @property
    def dated(self) -> bool:
        return self.started_at is not None or any(turn.at is not None for turn in self.turns)


def fields_of(value: object) -> Mapping[str, object]:
    """The fields of a JSON object; none when the value is not an object."""
    return cast(Mapping[str, object], value) if isinstance(value, Mapping) else {}


def conversation_of(value: object, *, now: datetime | None = None) -> Conversation:
    """One conversation from its JSON object. `now` dates a conversation that names no time; default: the present.

    Raises InvalidRequest or PayloadTooLarge, which name what is wrong by its path.
    """
    try:
        file = _File.model_validate(value)
        present = now or datetime.now(UTC)
        times = _times(file, present)
        drafts = tuple(_draft(file, index, at) for index, at in enumerate(times))
    except ValidationError as failure:
        raise invalid_request(failure, whole="conversation") from None
    except OverflowError:
        raise InvalidRequest("started_at or at: the times of the turns leave the calendar (years 1 to 9999)") from None
    return Conversation(
        id=file.id,
        customer_ref=file.customer_ref,
        drafts=drafts,
        now=max(times) + AFTER_LAST_TURN if times else present,
        dated=file.dated,
    )


def find_conversation(
    lines: Iterable[bytes], conversation_id: str | None = None, *, now: datetime | None = None
) -> Conversation:
    """The first conversation of a file, or the one with this id. Raises InvalidRequest, which names the line."""
    seen = 0
    for row in read_rows(lines):
        seen += 1
        if conversation_id is not None and fields_of(row.value).get("id") != conversation_id:
            continue
        if row.problem is not None:
            raise InvalidRequest(f"line {row.line}: {row.problem}")
        try:
            return conversation_of(row.value, now=now)
        except WarmlineError as failure:
            raise InvalidRequest(f"line {row.line}: {failure.detail}") from None
    if conversation_id is None:
        raise InvalidRequest("there is no conversation in it.")
    raise InvalidRequest(f"none of its {seen} conversations has the id {conversation_id!r}.")


def read_rows(lines: Iterable[bytes]) -> Iterator[Row]:
    """The JSON values of a file: one a line, or one document over many lines; a list counts as its items.

    What is not JSON becomes a Row with a `problem`, and reading goes on with the next line.
    """
    numbered = enumerate(lines, start=1)
    start, line = next(((number, line) for number, line in numbered if line.strip()), (1, b""))
    line = line.removeprefix(BYTE_ORDER_MARK)
    first = _row(start, line)
    if first.problem is None:
        rest = (_row(number, text) for number, text in numbered if text.strip())
        for row in chain([first], rest):
            yield from _items(row)
    elif line:
        yield from _rows_of_document(start, [line, *(text for _, text in numbered)])


def _times(file: _File, present: datetime) -> Sequence[datetime]:
    dated = next(((index, turn.at) for index, turn in enumerate(file.turns) if turn.at is not None), None)
    if file.started_at is not None:
        clock = file.started_at
    elif dated is not None:
        clock = dated[1] - dated[0] * TURN_GAP
    else:
        clock = present - AFTER_LAST_TURN - (len(file.turns) - 1) * TURN_GAP
    times: list[datetime] = []
    for turn in file.turns:
        clock = turn.at or clock
        times.append(clock)
        clock += TURN_GAP
    return times


def _draft(file: _File, index: int, at: datetime) -> InteractionDraft:
    turn = file.turns[index]
    path = f"turns[{index}]"
    known_as = (Identifier(type="account_id", value=file.customer_ref),) if file.customer_ref else ()
    try:
        draft = InteractionDraft(
            id=f"{file.id}-{index}",
            occurred_at=at,
            channel=turn.channel,
            actor=turn.actor or _ACTORS[turn.role],
            kind=_KINDS.get(turn.role, Kind.MESSAGE),
            conversation_id=file.id,
            participant=turn.participant,
            identifiers=known_as,
            text=turn.text or "",
            name=turn.name,
            data=turn.arguments,
        )
    except ValidationError as failure:
        raise invalid_request(failure, inside=path) from None
    check_size_of_data(draft, inside=path)
    return draft


def _row(line: int, text: bytes) -> Row:
    try:
        return Row(line, orjson.loads(text.rstrip()))
    except orjson.JSONDecodeError as failure:
        broken_line = line + failure.lineno - 1
        return Row(broken_line, problem=f"this is not valid JSON: {json_fault(failure, first_line=line)}")


def _items(row: Row) -> Iterator[Row]:
    if isinstance(row.value, list):
        yield from (Row(row.line, item) for item in cast(list[Any], row.value))
    else:
        yield row


def _rows_of_document(start: int, lines: Sequence[bytes]) -> Iterator[Row]:
    text = b"".join(lines)
    whole = _row(start, text)
    if whole.problem is None:
        yield from _located_items(start, text.decode()) if isinstance(whole.value, list) else [whole]
    elif any(isinstance(_row(0, line).value, dict) for line in lines[1:]):
        # One value a line after all: only the first of them is broken.
        for number, line in enumerate(lines, start):
            if line.strip():
                yield from _items(_row(number, line))
    else:
        yield whole


def _located_items(line: int, text: str) -> Iterator[Row]:
    decoder = json.JSONDecoder()
    counted, position = 0, text.index("[") + 1
    while True:
        match = _VALUE.search(text, position)
        if match is None or match.group() == "]":
            return
        position = match.start()
        line += text.count("\n", counted, position)
        counted = position
        value, position = decoder.raw_decode(text, position)
        yield Row(line, value)
