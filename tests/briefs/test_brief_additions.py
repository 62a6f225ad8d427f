"""Why somebody called, and what they wished on top of it."""

import pytest

from app.briefs.extractive import compose
from app.models import Actor, Brief, HandoffRequest, Intent
from tests.support.builders import interaction, snapshot

SIDES = {"c": Actor.CUSTOMER, "b": Actor.BOT, "a": Actor.AGENT}


def call(*turns: tuple[str, str]) -> Brief:
    rows = [interaction(seq, text, actor=SIDES[who], channel="voice") for seq, (who, text) in enumerate(turns, start=1)]
    return compose(snapshot(rows), Intent(), HandoffRequest())


@pytest.mark.parametrize(
    ("matter", "reply", "added"),
    [
        (
            "I'm calling because my order from last week hasn't turned up.",
            "Tomorrow.",
            "Fine. Oh and could you also send me the invoice?",
        ),
        (
            "So I moved house and my kiln doesn't work at the new place.",
            "I have set it back.",
            "Okay it's blinking now. And could you also send me the invoice for last month please?",
        ),
        (
            "Hello, the kiln that you delivered yesterday leaks water on the floor.",
            "Sorry.",
            "And I need you to change my phone number as well, please.",
        ),
        (
            "Guten Tag, mein Paket ist seit einer Woche nicht angekommen.",
            "Ich schaue nach.",
            "Und könnten Sie mir auch noch die Rechnung schicken?",
        ),
        (
            "Bonjour, je n'ai pas reçu mon remboursement de mars.",
            "Je vérifie.",
            "Merci. Et je voudrais aussi changer mon mot de passe.",
        ),
    ],
)
def test_the_reason_of_a_call_is_why_they_came_and_no_wish_that_was_added(matter: str, reply: str, added: str) -> None:
    brief = call(("a", "Hello, how can I help?"), ("c", matter), ("a", reply), ("c", added), ("a", "Yes."))
    last = added[-20:]
    assert last not in (brief.contact_reason or "")
    assert last not in (brief.headline or "")
    assert matter[-20:] in (brief.contact_reason or "")
    assert last in (brief.customer_expectation or "")


def test_a_wish_that_is_worded_as_an_addition_to_nothing_is_the_reason() -> None:
    brief = call(("a", "Hello."), ("c", "And could you also send me the invoice?"), ("a", "Which?"))
    assert "send me the invoice" in (brief.contact_reason or "")


def test_thanks_alone_do_not_tell_that_a_trouble_is_over() -> None:
    brief = call(("c", "My bill is twice as high as usual."), ("a", "Let me look."), ("c", "Thanks."))
    assert "twice as high" in (brief.contact_reason or "")
    assert brief.resolution_status.value != "resolved"
