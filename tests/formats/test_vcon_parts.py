"""Transcripts, attachments and defects of vCons, and vCons made from handoffs."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from app.formats.vcon import interactions_of, vcon_of
from app.models import (
    MAX_DATA_BYTES,
    Actor,
    Channel,
    Claim,
    Identifier,
    Kind,
    Outcome,
)
from tests.support.builders import START, interaction
from tests.support.vcon_documents import (
    AGENT,
    BOT,
    JOURNEY,
    UUID,
    content_of,
    customer,
    handoff,
    messages,
    read,
    recording,
    refused,
    text_dialog,
    transcript,
    vcon,
)


def test_the_wrapping_of_a_speech_service_is_looked_through() -> None:
    paragraphs = [
        {"speaker": 0, "start": 1, "sentences": [{"text": "Hello."}, {"text": "How can I help you today?"}]},
        {"speaker": 1, "start": 4, "sentences": [{"text": "My boiler is broken."}]},
    ]
    heard = {"transcript": "Hello. How can I …", "paragraphs": {"paragraphs": paragraphs}}
    body = json.dumps({"results": {"channels": [{"alternatives": [heard]}]}})
    drafts = read(dialog=[recording()], analysis=[transcript(body)])
    assert messages(drafts) == [("agent", "Hello. How can I help you today?"), ("customer", "My boiler is broken.")]


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
    assert [(draft.occurred_at or START) - START for draft in drafts[1:]] == [
        timedelta(seconds=1),
        timedelta(seconds=50),
    ]


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
    drafts = read(parties=parties, dialog=[text_dialog("Hello", application="whatsapp"), target, transfer])
    (draft,) = [row for row in drafts if row.name == "transfer"]
    assert (draft.actor, draft.outcome, draft.channel) == (Actor.BOT, outcome, Channel.WHATSAPP)
    assert (draft.data["transferor"], draft.data["transferee"]) == ("Helper", "A Customer")
    assert draft.data["transfer_target"] == ["An Agent"]


def test_an_analysis_is_a_note_of_the_system_made_when_the_dialog_was_over() -> None:
    summary = {"type": "summary", "dialog": 0, "vendor": "example", "body": "The parcel is late.", "encoding": "none"}
    draft = read(dialog=[recording(), text_dialog("Later", minute=30)], analysis=[summary])[1]
    assert (draft.id, draft.kind, draft.actor) == (f"{UUID}-analysis-0", Kind.NOTE, Actor.SYSTEM)
    assert (draft.name, draft.text, draft.channel) == ("summary", "The parcel is late.", Channel.VOICE)
    assert draft.occurred_at == START + timedelta(seconds=60.5)


def test_an_attachment_is_a_note_of_the_party_that_sent_it() -> None:
    form = {"purpose": "form", "party": 0, "dialog": 0, "encoding": "json", "body": {"order": "A-17"}}
    draft = read(dialog=[text_dialog("See my form")], attachments=[form])[1]
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
    draft = read(dialog=[text_dialog("Look")], attachments=[picture])[1]
    assert (draft.kind, draft.name, draft.text) == (Kind.EVENT, "attachment", "")
    assert draft.data == {"dialog": [0], "mediatype": "image/png", "filename": "damage.png", "bytes": 400}


def test_json_over_the_limit_is_described_and_not_kept() -> None:
    body = {"rows": ["x" * 1000] * 100}
    (draft,) = read(attachments=[{"purpose": "export", "encoding": "json", "body": body}])
    assert "body" not in draft.data
    assert int(str(draft.data["bytes"])) > MAX_DATA_BYTES


def test_a_vcon_with_nothing_in_it_has_no_interactions() -> None:
    assert interactions_of({"uuid": UUID, "dialog": None, "attachments": []}) == []


@pytest.mark.parametrize(
    ("fields", "path", "hint"),
    [
        ({"uuid": "not-one"}, "uuid", "UUID"),
        ({"uuid": None}, "uuid", "UUID"),
        ({"created_at": "yesterday"}, "created_at", "RFC 3339"),
        ({"dialog": {"type": "text"}}, "dialog", "list"),
        ({"dialog": [text_dialog("x", start=1772442000)]}, "dialog[0].start", "RFC 3339"),
        ({"dialog": [{"type": "text"}]}, "dialog[0].start", "needed"),
        ({"dialog": [text_dialog("x", type="smoke")]}, "dialog[0].type", "'recording'"),
        ({"dialog": [text_dialog("x", duration=-1)]}, "dialog[0].duration", "greater"),
        ({"dialog": [{"type": "text", "start": "2026-03-02T09:00:00Z", "mimetype": 3}]}, "dialog[0].mimetype", "text"),
        ({"dialog": [text_dialog("x", parties=[0, 7])]}, "dialog[0].parties", "no party 7"),
        ({"dialog": [text_dialog("x", parties="0")]}, "dialog[0].parties", "index"),
        ({"dialog": [text_dialog("x", originator=2)]}, "dialog[0].originator", "no party 2"),
        ({"dialog": [text_dialog("x", encoding="rot13")]}, "dialog[0].encoding", "base64url"),
        ({"dialog": [text_dialog("not base64!", encoding="base64url")]}, "dialog[0].body", "base64url"),
        ({"dialog": [text_dialog("x" * 200_001)]}, "dialog[0].body", "200,000"),
        (
            {"dialog": [{"type": "incomplete", "start": "2026-03-02T09:00:00Z"}]},
            "dialog[0].disposition",
            "needed",
        ),
        ({"analysis": [{"vendor": "example", "body": "x"}]}, "analysis[0].type", "needed"),
        ({"analysis": [{"type": "summary", "dialog": [0]}]}, "analysis[0].dialog", "no dialog 0"),
        ({"vcon": "0.3.0", "analysis": [transcript("{broken", dialog=[])]}, "analysis[0].body", "read from there on"),
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
    errors = refused(
        vcon(dialog=[text_dialog("x", start="soon"), text_dialog("x", type="smoke")], parties=[{"tel": 1}])
    )
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


def test_what_is_written_is_read_back_with_the_same_words_actors_and_times() -> None:
    document = json.loads(json.dumps(vcon_of(handoff(), JOURNEY, customer())))
    drafts = interactions_of(document)
    assert [content_of(draft) for draft in drafts if draft.name != "summary"] == [content_of(row) for row in JOURNEY]


def test_what_is_written_has_all_that_the_draft_requires() -> None:
    document = vcon_of(handoff(), JOURNEY, customer())
    parties, dialogs, attachments = document["parties"], document["dialog"], document["attachments"]
    assert (document["vcon"], document["subject"], document["extensions"]) == ("0.4.0", "A late parcel", ["CC"])
    assert [party["role"] for party in parties] == ["customer", "bot", "system", "agent"]
    assert [dialog["body"] for dialog in dialogs] == [row.text for row in JOURNEY if row.kind is Kind.MESSAGE]
    for dialog in dialogs:
        assert {"type", "start", "parties", "mediatype", "encoding", "body"} <= dialog.keys()
        assert all(index < len(parties) for index in dialog["parties"])
    for attachment in attachments:
        assert {"start", "party", "dialog", "mediatype", "encoding", "body"} <= attachment.keys()
        assert (attachment["dialog"] < len(dialogs), attachment["party"] < len(parties)) == (True, True)


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
    places = [(claim["dialog"], claim["attachment"]) for claim in analysis["body"]["claims"]]
    assert places == [([0], []), ([], [0]), ([2], [])]
    assert analysis["body"]["claims"][0]["evidence"] == ["int_2", "int_elsewhere"]


def test_a_conversation_without_a_word_is_still_a_valid_vcon() -> None:
    document = vcon_of(handoff(), JOURNEY[:1], customer())
    assert [attachment["dialog"] for attachment in document["attachments"]] == [0]
    assert len(document["dialog"]) == 1
    assert [content_of(draft) for draft in interactions_of(document) if draft.name != "summary"] == [
        content_of(JOURNEY[0])
    ]


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
    assert [identifier.verified for identifier in interactions_of(claimed)[0].identifiers] == [False]


def test_redacted_interactions_are_left_out_and_the_same_handoff_keeps_its_uuid() -> None:
    redacted = interaction(2, "").model_copy(update={"redacted": True})
    document = vcon_of(handoff(), [redacted, JOURNEY[4]], customer())
    assert (len(document["dialog"]), document["attachments"]) == (1, [])
    assert document["uuid"] == vcon_of(handoff(), [], customer())["uuid"]
