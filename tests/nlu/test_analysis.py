"""What is read off a message once: that it comes back as it was filed, and says what the readers say."""

import json

import pytest

from app.models import Actor
from app.nlu import Talk, read
from app.nlu.analysis import analyse, analyser_version, analysis_of, filed_analysis, is_current, to_file
from app.nlu.classifier import own_scores, reading_in
from app.nlu.dialogue_acts import customer_act, staff_act
from app.nlu.features import Setting
from app.nlu.human_request import asks_for_person
from app.nlu.identifiers import mentions
from app.nlu.quotations import own_words
from app.nlu.reply_moves import reply_of, turn_of
from app.nlu.sentences import sentences
from app.nlu.sentiment import feeling
from app.nlu.words import terms
from tests.support.builders import interaction

TEXTS = [
    "Where is order W4410? I was charged $1,250.00 twice. This is ridiculous, get me a human!",
    "ok",
    "",
    " \n ",
    "¿Dónde está mi pedido? Ich möchte einen Menschen sprechen.",
    "- **first** thing\n- [second](https://x.example/a) thing\n1. third.Fourth",
    "See below.\nAgent: I will call you back on Monday, promised.\nMe: thanks\nAgent: You are welcome, goodbye.",
    "> I told you so\nThat was wrong. That was wrong. That was wrong.",
    "注文した商品がまだ届きません。😡",
    "Sorry, I couldn't find that booking. Is there anything else I can help you with?",
]
SETTINGS = [
    Setting(by_customer, is_first, is_last, turn, answers)
    for by_customer in (True, False)
    for is_first in (True, False)
    for is_last in (True, False)
    for turn in (0, 2, 7)
    for answers in (True, False)
]


@pytest.mark.parametrize("by_customer", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_an_analysis_says_what_the_readers_say_of_the_text(text: str, by_customer: bool) -> None:
    analysis = analyse(text, by_customer=by_customer)
    own = own_words(text) if by_customer else text
    assert analysis.sentences == sentences(own)
    assert analysis.acts == tuple(map(customer_act if by_customer else staff_act, sentences(own)))
    assert analysis.terms == terms(text)
    assert analysis.terms_by_sentence == tuple(map(terms, sentences(own)))
    assert analysis.mentions == mentions(text)
    assert [sentence.terms for sentence in analysis.spoken] == [terms(sentence.text) for sentence in analysis.spoken]
    if by_customer:
        assert (analysis.replies, analysis.feeling) == (reply_of(own), feeling(own))
        assert analysis.asks_for_person is asks_for_person(own)
    else:
        assert analysis.turns == turn_of(text)
    spoken = list(Talk().sentences(text, by_customer=by_customer))
    assert [(sentence.text, sentence.pasted) for sentence in analysis.spoken] == [
        (text, setting is None) for text, setting in spoken
    ]
    for sentence, (_, setting) in zip(analysis.spoken, spoken, strict=True):
        if setting is not None:
            assert sentence.reading(setting) == read(sentence.text, setting)


@pytest.mark.parametrize("by_customer", [True, False])
@pytest.mark.parametrize("text", TEXTS)
def test_a_filed_analysis_comes_back_whole(text: str, by_customer: bool) -> None:
    analysis = analyse(text, by_customer=by_customer)
    value = to_file(analysis)
    assert value is not None
    again = filed_analysis(value, text, by_customer=by_customer)
    assert again is not None
    assert to_file(again) == value
    assert [(own.text, own.scores, own.terms, own.pasted) for own in again.spoken] == [
        (own.text, own.scores, own.terms, own.pasted) for own in analysis.spoken
    ]
    for name in (
        "sentences",
        "acts",
        "terms",
        "terms_by_sentence",
        "mentions",
        "replies",
        "turns",
        "feeling",
        "asks_for_person",
    ):
        assert getattr(again, name) == getattr(analysis, name), name


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_adds_to_what_a_sentence_scores_by_itself(setting: Setting) -> None:
    for sentence in ("Where is my parcel?", "", "first last turn 0"):
        scores = own_scores(sentence, by_customer=setting.by_customer)
        assert reading_in(scores, setting) == read(sentence, setting)


def test_an_analysis_of_thirty_words_takes_less_than_two_kilobytes() -> None:
    text = " ".join(["My order W4410 has not come, I paid $20 for it and nobody answers me."] * 2)
    value = to_file(analyse(text, by_customer=True))
    assert value is not None
    assert len(value.encode()) < 2000


def test_the_filed_analysis_is_read_where_the_version_is_the_same_and_else_a_new_one() -> None:
    value = to_file(analyse("I want a refund.", by_customer=True))
    assert value is not None
    marked = json.loads(value)
    marked[6] = "word-of-the-filed-one"
    marked[7] = [1]
    filed, outdated, untouched = (interaction(seq, "I want a refund.") for seq in (1, 2, 3))
    object.__setattr__(filed, "analysis", json.dumps(marked, separators=(",", ":")))
    object.__setattr__(outdated, "analysis", json.dumps(["0.former", *marked[1:]], separators=(",", ":")))
    assert [is_current(row) for row in (filed, outdated, untouched)] == [True, False, False]
    assert analysis_of(filed).terms == ("word-of-the-filed-one",)
    assert analysis_of(outdated).terms == analysis_of(untouched).terms == terms("I want a refund.")
    assert marked[0] == analyser_version()


def test_an_interaction_is_analysed_once_and_a_copy_with_another_text_anew() -> None:
    row = interaction(1, "I want a refund.")
    assert analysis_of(row) is analysis_of(row)
    copy = row.model_copy(update={"text": "Where is my parcel?"})
    assert analysis_of(copy).text == "Where is my parcel?"
    staff = row.model_copy(update={"actor": Actor.AGENT})
    assert not analysis_of(staff).by_customer


def test_an_analysis_is_in_no_answer_and_in_no_comparison() -> None:
    row, other = interaction(1, "I want a refund."), interaction(1, "I want a refund.")
    analysis_of(row)
    assert row == other
    assert row.model_dump() == other.model_dump()
    assert row.model_dump_json() == other.model_dump_json()
    assert "analysis" not in row.model_json_schema()["properties"]
