"""WhatsApp: what each kind of message, status and call is taken for."""

from typing import Any

import pytest

from app.connectors.whatsapp import WhatsApp
from app.errors import Unauthorized
from app.models import InteractionDraft
from tests.support.platforms import NUMBER_ID, PHONE, posted, signed_by_meta, whatsapp, whatsapp_message

CONNECTOR = WhatsApp()
TALK = f"whatsapp:{NUMBER_ID}:{PHONE}"
MEDIA = {"mime_type": "image/jpeg", "sha256": "x=", "id": "m1"}


def rows(body: dict[str, Any]) -> list[InteractionDraft]:
    """The rows of a body, none of which may be a problem."""
    drafts = CONNECTOR.parse(posted(body)).drafts
    assert all(isinstance(draft, InteractionDraft) for draft in drafts), drafts
    return [draft for draft in drafts if isinstance(draft, InteractionDraft)]


def row(*, named: list[dict[str, Any]] | None = None, **message: Any) -> InteractionDraft:
    """The row of one message from the customer."""
    (only,) = rows(whatsapp(messages=[whatsapp_message(1, **message)], contacts=named))
    return only


def told_by(draft: InteractionDraft) -> list[tuple[str, str, bool]]:
    """By what the customer of a row is known."""
    return [(entry.type, entry.value, entry.verified) for entry in draft.identifiers]


def test_a_text_is_the_customers_message_with_their_number_and_name() -> None:
    message = row(text="The oven stays cold.")
    assert (message.actor, message.kind, message.text, message.channel) == (
        "customer",
        "message",
        "The oven stays cold.",
        "whatsapp",
    )
    assert (message.id, message.conversation_id) == ("whatsapp:wamid.1", TALK)
    assert message.participant is not None
    assert message.participant.name == "Tilda"
    assert told_by(message) == [("phone", f"+{PHONE}", True)]
    assert message.occurred_at is not None
    assert message.occurred_at.isoformat() == "2026-01-02T09:01:00+00:00"


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("image", MEDIA, ""),
        ("image", MEDIA | {"caption": "The crack at the back"}, "The crack at the back"),
        ("video", MEDIA | {"caption": "Hear the noise"}, "Hear the noise"),
        ("document", MEDIA | {"caption": "My invoice", "filename": "i.pdf"}, "My invoice"),
        ("audio", MEDIA | {"voice": True}, ""),
        ("sticker", MEDIA | {"animated": False}, ""),
        ("location", {"latitude": 1.5, "longitude": 2.5, "name": "The old mill"}, ""),
        ("contacts", [{"name": {"formatted_name": "Ole"}}], ""),
        ("order", {"catalog_id": "c", "text": "Two, please", "product_items": [{"quantity": 2}]}, "Two, please"),
    ],
)
def test_what_is_sent_is_in_the_data_and_only_what_was_written_is_the_text(kind: str, content: Any, text: str) -> None:
    message = row(type=kind, **{kind: content})
    assert (message.kind, message.text) == ("message", text)
    assert message.data["type"] == kind
    assert message.data[kind] == content


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("button", {"text": "Track it", "payload": "TRACK_7"}, "Track it"),
        ("interactive", {"type": "list_reply", "list_reply": {"id": "opt_2", "title": "A new one"}}, "A new one"),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "y", "title": "Yes"}}, "Yes"),
    ],
)
def test_a_choice_is_told_by_the_words_on_it(kind: str, content: Any, text: str) -> None:
    message = row(type=kind, **{kind: content})
    assert (message.kind, message.text) == ("message", text)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("reaction", {"message_id": "wamid.0", "emoji": "👍"}),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "{}", "body": "Sent", "name": "flow"}}),
        ("unsupported", {"type": "poll"}),
        ("hologram", {"depth": 3}),
    ],
)
def test_what_is_no_message_or_nobody_knows_is_an_event(kind: str, content: Any) -> None:
    event = row(type=kind, **{kind: content})
    assert (event.kind, event.name, event.text) == ("event", kind, "")
    assert event.data[kind] == content


def test_an_edit_and_a_deletion_name_the_message_they_change() -> None:
    newest = {"original_message_id": "wamid.0", "message": {"type": "text", "text": {"body": "I meant Friday."}}}
    edit = row(type="edit", edit=newest)
    assert (edit.kind, edit.target_id, edit.text) == ("edit", "whatsapp:wamid.0", "I meant Friday.")
    deletion = row(type="revoke", revoke={"original_message_id": "wamid.0"})
    assert (deletion.kind, deletion.target_id, deletion.text) == ("deletion", "whatsapp:wamid.0", "")


def test_who_has_no_phone_is_known_by_their_user_id() -> None:
    contacts = [{"profile": {"name": "Tilda"}, "user_id": "DE.81"}]
    body = whatsapp(
        messages=[
            {
                "from_user_id": "DE.81",
                "id": "wamid.5",
                "timestamp": "1767344400",
                "type": "text",
                "text": {"body": "Hi"},
            }
        ],
        contacts=contacts,
    )
    (message,) = rows(body)
    assert told_by(message) == [("whatsapp_user_id", "DE.81", True)]
    assert message.conversation_id == f"whatsapp:{NUMBER_ID}:DE.81"


def test_who_has_both_is_known_by_both_and_keeps_the_conversation_of_the_number() -> None:
    message = row(text="Hi", named=[{"wa_id": PHONE, "user_id": "DE.81"}])
    assert told_by(message) == [("phone", f"+{PHONE}", True), ("whatsapp_user_id", "DE.81", True)]
    assert message.conversation_id == TALK


def test_what_a_group_writes_is_a_conversation_of_several_people() -> None:
    contacts = [{"profile": {"name": "Tilda"}, "wa_id": PHONE}, {"profile": {"name": "Ole"}, "wa_id": "4790000001"}]
    messages = [
        whatsapp_message(1, "The hall is dark.", group_id="g-4"),
        whatsapp_message(2, "And cold.", group_id="g-4") | {"from": "4790000001"},
    ]
    first, second = rows(whatsapp(messages=messages, contacts=contacts))
    assert {first.conversation_id, second.conversation_id} == {f"whatsapp:{NUMBER_ID}:g-4"}
    assert [entry.participant.name for entry in (first, second) if entry.participant] == ["Tilda", "Ole"]
    assert told_by(first) != told_by(second)


def test_each_delivery_state_is_an_event_of_its_own() -> None:
    sent = {"id": "wamid.9", "timestamp": "1767344400", "recipient_id": PHONE}
    states = ["read", "sent", "delivered", "failed", "played"]
    events = rows(whatsapp(statuses=[sent | {"status": state} for state in states]))
    assert [event.name for event in events] == [f"message_{state}" for state in states]
    assert {(event.kind, event.actor, event.conversation_id) for event in events} == {("event", "system", TALK)}
    assert len({event.id for event in events}) == len(states)


def test_what_the_business_writes_in_the_app_is_an_agents() -> None:
    echo = {"from": "15550009999", "to": PHONE, "id": "wamid.7", "timestamp": "1767344400"}
    (message,) = rows(
        whatsapp(field="smb_message_echoes", message_echoes=[echo | {"type": "text", "text": {"body": "On it."}}])
    )
    assert (message.actor, message.kind, message.text, message.conversation_id) == ("agent", "message", "On it.", TALK)
    assert told_by(message) == [("phone", f"+{PHONE}", True)]


def test_calls_are_events_of_the_conversation() -> None:
    call = {
        "id": "wacid.1",
        "from": PHONE,
        "to": "15550009999",
        "timestamp": "1767344400",
        "direction": "USER_INITIATED",
    }
    began, ended = rows(
        whatsapp(field="calls", calls=[call | {"event": "connect"}, call | {"event": "terminate", "duration": 40}])
    )
    assert [began.name, ended.name] == ["call_connect", "call_terminate"]
    assert {began.conversation_id, ended.conversation_id} == {TALK}
    assert ended.data["duration"] == 40


def test_a_request_holds_the_messages_of_several_people() -> None:
    contacts = [{"profile": {"name": "Tilda"}, "wa_id": PHONE}, {"profile": {"name": "Ole"}, "wa_id": "4790000001"}]
    messages = [whatsapp_message(1, "A"), whatsapp_message(2, "B") | {"from": "4790000001"}]
    first, second = rows(whatsapp(messages=messages, contacts=contacts))
    assert first.conversation_id != second.conversation_id


def test_a_number_that_changed_leads_to_the_same_person() -> None:
    system = {"type": "user_changed_number", "wa_id": "4790000001", "body": "Tilda changed"}
    event = row(type="system", system=system)
    assert [value for _, value, _ in told_by(event)] == [f"+{PHONE}", "+4790000001"]


def test_changes_of_fields_that_nobody_knows_are_kept() -> None:
    (event,) = rows(whatsapp(field="account_review_update", decision="APPROVED"))
    assert (event.kind, event.name) == ("event", "account_review_update")
    (bare,) = rows({"object": "page"})
    assert (bare.kind, bare.data) == ("event", {"object": "page"})


OTHER_SHAPES: list[Any] = [None, 3, "x", [], {"messages": 4}, {"messages": [{"type": 5}, 7]}, {"statuses": [{}]}]


@pytest.mark.parametrize("value", OTHER_SHAPES)
def test_no_body_of_another_shape_is_lost(value: Any) -> None:
    assert rows({"object": "whatsapp_business_account", "entry": [{"id": 1, "changes": [{"value": value}]}]})


def test_only_the_signature_over_the_body_as_it_came_is_taken() -> None:
    request = posted(whatsapp(messages=[whatsapp_message(1, "Hi")]))
    headers = {name.lower(): value for name, value in signed_by_meta(request.body).items()}
    CONNECTOR.verify(request._replace(headers=headers), {"app_secret": "meta-secret"})
    spaced = request.body.replace(b": ", b":")
    for wrong in (request, request._replace(headers=headers, body=spaced)):
        with pytest.raises(Unauthorized):
            CONNECTOR.verify(wrong, {"app_secret": "meta-secret"})
    with pytest.raises(Unauthorized):
        CONNECTOR.verify(request._replace(headers=headers), {})


def test_the_history_of_a_business_that_joins_is_read_from_both_sides() -> None:
    theirs = whatsapp_message(1, "Is my order ready?")
    ours = whatsapp_message(2, "Tomorrow.", to=PHONE) | {"from": "15550009999"}
    body = whatsapp(field="history", contacts=[], history=[{"threads": [{"id": PHONE, "messages": [theirs, ours]}]}])
    first, second = rows(body)
    assert [(entry.actor, entry.text) for entry in (first, second)] == [
        ("customer", "Is my order ready?"),
        ("agent", "Tomorrow."),
    ]
    assert {first.conversation_id, second.conversation_id} == {TALK}


def changed_user(before: str, after: str, number: int) -> InteractionDraft:
    """The row of a user id that changed, in the form that names nobody as its sender."""
    system = {"type": "user_changed_user_id", "body": "changed", "previous_user_id": before, "user_id": after}
    message = {"id": f"wamid.u{number}", "timestamp": "1767344400", "type": "system", "system": system}
    (only,) = rows(whatsapp(messages=[message], contacts=[]))
    return only


def test_user_ids_that_change_without_a_sender_join_each_persons_own_ids_and_never_two_people() -> None:
    first, second = changed_user("NO.11", "SE.12", 1), changed_user("NO.21", "SE.22", 2)
    assert told_by(first) == [("whatsapp_user_id", "NO.11", True), ("whatsapp_user_id", "SE.12", True)]
    assert told_by(second) == [("whatsapp_user_id", "NO.21", True), ("whatsapp_user_id", "SE.22", True)]
    assert first.conversation_id == f"whatsapp:{NUMBER_ID}:NO.11"
    assert second.conversation_id == f"whatsapp:{NUMBER_ID}:NO.21"


@pytest.mark.parametrize("part", ["messages", "statuses", "calls"])
def test_what_names_nobody_is_a_conversation_by_itself(part: str) -> None:
    things = [{"id": f"wamid.n{number}", "timestamp": "1767344400", "type": "system"} for number in (1, 2)]
    value: dict[str, Any] = {part: things}
    made = rows(whatsapp(contacts=[], **value))
    assert len({draft.conversation_id for draft in made}) == 2
    assert not any(draft.identifiers for draft in made)


@pytest.mark.parametrize("named", [{"wa_id": PHONE}, {}])
def test_what_a_customer_wants_to_be_sent_is_an_event_of_theirs_at_its_own_time(named: dict[str, str]) -> None:
    wish = {"category": "marketing_messages", "value": "stop", "detail": "No more offers", "timestamp": 1_767_344_460}
    (event,) = rows(whatsapp(field="user_preferences", user_preferences=[wish | named]))
    assert (event.kind, event.name, event.conversation_id) == ("event", "user_preferences", TALK)
    assert told_by(event) == [("phone", f"+{PHONE}", True)]
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat() == "2026-01-02T09:01:00+00:00"
    assert event.data == {"category": "marketing_messages", "value": "stop", "detail": "No more offers"}


def test_news_of_an_account_or_a_template_have_the_time_of_their_entry() -> None:
    body = {"entry": [{"id": "77", "time": 1_767_344_460, "changes": [{"field": "account_update", "value": {"a": 1}}]}]}
    (event,) = rows(body)
    assert (event.name, event.data["value"]) == ("account_update", {"a": 1})
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat() == "2026-01-02T09:01:00+00:00"
