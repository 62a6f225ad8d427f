"""What a platform tells of messages and of its own work is no step that anybody took."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from app.briefs.extractive import compose
from app.connectors import CONNECTORS
from app.connectors.recognition import as_posted
from app.models import HandoffRequest, Intent, InteractionDraft, Kind
from app.nlu.steps import steps
from tests.connectors.requests import twilio_form, twilio_json
from tests.support.builders import interaction, snapshot
from tests.support.platforms import PHONE, chatwoot_message, whatsapp

RECEIPT = {
    "EventType": "onDeliveryUpdated",
    "ConversationSid": "CH7",
    "MessageSid": "IM7",
    "DeliveryReceiptSid": "DY7",
    "DateCreated": "2026-05-04T09:01:00Z",
}
SMS = {"MessageSid": "SM7", "From": "+351800200300", "To": "+351911000111", "ErrorCode": "30003"}
CHANNEL = {
    "id": "i7",
    "messageId": "m7",
    "from": {"id": "i7"},
    "to": {"id": "ines@reeds.example"},
    "time": "2026-05-04T09:01:00Z",
}


def posted(platform: str, body: Mapping[str, Any]) -> list[InteractionDraft]:
    """The rows of a JSON body."""
    parsed = CONNECTORS[platform].parse(as_posted(json.dumps(body).encode())).drafts
    return [row for row in parsed if isinstance(row, InteractionDraft)]


def twilio(fields: Mapping[str, str]) -> list[InteractionDraft]:
    """The rows of a form."""
    return [row for row in CONNECTORS["twilio"].parse(twilio_form(fields)).drafts if isinstance(row, InteractionDraft)]


def streamed(kind: str) -> list[InteractionDraft]:
    """The rows of an event of Event Streams about a message."""
    data = {"messageSid": "SM7", "from": "+351800200300", "to": "+351911000111"}
    event = {"specversion": "1.0", "id": "E7", "type": f"com.twilio.messaging.message.{kind}", "data": data}
    parsed = CONNECTORS["twilio"].parse(twilio_json([event])).drafts
    return [row for row in parsed if isinstance(row, InteractionDraft)]


def rows_of_platforms() -> Mapping[str, list[InteractionDraft]]:
    """Rows of each platform that tell only of messages and of its own work."""
    state = [{"status": {"previous_value": "sent", "current_value": "read"}}]
    chatwoot = chatwoot_message(8, "On its way", "outgoing", event="message_updated", status="read")
    lens = {"Version": "1.0.0", "Channel": "VOICE", "ContactId": "c-7", "AccountId": "1"}
    failed = {"id": "wamid.7", "status": "failed", "timestamp": "1767344400", "recipient_id": PHONE}
    session: dict[str, Any] = {
        "conversationId": "g-7",
        "communicationId": "s-7",
        "transcripts": [],
        "status": {"status": "FAILED"},
    }
    sunshine = {"id": "e7", "type": "conversation:message:delivery:failure", "payload": {"error": {"code": "x"}}}
    return {
        "a delivery of a conversation": twilio({**RECEIPT, "Status": "read"}),
        "a failed delivery of a conversation": twilio({**RECEIPT, "Status": "failed"}),
        "a status of a text message": twilio({**SMS, "MessageStatus": "undelivered"}),
        "an event of a delivery": streamed("delivered"),
        "a recording": twilio({"RecordingSid": "RE7", "CallSid": "CA7", "RecordingStatus": "completed"}),
        "a transcription that failed": twilio({"CallSid": "CA7", "TranscriptionEvent": "transcription-error"}),
        "the leg to an agent": twilio({"CallSid": "CA8", "ParentCallSid": "CA7", "CallStatus": "completed"}),
        "a receipt": posted("genesys", {"channel": CHANNEL, "type": "Receipt", "status": "Failed", "id": "m7"}),
        "a transcription session": posted("genesys", session),
        "an analysis": posted("amazon-connect", lens | {"EventType": "COMPLETED"}),
        "an analysis that failed": posted("amazon-connect", lens | {"EventType": "FAILED"}),
        "a failed message": posted("whatsapp", whatsapp(statuses=[failed])),
        "a message that was read": posted("chatwoot", chatwoot | {"changed_attributes": state}),
        "a message that was not delivered": posted("zendesk", {"app": {"id": "a"}, "events": [sunshine]}),
    }


@pytest.mark.parametrize("what", list(rows_of_platforms()))
def test_what_only_tells_the_state_of_a_message_or_of_the_platforms_own_work_is_no_step(what: str) -> None:
    (row,) = rows_of_platforms()[what]
    assert row.kind is Kind.EVENT
    filed = interaction(2, actor=row.actor, kind=row.kind, name=row.name, outcome=row.outcome, data=row.data)
    rows = (interaction(1, "The kiln stays cold since Monday."), filed)
    assert compose(snapshot(rows), Intent(), HandoffRequest()).actions_taken == ()
    if what != "the leg to an agent":
        assert steps(rows) == ()


def test_an_agents_leg_that_nobody_answered_is_told() -> None:
    (row,) = twilio({"CallSid": "CA8", "ParentCallSid": "CA7", "CallStatus": "no-answer"})
    assert (row.kind, row.name, row.outcome) == (Kind.EVENT, "call.no-answer", "failed")
