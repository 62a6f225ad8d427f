"""Whose words a message holds: what is read of letters, forms, logs and HTML, and what is not."""

import pytest

from app.nlu.own_words import own_text
from app.nlu.quotations import own_words

LETTERS = [
    "From: Lia Brandt <lia@depot.example>\nSent: Tuesday, 5 May 2026 11:20\nTo: Omar\nSubject: RE: kettle",
    "Von: Lager <lager@depot.example>\nGesendet: Dienstag, 5. Mai 2026 11:20\nAn: Omar\nBetreff: AW: Kessel",
    "*De :* Dépôt <aide@depot.example>\n*Envoyé :* mardi 5 mai 2026 11:20\n*À :* Omar\n*Objet :* bouilloire",
    "Od: Magazyn <pomoc@depot.example>\nWysłano: wtorek, 5 maja 2026 11:20\nDo: Omar\nTemat: czajnik",
    "差出人: 倉庫 <help@depot.example>\n送信日時: 2026年5月5日 11:20\n宛先: Omar\n件名: ケトル",
    "On Tue, 5 May 2026 at 11:20, Depot <help@depot.example> wrote:",
    "Den tis 5 maj 2026 kl 11:20 skrev Lager <help@depot.example>:",
    "Am 05.05.2026 um 11:20 schrieb Lia Brandt:",
    "-----Original Message-----\nFrom: Depot",
    "---------- Forwarded message ---------\nFrom: Depot",
]


@pytest.mark.parametrize("heading", LETTERS)
def test_what_stands_below_the_heading_of_another_letter_is_not_read(heading: str) -> None:
    own = "The kettle still leaks. Please send the lid as well."
    assert own_text(f"{own}\n\n{heading}\n\nWe will cancel your order today.") == own


def test_the_line_that_says_whose_marked_lines_are_is_not_read_and_answers_between_them_are_said() -> None:
    text = "Dne 5. 5. 2026 v 11:20 Lia napsal(a):\n> When did it break?\nOn Monday.\n> Which?\nThe blue one."
    assert own_text(text) == "> When did it break?\nOn Monday.\n> Which?\nThe blue one."
    assert own_words(own_text(text)) == "On Monday.\nThe blue one."


@pytest.mark.parametrize(
    "opening",
    [
        "On Tue, 5 May 2026 at 11:20, Depot <help@depot.example> wrote:",
        "Am Di., 5. Mai 2026 um 11:20 Uhr schrieb Lager Nord Kundendienst <\nhilfe@lager.example>:",
        "Le mar. 5 mai 2026 à 11:20, Dépôt <aide@depot.example> a écrit :",
    ],
)
def test_answers_between_the_marked_lines_of_a_letter_are_said_whoever_wrote_the_line_above(opening: str) -> None:
    text = (
        f"See below.\n\n{opening}\n\n> Hello,\n>\n> When did it break?\n\nOn Monday.\n\n> Which of the two kettles?\n"
        "\nThe blue one.\n"
    )
    assert own_words(own_text(text)).split() == ["See", "below.", "On", "Monday.", "The", "blue", "one."]


def test_an_answer_right_below_a_long_marked_question_is_said() -> None:
    text = (
        "On Tue, 5 May 2026 at 11:20, Depot <help@depot.example> wrote:\n"
        "> Which of the two kettles that we sent you in April of this year is it?\nThe blue one.\n> Lia"
    )
    assert own_words(own_text(text)).strip() == "The blue one."


def test_the_rest_of_a_folded_line_that_lost_its_mark_is_nobodys_new_word() -> None:
    text = (
        "It is the blue one.\n\nOn Tue, 5 May 2026 at 11:20, Depot <help@depot.example> wrote:\n"
        "> Which of the two kettles that we sent you in April of this year has\nbroken its lid?\n> Lia"
    )
    assert own_words(own_text(text)).strip() == "It is the blue one."


@pytest.mark.parametrize(
    "own",
    [
        "These are my details:\nName: Omar Said\nE-mail: omar@mail.example\nBought: 4 May 2026 10:00\nShop: Leeds",
        "---- URGENT ----\nThe boiler is off and it is cold in here, please come.",
        "Please ring me at this number, I am in all day:\nOmar Said\n+44 20 7946 0000",
        "2026-05-04 09:00 I called and waited\n2026-05-04 10:00 They hung up on me\n2026-05-04 11:00 I called again",
        "I ordered these three:\nKT-100 2 pieces 35.00\nKT-101 1 piece 12.00\nKT-102 2 pieces 5.00",
        "We are away until 18 May, so please bring the wardrobe after that and not before.",
        "Please move my ferry\nFrom: Dover\nTo: Calais\nDate: 04/05/2026\nI have to be there before the wedding.",
        "Bitte die Fahrt verlegen\nVon: Kiel\nAn: Ulm\nDatum: 04.05.2026\nIch muss vor dem Abend dort sein.",
        "Hello,\nOn 4 May 2026 at 09:10 the fitter wrote to me:\nJob finished\nbut the tap still drips. Come back.",
        ">3 rooms have no heating since Monday\nThank you",
        "Leaking tap\n===========\nThe tap drips and I want a plumber",
        "Leaking tap\n--\nThe tap drips and I want a plumber",
        "These people may collect it for me.\n\nOmar +44 7700 900123\nLia +44 7700 900124\nTove +44 7700 900125",
        "#1 the tap drips\n#2 the sink is cracked\n#3 no hot water at all",
        "at noon (sunny) it starts\nat night (cold) it stalls\nat dawn (wet) it stalls",
        "<room> 4 is cold\n<room> 5 is cold\n<room> 6 is cold",
        "~~~\nthe tap drips, please send a plumber\n~~~",
        "Please delete my file. I am the addressee of this letter and you are not permitted to keep my details.",
        "is 3 < 4 and 5 > 4? The manual <page 9> says so, ask Lia Brandt <lia@depot.example>.",
    ],
)
def test_what_only_looks_like_something_else_is_its_writers(own: str) -> None:
    assert own_text(own) == own


@pytest.mark.parametrize(
    "ending",
    [
        "Best wishes\nOmar Said\nWorks manager | Said & Sons\nMobile: +44 7700 900123",
        "Kind regards,\nOmar Said\nsaid.example\nThis mail is confidential and meant for the addressee alone. Are you "
        "not the addressee, destroy it.",
        "Mit freundlichen Grüßen\nOmar Said\nSaid GmbH\nTel. 0221 5550123\nGeschäftsführer: O. Said",
        "-- \nOmar\nSaid & Sons",
        "Sent from my tablet",
        "If you are not the intended recipient of this message, please delete it and notify the sender.",
    ],
)
def test_signature_and_notice_are_not_read(ending: str) -> None:
    own = "The lift in our house stops between the floors."
    assert own_text(f"{own}\n\n{ending}") == own


def test_a_notice_that_ends_a_line_and_a_banner_above_go_too() -> None:
    banner = "CAUTION: this message came from an external sender. Do not open attachments."
    notice = "This e-mail is confidential. If you are not its recipient, please delete it."
    assert own_text(f"{banner}\nThe lift is stuck. Please send somebody. {notice}") == (
        "The lift is stuck. Please send somebody."
    )


def test_a_postscript_below_a_signature_is_its_writers() -> None:
    text = "The lift is stuck again.\n\nRegards\nOmar Said\n+44 7700 900123\nPS: the code of the door is new."
    assert own_text(text).splitlines()[-1] == "PS: the code of the door is new."


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("The tap drips.\nCheers\nand send a plumber\nand lower my rent", "and send a plumber\nand lower my rent"),
        ("Der Hahn tropft.\nViele Grüße\nBitte auch die Heizung prüfen", "Bitte auch die Heizung prüfen"),
    ],
)
def test_what_is_asked_for_below_a_leave_taking_is_its_writers_whatever_mark_ends_it(text: str, wish: str) -> None:
    assert own_text(text).endswith(wish)


@pytest.mark.parametrize(
    "pasted",
    [
        "\n".join(f"2026-05-04 09:00:0{number} WARN pump.c:{number} pressure lost, giving up" for number in range(6)),
        "Traceback (most recent call last):\n  File \"run.py\", line 9, in <module>\n    start()\nKeyError: 'pump'",
        "java.lang.IllegalStateException: terrible\n\tat org.pump.Run.go(Run.java:4)\n\tat org.pump.Main(Main.java:9)",
        '{\n  "pump": {\n    "state": "broken",\n    "codes": [\n      "E1"\n    ]\n  }\n}',
        "May  4 09:00:01 gate kernel: [1.2] usb 1-1: lost\nMay  4 09:00:02 gate kernel: [1.3] usb 1-1: lost\n"
        "May  4 09:00:03 gate pumpd[77]: state=down",
        "```\nsudo pump --restart\nfailed\n```",
    ],
)
def test_what_a_machine_wrote_is_not_read_and_what_stands_around_it_is(pasted: str) -> None:
    assert own_text(f"My pump stops at night:\n{pasted}\nWhich part do I need?") == (
        "My pump stops at night:\nWhich part do I need?"
    )


def test_long_json_within_a_line_is_not_read() -> None:
    pasted = (
        '{"status": 409, "code": "stock", "detail": "none left, this is awful", "trace": "77-88-99", "at": "depot"}'
    )
    assert own_text(f"My order fails with {pasted} since noon.") == "My order fails with since noon."


def test_html_is_read_as_text_without_what_it_quotes_and_hides() -> None:
    written = (
        '<span style="display:none">Preview</span><div>The <b>oven</b> of order OV-7&nbsp;smokes.<br></div>'
        "<div>On Tue, 5 May 2026 at 11:20, Depot &lt;help@depot.example&gt; wrote:<blockquote><p>We refuse.</p>"
        "</blockquote></div>"
    )
    assert own_text(written) == "The oven of order OV-7 smokes."


def test_of_a_letter_that_was_only_passed_on_its_lines_are_read_as_said_elsewhere() -> None:
    passed_on = "---------- Forwarded message ---------\nFrom: Depot <help@depot.example>\n\nYour parcel PX-1 is lost."
    assert "PX-1" in own_text(passed_on)
    assert own_words(f"See below.\n{passed_on}") == "See below."


@pytest.mark.parametrize(
    "piece", ["From: a <a@b.example>\n", "> x\n", "{", '"a": 1\n', "--\n", "Kind regards\n", "=" * 90]
)
def test_endless_repetitions_are_read_to_their_end(piece: str) -> None:
    assert isinstance(own_text(piece * (150_000 // len(piece))), str)


def test_answers_that_a_mail_program_marks_with_their_writers_name_are_read_as_theirs() -> None:
    letter = (
        "Hello,\n\nyou find my answers below.\n\nMia Lund\n\n"
        "From: Tom Hill <tom@shop.example>\nSent: Monday, 16 November 2026 09:12\nTo: Mia Lund\nSubject: Your order\n\n"
        "1. Which lamp is it?\n[Lund, Mia] The blue one\n2. What is broken?\n[Lund, Mia] The glass is cracked.\n"
        "[Shop] Notes of the shop\nKind regards\nTom\n"
    )
    assert own_text(letter).splitlines()[-2:] == ["The blue one", "The glass is cracked."]
    assert "Notes of the shop" not in own_text(letter)
