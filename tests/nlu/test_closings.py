"""What becomes of what a customer said: taken back, done, over, or opened again."""

import pytest

from app.nlu import Act, Talk
from app.nlu.analysis import analyse
from app.nlu.classifier import NOTHING_READ
from app.nlu.closings import Closed, TalkSentence, akin, clauses, closings, warns
from app.nlu.words import terms


def spoken(*messages: tuple[str, str]) -> list[TalkSentence]:
    talk, sentences = Talk(), list[TalkSentence]()
    for number, (who, text) in enumerate(messages):
        for sentence, setting in talk.settled(analyse(text, by_customer=who == "c")):
            assert setting is not None
            reading = sentence.reading(setting)
            sentences.append(TalkSentence(sentence.text, who == "c", number, reading, sentence.terms))
    return sentences


def read_as(message: int, text: str, act: Act, *, who: str = "c", speaker: str | None = None) -> TalkSentence:
    """A sentence that is sure to do this, whatever the classifiers make of its words."""
    reading = NOTHING_READ._replace(
        act=act, acts={other: float(other is act) for other in Act}, wish=float(act is Act.REQUEST)
    )
    return TalkSentence(text, who == "c", message, reading, terms(text), speaker)


def withdrawn(*sentences: TalkSentence) -> set[str]:
    return {sentences[index].text for index, ended in closings(sentences).items() if ended.how is Closed.WITHDRAWN}


def ends(*messages: tuple[str, str]) -> dict[str, Closed]:
    sentences = spoken(*messages)
    return {sentences[index].text: closing.how for index, closing in closings(sentences).items()}


@pytest.mark.parametrize(
    ("word", "other", "alike"),
    [
        ("umtauschen", "umtausch", True),
        ("annuler", "annulez", True),
        ("contract", "control", False),
        ("bill", "ball", False),
    ],
)
def test_words_that_only_end_otherwise_are_akin(word: str, other: str, alike: bool) -> None:
    assert akin((word,), (other,)) is alike


def test_a_clause_of_one_word_is_joined_to_the_next() -> None:
    assert clauses("No, wait, do not send it, refund me instead.") == (
        "No, wait, do not send it,",
        "refund me instead.",
    )


def test_a_wish_ends_with_the_clause_that_takes_it_back() -> None:
    closed = ends(("c", "Please deliver the piano on Monday."), ("c", "No, don't deliver it, I'll pick it up."))
    assert closed["Please deliver the piano on Monday."] is Closed.WITHDRAWN


def test_a_deed_closes_what_it_is_about_and_a_new_question_opens_it_again() -> None:
    asked = (("c", "Please correct my surname."), ("a", "Your surname has been corrected."))
    assert ends(*asked) == {"Please correct my surname.": Closed.DONE}
    assert ends(*asked, ("c", "Why is the surname still wrong?")) == {}


def test_the_only_trouble_is_over_when_the_customer_is_relieved_and_one_of_two_when_it_is_named() -> None:
    single = (("c", "The oven does not heat."), ("a", "Please press start twice."), ("c", "Perfect, it works now."))
    assert ends(*single) == {"The oven does not heat.": Closed.DONE}
    pair = (("c", "The oven does not heat."), ("c", "The tray is bent."), ("c", "The oven is working again."))
    assert ends(*pair) == {"The oven does not heat.": Closed.DONE}


@pytest.mark.parametrize(
    ("text", "threat"),
    [
        ("If this drags on I'm going to your competitor.", True),
        ("Wenn das so weitergeht, wechsle ich die Bank.", True),
        ("Si ça continue, je m'en vais.", True),
        ("If the red one is gone, send me the green one.", False),
        ("Cancel it if it cannot be here by noon.", False),
        ("Ich möchte zum Monatsende kündigen.", False),
    ],
)
def test_a_warning_is_told_from_a_wish_on_a_condition(text: str, threat: bool) -> None:
    assert warns(spoken(("c", text))[0].reading) is threat


LOAN = "Please extend my loan of the atlas."
FINES = "Send me the list of fines."
NAMELESS = "Zzz qqq."


def test_a_withdrawal_that_names_nothing_takes_back_what_was_wanted_last() -> None:
    wanted = (read_as(0, LOAN, Act.REQUEST), read_as(1, "In three weeks?", Act.QUESTION, who="a"))
    assert withdrawn(*wanted, read_as(2, NAMELESS, Act.WITHDRAWAL)) == {LOAN}
    newer = (*wanted, read_as(2, FINES, Act.REQUEST), read_as(3, "The chair is broken.", Act.REPORT))
    assert withdrawn(*newer, read_as(4, NAMELESS, Act.WITHDRAWAL)) == {FINES}


def test_all_that_one_message_wants_is_taken_back_and_what_it_only_reports_stays() -> None:
    message = (
        read_as(0, LOAN, Act.REQUEST),
        read_as(0, FINES, Act.REQUEST),
        read_as(0, "The chair is broken.", Act.REPORT),
    )
    assert withdrawn(*message, read_as(1, NAMELESS, Act.WITHDRAWAL)) == {LOAN, FINES}


def test_a_withdrawal_that_names_a_matter_takes_back_that_one_alone() -> None:
    wanted = (read_as(0, LOAN, Act.REQUEST), read_as(1, FINES, Act.REQUEST))
    assert withdrawn(*wanted, read_as(2, "Not the atlas.", Act.WITHDRAWAL)) == {LOAN}


def test_words_that_name_nothing_do_not_count_as_shared() -> None:
    wanted = (
        read_as(0, "Ich bitte um eine Kopie.", Act.REQUEST),
        read_as(1, "Ich will das Buch verlängern.", Act.REQUEST),
    )
    assert withdrawn(*wanted, read_as(2, "Ich zzz es mir qqq.", Act.WITHDRAWAL)) == {"Ich will das Buch verlängern."}


def test_what_is_done_or_said_again_is_not_taken_back() -> None:
    asked = (read_as(0, LOAN, Act.REQUEST), read_as(2, NAMELESS, Act.WITHDRAWAL))
    extended = read_as(1, "The loan of the atlas is extended.", Act.REPORT, who="a")
    done = extended._replace(reading=extended.reading._replace(done=1.0))
    assert withdrawn(asked[0], done, asked[1]) == set()
    assert withdrawn(*asked, read_as(3, "Do extend the atlas.", Act.REQUEST)) == set()


def test_one_of_two_people_takes_back_nothing_of_the_others() -> None:
    wanted = (read_as(0, FINES, Act.REQUEST, speaker="Ines"), read_as(1, LOAN, Act.REQUEST, speaker="Tom"))
    assert withdrawn(*wanted, read_as(2, NAMELESS, Act.WITHDRAWAL, speaker="Ines")) == {FINES}


@pytest.mark.parametrize(
    "text",
    [
        "I think I'll hold off on that for now.",
        "Never mind then.",
        "I would rather keep my loan as it is.",
        "I'm not going to make any changes.",
        "Never mind that.",
        "Forget it, thanks.",
        "Ich habe es mir anders überlegt.",
        "Lassen Sie es gut sein.",
        "Finalement, laissez tomber.",
        "Mejor no, déjelo.",
        "Ci ho ripensato, lasci stare.",
        "Afinal já não quero.",
        "Laat maar, toch niet.",
    ],
)
def test_terse_withdrawals_take_back_the_wish(text: str) -> None:
    assert ends(("c", LOAN), ("b", "It would be due on 9 May."), ("c", text)) == {LOAN: Closed.WITHDRAWN}


@pytest.mark.parametrize(
    "text",
    [
        "Never mind the price, I need it today.",
        "I won't go ahead unless you drop the fee.",
        "The page will not proceed.",
        "No, that's fine.",
        "Thank you very much.",
        "I changed my mind about the colour, please send the green one.",
        "That is a disgrace.",
        "No thanks, I don't want the newsletter.",
        "Hold on, I'm looking for my card.",
    ],
)
def test_what_only_looks_like_a_withdrawal_takes_nothing_back(text: str) -> None:
    assert ends(("c", LOAN), ("b", "It would be due on 9 May."), ("c", text)) == {}


def test_a_deed_that_names_nothing_is_what_was_wanted_last() -> None:
    assert ends(("c", LOAN), ("b", "All done!")) == {LOAN: Closed.DONE}
    assert ends(("c", LOAN), ("b", "I have passed it on.")) == {}
