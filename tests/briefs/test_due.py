"""By when a promise is due, in the words that people use, and whether it is overdue."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.briefs.commitments import time_named
from app.briefs.due import day_named, due_at, is_overdue
from app.models import Actor, Commitment

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 3, 6, 16, 0, tzinfo=UTC)


def promise(due: str | None, at: datetime | None = MONDAY) -> Commitment:
    """A promise given on a Monday morning."""
    return Commitment(by=Actor.AGENT, text="We will call you.", due=due, at=at, evidence=("int_1",))


def end_of(day: int, month: int = 3) -> datetime:
    """The last minute of a day of 2026."""
    return datetime(2026, month, day, 23, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("within 2 days", end_of(4)),
        ("within two days", end_of(4)),
        ("by tomorrow", end_of(3)),
        ("by Friday", end_of(6)),
        ("by 9 May", end_of(9, month=5)),
        ("within a week", end_of(9)),
        ("in zwei Tagen", end_of(4)),
        ("bis Freitag", end_of(6)),
        ("bis zum 9. März", end_of(9)),
        ("avant vendredi", end_of(6)),
        ("avant le 10 mars", end_of(10)),
        ("antes del jueves", end_of(5)),
        ("antes del 10 de marzo", end_of(10)),
        ("entro venerdì", end_of(6)),
        ("até 10 de março", end_of(10)),
        ("vóór vrijdag", end_of(6)),
    ],
)
def test_what_is_due_on_a_day_is_due_at_its_end(words: str, moment: datetime) -> None:
    assert due_at(words, MONDAY) == moment


@pytest.mark.parametrize(
    ("words", "moment"),
    [
        ("in 30 minutes", MONDAY + timedelta(minutes=30)),
        ("within 2 hours", MONDAY + timedelta(hours=2)),
        ("within 24 hours", MONDAY + timedelta(hours=24)),
        ("in 24 Stunden", MONDAY + timedelta(hours=24)),
        ("sous 48 heures", MONDAY + timedelta(hours=48)),
        ("en 24 horas", MONDAY + timedelta(hours=24)),
        ("binnen 24 uur", MONDAY + timedelta(hours=24)),
        ("until 18:00", MONDAY.replace(hour=18)),
        ("before noon", MONDAY.replace(hour=12)),
    ],
)
def test_what_is_due_at_an_hour_is_due_at_that_hour(words: str, moment: datetime) -> None:
    assert due_at(words, MONDAY) == moment


@pytest.mark.parametrize(
    "words",
    [
        "within 3 business days",
        "within 3 working days",
        "in 1-3 business days",
        "in 2 to 3 business days",
        "innerhalb von 3 Werktagen",
        "binnen 3 Arbeitstagen",
        "sous 3 jours ouvrés",
        "en 3 días hábiles",
        "entro 3 giorni lavorativi",
        "em 3 dias úteis",
        "binnen 3 werkdagen",
    ],
)
def test_business_days_leave_out_the_weekend_and_the_longest_span_counts(words: str) -> None:
    assert due_at(words, MONDAY) == end_of(5)
    assert due_at(words, FRIDAY) == end_of(11)


def test_of_plain_days_the_weekend_counts() -> None:
    assert due_at("within 3 days", FRIDAY) == end_of(9)


@pytest.mark.parametrize("words", ["soon", "as soon as possible", "baldmöglichst", "lo antes posible", "", "the lamp"])
def test_words_that_name_no_moment_have_none(words: str) -> None:
    assert due_at(words, MONDAY) is None


def test_a_day_that_is_more_than_half_a_year_off_was_not_understood() -> None:
    assert due_at("by 9 May", MONDAY) is not None
    assert due_at("by 9 January 2031", MONDAY) is None


@pytest.mark.parametrize("words", ["within 2 days", "by Wednesday", "bis Mittwoch", "avant mercredi", "el miércoles"])
def test_a_promise_whose_day_is_past_is_overdue_and_one_to_come_is_not(words: str) -> None:
    assert not is_overdue(promise(words), MONDAY)
    assert not is_overdue(promise(words), end_of(4))
    assert is_overdue(promise(words), end_of(4) + timedelta(minutes=1))


def test_a_promise_of_business_days_is_not_overdue_over_the_weekend() -> None:
    commitment = promise("within 2 business days", FRIDAY)
    assert not is_overdue(commitment, FRIDAY + timedelta(days=3))
    assert is_overdue(commitment, FRIDAY + timedelta(days=5))


@pytest.mark.parametrize("due", [None, "soon"])
def test_a_promise_without_a_moment_is_never_overdue(due: str | None) -> None:
    assert not is_overdue(promise(due), MONDAY + timedelta(days=400))


def test_a_promise_of_which_nobody_knows_when_it_was_given_is_not_overdue() -> None:
    assert not is_overdue(promise("tomorrow", at=None), MONDAY + timedelta(days=400))


@pytest.mark.parametrize(
    ("sentence", "day"),
    [
        ("The technician is with you on Thursday.", date(2026, 3, 5)),
        ("El técnico llega el jueves.", date(2026, 3, 5)),
        ("Der Techniker kommt am Donnerstag.", date(2026, 3, 5)),
    ],
)
def test_a_day_that_a_promise_names_anywhere_is_when_it_is_due(sentence: str, day: date) -> None:
    said_at = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    words = day_named(sentence, said_at)
    assert words is not None
    due = due_at(words, said_at)
    assert due is not None
    assert due.date() == day


def test_numbers_in_words_count_like_figures() -> None:
    said_at = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    assert due_at("within two working days", said_at) == due_at("within 2 working days", said_at)


@pytest.mark.parametrize(
    ("sentence", "words", "hour"),
    [
        ("I have booked a technician for Thursday at 10:00", "Thursday at 10:00", 10),
        ("The visit is booked for 10:00 on Thursday.", "10:00 on Thursday", 10),
        ("We will be with you Thursday at 10.", "Thursday at 10", 10),
        ("Thursday it is, I have put you down for it: somebody comes at 2 pm.", "Thursday at 2 pm", 14),
        ("I have booked a technician for Thursday between 10:00 and 12:00.", "Thursday between 10:00 and 12:00", 12),
        ("Thursday at noon is booked.", "Thursday at noon", 12),
        ("Wir haben Donnerstag, 9 Uhr, für Sie reserviert.", "Donnerstag, 9 Uhr", 9),
        ("Le technicien viendra jeudi à 10 heures.", "jeudi à 10 heures", 10),
        ("La visita es el jueves a las 16:30.", "jueves a las 16:30", 16),
        ("Il tecnico verrà giovedì alle 9.", "giovedì alle 9", 9),
        ("De monteur komt donderdag om 14.30 uur.", "donderdag om 14.30 uur", 14),
        ("A visita está marcada para quinta-feira às 9h.", "quinta-feira às 9h", 9),
    ],
)
def test_a_weekday_and_an_hour_belong_together(sentence: str, words: str, hour: int) -> None:
    named = time_named(sentence, MONDAY)
    assert named == words
    due = due_at(words, MONDAY)
    assert due is not None
    assert (due.day, due.hour) == (5, hour)


@pytest.mark.parametrize("sentence", ["I will refund 10.50 by Thursday.", "We bring 12 boxes on Thursday."])
def test_a_number_that_counts_something_is_no_hour_of_the_weekday(sentence: str) -> None:
    named = time_named(sentence, MONDAY)
    assert named is not None
    assert due_at(named, MONDAY) == end_of(5)


@pytest.mark.parametrize(
    ("words", "moment"), [("at 10", MONDAY.replace(hour=10)), ("the 14th at 10", MONDAY.replace(day=14, hour=10))]
)
def test_an_hour_without_minutes_is_no_month(words: str, moment: datetime) -> None:
    assert due_at(words, MONDAY) == moment
