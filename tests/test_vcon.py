"""vCons in every draft's spelling become interactions, handoffs become vCons, and a defect is named by its path."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import InvalidRequest
from app.formats.vcon import interactions_of, vcon_of
from app.models import (
    MAX_DATA_BYTES,
    Actor,
    Brief,
    Channel,
    Claim,
    Customer,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Identifier,
    Interaction,
    InteractionDraft,
    Kind,
    Outcome,
    VerificationStatus,
)
from tests.builders import START, interaction

UUID = "0190f5a8-7c1e-7000-8000-0123456789ab"
CUSTOMER = {"tel": "tel:+15550100", "mailto": "customer@example.com", "role": "customer"}
AGENT = {"name": "An Agent", "role": "agent"}
BOT = {"name": "Helper", "type": "bot"}


def vcon(**fields: Any) -> dict[str, Any]:
    return {
        "vcon": "0.4.0",
        "uuid": UUID,
        "created_at": "2026-03-02T09:00:00Z",
        "parties": [CUSTOMER, AGENT],
        **fields,
    }


def said(text: str, *, by: int = 0, minute: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "type": "text",
        "start": f"2026-03-02T09:{minute:02}:00Z",
        "parties": [by, 1 - by],
        "mediatype": "text/plain",
        "encoding": "none",
        "body": text,
        **fields,
    }


def recording(**fields: Any) -> dict[str, Any]:
    return {
        "type": "recording",
        "start": "2026-03-02T09:00:00Z",
        "duration": 60.5,
        "parties": [0, 1],
        "mediatype": "audio/x-wav",
        "url": "https://example.com/call.wav",
        "content_hash": "sha512-abc",
        **fields,
    }


def transcript(body: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "transcript", "dialog": 0, "vendor": "example", "encoding": "json", "body": body, **fields}


def messages(drafts: list[InteractionDraft]) -> list[tuple[str, str]]:
    return [(one.actor.value, one.text) for one in drafts if one.kind is Kind.MESSAGE]


def read(**fields: Any) -> list[InteractionDraft]:
    return interactions_of(vcon(**fields))


def refused(document: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as failure:
        interactions_of(document)
    assert failure.value.detail
    return {str(one["path"]): str(one["message"]) for one in failure.value.errors}


# --- what was said ----------------------------------------------------------------------------------------------------


def test_a_text_dialog_becomes_a_message_of_whoever_sent_it() -> None:
    first, second = read(dialog=[said("Where is my parcel?"), said("It left today.", by=1, minute=2)])
    assert (first.id, first.conversation_id, first.text) == (f"{UUID}-dialog-0", UUID, "Where is my parcel?")
    assert (first.actor, first.kind, first.channel) == (Actor.CUSTOMER, Kind.MESSAGE, Channel.CHAT)
    assert (second.actor, second.occurred_at) == (Actor.AGENT, datetime(2026, 3, 2, 9, 2, tzinfo=UTC))


def test_the_originator_counts_for_more_than_the_first_party() -> None:
    (draft,) = read(dialog=[said("Hello", originator=1)])
    assert draft.actor is Actor.AGENT


def test_dialogs_are_filed_in_the_order_they_happened() -> None:
    drafts = read(dialog=[said("second", minute=5), said("first", minute=1)])
    assert [one.text for one in drafts] == ["first", "second"]
    assert [one.id for one in drafts] == [f"{UUID}-dialog-1", f"{UUID}-dialog-0"]


def test_the_same_vcon_again_gives_the_same_interactions() -> None:
    document = vcon(dialog=[said("Hello"), recording()], analysis=[transcript("Customer: hi", dialog=1)])
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
    named = {one.name: one for one in others}
    assert (text.text, text.actor) == ("Hi", Actor.CUSTOMER)
    assert (named["transfer"].data["transfer_target"], named["transfer"].outcome) == (["An Agent"], Outcome.SUCCEEDED)
    assert (named["sentiment"].data["body"], named["tags"].data["body"]) == ({"label": "sad"}, ["vip"])


def test_text_packed_as_base64url_is_unpacked() -> None:
    packed = base64.urlsafe_b64encode("Grüße?>".encode()).decode().rstrip("=")
    (draft,) = read(dialog=[said(packed, encoding="base64url")])
    assert draft.text == "Grüße?>"


def test_a_mail_is_read_for_what_a_person_would_see() -> None:
    mail = (
        "From: customer@example.com\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/html\r\n\r\n<p>Not <b>this</b></p>\r\n"
        "--b\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Caf=E9\r\n--b--\r\n"
    )
    (draft,) = read(dialog=[said(mail, mediatype="message/rfc822")])
    assert (draft.text.strip(), draft.channel) == ("Café", Channel.EMAIL)


def test_of_a_page_only_the_visible_text_is_kept() -> None:
    page = "<html><head><title>x</title></head><body><p>One &amp; two</p><script>bad()</script><div>Three</div></body>"
    (draft,) = read(dialog=[said(page, mediatype="text/html")])
    assert draft.text == "One & two\nThree"


def test_redacted_dialogs_leave_the_others_their_numbers() -> None:
    (draft,) = read(dialog=[{}, said("Hello", body=None), said("Still here")])
    assert (draft.id, draft.text) == (f"{UUID}-dialog-2", "Still here")


def test_the_subject_is_kept_with_the_first_interaction() -> None:
    first, second = read(subject="A late parcel", dialog=[said("Hello"), said("Hi", by=1, minute=1)])
    assert first.data["subject"] == "A late parcel"
    assert "subject" not in second.data


# --- who is who -------------------------------------------------------------------------------------------------------


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
    (draft,) = read(parties=parties, dialog=[said("Hello")])
    assert draft.actor is actor


def test_without_roles_the_customer_is_the_party_that_does_not_serve() -> None:
    drafts = read(parties=[BOT, {"tel": "+15550100"}], dialog=[said("Hello, I am a bot"), said("Hi", by=1, minute=1)])
    assert [one.actor for one in drafts] == [Actor.BOT, Actor.CUSTOMER]
    assert {one.value for one in drafts[0].identifiers} == {"+15550100"}


def test_among_strangers_the_customer_is_who_began() -> None:
    parties = [{"mailto": "desk@example.com"}, {"mailto": "customer@example.com"}]
    drafts = read(parties=parties, dialog=[said("An answer", minute=9), said("A question", by=1)])
    assert [one.actor for one in drafts] == [Actor.CUSTOMER, Actor.AGENT]
    assert [one.text for one in drafts] == ["A question", "An answer"]


def test_every_interaction_carries_what_the_customer_is_known_by() -> None:
    party = {
        "role": "client",
        "tel": "tel:+1-555-0100",
        "mailto": "mailto:Somebody%20%3Ccustomer@example.com%3E?subject=x",
        "sip": "sip:customer@voice.example.com;transport=tcp",
        "uuid": "c-1",
    }
    for draft in read(parties=[party, AGENT], dialog=[said("Hello"), said("Hi", by=1)]):
        assert [(one.type, one.value, one.verified) for one in draft.identifiers] == [
            ("phone", "+1-555-0100", False),
            ("email", "customer@example.com", False),
            ("sip", "customer@voice.example.com", False),
            ("uuid", "c-1", False),
        ]


@pytest.mark.parametrize(("validation", "verified"), [("one-time code", True), ("none", False), ("Failed", False)])
def test_an_identifier_is_verified_when_the_party_was_validated(validation: str, verified: bool) -> None:
    (draft,) = read(parties=[{**CUSTOMER, "validation": validation}, AGENT], dialog=[said("Hello")])
    assert {(one.verified, one.method) for one in draft.identifiers} == {(verified, validation if verified else None)}


def test_a_withheld_number_is_no_identifier() -> None:
    (draft,) = read(parties=[{"role": "customer", "tel": "anonymous"}, AGENT], dialog=[said("Hello")])
    assert draft.identifiers == ()


# --- channels ---------------------------------------------------------------------------------------------------------


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
    (draft,) = read(dialog=[said("Hello", **fields)])
    assert draft.channel is channel


def test_people_who_are_reached_by_mail_alone_write_mail() -> None:
    parties = [{"mailto": "a@example.com"}, {"mailto": "b@example.com"}]
    (draft,) = read(parties=parties, dialog=[said("Hello")])
    assert draft.channel is Channel.EMAIL


# --- recordings and transcripts ---------------------------------------------------------------------------------------


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
    spoken = [one for one in drafts if one.kind is Kind.MESSAGE]
    assert messages(drafts) == [
        ("agent", "How can I help?"),
        ("customer", "My parcel is late."),
        ("agent", "Let me look."),
    ]
    assert [one.id for one in spoken] == [f"{UUID}-analysis-0-{turn}" for turn in range(3)]
    assert [(one.occurred_at or START) - START for one in spoken] == [timedelta(seconds=s) for s in (1.5, 4, 9)]
    assert {one.channel for one in spoken} == {Channel.VOICE}


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


def test_the_first_of_two_numbered_voices_is_whoever_answered_the_call() -> None:
    segments = [
        {"start": 0.0, "text": "Good morning.", "speaker": 0},
        {"start": 2.0, "text": "It is broken.", "speaker": 1},
    ]
    inbound = read(dialog=[recording()], analysis=[transcript({"segments": segments}, type="wtf_transcription")])
    assert messages(inbound) == [("agent", "Good morning."), ("customer", "It is broken.")]
    outbound = read(dialog=[recording(originator=1)], analysis=[transcript({"segments": segments})])
    assert messages(outbound) == [("customer", "Good morning."), ("agent", "It is broken.")]


def test_the_wrapping_of_a_speech_service_is_looked_through() -> None:
    paragraphs = [
        {"speaker": 0, "start": 1, "sentences": [{"text": "Hello."}, {"text": "How can I help?"}]},
        {"speaker": 1, "start": 4, "sentences": [{"text": "It is broken."}]},
    ]
    heard = {"transcript": "Hello. How can I help? It is broken.", "paragraphs": {"paragraphs": paragraphs}}
    body = json.dumps({"results": {"channels": [{"alternatives": [heard]}]}})
    drafts = read(dialog=[recording()], analysis=[transcript(body)])
    assert messages(drafts) == [("agent", "Hello. How can I help?"), ("customer", "It is broken.")]


def test_labels_of_a_speech_service_may_name_the_speakers() -> None:
    body = {
        "segments": [{"speaker": 0, "text": "Hello."}, {"speaker": 1, "text": "Hi."}],
        "speakers": {"0": {"label": "Customer"}, "1": {"label": "Agent"}},
    }
    drafts = read(dialog=[recording()], analysis=[transcript(body)])
    assert messages(drafts) == [("customer", "Hello."), ("agent", "Hi.")]


def test_offsets_far_beyond_the_recording_are_milliseconds() -> None:
    turns = [{"party": 0, "text": "One", "start": 1000}, {"party": 1, "text": "Two", "start": 50_000}]
    drafts = read(dialog=[recording()], analysis=[transcript(turns)])
    assert [(one.occurred_at or START) - START for one in drafts[1:]] == [timedelta(seconds=1), timedelta(seconds=50)]


def test_a_second_transcript_of_a_recording_says_nothing_twice() -> None:
    labelled = [{"party": 0, "text": "It is broken."}]
    drafts = read(
        dialog=[recording()],
        analysis=[transcript("It is broken.", encoding="none"), transcript(labelled, vendor="other")],
    )
    assert messages(drafts) == [("customer", "It is broken.")]
    note = drafts[-1]
    assert (note.kind, note.text, note.data["vendor"]) == (Kind.NOTE, "", "example")


def test_a_transcript_of_unknown_form_is_kept_as_it_is() -> None:
    body = {"channels": [{"left": "Hello"}, {"right": "Hi"}]}
    drafts = read(dialog=[recording()], analysis=[transcript(body)])
    assert messages(drafts) == []
    assert (drafts[-1].name, drafts[-1].data["body"]) == ("transcript", body)


# --- what happened ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("disposition", "outcome"),
    [
        ("no-answer", Outcome.FAILED),
        ("busy", Outcome.FAILED),
        ("hung-up", Outcome.ABANDONED),
        ("voicemail_no_message", Outcome.ABANDONED),
        ("something else", Outcome.UNKNOWN),
    ],
)
def test_a_contact_that_did_not_come_about_is_an_event_with_its_outcome(disposition: str, outcome: Outcome) -> None:
    dialog = {"type": "incomplete", "start": "2026-03-02T09:00:00Z", "parties": [0], "disposition": disposition}
    (draft,) = read(dialog=[dialog])
    assert (draft.kind, draft.name, draft.actor) == (Kind.EVENT, "contact_attempt", Actor.CUSTOMER)
    assert (draft.outcome, draft.data["disposition"]) == (outcome, disposition)


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        (recording(), Outcome.SUCCEEDED),
        ({"type": "incomplete", "start": "2026-03-02T09:05:00Z", "disposition": "busy"}, Outcome.FAILED),
        ({}, Outcome.UNKNOWN),
    ],
)
def test_a_transfer_succeeded_when_its_target_was_reached(target: dict[str, Any], outcome: Outcome) -> None:
    transfer = {
        "type": "transfer",
        "start": "2026-03-02T09:04:00Z",
        "transferor": 1,
        "transferee": 0,
        "transfer_target": 2,
        "original": 0,
        "target_dialog": [1],
    }
    parties = [{"name": "A Customer", "role": "customer"}, BOT, AGENT]
    drafts = read(parties=parties, dialog=[said("Hello", application="whatsapp"), target, transfer])
    (draft,) = [one for one in drafts if one.name == "transfer"]
    assert (draft.actor, draft.outcome, draft.channel) == (Actor.BOT, outcome, Channel.WHATSAPP)
    assert (draft.data["transferor"], draft.data["transferee"]) == ("Helper", "A Customer")
    assert draft.data["transfer_target"] == ["An Agent"]


# --- analyses and attachments -----------------------------------------------------------------------------------------


def test_an_analysis_is_a_note_of_the_system_made_when_the_dialog_was_over() -> None:
    summary = {"type": "summary", "dialog": 0, "vendor": "example", "body": "The parcel is late.", "encoding": "none"}
    draft = read(dialog=[recording(), said("Later", minute=30)], analysis=[summary])[1]
    assert (draft.id, draft.kind, draft.actor) == (f"{UUID}-analysis-0", Kind.NOTE, Actor.SYSTEM)
    assert (draft.name, draft.text, draft.channel) == ("summary", "The parcel is late.", Channel.VOICE)
    assert draft.occurred_at == START + timedelta(seconds=60.5)


def test_an_attachment_is_a_note_of_the_party_that_sent_it() -> None:
    form = {"purpose": "form", "party": 0, "dialog": 0, "encoding": "json", "body": {"order": "A-17"}}
    draft = read(dialog=[said("See my form")], attachments=[form])[1]
    assert (draft.id, draft.kind, draft.actor) == (f"{UUID}-attachment-0", Kind.NOTE, Actor.CUSTOMER)
    assert (draft.name, draft.data["body"], draft.occurred_at) == ("form", {"order": "A-17"}, START)


def test_a_picture_is_an_event_that_tells_of_it_and_does_not_hold_it() -> None:
    picture = {
        "start": "2026-03-02T09:01:00Z",
        "party": 0,
        "dialog": 0,
        "mediatype": "image/png",
        "filename": "damage.png",
        "encoding": "base64url",
        "body": base64.urlsafe_b64encode(b"\x89PNG" * 100).decode(),
    }
    draft = read(dialog=[said("Look")], attachments=[picture])[1]
    assert (draft.kind, draft.name, draft.text) == (Kind.EVENT, "attachment", "")
    assert draft.data == {"dialog": [0], "mediatype": "image/png", "filename": "damage.png", "bytes": 400}


def test_json_over_the_limit_is_described_and_not_kept() -> None:
    body = {"rows": ["x" * 1000] * 100}
    (draft,) = read(attachments=[{"purpose": "export", "encoding": "json", "body": body}])
    assert "body" not in draft.data
    assert int(str(draft.data["bytes"])) > MAX_DATA_BYTES


def test_a_vcon_with_nothing_in_it_has_no_interactions() -> None:
    assert interactions_of({"uuid": UUID, "dialog": None, "attachments": []}) == []


# --- what is wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "path", "hint"),
    [
        ({"uuid": "not-one"}, "uuid", "UUID"),
        ({"uuid": None}, "uuid", "UUID"),
        ({"created_at": "yesterday"}, "created_at", "RFC 3339"),
        ({"dialog": {"type": "text"}}, "dialog", "list"),
        ({"dialog": [said("x"), said("x"), said("x", start="2026-03-02T09:00:00")]}, "dialog[2].start", "offset"),
        ({"dialog": [said("x", start=1772442000)]}, "dialog[0].start", "RFC 3339"),
        ({"dialog": [{"type": "text"}]}, "dialog[0].start", "needed"),
        ({"dialog": [said("x", type="smoke")]}, "dialog[0].type", "'recording'"),
        ({"dialog": [said("x", duration=-1)]}, "dialog[0].duration", "greater"),
        ({"dialog": [{"type": "text", "start": "2026-03-02T09:00:00Z", "mimetype": 3}]}, "dialog[0].mimetype", "text"),
        ({"dialog": [said("x", parties=[0, 7])]}, "dialog[0].parties", "no party 7"),
        ({"dialog": [said("x", parties="0")]}, "dialog[0].parties", "index"),
        ({"dialog": [said("x", originator=2)]}, "dialog[0].originator", "no party 2"),
        ({"dialog": [said("x", encoding="rot13")]}, "dialog[0].encoding", "base64url"),
        ({"dialog": [said("not base64!", encoding="base64url")]}, "dialog[0].body", "base64url"),
        ({"dialog": [said("x" * 200_001)]}, "dialog[0].body", "200,000"),
        (
            {"dialog": [{"type": "incomplete", "start": "2026-03-02T09:00:00Z"}]},
            "dialog[0].disposition",
            "needed",
        ),
        ({"analysis": [{"vendor": "example", "body": "x"}]}, "analysis[0].type", "needed"),
        ({"analysis": [{"type": "summary", "dialog": [0]}]}, "analysis[0].dialog", "no dialog 0"),
        ({"vcon": "0.3.0", "analysis": [transcript("{broken", dialog=[])]}, "analysis[0].body", "not JSON"),
        ({"attachments": [{"party": 9}]}, "attachments[0].party", "no party 9"),
        ({"parties": [{"tel": 5}]}, "parties[0].tel", "text"),
        ({"critical": ["CC", "holograms"]}, "critical[1]", "holograms"),
        ({"must_support": ["holograms"]}, "critical[0]", "holograms"),
    ],
)
def test_each_defect_is_named_by_its_path_and_how_to_mend_it(fields: dict[str, Any], path: str, hint: str) -> None:
    errors = refused(vcon(**fields))
    assert list(errors) == [path]
    assert hint in errors[path]


def test_all_defects_are_named_in_one_refusal() -> None:
    errors = refused(vcon(dialog=[said("x", start="soon"), said("x", type="smoke")], parties=[{"tel": 1}]))
    assert set(errors) == {"dialog[0].start", "dialog[1].type", "parties[0].tel"}


@pytest.mark.parametrize(
    ("document", "path", "word"),
    [
        ({"payload": "e30", "signatures": [{"signature": "x"}]}, "payload", "signed"),
        ({"ciphertext": "x", "recipients": [], "iv": "x", "tag": "x"}, "ciphertext", "encrypted"),
        (["a vCon"], "vCon", "object"),
        ({"hello": "world"}, "uuid", "needed"),
    ],
)
def test_what_is_no_unsigned_vcon_is_refused_with_the_reason(document: Any, path: str, word: str) -> None:
    assert word in refused(document)[path]


# --- writing ----------------------------------------------------------------------------------------------------------


def handoff(*claims: Claim, brief: Brief | None = None) -> Handoff:
    return Handoff(
        handoff_id="hnd_1",
        customer_id="cus_1",
        conversation_id="c1",
        created_at=START + timedelta(minutes=5),
        as_of_seq=9,
        duration_ms=1,
        status=HandoffStatus.COMPLETED,
        engine="extractive",
        verification_status=VerificationStatus.CLAIMED,
        brief=brief or Brief(headline="A late parcel", situation="The parcel is late.", claims=claims),
        request=HandoffRequest(conversation_id="c1"),
    )


def customer(*identifiers: Identifier) -> Customer:
    return Customer(customer_id="cus_1", identity_ids=("cus_1",), identifiers=identifiers)


JOURNEY = [
    interaction(1, "", kind=Kind.EVENT, channel=Channel.APP, name="reset", outcome=Outcome.FAILED, data={"step": 3}),
    interaction(2, "My parcel is late.", channel=Channel.WHATSAPP),
    interaction(3, "", actor=Actor.BOT, kind=Kind.TOOL_CALL, name="find_parcel", data={"id": "A-17"}),
    interaction(4, '{"status": "lost"}', actor=Actor.SYSTEM, kind=Kind.TOOL_RESULT, name="find_parcel"),
    interaction(5, "  It is lost.\nSorry! ", actor=Actor.BOT, channel=Channel.WHATSAPP),
    interaction(6, "I will call you.", actor=Actor.AGENT, channel=Channel.VOICE),
]


def told(row: Interaction | InteractionDraft) -> tuple[Any, ...]:
    data = {key: value for key, value in row.data.items() if key != "subject"}
    extra = (row.name, row.outcome, data) if row.kind is not Kind.MESSAGE else ()
    return (row.text, row.actor, row.kind, row.channel, row.occurred_at, *extra)


def test_what_is_written_is_read_back_with_the_same_words_actors_and_times() -> None:
    document = json.loads(json.dumps(vcon_of(handoff(), JOURNEY, customer())))
    drafts = interactions_of(document)
    assert [told(one) for one in drafts if one.name != "summary"] == [told(one) for one in JOURNEY]


def test_what_is_written_has_all_that_the_draft_requires() -> None:
    document = vcon_of(handoff(), JOURNEY, customer())
    parties, dialogs, attachments = document["parties"], document["dialog"], document["attachments"]
    assert (document["vcon"], document["subject"], document["extensions"]) == ("0.4.0", "A late parcel", ["CC"])
    assert [one["role"] for one in parties] == ["customer", "bot", "system", "agent"]
    assert [one["body"] for one in dialogs] == [one.text for one in JOURNEY if one.kind is Kind.MESSAGE]
    for one in dialogs:
        assert {"type", "start", "parties", "mediatype", "encoding", "body"} <= one.keys()
        assert all(index < len(parties) for index in one["parties"])
    for one in attachments:
        assert {"start", "party", "dialog", "mediatype", "encoding", "body"} <= one.keys()
        assert (one["dialog"] < len(dialogs), one["party"] < len(parties)) == (True, True)


def test_the_brief_is_an_analysis_whose_claims_point_at_what_bears_them_out() -> None:
    claims = (
        Claim(text="The parcel is late.", evidence=("int_2", "int_elsewhere"), support=1.0),
        Claim(text="A reset failed.", evidence=("int_1",), support=0.9),
        Claim(text="The agent will call.", evidence=("int_6",), support=0.9),
    )
    (analysis,) = vcon_of(handoff(*claims), JOURNEY, customer())["analysis"]
    assert (analysis["type"], analysis["vendor"], analysis["schema"]) == ("summary", "warmline", "warmline.brief.v1")
    assert (analysis["encoding"], analysis["dialog"], analysis["attachment"]) == ("json", [0, 1, 2], [0, 1, 2])
    assert analysis["body"]["situation"] == "The parcel is late."
    places = [(one["dialog"], one["attachment"]) for one in analysis["body"]["claims"]]
    assert places == [([0], []), ([], [0]), ([2], [])]
    assert analysis["body"]["claims"][0]["evidence"] == ["int_2", "int_elsewhere"]


def test_a_conversation_without_a_word_is_still_a_valid_vcon() -> None:
    document = vcon_of(handoff(), JOURNEY[:1], customer())
    assert [one["dialog"] for one in document["attachments"]] == [0]
    assert len(document["dialog"]) == 1
    assert [told(one) for one in interactions_of(document) if one.name != "summary"] == [told(JOURNEY[0])]


def test_only_what_was_proved_is_written_as_validated() -> None:
    email = Identifier(type="email", value="customer@example.com", verified=True, method="one-time code")
    phone = Identifier(type="phone", value="+15550100")
    party = vcon_of(handoff(), JOURNEY, customer(phone, email))["parties"][0]
    assert party == {
        "role": "customer",
        "type": "person",
        "mailto": "customer@example.com",
        "validation": "one-time code",
    }
    claimed = vcon_of(handoff(), JOURNEY, customer(phone))
    assert (claimed["parties"][0]["tel"], claimed["parties"][0]["validation"]) == ("+15550100", "none")
    assert [one.verified for one in interactions_of(claimed)[0].identifiers] == [False]


def test_redacted_interactions_are_left_out_and_the_same_handoff_keeps_its_uuid() -> None:
    redacted = interaction(2, "").model_copy(update={"redacted": True})
    document = vcon_of(handoff(), [redacted, JOURNEY[4]], customer())
    assert (len(document["dialog"]), document["attachments"]) == (1, [])
    assert document["uuid"] == vcon_of(handoff(), [], customer())["uuid"]
