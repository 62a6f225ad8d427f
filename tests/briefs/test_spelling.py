"""Names and codes that somebody spells: one value of them, and nothing of what only looks spelt."""

import pytest

from app.briefs.extractive import compose
from app.briefs.spelling import spelt_values
from app.models import HandoffRequest, Intent
from tests.support.builders import interaction, snapshot


@pytest.mark.parametrize(
    ("text", "asked", "kind", "value"),
    [
        ("my surname is R-O-O-N-E-Y", "", "name", "Rooney"),
        ("I moved in March, so please change my address. The surname is H U G H E S.", "", "name", "Hughes"),
        ("it's L I N D Q V I S T", "And your last name?", "name", "Lindqvist"),
        ("B A double R E T, so Barret", "", "name", "Barret"),
        ("it is D as in delta, nine, nought, F for Freddie, four", "", "code", "D90F4"),
        ("the plate is sierra uniform eight one", "", "code", "SU81"),
        ("M wie Martha, Z wie Zeppelin, drei, null, acht", "", "code", "MZ308"),
        ("c'est T comme Thérèse, G comme Gaston, six, deux", "", "code", "TG62"),
        ("H bravo, I mean H hotel, 3, triple 5", "", "code", "H3555"),
    ],
)
def test_what_is_spelt_is_one_value(text: str, asked: str, kind: str, value: str) -> None:
    assert [(spelt.type, spelt.value) for spelt in spelt_values(text, asked)] == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "i have a 4 year old and a dog",
        "send it A S A P please",
        "we stayed at the hotel in november, room 12",
        "I am in Italy",
        "that's plan B, and I want 2",
        "reference A-7-3-Q",
        "order RT-500 and K7431",
        "my friend mike played golf",
    ],
)
def test_what_is_not_spelt_is_left(text: str) -> None:
    assert spelt_values(text) == ()


def entities(text: str, question: str) -> dict[str, str]:
    """The entities of a call in which a question was answered, by their values."""
    rows = (
        interaction(1, question, actor="agent", channel="voice"),
        interaction(2, text, channel="voice"),
        interaction(3, "Thank you.", actor="agent", channel="voice"),
    )
    brief = compose(snapshot(rows), Intent(), HandoffRequest(conversation_id="c1"))
    return {entity.value: entity.type for entity in brief.entities}


def test_a_spelt_code_is_a_fact_of_the_case_and_its_letters_are_none() -> None:
    named = entities("The policy is V for Victor, R for Roger, double zero five nine.", "What is your policy number?")
    assert named == {"VR0059": "policy_id"}


def test_nothing_is_read_where_a_secret_is_asked_for() -> None:
    assert entities("It is T-U-L-I-P nine nine, my name for it.", "What is your password?") == {}
