"""What is left of spoken sentences: pieces as they stand, without fillers, second sayings and notes."""

import pytest

from app.nlu.fluency import as_judged, fluent, goes_on, pieces


@pytest.mark.parametrize(
    ("spoken", "shown"),
    [
        ("um i i need to move my my piano lesson", "… i need to move … my piano lesson"),
        ("so the boiler it was uh it was serviced in april", "… the boiler … it was serviced in april"),
        ("[inaudible] the tyre is flat (laughs) and i am stuck", "… the tyre is flat … and i am stuck"),
        ("the appoint- appointment was on monday", "the … appointment was on monday"),
        ("ähm ich ich habe die Miete schon bezahlt", "… ich habe die Miete schon bezahlt"),
        ("euh je je voudrais changer de siège", "… je voudrais changer de siège"),
        ("nous nous sommes trompés de porte", "nous nous sommes trompés de porte"),
        ("the pool was closed all week", "the pool was closed all week"),
    ],
)
def test_what_says_nothing_is_left_out_and_marked(spoken: str, shown: str) -> None:
    assert fluent(spoken) == shown
    assert all(piece in spoken for piece in pieces(spoken))


@pytest.mark.parametrize(
    "spoken",
    [
        "the code of the shed is four four two",
        "i said no no it is not mine",
        "flight r r one eight",
        "ich rufe um zehn Uhr an",
        "there are 2 2 of them",
    ],
)
def test_numbers_denials_and_words_of_another_language_stay(spoken: str) -> None:
    assert pieces(spoken) == (spoken,)


def test_a_sentence_that_holds_nothing_else_stands_as_it_is() -> None:
    assert pieces("uh mhm") == ()
    assert fluent("uh mhm") == "uh mhm"


def test_a_clause_that_a_word_joins_to_the_one_before_goes_on() -> None:
    assert goes_on("and now the pump is loud again")
    assert not goes_on("the pump is loud again")


def test_what_our_side_says_without_a_full_stop_is_judged_with_one() -> None:
    from_agent = "uh i have booked the plumber for you"
    assert as_judged(from_agent, by_customer=False) == "i have booked the plumber for you."
    assert as_judged(from_agent, by_customer=True) == "i have booked the plumber for you"
    assert as_judged("Um, I have booked the plumber for you.", by_customer=False).startswith("Um,")


@pytest.mark.parametrize(
    "sentence", ["well cover is cracked", "I signed it, I signed it not", "right hand glove came alone"]
)
def test_a_word_that_belongs_to_what_follows_and_a_denied_repetition_stay(sentence: str) -> None:
    assert fluent(sentence) == sentence
