"""Twilio: who is who, what is edited, removed and heard, and what its signature covers."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.connectors.base import WebhookRequest
from app.connectors.twilio import TWILIO
from app.errors import InvalidRequest, Unauthorized
from app.models import Actor, Channel, Kind, Problem
from tests.connectors.requests import (
    CREDENTIALS,
    SECRET,
    TWILIO_MESSAGE,
    URL,
    as_base64,
    hmac_of,
    identifiers_of,
    rows,
    twilio_form,
    twilio_json,
)


def parsed(fields: dict[str, str], query: str = "") -> list[Any]:
    return rows(TWILIO.parse(twilio_form(fields, query=query)).drafts)


def form(body: str) -> WebhookRequest:
    return WebhookRequest("POST", URL, {"content-type": "application/x-www-form-urlencoded"}, {}, body.encode())


def event(kind: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "type": f"com.twilio.{kind}", "id": "EV1", "source": "/s", "data": data, **more}


def test_a_message_of_a_conversation_is_the_customers_where_its_author_is_a_number() -> None:
    (row,) = parsed(TWILIO_MESSAGE)
    assert (row.id, row.conversation_id, row.kind, row.actor) == (
        "twilio:IM1",
        "twilio:CH1",
        Kind.MESSAGE,
        Actor.CUSTOMER,
    )
    assert (row.channel, row.text) == (Channel.WHATSAPP, "My kiln stays cold")
    assert identifiers_of(row) == {"phone": ("+351911000111", True)}
    assert row.occurred_at == datetime(2026, 5, 4, 9, 0, 0, 500_003, tzinfo=UTC)


@pytest.mark.parametrize(
    ("author", "source", "query", "actor"),
    [
        ("rui.mota", "SDK", "", Actor.AGENT),
        ("helper", "API", "", Actor.BOT),
        ("+351800200300", "API", "", Actor.BOT),
        ("system", "API", "", Actor.SYSTEM),
        ("FX0000000000000000000000000000002b", "SDK", "", Actor.CUSTOMER),
        ("user-88", "SDK", "customers=user-*", Actor.CUSTOMER),
        ("helper", "SDK", "bots=helper,other", Actor.BOT),
        ("rui.mota", "API", "agents=rui.*", Actor.AGENT),
        ("rui@desk.example", "SDK", "", Actor.AGENT),
    ],
)
def test_names_inside_the_application_are_agents_unless_the_address_of_the_webhook_says_otherwise(
    author: str, source: str, query: str, actor: Actor
) -> None:
    (row,) = parsed({**TWILIO_MESSAGE, "Author": author, "Source": source}, query)
    assert row.actor is actor
    assert bool(row.identifiers) == (actor is Actor.CUSTOMER)


@pytest.mark.parametrize(("query", "channel"), [("", Channel.CHAT), ("channel=sms", Channel.SMS)])
def test_what_an_agent_writes_is_in_the_channel_that_the_address_of_the_webhook_names(
    query: str, channel: Channel
) -> None:
    agent = {**TWILIO_MESSAGE, "Author": "rui.mota", "Source": "SDK"}
    assert [row.channel for row in parsed(agent, query)] == [channel]
    ended = {"EventType": "onConversationStateUpdated", "ConversationSid": "CH1", "StateTo": "closed"}
    assert [row.channel for row in parsed(ended, query)] == [channel]
    assert [row.channel for row in parsed(TWILIO_MESSAGE, query)] == [Channel.WHATSAPP]


def test_edits_and_removals_name_the_message_that_they_change_and_have_ids_of_their_own() -> None:
    edited = {**TWILIO_MESSAGE, "EventType": "onMessageUpdated", "DateUpdated": "2026-05-04T09:01:00Z", "Body": "Cold!"}
    (first,) = parsed(edited)
    (again,) = parsed({**edited, "RetryCount": "1"})
    (other,) = parsed({**edited, "DateUpdated": "2026-05-04T09:02:00Z", "Body": "Cold!!"})
    (removed,) = parsed({**TWILIO_MESSAGE, "EventType": "onMessageRemoved", "DateRemoved": "2026-05-04T09:03:00Z"})
    assert (first.kind, first.target_id, first.text) == (Kind.EDIT, "twilio:IM1", "Cold!")
    assert first == again
    assert len({first.id, other.id, removed.id, "twilio:IM1"}) == 4
    assert (removed.kind, removed.target_id, removed.text) == (Kind.DELETION, "twilio:IM1", "")


def test_the_same_message_is_the_same_row_by_webhook_and_by_event_stream() -> None:
    data = {
        "Author": TWILIO_MESSAGE["Author"],
        "ParticipantSid": "MB1",
        "ConversationSid": "CH1",
        "MessageSid": "IM1",
        "Index": 3,
        "MessageBody": "My kiln stays cold",
        "DateCreated": "2026-05-04T09:00:00.500Z",
    }
    streamed = TWILIO.parse(twilio_json([event("conversations.message.added", data)])).drafts
    assert list(streamed) == parsed(TWILIO_MESSAGE)


def test_an_edit_is_the_same_row_by_webhook_and_by_event_stream_though_only_the_first_tells_who_edited() -> None:
    when, edited_by = {"DateUpdated": "2026-05-04T09:01:00Z"}, {"ModifiedBy": "rui.mota"}
    by_webhook = parsed({**TWILIO_MESSAGE, **when, **edited_by, "EventType": "onMessageUpdated"})
    data = {name: value for name, value in {**TWILIO_MESSAGE, **when}.items() if name not in ("EventType", "Source")}
    data["MessageBody"] = data.pop("Body")
    by_stream = rows(TWILIO.parse(twilio_json([event("conversations.message.updated", data)])).drafts)
    assert by_webhook == by_stream


def test_an_event_with_its_time_in_the_wrong_member_keeps_it() -> None:
    data = {"ConversationSid": "CH1", "ParticipantSid": "MB2", "Identity": "rui.mota"}
    wrong = event("conversations.participant.removed", data, datacontenttype="2026-05-04T09:05:00.000Z")
    (row,) = rows(TWILIO.parse(twilio_json(wrong)).drafts)
    assert row.occurred_at == datetime(2026, 5, 4, 9, 5, tzinfo=UTC)
    assert (row.kind, row.name, row.actor) == (Kind.EVENT, "onParticipantRemoved", Actor.AGENT)


def test_one_event_that_is_none_does_not_lose_the_others_of_its_batch() -> None:
    good = event("conversations.conversation-state.updated", {"ConversationSid": "CH1", "StateTo": "closed"})
    drafts = TWILIO.parse(twilio_json([{"type": "other"}, good, 7])).drafts
    assert [isinstance(draft, Problem) for draft in drafts] == [True, False, True]
    assert rows(drafts[1:2])[0].name == "ended"


@pytest.mark.parametrize(
    ("before", "after", "kind", "name"),
    [
        ("active", "closed", Kind.LIFECYCLE, "ended"),
        ("closed", "active", Kind.LIFECYCLE, "reopened"),
        ("active", "inactive", Kind.EVENT, "onConversationStateUpdated"),
        ("initializing", "active", Kind.EVENT, "onConversationStateUpdated"),
    ],
)
def test_states_of_a_conversation_are_steps_of_its_life(before: str, after: str, kind: Kind, name: str) -> None:
    fields = {"EventType": "onConversationStateUpdated", "ConversationSid": "CH1", "StateFrom": before}
    (row,) = parsed({**fields, "StateTo": after, "StateUpdated": "2026-05-04T10:00:00Z"})
    assert (row.kind, row.name) == (kind, name)


def test_an_incoming_message_keeps_name_media_and_what_was_tapped() -> None:
    fields = {
        "MessageSid": "SM1",
        "SmsStatus": "received",
        "From": "whatsapp:+351911000111",
        "To": "whatsapp:+351800200300",
        "Body": "",
        "ButtonText": "Book the repair",
        "ButtonPayload": "book-1",
        "ProfileName": "Ines",
        "WaId": "351911000111",
        "ExternalUserId": "whatsapp:ID.77",
        "NumMedia": "1",
        "MediaUrl0": "https://media.example/1",
        "MediaContentType0": "image/jpeg",
        "OriginalRepliedMessageSid": f"SM{'0' * 32}",
    }
    (row,) = parsed(fields)
    assert (row.id, row.text, row.participant.name) == ("twilio:SM1", "Book the repair", "Ines")
    assert identifiers_of(row) == {"phone": ("+351911000111", True), "whatsapp_user_id": ("ID.77", True)}
    assert row.data["attachments"] == [{"url": "https://media.example/1", "content_type": "image/jpeg"}]
    assert row.data["reply_to"] == f"twilio:SM{'0' * 32}"
    assert "351911000111" not in (row.conversation_id or "")


@pytest.mark.parametrize("sender", ["KILNSHOP", "72345"])
def test_a_sender_in_letters_and_a_short_code_are_shown_and_identify_nobody(sender: str) -> None:
    (row,) = parsed({"MessageSid": "SM3", "From": sender, "To": "+351800200300", "Body": "Your code"})
    assert (row.participant.name, row.identifiers) == (sender, ())


def test_what_becomes_of_our_message_belongs_to_the_same_conversation_as_the_answer() -> None:
    (answer,) = parsed({"MessageSid": "SM2", "From": "+351911000111", "To": "+351800200300", "Body": "Thanks"})
    status = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003"}
    (row,) = parsed({**status, "From": "+351800200300", "To": "+351911000111"})
    assert (row.kind, row.name, row.data["status"]) == (Kind.EVENT, "message.undelivered", "undelivered")
    assert row.conversation_id == answer.conversation_id
    assert answer.channel is Channel.SMS


@pytest.mark.parametrize(
    ("fields", "kind", "name", "phone"),
    [
        ({"CallStatus": "in-progress", "Direction": "inbound"}, Kind.LIFECYCLE, "started", "+351911000111"),
        ({"CallStatus": "completed", "Direction": "inbound"}, Kind.LIFECYCLE, "ended", "+351911000111"),
        ({"CallStatus": "ringing", "Direction": "outbound-api"}, Kind.EVENT, "call.ringing", "+351800200300"),
        (
            {"CallStatus": "completed", "Direction": "outbound-dial", "ParentCallSid": "CA0"},
            Kind.EVENT,
            "call.completed",
            None,
        ),
    ],
)
def test_a_call_begins_and_ends_but_the_leg_to_an_agent_does_not_end_it(
    fields: dict[str, str], kind: Kind, name: str, phone: str | None
) -> None:
    call = {"CallSid": "CA1", "From": "+351911000111", "To": "+351800200300"}
    (row,) = parsed({**call, **fields, "Timestamp": "Mon, 04 May 2026 09:00:00 +0000"})
    assert (row.kind, row.name, row.channel) == (kind, name, Channel.VOICE)
    assert row.conversation_id == f"twilio:{fields.get('ParentCallSid', 'CA1')}"
    assert identifiers_of(row) == ({"phone": (phone, True)} if phone else {})
    assert row.occurred_at == datetime(2026, 5, 4, 9, tzinfo=UTC)


def heard(text: str, sequence: str, final: str, track: str = "inbound_track") -> dict[str, str]:
    return {
        "CallSid": "CA1",
        "TranscriptionSid": "GT1",
        "TranscriptionEvent": "transcription-content",
        "TranscriptionData": json.dumps({"transcript": text, "confidence": 0.9}),
        "SequenceId": sequence,
        "Final": final,
        "Track": track,
        "Timestamp": "2026-05-04T09:00:01.5Z",
    }


def test_what_is_being_heard_is_one_partial_row_which_the_end_of_the_utterance_empties() -> None:
    (begun,) = parsed(heard("my kiln", "1", "false"))
    (longer,) = parsed(heard("my kiln stays", "2", "false"))
    final, emptied = parsed(heard("My kiln stays cold.", "3", "true"))
    assert begun.partial
    assert longer.partial
    assert begun.id == longer.id == emptied.id != final.id
    assert (final.partial, final.actor, final.text) == (False, Actor.CUSTOMER, "My kiln stays cold.")
    assert (emptied.partial, emptied.text) == (True, "")


def test_whose_voice_a_track_is_may_be_said_in_the_address_of_the_webhook() -> None:
    usual = parsed(heard("Good morning", "1", "true", "outbound_track"))[0]
    named = parsed(heard("Good morning", "1", "true", "outbound_track"), "outbound_track=bot")[0]
    assert (usual.actor, named.actor) == (Actor.AGENT, Actor.BOT)


@pytest.mark.parametrize("signed_url", [URL, "https://desk.example:443/v1/connectors/c1"])
@pytest.mark.parametrize("url", [URL, "https://desk.example:443/v1/connectors/c1"])
def test_the_signature_fits_with_and_without_the_standard_port(url: str, signed_url: str) -> None:
    TWILIO.verify(twilio_form(TWILIO_MESSAGE, url=url, signed_url=signed_url), CREDENTIALS)


def test_a_signature_for_another_address_or_another_field_is_refused() -> None:
    request = twilio_form(TWILIO_MESSAGE)
    for changed in (
        request._replace(url="https://other.example/v1/connectors/c1"),
        request._replace(body=request.body + b"&Body=other"),
        request._replace(headers={"content-type": request.headers["content-type"]}),
    ):
        with pytest.raises(Unauthorized):
            TWILIO.verify(changed, CREDENTIALS)
    with pytest.raises(Unauthorized):
        TWILIO.verify(request, {})


def test_json_is_taken_only_where_the_signed_address_holds_its_digest() -> None:
    request = twilio_json([event("voice.media.fetched", {"sid": "CA1"})])
    TWILIO.verify(request, CREDENTIALS)
    with pytest.raises(Unauthorized):
        TWILIO.verify(request._replace(body=request.body + b" "), CREDENTIALS)
    bare = request._replace(
        url=URL, headers={**request.headers, "x-twilio-signature": as_base64(hmac_of("sha1", URL.encode()))}
    )
    with pytest.raises(Unauthorized):
        TWILIO.verify(bare, CREDENTIALS)
    TWILIO.verify(bare, {**CREDENTIALS, "json_without_digest": "accept"})


def test_a_webhook_rule_signs_with_its_shared_key_and_sha_256() -> None:
    request = twilio_form({"CallSid": "CA1"})
    signature = as_base64(hmac_of("sha256", f"{URL}CallSidCA1".encode(), "shared"))
    settings = {
        "x-twilio-webhooks-signature-settings": "key=KY1,algorithm=HMAC_SHA256",
        "x-twilio-signature": signature,
    }
    signed = request._replace(headers={**request.headers, **settings})
    TWILIO.verify(signed, {**CREDENTIALS, "shared_key": "shared"})
    with pytest.raises(Unauthorized):
        TWILIO.verify(signed, {**CREDENTIALS, "shared_key": SECRET})


def test_a_webhook_by_get_is_read_from_its_query() -> None:
    request = twilio_form(TWILIO_MESSAGE)
    by_get = request._replace(method="GET", query=dict(TWILIO_MESSAGE), body=b"", headers={})
    assert list(TWILIO.parse(by_get).drafts) == parsed(TWILIO_MESSAGE)


@pytest.mark.parametrize(
    "body", [b"hello=world", b"\xff\xfe=1", b"", b"[]", b"{}", b'{"type":"other.event"}', b"[[1]]"]
)
def test_what_is_not_twilios_is_refused_with_what_was_expected(body: bytes) -> None:
    request = twilio_form({})._replace(body=body, headers={})
    with pytest.raises(InvalidRequest, match=r"Expected a form of Twilio|too deeply"):
        TWILIO.parse(request)


_CALL = f"CallSid=CA{'0a' * 16}&CallStatus=ringing&Direction=inbound&From=%2B351911000111&To=%2B351800200300"


@pytest.mark.parametrize(
    "cut",
    [
        f"CallStatus=ringing&CallSid=CA{'0a' * 14}",
        f"{_CALL}&Cal",
        f"{_CALL}&Caller=%",
        f"{_CALL}&Caller=%2",
        f"{_CALL}&Caller=%2B3519110",
        f"EventType=onMessageAdded&ConversationSid=CH{'0a' * 16}",
    ],
)
def test_a_form_that_shows_that_it_was_cut_off_is_refused(cut: str) -> None:
    with pytest.raises(InvalidRequest, match="cut off"):
        TWILIO.parse(form(cut))


def test_a_form_that_ends_with_any_whole_field_is_taken() -> None:
    for whole in (_CALL, f"{_CALL}&Caller=%2B351911000111", f"{_CALL}&CallerName=", f"{_CALL}&Called=client%3Arui"):
        assert len(TWILIO.parse(form(whole)).drafts) == 1


def test_a_form_is_answered_with_an_empty_reply_and_an_event_with_nothing() -> None:
    assert b"<Response></Response>" in TWILIO.answer(twilio_form(TWILIO_MESSAGE)).body
    assert TWILIO.answer(twilio_json([])).body == b""
    assert hashlib.sha256(twilio_json([]).body).hexdigest() in twilio_json([]).url


def test_what_is_announced_before_a_message_is_there_is_kept_without_its_words() -> None:
    (row,) = parsed(TWILIO_MESSAGE | {"EventType": "onMessageAdd"})
    assert (row.kind, row.name) == (Kind.EVENT, "onMessageAdd")
    assert row.data["ConversationSid"] == "CH1"
    assert TWILIO_MESSAGE["Body"] not in str(row.data)
