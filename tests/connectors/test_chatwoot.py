"""Chatwoot: what each event is taken for, and what is written back."""

import json
from typing import Any

import pytest

from app.connectors.base import BriefNote
from app.connectors.chatwoot import Chatwoot
from app.errors import Unauthorized
from app.models import InteractionDraft
from tests.support.platforms import chatwoot_message, posted, signed_by_chatwoot

CONNECTOR = Chatwoot()
TALK = "chatwoot:31"
NOTE = BriefNote(
    TALK, "A lamp", "A lamp\n\nIt flickers.", None, {"warmline_intent": "repair", "warmline_handoff_id": "hnd_1"}
)
WAY_BACK = {"base_url": "https://desk.example/", "account_id": "9", "api_access_token": "t"}


def rows(body: dict[str, Any]) -> list[InteractionDraft]:
    """The rows of a body, none of which may be a problem."""
    drafts = CONNECTOR.parse(posted(body)).drafts
    assert all(isinstance(draft, InteractionDraft) for draft in drafts), drafts
    return [draft for draft in drafts if isinstance(draft, InteractionDraft)]


def row(
    number: int = 1, content: str | None = "My lamp flickers.", kind: str = "incoming", **more: Any
) -> InteractionDraft:
    """The row of one message."""
    (only,) = rows(chatwoot_message(number, content, kind, **more))
    return only


def conversation(event: str, **more: Any) -> dict[str, Any]:
    """An event about the conversation itself."""
    return {**chatwoot_message(1, "")["conversation"], "event": event, "updated_at": 1_767_345_000.25} | more


def test_an_incoming_message_is_the_contacts() -> None:
    message = row()
    assert (message.actor, message.kind, message.text, message.channel) == (
        "customer",
        "message",
        "My lamp flickers.",
        "chat",
    )
    assert (message.id, message.conversation_id) == ("chatwoot:message:1", TALK)
    assert message.participant is not None
    assert (message.participant.name, message.participant.id) == ("Runa", "14")
    claims = {(entry.type, entry.value, entry.verified) for entry in message.identifiers}
    assert claims == {("chatwoot_contact_id", "14", False), ("email", "runa@mail.example", False)}


def test_what_the_shop_signed_is_proved_and_so_is_the_phone_that_somebody_writes_from() -> None:
    body = chatwoot_message(1, "Hi")
    contact = body["conversation"]["meta"]["sender"] | {"identifier": "u-5", "phone_number": "+4915112345678"}
    body["conversation"]["meta"]["sender"] = contact
    body["conversation"]["contact_inbox"]["hmac_verified"] = True
    (signed,) = rows(body)
    assert all(entry.verified for entry in signed.identifiers)
    assert {entry.type for entry in signed.identifiers} >= {"account_id", "email", "phone"}
    body["conversation"]["contact_inbox"]["hmac_verified"] = False
    body["conversation"]["channel"] = "Channel::Whatsapp"
    (written,) = rows(body)
    assert {entry.type for entry in written.identifiers if entry.verified} == {"phone"}


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("Channel::WebWidget", "chat"),
        ("Channel::Api", "chat"),
        ("Channel::Email", "email"),
        ("Channel::Whatsapp", "whatsapp"),
        ("Channel::TwilioSms", "sms"),
        ("Channel::FacebookPage", "social"),
        ("Channel::Instagram", "social"),
        ("Channel::Telegram", "social"),
        ("Channel::Line", "social"),
        ("Channel::Voice", "voice"),
        (None, "chat"),
    ],
)
def test_the_inbox_says_the_channel(channel: str | None, expected: str) -> None:
    body = chatwoot_message(1, "Hi")
    body["conversation"]["channel"] = channel
    assert rows(body)[0].channel == expected


@pytest.mark.parametrize(
    ("sender", "kind", "actor"),
    [
        ({"id": 3, "name": "Ben", "type": "user"}, "outgoing", "agent"),
        ({"id": 8, "name": "Helper", "type": "agent_bot"}, "outgoing", "bot"),
        ({"id": 8, "name": "Captain", "type": "captain_assistant"}, "outgoing", "bot"),
        (None, "outgoing", "bot"),
        (None, "template", "bot"),
    ],
)
def test_what_goes_out_is_an_agents_or_a_bots(sender: Any, kind: str, actor: str) -> None:
    message = row(kind=kind, sender=sender)
    assert (message.actor, message.kind) == (actor, "message")


def test_a_private_note_is_internal() -> None:
    note = row(kind="outgoing", private=True)
    assert (note.kind, note.visibility, note.actor) == ("note", "internal", "agent")


def test_activity_is_an_event_of_the_system() -> None:
    event = row(content="Ben was assigned by Ada", kind="activity")
    assert (event.kind, event.actor, event.name) == ("event", "system", "activity")


def test_types_of_messages_may_be_numbers_and_ids_texts() -> None:
    first = row(message_type=0, id="1")
    assert (first.actor, first.id) == ("customer", "chatwoot:message:1")
    assert row(message_type=2).kind == "event"


def test_an_old_body_names_the_agent_as_its_sender_and_the_contact_beside() -> None:
    agent, contact = {"id": 14, "name": "Ben", "email": "ben@shop.example"}, {"id": "15", "name": "Runa"}
    message = row(sender=agent, contact=contact, conversation={"display_id": "31"})
    assert message.participant is not None
    assert (message.participant.name, message.conversation_id) == ("Runa", TALK)
    assert [entry.value for entry in message.identifiers] == ["15"]


def test_attachments_and_the_mails_subject_are_in_the_data() -> None:
    picture = {"id": 1, "message_id": 1, "file_type": "image", "data_url": "https://desk.example/p.png", "file_size": 9}
    message = row(content=None, attachments=[picture])
    assert (message.kind, message.text, message.data["type"]) == ("message", "", "image")
    mail = row(
        content_type="incoming_email", content_attributes={"email": {"subject": "The lamp", "from": ["r@m.example"]}}
    )
    assert mail.data["email"] == {"subject": "The lamp", "from": ["r@m.example"]}


def test_other_words_are_an_edit_and_a_blanked_message_is_a_deletion() -> None:
    (edit,) = rows(chatwoot_message(1, "My lamp hums.", event="message_updated"))
    assert (edit.kind, edit.target_id, edit.text) == ("edit", "chatwoot:message:1", "My lamp hums.")
    blanked: dict[str, Any] = {"content_attributes": {"deleted": True}, "event": "message_updated"}
    (deletion,) = rows(chatwoot_message(1, "This message was deleted", **blanked))
    assert (deletion.kind, deletion.target_id, deletion.text) == ("deletion", "chatwoot:message:1", "")


def test_the_same_change_has_the_same_id_whatever_else_has_changed() -> None:
    body = chatwoot_message(1, "My lamp hums.", event="message_updated")
    later = json.loads(json.dumps(body))
    later["conversation"]["timestamp"] += 60
    assert rows(body)[0].id == rows(later)[0].id
    assert rows(body)[0].id != rows(body | {"content": "My lamp buzzes."})[0].id


@pytest.mark.parametrize("where", ["message", "listed message", "conversation"])
def test_words_that_are_taken_back_to_what_they_were_have_an_id_of_their_own(where: str) -> None:
    def changed(content: str, at: str) -> dict[str, Any]:
        body = chatwoot_message(1, content, event="message_updated")
        if where == "message":
            body["updated_at"] = at
        elif where == "listed message":
            body["conversation"]["messages"] = [{"id": 1, "updated_at": at}]
        else:
            body["conversation"]["updated_at"] = at
        return body

    bodies = [
        changed("My lamp hums.", "2026-01-02T10:01:00Z"),
        changed("My lamp buzzes.", "2026-01-02T10:02:00Z"),
        changed("My lamp hums.", "2026-01-02T10:03:00Z"),
    ]
    assert len({rows(body)[0].id for body in bodies}) == 3
    assert [row.id for row in rows(bodies[2])] == [row.id for row in rows(json.loads(json.dumps(bodies[2])))]


def test_a_delivery_state_is_no_edit_where_the_body_tells_what_changed() -> None:
    seen = {"changed_attributes": [{"status": {"previous_value": "delivered", "current_value": "read"}}]}
    (receipt,) = rows(chatwoot_message(1, "It is on its way.", "outgoing", event="message_updated", **seen))
    assert (receipt.kind, receipt.name, receipt.text) == ("event", "message_read", "")
    touched = {"changed_attributes": [{"updated_at": {"previous_value": 1, "current_value": 2}}]}
    assert rows(chatwoot_message(1, "It is on its way.", "outgoing", event="message_updated", **touched)) == []
    reworded = {"changed_attributes": [{"content": {"previous_value": "On.", "current_value": "Off."}}]}
    (edit,) = rows(chatwoot_message(1, "Off.", "outgoing", event="message_updated", **reworded))
    assert edit.kind == "edit"


@pytest.mark.parametrize(
    ("attributes", "kind", "name", "text"),
    [
        ({"submitted_values": [{"title": "Repair", "value": "r"}]}, "message", None, "Repair"),
        ({"submitted_email": "runa@mail.example"}, "event", "form_submitted", ""),
        ({"submitted_values": [{"name": "city", "value": "Oslo"}]}, "event", "form_submitted", ""),
        (
            {"submitted_values": {"csat_survey_response": {"rating": 2, "feedback_message": "Too slow"}}},
            "event",
            "survey_answered",
            "Too slow",
        ),
    ],
)
def test_what_is_filled_into_a_form_is_the_customers(attributes: Any, kind: str, name: str | None, text: str) -> None:
    updated = {"event": "message_updated", "content_attributes": attributes}
    (answer,) = rows(chatwoot_message(1, "Choose", "template", **updated))
    assert (answer.actor, answer.kind, answer.name, answer.text) == ("customer", kind, name, text)


@pytest.mark.parametrize(
    ("event", "more", "step"),
    [
        ("conversation_created", {}, "started"),
        ("conversation_status_changed", {"status": "resolved"}, "resolved"),
        ("conversation_resolved", {"status": "resolved"}, "resolved"),
        ("conversation_opened", {"status": "open"}, "reopened"),
        (
            "conversation_status_changed",
            {
                "status": "open",
                "changed_attributes": [{"status": {"previous_value": "resolved", "current_value": "open"}}],
            },
            "reopened",
        ),
        (
            "conversation_status_changed",
            {
                "status": "open",
                "changed_attributes": [{"status": {"previous_value": "pending", "current_value": "open"}}],
            },
            "transferred",
        ),
        (
            "conversation_updated",
            {"changed_attributes": [{"assignee_id": {"previous_value": None, "current_value": 3}}]},
            "assigned",
        ),
    ],
)
def test_what_becomes_of_a_conversation_is_its_lifecycle(event: str, more: dict[str, Any], step: str) -> None:
    (change,) = rows(conversation(event, **more))
    assert (change.kind, change.name, change.conversation_id) == ("lifecycle", step, TALK)
    assert change.occurred_at is not None


def test_the_event_that_old_and_new_versions_both_send_is_filed_once() -> None:
    (old,) = rows(conversation("conversation_resolved", status="resolved"))
    (new,) = rows(conversation("conversation_status_changed", status="resolved"))
    assert old == new


def test_other_changes_contacts_and_later_events_are_kept_and_typing_is_not() -> None:
    (snoozed,) = rows(conversation("conversation_status_changed", status="snoozed"))
    (contact,) = rows({"event": "contact_updated", "id": 14, "name": "Runa", "email": "runa@mail.example"})
    (later,) = rows({"event": "portal_repainted", "account": {"id": 9}})
    assert [entry.kind for entry in (snoozed, contact, later)] == ["event"] * 3
    assert contact.identifiers
    assert rows(conversation("conversation_typing_on")) == []


@pytest.mark.parametrize("value", [None, 3, "x", [], {"id": {}}])
@pytest.mark.parametrize(
    "part", ["conversation", "sender", "content", "created_at", "content_attributes", "attachments"]
)
def test_no_body_of_another_shape_is_lost(part: str, value: Any) -> None:
    assert rows(chatwoot_message(1, "Hi") | {part: value})


def test_a_private_note_is_written_back_and_attributes_only_where_they_may_replace_all_others() -> None:
    (only,) = CONNECTOR.write_back(NOTE, WAY_BACK)
    note, attributes = CONNECTOR.write_back(NOTE, WAY_BACK | {"attributes": "replace"})
    assert note == only
    assert note.url == "https://desk.example/api/v1/accounts/9/conversations/31/messages"
    assert json.loads(note.body)["private"] is True
    assert attributes.url.endswith("/conversations/31/custom_attributes")
    assert json.loads(attributes.body) == {"custom_attributes": dict(NOTE.attributes)}
    assert CONNECTOR.write_back(NOTE, {"base_url": "https://desk.example"}) == ()
    assert CONNECTOR.write_back(NOTE._replace(conversation_id="mail:1"), WAY_BACK) == ()


def test_with_a_secret_only_the_signature_counts() -> None:
    request = posted(chatwoot_message(1, "Hi"))
    headers = {name.lower(): value for name, value in signed_by_chatwoot(request.body).items()}
    credentials = {"secret": "hook-secret", "token": "t"}
    CONNECTOR.verify(request._replace(headers=headers), credentials)
    wrong = [headers | {"x-chatwoot-timestamp": "1"}, {}, {"x-chatwoot-signature": headers["x-chatwoot-signature"]}]
    for stated in wrong:
        with pytest.raises(Unauthorized):
            CONNECTOR.verify(request._replace(headers=stated, query={"token": "t"}), credentials)


def test_an_event_of_a_conversation_that_nobody_knows_has_its_conversation_contact_and_time() -> None:
    contact = {"id": 14, "name": "Runa", "email": "runa@mail.example"}
    body = conversation("conversation_snoozed", meta={"sender": contact}, lamp={"shape": "cube"})
    (event,) = rows(body)
    assert (event.kind, event.name, event.conversation_id) == ("event", "conversation_snoozed", TALK)
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat() == "2026-01-02T09:10:00.250000+00:00"
    assert {entry.value for entry in event.identifiers} == {"14", "runa@mail.example"}
    assert event.data["lamp"] == {"shape": "cube"}


def test_a_reply_to_a_message_names_it_as_its_row_is_called() -> None:
    assert row(7, "Yes, this one.", content_attributes={"in_reply_to": 5}).data["reply_to"] == "chatwoot:message:5"
