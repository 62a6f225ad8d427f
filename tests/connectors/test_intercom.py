"""Intercom: parts of conversations and tickets, their authors, redactions, and the note that goes back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.connectors.base import BriefNote, WebhookRequest
from app.connectors.intercom import INTERCOM
from app.errors import InvalidRequest, Unauthorized
from app.models import Actor, Channel, InteractionDraft, Kind, Visibility
from tests.connectors.requests import (
    CREDENTIALS,
    URL,
    identifiers_of,
    intercom,
    intercom_notification,
    intercom_part,
    rows,
)

ADMIN = {"type": "admin", "id": "a-1", "name": "Rui Mota", "email": "rui@desk.example"}


def parsed(content: Any) -> list[InteractionDraft]:
    return rows(INTERCOM.parse(intercom(content)).drafts)


def test_a_new_conversation_starts_with_the_text_of_its_first_message() -> None:
    started, message = parsed(intercom_notification("conversation.user.created"))
    assert (started.kind, started.name) == (Kind.LIFECYCLE, "started")
    assert (message.id, message.conversation_id) == ("intercom:message:55", "intercom:9001")
    assert (message.text, message.actor, message.channel) == ("The kiln stays cold.", Actor.CUSTOMER, Channel.CHAT)
    assert identifiers_of(message) == {
        "intercom_contact_id": ("c-7", False),
        "account_id": ("acc-7", False),
        "email": ("ines@kiln.example", False),
    }


def test_a_reply_has_its_parts_id_and_time_and_not_the_first_message_again() -> None:
    (row,) = parsed(intercom_notification("conversation.user.replied", intercom_part("1", "<p>Still cold</p>")))
    assert (row.id, row.text, row.kind) == ("intercom:1", "Still cold", Kind.MESSAGE)
    assert row.occurred_at == datetime(2026, 5, 4, 9, tzinfo=UTC)


def test_a_retry_says_the_same() -> None:
    part = intercom_part("1", "<p>Still cold</p>")
    first = parsed(intercom_notification("conversation.user.replied", part))
    assert first == parsed(intercom_notification("conversation.user.replied", part, attempts=2))


@pytest.mark.parametrize(
    ("author", "actor"),
    [
        (ADMIN, Actor.AGENT),
        ({"type": "bot", "id": "b-1", "name": "Fin"}, Actor.BOT),
        ({**ADMIN, "from_ai_agent": True}, Actor.BOT),
        ({"type": "lead", "id": "c-9"}, Actor.CUSTOMER),
        ({"type": "team", "id": "t-1"}, Actor.SYSTEM),
    ],
)
def test_who_wrote_is_told_by_the_type_of_the_author_and_agents_give_no_identifiers(
    author: dict[str, Any], actor: Actor
) -> None:
    part = intercom_part("1", "<p>Hello</p>", author=author)
    (row,) = parsed(intercom_notification("conversation.admin.replied", part))
    assert row.actor is actor
    assert "rui@desk.example" not in str(row.identifiers)


def test_each_contact_of_a_group_keeps_their_own_identifiers() -> None:
    contacts = {"contacts": [{"id": "c-7", "external_id": "acc-7"}, {"id": "c-8", "external_id": "acc-8"}]}
    part = intercom_part("1", "<p>Mine too</p>", author={"type": "user", "id": "c-8", "name": "Tomas"})
    (row,) = parsed(intercom_notification("conversation.user.replied", part, contacts=contacts))
    assert identifiers_of(row) == {"intercom_contact_id": ("c-8", False), "account_id": ("acc-8", False)}


def test_a_leads_made_up_id_is_no_account() -> None:
    user = {"type": "lead", "id": "c-9", "user_id": "9e3b-77", "email": "tomas@kiln.example", "name": "Tomas"}
    part = intercom_part("1", "<p>Hi</p>", author={"type": "lead", "id": "c-9"})
    (row,) = parsed(intercom_notification("conversation.user.replied", part, user=user, contacts={}, source={}))
    assert set(identifiers_of(row)) == {"intercom_contact_id", "email"}


def test_a_note_is_internal() -> None:
    part = intercom_part("2", "<p>Ask the depot</p>", part_type="note", author=ADMIN)
    (row,) = parsed(intercom_notification("conversation.admin.noted", part))
    assert (row.kind, row.visibility, row.text) == (Kind.NOTE, Visibility.INTERNAL, "Ask the depot")


@pytest.mark.parametrize(
    ("topic", "part", "expected"),
    [
        ("conversation.admin.closed", {"part_type": "close"}, ["resolved"]),
        ("conversation.admin.opened", {"part_type": "open"}, ["reopened"]),
        ("conversation.admin.assigned", {"part_type": "assignment", "assigned_to": ADMIN}, ["assigned"]),
        (
            "conversation.admin.opened",
            {"part_type": "assign_and_reopen", "assigned_to": {"type": "nobody_admin", "id": None}},
            ["reopened"],
        ),
        ("conversation.admin.snoozed", {"part_type": "snoozed"}, ["conversation.admin.snoozed"]),
    ],
)
def test_what_an_admin_does_is_a_step_of_the_conversations_life(
    topic: str, part: dict[str, Any], expected: list[str]
) -> None:
    drafts = parsed(intercom_notification(topic, intercom_part("3", None, author=ADMIN, **part)))
    assert [row.name for row in drafts] == expected


def test_a_step_is_told_by_the_topic_where_no_part_came() -> None:
    (row,) = parsed(intercom_notification("conversation.admin.closed", state="closed"))
    assert (row.kind, row.name) == (Kind.LIFECYCLE, "resolved")


def test_a_reply_that_reopens_is_both_and_the_same_under_both_topics() -> None:
    part = intercom_part("4", "<p>We look into it</p>", part_type="open", author=ADMIN)
    replied = parsed(intercom_notification("conversation.admin.replied", part))
    opened = parsed(intercom_notification("conversation.admin.opened", part))
    assert [row.kind for row in replied] == [Kind.MESSAGE, Kind.LIFECYCLE]
    assert replied == opened


def test_a_redacted_part_is_a_deletion_and_no_copy_of_its_text_stands_elsewhere() -> None:
    part = intercom_part("1", "<p>card 4111</p>")
    (tagged,) = parsed(intercom_notification("conversation_part.tag.created", part, tags={"tags": [{"name": "vip"}]}))
    notice = {**part, "body": "<p><i>This message was deleted</i></p>", "updated_at": 1777885300}
    (gone,) = parsed(intercom_notification("conversation_part.redacted", notice))
    assert (tagged.kind, tagged.name) == (Kind.EVENT, "conversation_part.tag.created")
    assert "4111" not in tagged.model_dump_json()
    assert "vip" in tagged.model_dump_json()
    assert (gone.kind, gone.target_id, gone.text) == (Kind.DELETION, "intercom:1", "")


def test_a_redacted_first_message_is_deleted_and_its_company_is_not() -> None:
    source = {"type": "conversation", "id": "55", "redacted": True, "body": "", "author": {"type": "user", "id": "c-7"}}
    part = intercom_part("1", "<p>Still here</p>", redacted=False)
    (gone,) = parsed(intercom_notification("conversation_part.redacted", part, source=source))
    assert gone.target_id == "intercom:message:55"


def ticket(state: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "ticket",
        "id": "9002",
        "ticket_id": "17",
        "created_at": 1777885100,
        "ticket_attributes": {"_default_title_": "Kiln", "_default_description_": "It stays cold"},
        "ticket_state": {"type": "ticket_state", "category": state},
        "contacts": {"contacts": [{"type": "contact", "id": "c-7", "external_id": "acc-7"}]},
        "ticket_parts": {"ticket_parts": list(parts)},
        **more,
    }


def about_ticket(topic: str, item: dict[str, Any]) -> list[InteractionDraft]:
    content = intercom_notification(topic)
    content["data"]["item"] = item
    return parsed(content)


def test_a_ticket_that_a_customer_filled_in_is_their_message_and_its_number_the_case() -> None:
    part = intercom_part("5", None, part_type="ticket_created")
    started, message = about_ticket("ticket.created", ticket("submitted", part))
    assert (started.name, started.case_id, started.conversation_id) == ("started", "intercom:17", "intercom:9002")
    assert (message.text, message.actor) == ("Kiln\nIt stays cold", Actor.CUSTOMER)


def test_a_ticket_that_an_agent_filled_in_is_not_told_as_the_customers_words() -> None:
    part = intercom_part("5", None, part_type="ticket_created", author=ADMIN)
    (started,) = about_ticket("ticket.created", ticket("submitted", part))
    assert (started.data["title"], started.data["description"]) == ("Kiln", "It stays cold")
    assert started.text == ""


def test_what_a_ticket_asks_is_data_of_its_start_where_nobody_is_named_who_filled_it_in() -> None:
    (started,) = about_ticket("ticket.created", ticket("submitted"))
    assert (started.data["title"], started.data["description"]) == ("Kiln", "It stays cold")


def test_a_conversation_that_names_only_its_conversation_id_is_that_conversation() -> None:
    content = intercom_notification("conversation.deleted")
    content["data"]["item"] = {"type": "conversation", "conversation_id": "9001"}
    (row,) = parsed(content)
    assert (row.kind, row.name, row.conversation_id) == (Kind.EVENT, "conversation.deleted", "intercom:9001")


@pytest.mark.parametrize(
    ("topic", "item", "name"),
    [
        ("ticket.resolved", ticket("resolved"), "resolved"),
        ("ticket.closed", {"ticket": ticket("resolved")}, "ended"),
        ("ticket.state.updated", ticket("in_progress"), "ticket.state.updated"),
        (
            "ticket.state.updated",
            ticket(
                "in_progress",
                intercom_part("6", None, author=ADMIN, previous_ticket_state="resolved", ticket_state="in_progress"),
            ),
            "reopened",
        ),
        ("ticket.admin.assigned", ticket("in_progress", admin_assignee_id=77), "assigned"),
    ],
)
def test_states_of_a_ticket_are_steps_of_its_life(topic: str, item: dict[str, Any], name: str) -> None:
    (row,) = about_ticket(topic, item)
    assert (row.name, row.case_id) == (name, "intercom:17")


def test_a_reply_to_a_ticket_is_read_from_the_part_beside_it() -> None:
    item = {"ticket": ticket("in_progress"), "ticket_part": intercom_part("8", "<p>On its way</p>", author=ADMIN)}
    (row,) = about_ticket("ticket.admin.replied", item)
    assert (row.id, row.text, row.actor, row.conversation_id) == (
        "intercom:8",
        "On its way",
        Actor.AGENT,
        "intercom:9002",
    )


def test_a_contacts_event_names_who_they_are() -> None:
    contact = {
        "type": "contact",
        "id": "c-7",
        "role": "user",
        "external_id": "acc-7",
        "email": "i@kiln.example",
        "phone": "+351911000111",
    }
    (row,) = about_ticket("contact.user.updated", contact)
    assert set(identifiers_of(row)) == {"intercom_contact_id", "account_id", "email", "phone"}
    assert not any(verified for _, verified in identifiers_of(row).values())


def test_head_get_and_a_signed_ping_are_answered_and_an_unsigned_ping_is_not() -> None:
    for method in ("HEAD", "GET"):
        asked = WebhookRequest(method, URL, {}, {}, b"")
        INTERCOM.verify(asked, CREDENTIALS)
        assert INTERCOM.handshake(asked, CREDENTIALS) is not None
    ping = intercom({"type": "notification_event", "topic": "ping", "data": {"item": {"type": "ping"}}})
    assert INTERCOM.handshake(ping, CREDENTIALS) is not None
    assert INTERCOM.parse(ping).drafts == ()
    with pytest.raises(Unauthorized):
        INTERCOM.handshake(ping._replace(headers={}), CREDENTIALS)
    assert INTERCOM.handshake(intercom(intercom_notification("conversation.user.created")), CREDENTIALS) is None


NOTE = BriefNote("intercom:9001", "Kiln stays cold", "Wants <b>two</b> & more", "https://desk.example/card/1", {})
WAY_BACK = {"access_token": "t", "admin_id": "77"}


def test_the_brief_goes_back_as_a_note_in_which_nothing_is_markup() -> None:
    (call,) = INTERCOM.write_back(NOTE, {**WAY_BACK, "region": "eu"})
    content = json.loads(call.body)
    assert (call.method, call.url) == ("POST", "https://api.eu.intercom.io/conversations/9001/reply")
    assert (content["message_type"], content["admin_id"]) == ("note", "77")
    assert "&lt;b&gt;two&lt;/b&gt; &amp; more" in content["body"]
    assert "https://desk.example/card/1" in content["body"]


@pytest.mark.parametrize(
    ("conversation", "credentials"),
    [
        ("intercom:9001", {}),
        ("intercom:../admins", WAY_BACK),
        ("intercom:9001", {**WAY_BACK, "region": "evil.example"}),
    ],
)
def test_without_a_way_back_nothing_is_sent(conversation: str, credentials: dict[str, str]) -> None:
    assert INTERCOM.write_back(NOTE._replace(conversation_id=conversation), credentials) == ()


def test_our_own_note_is_no_news_when_intercom_reports_it() -> None:
    (call,) = INTERCOM.write_back(NOTE, WAY_BACK)
    part = intercom_part("9", json.loads(call.body)["body"], part_type="note", author=ADMIN)
    (row,) = parsed(intercom_notification("conversation.admin.noted", part))
    assert (row.kind, row.name, row.text) == (Kind.EVENT, "warmline.note", "")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"hello": 1}', b"topic=ping", b'{"topic": 1'])
def test_what_is_not_intercoms_is_refused_with_what_was_expected(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="Expected a notification of Intercom"):
        INTERCOM.parse(intercom({})._replace(body=body))
