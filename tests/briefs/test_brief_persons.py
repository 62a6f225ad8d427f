"""That somebody asks for a person is told once."""

import pytest

from app.briefs.extractive import compose
from app.models import Actor, Brief, HandoffRequest, Intent
from tests.support.builders import interaction, snapshot

SIDES = {"c": Actor.CUSTOMER, "b": Actor.BOT}
ASKS = "asks for a person"


def brief_of(*turns: tuple[str, str], intent: Intent | None = None) -> Brief:
    rows = [interaction(seq, text, actor=SIDES[who]) for seq, (who, text) in enumerate(turns, start=1)]
    return compose(snapshot(rows), intent or Intent(), HandoffRequest())


@pytest.mark.parametrize(
    "wish",
    [
        "My kiln K-4471 came broken in the second week of March, I want a human.",
        "Get me an agent please, I need to speak to someone about the broken kiln from March.",
        "Mein Ofen ist kaputt, ich möchte mit einem Mitarbeiter sprechen.",
        "Mon four est cassé, je veux parler à un conseiller.",
    ],
)
def test_a_headline_that_quotes_the_wish_for_a_person_does_not_tell_it_again(wish: str) -> None:
    headline = brief_of(("c", wish), ("b", "I can help with that.")).headline or ""
    assert "“" in headline
    assert ASKS not in headline


def test_an_intent_that_is_a_wish_for_a_person_names_no_matter_in_the_headline() -> None:
    label = Intent(name="human", label="Talk to an agent", confidence=0.9)
    assert brief_of(("c", "I want to talk to a person."), intent=label).headline == ASKS


def test_what_is_told_as_wanted_is_not_told_again_in_the_situation() -> None:
    brief = brief_of(
        ("c", "My kiln K-4471 came broken."),
        ("b", "Repairs of kilns are not possible after two years."),
        ("c", "I want to talk to a person."),
    )
    assert brief.customer_expectation == "The customer asks for a person."
    assert brief.situation
    assert ASKS not in brief.situation
    assert ASKS in (brief.headline or "")
