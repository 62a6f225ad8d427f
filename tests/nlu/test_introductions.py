"""Who introduces themselves by a name, and who only names somebody."""

import pytest

from app.nlu.introductions import introduces_as, names_in_passing


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Harbour Bank, this is Yusuf. How can I help?", "Yusuf Demir"),
        ("Lakeside Water, Priya speaking, good morning", "Priya Nair"),
        ("hello my name is mr demir and I have a question", "Yusuf Demir"),
        ("Petra Lang, good afternoon.", "Petra Lang"),
        ("Guten Tag, mein Name ist Frau Lang.", "Petra Lang"),
        ("Lang am Apparat, was kann ich für Sie tun?", "Petra Lang"),
        ("Bonjour, je m’appelle Chloé Roux.", "Chloé Roux"),
        ("Buenos días, le atiende Marta.", "Marta Gil"),
        ("Buongiorno, sono Paolo.", "Paolo Conti"),
        ("Goedemiddag, u spreekt met Sanne.", "Sanne Bos"),
        ("Bom dia, meu nome é Rita.", "Rita Alves"),
    ],
)
def test_people_say_who_they_are_in_every_language_at_hand(text: str, name: str) -> None:
    assert introduces_as(text, name)
    assert not names_in_passing(text, name)


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, Petra.",
        "Hello Petra, my meter is broken.",
        "Am I speaking to Petra Lang?",
        "Is this for Petra?",
        "I spoke with Petra last week.",
    ],
)
def test_whoever_is_only_named_is_somebody_else(text: str) -> None:
    assert names_in_passing(text, "Petra Lang")
    assert not introduces_as(text, "Petra Lang")


def test_a_title_alone_is_no_name() -> None:
    assert not introduces_as("this is Mr Brown", "Mr")
