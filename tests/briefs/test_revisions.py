"""What a customer said and has since replaced: the newer statement holds."""

import pytest

from app.briefs.extractive import compose
from app.briefs.superseded_values import revisions
from app.models import Brief, HandoffRequest, Intent, Interaction
from tests.support.builders import interaction, snapshot


def rows(*texts: str, conversations: tuple[str, ...] = ()) -> list[Interaction]:
    places = conversations or ("c1",) * len(texts)
    return [
        interaction(seq, text, conversation_id=where)
        for seq, (text, where) in enumerate(zip(texts, places, strict=True), 1)
    ]


def replaced(*texts: str, conversations: tuple[str, ...] = ()) -> list[str]:
    return [revision.written for revision in revisions(rows(*texts, conversations=conversations))]


@pytest.mark.parametrize(
    ("older", "newer", "old"),
    [
        ("Please deliver it on 14 March.", "Sorry, make it 21 March instead.", "14 March"),
        ("My order is W44102.", "I mistyped, it is W44120.", "W44102"),
        ("I was charged 90 EUR.", "Actually it was 95 EUR.", "90 EUR"),
        ("Send it to 6 Canal Row.", "Our move has slipped: send it to 19 Hill Road.", "6 Canal Row"),
    ],
)
def test_what_is_taken_back_is_replaced(older: str, newer: str, old: str) -> None:
    assert replaced(older, newer) == [old]


@pytest.mark.parametrize(
    ("older", "newer", "old"),
    [
        ("Please come on 18 June about T-4420.", "About T-4420: please come on 25 June.", "18 June"),
        ("Deliver R-43018 to 6 Canal Row.", "Please deliver R-43018 to 19 Hill Road.", "6 Canal Row"),
        ("I need a transfer limit of 9,000 for the car.", "The price of the car dropped, the limit is 7,400.", "9,000"),
        ("I can pay it off in two parts.", "I can only do four parts.", "two parts"),
    ],
)
def test_what_another_conversation_asks_of_the_same_thing_is_replaced(older: str, newer: str, old: str) -> None:
    assert replaced(older, newer, conversations=("c1", "c2")) == [old]


@pytest.mark.parametrize(
    "texts",
    [
        ("I leave on 4 May.", "And I come back on 9 May."),  # two days of one trip
        ("The order is W44102.", "The other order is W44120."),
        ("Sorry, the 3 March order W44102 never came.", "It was 90 EUR, and the other one 95 EUR."),
        ("Please move it from 4 May to 6 May.", "Yes, from 4 May to 6 May, sorry."),
        ("I have two bags.", "I need three seats instead."),
    ],
)
def test_values_that_stand_beside_each_other_all_hold(texts: tuple[str, ...]) -> None:
    assert replaced(*texts) == []


def test_a_day_that_was_past_when_it_was_told_is_not_replaced_by_one_to_come() -> None:
    texts = ("Order R-43018 of 1 February is broken.", "Please collect R-43018 on 9 March.")
    assert replaced(*texts, conversations=("c1", "c2")) == []


def test_a_brief_tells_the_newer_statement_alone() -> None:
    conversation = [
        interaction(1, "Please bring the wardrobe R-43018 on 14 March to 6 Canal Row."),
        interaction(2, "I have asked for delivery on 14 March to 6 Canal Row.", actor="bot"),
        interaction(3, "Sorry, our move has slipped. Please bring R-43018 on 21 March to 19 Hill Road."),
    ]
    brief: Brief = compose(snapshot(conversation), Intent(), HandoffRequest())
    brief_text = brief.model_dump_json()
    assert "21 March" in brief_text
    assert "14 March" not in brief_text
    assert "Canal Row" not in brief_text


def test_of_a_long_history_the_oldest_value_is_compared_with_the_newest() -> None:
    interactions = [interaction(1, "Please deliver it to 12 Elm Street.", conversation_id="first")]
    interactions += [
        interaction(seq, f"My order is W{10_000 + seq}.", conversation_id=f"c{seq}") for seq in range(2, 400)
    ]
    interactions += [interaction(400, "Sorry, make that 7 High Lane instead.", conversation_id="first")]
    assert [revision.since for revision in revisions(interactions) if revision.written == "12 Elm Street"] == [400]
