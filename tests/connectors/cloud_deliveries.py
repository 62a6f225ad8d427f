"""Deliveries of contact-centre clouds, of the shapes that these send, with people and words made up here."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.connectors.base import ParsedWebhook, WebhookRequest
from app.models import InteractionDraft

Body = Mapping[str, Any] | Sequence[Mapping[str, Any]]
CONTACT = "0f2c6a1e-77aa-4c1e-9d55-6c0a3d1f0001"
CALL = "7b1d0c52-3a51-4a7e-8a55-2f0e5a6c0002"


def request(
    body: Body | bytes, *, query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> WebhookRequest:
    """A POST of a body."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WebhookRequest("POST", "https://warmline.example/v1/connectors/con_1", headers or {}, query or {}, raw)


def drafts_of(parsed: ParsedWebhook) -> list[InteractionDraft]:
    """The rows of a body in which none is at fault."""
    drafts = [draft for draft in parsed.drafts if isinstance(draft, InteractionDraft)]
    assert len(drafts) == len(parsed.drafts), parsed.drafts
    return drafts


def contact_event(kind: str, **detail: Any) -> dict[str, Any]:
    """A contact event in EventBridge's envelope."""
    own: dict[str, Any] = {"eventType": kind, "contactId": CONTACT, "channel": "VOICE", "initiationMethod": "INBOUND"}
    return {
        "version": "0",
        "id": f"evt-{kind.lower()}",
        "detail-type": "Amazon Connect Contact Event",
        "source": "aws.connect",
        "time": "2026-05-04T09:00:00Z",
        "detail": own | detail,
    }


def segments(*parts: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """An event of a voice contact's segment stream."""
    event: dict[str, Any] = {"Version": "1.0.0", "Channel": "VOICE", "ContactId": CONTACT, "EventType": "SEGMENTS"}
    return event | {"Segments": list(parts)} | fields


def transcript(own_id: str, role: str, content: str, begin: int, end: int) -> dict[str, Any]:
    """A recognised part of a call."""
    return {
        "Transcript": {
            "Id": own_id,
            "ParticipantId": role,
            "ParticipantRole": role,
            "Content": content,
            "BeginOffsetMillis": begin,
            "EndOffsetMillis": end,
            "Sentiment": "NEUTRAL",
        }
    }


def utterance(transcript_id: str, role: str, content: str, begin: int, end: int) -> dict[str, Any]:
    """A part of a call that is still being recognised."""
    return {
        "Utterance": {
            "Id": f"u-{begin}",
            "TranscriptId": transcript_id,
            "ParticipantId": role,
            "ParticipantRole": role,
            "PartialContent": content,
            "BeginOffsetMillis": begin,
            "EndOffsetMillis": end,
        }
    }


def chat_item(own_id: str, role: str, content: str = "", **fields: Any) -> dict[str, Any]:
    """A message of a chat's stream."""
    return {
        "AbsoluteTime": "2026-05-04T10:00:00.000Z",
        "Content": content,
        "ContentType": "text/plain",
        "Id": own_id,
        "Type": "MESSAGE",
        "ParticipantId": f"p-{role.lower()}",
        "DisplayName": "Odile Renn" if role == "CUSTOMER" else "Basti",
        "ParticipantRole": role,
        "InitialContactId": CONTACT,
        "ContactId": CONTACT,
        **fields,
    }


def topic_message(item: Mapping[str, Any], visible_to: str = "ALL") -> dict[str, Any]:
    """A message in the envelope of an SNS topic."""
    return {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": "arn:aws:sns:eu-central-1:000000000000:chat",
        "Message": json.dumps(item),
        "MessageAttributes": {"MessageVisibility": {"Type": "String", "Value": visible_to}},
    }


def flow_event(endpoint: Mapping[str, str] | None, *, method: str = "INBOUND", **contact: Any) -> dict[str, Any]:
    """What a flow calls its Lambda function with."""
    return {
        "Name": "ContactFlowEvent",
        "Details": {
            "ContactData": {
                "Attributes": {"menu": "repairs"},
                "Channel": "VOICE",
                "ContactId": CONTACT,
                "CustomerEndpoint": endpoint,
                "InitialContactId": CONTACT,
                "InitiationMethod": method,
                "PreviousContactId": CONTACT,
                "Queue": None,
                **contact,
            },
            "Parameters": {"ticket": "R-88"},
        },
    }


def notification(topic: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A notification as the WebSocket has it."""
    return {"topicName": topic, "version": "2", "eventBody": body, "metadata": {"CorrelationId": "c-1"}}


def recognised(own_id: str, side: str, text: str, offset: int, *, is_final: bool = True) -> dict[str, Any]:
    """An utterance of the transcription topic."""
    return {
        "utteranceId": own_id,
        "isFinal": is_final,
        "channel": side,
        "alternatives": [
            {"confidence": 0.4, "offsetMs": offset, "transcript": "a worse guess"},
            {"confidence": 0.9, "offsetMs": offset, "transcript": text.lower(), "decoratedTranscript": text},
        ],
    }


def transcription(*utterances: Mapping[str, Any]) -> dict[str, Any]:
    """A message of the transcription topic."""
    return notification(
        f"v2.conversations.{CALL}.transcription",
        {
            "eventTime": "2026-05-04T09:01:00.000Z",
            "conversationId": CALL,
            "communicationId": "com-1",
            "transcriptionStartTimeMs": 1_777_885_200_000,
            "transcripts": list(utterances),
        },
    )


def participant(own_id: str, purpose: str, **fields: Any) -> dict[str, Any]:
    """Somebody in a conversation, connected by a call."""
    return {
        "id": own_id,
        "purpose": purpose,
        "connectedTime": "2026-05-04T09:00:00.000Z",
        "calls": [{"id": f"call-{own_id}", "state": "connected", "direction": "inbound", "held": False}],
        **fields,
    }


def open_message(text: str = "", *, inbound: bool = True, **fields: Any) -> dict[str, Any]:
    """A message of Open Messaging."""
    customer = {"id": "odile.renn", "idType": "Opaque", "firstName": "Odile", "lastName": "Renn"}
    service = {"id": "int-7", "idType": "Opaque", "nickname": "Lamps on the web"}
    sender, receiver = (customer, service) if inbound else (service, customer)
    body: dict[str, Any] = {
        "id": "m-31",
        "channel": {
            "messageId": "m-31",
            "platform": "Open",
            "type": "Private",
            "from": sender,
            "to": receiver,
            "time": "2026-05-04T10:00:00.000Z",
        },
        "direction": "Inbound" if inbound else "Outbound",
        "conversationId": CALL,
        "type": "Text",
        "text": text,
    }
    return body | fields
