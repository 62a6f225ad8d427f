"""What a customer answers to a message that they quote by its id alone: what it says, who wrote it, what is wanted."""

import pytest

from app.briefs.case_reader import read_case
from app.briefs.extractive import compose
from app.briefs.wants import wants
from app.models import Brief, HandoffRequest, Intent, Interaction, Snapshot
from tests.support.builders import interaction, snapshot


def talk(answer: str, answered: int, *later: Interaction) -> Snapshot:
    """Two offers of an agent's, and the customer's answer to that of this number."""
    return snapshot(
        (
            interaction(1, "The tent TN-204 has a torn seam."),
            interaction(2, "We could mend the seam in our workshop.", actor="agent", data={"message_id": 2}),
            interaction(3, "We could also send you another tent.", actor="agent", data={"message_id": 3}),
            interaction(4, answer, data={"reply_to": str(answered)}),
            *later,
        )
    )


def brief(talked: Snapshot) -> Brief:
    """The brief of a talk."""
    return compose(talked, Intent(), HandoffRequest(conversation_id="c1"))


@pytest.mark.parametrize(
    "answer", ["yes, this one please", "Ok, I take that", "oui, celle-ci svp", "sí, esta por favor"]
)
def test_what_is_agreed_to_by_its_id_is_what_the_customer_wants(answer: str) -> None:
    expected = brief(talk(answer, 2)).customer_expectation or ""
    assert "mend the seam" in expected
    assert "the agent" in expected
    assert answer in expected
    assert "another tent" not in expected
    assert any("mend the seam" in want.text for want in wants(read_case(talk(answer, 2))))


@pytest.mark.parametrize("answer", ["no, not that", "non, pas ça", "nein, das nicht"])
def test_what_is_declined_by_its_id_is_told_as_that_and_wanted_by_nobody(answer: str) -> None:
    made = brief(talk(answer, 3))
    assert "another tent" in (made.situation or "")
    assert answer in (made.situation or "")
    assert "another tent" not in (made.customer_expectation or "")
    assert not any("another tent" in commitment.text for commitment in made.commitments)
    assert not any("another tent" in want.text for want in wants(read_case(talk(answer, 3))))


def test_what_is_wanted_later_takes_the_place_of_what_was_agreed_to() -> None:
    later = interaction(5, "I want my money back for the tent instead.")
    assert "money back" in (brief(talk("yes, this one please", 2, later)).customer_expectation or "")


def test_an_answer_to_the_customers_own_message_is_told_and_wants_nothing_of_ours() -> None:
    rows = (
        interaction(1, "When will the tent TN-204 be delivered?", data={"message_id": 1}),
        interaction(2, "One moment.", actor="agent"),
        interaction(3, "ok, this again", data={"reply_to": "1"}),
    )
    made = brief(snapshot(rows))
    assert "(the customer)" in (made.situation or "")
    assert "(the customer)" not in (made.customer_expectation or "")


def test_the_claim_of_an_answer_cites_both_messages() -> None:
    made = brief(talk("yes, this one please", 2))
    (claim,) = [claim for claim in made.claims if claim.text == made.customer_expectation]
    assert {quote.interaction_id for quote in claim.quotes} == {"int_2", "int_4"}
