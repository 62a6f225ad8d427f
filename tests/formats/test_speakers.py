"""Voices are given to parties and sides by weighing all ways against each other, and by no order."""

import pytest

from app.formats.roles import read_label
from app.formats.speakers import MOST_FREE, Voice, WeighedParty, attribute
from app.models import Actor

REPORTED = ["My boiler has been off since Monday and nobody came.", "I want somebody here today."]
SERVED = ["Thank you for calling, how can I help you?", "I will send an engineer this afternoon."]


def test_a_voice_that_introduces_itself_is_the_party_of_that_name() -> None:
    parties = [WeighedParty("Ada Lund", Actor.CUSTOMER), WeighedParty("Bo Moss", Actor.AGENT)]
    answer = attribute(parties, [Voice("x", ["This is Bo."]), Voice("y", ["Ok Bo."])])
    assert [(key, value.party, value.actor) for key, value in answer.voices.items()] == [
        ("x", 1, Actor.AGENT),
        ("y", 0, Actor.CUSTOMER),
    ]


def test_what_is_stated_holds_against_what_is_said() -> None:
    answer = attribute([WeighedParty("Ada", Actor.CUSTOMER)], [Voice("x", SERVED, party=0), Voice("y", REPORTED)])
    assert answer.voices["x"].actor is Actor.CUSTOMER
    assert answer.customer == 0


def test_two_who_say_nothing_of_the_matter_stay_unknown() -> None:
    answer = attribute(
        [WeighedParty("Ada"), WeighedParty("Bo")], [Voice(0, ["Ok."], party=0), Voice(1, ["Ok."], party=1)]
    )
    assert [value.actor for value in answer.voices.values()] == [None, None]
    assert answer.customer is None


def test_of_three_voices_the_customer_is_who_is_served() -> None:
    more = ["I am the supervisor. We can offer you a refund for the delay."]
    answer = attribute([], [Voice("a", SERVED), Voice("b", more), Voice("c", REPORTED)])
    assert [value.actor for value in answer.voices.values()] == [Actor.AGENT, Actor.AGENT, Actor.CUSTOMER]


def test_more_people_than_can_be_weighed_in_all_ways_are_judged_by_what_they_say() -> None:
    voices = [Voice(number, SERVED if number else REPORTED) for number in range(MOST_FREE + 1)]
    parties = [WeighedParty(f"Person {number}") for number in range(MOST_FREE + 1)]
    answer = attribute(parties, voices)
    assert answer.voices[0].actor is Actor.CUSTOMER
    assert {value.party for value in answer.voices.values()} == {None}


@pytest.mark.parametrize(
    ("label", "name", "side"),
    [
        ("Imke Voss (Agent)", "Imke Voss", Actor.AGENT),
        ("Agent Imke Voss", "Imke Voss", Actor.AGENT),
        ("Imke Voss | Support", "Imke Voss", Actor.AGENT),
        ("CUSTOMER", None, Actor.CUSTOMER),
        ("agent_1", None, Actor.AGENT),
        ("Kundin", None, Actor.CUSTOMER),
        ("conseillère", None, Actor.AGENT),
        ("external", None, Actor.CUSTOMER),
        ("virtual assistant", None, Actor.BOT),
        ("SPEAKER_00", "SPEAKER_00", None),
        ("Olu Bello", "Olu Bello", None),
    ],
)
def test_labels_are_taken_apart(label: str, name: str | None, side: Actor | None) -> None:
    assert read_label(label) == (name, side)
