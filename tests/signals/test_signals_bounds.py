"""Signals of conversations that are meant to take long: what is read of them is bounded, what counts is found."""

import pytest

from app.models import SignalType
from app.signals.detection import detect
from app.signals.journey import LEAST_TEXT, LONGEST_TEXT, MOST_TEXT, Journey
from tests.support.builders import interaction, snapshot


def test_of_an_overlong_text_the_beginning_and_the_end_are_read() -> None:
    text = "Let me talk to a human agent! " + "It goes on. " * 20_000 + "Goodbye."
    case = snapshot([interaction(1, text)])
    [row] = Journey.of(case).conversation
    assert len(row.text) == LONGEST_TEXT + 1
    assert (row.text[:12], row.text[-12:]) == (text[:12], text[-12:])
    assert SignalType.HUMAN_REQUEST in [signal.type for signal in detect(case)]


def test_of_far_too_much_text_the_newest_is_read_whole() -> None:
    rows = Journey.of(snapshot([interaction(number, f"{number} " * 1000) for number in range(1000)])).conversation
    assert sum(len(row.text) for row in rows) <= MOST_TEXT + 1000 * LEAST_TEXT
    assert len(rows[-1].text) > LEAST_TEXT
    assert len(rows[0].text) == LEAST_TEXT


def test_an_ordinary_conversation_is_read_as_it_stands() -> None:
    given = [interaction(number, f"message {number} " * 10) for number in range(500)]
    read = Journey.of(snapshot(given)).conversation
    assert all(row is other for row, other in zip(read, given, strict=True))


@pytest.mark.parametrize("text", ["x" + "\n" * 200_000 + "x", "A" * 200_000, "[" * 200_000, "AB123456 " * 20_000])
def test_texts_of_the_largest_size_say_nothing_and_take_next_to_no_time(text: str) -> None:
    rows = [interaction(number, text, actor="bot" if number % 2 else "customer") for number in range(20)]
    assert len(detect(snapshot(rows))) <= 10
