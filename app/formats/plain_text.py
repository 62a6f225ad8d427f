"""Reads a conversation written down as plain text, as people paste it: who spoke, a colon, what was said.

```
Channel: chat                          before the first turn, all optional: Channel, Date, Account, Conversation
Date: 2026-03-02
Customer: My parcel is late.
Bot: It is on its way.
Agent (Anna): I take over.             a name; from here on "Anna:" is the agent
Maria Lopez: Thank you.                a name alone is the customer, where nobody else is and only bot or agent is told
[10:32] Customer: Thank you.           a time before the speaker; or 10:32:05, 10:32 AM, 2026-03-02 10:32, an ISO time
Customer [voice]: It is me again.      a channel before or after the speaker, for this turn
--- Phone call, 2026-03-04 ---         a heading: another channel, another day, or both, from here on
```
A line without a speaker goes on with the turn before it, as does every line that is indented. Who speaks is told by the
words that vCons use for roles: customer, caller, user; agent, advisor, support; bot, assistant. Times without an offset
are UTC; clocks without a day tell how long the pauses were, and small ones that begin at 00:00 count minutes and
seconds. What cannot be read is refused with its line.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from app.conversations import AFTER_LAST_TURN, TURN_GAP, Conversation, conversation_of
from app.errors import InvalidRequest
from app.formats.roles import actor_of_role
from app.models import Actor, Channel

MOST_CHARACTERS = 1_000_000

_HEADINGS: Mapping[str, str] = {
    **dict.fromkeys(("channel",), "channel"),
    **dict.fromkeys(("date", "day", "started", "started at"), "date"),
    **dict.fromkeys(("account", "account id", "customer ref", "customer id"), "account"),
    **dict.fromkeys(("conversation", "conversation id", "id"), "conversation"),
}
_ROLES = {Actor.CUSTOMER: "customer", Actor.BOT: "bot", Actor.AGENT: "agent"}
_HOW = (
    "Write Customer, Agent or Bot before the colon, or say once who it is, as in “Agent (Anna):”. "
    "Indent a line that only goes on with the one before it. A time before the speaker is written [10:32] or "
    "[2026-03-02 10:32]."
)

_GROUP = re.compile(r"[\[(](?P<inside>[^\])]{1,40})[\])]\s*+(?:[-–|,]\s*+)?")
_BARE_TIME = re.compile(
    r"(?P<inside>\d{4}-\d{2}-\d{2}[T ]\d{1,2}:\d{2}\S*|\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp][Mm])?)"
    r"\s*+[-–|,]?\s*+(?<=\s)(?=\S)"
)
_HEAD = re.compile(
    r"(?P<label>[^\W\d_][^:\[\]()<>\"“”]{0,40}?)\s{0,40}(?P<notes>(?:[\[(][^\])]{1,40}[\])]\s{0,40}){0,3}):(?:\s+|$)(?P<text>.*)"
)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?)\s*(Z|[+-]\d{2}:?\d{2}|UTC)?")
_CLOCK = re.compile(r"(\d{1,3}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp][Mm])?")
_RULE = re.compile(r"(?:[-=*_~]{2,}+|#{1,6}(?=\s))")
_OF_A_RULE = "-=*_~"
# A line begins with a time and a channel at most, each told twice perhaps.
_MOST_GROUPS = 8
_NAME = re.compile(r"[A-Z][\w.'’-]*(?: [A-Z][\w.'’-]*){0,2}")
_NEXT_DAY = timedelta(hours=6)


class _Divider(NamedTuple):
    inside: str
    closed: bool


class _Stamp(NamedTuple):
    """When a turn was said: a whole moment, or a clock's hours (or minutes, where it has two numbers), and so on."""

    moment: datetime | None = None
    clock: tuple[int, int, int | None] | None = None


class _Head(NamedTuple):
    """What stands before the words of a turn."""

    label: str
    text: str
    notes: Sequence[str]
    stamp: _Stamp | None
    channel: Channel | None


@dataclass(slots=True)
class _TextTurn:
    line: int
    role: str
    channel: Channel
    day: date | None
    stamp: _Stamp | None
    name: str | None
    text: list[str] = field(default_factory=list[str])


def conversation_in_text(text: str, *, name: str = "conversation", now: datetime | None = None) -> Conversation:
    """The conversation that a plain text holds; `name` is its id where the text gives none.

    `now` is the moment after its last turn where it names no day. Raises InvalidRequest, which names the line.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidRequest(f"the text has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read.")
    reader = _TextReader(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}").splitlines())
    turns = reader.read()
    if not turns:
        raise InvalidRequest(f"line 1: nobody speaks here. {_HOW}")
    times, dated = _times(turns, now or datetime.now(UTC))
    document: dict[str, Any] = {
        "id": reader.headings.get("conversation", name),
        "customer_ref": reader.headings.get("account"),
        "turns": [_as_turn(turn, at) for turn, at in zip(turns, times, strict=True)],
    }
    return conversation_of(document, now=now).model_copy(update={"dated": dated})


class _TextReader:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self.headings: dict[str, str] = {}
        self._names: dict[str, Actor] = {}
        self._turns: list[_TextTurn] = []
        self._channel = Channel.CHAT
        self._day: date | None = None
        heads = [head for line in lines if not line[:1].isspace() and (head := _head_of(line))]
        self._spoken = Counter(head.label.casefold() for head in heads if _NAME.fullmatch(head.label))
        by_role = {actor for head in heads for role in (head.label, *head.notes) if (actor := actor_of_role(role))}
        self._customer_is_named = bool(by_role & {Actor.BOT, Actor.AGENT}) and Actor.CUSTOMER not in by_role

    def read(self) -> Sequence[_TextTurn]:
        for number, line in enumerate(self._lines, 1):
            if line.strip():
                self._take(number, line)
        return self._turns

    def _take(self, number: int, line: str) -> None:
        goes_on = line[:1].isspace() and bool(self._turns)
        if not goes_on and self._heading(number, line.strip()):
            return
        head = None if goes_on else _head_of(line.strip())
        actor = self._actor(number, head) if head else None
        if head is not None and actor is not None:
            channel = head.channel or next(filter(None, map(Channel.called, head.notes)), None) or self._channel
            if actor not in _ROLES:
                raise InvalidRequest(f"line {number}: “{head.label}” is nobody who takes part. {_HOW}")
            turn = _TextTurn(number, _ROLES[actor], channel, self._day, head.stamp, _name_in(head), [head.text])
            self._turns.append(turn)
        elif self._turns:
            self._turns[-1].text.append(line.strip())
        else:
            raise InvalidRequest(f"line {number}: nobody is named who says this. {_HOW}")

    def _actor(self, number: int, head: _Head) -> Actor | None:
        """Who speaks; None where this is no speaker, but the words of the turn before."""
        by_note = next(filter(None, map(actor_of_role, head.notes)), None)
        by_label = actor_of_role(head.label)
        if by_label is not None:
            names = [note for note in head.notes if Channel.called(note) is None and actor_of_role(note) is None]
            self._names |= {name.casefold(): by_label for name in names}
            return by_label
        if by_note is not None:
            self._names[head.label.casefold()] = by_note
            return by_note
        actor = self._names.get(head.label.casefold())
        spoken = self._spoken[head.label.casefold()]
        if actor is None and spoken and (spoken > 1 or not self._turns or head.stamp is not None):
            if self._customer_is_named:
                # Whoever bot and agent talk to; a second name without a role may be anybody's.
                self._customer_is_named = False
                self._names[head.label.casefold()] = Actor.CUSTOMER
                return Actor.CUSTOMER
            raise InvalidRequest(f"line {number}: nothing says who “{head.label}” is. {_HOW}")
        return actor

    def _heading(self, number: int, line: str) -> bool:
        """Take in a line that says where or when what follows was said; tells whether it was one."""
        name, colon, value = (part.strip() for part in line.partition(":"))
        meant = _HEADINGS.get(name.casefold())
        if colon and meant and value and (not self._turns or meant == "channel"):
            self._set(number, meant, value)
            return True
        rule = _rule_of(line)
        inside = rule.inside if rule else line[1:-1] if line[:1] + line[-1:] in ("[]", "()") else None
        if inside is None:
            return False
        pieces = [piece.strip() for piece in re.split(r"[,;|]", inside) if piece.strip()]
        read = [(Channel.called(piece), _day_named(piece)) for piece in pieces]
        if not all(channel or day for channel, day in read):
            return self._title(number, rule, pieces)
        for channel, day in read:
            self._channel, self._day = channel or self._channel, day or self._day
        return rule is not None or bool(read)

    def _title(self, number: int, rule: _Divider | None, pieces: Sequence[str]) -> bool:
        """Whether a heading that names neither a channel nor a day is the text's title; a signature is no heading."""
        if rule is not None and not self._turns:
            return True
        if rule is not None and rule.closed:
            raise InvalidRequest(
                f"line {number}: “{', '.join(pieces)}” is neither a channel nor a day. Channels are "
                f"{', '.join(Channel)}; a day is written 2026-03-02."
            )
        return False

    def _set(self, number: int, meant: str, value: str) -> None:
        if meant == "channel":
            channel = Channel.called(value)
            if channel is None:
                raise InvalidRequest(f"line {number}: “{value}” is no channel. Use one of {', '.join(Channel)}.")
            self._channel = channel
        elif meant == "date":
            day = _day_named(value[:10])
            if day is None:
                raise InvalidRequest(f"line {number}: “{value}” is no day. Write it as 2026-03-02.")
            self._day = day
        else:
            self.headings[meant] = value


def _name_in(head: _Head) -> str | None:
    """The name of whoever speaks: the label where that is no role, else what stands beside the role."""
    if actor_of_role(head.label) is None:
        return head.label
    return next((note for note in head.notes if Channel.called(note) is None and actor_of_role(note) is None), None)


def _rule_of(line: str) -> _Divider | None:
    """What stands in a line such as `--- chat ---`, or None where it does not begin as one."""
    opening = _RULE.match(line)
    if opening is None:
        return None
    rest = line[opening.end() :]
    bare = rest.rstrip(_OF_A_RULE)
    closed = len(rest) - len(bare) >= 2
    return _Divider((bare if closed else rest).strip(), closed)


def _head_of(line: str) -> _Head | None:
    rest, stamp, channel = line, None, None
    for _ in range(_MOST_GROUPS):
        match = _GROUP.match(rest) or _BARE_TIME.match(rest)
        if match is None:
            break
        read, named = _stamp_of(match["inside"]), Channel.called(match["inside"])
        if read is None and named is None:
            return None
        stamp, channel, rest = read or stamp, named or channel, rest[match.end() :]
    head = _HEAD.fullmatch(rest)
    if head is None:
        return None
    notes = [note.strip() for note in re.split(r"[\[\]()]", head["notes"]) if note.strip()]
    stamp = stamp or next(filter(None, map(_stamp_of, notes)), None)
    left = [note for note in notes if _stamp_of(note) is None]
    return _Head(head["label"].strip(), head["text"].strip(), left, stamp, channel)


def _stamp_of(written: str) -> _Stamp | None:
    moment = _MOMENT.fullmatch(written.strip())
    try:
        if moment:
            clock = (
                moment[2].replace(",", ".").rjust(5, "0") if moment[2].find(":") == 1 else moment[2].replace(",", ".")
            )
            offset = "+00:00" if moment[3] in (None, "Z", "UTC") else moment[3]
            return _Stamp(moment=datetime.fromisoformat(f"{moment[1]}T{clock}{offset}"))
        match = _CLOCK.fullmatch(written.strip())
        if match is None or int(match[2]) > 59 or int(match[3] or 0) > 59:
            return None
        first, half = int(match[1]), (match[4] or "").lower()
        if half:
            first = first % 12 + (12 if half == "pm" else 0)
        return _Stamp(clock=(first, int(match[2]), None if match[3] is None else int(match[3])))
    except ValueError:
        return None


def _day_named(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None


def _times(turns: Sequence[_TextTurn], now: datetime) -> tuple[Sequence[datetime | None], bool]:
    """When each turn was said, where its line tells it, and whether any day is known."""
    clocks = [turn.stamp.clock for turn in turns if turn.stamp and turn.stamp.clock]
    first = clocks[0] if clocks else None
    # Two numbers are minutes and seconds on a recording's counter, which begins with nothing.
    begins_with_nothing = first is not None and first[0] == 0 and first[1] < 10 and first[2] is None
    counts_minutes = begins_with_nothing or any(clock[2] is None and clock[0] > 23 for clock in clocks)
    times: list[datetime | None] = []
    newest: tuple[datetime, int] | None = None
    dated = False
    for turn in turns:
        moment = None if turn.stamp is None else turn.stamp.moment
        if turn.stamp is not None and turn.stamp.clock is not None:
            day = turn.day or (newest[0].date() if newest else now.date())
            moment = _moment(turn, turn.stamp.clock, day, counts_minutes=counts_minutes)
            if newest is not None and newest[0] - moment >= _NEXT_DAY:
                moment += timedelta(days=1)  # past midnight
        if moment is not None and newest is not None and moment < newest[0]:
            raise InvalidRequest(
                f"line {turn.line}: its time is before that of line {newest[1]}. Put the turns in order."
            )
        dated = dated or turn.day is not None or bool(turn.stamp and turn.stamp.moment)
        newest = (moment, turn.line) if moment is not None else newest
        times.append(moment)
    if dated or newest is None:
        if dated and turns[0].day and newest is None:
            times[0] = datetime.combine(turns[0].day, time(), UTC)
        return times, dated
    after = sum(1 for _ in turns) - 1 - max(index for index, at in enumerate(times) if at is not None)
    shift = now - AFTER_LAST_TURN - after * TURN_GAP - newest[0]
    return [at and at + shift for at in times], False


def _moment(turn: _TextTurn, clock: tuple[int, int, int | None], day: date, *, counts_minutes: bool) -> datetime:
    first, second, third = clock
    midnight = datetime.combine(day, time(), UTC)
    if third is None and counts_minutes:
        return midnight + timedelta(minutes=first, seconds=second)
    if first > 23:
        raise InvalidRequest(f"line {turn.line}: {first}:{second:02} is no time of day.")
    return midnight + timedelta(hours=first, minutes=second, seconds=third or 0)


def _as_turn(turn: _TextTurn, at: datetime | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"role": turn.role, "channel": turn.channel.value, "text": "\n".join(turn.text).strip()}
    if turn.name:
        fields["participant"] = {"name": turn.name}
    return fields if at is None else fields | {"at": at.isoformat()}
