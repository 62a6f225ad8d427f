"""What a customer comes with, in whatever words, and how it stands: not only what is put as a request."""

import pytest

from app.briefs.extractive import compose
from app.models import Actor, Brief, HandoffRequest, Intent, Interaction, Outcome, ResolutionStatus
from tests.support.builders import interaction, snapshot


def talk(*turns: str) -> list[Interaction]:
    """A talk of customer and bot by turns; the customer begins."""
    return [interaction(index + 1, text, actor="bot" if index % 2 else "customer") for index, text in enumerate(turns)]


def brief_of(*turns: str) -> Brief:
    return compose(snapshot(talk(*turns)), Intent(), HandoffRequest())


@pytest.mark.parametrize(
    ("utterance", "quotation"),
    [
        ("My router drops every evening. I rebooted it twice.", "My router drops every evening."),
        ("the parcel says delivered and there is only a box", "the parcel says delivered and there is only a box"),
        ("Someone used my card in a shop I never saw", "Someone used my card in a shop I never saw"),
        ("You guys charged me for a plan I left in May", "You guys charged me for a plan I left in May"),
        ("Water comes through the ceiling of my flat", "Water comes through the ceiling of my flat"),
        ("Votre colis FR-991 n'est jamais arrivé chez moi", "Votre colis FR-991 n'est jamais arrivé chez moi"),
    ],
)
def test_a_plain_statement_that_opens_the_talk_is_the_matter_before_a_wish_for_a_person(
    utterance: str, quotation: str
) -> None:
    brief = brief_of(utterance, "I am sorry to hear that.", "hola, quiero hablar con una persona por favor")
    assert brief.contact_reason is not None
    assert brief.contact_reason.startswith(f"The customer said: “{quotation}”")
    assert "person" not in brief.contact_reason
    assert "The customer asks for a person." in (brief.situation or "")


def test_who_the_customer_is_and_what_a_bot_asked_for_is_no_matter() -> None:
    brief = brief_of(
        "Hi, my user id is nora_4411 and my zip code is 55121", "How can I help?", "I want to return a lamp."
    )
    assert (brief.headline or "").startswith("“I want to return a lamp.”")


def test_a_request_is_told_with_the_trouble_that_its_sentence_begins_with() -> None:
    brief = brief_of("The seat in row 14 is broken, please give me another seat.")
    sentence = "The customer said: “The seat in row 14 is broken, please give me another seat.”"
    assert (brief.contact_reason, brief.customer_expectation) == (sentence, sentence)


@pytest.mark.parametrize(
    ("utterance", "outcome"),
    [
        ("I have restarted the router twice, but it still drops.", Outcome.FAILED),
        ("I already tried to reset my password, but it did not work.", Outcome.FAILED),
        ("I already restarted the router.", Outcome.UNKNOWN),
    ],
)
def test_what_the_customer_tried_is_a_step_of_theirs_in_their_words(utterance: str, outcome: Outcome) -> None:
    brief = brief_of("My connection drops every evening.", "I am sorry to hear that.", utterance)
    assert [(action.step, action.actor, action.outcome) for action in brief.actions_taken] == [
        (f"“{utterance}”", Actor.CUSTOMER, outcome)
    ]
    assert brief.actions_taken[0].evidence == ("int_3",)
    assert f"“{utterance}”" in f"{brief.contact_reason} {brief.situation}"


@pytest.mark.parametrize(
    "bidding", ["Please tell me your order number.", "Please hold on.", "Please restart the router."]
)
def test_what_a_bot_bids_is_no_step(bidding: str) -> None:
    brief = brief_of("My connection drops every evening.", bidding, "Okay, one moment.")
    assert brief.actions_taken == ()


def test_what_our_side_says_it_has_done_is_a_step_in_its_words_where_no_tool_was_at_work() -> None:
    turns = ("I want to cancel my subscription.", "I've cancelled your subscription.")
    brief = brief_of(*turns)
    assert [(action.step, action.actor, action.outcome) for action in brief.actions_taken] == [
        ("“I've cancelled your subscription.”", Actor.BOT, Outcome.SUCCEEDED)
    ]
    call = interaction(3, actor="bot", kind="tool_call", name="cancel_subscription", data={"subscription_id": "S-71"})
    result = interaction(4, "{}", actor="system", kind="tool_result", name="cancel_subscription")
    with_tools = compose(snapshot([*talk(*turns), call, result]), Intent(), HandoffRequest())
    assert [action.step for action in with_tools.actions_taken] == ["cancel subscription: S-71"]


def test_what_is_wanted_is_the_expectation_in_other_languages_too() -> None:
    brief = brief_of("Mein Paket ist verschwunden.", "Das tut mir leid.", "Ich will mein Geld zurück, 49,90 Euro!")
    assert brief.customer_expectation == "The customer said: “Ich will mein Geld zurück, 49,90 Euro!”"
    assert [(entity.type, entity.value) for entity in brief.entities] == [("amount", "49,90 Euro")]


def test_the_tersest_matter_is_told_rather_than_nothing() -> None:
    brief = brief_of("cancel", "Do you want to cancel your appointment?", "yes")
    assert brief.contact_reason == "The customer said: “cancel”"


def test_salutations_and_regards_are_no_wishes() -> None:
    letter = "Dear Sir or Madam,\n\nI would like a new table leg, please.\n\nKind regards,\nA. Customer"
    brief = brief_of(letter, "Which table is it?", "Hello again, it is the big one.")
    sentence = "The customer said: “I would like a new table leg, please.”"
    assert (brief.contact_reason, brief.customer_expectation) == (sentence, sentence)
    assert "regards" not in brief.model_dump_json()


@pytest.mark.parametrize(
    ("utterance", "kind"),
    [
        ("I want to leave, my membership 88213", "membership_id"),
        ("I want a new seat on flight ZX812", "flight_id"),
        ("I want the desk (order DK-5510)", "order_id"),
        ("I want to know why you charged 88213", "number"),
    ],
)
def test_a_code_is_of_the_kind_that_the_customer_calls_it(utterance: str, kind: str) -> None:
    assert [entity.type for entity in brief_of(utterance).entities] == [kind]


def test_saying_again_that_it_was_tried_is_no_second_attempt() -> None:
    utterance = "I have restarted the router twice, but it still drops."
    brief = brief_of(
        "My connection drops every evening.", "Please restart the router.", utterance, "Really?", utterance
    )
    assert [(action.step, action.outcome) for action in brief.actions_taken] == [(f"“{utterance}”", Outcome.FAILED)]


def test_an_answered_question_and_thanks_settle_the_matter() -> None:
    brief = brief_of("How much does the delivery cost?", "The delivery costs 5 euros.", "Okay, thank you.")
    assert brief.resolution_status is ResolutionStatus.RESOLVED
    assert brief.situation == "Answered by the bot: “The delivery costs 5 euros.”"
    assert brief.open_questions == ()


def test_a_trouble_without_a_wish_is_no_expectation() -> None:
    brief = brief_of("My heating is broken.", "A technician will come on Friday.", "The technician never came.")
    assert brief.contact_reason == "The customer said: “My heating is broken.”"
    assert brief.customer_expectation is None
