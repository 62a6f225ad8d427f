"""A sentence passes only when the interactions it cites bear it out, and the verdict says what is wrong with it."""

from datetime import UTC, datetime

import pytest

from app.brief.verifier import Statement, ground, verify
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
        ("The customer waited for three technicians already.", (2, 3), "the number 3 is not in the evidence"),
        ("The bot offered a technician between 9 and 11.", (2,), "the number 11 is not in the evidence"),
        ("At the shop Martha said the customer would get the money back.", (3,), "the name Martha"),
        ("The bot offered a technician on Thursday.", (2,), "the name Thursday"),
        ("The bot did not offer a technician on Friday.", (2,), "it says “not”"),
        ("The agent said the refund is possible.", (6,), "the evidence says “not”"),
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
