"""The brief without a model, of calls: what is quoted, what is nobody's, and what settles nothing."""

import pytest

from app.briefs.extractive import compose, prose
from app.models import Brief, HandoffRequest, Intent, Interaction, ResolutionStatus
from tests.support.builders import interaction, snapshot


def brief_of(*conversation: Interaction) -> Brief:
    return compose(snapshot(conversation), Intent(), HandoffRequest())


def test_a_spoken_sentence_is_quoted_without_fillers_and_its_quotes_are_verbatim() -> None:
    words = "um so the the dryer you sold me it it burns everything and and i want to uh i want to bring it back"
    row = interaction(1, words, channel="voice")
    brief = brief_of(row, interaction(2, "mhm", actor="agent", channel="voice"))
    wording = " ".join(prose(brief))
    assert " um " not in wording
    assert " uh " not in wording
    assert "… the dryer you sold me" in wording
    quotes = [quote for claim in brief.claims for quote in claim.quotes]
    assert quotes
    assert all(quote.text in words for quote in quotes)


def test_numbers_in_words_are_entities_with_the_interaction_as_evidence() -> None:
    brief = brief_of(
        interaction(1, "the gym took fifty five euros twice this month", channel="voice"),
        interaction(2, "can i have your member number", actor="agent", channel="voice"),
        interaction(3, "it's uh double nine four one seven", channel="voice"),
        interaction(4, "thanks i logged it as g f three one two", actor="agent", channel="voice"),
    )
    values = {entity.value: entity.evidence for entity in brief.entities}
    assert values["55 euros"] == ("int_1",)
    assert values["99417"] == ("int_3",)
    assert values["GF312"] == ("int_4",)


def test_what_the_recogniser_made_up_is_not_told_and_settles_nothing() -> None:
    brief = brief_of(
        interaction(1, "Thanks for watching!", channel="voice"),
        interaction(2, "The skip was meant to be collected on Monday, please call me back.", channel="voice"),
        interaction(3, "Captions by volunteers", channel="voice"),
        interaction(4, "Thank you.", channel="voice", data={"no_speech_prob": 0.95}),
    )
    wording = " ".join(prose(brief))
    assert "watching" not in wording
    assert "Captions" not in wording
    assert "call me back" in wording
    assert brief.resolution_status is ResolutionStatus.UNRESOLVED


@pytest.mark.parametrize(
    "closing",
    ["I look forward to hearing from you.", "Great, Moira. I look forward to your answer.", "Thanks in advance, bye."],
)
def test_a_polite_closing_is_neither_wish_nor_reason_and_settles_no_promise(closing: str) -> None:
    brief = brief_of(
        interaction(1, "The lift in Birch House smells of smoke."),
        interaction(2, "We will send somebody by Thursday.", actor="agent"),
        interaction(3, closing),
    )
    assert "Birch House" in (brief.contact_reason or "")
    wording = " ".join(filter(None, (brief.headline, brief.contact_reason, brief.customer_expectation)))
    assert "look forward" not in wording
    assert "advance" not in wording
    assert brief.resolution_status is ResolutionStatus.UNRESOLVED


def test_a_letter_that_nobody_answered_is_not_settled_by_its_closing() -> None:
    brief = brief_of(
        interaction(1, "My season ticket was refused at the gate. Kind regards, have a nice day.", channel="email")
    )
    assert brief.resolution_status is ResolutionStatus.UNRESOLVED


def test_of_a_language_that_is_not_read_the_newest_words_are_quoted_and_it_is_named() -> None:
    brief = brief_of(
        interaction(1, "สวัสดีค่ะ พัดลมที่ซื้อเสียแล้ว หมายเลขFN-3308ค่ะ"),
        interaction(2, "กรุณาลองใหม่", actor="bot"),
        interaction(3, "ลองแล้ว ขอคุยกับพนักงาน"),
    )
    assert "ขอคุยกับพนักงาน" in (brief.customer_expectation or "")
    assert "in Thai: quoted, not understood" in (brief.situation or "")
    assert [entity.value for entity in brief.entities] == ["FN-3308"]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("and the security code please", "uh seven three one"),
        ("die PIN bitte", "vier neun zwei eins"),
        ("and the card number", "four two four two four two four two four two four two four two four two"),
        ("how can i help", "my card is four two four two four two four two four two four two four two four two"),
    ],
)
def test_a_code_or_a_card_in_words_is_neither_entity_nor_quoted(asked: str, answer: str) -> None:
    brief = brief_of(
        interaction(1, "the terminal in my shop refuses every card", channel="voice"),
        interaction(2, asked, actor="agent", channel="voice"),
        interaction(3, answer, channel="voice"),
    )
    wording = " ".join(prose(brief))
    assert not any(words in wording for words in ("seven three one", "vier neun", "four two four two"))
    assert brief.entities == ()
