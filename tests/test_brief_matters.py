"""What a customer comes with, in whatever words, and how it stands: not only what is put as a request."""

import pytest

from app.briefs.extractive import compose
from app.models import Actor, Brief, HandoffRequest, Intent, Interaction, Outcome, ResolutionStatus
from tests.builders import interaction, snapshot


def talk(*turns: str) -> list[Interaction]:
    """A talk of customer and bot by turns; the customer begins."""
    return [interaction(place + 1, text, actor="bot" if place % 2 else "customer") for place, text in enumerate(turns)]


def brief_of(*turns: str) -> Brief:
    return compose(snapshot(talk(*turns)), Intent(), HandoffRequest())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("My router drops every evening. I rebooted it twice.", "reports that their router drops every evening."),
        (
            "the parcel says delivered and there is only a box",
            "reports that the parcel says delivered and there is only",
        ),
        (
            "Someone used my card in a shop I never saw",
            "reports that someone used their card in a shop they never saw.",
        ),
        (
            "You guys charged me for a plan I left in May",
            "reports that the company charged them for a plan they left in",
        ),
        ("Water comes through the ceiling of my flat", "says: “Water comes through the ceiling of my flat”."),
        ("Votre colis FR-991 n'est jamais arrivé chez moi", "says: “Votre colis FR-991 n'est jamais arrivé chez moi”."),
    ],
)
def test_a_plain_statement_that_opens_the_talk_is_the_matter_before_a_wish_for_a_person(said: str, told: str) -> None:
    brief = brief_of(said, "I am sorry to hear that.", "hola, quiero hablar con una persona por favor")
    assert brief.contact_reason is not None
    assert brief.contact_reason.startswith(f"The customer {told}")
    assert brief.customer_expectation == "The customer wants to speak to a person."


def test_who_the_customer_is_and_what_a_bot_asked_for_is_no_matter() -> None:
    brief = brief_of(
        "Hi, my user id is nora_4411 and my zip code is 55121", "How can I help?", "I want to return a lamp."
    )
    assert brief.contact_reason == "The customer wants to return a lamp."


def test_a_request_is_told_with_the_trouble_that_its_sentence_begins_with() -> None:
    brief = brief_of("The seat in row 14 is broken, I want another seat")
    assert brief.contact_reason == "The customer wants another seat: “The seat in row 14 is broken”."


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("did that. same thing", Outcome.FAILED),
        ("I tried it and it still crashes", Outcome.FAILED),
        ("That worked, it opens now", Outcome.SUCCEEDED),
        ("I have done that", Outcome.UNKNOWN),
    ],
)
def test_what_the_customer_tried_at_the_bots_bidding_is_a_step_with_its_outcome(reply: str, outcome: Outcome) -> None:
    brief = brief_of("The scanner crashes.", "Please reinstall the app.", reply)
    steps = [(one.step, one.actor, one.outcome) for one in brief.actions_taken]
    assert ("reinstall the app", Actor.CUSTOMER, outcome) in steps
    assert brief.actions_taken[-1].evidence == ("int_2", "int_3")


@pytest.mark.parametrize(
    "bidding", ["Please tell me your order number.", "Please hold on.", "You can call us any time."]
)
def test_what_a_bot_asks_to_be_told_is_no_step(bidding: str) -> None:
    assert brief_of("The scanner crashes.", bidding, "I already did that").actions_taken == ()


def test_what_a_bot_asks_whether_it_was_tried_is_a_step_where_it_was() -> None:
    brief = brief_of("I cannot get in.", "Have you tried the recovery link?", "yes 3 times, the mail never arrives")
    assert [(one.step, one.outcome) for one in brief.actions_taken] == [("the recovery link", Outcome.FAILED)]
    assert brief_of("I cannot get in.", "Have you tried the recovery link?", "no, where is it?").actions_taken == ()


def test_what_is_wanted_is_the_expectation_in_other_languages_too() -> None:
    brief = brief_of("Mein Paket ist verschwunden.", "Das tut mir leid.", "Ich will mein Geld zurück, 49,90 Euro!")
    assert brief.customer_expectation == "The customer says: “Ich will mein Geld zurück, 49,90 Euro!”"
    assert [(one.type, one.value) for one in brief.entities] == [("amount", "49,90 Euro")]


def test_the_tersest_wish_is_told_rather_than_nothing() -> None:
    brief = brief_of("cancel", "Do you want to cancel your appointment?", "no i want to move it to the 6th")
    assert brief.contact_reason == "The customer wants to move it to the 6th."


def test_salutations_hesitations_and_what_the_call_is_about_are_no_wishes() -> None:
    brief = brief_of(
        "Dear Sir or Madam,\n\nI would be grateful for a new table leg.\n\nKind regards,\nA. Customer",
        "Thank you, we will look into it.",
        "Uh, hello, I'm calling about the table, nobody got back to me.",
    )
    assert brief.contact_reason == "The customer wants a new table leg."
    assert brief.customer_expectation == "The customer wants a new table leg."


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("I want to leave, my membership 88213", "membership_id"),
        ("I want a new seat on flight ZX812", "flight_id"),
        ("I want the desk (order DK-5510)", "order_id"),
        ("I want to know why you charged 88213", "number"),
    ],
)
def test_a_code_is_of_the_kind_that_the_customer_calls_it(said: str, kind: str) -> None:
    assert [one.type for one in brief_of(said).entities] == [kind]


def test_saying_again_that_it_was_tried_is_no_second_attempt() -> None:
    brief = brief_of(
        "The scanner crashes.",
        "Please reinstall the app.",
        "Did that, same thing",
        "Please reinstall the app.",
        "I said I did",
    )
    assert [(one.step, one.outcome) for one in brief.actions_taken] == [("reinstall the app", Outcome.FAILED)]


def test_an_answered_question_and_thanks_settle_the_matter() -> None:
    brief = brief_of("Is the shop open on Sunday?", "The shop is closed on Sundays.", "ok thanks")
    assert brief.resolution_status is ResolutionStatus.RESOLVED
    assert brief.situation is not None
    assert "answered: “The shop is closed on Sundays.”" in brief.situation


def test_a_trouble_is_no_expectation_and_one_told_last_is_in_the_situation() -> None:
    brief = brief_of("My heating is broken.", "A technician comes within the hour.", "The technician never came")
    assert brief.customer_expectation is None
    assert brief.situation is not None
    assert brief.situation.endswith("now reports that the technician never came.")


def test_words_that_point_back_are_quoted_and_not_reported() -> None:
    brief = brief_of("My mother's hearing aid is broken.", "Please send it in.", "She cannot do without it for weeks.")
    assert brief.situation is not None
    assert brief.situation.endswith("now says: “She cannot do without it for weeks.”")


def test_an_opening_sentence_ends_before_the_next_begins() -> None:
    opening = brief_of("Water comes through the ceiling of my flat").suggested_opening
    assert opening is not None
    assert "my flat.” May I" in opening
