"""A sentence passes only when the interactions it cites bear it out, and the verdict says what is wrong with it."""

from datetime import UTC, datetime

import pytest

from app.brief.verification import Statement, ground, verify
from app.models import Interaction, Verdict
from tests.builders import interaction

CONVERSATION = [
    interaction(1, "Hi, my router ABX-2041 has not worked since 2 March and I want a refund of $49.90."),
    interaction(2, "I can send a technician on Friday between 9 and 12.", actor="bot"),
    interaction(3, "No, I already waited for two of them. Maria at the shop said I would get my money back."),
    interaction(4, name="create_refund", actor="bot", kind="tool_call", data={"order_id": "W7718", "amount": 49.9}),
    interaction(5, "Error: refund window is closed", actor="system", kind="tool_result", name="create_refund"),
    interaction(6, "I am sorry, the refund is not possible. I will call you back tomorrow.", actor="agent"),
    interaction(7, name="restart_router", kind="event", outcome="failed", channel="app", data={"error_code": "E17"}),
    interaction(8, name="restart_router", kind="event", outcome="failed", channel="app", data={"error_code": "E17"}),
]


def verdict(text: str, *cited: int, interactions: list[Interaction] | None = None) -> Verdict:
    """What is said of one sentence that cites these interactions by their seq."""
    statement = Statement(text, tuple(f"int_{seq}" for seq in cited))
    return verify([statement], interactions or CONVERSATION)[0]


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("The customer's router ABX-2041 has not worked since 2 March.", (1,)),
        ("The customer wants a refund of $49.90.", (1,)),
        ("The bot offered a technician on Friday.", (2,)),
        ("Maria at the shop said the customer would get the money back.", (3,)),
        ("The customer waited for two technicians already.", (2, 3)),
        ("The bot tried to create a refund of 49.90 USD for order W7718.", (4, 5)),
        ("The refund failed: the refund window is closed.", (4, 5)),
        ("The agent said the refund is not possible.", (6,)),
        ("The agent will call back tomorrow.", (6,)),
        ("Restarting the router failed twice with error E17.", (7, 8)),
        ("The router was reported on March 2nd.", (1,)),
        ("Since Monday, 2026-03-02, the router has not worked.", (1,)),
    ],
)
def test_a_sentence_that_says_what_its_evidence_says_is_supported(text: str, cited: tuple[int, ...]) -> None:
    found = verdict(text, *cited)
    assert found.supported, found.why
    assert found.score >= 0.5
    assert found.evidence == tuple(f"int_{seq}" for seq in cited)


@pytest.mark.parametrize(
    ("text", "cited", "why"),
    [
        ("The customer wants a refund of $94.90.", (1,), "$94.90 is not in the evidence"),
        ("The customer's router ABX-2042 has not worked since 2 March.", (1,), "ABX-2042 is not in the evidence"),
        ("The customer's router ABX-204 has not worked since 2 March.", (1,), "ABX-204 is not in the evidence"),
        ("The customer's router ABX-2041 has not worked since 3 March.", (1,), "3 March is not in the evidence"),
        ("The customer waited for three technicians already.", (2, 3), "the number three is not in the evidence"),
        ("The bot offered a technician between 9 and 11.", (2,), "the number 11 is not in the evidence"),
        ("At the shop Martha said the customer would get the money back.", (3,), "the name Martha"),
        ("The bot offered a technician on Thursday.", (2,), "the time Thursday"),
        ("The bot did not offer a technician on Friday.", (2,), "it says “not”"),
        ("The agent said the refund is possible.", (6,), "the evidence says “the refund is not possible”"),
        ("The customer will send a technician on Friday.", (2,), "has it from the agent"),
        ("The agent wants a refund of $49.90.", (1,), "has it from the customer"),
        ("The customer threatened to leave for a competitor.", (1,), "of its words are in the evidence"),
        ("The customer wants a refund of $49.90.", (99,), "no interaction bears on it"),
    ],
)
def test_a_sentence_with_one_fact_altered_is_not_and_the_verdict_says_which(
    text: str, cited: tuple[int, ...], why: str
) -> None:
    found = verdict(text, *cited)
    assert not found.supported
    assert why in found.why
    assert found.score < 0.5


def test_a_true_sentence_that_cites_the_wrong_interaction_is_not_supported() -> None:
    assert not verdict("The customer wants a refund of $49.90.", 2).supported


def test_a_sentence_without_citation_is_checked_against_everything_and_names_its_evidence() -> None:
    found = verdict("The bot offered a technician on Friday.")
    assert found.supported
    assert found.evidence[0] == "int_2"


def test_the_answer_to_a_question_counts_for_it() -> None:
    talk = [interaction(1, "Did the parcel arrive?", actor="agent"), interaction(2, "No, nothing so far.")]
    assert verdict("The parcel did not arrive.", 1, interactions=talk).supported


def test_the_day_of_an_interaction_is_evidence_for_a_date() -> None:
    talk = [interaction(1, "I paid the invoice", at=datetime(2026, 5, 4, 8, tzinfo=UTC))]
    assert verdict("On 4 May the customer paid the invoice.", 1, interactions=talk).supported
    assert not verdict("On 5 May the customer paid the invoice.", 1, interactions=talk).supported


def test_what_stands_in_nested_data_is_evidence() -> None:
    talk = [interaction(1, kind="tool_call", actor="bot", name="book", data={"items": [{"sku": "KX-99"}], "n": 3})]
    assert verdict("The bot wanted to book 3 items KX-99.", 1, interactions=talk).supported


def test_verdicts_come_in_the_order_of_the_sentences() -> None:
    texts = ["The agent will call back tomorrow.", "The customer wants a refund of $1.00.", "Nothing at all of this."]
    assert [one.text for one in verify([Statement(text) for text in texts], CONVERSATION)] == texts


def test_no_sentence_and_no_interaction_are_no_trouble() -> None:
    assert verify([], CONVERSATION) == []
    assert not verify([Statement("The customer wants a refund.")], [])[0].supported


def test_a_question_need_not_be_told_but_what_it_names_must_be_there() -> None:
    questions = ["Is a refund for W7718 possible?", "Is a refund for W7719 possible?", "Who won the football match?"]
    assert [one.supported for one in ground([Statement(text) for text in questions], CONVERSATION)] == [
        True,
        False,
        False,
    ]


DELIVERY = [
    interaction(1, "Where is my parcel? I cannot open the tracking page."),
    interaction(2, "Your parcel will arrive on Monday.", actor="bot"),
    interaction(3, "The depot had a fault, so the delivery was moved to Thursday.", actor="agent"),
    interaction(4, "Please leave it with my neighbour Marek, not with Ingrid.", actor="customer"),
]


def test_a_sentence_that_a_newer_interaction_overtook_is_not_supported() -> None:
    found = verdict("The parcel will arrive on Monday.", 2, interactions=DELIVERY)
    assert not found.supported
    assert "newer" in found.why
    assert verdict("The parcel will arrive on Monday.", 2, interactions=DELIVERY[:2]).supported
    assert verdict("The delivery was moved to Thursday.", 3, interactions=DELIVERY).supported


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("The customer cannot open the tracking page.", True),
        ("The customer can open the tracking page.", False),
        ("The agent cannot open the tracking page.", False),
        ("The bot said: “Your parcel will arrive on Monday.”", True),
        ("The customer said: “Your parcel will arrive on Monday.”", False),
        ("The bot said: “Your parcel is lost.”", False),
    ],
)
def test_who_said_what_and_whether_with_a_not_is_checked(text: str, supported: bool) -> None:
    assert verdict(text, interactions=DELIVERY).supported is supported


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("It costs 20, 000 euros.", "It costs 20,000 euros."),
        ("It costs twenty thousand euros.", "It costs 20,000 euros."),
        ("It costs 12 dollars 50 cents.", "It costs $12.50."),
        ("There are twenty-two boxes.", "There are 22 boxes."),
        ("I waited a dozen days.", "The customer waited 12 days."),
        ("I come from Canada.", "The customer is Canadian and comes from Canada."),
        ("I ordered it yesterday evening.", "The customer ordered it in the evening."),
    ],
)
def test_the_same_fact_in_other_words_is_known(said: str, text: str) -> None:
    found = verdict(text, interactions=[interaction(1, said)])
    assert found.supported, found.why


def test_a_name_at_the_beginning_of_a_sentence_has_to_be_known_too() -> None:
    found = verdict("Tobias takes the parcel for the neighbour.", interactions=DELIVERY)
    assert (found.supported, found.why) == (False, "the name Tobias is not in the evidence")


def test_a_history_of_thousands_is_checked_by_what_is_nearest() -> None:
    talk = [interaction(seq, f"Note {seq} about nothing.") for seq in range(1, 1500)]
    talk += [interaction(1500, "My router ABX-2041 does not start."), interaction(1501, "Sorry.", actor="bot")]
    assert verdict("The customer's router ABX-2041 does not start.", interactions=talk).supported
    assert not verdict("The customer's router ABX-2041 starts.", interactions=talk).supported


ROUTER = [
    interaction(1, "Mein Router blinkt rot und das Internet geht nicht."),
    interaction(2, "Der Techniker kommt am Freitag zwischen 9 und 11 Uhr.", actor="bot"),
]


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ("Der Kunde meldet, dass der Router rot blinkt.", True),
        ("Der Techniker kommt am Freitag.", True),
        ("Der Techniker kommt am Montag.", False),
        ("Frau Krause sagt, der Router blinkt rot.", False),
    ],
)
def test_a_german_noun_is_no_name_but_a_day_and_whoever_is_called_frau_are(text: str, supported: bool) -> None:
    assert verdict(text, 1, 2, interactions=ROUTER).supported is supported


BILL = [
    interaction(1, "I was charged $49.90 on March 3 for an order that I never placed."),
    interaction(2, "I am sorry. The charge is yours to dispute, and the fee for the paper form is $5.", actor="agent"),
    interaction(3, "Then send me the form, please."),
]


def test_what_was_done_to_the_customer_is_not_taken_for_the_agents_doing() -> None:
    assert verdict("The customer was charged $49.90 on March 3.", 1, interactions=BILL).supported


def test_an_amount_that_was_said_of_something_else_is_objected_to() -> None:
    assert verdict("The fee for the paper form is $5.", interactions=BILL).supported
    found = verdict("The fee for the paper form is $49.90.", interactions=BILL)
    assert not found.supported
    assert "5" in found.why


@pytest.mark.parametrize("text", ["Philippa's refund is late.", "Philippa also wants a refund.", "Philippa left."])
def test_an_unknown_name_is_seen_whatever_follows_it_at_the_beginning(text: str) -> None:
    assert "Philippa" in verdict(text).why
