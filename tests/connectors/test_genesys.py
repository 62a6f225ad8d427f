"""Genesys Cloud: what its notifications, messages and transcripts become, in any order and repetition."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest

from app.connectors import CONNECTORS
from app.connectors.base import BriefNote
from app.errors import InvalidRequest, Unauthorized
from app.models import Actor, Channel, HandoffRequest, InteractionDraft, Kind, Outcome, Visibility
from app.services import App
from tests.connectors.cloud_deliveries import (
    CALL,
    Body,
    drafts_of,
    notification,
    open_message,
    participant,
    recognised,
    request,
    transcription,
)

GENESYS = CONNECTORS["genesys"]
CONVERSATION = f"genesys:{CALL}"
SECRET = {"webhook_secret": "lamp-and-shade"}


def rows(body: Body | bytes) -> list[InteractionDraft]:
    return drafts_of(GENESYS.parse(request(body)))


def row(body: Body) -> InteractionDraft:
    (only,) = rows(body)
    return only


def conversation(*people: dict[str, Any]) -> dict[str, Any]:
    return notification(f"v2.users.u1.conversations.{CALL}", {"id": CALL, "participants": list(people)})


def detail(kind: str, **fields: Any) -> dict[str, Any]:
    step = {"conversationId": CALL, "sessionId": "s1", "eventTime": 1_777_885_200_000, "mediaType": "VOICE"}
    return notification(f"v2.detail.events.conversation.{CALL}.{kind}", step | fields)


def named(filed: list[InteractionDraft]) -> list[tuple[str, str | None]]:
    return [(draft.kind.value, draft.name) for draft in filed]


# --- signatures ---


def signed(body: bytes, form: str, secret: str = "lamp-and-shade") -> str:
    made = hmac.new(secret.encode(), body, sha256).digest()
    return f"sha256={b64encode(made).decode() if form == 'base64' else made.hex()}"


@pytest.mark.parametrize("form", ["base64", "hex"])
def test_a_signature_over_the_raw_body_is_taken_in_either_encoding(form: str) -> None:
    body = json.dumps(open_message("It flickers.")).encode()
    GENESYS.verify(request(body, headers={"x-hub-signature-256": signed(body, form)}), SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        "sha256=AAAA",
        signed(b"{}", "base64"),
        signed(b"{} ", "base64", "other"),
        "ä" * 44,
        "sha256=" + "0" * 64,
    ],
)
def test_a_missing_or_wrong_signature_is_unauthorized(signature: str) -> None:
    with pytest.raises(Unauthorized):
        GENESYS.verify(request(b"{} ", headers={"x-hub-signature-256": signature}), SECRET)


def test_without_a_secret_nothing_is_authorized() -> None:
    with pytest.raises(Unauthorized):
        GENESYS.verify(request(b"{}", headers={"x-hub-signature-256": signed(b"{}", "hex", "")}), {})


# --- transcripts ---


def test_an_utterance_is_partial_until_it_is_final_and_keeps_its_id() -> None:
    first = row(transcription(recognised("u1", "EXTERNAL", "The lamp", 4000, is_final=False)))
    whole = row(transcription(recognised("u1", "EXTERNAL", "The lamp flickers.", 4000)))
    assert (first.partial, whole.partial) == (True, False)
    assert first.id == whole.id == f"{CONVERSATION}:u1"
    assert (whole.text, whole.actor, whole.channel) == ("The lamp flickers.", Actor.CUSTOMER, Channel.VOICE)
    assert whole.occurred_at == datetime(2026, 5, 4, 9, 0, 4, tzinfo=UTC)


def test_of_one_body_the_last_partial_stays_and_none_beside_the_final_one() -> None:
    parts = [recognised("u1", "INTERNAL", text, 0, is_final=False) for text in ("Good", "Good morning")]
    assert [filed.text for filed in rows(transcription(*parts))] == ["Good morning"]
    whole = rows(transcription(recognised("u1", "INTERNAL", "Good morning.", 0), *parts))
    assert [(filed.text, filed.partial) for filed in whole] == [("Good morning.", False)]


def test_a_side_that_is_neither_is_nobodys() -> None:
    filed = row(transcription(recognised("u1", "BOTH", "Hello?", 0)))
    assert (filed.actor, filed.data) == (Actor.SYSTEM, {"speaker": "unknown"})


def test_eventbridge_wraps_the_same_notification() -> None:
    plain = transcription(recognised("u1", "EXTERNAL", "It flickers.", 0))
    wrapped = {"detail-type": plain["topicName"], "source": "aws.partner/genesys.com", "detail": plain}
    assert row(wrapped) == row(plain)


def test_a_stored_transcript_is_told_by_who_was_there_at_the_time() -> None:
    start = 1_777_885_200_000
    stored = {
        "conversationId": CALL,
        "communicationId": "com-1",
        "mediaType": "voice",
        "transcripts": [
            {
                "transcriptId": "t1",
                "phrases": [
                    {"text": "say what you need", "startTimeMs": start + 500, "participantPurpose": "internal"},
                    {
                        "text": "a lamp",
                        "decoratedText": "A lamp.",
                        "startTimeMs": start + 900,
                        "participantPurpose": "external",
                    },
                    {"text": "nils here", "startTimeMs": start + 60_000, "participantPurpose": "internal"},
                ],
            }
        ],
        "participants": [
            {"participantPurpose": "customer", "initialDirection": "inbound", "ani": "tel:+12025550143"},
            {"participantPurpose": "ivr", "startTimeMs": start, "endTimeMs": start + 30_000},
            {
                "participantPurpose": "agent",
                "userId": "u-nils",
                "startTimeMs": start + 50_000,
                "endTimeMs": start + 90_000,
            },
        ],
    }
    caller, menu, customer, agent = rows(stored)
    assert [(identifier.value, identifier.verified) for identifier in caller.identifiers] == [("+12025550143", True)]
    assert [menu.actor, customer.actor, agent.actor] == [Actor.BOT, Actor.CUSTOMER, Actor.AGENT]
    assert (customer.text, customer.occurred_at) == ("A lamp.", datetime(2026, 5, 4, 9, 0, 0, 900_000, tzinfo=UTC))


def test_audiohook_names_the_conversation_at_its_opening_and_its_transcripts_are_told_by_channel() -> None:
    opened = {
        "version": "2",
        "id": "ses-1",
        "type": "open",
        "seq": 1,
        "parameters": {"conversationId": CALL, "participant": {"id": "p", "ani": "+12025550143", "dnis": "+1800"}},
    }
    entity = {
        "type": "transcript",
        "data": {
            "id": "u1",
            "channel": "external",
            "isFinal": False,
            "offset": "PT1.5S",
            "alternatives": [
                {"confidence": 0.5, "interpretations": [{"type": "display", "transcript": "It flickers"}]}
            ],
        },
    }
    event = {"version": "2", "id": "ses-1", "type": "event", "seq": 2, "parameters": {"entities": [entity]}}
    started = row(opened)
    assert (started.name, started.conversation_id) == ("started", CONVERSATION)
    assert started.identifiers[0].value == "+12025550143"
    heard = row(event | {"conversationId": CALL, "sessionStartTime": "2026-05-04T09:00:00Z"})
    assert (heard.text, heard.partial, heard.actor, heard.conversation_id) == (
        "It flickers",
        True,
        Actor.CUSTOMER,
        CONVERSATION,
    )
    assert heard.occurred_at == datetime(2026, 5, 4, 9, 0, 1, 500_000, tzinfo=UTC)


# --- conversations ---

CUSTOMER = participant("p1", "customer", name="Graz AT", address="tel:+12025550143")
AGENT = participant("p2", "agent", name="Nils Ost", userId="u-nils")
QUEUE = participant("p3", "acd", name="Repairs", queueId="q1")


def test_a_conversation_tells_who_came_and_by_what_the_customer_is_known() -> None:
    who, started, assigned, queued = rows(conversation(CUSTOMER, AGENT, QUEUE))
    assert [(who.type, who.value, who.verified) for who in who.identifiers] == [("phone", "+12025550143", True)]
    assert who.participant is not None
    # The name of a call is the carrier's, here that of a town.
    assert who.participant.name is None
    assert named([started, assigned, queued]) == [
        ("lifecycle", "started"),
        ("lifecycle", "assigned"),
        ("event", "acd_joined"),
    ]
    assert assigned.participant is not None
    assert (assigned.participant.name, assigned.participant.id) == ("Nils Ost", "u-nils")
    assert assigned.identifiers == ()


@pytest.mark.parametrize(
    "address", ["tel:anonymous", "sip:anonymous@anonymous.invalid", "sip:4f2c@127.0.0.1;user=ivr", ""]
)
def test_a_withheld_or_a_machines_address_is_no_identifier(address: str) -> None:
    assert all(filed.identifiers == () for filed in rows(conversation(CUSTOMER | {"address": address, "ani": address})))


def test_whom_we_called_is_the_customer_and_their_number_is_not_proved() -> None:
    outbound = [{"id": "c", "state": "connected", "direction": "outbound"}]
    who = rows(conversation(participant("p1", "external", address="tel:+12025550143", calls=outbound), AGENT))[0]
    assert [(identifier.value, identifier.verified) for identifier in who.identifiers] == [("+12025550143", False)]


def test_somebody_external_beside_the_customer_is_a_third_party() -> None:
    filed = rows(conversation(CUSTOMER, participant("p4", "external", address="tel:+12025550188")))
    assert [draft.name for draft in filed] == ["customer_joined", "started", "external_joined"]
    assert filed[-1].identifiers == ()


def test_every_later_state_repeats_the_same_rows_whatever_the_order() -> None:
    left = {"endTime": "2026-05-04T09:08:00.000Z"}
    moved = [{"id": "c", "state": "terminated", "disconnectType": "transfer"}]
    wrapup = {"code": "lamp", "notes": "Sends it in.", "endTime": "2026-05-04T09:09:00.000Z"}
    states = [
        conversation(CUSTOMER),
        conversation(CUSTOMER, AGENT),
        conversation(CUSTOMER, AGENT | left | {"calls": moved}),
        conversation(CUSTOMER | left, AGENT | left | {"calls": moved, "wrapup": wrapup}),
    ]
    last = {filed.id: filed for filed in rows(states[-1])}
    assert named(list(last.values())) == [
        ("event", "customer_joined"),
        ("lifecycle", "started"),
        ("lifecycle", "ended"),
        ("lifecycle", "assigned"),
        ("lifecycle", "transferred"),
        ("note", "wrap_up"),
    ]
    for order in permutations(states):
        assert {filed.id: filed for state in order for filed in rows(state)} == last


def test_what_an_agent_noted_at_the_end_is_for_agents_alone_and_a_hold_and_data_are_events() -> None:
    on_hold = [{"id": "c", "state": "connected", "held": True, "startHoldTime": "2026-05-04T09:03:00Z"}]
    filed = rows(
        conversation(
            CUSTOMER | {"calls": on_hold, "attributes": {"claim": "L-88"}},
            AGENT | {"wrapup": {"code": "lamp", "notes": "Rather rude."}},
        )
    )
    note = next(draft for draft in filed if draft.kind is Kind.NOTE)
    assert (note.text, note.visibility, note.data) == ("Rather rude.", Visibility.INTERNAL, {"code": "lamp"})
    hold = next(draft for draft in filed if draft.name == "hold")
    assert hold.occurred_at == datetime(2026, 5, 4, 9, 3, tzinfo=UTC)
    assert next(draft for draft in filed if draft.name == "participant_data").data == {"claim": "L-88"}


@pytest.mark.parametrize(
    ("kind", "fields", "shown"),
    [
        ("customer.start", {"direction": "INBOUND", "ani": "+12025550143"}, ("lifecycle", "started")),
        ("customer.end", {}, ("lifecycle", "ended")),
        ("user.start", {"userId": "u1"}, ("lifecycle", "assigned")),
        ("user.end", {"disconnectType": "TRANSFER"}, ("lifecycle", "transferred")),
        ("user.end", {"disconnectType": "CLIENT"}, ("event", "user_end")),
        ("acd.start", {"queueId": "q1"}, ("event", "acd_start")),
        ("wrapup", {"wrapupCode": "lamp", "wrapupNotes": "Done."}, ("note", "wrap_up")),
        ("flow.outcome", {"flowOutcomeValue": "FAILURE"}, ("event", "flow_outcome")),
        ("somersault", {"height": 3}, ("event", "somersault")),
    ],
)
def test_a_single_step_is_a_step_of_the_lifecycle_a_note_or_an_event(
    kind: str, fields: dict[str, Any], shown: tuple[str, str]
) -> None:
    filed = row(detail(kind, **fields))
    assert named([filed]) == [shown]
    assert (filed.conversation_id, filed.channel) == (CONVERSATION, Channel.VOICE)


def test_a_step_that_is_not_known_keeps_all_that_it_tells_and_a_flow_its_outcome() -> None:
    assert row(detail("somersault", height=3)).data["height"] == 3
    assert row(detail("flow.outcome", flowOutcomeValue="FAILURE")).outcome is Outcome.FAILED


def test_a_topic_that_is_not_known_is_an_event_and_a_heartbeat_is_nothing() -> None:
    filed = row(notification(f"v2.quality.conversations.{CALL}.evaluations", {"score": 5}))
    assert (filed.kind, filed.name, filed.data) == (
        Kind.EVENT,
        "v2.quality.conversations.{id}.evaluations",
        {"score": 5},
    )
    assert filed.conversation_id == CONVERSATION
    assert rows(notification("channel.metadata", {"message": "WebSocket Heartbeat"})) == []


def test_a_web_chats_message_is_told_by_role_and_typing_is_no_message() -> None:
    topic = f"v2.conversations.chats.{CALL}.messages"
    body = {"id": "m1", "conversation": {"id": CALL}, "timestamp": "2026-05-04T10:00:00Z", "bodyType": "standard"}
    written = row(notification(topic, body | {"body": "Hi", "sender": {"id": "x", "role": "CUSTOMER"}}))
    unknown = row(notification(topic, body | {"body": "Hi", "sender": {"id": "x"}}))
    typing = row(notification(topic, body | {"bodyType": "typing-indicator", "sender": {"id": "x"}}))
    assert (written.kind, written.actor, written.text) == (Kind.MESSAGE, Actor.CUSTOMER, "Hi")
    assert (unknown.actor, unknown.data) == (Actor.SYSTEM, {"speaker": "unknown"})
    assert (typing.kind, typing.name, typing.text) == (Kind.EVENT, "typing_indicator", "")


# --- Open Messaging ---


def test_a_message_has_its_direction_and_the_customer_is_the_same_both_ways() -> None:
    asked = row(open_message("It flickers."))
    answered = row(open_message("Which lamp?", inbound=False, originatingEntity="Bot"))
    by_agent = row(open_message("Nils here.", inbound=False, originatingEntity="Human", id="m-32"))
    assert [asked.actor, answered.actor, by_agent.actor] == [Actor.CUSTOMER, Actor.BOT, Actor.AGENT]
    assert asked.identifiers == answered.identifiers
    assert asked.participant is not None
    assert asked.participant.name == "Odile Renn"
    assert answered.participant is not None
    assert answered.participant.name is None


def test_an_address_that_is_said_to_be_an_email_is_one_and_nothing_is_guessed() -> None:
    channel = open_message()["channel"]
    sender = channel["from"] | {"id": "odile@mail.example", "idType": "Email"}
    kinds = [
        identifier.type for identifier in row(open_message("Hi") | {"channel": channel | {"from": sender}}).identifiers
    ]
    assert kinds == ["genesys_open_id", "email"]
    assert [identifier.type for identifier in row(open_message("Hi")).identifiers] == ["genesys_open_id"]


def test_what_can_be_chosen_is_no_text_and_what_was_chosen_is() -> None:
    choices = [
        {"contentType": "QuickReply", "quickReply": {"text": label, "payload": label}} for label in ("Yes", "No")
    ]
    asked = row(open_message("Shall we swap it?", inbound=False, originatingEntity="Bot", content=choices))
    chosen = row(
        open_message(content=[{"contentType": "ButtonResponse", "buttonResponse": {"text": "Yes", "payload": "1"}}])
    )
    assert (asked.text, asked.data) == ("Shall we swap it?", {"choices": ["Yes", "No"]})
    assert chosen.text == "Yes"


def test_an_attachment_is_no_text_of_its_own_name() -> None:
    attachment = {"mediaType": "Image", "filename": "lamp.jpg", "mime": "image/jpeg", "url": "https://files.example/1"}
    filed = row(open_message("lamp.jpg", content=[{"contentType": "Attachment", "attachment": attachment}]))
    assert filed.text == ""
    assert filed.data["attachments"] == [
        {"name": "lamp.jpg", "content_type": "image/jpeg", "media": "Image", "url": "https://files.example/1"}
    ]


def test_receipts_in_any_order_are_events_of_their_message() -> None:
    receipts = [
        open_message(inbound=False, type="Receipt", status=status) for status in ("Read", "Delivered", "Failed")
    ]
    filed = [row(receipt) for receipt in receipts]
    assert [receipt.data["status"] for receipt in filed] == ["read", "delivered", "failed"]
    assert len({receipt.id for receipt in filed}) == 3
    message_id = row(open_message(inbound=False)).id
    assert all(receipt.data["message_id"] == message_id for receipt in filed)


def test_typing_is_an_event() -> None:
    filed = row(open_message(type="Event", events=[{"eventType": "Typing", "typing": {"type": "On"}}]))
    assert (filed.kind, filed.name, filed.text) == (Kind.EVENT, "typing", "")


# --- deliveries ---


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b"7", b'{"topicName": "v2.users"}', json.dumps(open_message("Hi")).encode()[:-4]]
)
def test_a_body_that_is_not_the_platforms_is_refused_with_what_was_expected(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="eventBody"):
        GENESYS.parse(request(body))


def test_one_stranger_in_a_list_loses_no_other() -> None:
    parsed = GENESYS.parse(request([open_message("Hi"), {"hello": "world"}]))
    stranger = parsed.drafts[1]
    assert isinstance(stranger, InteractionDraft)
    assert (stranger.kind, stranger.name, stranger.data) == (Kind.EVENT, "unknown", {"hello": "world"})
    assert parsed.event_types == ["open.Text", "unknown"]


@pytest.mark.parametrize("wrong", [None, 7, "text", [], {}, True, "\0", -1e308, 1e30, [[]], [{}]])
def test_no_value_of_a_field_breaks_the_reading(wrong: object) -> None:
    bodies = (
        conversation(CUSTOMER, AGENT),
        transcription(recognised("u", "EXTERNAL", "Hi", 1)),
        detail("customer.start"),
    )
    for body in bodies:
        for name in body["eventBody"]:
            GENESYS.parse(request(body | {"eventBody": body["eventBody"] | {name: wrong}}))
    for name in CUSTOMER:
        GENESYS.parse(request(conversation(CUSTOMER | {name: wrong})))
    for name in open_message():
        try:
            GENESYS.parse(request(open_message("Hi") | {name: wrong}))
        except InvalidRequest:
            assert name == "channel"


def test_a_brief_goes_back_as_attributes_of_the_conversation_and_to_a_workflow_where_these_are_set() -> None:
    note = BriefNote(
        CONVERSATION, "A lamp flickers", "Swap it.", "https://card.example/1", {"warmline_intent": "repair"}
    )
    settings = {"api_token": "t", "api_host": "api.mypurecloud.de", "attribute_schema_id": "sch", "flow_id": "flw"}
    attributes, workflow = GENESYS.write_back(note, settings)
    assert (attributes.method, attributes.url) == (
        "PUT",
        f"https://api.mypurecloud.de/api/v2/conversations/{CALL}/customattributes",
    )
    record = json.loads(attributes.body)
    assert (record["id"], record["schemaId"]) == ("warmline", "sch")
    assert all(isinstance(value, str) for value in record["customAttributes"].values())
    launch = json.loads(workflow.body)
    assert (launch["flowId"], launch["inputData"]["conversation_id"]) == ("flw", CALL)
    assert workflow.headers["Authorization"] == "Bearer t"
    assert GENESYS.write_back(note, {}) == ()
    assert GENESYS.write_back(note._replace(conversation_id="genesys:../../users"), settings) == ()


def test_nothing_is_asked_beforehand_and_an_answer_tells_nothing() -> None:
    assert GENESYS.handshake(request(b""), SECRET) is None
    assert (GENESYS.answer(request(b"")).status, GENESYS.answer(request(b"")).body) == (200, b"{}")
    assert not GENESYS.needs_key


async def test_a_call_in_any_order_makes_the_same_brief(app: App) -> None:
    deliveries = [
        conversation(CUSTOMER, QUEUE),
        transcription(recognised("u1", "INTERNAL", "Ost Lamps, how can I help?", 0)),
        transcription(recognised("u2", "EXTERNAL", "My lamp LX-300 flickers and I want a new one.", 4000)),
        conversation(CUSTOMER, QUEUE, AGENT),
    ]
    briefs: list[object] = []
    for number, order in enumerate((deliveries, deliveries[::-1])):
        for delivery in [*order, *order]:
            body = json.dumps(delivery).replace(CALL, f"call-{number}")
            answer = await app.interactions.record("default", GENESYS.parse(request(body.encode())).drafts)
            assert not any(result.problem for result in answer.results)
        asked = HandoffRequest(
            conversation_id=f"genesys:call-{number}", deadline_ms=60_000, now=datetime(2026, 5, 4, 9, 5, tzinfo=UTC)
        )
        handoff = await app.handoffs.create("default", asked)
        assert "LX-300" in str(handoff.brief.contact_reason)
        briefs.append((handoff.brief.contact_reason, handoff.brief.headline, handoff.customer_id))
    assert briefs[0] == briefs[1]


@pytest.mark.parametrize("kind", ["Hologram", "Structured"])
def test_a_message_of_which_nothing_can_be_read_is_an_event_that_keeps_its_body(kind: str) -> None:
    filed = row(open_message(type=kind, hologram={"shape": "lamp"}))
    assert (filed.kind, filed.name, filed.conversation_id) == (Kind.EVENT, f"open_{kind.lower()}", CONVERSATION)
    assert filed.actor is Actor.CUSTOMER
    assert filed.data["hologram"] == {"shape": "lamp"}
    spoken = row(open_message("The lamp is dark.", type=kind))
    assert (spoken.kind, spoken.text) == (Kind.MESSAGE, "The lamp is dark.")
