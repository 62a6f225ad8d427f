"""What a customer's letter passes on of somebody else's: facts of the case, and nobody's words or promise in it."""

import pytest

from app.briefs.extractive import compose, prose
from app.models import Brief, HandoffRequest, Intent, Interaction
from app.nlu.read_rows import Nature, nature_of
from tests.support.builders import interaction, snapshot

LETTER = "our bill BW-4471 over 63.20 EUR is still open. We will cut the water off on 3 June. Call 0221 555010."
SHAPES = {
    "marked": "---------- Forwarded message ---------\nFrom: Brook Water <bills@brook.example>\n"
    "Date: Mon, 4 May 2026 at 10:12\nSubject: Bill BW-4471\nTo: me\n\nDear customer,\n",
    "labelled": "From: Brook Water <bills@brook.example>\nSent: Monday, 4 May 2026 10:12\nTo: Mina Oster\n"
    "Subject: Bill BW-4471\n\nDear customer,\n",
    "by name": "Von: Brook Water\nGesendet: Montag, 4. Mai 2026 10:12\nAn: Mina Oster\nBetreff: Bill BW-4471\n\n",
}
ASKED = "Hello,\nwhy do I get this although you took over the contract?\n\n"


def mail(seq: int, text: str, *, actor: str = "customer", **data: object) -> Interaction:
    """A letter."""
    return interaction(seq, text, actor=actor, channel="email", data=data)


def brief(*rows: Interaction) -> Brief:
    """The brief of a correspondence."""
    return compose(snapshot(rows), Intent(), HandoffRequest(conversation_id="c1"))


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_third_party_wrote_gives_facts_and_no_words(shape: str) -> None:
    made = brief(mail(1, f"{ASKED}{SHAPES[shape]}{LETTER}"))
    values = {entity.value: entity.evidence for entity in made.entities}
    assert values["BW-4471"] == values["63.20 EUR"] == ("int_1",)
    assert not any("555010" in value or "@" in value for value in values)
    assert made.commitments == ()
    assert "cut the water" not in " ".join(prose(made))
    assert "took over the contract" in (made.contact_reason or "")
    assert "Brook Water" in (made.situation or "")


def test_a_letter_without_a_word_of_the_customers_is_told_as_passed_on() -> None:
    row = mail(1, f"{SHAPES['marked']}{LETTER}", subject="Fwd: Bill BW-4471")
    assert nature_of(row) is Nature.PASSED_ON
    made = brief(mail(2, "Hello, please help me with the water."), row)
    assert "Brook Water" in (made.situation or "")
    assert made.commitments == ()


def test_a_letter_of_ours_that_is_answered_is_passed_on_by_nobody() -> None:
    ours = mail(1, f"Dear Ms Oster,\n{LETTER}", actor="agent")
    answer = mail(2, f"I have paid that.\n\n{SHAPES['labelled']}{LETTER}")
    assert "somebody else" not in (brief(ours, answer).situation or "")


def test_a_letter_of_whom_the_customer_writes_to_is_ours() -> None:
    row = mail(1, f"{ASKED}{SHAPES['labelled']}{LETTER}", to=["help@brook.example"])
    assert "somebody else" not in (brief(row).situation or "")


def test_a_card_number_in_a_letter_that_is_passed_on_is_told_to_nobody() -> None:
    row = mail(1, f"{ASKED}{SHAPES['marked']}We charged 4242 4242 4242 4242 for BW-4471.")
    assert not any("4242 4242" in entity.value for entity in brief(row).entities)
