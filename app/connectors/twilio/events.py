"""Event Streams: CloudEvents, one or many, read as the requests that Twilio sends of the same things.

Facts: twilio.com/docs/events (at least once, in any order), twilio.com/docs/events/event-types. Documented examples
have the time in `datacontenttype` and none in `time`.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from app.connectors.drafting import problem
from app.connectors.reading import Payload, child, first_word, word
from app.connectors.twilio.conversations import conversation_rows, unknown_event
from app.connectors.twilio.messaging import messaging_rows
from app.connectors.twilio.sides import Sides
from app.connectors.twilio.voice import voice_rows
from app.models import Channel, InteractionDraft, Problem

PREFIX = "com.twilio."
_CONVERSATIONS = f"{PREFIX}conversations."
_MESSAGES = (f"{PREFIX}messaging.inbound-message.", f"{PREFIX}messaging.message.")
_CALLS = (f"{PREFIX}voice.status-callback.call.", f"{PREFIX}voice.webhook.status-callback.call.")
_VOICE = f"{PREFIX}voice."
_CALL_STATUS = {"answered": "in-progress"}
_TIMES_OF_NOUN = {"conversation-state": "StateUpdated"}


def event_rows(event: Payload, sides: Sides) -> Sequence[InteractionDraft | Problem]:
    """The rows of one CloudEvent."""
    event_type, data = word(event, "type"), child(event, "data")
    if not event_type.startswith(PREFIX):
        return (problem(f"Expected an event of Twilio: its type begins with {PREFIX}"),)
    for prefixes, reader in _READERS:
        if event_type.startswith(prefixes):
            return reader(event, event_type, data, sides)
    talk = first_word(data, "ConversationSid", "CallSid", "callSid", "call_sid", "sid", "MessageSid", "messageSid")
    channel = Channel.VOICE if event_type.startswith(_VOICE) else None
    return (unknown_event(data, event_type, talk, at=_time(event), channel=channel),)


def _conversation(event: Payload, event_type: str, data: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    noun, _, verb = event_type.removeprefix(_CONVERSATIONS).rpartition(".")
    name = "on" + "".join(part.capitalize() for part in noun.split("-")) + verb.capitalize()
    fields = {**_flat(data), "EventType": name}
    when = _TIMES_OF_NOUN.get(noun, "DateCreated" if verb == "added" else f"Date{verb.capitalize()}")
    fields.setdefault(when, _time(event))
    return conversation_rows(fields, sides)


def _message(event: Payload, event_type: str, data: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    del sides
    fields = {f"{name[:1].upper()}{name[1:]}": value for name, value in data.items()}
    fields.setdefault("Timestamp", _time(event))
    if event_type.startswith(_MESSAGES[0]):
        fields["MessageStatus"] = "received"
        fields.setdefault("Body", "")
    else:
        fields.setdefault("MessageStatus", event_type.rpartition(".")[2])
    return messaging_rows(fields)


def _call(event: Payload, event_type: str, data: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    parameters: Any = child(data, "request").get("parameters")
    fields: dict[str, Any] = dict(
        parse_qsl(parameters) if isinstance(parameters, str) else child(data, "request", "parameters")
    )
    status = event_type.rpartition(".")[2]
    fields.setdefault("CallSid", word(data, "sid"))
    fields.setdefault("CallStatus", _CALL_STATUS.get(status, status))
    fields.setdefault("Timestamp", first_word(data, "timestamp", "requestDateCreated") or _time(event))
    return voice_rows(fields, sides)


_Reader = Callable[[Payload, str, Payload, Sides], Sequence[InteractionDraft]]
_READERS: Sequence[tuple[tuple[str, ...], _Reader]] = (
    ((_CONVERSATIONS,), _conversation),
    (_MESSAGES, _message),
    (_CALLS, _call),
)


def _flat(data: Payload) -> dict[str, Any]:
    """The data with the members of an inner object beside the others, as a form has them."""
    flat: dict[str, Any] = {}
    for name, value in data.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": member for inner, member in child(data, name).items()}
        else:
            flat[name] = value
    return flat


def _time(event: Payload) -> str:
    return first_word(event, "time", "datacontenttype")
