"""Numbers that are told in words."""

import pytest

from app.briefs.spoken_numbers import spoken_numbers


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("the locker is uh three three nine dash oh one", "number", "339-01"),
        ("my member number is double seven oh one five", "number", "77015"),
        ("that is ticket k b four two seven", "code", "KB427"),
        ("die Nummer ist null drei eins sieben vier", "number", "03174"),
        ("they took sixty five euros from me", "amount", "65 euros"),
        ("es waren hundertzwanzig Euro und ich habe die Rechnung", "amount", "120 Euro"),
        ("the course begins on the twenty second of may", "date", "22nd of May"),
    ],
)
def test_a_number_in_words_is_read_in_digits(text: str, kind: str, value: str) -> None:
    assert [(number.type, number.value) for number in spoken_numbers(text)] == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "between eight and ten in the morning",
        "one two three testing",
        "in twenty twenty one",
        "nine hundred one two three",
        "i have a four year old son",
        "order 88213 for 40 euros",
    ],
)
def test_what_names_nothing_or_stands_in_digits_is_left(text: str) -> None:
    assert spoken_numbers(text) == ()
