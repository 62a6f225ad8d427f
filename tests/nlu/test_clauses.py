"""Where what goes on without a full stop is parted."""

import pytest

from app.nlu.sentences import sentences


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "i moved house in february and they still send the water bill to the old flat so i never got the reminder",
            (
                "i moved house in february",
                "and they still send the water bill to the old flat",
                "so i never got the reminder",
            ),
        ),
        (
            "ich habe den Kurs im März bezahlt und jetzt steht im Portal dass noch eine Rate offen ist",
            ("ich habe den Kurs im März bezahlt", "und jetzt steht im Portal dass noch eine Rate offen ist"),
        ),
    ],
)
def test_a_new_clause_begins_at_a_word_that_joins(line: str, expected: tuple[str, ...]) -> None:
    assert sentences(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        "if the glass is not here by friday then i will cancel it and i will buy it somewhere else",
        "please add two towels and a cot and a kettle and some milk to the room of my parents",
        "I moved house in February and they still send the water bill to the old flat, so I never got it.",
        "the tap drips and it is loud",
    ],
)
def test_conditions_lists_short_lines_and_written_sentences_stay_whole(line: str) -> None:
    assert sentences(line) == (line,)
