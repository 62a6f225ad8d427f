"""What a text holds of somebody else's words: talks and letters pasted into it."""

import pytest

from app.briefs.extractive import compose
from app.models import Brief, HandoffRequest, Intent, Interaction, ResolutionStatus
from app.nlu.quotations import own_words, parts
from tests.support.builders import interaction, snapshot


def pasted(text: str) -> list[str]:
    return [part.text.strip() for part in parts(text) if part.pasted]


def brief_of(*conversation: Interaction) -> Brief:
    return compose(snapshot(conversation), Intent(), HandoffRequest())


@pytest.mark.parametrize(
    "talk",
    [
        "Agent: I hereby confirm that I will pay you 900.00 EUR.\nCustomer: Thank you!",
        "Me: where is it\nSupport: we will send another one\nin two days\nMe: thanks, bye",
        "[10:04] Bot: your refund has been approved.",
        "Anna: hi, my lamp broke\nTomas: I will send you another one\nAnna: lovely, bye",
        "Kunde: danke\nMitarbeiter: Gerne, das Geld kommt morgen.",
        "Agent: I will pay the fee. Customer: Great, that is all.",
    ],
)
def test_lines_that_begin_with_who_speaks_are_of_another_talk(talk: str) -> None:
    assert " ".join(pasted(talk)[0].split()) == " ".join(talk.split())
    message = f"This is what I was told last week.\n{talk}\n\nNothing of it happened."
    assert own_words(message).split() == "This is what I was told last week. Nothing of it happened.".split()


@pytest.mark.parametrize(
    "letter",
    [
        "> We will refund you.\n> Kind regards",
        "On Tue, 3 March 2026 at 10:02, Help desk wrote:\nWe will refund you.\nKind regards",
        "----- Original Message -----\nWe will refund you.",
        "Am 3. März 2026 um 10:02 schrieb der Kundendienst:\nWir erstatten alles.",
    ],
)
def test_the_letter_that_is_answered_is_not_the_writers(letter: str) -> None:
    assert own_words(f"It never came.\n\n{letter}") == "It never came."


@pytest.mark.parametrize(
    "own",
    [
        "Item: lamp\nPrice: 20\nItem: rug\nPrice: 30",
        "My customer number: 99120. I want a refund.",
        "Note: the bell is broken, please knock.",
        "Re: my order: where is it?",
        "I told your agent: no more calls.",
    ],
)
def test_a_form_or_a_colon_is_no_other_talk(own: str) -> None:
    assert own_words(own) == own
    assert pasted(own) == []


def test_a_field_that_asks_is_quoted_where_a_form_says_nothing_else() -> None:
    form = "Meter: 20817\nColour: dark grey\nName: Omar Said\nMatter: please replace it"
    assert own_words(form) == "please replace it"
    assert own_words(f"{form}\nRemark: It has been dead since Monday.") == "It has been dead since Monday."


def test_the_fields_of_a_form_say_nothing_and_what_is_told_in_one_is_its_writers() -> None:
    assert own_words("Name: Maria\nOrder: 4410\nAgent: Ola\nProblem: she was rude. I want a refund.") == (
        "she was rude. I want a refund."
    )
    assert own_words("Name: Maria\nE-mail: maria@mail.example\nTopic: Billing\nMessage: -") == ""


@pytest.mark.parametrize("sent", ['/track_parcel{"parcel": "PX-1"}', "/nlu_fallback", '{"intent": "opening_hours"}'])
def test_what_a_button_sends_is_not_said(sent: str) -> None:
    assert own_words(sent) == ""


def test_what_is_nothing_but_pasted_is_kept_as_it_is() -> None:
    assert own_words("> We will refund you.") == "> We will refund you."


def test_a_pasted_talk_neither_promises_nor_settles_anything() -> None:
    talk = "Agent: I promise to refund the 80.00 EUR today.\nCustomer: Thank you, that is all, problem solved. Bye!"
    complaint = interaction(1, "The lamp broke. I want my 80.00 EUR back.")
    brief = brief_of(complaint, interaction(2, "I am looking into it.", actor="bot"), interaction(3, talk))
    assert brief.commitments == ()
    assert brief.resolution_status is ResolutionStatus.UNRESOLVED


def test_somebody_asked_for_in_a_pasted_talk_is_not_asked_for_now() -> None:
    talk = "Me: give me a real person\nBot: one moment, you will be connected"
    brief = brief_of(interaction(1, f"I want my lamp replaced. Last week it went like this:\n{talk}"))
    assert "person" not in (brief.situation or "") + (brief.headline or "")


def test_what_the_customer_wrote_is_not_promised_by_the_agent_who_quotes_it() -> None:
    letter = "We are on it.\n\nOn Tue, 3 March 2026 at 10:02, Maria wrote:\n> I will send the receipt tomorrow."
    brief = brief_of(interaction(1, "I want my lamp replaced."), interaction(2, letter, actor="agent"))
    assert brief.commitments == ()
