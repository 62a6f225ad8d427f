"""Appointments that come as iCalendar: what a message does to them, their day and hours, and nothing raw of them."""

import pytest

from app.nlu.calendars import Appointment, AppointmentStep, appointments_in, appointments_of, without_calendars
from app.nlu.read_rows import Nature, as_read, nature_of
from tests.support.builders import interaction


def calendar(*lines: str, method: str = "REQUEST") -> str:
    """A calendar of one event."""
    event = (
        "UID:7@desk.example",
        "DTSTAMP:20260501T080000Z",
        "SUMMARY:Viewing of the flat",
        "ORGANIZER;CN=Lia Brook:mailto:lia@brook.example",
        *lines,
    )
    body = ("BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR")
    return "\r\n".join(body) + "\r\n"


BERLIN = "DTSTART;TZID=Europe/Berlin:20260604T153000"


def only(text: str) -> Appointment:
    """The one appointment of a calendar."""
    (appointment,) = appointments_of(text)
    return appointment


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        ((BERLIN, "DTEND;TZID=Europe/Berlin:20260604T160000"), "2026-06-04 15:30–16:00 (Europe/Berlin)"),
        (("DTSTART:20260604T133000Z", "DURATION:PT45M"), "2026-06-04 13:30–14:15 (UTC)"),
        (("DTSTART;VALUE=DATE:20260604", "DTEND;VALUE=DATE:20260605"), "2026-06-04"),
        (("DTSTART;TZID=W. Europe Standard Time:20260604T153000",), "2026-06-04 15:30 (Europe/Berlin)"),
        (("DTSTART:20260604T153000",), "2026-06-04 15:30"),
    ],
)
def test_day_and_hours_are_told_with_their_zone(lines: tuple[str, ...], when: str) -> None:
    assert only(calendar(*lines)).when == when


@pytest.mark.parametrize(
    ("method", "lines", "step"),
    [
        ("REQUEST", (), AppointmentStep.INVITED),
        ("PUBLISH", ("SEQUENCE:0",), AppointmentStep.INVITED),
        ("REQUEST", ("SEQUENCE:2",), AppointmentStep.MOVED),
        ("CANCEL", ("SEQUENCE:2",), AppointmentStep.CANCELLED),
        ("REQUEST", ("STATUS:CANCELLED",), AppointmentStep.CANCELLED),
        ("REPLY", ("ATTENDEE;PARTSTAT=DECLINED:mailto:x@home.example",), AppointmentStep.DECLINED),
        ("REPLY", ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:x@home.example",), AppointmentStep.ACCEPTED),
        ("COUNTER", (), AppointmentStep.COUNTERED),
    ],
)
def test_the_method_says_what_a_message_does_to_an_appointment(
    method: str, lines: tuple[str, ...], step: AppointmentStep
) -> None:
    assert only(calendar(BERLIN, *lines, method=method)).step is step


def test_a_message_is_read_without_the_calendar_in_its_text() -> None:
    row = interaction(1, f"I cannot come then.\n\n{calendar(BERLIN)}", channel="email")
    bare = as_read(row)
    assert bare.text == "I cannot come then."
    assert bare.data["appointments"][0]["start"] == "2026-06-04 15:30"
    assert nature_of(row) is Nature.WORDS


def test_a_calendar_alone_is_no_file_without_words() -> None:
    row = interaction(1, channel="email", data={"attachments": [{"filename": "x.ics", "content": calendar(BERLIN)}]})
    assert nature_of(row) is Nature.APPOINTMENT


@pytest.mark.parametrize(
    "text", ["BEGIN:VCALENDAR", "BEGIN:VCALENDAR\nDTSTART:never\n", calendar("DTSTART:20269999T99Z")]
)
def test_what_is_no_calendar_or_a_broken_one_is_no_failure(text: str) -> None:
    assert appointments_in(text, {}) == [] or not appointments_in(text, {})[0]["start"]
    assert "DTSTART" not in without_calendars(text)
