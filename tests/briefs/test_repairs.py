"""A number that is put right in the same breath is told as it was put right, and two numbers stay two."""

import pytest

from app.briefs.entities import entities
from app.briefs.repairs import taken_back
from app.briefs.spoken_numbers import spoken_numbers
from tests.support.builders import interaction


def named(*texts: str, channel: str = "voice", actor: str = "customer") -> list[str]:
    """The values of the entities of messages in a row."""
    rows = [interaction(number, text, channel=channel, actor=actor) for number, text in enumerate(texts)]
    return [entity.value for entity in entities(rows, [], [row.interaction_id for row in rows])]


@pytest.mark.parametrize(
    ("texts", "channel", "values"),
    [
        (
            ["it is five oh six double one eight two no sorry four at the end so five oh six double one eight four"],
            "voice",
            ["5061184"],
        ),
        (["the pass is five five one two eight, wait, five five one two nine"], "voice", ["55129"]),
        (["es ist fünf fünf eins zwei acht nein fünf fünf eins zwei neun bitte"], "voice", ["55129"]),
        (["c'est cinq cinq un deux huit non pardon cinq cinq un deux neuf"], "voice", ["55129"]),
        (["permit 66130, sorry 66310 please"], "chat", ["66310"]),
        (["my permit is 66130", "sorry, 66310"], "chat", ["66310"]),
        (["meine Nummer ist 66130, Entschuldigung, 66310"], "chat", ["66310"]),
        (["permit 66130, sorry 66310", "no, 66130 after all"], "chat", ["66130"]),
    ],
)
def test_a_number_that_was_put_right_is_named_as_it_was_put_right(
    texts: list[str], channel: str, values: list[str]
) -> None:
    assert named(*texts, channel=channel) == values


@pytest.mark.parametrize(
    ("texts", "channel", "values"),
    [
        (["the first is four four one two seven and the other is four four one two nine"], "voice", ["44127", "44129"]),
        (["permits 66130 and 66310 are lost"], "chat", ["66130", "66310"]),
        (["permit 66130 came and no, 66310 did not"], "chat", ["66130", "66310"]),
        (["permit 66130, sorry, and the locker is 90417"], "chat", ["66130", "90417"]),
        (["my permit is 66130", "my other permit is 66310"], "chat", ["66130", "66310"]),
    ],
)
def test_two_numbers_without_a_correction_between_them_both_stay(
    texts: list[str], channel: str, values: list[str]
) -> None:
    assert named(*texts, channel=channel) == values


def test_what_somebody_else_says_puts_no_number_right() -> None:
    rows = [interaction(1, "my permit is 66130"), interaction(2, "sorry, 66310?", actor="agent")]
    assert taken_back(rows) == {}


def test_a_number_in_the_place_of_another_is_called_what_that_was_called() -> None:
    row = interaction(1, "my permit 66130, sorry 66310")
    assert [(entity.type, entity.value) for entity in entities([row], [], ["int_1"])] == [("permit_id", "66310")]


@pytest.mark.parametrize("apostrophe", ["'", "’"])
def test_the_rest_of_a_contraction_is_no_letter_of_a_code(apostrophe: str) -> None:
    (number,) = spoken_numbers(f"that{apostrophe}s five zero six one one eight four")
    assert (number.type, number.value) == ("number", "5061184")
    (number,) = spoken_numbers("that is ticket s five zero six one")
    assert number.value == "S5061"
