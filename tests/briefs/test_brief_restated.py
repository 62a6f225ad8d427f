"""What is said twice, taken back, written below a signature or into a form, and what a brief makes of it."""

import pytest

from app.briefs.extractive import MOST_WORDS, prose
from tests.briefs.test_brief import brief_of
from tests.support.builders import interaction


def test_a_wish_that_was_told_twice_and_taken_back_is_wanted_no_more() -> None:
    brief = brief_of(
        interaction(1, "Please cancel my gym contract."),
        interaction(2, "It ends in May, shall I?", actor="bot"),
        interaction(3, "Yes, cancel my gym contract."),
        interaction(4, "Then you lose the discount.", actor="bot"),
        interaction(5, "Oh, then I don't want to cancel any more, forget it."),
    )
    assert brief.customer_expectation is None
    assert "cancel my gym contract" not in (brief.headline or "")


def test_what_was_taken_back_is_not_quoted_beside_the_reason() -> None:
    brief = brief_of(
        interaction(1, "My broadband drops every evening at eight. I also want to cancel my television package."),
        interaction(2, "Shall I cancel the package?", actor="bot"),
        interaction(3, "No, forget that, I will keep the television package."),
    )
    assert "My broadband drops every evening at eight." in (brief.contact_reason or "")
    assert "I also want to cancel" not in " ".join(prose(brief))


def test_a_sentence_that_is_said_again_is_quoted_once() -> None:
    thrown = "The courier threw the box over the fence."
    brief = brief_of(
        interaction(1, f"{thrown} It is broken."),
        interaction(2, "I see.", actor="bot"),
        interaction(3, f"{thrown} And my wife saw it all happen."),
    )
    assert f"{brief.contact_reason} {brief.situation}".count(thrown) == 1


def test_a_postscript_counts_and_the_signature_above_it_does_not() -> None:
    text = "Hello,\nmy parcel is late.\nKind regards,\nAnna Holm\nHolm Pottery, from ten\n\nPS: Please cancel the sofa."
    wording = " ".join(prose(brief_of(interaction(1, text, channel="email"))))
    assert "Please cancel the sofa." in wording
    assert "Pottery" not in wording


def test_a_farewell_at_the_beginning_of_a_mail_closes_nothing() -> None:
    text = "Buona giornata,\nil mio pacco non è arrivato e vorrei il rimborso di 45 euro."
    brief = brief_of(interaction(1, text, channel="email"))
    assert "vorrei il rimborso di 45 euro" in (brief.customer_expectation or "")


@pytest.mark.parametrize(
    "text", ["One more thing: please cancel my subscription.", "My question: when do I get the money back?"]
)
def test_a_request_after_a_colon_is_wanted(text: str) -> None:
    assert text in (brief_of(interaction(1, text)).customer_expectation or "")


def test_fields_of_a_form_head_no_brief() -> None:
    form = (
        "Category: [ ] Refund [x] Payment plan\nDue date: 02/02/2026\nDetails: I cannot pay the instalment on Monday."
    )
    assert "I cannot pay the instalment" in (brief_of(interaction(1, form)).headline or "")


def test_what_our_side_said_of_a_secret_is_not_quoted() -> None:
    brief = brief_of(
        interaction(1, "Please change my pin to 4471."),
        interaction(2, "I cannot set your pin to 4471 because it was used before.", actor="agent"),
    )
    assert "•" not in (brief.situation or "")


@pytest.mark.parametrize(
    ("data", "steps"),
    [
        ({"RequestType": "Check", "doctor": "D-7"}, 0),
        ({"dry_run": True, "doctor": "D-7"}, 0),
        ({"action": "check-in", "doctor": "D-7"}, 1),
        ({"RequestType": "Book", "doctor": "D-7"}, 1),
    ],
)
def test_a_call_that_only_checks_is_no_step(data: dict[str, object], steps: int) -> None:
    call = interaction(2, actor="bot", kind="tool_call", name="doctor_schedule", data=data)
    result = interaction(3, "{}", actor="system", kind="tool_result", name="doctor_schedule", outcome="succeeded")
    assert len(brief_of(interaction(1, "I need to see a doctor."), call, result).actions_taken) == steps


def test_sentences_that_cannot_be_shortened_leave_a_brief_within_its_words() -> None:
    endless = " ".join(f"word{number}" for number in range(55))
    turns = [interaction(number, f"I want a refund for the lamp {endless} {number}.") for number in range(1, 6)]
    assert sum(len(piece.split()) for piece in prose(brief_of(*turns))) <= MOST_WORDS
