"""What can be read off a single text."""

import pytest

from app.nlu.dialogue_acts import SpeechAct, customer_act, is_english, staff_act, without_lead_in
from app.nlu.identifiers import canonical, mentions, structured_names
from app.nlu.sentences import LONGEST_SENTENCE, sentences, shorten


def mentions_in(text: str) -> list[tuple[str, str]]:
    return [(mention.type, mention.value) for mention in mentions(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My order is #W2378156, thanks", [("code", "#W2378156")]),
        ("I paid $1,250.50 and then 30 dollars", [("amount", "$1,250.50"), ("amount", "30 dollars")]),
        ("account demo_user_4821", [("account", "demo_user_4821")]),
        ("mail me at kim@example.com", [("email", "kim@example.com")]),
        ("on May 20th or 2026-05-21", [("date", "May 20th"), ("date", "2026-05-21")]),
        ("error E-4512 since Monday", [("error_code", "E-4512")]),
        ("I paid 1.299,00 EUR, then 54,99 €", [("amount", "1.299,00 EUR"), ("amount", "54,99 €")]),
        ("invoice 55-8812 and 123-4567890-12", [("number", "55-8812"), ("number", "123-4567890-12")]),
        ("card 4111 1111 1111 1111", [("number", "4111 1111 1111 1111")]),
        ("order w8832114, call 0151 23456789", [("code", "w8832114"), ("phone", "0151 23456789")]),
        ("my code is QWERTZ", [("code", "QWERTZ")]),
        ("call +49 30 1234567 please", [("phone", "+49 30 1234567")]),
        ("the card ending in 7447", [("number", "7447")]),
    ],
)
def test_names_of_things_are_found_by_their_shape(text: str, expected: list[tuple[str, str]]) -> None:
    assert mentions_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "at 11AM or 10PM",
        "the 20TH",
        "in 2026",
        "PLEASE HELP ME NOW IMMEDIATELY",
        "SYSTEM: ignore",
        "ok 12",
        "3-4 hours",
    ],
)
def test_times_years_and_shouting_are_no_names(text: str) -> None:
    assert mentions_in(text) == []


def test_two_spellings_of_one_amount_or_number_are_equal() -> None:
    assert canonical("$1,250.00") == canonical("1250 USD") == canonical("1.250,00 EUR") == "1250"
    assert canonical("#W12345") == canonical("w12345")
    assert canonical("#1250") != canonical("#1251")


def test_names_in_json_are_found_under_keys_that_identify() -> None:
    data = {"order_id": "AB12", "note": "AB99", "lines": [{"item_number": "77-1"}, {"item_number": "77-2"}], "no": 4}
    assert list(structured_names(data)) == [("order_id", "AB12"), ("item_number", "77-1"), ("item_number", "77-2")]


def test_lines_list_items_and_markup_are_split_into_plain_sentences() -> None:
    text = "Here is **what** I found:\n1. First option. It is cheap!\n- Second\nDr. Lee agrees."
    assert sentences(text) == (
        "Here is what I found:",
        "First option.",
        "It is cheap!",
        "Second",
        "Dr. Lee agrees.",
    )


def test_a_long_text_is_cut_at_a_comma_and_says_so() -> None:
    assert shorten("one two three four, five six", 5) == "one two three four …"
    assert shorten("one two", 5) == "one two"


@pytest.mark.parametrize(
    ("sentence", "act"),
    [
        ("Hi there!", SpeechAct.GREETING),
        ("I'd like to cancel my subscription.", SpeechAct.REQUEST),
        ("Okay, could you check again?", SpeechAct.REQUEST),
        ("My parcel never arrived.", SpeechAct.PROBLEM),
        ("I already restarted the router twice.", SpeechAct.ATTEMPT),
        ("What are the fees?", SpeechAct.QUESTION),
        ("Yes, please go ahead.", SpeechAct.CONFIRMATION),
        ("Thanks a lot!", SpeechAct.THANKS),
        ("That's all I needed.", SpeechAct.CLOSING),
        ("My account is demo_user_4821.", SpeechAct.INFORMATION),
        ("I don't have the number with me.", SpeechAct.INFORMATION),
        ("If I need further help, I'll come back.", SpeechAct.INFORMATION),
    ],
)
def test_a_customers_sentence_is_taken_for_what_it_does(sentence: str, act: SpeechAct) -> None:
    assert customer_act(sentence) is act


@pytest.mark.parametrize(
    ("sentence", "act"),
    [
        ("Unfortunately, that is not possible.", SpeechAct.REFUSAL),
        ("A colleague will call you back within 24 hours.", SpeechAct.PROMISE),
        ("Your plan has been cancelled.", SpeechAct.COMPLETION),
        ("May I have your number?", SpeechAct.QUESTION),
        ("I'm sorry about that.", SpeechAct.APOLOGY),
        ("The shop opens at nine.", SpeechAct.INFORMATION),
    ],
)
def test_a_sentence_of_staff_is_taken_for_what_it_does(sentence: str, act: SpeechAct) -> None:
    assert staff_act(sentence) is act


def test_what_only_joins_a_sentence_to_the_talk_before_is_left_out() -> None:
    assert without_lead_in("Okay, thanks. So, my bill is wrong.") == "my bill is wrong."


def test_english_is_told_from_other_languages() -> None:
    assert is_english("I want to change the address of my order")
    assert not is_english("Ich möchte bitte die Adresse meiner Bestellung ändern")
    assert not is_english("Quiero cambiar la dirección de mi pedido")


def test_a_text_that_is_cut_does_not_end_in_a_word_that_only_leads_on() -> None:
    assert shorten("take me there on May 19 and back on the next day", 8) == "take me there on May 19 …"
    assert shorten("take me there, on May 19 and back", 5) == "take me there …"
    assert shorten("take me there", 5) == "take me there"


def test_taking_leave_is_no_confirmation_and_not_knowing_why_no_preference() -> None:
    assert customer_act("OK, thanks, bye") is SpeechAct.CLOSING
    assert customer_act("My card was blocked, I don't know why.") is SpeechAct.PROBLEM
    assert customer_act("I don't know my order number.") is not SpeechAct.PROBLEM


def test_a_sentence_as_long_as_one_may_be_is_one() -> None:
    sentence = "a" * (LONGEST_SENTENCE - 5) + " end."
    assert LONGEST_SENTENCE == 2000
    assert sentences(sentence) == (sentence,)


def test_what_nobody_would_call_a_sentence_is_taken_in_pieces_cut_between_words() -> None:
    pieces = sentences("word " * 1000 + "end")
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= LONGEST_SENTENCE
    assert " ".join(pieces).split() == ["word"] * 1000 + ["end"]


def test_a_word_longer_than_a_sentence_may_be_is_taken_in_pieces_of_that_length() -> None:
    pieces = sentences("x" * 5000)
    assert [len(piece) for piece in pieces] == [2000, 2000, 1000]
