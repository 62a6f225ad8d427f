"""Amazon Connect: contact events, Contact Lens, the stream of a chat, and the flow's Lambda function.

What is sent where (Amazon Connect administrator guide, `contact-events`, `contact-analysis-segment-streams`,
`contact-lens-example-output-files`, `sns-payload`, `connect-lambda-functions`, as in awsdocs/amazon-connect-admin-guide
and on docs.aws.amazon.com/connect):

- Contact events come from EventBridge, unordered and on a best-effort basis; the segments of Contact Lens from Kinesis;
  a chat's messages from SNS; the finished analysis is a file in S3; the flow calls a Lambda function and waits for it.
  Whatever relays these to us may wrap them, so that records, queues and topics are unwrapped here.
- Nothing of it is signed by Connect itself: EventBridge and Lambda are authenticated by AWS, so a relay sends our key.
- A contact is one leg. A transfer makes a new contact with the same initial contact, which is the case here.
- Attributes can be set from outside by UpdateContactAttributes alone. Its call is signed with the time of the day and
  is good for minutes, while an outbox may have to wait for hours; and what is set while a contact is on hold is lost.
  So nothing is written back: the way back is the Lambda function's answer, whose texts the flow reads.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import cast

import orjson

from app.connectors.amazon_connect.chat_stream import chat_rows, is_chat_item
from app.connectors.amazon_connect.contact_events import event_rows, is_bridge_event
from app.connectors.amazon_connect.contact_lens import analysis_rows, is_analysis, is_segment_event, segment_rows
from app.connectors.amazon_connect.contacts import NAME, channel_of
from app.connectors.amazon_connect.envelopes import Delivered, deliveries
from app.connectors.amazon_connect.flow_lambda import flow_answer, flow_rows, is_flow_event
from app.connectors.base import BriefNote, Credential, OutgoingCall, ParsedWebhook, WebhookAnswer, WebhookRequest
from app.connectors.cloud_payloads import (
    Json,
    json_of,
    moment_field,
    moment_of,
    text_field,
    told_apart,
    unknown_event,
)
from app.errors import InvalidRequest
from app.models import InteractionDraft, Problem

EXPECTED = (
    "Send what Amazon Connect sends, as it is or in a record of Kinesis, SNS or SQS: a contact event of EventBridge, "
    "an event of a Contact Lens segment stream (EventType or StreamingEventType), a finished Contact Lens analysis "
    "(Transcript), a message of a chat's stream (Type, ContactId), or the event of a flow's Lambda function (Details)."
)
# The source of an event that a partner of AWS, such as another platform, puts on an event bus.
_PARTNER = "aws.partner/"
# Who takes a topic's messages by HTTP is asked once whether that is meant.
_OF_TOPICS = frozenset({"SubscriptionConfirmation", "UnsubscribeConfirmation"})


class AmazonConnect:
    """Amazon Connect; see the module.

    The query may tell what a body does not: `started_at`, when the contact began, for offsets that stand alone and for
    the event of a flow's Lambda function.
    """

    name = NAME
    title = "Amazon Connect"
    credentials: Sequence[Credential] = ()
    needs_key = True
    escalations: Collection[str] = frozenset({"queued"})

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """Nothing is signed: the API key that comes with the request stands for it."""

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:  # noqa: ARG002
        """None: Connect asks for nothing beforehand."""
        return None

    def answer(self, request: WebhookRequest) -> WebhookAnswer:
        """What a flow reads of us, flat texts without null; an empty object for everything else."""
        flows = [delivered.payload for delivered in _delivered(request) if is_flow_event(delivered.payload)]
        return WebhookAnswer(body=orjson.dumps(flow_answer(flows[0]) if len(flows) == 1 else {}))

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body holds a delivery of Connect's, and not one of a partner's on the same bus."""
        payloads = (delivered.payload for delivered in _delivered(request))
        return any(_kind(payload) and not text_field(payload, "source").startswith(_PARTNER) for payload in payloads)

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """The rows of all deliveries in the body; what is not Connect's is an event where it came wrapped or in a list.

        Raises InvalidRequest for a lone body that is not Connect's, and for a list of which none names a contact.
        """
        started_at = moment_of(request.query.get("started_at"))
        drafts: list[InteractionDraft | Problem] = []
        event_types: list[str] = []
        body = json_of(request.body, EXPECTED)
        are_lone_strangers = True
        for delivered in deliveries(body):
            kind = _kind(delivered.payload)
            event_types.append(kind or "unknown")
            are_lone_strangers = are_lone_strangers and not kind and _is_alone(delivered, body)
            drafts += _rows(delivered, started_at) if kind else [_stranger(delivered)]
        if are_lone_strangers:
            raise InvalidRequest(f"This is nothing that Amazon Connect sends. {EXPECTED}")
        return ParsedWebhook(told_apart(drafts), event_types)

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:  # noqa: ARG002
        """Nothing: see the module for why, and for the way back."""
        return ()


def _is_alone(delivered: Delivered, body: object) -> bool:
    """Whether something came by itself: as the body, or in a list of no record's without the contact that it is of."""
    if delivered.payload is body:
        return True
    listed = cast(Sequence[object], body) if isinstance(body, list) else ()
    return any(delivered.payload is each for each in listed) and not text_field(delivered.payload, "contactId")


def _stranger(delivered: Delivered) -> InteractionDraft | Problem:
    """What nobody knows, as an event of its contact where it names one."""
    payload = delivered.payload
    kind = text_field(payload, "streamingEventType", "eventType", "type", "name")
    at = moment_field(payload, "absoluteTime", "time", "timestamp") or delivered.arrived_at
    contact_id = text_field(payload, "contactId")
    return unknown_event(NAME, contact_id, kind, payload, channel=channel_of(payload), occurred_at=at)


def _delivered(request: WebhookRequest) -> Sequence[Delivered]:
    return list(deliveries(json_of(request.body, EXPECTED)))


def _kind(payload: Json) -> str:
    """The platform's own name of a delivery; empty for what is not Connect's."""
    if is_bridge_event(payload):
        detail = payload["detail"]
        return text_field(detail, "eventType") or text_field(payload, "detail-type")
    if is_flow_event(payload):
        return text_field(payload, "name") or "ContactFlowEvent"
    if is_segment_event(payload):
        return f"{text_field(payload, 'streamingEventType', 'eventType')} {text_field(payload, 'outputType')}".strip()
    if is_analysis(payload):
        return "Contact Lens analysis"
    if is_chat_item(payload):
        return text_field(payload, "contentType", "type")
    return text_field(payload, "type") if text_field(payload, "type") in _OF_TOPICS else ""


def _rows(delivered: Delivered, started_at: datetime | None) -> Sequence[InteractionDraft | Problem]:
    payload = delivered.payload
    if is_bridge_event(payload):
        return event_rows(payload)
    if is_flow_event(payload):
        return flow_rows(payload, delivered.arrived_at or started_at)
    if is_segment_event(payload):
        return segment_rows(delivered, started_at)
    if is_analysis(payload):
        return analysis_rows(payload, started_at)
    if is_chat_item(payload):
        return chat_rows(delivered)
    return ()
