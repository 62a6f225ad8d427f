"""Zendesk: comments and their authors, redactions, states, messaging, and the private comment that goes back."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from app.connectors.base import BriefNote, WebhookRequest
from app.connectors.zendesk import ZENDESK
from app.errors import InvalidRequest, Unauthorized
from app.models import Actor, Channel, InteractionDraft, Kind, Visibility
from tests.connectors.requests import CREDENTIALS, URL, identifiers_of, rows, zendesk, zendesk_event


def parsed(content: Any) -> list[InteractionDraft]:
    return rows(ZENDESK.parse(zendesk(content)).drafts)


def comment(body: str, *, public: bool = True, author: str = "31", staff: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "comment": {
            "id": "700",
            "body": body,
            "is_public": public,
            "author": {"id": author, "is_staff": staff, "name": "Ines Duarte" if author == "31" else "Rui Mota"},
            **more,
        }
    }


def test_a_comment_of_the_requester_is_the_customers_message_of_the_ticket() -> None:
    (row,) = parsed(zendesk_event("ticket.comment_added", comment("The kiln stays cold.")))
    assert (row.id, row.conversation_id, row.case_id) == ("zendesk:700", "zendesk:4021", "zendesk:4021")
    assert (row.kind, row.actor, row.channel) == (Kind.MESSAGE, Actor.CUSTOMER, Channel.EMAIL)
    assert row.occurred_at == datetime(2026, 5, 4, 9, 0, 0, 123456, tzinfo=UTC)
    assert identifiers_of(row) == {"zendesk_user_id": ("31", False)}
    assert row.participant is not None
    assert row.participant.name == "Ines Duarte"


def test_an_agents_private_comment_is_an_internal_note_with_the_requesters_identifiers_alone() -> None:
    event = zendesk_event("ticket.comment_added", comment("Ask the depot.", public=False, author="90", staff=True))
    (row,) = parsed(event)
    assert (row.kind, row.actor, row.visibility) == (Kind.NOTE, Actor.AGENT, Visibility.INTERNAL)
    assert identifiers_of(row) == {"zendesk_user_id": ("31", False)}


def test_a_private_comment_under_the_customers_name_is_not_the_customers() -> None:
    (row,) = parsed(zendesk_event("ticket.comment_added", comment("Conversation with web user 5", public=False)))
    assert (row.actor, row.visibility) == (Actor.SYSTEM, Visibility.INTERNAL)


def test_somebody_in_copy_is_a_person_of_their_own() -> None:
    (row,) = parsed(zendesk_event("ticket.comment_added", comment("I wait for it too.", author="32")))
    assert (row.actor, identifiers_of(row)) == (Actor.CUSTOMER, {"zendesk_user_id": ("32", False)})


def test_where_only_html_came_its_text_is_read() -> None:
    html = "<div><p>The kiln<br>stays &amp; is cold</p></div>"
    (row,) = parsed(zendesk_event("ticket.comment_added", comment("", html_body=html)))
    assert row.text == "The kiln\nstays & is cold"


def test_a_redacted_comment_and_a_redacted_attachment_are_deletions_of_their_rows_without_a_word_of_them() -> None:
    linked = {"comment": {"id": "700", "is_public": True, "attachment": {"id": 55, "filename": "card.jpg"}}}
    (attached,) = parsed(zendesk_event("ticket.attachment_linked_to_comment", linked))
    (file_gone,) = parsed(zendesk_event("ticket.attachment_redacted_from_comment", linked, event_id="e-2"))
    gone, _ = parsed(zendesk_event("ticket.comment_redacted", comment("4111 1111 ▇▇▇▇"), event_id="e-3"))
    assert (gone.kind, gone.target_id, gone.text, dict(gone.data)) == (Kind.DELETION, "zendesk:700", "", {})
    assert (file_gone.kind, file_gone.target_id) == (Kind.DELETION, attached.id)
    assert "4111" not in gone.model_dump_json()


def test_a_comment_made_private_is_edited_into_an_internal_one() -> None:
    event = zendesk_event(
        "ticket.comment_made_private", comment("Ask the depot.", public=False, author="90", staff=True)
    )
    (row,) = parsed(event)
    assert (row.kind, row.target_id, row.visibility) == (Kind.EDIT, "zendesk:700", Visibility.INTERNAL)


@pytest.mark.parametrize(
    ("previous", "current", "kind", "name"),
    [
        ("OPEN", "SOLVED", Kind.LIFECYCLE, "resolved"),
        ("open", "closed", Kind.LIFECYCLE, "resolved"),
        ("SOLVED", "CLOSED", Kind.LIFECYCLE, "ended"),
        ("SOLVED", "OPEN", Kind.LIFECYCLE, "reopened"),
        ("NEW", "OPEN", Kind.EVENT, "zen:event-type:ticket.status_changed"),
    ],
)
def test_states_of_a_ticket_are_steps_of_its_life(previous: str, current: str, kind: Kind, name: str) -> None:
    (row,) = parsed(zendesk_event("ticket.status_changed", {"previous": previous, "current": current}))
    assert (row.kind, row.name, row.case_id) == (kind, name, "zendesk:4021")


@pytest.mark.parametrize(
    ("kind", "previous", "current", "name"),
    [
        ("ticket.agent_assignment_changed", None, 90, "assigned"),
        ("ticket.agent_assignment_changed", 90, None, "zen:event-type:ticket.agent_assignment_changed"),
        ("ticket.group_assignment_changed", "7", "8", "transferred"),
        ("ticket.group_assignment_changed", None, "8", "zen:event-type:ticket.group_assignment_changed"),
    ],
)
def test_assignments_are_told_where_somebody_is_assigned(
    kind: str, previous: object, current: object, name: str
) -> None:
    (row,) = parsed(zendesk_event(kind, {"previous": previous, "current": current}))
    assert row.name == name


def test_a_ticket_begins_once_and_keeps_what_it_was_about() -> None:
    row, _ = parsed(zendesk_event("ticket.created", {}))
    assert (row.kind, row.name, row.id) == (Kind.LIFECYCLE, "started", "zendesk:ticket:4021:created")
    assert "description" not in row.data
    assert row.occurred_at == datetime(2026, 5, 4, 8, 59, tzinfo=UTC)


def test_a_tickets_description_is_a_row_of_its_own_that_goes_with_any_redacted_comment() -> None:
    _, described = parsed(zendesk_event("ticket.created", {}))
    assert (described.kind, described.actor, described.text) == (Kind.EVENT, Actor.SYSTEM, "")
    assert described.data == {"description": "The kiln stays cold."}
    assert identifiers_of(described) == {"zendesk_user_id": ("31", False)}
    _, gone = parsed(zendesk_event("ticket.comment_redacted", comment("▇▇▇▇"), event_id="e-3"))
    assert (gone.kind, gone.target_id) == (Kind.DELETION, described.id)
    assert len(parsed(zendesk_event("ticket.created", {}, description=""))) == 1


@pytest.mark.parametrize(
    ("actor", "who"),
    [
        ({"id": "31", "name": "Ines", "type": "end_user"}, Actor.CUSTOMER),
        ({"id": "6a4f", "name": "Ines", "type": "end_user"}, Actor.CUSTOMER),
        ({"id": "90", "name": "Rui", "type": "agent"}, Actor.AGENT),
        ({"id": "zd:answerBot", "name": "Desk", "type": "system"}, Actor.BOT),
        ({"id": "zd:helper", "name": "Desk", "type": "agent"}, Actor.BOT),
        ({"id": "5", "name": "Greeting", "type": "trigger"}, Actor.BOT),
    ],
)
def test_a_message_of_messaging_belongs_to_its_ticket_and_to_who_wrote_it(actor: dict[str, str], who: Actor) -> None:
    event = {"actor": actor, "conversation_id": "67ab", "message": {"id": "m-1", "body": "Hello"}}
    content = zendesk_event("messaging_ticket.message_added", event)
    content["detail"] = {"id": "4021"}
    (row,) = parsed(content)
    assert (row.id, row.conversation_id, row.actor, row.channel) == ("zendesk:m-1", "zendesk:4021", who, Channel.CHAT)
    assert bool(row.identifiers) == (who is Actor.CUSTOMER)


def test_a_batch_of_messaging_by_itself_is_read_message_by_message() -> None:
    message = {"id": "m-1", "received": "2026-05-04T09:00:00Z", "source": {"type": "whatsapp"}}
    author = {"type": "user", "userId": "u-1", "displayName": "Ines", "userExternalId": "acc-7"}
    payload = {
        "conversation": {"id": "cv-1"},
        "message": {
            **message,
            "author": author,
            "content": {"type": "text", "text": "Hello"},
            "quotedMessage": {"type": "message", "message": {"id": "m-0"}},
        },
    }
    events: list[dict[str, Any]] = [
        {"id": "a", "createdAt": "2026-05-04T09:00:01Z", "type": "conversation:message", "payload": payload},
        {"id": "b", "createdAt": "2026-05-04T09:00:02Z", "type": "conversation:typing", "payload": {}},
    ]
    first, second = parsed({"app": {"id": "p"}, "webhook": {"id": "w", "version": "v2"}, "events": events})
    assert (first.id, first.conversation_id, first.channel) == (
        "zendesk:m-1",
        "zendesk:conversation:cv-1",
        Channel.WHATSAPP,
    )
    assert identifiers_of(first)["account_id"] == ("acc-7", False)
    assert first.data["reply_to"] == "zendesk:m-0"
    assert (second.kind, second.name) == (Kind.EVENT, "conversation:typing")


def test_the_body_of_a_trigger_is_an_event_of_the_ticket_that_it_names() -> None:
    (row,) = parsed({"ticket_id": 4021, "note": "escalate", "updated_at": "2026-05-04T09:00:00Z"})
    (other,) = parsed({"anything": [1, 2]})
    assert (row.kind, row.name, row.conversation_id) == (Kind.EVENT, "trigger", "zendesk:4021")
    assert row.data["note"] == "escalate"
    assert other.data["anything"] == [1, 2]


def test_a_user_event_names_who_an_end_user_is_and_never_an_agent() -> None:
    content = zendesk_event(
        "user.created", {}, id="31", role="end-user", email="ines@kiln.example", external_id="acc-7"
    )
    content["subject"] = "zen:user:31"
    agent = {**content, "detail": {**content["detail"], "role": "agent"}}
    assert set(identifiers_of(parsed(content)[0])) == {"zendesk_user_id", "account_id", "email"}
    assert "email" not in identifiers_of(parsed(agent)[0])


def test_a_messaging_webhook_is_known_by_its_shared_key() -> None:
    request = WebhookRequest("POST", URL, {"x-api-key": "shared"}, {}, b"{}")
    ZENDESK.verify(request, {**CREDENTIALS, "messaging_key": "shared"})
    for credentials in (CREDENTIALS, {**CREDENTIALS, "messaging_key": "other"}):
        with pytest.raises(Unauthorized):
            ZENDESK.verify(request, credentials)


NOTE = BriefNote(
    "zendesk:4021",
    "Kiln stays cold",
    "Kiln stays cold\n\nAsks for a repair.",
    "https://desk.example/card/1",
    {"warmline_intent": "repair"},
)
WAY_BACK = {"subdomain": "kiln", "email": "rui@desk.example", "api_token": "t"}


def test_the_brief_goes_back_as_a_private_comment_with_the_fields_that_the_settings_name() -> None:
    (call,) = ZENDESK.write_back(NOTE, {**WAY_BACK, "custom_fields": "warmline_intent=360, warmline_card=x, other=1"})
    ticket = json.loads(call.body)["ticket"]
    assert (call.method, call.url) == ("PUT", "https://kiln.zendesk.com/api/v2/tickets/4021.json")
    assert ticket["comment"]["public"] is False
    assert ticket["comment"]["body"].count("Kiln stays cold") == 1
    assert "https://desk.example/card/1" in ticket["comment"]["body"]
    assert ticket["custom_fields"] == [{"id": 360, "value": "repair"}]
    assert base64.b64decode(call.headers["authorization"].removeprefix("Basic ")) == b"rui@desk.example/token:t"


@pytest.mark.parametrize(
    ("conversation", "credentials"),
    [
        ("zendesk:4021", {}),
        ("zendesk:conversation:cv-1", WAY_BACK),
        ("zendesk:4021", {**WAY_BACK, "subdomain": "kiln.example/"}),
        ("zendesk:../users", WAY_BACK),
    ],
)
def test_without_a_way_back_nothing_is_sent(conversation: str, credentials: dict[str, str]) -> None:
    assert ZENDESK.write_back(NOTE._replace(conversation_id=conversation), credentials) == ()


def test_our_own_comment_is_no_news_when_zendesk_reports_it() -> None:
    (call,) = ZENDESK.write_back(NOTE, WAY_BACK)
    body = json.loads(call.body)["ticket"]["comment"]["body"]
    (row,) = parsed(zendesk_event("ticket.comment_added", comment(body, public=False, author="90", staff=True)))
    assert (row.kind, row.name, row.text) == (Kind.EVENT, "warmline.note", "")


@pytest.mark.parametrize("body", [b"", b"[]", b"ticket=1", b'"text"', b"{}", b"[" * 100_000, b'{"a": NaN}', b"\xff"])
def test_what_is_not_zendesks_is_refused_with_what_was_expected(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="Expected an event of Zendesk"):
        ZENDESK.parse(zendesk({})._replace(body=body))


@pytest.mark.parametrize("author", [{}, {"id": "9"}, {"name": "Kim"}])
def test_a_comment_of_whom_nothing_tells_the_side_is_nobodys(author: dict[str, str]) -> None:
    body = {
        "type": "zen:event-type:ticket.comment_added",
        "id": "e1",
        "time": "2026-05-04T09:00:00Z",
        "detail": {"id": "5"},
        "event": {"comment": {"id": "1", "body": "Hello", "is_public": True, "author": author}},
    }
    (row,) = parsed(body)
    assert (row.actor, row.identifiers) == (Actor.SYSTEM, ())
