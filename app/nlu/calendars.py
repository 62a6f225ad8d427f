"""Appointments that come with a message as iCalendar: an invitation, a new time, a cancellation, an answer to one.

RFC 5545 says how they are written and RFC 5546 what `METHOD` makes of them; `icalendar` reads them, with their time
zones, which Windows names otherwise. Whoever organises one is nobody's identity: it may be the customer, our side or a
third party.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from importlib import import_module
from typing import Any, NamedTuple, cast

APPOINTMENTS = "appointments"
"""The field of a row's data that holds the appointments in it."""
_BLOCK = re.compile(
    r"^[ \t>]{0,8}BEGIN:VCALENDAR\b.*?(?:^[ \t>]{0,8}END:VCALENDAR[ \t]{0,8}$|\Z)", re.DOTALL | re.MULTILINE
)
_OPENING = "BEGIN:VCALENDAR"
_LONGEST, _LONGEST_VALUE = 64_000, 300
_MOST = 8
_MOST_FIELDS, _DEEPEST = 50, 3


class AppointmentStep(StrEnum):
    """What a message does to an appointment."""

    INVITED = "invited"
    MOVED = "moved"
    CANCELLED = "cancelled"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    COUNTERED = "countered"


_ANSWERS = {
    "ACCEPTED": AppointmentStep.ACCEPTED,
    "DECLINED": AppointmentStep.DECLINED,
    "TENTATIVE": AppointmentStep.TENTATIVE,
}


class Appointment(NamedTuple):
    """An appointment as a message tells it: `when` is its day and hours as they are written, with their zone."""

    step: AppointmentStep
    what: str
    start: str
    when: str
    where: str = ""
    organiser: str = ""

    @property
    def described(self) -> str:
        """What it is, when and where, and who organises it."""
        by = f"({self.organiser})" if self.organiser else ""
        return " ".join(filter(None, (", ".join(filter(None, (self.what, self.when, self.where))), by)))


def without_calendars(text: str) -> str:
    """The text without the calendars that are written out in it."""
    return _BLOCK.sub("", text[:_LONGEST]).strip() + text[_LONGEST:] if _OPENING in text else text


def appointments_in(text: str, data: Mapping[str, Any]) -> list[dict[str, str]]:
    """The appointments of a message, as its data holds them: those of its text, and of texts in its data."""
    ready = data.get(APPOINTMENTS)
    if isinstance(ready, list):
        entries = [cast(Mapping[str, str], each) for each in cast(Sequence[Any], ready) if isinstance(each, Mapping)]
        return [dict(each) for each in entries[:_MOST]]
    calendars = [block[0] for block in _BLOCK.finditer(text[:_LONGEST])] if _OPENING in text else []
    calendars += _texts_in(data)
    return [each._asdict() for calendar in calendars[:_MOST] for each in appointments_of(calendar)][:_MOST]


def appointments_from(data: Mapping[str, Any]) -> Iterator[Appointment]:
    """The appointments that the data of a row hold, as they are read."""
    listed: object = data.get(APPOINTMENTS)
    for entry in cast(Sequence[object], listed) if isinstance(listed, list) else ():
        if isinstance(entry, Mapping):
            fields = {str(name): str(value) for name, value in cast(Mapping[str, Any], entry).items()}
            if fields.get("step") in set(AppointmentStep):
                texts = (fields.get(name, "") for name in Appointment._fields[1:])
                yield Appointment(AppointmentStep(fields["step"]), *texts)


def appointments_of(calendar: str) -> Iterator[Appointment]:
    """The appointments of a calendar; none where it cannot be read."""
    library: Any = import_module("icalendar")  # it takes most of a second to load, and few messages need it
    try:
        read: Any = library.Calendar.from_ical(calendar[:_LONGEST])
        method = str(read.get("METHOD", "")).upper()
        for event in read.walk("VEVENT")[:_MOST]:
            yield _appointment(method, event)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return


def _appointment(method: str, event: Any) -> Appointment:
    start, end = _moment(event, "DTSTART"), _end(event)
    return Appointment(
        _step(method, event),
        what=_text(event.get("SUMMARY")) or _text(event.get("DESCRIPTION")),
        start=_written(start),
        when=_when(start, end),
        where=_text(event.get("LOCATION")),
        organiser=_person(event.get("ORGANIZER")),
    )


def _step(method: str, event: Any) -> AppointmentStep:
    if method == "CANCEL" or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return AppointmentStep.CANCELLED
    if method == "REPLY":
        attendees: Any = event.get("ATTENDEE")
        answering = cast(Sequence[Any], attendees) if isinstance(attendees, list) else (attendees,)
        answer = next((str(getattr(each, "params", {}).get("PARTSTAT", "")).upper() for each in answering), "")
        return _ANSWERS.get(answer, AppointmentStep.TENTATIVE)
    if method == "COUNTER":
        return AppointmentStep.COUNTERED
    # SEQUENCE counts the changes of an appointment that was sent before (RFC 5545, 3.8.7.4).
    return AppointmentStep.MOVED if int(event.get("SEQUENCE", 0) or 0) > 0 else AppointmentStep.INVITED


def _moment(event: Any, name: str) -> date | datetime | None:
    value: Any = event.get(name)
    moment = getattr(value, "dt", None)
    return moment if isinstance(moment, date) else None


def _end(event: Any) -> date | datetime | None:
    end = _moment(event, "DTEND")
    start, length = _moment(event, "DTSTART"), getattr(event.get("DURATION"), "dt", None)
    return start + length if end is None and start is not None and length is not None else end


def _written(moment: date | datetime | None) -> str:
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d %H:%M}" if isinstance(moment, datetime) else f"{moment:%Y-%m-%d}"


def _when(start: date | datetime | None, end: date | datetime | None) -> str:
    """Day and hours: `2026-05-06 14:00–14:30 (Europe/Berlin)`."""
    if not isinstance(start, datetime):
        return _written(start)
    until = ""
    if isinstance(end, datetime) and end > start:
        until = f"–{end:%H:%M}" if end.date() == start.date() else f" – {end:%Y-%m-%d %H:%M}"
    zone = "UTC" if start.tzinfo is UTC else str(getattr(start.tzinfo, "key", "")) or (start.strftime("UTC%z")[:6])
    return f"{_written(start)}{until}" + (f" ({zone})" if start.tzinfo is not None else "")


def _person(value: Any) -> str:
    named = getattr(value, "params", {}).get("CN", "") if value is not None else ""
    return _text(named) or _text(value).removeprefix("mailto:").removeprefix("MAILTO:")


def _text(value: Any) -> str:
    return " ".join(str(value).split())[:_LONGEST_VALUE] if value is not None else ""


def _texts_in(fields: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    for value in list(fields.values())[:_MOST_FIELDS]:
        entries = cast(Sequence[Any], value)[:_MOST_FIELDS] if isinstance(value, list) else (value,)
        for entry in entries:
            if isinstance(entry, str) and _OPENING in entry[:_LONGEST]:
                yield entry[entry.index(_OPENING) :]
            elif isinstance(entry, Mapping) and depth < _DEEPEST:
                yield from _texts_in(cast(Mapping[str, Any], entry), depth + 1)
