"""What a brief makes of what was said on earlier days, and of names that nobody writes as the record does."""

from datetime import timedelta

import pytest

from app.briefs.due import due_at
from app.briefs.extractive import compose
from app.models import HandoffRequest, Intent, Interaction
from app.nlu.identifiers import mentions
from app.nlu.promises import time_in
from tests.briefs.test_brief import brief_of
from tests.support.builders import START, interaction, snapshot


def call(seq: int, name: str, result: str, *, failed: bool = False, **data: str) -> list[Interaction]:
    return [
        interaction(seq, actor="bot", kind="tool_call", name=name, data=data),
        interaction(
            seq + 1,
            result,
            actor="system",
            kind="tool_result",
            name=name,
            outcome="failed" if failed else "succeeded",
        ),
    ]


def test_a_quotation_of_an_earlier_day_tells_the_day() -> None:
    brief = brief_of(
        interaction(1, "My washing machine was to come today between 8 and 12 and nobody came."),
        interaction(2, "I am so sorry.", actor="agent"),
        interaction(3, "Still no washing machine, and I lose another day.", at=START + timedelta(days=3)),
    )
    assert "nobody came.” (2026-03-02)" in f"{brief.contact_reason} {brief.situation}"
    assert "another day.” (" not in f"{brief.contact_reason} {brief.situation}"


def test_a_promise_of_an_earlier_day_tells_which_day_its_words_meant() -> None:
    talk = (
        interaction(1, "Where is my money?"),
        interaction(2, "I will send the money by tonight, I promise.", actor="agent"),
        interaction(3, "Nothing came.", at=START + timedelta(days=1)),
    )
    promise = compose(snapshot(talk), Intent(), HandoffRequest()).commitments[0]
    assert promise.due == "by tonight (2026-03-02)"
    assert due_at(promise.due, START) == due_at("by tonight", START)


def test_a_promise_is_due_when_its_own_clause_says() -> None:
    assert time_in("The hours were approved on Thursday, so they will be paid on Friday.") == "on Friday"


@pytest.mark.parametrize(
    "sentence",
    [
        "Our policy allows returns within 28 days.",
        "Our team usually decides within 3 working days.",
        "Typically our team will call you back within 24 hours.",
        "In der Regel werden wir Ihnen den Betrag innerhalb von 5 Tagen erstatten.",
    ],
)
def test_how_things_are_as_a_rule_is_no_promise(sentence: str) -> None:
    brief = brief_of(interaction(1, "Please take the suit back."), interaction(2, sentence, actor="bot"))
    assert brief.commitments == ()


@pytest.mark.parametrize(
    "sentence",
    [
        "We will cancel your policy by Friday and refund 40 EUR.",
        "A specialist will normally call, but I'll ring you by noon on Friday.",
    ],
)
def test_a_promise_about_a_policy_or_beside_a_rule_is_a_promise(sentence: str) -> None:
    brief = brief_of(interaction(1, "Please cancel my policy."), interaction(2, sentence, actor="agent"))
    assert [promise.text for promise in brief.commitments] == [sentence]


def test_what_led_to_a_conversation_that_ended_well_is_settled_with_it() -> None:
    asked = interaction(1, "Please look for my library book on the shelf, I returned it.", conversation_id="a")
    interactions = [
        interaction(2, "I am calling about the library book that I returned.", conversation_id="b"),
        interaction(3, "I have it here on the shelf.", actor="agent", conversation_id="b"),
        interaction(4, "Thank you so much!", conversation_id="b"),
    ]
    brief = brief_of(interaction(5, "My parking permit does not open the gate."), prior=[asked, *interactions])
    assert "shelf" not in brief.model_dump_json()


def test_a_negation_alone_is_not_shown_as_what_was_taken_back() -> None:
    brief = brief_of(
        interaction(1, "I want to cancel my membership."),
        interaction(2, "Would you like to freeze it instead?", actor="bot"),
        interaction(3, "Yes, please freeze it for three months. Don't cancel."),
    )
    assert "Taken back: “Don't cancel.”" not in (brief.situation or "")


def test_a_name_is_found_where_the_customer_writes_it_with_spaces() -> None:
    brief = brief_of(
        interaction(1, "My bill is wrong, the number is A-2209 4417."),
        *call(2, "get_bill", "{}", account="A-22094417"),
    )
    assert [(entity.type, entity.value) for entity in brief.entities] == [("account", "A-22094417")]


def test_a_word_of_a_record_without_digits_is_no_name() -> None:
    brief = brief_of(
        interaction(1, "My order status page shows nothing."),
        interaction(2, kind="event", name="page_opened", data={"page_id": "order-status"}),
    )
    assert brief.entities == ()


def test_the_thing_of_the_failed_step_heads_the_brief() -> None:
    brief = brief_of(
        interaction(1, "I have the door 30-1176-R three times, I need the door 30-1176-L."),
        *call(2, "order_part", "out of stock", failed=True, part_id="30-1176-L"),
    )
    assert "30-1176-L" in (brief.headline or "")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("claim MV/26/03381 please", ["MV/26/03381"]),
        ("the file is 2026/1187-G", ["2026/1187-G"]),
        ("ring me on 01632 960 877", ["01632 960 877"]),
        ("serial 2409 118 773", ["2409 118 773"]),
        ("I wrote NO PEANUTS on it", []),
        ("my booking no. QXTMRW", ["QXTMRW"]),
    ],
)
def test_a_name_is_found_whole(text: str, names: list[str]) -> None:
    assert [mention.value for mention in mentions(text)] == names


@pytest.mark.parametrize("text", ["I went out with the torch. 40138.", "com 14220 não compra nada"])
def test_no_word_of_another_sentence_and_no_function_word_says_what_a_number_is(text: str) -> None:
    assert [entity.type for entity in brief_of(interaction(1, text)).entities] == ["number"]


def test_a_gap_between_two_quotations_is_marked() -> None:
    brief = brief_of(
        interaction(1, "The sofa has no feet. I rang twice and nobody knew. The second set does not fit the sofa."),
        interaction(2, "I see.", actor="bot"),
        interaction(3, "My father cannot get up from the sofa."),
    )
    text = f"{brief.contact_reason} {brief.situation}"
    assert "no feet.” – “I rang" in text or "no feet.” … “The second" in text
    assert "no feet.” – “The second" not in text


def test_a_promise_that_the_customer_gives_thanks_for_is_not_overdue() -> None:
    brief = brief_of(
        interaction(1, "Please pay back the 40 pounds for the sofa."),
        interaction(2, "We will pay the forty pounds back to your card within two days.", actor="agent"),
        interaction(3, "I got the pounds, thank you for that.", at=START + timedelta(days=5)),
        interaction(4, "You are welcome.", actor="agent", at=START + timedelta(days=5, minutes=1)),
        interaction(5, "But the sofa has no feet.", at=START + timedelta(days=5, minutes=2)),
    )
    assert "overdue" not in f"{brief.headline} {brief.situation}"


def test_a_headline_of_an_earlier_day_tells_the_day() -> None:
    brief = brief_of(
        interaction(1, "My washing machine was to be delivered today."),
        interaction(2, "Yes.", at=START + timedelta(days=2)),
    )
    assert (brief.headline or "").startswith("“My washing machine was to be delivered today.” (2026-03-02)")


def test_a_long_sentence_without_pauses_heads_the_brief_up_to_an_and() -> None:
    text = (
        "you charged me twice for the internet package in march and the connection has been dropping every evening "
        "for a week and the engineer came on saturday and looked at the cable in the hall"
    )
    assert (brief_of(interaction(1, text)).headline or "").startswith("“you charged me twice")
