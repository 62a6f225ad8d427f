"""When what a tool carried out is to take place, by which reference and with whom: read from the record it answered.

No trade's words are known here. A time counts where it was to come when the tool answered, so that what the record says
of itself (`created_at`) does not; of a list of several things none is the one appointment.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, NamedTuple, cast

from app.briefs.reading import Call
from app.models import Interaction, Outcome
from app.nlu.steps import read_json, step_name

_ISO = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<clock>\d{2}:\d{2})(?::\d{2}(?:\.\d{1,9})?)?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?"
)
_SPAN = re.compile(r"(?P<start>\d{1,2}:\d{2})(?::00)?(?:\s?(?:-|–|to)\s?(?P<end>\d{1,2}:\d{2})(?::00)?)?")
# So long after a tool answered, a time is still that of its answer.
_OWN_MOMENT = timedelta(minutes=5)
_DEEPEST = 3
# As calendars call it (RFC 5545, schema.org): when something begins, and when it ends.
_BEGINS = frozenset("start starts begin begins from dtstart date time datetime day when slot window scheduled".split())
_ENDS = frozenset("end ends until till to finish finishes dtend".split())
# A time named so is by when something holds, and nothing takes place then.
_LIMITS = frozenset("expires expire expiry expiration exp valid validity ttl deadline due retention".split())
_SMALL = frozenset("at on for".split())
_REFERENCES = ("reference", "ref", "confirmation", "number", "no", "code", "id")
_REFERENCE = re.compile(r"#?(?=[\w-]{0,24}\d)[\w-]{3,24}")
_NAME = re.compile(r"[^\W\d_][\w.'’-]{0,30}(?: [\w.'’-]{1,30}){1,4}")
_PERSONAL = frozenset("user customer account member client person profile caller contact".split())
# Of what a record says of itself in words, nothing names anybody.
_SAYING = frozenset("status state outcome result decision message detail details description reason note notes".split())
_LONGEST_PARTICLE = 3
_STATES = frozenset("status state outcome result".split())
_OFF = frozenset("cancelled canceled void voided revoked released deleted removed withdrawn".split())
_LONG_NUMBER = 4
"""A shorter number without a letter may count anything."""


class _RecordText(NamedTuple):
    """A text in a record, with the words of its name and of the objects it stands in."""

    words: tuple[str, ...]
    around: tuple[str, ...]
    text: str


class _Time(NamedTuple):
    """A time as it was written; `moment` is reckoned in the zone of the answer where it names none."""

    field: _RecordText
    day: str
    clock: str
    zone: str
    moment: datetime


class Booking(NamedTuple):
    """What was fixed for a time to come: `when` with its window, `due` the beginning, `words` all that is told."""

    due: str
    words: str
    moment: datetime
    evidence: str


def booking_of(call: Call) -> Booking | None:
    """What a call that changed something has fixed for a time to come."""
    if call.result is None or call.looks or call.outcome is not Outcome.SUCCEEDED:
        return None
    return booking_in(call.result, call.call.data)


def booking_in(result: Interaction, arguments: Mapping[str, Any] | None = None) -> Booking | None:
    """What a tool's answer tells of a time to come; `arguments` are told with the step anyway."""
    fields = list(_fields(_record_of(result)))
    asked = {field.text for field in _fields(arguments or {})}
    times = [moment for field in fields if (moment := _time(field, fields, result.occurred_at, asked)) is not None]
    starts = [start for start in times if _ENDS.isdisjoint(start.field.words) and _LIMITS.isdisjoint(start.field.words)]
    if not starts:
        return None
    begins = next((start for start in starts if not _BEGINS.isdisjoint(start.field.words)), starts[0])
    ends = next((end for end in times if _is_end(end, begins)), None)
    step = step_name(result.name or "").split("_")
    when = f"{_label(begins.field, step)} {_when(begins, ends)}".strip()
    more = (_reference(fields, asked), _name(fields, step))
    words = ", ".join([when, *(part for part in more if part)])
    return Booking(f"{begins.day} {begins.clock}".strip(), words, begins.moment, result.interaction_id)


def called_off(call: Call) -> frozenset[str]:
    """The references of what a tool says it has called off, by the state that its answer tells; none where it did not.

    Programs name states in English, whatever language the customer speaks.
    """
    if call.result is None or call.looks or call.outcome is not Outcome.SUCCEEDED:
        return frozenset()
    record = _record_of(call.result)
    is_off = any(field.words[-1] in _STATES and field.text.casefold() in _OFF for field in _fields(record))
    return references(call) if is_off else frozenset()


def references(call: Call) -> frozenset[str]:
    """The numbers and codes in a call and its answer that name a thing, and no person and no time."""
    records: list[Mapping[str, Any]] = [call.call.data, _record_of(call.result) if call.result else {}]
    fields = (field for record in records for field in _fields(record))
    return frozenset(
        field.text.casefold()
        for field in fields
        if _REFERENCE.fullmatch(field.text)
        and not _ISO.fullmatch(field.text)
        and _PERSONAL.isdisjoint((*field.words, *field.around))
        and any(map(str.isalpha, field.text)) | (len(field.text) >= _LONG_NUMBER)
    )


def _record_of(result: Interaction) -> Mapping[str, Any]:
    record = read_json(result.text) if result.text else result.data
    return cast(Mapping[str, Any], record) if isinstance(record, Mapping) else {}


def _fields(record: Mapping[str, Any], around: tuple[str, ...] = ()) -> Iterator[_RecordText]:
    for name, value in record.items():
        words = tuple(step_name(str(name)).split("_"))
        if isinstance(value, Mapping) and len(around) < _DEEPEST:
            yield from _fields(cast(Mapping[str, Any], value), (*around, *words))
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield _RecordText(words, around, str(value).strip())


def _time(field: _RecordText, fields: Sequence[_RecordText], answered_at: datetime, asked: set[str]) -> _Time | None:
    """The time of a field, where it is to come: later than the answer, or a day that is not over and was asked for."""
    match = _ISO.fullmatch(field.text)
    if match is None:
        return None
    clock = match["clock"] or next((beside.text for beside in fields if _is_clock_of(field, beside)), "")
    span = _SPAN.fullmatch(clock)
    zone = match["zone"] or ""
    try:
        day = date.fromisoformat(match["day"])
        start = time.fromisoformat(span["start"].zfill(5)) if span else time(23, 59)
    except ValueError:
        return None
    moment = datetime.combine(day, start, tzinfo=_zone(zone) or answered_at.tzinfo)
    if moment <= answered_at + _OWN_MOMENT or (not span and day == answered_at.date() and field.text not in asked):
        return None
    return _Time(field, match["day"], clock, zone, moment)


def _is_clock_of(field: _RecordText, beside: _RecordText) -> bool:
    """Whether a field tells the hours of a day that stands beside it: `"date": …, "time": "08:00"`."""
    return beside.around == field.around and _SPAN.fullmatch(beside.text) is not None


def _zone(written: str) -> timezone | None:
    if not written:
        return None
    if written == "Z":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    span = timedelta(hours=hours, minutes=minutes)
    return timezone(span if written[0] == "+" else -span) if span < timedelta(days=1) else None


def _is_end(other: _Time, begins: _Time) -> bool:
    """Whether a time is when that ends which begins at another: its name is the same, but for one word."""
    named = not _ENDS.isdisjoint(other.field.words) and len(other.field.words) == len(begins.field.words)
    beside = other.field.around == begins.field.around or other.field.around[:-1] == begins.field.around[:-1]
    return named and beside and other.moment > begins.moment


def _label(field: _RecordText, step: Sequence[str]) -> str:
    """What the record calls a time whose name does not say that something begins: `estimated delivery`."""
    words = [word for word in field.words if word not in _SMALL]
    return "" if not _BEGINS.isdisjoint(words) or set(step).issuperset(words) else " ".join(words)


def _when(begins: _Time, ends: _Time | None) -> str:
    """The day and the hours, as they were written, in the offset they came with."""
    utc = " UTC" if begins.zone in ("Z", "+00:00", "+0000") else ""
    start = f"{begins.day} {begins.clock}".strip()
    if ends is None:
        return start + utc
    if not ends.clock or not begins.clock:
        return f"{begins.day} – {ends.day}" if ends.day != begins.day else start + utc
    return (f"{start}–{ends.clock}" if ends.day == begins.day else f"{start} – {ends.day} {ends.clock}") + utc


def _reference(fields: Sequence[_RecordText], asked: set[str]) -> str:
    """By which number it can be found again, with the word for it that says most."""
    named = [
        (_REFERENCES.index(field.words[-1]), field)
        for field in fields
        if field.words[-1] in _REFERENCES and _PERSONAL.isdisjoint((*field.words, *field.around))
    ]
    fitting = [(rank, field) for rank, field in named if _REFERENCE.fullmatch(field.text) and field.text not in asked]
    if not fitting:
        return ""
    _, field = min(fitting, key=lambda entry: entry[0])
    label = field.words[-1] if field.words[-1] in _REFERENCES[:3] else ""
    return f"{label} {field.text}".strip().replace("ref ", "reference ")


def _name(fields: Sequence[_RecordText], step: Sequence[str]) -> str:
    """Who comes, or where it is: a name of several words that is not the customer's, nor what the step is called."""
    for field in fields:
        own = not _PERSONAL.isdisjoint((*field.words, *field.around)) or not _SAYING.isdisjoint(field.words)
        words = field.text.split()
        capitals = all(word[:1].isupper() or len(word) <= _LONGEST_PARTICLE or word[0].isdigit() for word in words)
        if not own and capitals and _NAME.fullmatch(field.text) and not set(step).issuperset(map(str.casefold, words)):
            return field.text
    return ""
