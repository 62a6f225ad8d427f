"""Conversations as helpdesks export them become interactions: sides, private notes, steps, and who the customer is."""

from typing import Any

import pytest

from app.errors import InvalidRequest
from app.formats.helpdesk import conversation_of_helpdesk, platform_of
from app.formats.options import ReadingOptions
from app.models import InteractionDraft

TICKET: dict[str, Any] = {
    "id": 71,
    "subject": "No heating",
    "requester_id": 5,
    "via": {"channel": "email"},
    "requester": {"id": 5, "name": "Pia Holm", "email": "pia@home.example"},
    "comments": [
        {"id": 1, "author_id": 5, "body": "It is off.", "public": True, "created_at": "2026-03-02T09:00:00Z"},
        {"id": 2, "author_id": 9, "body": "Always her.", "public": False, "created_at": "2026-03-02T09:01:00Z"},
        {"id": 3, "author_id": 9, "html_body": "<p>Today.</p>", "public": True, "created_at": "2026-03-02T09:02:00Z"},
    ],
}
CHAT: dict[str, Any] = {
    "type": "conversation",
    "id": "88",
    "created_at": 1_772_442_000,
    "source": {
        "type": "chat",
        "id": "s",
        "body": "<p>It is off.</p>",
        "author": {"type": "lead", "id": "l", "name": "Pia"},
    },
    "contacts": {"contacts": [{"type": "contact", "id": "l", "email": "pia@home.example"}]},
    "conversation_parts": {
        "conversation_parts": [
            {"id": "1", "part_type": "note", "body": "<p>Always her.</p>", "author": {"type": "admin", "name": "Bo"}},
            {"id": "2", "part_type": "comment", "body": "<p>Today.</p>", "author": {"type": "bot", "name": "Fin"}},
            {"id": "3", "part_type": "close", "body": None, "author": {"type": "admin", "name": "Bo"}},
            {"id": "4", "part_type": "snoozed", "body": None, "author": {"type": "admin", "name": "Bo"}},
        ]
    },
}
INBOX: dict[str, Any] = {
    "meta": {"contact": {"id": 3, "name": "Pia", "email": "pia@home.example", "phone_number": "+12025550169"}},
    "payload": [
        {"id": 1, "conversation_id": 4, "content": "It is off.", "message_type": 0, "created_at": 1_772_442_000},
        {"id": 2, "conversation_id": 4, "content": "Bo was assigned", "message_type": 2, "created_at": 1_772_442_001},
        {"id": 3, "conversation_id": 4, "content": "Always her.", "message_type": 1, "private": True},
        {"id": 4, "conversation_id": 4, "content": "Today.", "message_type": "outgoing", "sender": {"name": "Bo"}},
    ],
}


def drafts_of(value: Any) -> list[InteractionDraft]:
    return list(conversation_of_helpdesk(value, ReadingOptions()).drafts)


def shown(drafts: list[InteractionDraft]) -> list[tuple[str, ...]]:
    return [(draft.actor.value, draft.kind.value, draft.visibility.value, draft.text) for draft in drafts]


def test_a_ticket_has_comments_of_its_requester_and_of_those_who_serve() -> None:
    drafts = drafts_of(TICKET)
    assert shown(drafts) == [
        ("customer", "message", "public", "It is off."),
        ("agent", "note", "internal", "Always her."),
        ("agent", "message", "public", "<p>Today.</p>"),
    ]
    assert [draft.id for draft in drafts] == ["zendesk-71-1", "zendesk-71-2", "zendesk-71-3"]
    assert {draft.case_id for draft in drafts} == {"zendesk-71"}
    assert drafts[0].data == {"subject": "No heating"}
    assert drafts[2].data == {"headers": {"Content-Type": "text/html"}}
    assert drafts[0].identifiers[0].value == "pia@home.example"


def test_a_ticket_may_stand_beside_its_comments_and_users() -> None:
    ticket = {key: value for key, value in TICKET.items() if key not in ("comments", "requester")}
    users = [{"id": 5, "name": "Pia Holm", "role": "end-user"}, {"id": 9, "name": "Bo Lund", "role": "agent"}]
    drafts = drafts_of({"ticket": ticket, "comments": TICKET["comments"], "users": users})
    assert [draft.participant and draft.participant.name for draft in drafts] == ["Pia Holm", "Bo Lund", "Bo Lund"]


def test_a_conversation_has_a_source_and_parts() -> None:
    drafts = drafts_of(CHAT)
    assert shown(drafts) == [
        ("customer", "message", "public", "<p>It is off.</p>"),
        ("agent", "note", "internal", "<p>Always her.</p>"),
        ("bot", "message", "public", "<p>Today.</p>"),
        ("agent", "lifecycle", "public", ""),
        ("agent", "event", "public", ""),
    ]
    assert [draft.name for draft in drafts[3:]] == ["resolved", "snoozed"]


def test_a_page_of_messages_has_types_and_private_ones() -> None:
    drafts = drafts_of(INBOX)
    assert shown(drafts) == [
        ("customer", "message", "public", "It is off."),
        ("system", "event", "public", "Bo was assigned"),
        ("agent", "note", "internal", "Always her."),
        ("agent", "message", "public", "Today."),
    ]
    assert {draft.conversation_id for draft in drafts} == {"chatwoot-4"}
    assert [identifier.value for identifier in drafts[0].identifiers] == ["pia@home.example", "+12025550169"]


@pytest.mark.parametrize(
    ("value", "platform"),
    [
        (TICKET, "zendesk"),
        (CHAT, "intercom"),
        (INBOX, "chatwoot"),
        ({"messages": [{"content": "x"}]}, None),
        ({}, None),
    ],
)
def test_platforms_are_told_by_structure(value: Any, platform: str | None) -> None:
    assert platform_of(value) == platform


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({**TICKET, "comments": []}, "empty"),
        ({**TICKET, "id": None}, "id: "),
        ({"a": 1}, "Zendesk, Intercom or Chatwoot"),
    ],
)
def test_what_cannot_be_filed_is_refused_with_the_reason(value: Any, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        drafts_of(value)
