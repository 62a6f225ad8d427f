"""What gateways put above and below mails is nobody's words, and customers who speak of such things keep theirs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.models import Interaction
from app.nlu.own_words import own_text
from app.nlu.recurring_ends import without_recurring_ends

OWN = "Hello,\nthe gate of lock GL-4 sticks since Sunday. Please send a smith."
BANNERS = [
    "*****\nCAUTION: External email. Do not click links or open attachments unless you trust the sender. Report "
    "doubtful mails to desk-security@vale.example.\n*****",
    "==================\nEXTERNAL EMAIL\nThis message came from outside\nthe organisation. Be careful.\n"
    "Security desk: +44 20 7946 0000\n==================",
    "CAUTION: This email originated from outside of the\norganization. Do not click links or open attachments unless "
    "you\nrecognise the sender and know the content is safe.",
    "You don't often get email from omar@mail.example. Learn why this is important",
    "***** ACHTUNG: EXTERNE E-MAIL *****\n***** KLICKEN SIE NICHT AUF LINKS, WENN SIE DEN ABSENDER NICHT KENNEN *****",
    "ATTENTION : ce courriel provient de l'extérieur. N'ouvrez pas les pièces jointes si vous ne connaissez pas "
    "l'expéditeur.\n---",
    "LET OP: deze e-mail komt van buiten de organisatie.\nKlik niet op links of bijlagen tenzij u de afzender kent.",
    "ATENCIÓN: este correo proviene de fuera de la organización. No abra archivos adjuntos si no conoce al remitente.",
    "ATTENZIONE: questa mail proviene da un mittente esterno. Non aprire allegati se non si riconosce il mittente.",
    "ATENÇÃO: este e-mail veio de fora da organização. Não clique em links a menos que conheça o remetente.",
    "[EXTERN]",
]


@pytest.mark.parametrize("banner", BANNERS)
def test_a_banner_above_a_letter_is_not_read_with_its_frame_and_its_addresses(banner: str) -> None:
    assert own_text(f"{banner}\n\n{OWN}") == OWN


@pytest.mark.parametrize("banner", BANNERS[:2])
def test_a_framed_banner_below_a_letter_is_not_read_either(banner: str) -> None:
    assert own_text(f"{OWN}\n\n{banner}") == OWN


def test_a_scan_below_a_line_of_signs_is_not_read() -> None:
    assert own_text(f"{OWN}\n\n~~~~~~~~~~\nThis email was scanned by Vale Gateway. No threats found.") == OWN


def test_two_banners_one_below_the_other_are_not_read() -> None:
    assert own_text(f"{BANNERS[3]}\n\n{BANNERS[0]}\n{OWN}") == OWN


@pytest.mark.parametrize(
    ("written", "own"),
    [
        (
            "[EXTERN] Das Schloss GL-4 klemmt seit Sonntag, bitte kommen.",
            "Das Schloss GL-4 klemmt seit Sonntag, bitte kommen.",
        ),
        (
            "CAUTION: This email came from outside the company. Do not open attachments unless you know the sender. "
            "The gate sticks since Sunday.",
            "The gate sticks since Sunday.",
        ),
    ],
)
def test_a_banner_in_the_line_that_goes_on_with_the_letter_is_not_read(written: str, own: str) -> None:
    assert own_text(written) == own


@pytest.mark.parametrize(
    "own",
    [
        "I got a suspicious mail in your name. It says:\n*****\nCAUTION: click the link to verify your account\n*****",
        "*****\nTHE HEATING IS OUT AGAIN AND I HAVE A BABY\n*****\nPlease come today.",
        "Warning: your link leads to a fake shop.\nPlease do not send me such links again.",
        "Attachments cannot be opened.\nPlease send the invoice again.",
        "[URGENT] The gate sticks again, please come today.",
        "Do not open the attachment of my last mail, it is the wrong one.\nThe right one follows.",
        "I want to report a phishing mail that uses your logo.\nIt asked for my card.",
        "Jemand schreibt in Ihrem Namen verdächtige E-Mails.\nBitte warnen Sie Ihre Kunden.",
        "J'ai cliqué sur le lien de votre message et mon compte est bloqué.\nQue faire ?",
    ],
)
def test_customers_who_speak_of_links_attachments_and_warnings_keep_their_words(own: str) -> None:
    assert own_text(own) == own


def test_a_mail_that_is_nothing_but_a_banner_is_read_as_it_is() -> None:
    assert own_text(BANNERS[0])


@pytest.mark.parametrize("piece", ["*****\n", "-----\nx\n", "[EXT] ", "CAUTION: external mail.\n", "*\n"])
def test_endless_frames_are_read_to_their_end(piece: str) -> None:
    assert isinstance(own_text(piece * (100_000 // len(piece))), str)


def letter(number: int, text: str, **fields: Any) -> Interaction:
    defaults: dict[str, Any] = {
        "interaction_id": f"int_{number}",
        "seq": number,
        "identity_id": "cus_1",
        "occurred_at": datetime(2026, 5, number, tzinfo=UTC),
        "channel": "email",
        "actor": "customer",
        "kind": "message",
        "text": text,
    }
    return Interaction.model_validate(defaults | fields)


UNKNOWN = "==========\nUWAGA wiadomość spoza firmy nie otwieraj załączników bez potrzeby\n=========="


def test_a_framed_block_that_begins_several_letters_is_no_part_of_what_they_say() -> None:
    rows = [letter(1, f"{UNKNOWN}\nThe gate sticks."), letter(2, f"{UNKNOWN}\nIt sticks again.")]
    assert [row.text for row in without_recurring_ends(rows)] == ["The gate sticks.", "It sticks again."]


def test_a_block_that_begins_letters_of_two_people_is_no_part_of_what_they_say() -> None:
    block = "Wiadomość z sieci publicznej sprawdzona przez bramkę pocztową naszej firmy\n\n"
    rows = [
        letter(1, f"{block}The gate sticks.", participant={"name": "Odile"}),
        letter(2, f"{block}It is my gate too.", participant={"name": "Bram"}),
    ]
    assert [row.text for row in without_recurring_ends(rows)] == ["The gate sticks.", "It is my gate too."]


def test_a_customer_who_begins_two_letters_with_the_same_words_keeps_them() -> None:
    words = "The gate of lock GL-4 sticks since Sunday and nobody comes to look at it.\n\n"
    rows = [letter(1, f"{words}Please send a smith."), letter(2, f"{words}This is my second letter.")]
    assert without_recurring_ends(rows) == rows
