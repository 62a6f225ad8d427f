"""Which letter somebody passes on, who wrote it and when: in the forms of many mail programs."""

from datetime import UTC, datetime

import pytest

from app.nlu.forwarded import forwarded_letter
from app.nlu.letter_dates import letter_date

KIM = ("Kim", "kim@desk.example")
AT = datetime(2026, 5, 5, 13, 20, tzinfo=UTC)
FORMS = [
    (
        "---------- Forwarded message ---------\nFrom: Odile Marchand <odile@brook.example>\n"
        "Date: Tue, 5 May 2026 at 13:20\nSubject: harp\nTo: Kim <kim@desk.example>\n\n{letter}",
        "",
    ),
    (
        "Begin forwarded message:\n\n> From: Odile Marchand <odile@brook.example>\n> Subject: harp\n"
        "> Date: 5 May 2026 at 13:20:00 GMT\n> To: kim@desk.example\n> \n> {letter}",
        "",
    ),
    (
        "-----Original Message-----\nFrom: Odile Marchand <odile@brook.example>\n"
        "Sent: Tuesday, May 5, 2026 1:20 PM\nTo: Kim\nSubject: harp\n\n{letter}",
        "FW: harp",
    ),
    (
        "Von: Odile Marchand <odile@brook.example>\nGesendet: Dienstag, 5. Mai 2026 13:20\nAn: Kim\n"
        "Betreff: Harfe\n\n{letter}",
        "WG: Harfe",
    ),
    (
        "-------- Message transféré --------\nSujet : harpe\nDate : mar. 5 mai 2026 13:20\n"
        "De : Odile Marchand <odile@brook.example>\nPour : kim@desk.example\n\n\n{letter}",
        "TR: harpe",
    ),
    (
        "De: Odile Marchand <odile@brook.example>\nEnviado: martes, 5 de mayo de 2026 13:20\nPara: Kim\n"
        "Asunto: arpa\n\n{letter}",
        "RV: arpa",
    ),
    ("On Tue, 5 May 2026 at 13:20, Odile Marchand <odile@brook.example> wrote:\n> {letter}", "Fwd: harp"),
    (
        "    From: Odile Marchand <odile@brook.example>\n    Date: Tue, 5 May 2026 13:20:00 +0000\n"
        "    Subject: harp\n    To: kim@desk.example\n\n    {letter}",
        "Fw: harp",
    ),
    (
        "<div>---------- Forwarded message ---------<br>From: <b>Odile Marchand</b> &lt;odile@brook.example&gt;<br>"
        "Date: Tue, May 5, 2026 at 1:20 PM<br>Subject: harp<br>To: kim@desk.example<br><br><div>{letter}</div></div>",
        "",
    ),
]


@pytest.mark.parametrize(("form", "subject"), FORMS)
def test_the_letter_below_the_header_is_its_senders_at_its_time(form: str, subject: str) -> None:
    text = f"Please take over.\n\n{form.format(letter='The strings snap.')}"
    letter = forwarded_letter(text, subject=subject, people=KIM)
    assert letter is not None
    assert (letter.name, letter.address) == ("Odile Marchand", "odile@brook.example")
    assert (letter.above, letter.text) == ("Please take over.", "The strings snap.")
    assert letter.at == AT
    assert letter.is_sure


@pytest.mark.parametrize(("form", "subject"), FORMS)
def test_a_letter_of_our_own_side_is_none_that_a_customer_wrote(form: str, subject: str) -> None:
    text = form.format(letter="Lunch at noon.").replace("odile@brook.example", "odile@desk.example")
    assert forwarded_letter(text, subject=subject, people=KIM) is None


def test_what_stands_below_a_marked_letter_is_the_forwarders() -> None:
    text = f"FYI\n\n{FORMS[1][0].format(letter='The strings snap.')}\n\nI told her to wait."
    letter = forwarded_letter(text, people=KIM)
    assert letter is not None
    assert letter.text == "The strings snap."
    assert letter.above.splitlines()[-1] == "I told her to wait."


def test_a_letter_that_may_be_answered_is_not_sure_and_a_reply_is_none() -> None:
    text = f"Hello Odile, we send a set.\n\n{FORMS[2][0].format(letter='The strings snap.')}"
    letter = forwarded_letter(text, people=KIM)
    assert letter is not None
    assert not letter.is_sure
    assert forwarded_letter(text, subject="RE: harp", people=KIM) is None


def test_who_has_no_address_of_their_own_is_told_by_whom_the_letter_is_to() -> None:
    form = FORMS[0][0].format(letter="Lunch at noon.")
    assert forwarded_letter(form) is not None
    assert forwarded_letter(form.replace("odile@brook.example", "odile@desk.example")) is None


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-05 13:20",
        "05.05.2026 13:20",
        "5/5/2026 1:20 PM",
        "dinsdag 5 mei 2026 13:20",
        "martedì 5 maggio 2026 13:20",
        "terça-feira, 5 de maio de 2026 13:20",
        "Tue, 05 May 2026 15:20:00 +0200",
        "May 5, 2026 at 1:20 PM",
    ],
)
def test_the_time_in_a_header_is_read_in_many_languages(written: str) -> None:
    assert letter_date(written) == AT


@pytest.mark.parametrize("written", ["", "yesterday", "5 May", "99.99.2026 13:20", "2026-05-05 33:20"])
def test_what_names_no_moment_is_none(written: str) -> None:
    assert letter_date(written) is None
