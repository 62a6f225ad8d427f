"""What is read of interactions that platforms and machines send."""

from typing import Any

import pytest

from app.models import Interaction
from app.nlu.analysis import analyse, analysis_of, to_file
from app.nlu.read_rows import Nature, as_read, as_shown, nature_of
from tests.support.builders import interaction

AWAY = "Automatic reply: I am on leave until 9 June. In urgent cases write to Tove, tove@mail.example."


def mail(text: str, **data: Any) -> Interaction:
    return interaction(1, text, channel="email", data=data)


@pytest.mark.parametrize(
    "data",
    [
        {"headers": {"Auto-Submitted": "auto-replied"}},
        {"headers": [{"name": "X-Autoreply", "value": "yes"}]},
        {"email": {"Headers": [["precedence", "auto_reply"]]}},
        {"headers": {"Content-Type": "multipart/report; report-type=delivery-status"}},
    ],
)
def test_headers_tell_an_automatic_reply_whatever_its_language(data: dict[str, Any]) -> None:
    row = mail("Hei, olen lomalla 9. kesäkuuta asti.", **data)
    assert (as_read(row).text, nature_of(row)) == ("", Nature.AUTOMATIC)


def test_headers_of_a_mail_that_somebody_wrote_change_nothing() -> None:
    row = mail(
        "The lamp broke.", headers={"Auto-Submitted": "no", "Precedence": "normal", "Return-Path": "<a@b.example>"}
    )
    assert (as_read(row), nature_of(row)) == (row, Nature.WORDS)


@pytest.mark.parametrize(
    "headers", [{"X-Auto-Response-Suppress": "OOF"}, {"Precedence": "bulk", "List-Id": "<tenants.example>"}]
)
def test_a_mail_that_asks_for_no_answer_or_came_by_a_list_is_its_writers(headers: dict[str, str]) -> None:
    row = mail("The lamp in the hall is broken, please send somebody.", headers=headers)
    assert (as_read(row), nature_of(row)) == (row, Nature.WORDS)
    assert nature_of(mail(AWAY, headers=headers)) is Nature.AUTOMATIC


@pytest.mark.parametrize(
    "text",
    [
        AWAY,
        "Ich bin bis zum 9. Juni im Urlaub und lese keine E-Mails. Bitte wenden Sie sich an meine Kollegin.",
        "Réponse automatique : je suis en congé jusqu'au 9 juin.",
    ],
)
def test_a_mail_that_reads_like_an_automatic_reply_is_one(text: str) -> None:
    assert nature_of(mail(text)) is Nature.AUTOMATIC


@pytest.mark.parametrize(
    "text",
    [
        "I am on leave until 9 June. Please cancel the delivery of the wardrobe.",
        "Your automatic reply says two days. It has been a week, where is my refund?",
        "I am out of the office next week, can you come on the 20th?",
        "Stop sending me automatic answers, please. I am on leave until Tuesday.",
    ],
)
def test_who_is_away_and_wants_something_wrote_it(text: str) -> None:
    assert nature_of(mail(text)) is Nature.WORDS


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("3", {"interactive": {"type": "list_reply", "list_reply": {"id": "row_3", "title": "Another size"}}}),
        ("", {"interactive": {"button_reply": {"id": "b", "title": "Another size"}}}),
        ("size_l", {"button": {"payload": "size_l", "text": "Another size"}}),
        ("/pick", {"message": {"postback": {"payload": "x", "title": "Another size"}}}),
    ],
)
def test_what_was_chosen_is_read_by_its_title(text: str, data: dict[str, Any]) -> None:
    row = interaction(1, text, data=data)
    assert (as_read(row).text, nature_of(row)) == ("Another size", Nature.CHOICE)


@pytest.mark.parametrize(
    ("text", "data"),
    [("", {"type": "image"}), ("[photo]", {}), ("<Media omitted>", {}), ("\u200e[Bild]", {}), ("IMG_0441.jpg", {})],
)
def test_what_was_sent_without_words_says_nothing(text: str, data: dict[str, Any]) -> None:
    row = interaction(1, text, data=data)
    assert (as_read(row).text, nature_of(row)) == ("", Nature.WORDLESS)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("Not that one", {"interactive": {"button_reply": {"id": "b", "title": "Another size"}}}),
        ("where is it", {"context": {"product_option": {"title": "Blue"}}}),
        ("[wet ceiling]", {}),
        ("(move it please)", {}),
    ],
)
def test_what_somebody_typed_is_read_whatever_stands_beside_it(text: str, data: dict[str, Any]) -> None:
    row = interaction(1, text, data=data)
    assert (as_read(row).text, nature_of(row)) == (text, Nature.WORDS)


def test_a_reaction_says_nothing_and_a_caption_does() -> None:
    assert as_read(interaction(1, "❤️", data={"type": "reaction"})).text == ""
    caption = interaction(1, "It came like this", data={"type": "image"})
    assert as_read(caption) is caption


def test_the_filed_analysis_is_that_of_what_is_read() -> None:
    text = "The lamp broke.\n\nOn Tue, 5 May 2026 at 11:20, Depot <help@depot.example> wrote:\n> This is awful!"
    row = mail(text)
    object.__setattr__(row, "analysis", to_file(analyse(as_read(mail(text)).text, by_customer=True)))
    assert [sentence.text for sentence in analysis_of(as_read(row)).spoken] == ["The lamp broke."]
    assert analysis_of(row).filed is not None


def test_people_are_shown_all_that_came_in_and_html_as_text() -> None:
    assert as_shown(mail("<p>The lamp<br>broke</p>")).text == "The lamp\nbroke"
    assert as_shown(mail(AWAY)).text == AWAY


def test_contacts_at_the_end_of_a_chat_are_told() -> None:
    text = "Please put these into my file.\n\nTove Lind\nLind & Sons\ntove@mail.example"
    assert as_read(interaction(1, text, channel="chat")).text == text
    assert as_read(mail(text)).text == "Please put these into my file."
