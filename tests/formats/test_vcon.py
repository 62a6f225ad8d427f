"""vCons in every draft's spelling become interactions, handoffs become vCons, and a defect is named by its path."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.formats.vcon import interactions_of
from app.models import (
    Actor,
    Channel,
    Kind,
    Outcome,
)
from tests.support.builders import START
from tests.support.vcon_documents import (
    AGENT,
    BOT,
    CUSTOMER,
    UUID,
    messages,
    read,
    recording,
    text_dialog,
    transcript,
    vcon,
)


def test_a_text_dialog_becomes_a_message_of_whoever_sent_it() -> None:
    first, second = read(dialog=[text_dialog("Where is my parcel?"), text_dialog("It left today.", by=1, minute=2)])
    assert (first.id, first.conversation_id, first.text) == (f"{UUID}-dialog-0", UUID, "Where is my parcel?")
    assert (first.actor, first.kind, first.channel) == (Actor.CUSTOMER, Kind.MESSAGE, Channel.CHAT)
    assert (second.actor, second.occurred_at) == (Actor.AGENT, datetime(2026, 3, 2, 9, 2, tzinfo=UTC))


def test_the_originator_counts_for_more_than_the_first_party() -> None:
    (draft,) = read(dialog=[text_dialog("Hello", originator=1)])
    assert draft.actor is Actor.AGENT


def test_dialogs_are_filed_in_the_order_they_happened() -> None:
    drafts = read(dialog=[text_dialog("second", minute=5), text_dialog("first", minute=1)])
    assert [draft.text for draft in drafts] == ["first", "second"]
    assert [draft.id for draft in drafts] == [f"{UUID}-dialog-1", f"{UUID}-dialog-0"]


def test_the_same_vcon_again_gives_the_same_interactions() -> None:
    document = vcon(dialog=[text_dialog("Hello"), recording()], analysis=[transcript("Customer: hi", dialog=1)])
    assert interactions_of(document) == interactions_of(json.loads(json.dumps(document)))


def test_the_spellings_of_earlier_drafts_are_read() -> None:
    document: dict[str, Any] = {
        "vcon": "0.0.1",
        "uuid": UUID,
        "redacted": {},
        "appended": None,
        "group": [],
        "parties": [CUSTOMER, AGENT],
        "dialog": [
            {"type": "text", "start": "2026-03-02T09:00:00+00:00", "parties": 0, "mimetype": "text/html", "body": "Hi"},
            {
                "type": "transfer",
                "start": "2026-03-02T09:01:00+00:00",
                "transferor": 1,
                "transfer-target": 1,
                "original": 0,
                "target-dialog": 0,
            },
        ],
        "analysis": [{"type": "sentiment", "dialog": 0, "encoding": "json", "body": '{"label": "sad"}'}],
        "attachments": [{"type": "tags", "encoding": "json", "body": '["vip"]'}],
    }
    text, *others = interactions_of(document)
    named = {row.name: row for row in others}
    assert (text.text, text.actor) == ("Hi", Actor.CUSTOMER)
    assert (named["transfer"].data["transfer_target"], named["transfer"].outcome) == (["An Agent"], Outcome.SUCCEEDED)
    assert (named["sentiment"].data["body"], named["tags"].data["body"]) == ({"label": "sad"}, ["vip"])


def test_text_packed_as_base64url_is_unpacked() -> None:
    packed = base64.urlsafe_b64encode("Grüße?>".encode()).decode().rstrip("=")
    (draft,) = read(dialog=[text_dialog(packed, encoding="base64url")])
    assert draft.text == "Grüße?>"


def test_a_mail_is_read_for_what_a_person_would_see() -> None:
    mail = (
        "From: customer@example.com\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/html\r\n\r\n<p>Not <b>this</b></p>\r\n"
        "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Caf=E9\r\n--b--\r\n"
    )
    (draft,) = read(dialog=[text_dialog(mail, mediatype="message/rfc822")])
    assert (draft.text.strip(), draft.channel) == ("Café", Channel.EMAIL)


def test_of_a_page_only_the_visible_text_is_kept() -> None:
    page = "<html><head><title>x</title></head><body><p>One &amp; two</p><script>bad()</script><div>Three</div></body>"
    (draft,) = read(dialog=[text_dialog(page, mediatype="text/html")])
    assert draft.text == "One & two\nThree"


def test_redacted_dialogs_leave_the_others_their_numbers() -> None:
    (draft,) = read(dialog=[{}, text_dialog("Hello", body=None), text_dialog("Still here")])
    assert (draft.id, draft.text) == (f"{UUID}-dialog-2", "Still here")


def test_the_subject_is_kept_with_the_first_interaction() -> None:
    first, second = read(subject="A late parcel", dialog=[text_dialog("Hello"), text_dialog("Hi", by=1, minute=1)])
    assert first.data["subject"] == "A late parcel"
    assert "subject" not in second.data


@pytest.mark.parametrize(
    ("role", "actor"),
    [
        ("customer", Actor.CUSTOMER),
        ("End User", Actor.CUSTOMER),
        ("caller", Actor.CUSTOMER),
        ("Customer Service Agent", Actor.AGENT),
        ("customer_support", Actor.AGENT),
        ("supervisor", Actor.AGENT),
        ("virtual agent", Actor.BOT),
        ("chatbot", Actor.BOT),
        ("AI assistant", Actor.BOT),
        ("system", Actor.SYSTEM),
    ],
)
def test_a_role_says_on_which_side_a_party_is(role: str, actor: Actor) -> None:
    parties = [{"role": role}, {"role": "agent" if actor is Actor.CUSTOMER else "customer"}]
    (draft,) = read(parties=parties, dialog=[text_dialog("Hello")])
    assert draft.actor is actor


def test_without_roles_the_customer_is_the_party_that_does_not_serve() -> None:
    drafts = read(
        parties=[BOT, {"tel": "+15550100"}],
        dialog=[text_dialog("Hello, I am a bot"), text_dialog("Hi", by=1, minute=1)],
    )
    assert [draft.actor for draft in drafts] == [Actor.BOT, Actor.CUSTOMER]
    assert {identifier.value for identifier in drafts[0].identifiers} == {"+15550100"}


def test_every_interaction_carries_what_the_customer_is_known_by() -> None:
    party = {
        "role": "client",
        "tel": "tel:+1-555-0100",
        "mailto": "mailto:Somebody%20%3Ccustomer@example.com%3E?subject=x",
        "sip": "sip:customer@voice.example.com;transport=tcp",
        "uuid": "c-1",
    }
    for draft in read(parties=[party, AGENT], dialog=[text_dialog("Hello"), text_dialog("Hi", by=1)]):
        assert [(identifier.type, identifier.value, identifier.verified) for identifier in draft.identifiers] == [
            ("phone", "+1-555-0100", False),
            ("email", "customer@example.com", False),
            ("sip", "customer@voice.example.com", False),
            ("uuid", "c-1", False),
        ]


@pytest.mark.parametrize(("validation", "verified"), [("one-time code", True), ("none", False), ("Failed", False)])
def test_an_identifier_is_verified_when_the_party_was_validated(validation: str, verified: bool) -> None:
    (draft,) = read(parties=[{**CUSTOMER, "validation": validation}, AGENT], dialog=[text_dialog("Hello")])
    assert {(identifier.verified, identifier.method) for identifier in draft.identifiers} == {
        (verified, validation if verified else None)
    }


def test_a_withheld_number_is_no_identifier() -> None:
    (draft,) = read(parties=[{"role": "customer", "tel": "anonymous"}, AGENT], dialog=[text_dialog("Hello")])
    assert draft.identifiers == ()


@pytest.mark.parametrize(
    ("fields", "channel"),
    [
        ({}, Channel.CHAT),
        ({"application": "WhatsApp Business"}, Channel.WHATSAPP),
        ({"application": "in_person"}, Channel.IN_PERSON),
        ({"application": "Carrier SMS"}, Channel.SMS),
        ({"application": "E-Mail"}, Channel.EMAIL),
        ({"application": "Facebook Messenger"}, Channel.SOCIAL),
        ({"application": "webchat"}, Channel.CHAT),
        ({"interaction": "ivr"}, Channel.IVR),
        ({"mediatype": "message/rfc822"}, Channel.EMAIL),
        ({"mediatype": "audio/ogg", "body": None, "url": "https://example.com/a"}, Channel.VOICE),
    ],
)
def test_the_channel_is_told_from_application_and_media_type(fields: dict[str, Any], channel: Channel) -> None:
    (draft,) = read(dialog=[text_dialog("Hello", **fields)])
    assert draft.channel is channel


def test_people_who_are_reached_by_mail_alone_write_mail() -> None:
    parties = [{"mailto": "a@example.com"}, {"mailto": "b@example.com"}]
    (draft,) = read(parties=parties, dialog=[text_dialog("Hello")])
    assert draft.channel is Channel.EMAIL


def test_a_recording_is_an_event_that_says_where_it_lies_and_how_long_it_is() -> None:
    (draft,) = read(dialog=[recording()])
    assert (draft.kind, draft.name) == (Kind.EVENT, "recording")
    assert (draft.actor, draft.channel) == (Actor.SYSTEM, Channel.VOICE)
    assert draft.data == {
        "length_ms": 60_500,
        "mediatype": "audio/x-wav",
        "url": "https://example.com/call.wav",
        "content_hash": ["sha512-abc"],
    }


def test_a_recording_inside_the_document_is_described_and_not_kept() -> None:
    packed = base64.urlsafe_b64encode(b"\x00\xff" * 5000).decode()
    (draft,) = read(dialog=[recording(url=None, encoding="base64url", body=packed)])
    assert draft.data["bytes"] == 10_000
    assert packed[:40] not in draft.model_dump_json()


def test_a_transcript_of_a_recording_becomes_messages_in_time() -> None:
    turns = [
        {"speaker": "An Agent", "text": "How can I help?", "start": 1.5},
        {"party": 0, "text": "My parcel is late.", "start": "00:04"},
        {"speaker": 1, "text": "Let me look.", "start_ms": 9000},
    ]
    drafts = read(dialog=[recording()], analysis=[transcript(turns)])
    spoken = [draft for draft in drafts if draft.kind is Kind.MESSAGE]
    assert messages(drafts) == [
        ("agent", "How can I help?"),
        ("customer", "My parcel is late."),
        ("agent", "Let me look."),
    ]
    assert [draft.id for draft in spoken] == [f"{UUID}-analysis-0-{turn}" for turn in range(3)]
    assert [(draft.occurred_at or START) - START for draft in spoken] == [timedelta(seconds=s) for s in (1.5, 4, 9)]
    assert {draft.channel for draft in spoken} == {Channel.VOICE}


def test_a_plain_transcript_is_split_where_lines_begin_with_a_speaker() -> None:
    body = "Agent: Hello.\nCustomer: It is broken.\nSince Monday: nothing works.\n[00:09] Agent: I see."
    drafts = read(dialog=[recording()], analysis=[transcript(body, encoding="none")])
    assert messages(drafts) == [
        ("agent", "Hello."),
        ("customer", "It is broken.\nSince Monday: nothing works."),
        ("agent", "I see."),
    ]


def test_a_transcript_that_does_not_say_who_spoke_is_put_into_nobodys_mouth() -> None:
    drafts = read(dialog=[recording()], analysis=[transcript("It is broken. I see.", encoding="none")])
    assert messages(drafts) == [("system", "It is broken. I see.")]
    alone = read(dialog=[recording(parties=0)], analysis=[transcript("It is broken.", encoding="none")])
    assert messages(alone) == [("customer", "It is broken.")]
