"""Twilio: Conversations, Messaging and Voice by webhook, and Event Streams.

Twilio has no private note, so nothing is written back: the brief is on the card and in the stream.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

from app.connectors.base import BriefNote, Credential, OutgoingCall, ParsedWebhook, WebhookAnswer, WebhookRequest
from app.connectors.drafting import problem, without_repeats
from app.connectors.reading import Payload, child, first_word, json_body, word
from app.connectors.twilio.conversations import conversation_rows, unknown_event
from app.connectors.twilio.events import PREFIX, event_rows
from app.connectors.twilio.messaging import messaging_rows
from app.connectors.twilio.sides import Sides
from app.connectors.twilio.signature import check_signature, form_fields, is_form
from app.connectors.twilio.voice import voice_rows
from app.connectors.twilio.whole_forms import is_cut
from app.errors import InvalidRequest
from app.models import Channel, InteractionDraft, Problem

_EXPECTED = "a form of Twilio (with a MessageSid, CallSid or ConversationSid) or its events"
_NO_REPLY = b'<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
_SIDS = (
    "MessageSid",
    "SmsSid",
    "SmsMessageSid",
    "CallSid",
    "ConversationSid",
    "ConferenceSid",
    "RecordingSid",
    "TranscriptionSid",
    "ParticipantSid",
    "UserSid",
)


class TwilioConnector:
    """Twilio's webhooks."""

    name = "twilio"
    title = "Twilio"
    needs_key = False
    escalations: Collection[str] = frozenset({"onParticipantAdded"})
    credentials: Sequence[Credential] = (
        Credential("auth_token", "The Auth Token of the account, by which Twilio signs its webhooks."),
        Credential("shared_key", "The shared key of a webhook rule, where one signs instead.", required=False),
        Credential(
            "json_without_digest",
            "`accept` takes JSON whose address has no bodySHA256: its body is then not covered by the signature.",
            required=False,
            secret=False,
        ),
    )

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """Check X-Twilio-Signature. Raises Unauthorized."""
        check_signature(request, credentials)

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:
        """Twilio asks nothing before it sends."""
        del request, credentials
        return None

    def answer(self, request: WebhookRequest) -> WebhookAnswer:
        """An empty TwiML for a form, which does nothing; nothing for events."""
        return WebhookAnswer(200, _NO_REPLY, "text/xml") if is_form(request) else WebhookAnswer()

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body is a form with Twilio's ids, or events of Twilio."""
        try:
            return any(isinstance(row, InteractionDraft) for row in self.parse(request).drafts)
        except InvalidRequest:
            return False

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """The rows of a form, of one event or of many. Raises InvalidRequest."""
        sides = Sides.of_query(request.query)
        if is_form(request) or not request.body:
            fields = self._fields(request)
            own = _in_usual_channel(_form_rows(fields, sides), request.query)
            return ParsedWebhook(without_repeats(own), (_form_type(fields),))
        content = json_body(request.body, _EXPECTED)
        events = cast(list[Any], content) if isinstance(content, list) else [content]
        rows: list[InteractionDraft | Problem] = []
        types: list[str] = []
        for event in events:
            event_type = first_word(event, "type", "eventType", "EventType") or (_has_sid(event) and _form_type(event))
            if not event_type:
                rows.append(problem("Expected an event of Twilio: an object with a type."))
                continue
            types.append(event_type)
            rows.extend(_json_rows(cast(Payload, event), sides))
        if not types or not any(isinstance(row, InteractionDraft) for row in rows):
            raise InvalidRequest(f"body: Expected {_EXPECTED}: objects whose type begins with {PREFIX}")
        return ParsedWebhook(without_repeats(_in_usual_channel(rows, request.query)), tuple(dict.fromkeys(types)))

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:
        """Nothing: whatever is written into a conversation of Twilio, its customer reads."""
        del note, credentials
        return ()

    @staticmethod
    def _fields(request: WebhookRequest) -> Payload:
        try:
            fields = dict(form_fields(request.body)) if request.body else dict(request.query)
        except ValueError:
            raise InvalidRequest(f"body: Expected {_EXPECTED}, in UTF-8") from None
        cleaned = {name.replace("\0", ""): value.replace("\0", "") for name, value in fields.items()}
        if not _has_sid(cleaned):
            raise InvalidRequest(f"body: Expected {_EXPECTED}")
        if request.body and is_cut(request.body, cleaned):
            raise InvalidRequest(f"body: Expected {_EXPECTED}, whole: this form was cut off")
        return cleaned


def _in_usual_channel(
    rows: Sequence[InteractionDraft | Problem], query: Mapping[str, str]
) -> Sequence[InteractionDraft | Problem]:
    """The rows, those that would be of a chat in the channel that the address of the webhook names.

    Of what agents, bots and Twilio itself do in a conversation an event tells no address, and so not how its customer
    is reached.
    """
    usual = Channel.of_application(query.get("channel", "").strip().lower())
    if usual is None:
        return rows
    return [
        row.model_copy(update={"channel": usual})
        if isinstance(row, InteractionDraft) and row.channel is Channel.CHAT
        else row
        for row in rows
    ]


def _json_rows(event: Payload, sides: Sides) -> Sequence[InteractionDraft | Problem]:
    if not word(event, "type") and _has_sid(event):
        # The fields of a form, which a gateway has put into JSON.
        return _form_rows(event, sides)
    if "eventType" in event and "data" in event:
        # The Conversation Orchestrator says of an author only the address, and not whether it is ours.
        data = child(event, "data")
        talk = first_word(data, "conversationId", "id")
        return (unknown_event(data, word(event, "eventType"), talk, at=first_word(event, "timestamp")),)
    return event_rows(event, sides)


def _has_sid(fields: Any) -> bool:
    return any(word(fields, name) for name in _SIDS)


def _form_type(fields: Payload) -> str:
    written = first_word(fields, "EventType", "TranscriptionEvent", "StatusCallbackEvent")
    status = first_word(fields, "MessageStatus", "SmsStatus", "RecordingStatus", "CallStatus")
    return written or (f"status:{status}" if status else "message")


def _form_rows(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    if word(fields, "EventType"):
        return conversation_rows(fields, sides)
    if first_word(fields, "MessageSid", "SmsSid", "SmsMessageSid"):
        return messaging_rows(fields)
    return voice_rows(fields, sides)


TWILIO = TwilioConnector()

__all__ = ["TWILIO", "TwilioConnector"]
