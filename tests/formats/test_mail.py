"""Mails out of mbox files and single messages: threads, sides, what is kept, and what is broken."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest

from app.formats.mail import is_mail, read_mails
from app.formats.options import ReadingOptions
from app.models import Actor, Channel, InteractionDraft

OURS = ReadingOptions(our_addresses=("desk.example",))


def source(
    text: str,
    *,
    by: str = "Pia Holm <pia@home.example>",
    to: str = "Desk <help@desk.example>",
    subject: str = "Order 5512",
    date: str | None = "Mon, 02 Mar 2026 10:00:00 +0100",
    **headers: str,
) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = by, to, subject
    if date:
        message["Date"] = date
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def mbox(*mails: bytes) -> bytes:
    return b"\n".join(b"From x Mon Mar  2 10:00:00 2026\n" + mail for mail in mails)


def drafts_of(content: bytes, options: ReadingOptions = OURS) -> list[InteractionDraft]:
    return [draft for _, draft in read_mails(content, options).drafts]


def test_a_mail_is_a_message_of_whoever_sent_it_at_its_time() -> None:
    (draft,) = drafts_of(source("My order has not come.", Message_ID="<1@home.example>"))
    assert (draft.id, draft.conversation_id) == ("mail-1@home.example", "mail-1@home.example")
    assert (draft.actor, draft.channel, draft.text) == (Actor.CUSTOMER, Channel.EMAIL, "My order has not come.")
    assert draft.occurred_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert draft.participant is not None
    assert (draft.participant.name, draft.participant.id) == ("Pia Holm", "pia@home.example")
    (identifier,) = draft.identifiers
    assert (identifier.type, identifier.value, identifier.verified) == ("email", "pia@home.example", False)
    assert (draft.data["subject"], draft.data["to"]) == ("Order 5512", ["help@desk.example"])


def test_answers_belong_to_the_thread_of_what_they_answer_in_whatever_order_they_come() -> None:
    first = source("Where is it?", Message_ID="<1@h>")
    answer = source(
        "It comes today.",
        by="help@desk.example",
        to="pia@home.example",
        subject="AW: Order 5512",
        date="Mon, 02 Mar 2026 11:00:00 +0100",
        Message_ID="<2@d>",
        In_Reply_To="<1@h>",
    )
    third = source("Thank you.", date="Mon, 02 Mar 2026 12:00:00 +0100", Message_ID="<3@h>", References="<1@h> <2@d>")
    other = source("Another matter.", subject="Invoice", Message_ID="<4@h>")
    drafts = drafts_of(mbox(third, answer, first, other))
    assert [draft.conversation_id for draft in drafts] == ["mail-1@h", "mail-1@h", "mail-1@h", "mail-4@h"]
    assert [draft.actor for draft in drafts] == [Actor.CUSTOMER, Actor.AGENT, Actor.CUSTOMER, Actor.CUSTOMER]
    assert {identifier.value for draft in drafts for identifier in draft.identifiers} == {"pia@home.example"}


def test_an_answer_that_names_no_mail_is_of_the_thread_with_its_subject_and_people() -> None:
    first = source("Where is it?", Message_ID="<1@h>")
    answer = source(
        "Today.",
        by="help@desk.example",
        to="pia@home.example",
        subject="Re: Order 5512",
        date="Mon, 02 Mar 2026 11:00:00 +0100",
        Message_ID="<2@d>",
    )
    stranger = source("Mine?", by="leo@home.example", subject="Re: Order 5512", Message_ID="<3@h>")
    assert [draft.conversation_id for draft in drafts_of(mbox(first, answer, stranger))] == [
        "mail-1@h",
        "mail-1@h",
        "mail-3@h",
    ]


def test_without_a_setting_our_side_is_the_domain_that_many_write_to() -> None:
    mails = [
        source("My parcel never came, please send it again.", by=f"{name}@{name}.example", Message_ID=f"<{name}@x>")
        for name in ("ada", "ben", "cleo")
    ]
    read = read_mails(mbox(*mails), ReadingOptions())
    assert (read.ours, read.guessed) == (("desk.example",), True)
    assert {draft.actor for _, draft in read.drafts} == {Actor.CUSTOMER}


def test_where_it_cannot_be_told_who_is_ours_nobody_is_the_customer() -> None:
    read = read_mails(source("", by="a@north.example", to="b@south.example"), ReadingOptions())
    ((_, draft),) = read.drafts
    assert (draft.actor, draft.identifiers, draft.data["side"]) == (Actor.SYSTEM, (), "unknown")


def test_html_is_handed_on_as_it_is_and_says_so() -> None:
    message = EmailMessage()
    message["From"], message["To"] = "pia@home.example", "help@desk.example"
    message.set_content("<p>Where is <b>it</b>?</p>", subtype="html")
    message.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="bill.pdf")
    (draft,) = drafts_of(message.as_bytes())
    assert draft.text == "<p>Where is <b>it</b>?</p>"
    assert draft.data["headers"] == {"Content-Type": "text/html"}
    assert draft.data["attachments"] == [{"filename": "bill.pdf", "mediatype": "application/pdf", "bytes": 6}]


def test_of_a_plain_and_an_html_part_the_plain_one_is_the_text() -> None:
    message = EmailMessage()
    message["From"], message["To"] = "pia@home.example", "help@desk.example"
    message.set_content("plain")
    message.add_alternative("<p>html</p>", subtype="html")
    (draft,) = drafts_of(message.as_bytes())
    assert (draft.text, draft.data["headers"]) == ("plain", {"Content-Type": "text/plain"})


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-8", "x-unknown"])
def test_charsets_and_transfer_encodings_are_undone(charset: str) -> None:
    body = "Grüße".encode("utf-8" if charset == "x-unknown" else charset).hex("=", 1).upper()
    mail = (
        "From: pia@home.example\nTo: help@desk.example\nSubject: =?utf-8?q?Stra=C3=9Fe?=\n"
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: quoted-printable\n\n={body}\n"
    )
    (draft,) = drafts_of(mail.encode())
    assert (draft.text, draft.data["subject"]) == ("Grüße", "Straße")


def test_headers_of_automatic_mail_and_of_lists_are_kept() -> None:
    (draft,) = drafts_of(source("I am away.", Auto_Submitted="auto-replied", List_Id="<news.example>"))
    headers = draft.data["headers"]
    assert isinstance(headers, dict)
    assert (headers["Auto-Submitted"], headers["List-Id"]) == ("auto-replied", "<news.example>")


def test_a_broken_mail_is_told_by_its_line_and_costs_no_other() -> None:
    broken = b"Subject: nobody sent this\nTo: help@desk.example\n\nHello\n"
    undated = source("Hello", date="on a sunny day", Message_ID="<2@h>")
    read = read_mails(mbox(source("First", Message_ID="<1@h>"), broken, undated, source("Last")), OURS)
    assert [draft.text for _, draft in read.drafts] == ["First", "Last"]
    assert ["From header" in problem.detail or "Date" in problem.detail for problem in read.problems] == [True, True]
    assert read.problems[0].line > 1


def test_a_line_that_begins_with_from_ends_no_mail() -> None:
    text = "I moved.\n\n>From Monday on I live elsewhere.\n\nFrom now on write there.\n"
    (draft,) = drafts_of(mbox(source("x", Message_ID="<1@h>").replace(b"x\n", text.encode())))
    assert "From Monday on I live elsewhere." in draft.text
    assert ">From" not in draft.text
    assert "From now on write there." in draft.text


def test_a_mail_without_an_id_has_the_same_one_each_time() -> None:
    content = source("Hello")
    assert drafts_of(content)[0].id == drafts_of(content)[0].id


@pytest.mark.parametrize(
    ("content", "mail"),
    [
        (source("x"), True),
        (mbox(source("x")), True),
        (b"Customer: hello\nAgent: hi\n", False),
        (b"From: me\nTo: you\n\nhello", False),
        (b"", False),
    ],
)
def test_mail_is_told_by_its_headers(content: bytes, mail: bool) -> None:
    assert is_mail(content) is mail


def test_a_mail_that_comes_as_an_attachment_stands_in_the_text_as_one_that_is_passed_on() -> None:
    message = message_from_bytes(source("Please stop this."), policy=policy.default)
    assert isinstance(message, EmailMessage)
    inner = message_from_bytes(source("Pay by 8 May.", by="Claims <cases@claims.example>"), policy=policy.default)
    message.add_attachment(inner)
    (draft,) = drafts_of(message.as_bytes())
    assert draft.text.startswith("Please stop this.")
    assert "From: Claims <cases@claims.example>" in draft.text
    assert draft.text.endswith("Pay by 8 May.")


def test_the_named_customer_tells_whose_side_the_others_are() -> None:
    (draft,) = drafts_of(source("Hello."), ReadingOptions(customer="pia@home.example"))
    assert draft.actor is Actor.CUSTOMER


def test_who_writes_is_heard_in_their_own_words_and_not_in_a_letter_that_they_pass_on() -> None:
    passed_on = (
        "Hello, the hotel wrote me this and I cannot check in. Please help me.\n\nFrom: Inn <rooms@inn.example>\n"
        "Sent: Monday, 2 March 2026 09:00\nTo: Pia Holm\nSubject: Your room\n\nDear guest, how can we help you? "
        "We have cancelled your room. We will be happy to offer you another one. Thank you for your patience."
    )
    (draft,) = drafts_of(source(passed_on), ReadingOptions())
    assert draft.actor is not Actor.AGENT


def test_a_calendar_in_a_mail_is_an_appointment_of_its_data_and_its_organiser_no_identifier() -> None:
    message = message_from_bytes(source("Does that suit you?"), policy=policy.default)
    assert isinstance(message, EmailMessage)
    lines = (
        "BEGIN:VCALENDAR",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:7@x",
        "DTSTART:20260604T133000Z",
        "SUMMARY:Viewing",
        "ORGANIZER:mailto:lia@brook.example",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    message.add_alternative("\r\n".join(lines), subtype="calendar", params={"method": "REQUEST"})
    (draft,) = drafts_of(message.as_bytes())
    (appointment,) = cast(list[dict[str, str]], draft.data["appointments"])
    assert (appointment["step"], appointment["what"], appointment["start"]) == (
        "invited",
        "Viewing",
        "2026-06-04 13:30",
    )
    assert [entry.value for entry in draft.identifiers] == ["pia@home.example"]
