"""Twilio Conversations: messages with their edits and removals, states, and who joins and leaves.

Facts: twilio.com/docs/conversations/conversations-webhooks (the parameters of each EventType) and
twilio.com/docs/events/event-types/conversations/* (the same as events: MessageBody in place of Body, no Source).
`Index` numbers the messages of a conversation, whatever order they arrive in.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from app.connectors.drafting import Doer, Drafting, Occasion
from app.connectors.reading import Payload, children, digest, filled, first_word, json_text, moment, word
from app.connectors.twilio.addresses import address
from app.connectors.twilio.sides import Sides
from app.models import BOOKKEEPING, Actor, Channel, InteractionDraft, Kind, LifecycleStep

DRAFTING = Drafting("twilio")
# Counts the attempts of a delivery, so that it differs between two of the same.
VOLATILE = frozenset({"RetryCount"})
# Sent before the message is: its words are filed with the event that follows, where an edit or a removal reaches them.
_BEFORE_IT_HAPPENS = frozenset({"onMessageAdd", "onMessageUpdate", "onMessageRemove"})
_TEXTS = frozenset({"Body", "MessageBody", "Subject", "MessageSubject", "Media", "Attributes"})
_SYSTEM = Doer(Actor.SYSTEM)
_MOST_IN_A_MILLISECOND = 999


def conversation_rows(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    """The rows of one event of a conversation; of a type that is not known, the event itself."""
    event_type = word(fields, "EventType")
    reader = _READERS.get(event_type)
    rows = reader(fields, sides) if reader and word(fields, "ConversationSid") else ()
    return rows or (unknown_event(fields, event_type, word(fields, "ConversationSid")),)


def unknown_event(
    fields: Payload, name: str, talk: str, *, at: Any = None, channel: Channel | None = None
) -> InteractionDraft:
    """What a request says, as an event with its parameters as data; `at` is the time of the envelope around it."""
    whole = {key: value for key, value in fields.items() if key not in VOLATILE}
    key = f"event:{digest(name, whole)}"
    data = {field: value for field, value in whole.items() if name not in _BEFORE_IT_HAPPENS or field not in _TEXTS}
    own_times = ("DateUpdated", "DateCreated", "Timestamp", "timestamp", "updatedAt", "createdAt", "requestDateCreated")
    scene = Occasion(talk or key, channel or _channel(fields), moment(*(fields.get(own) for own in own_times), at))
    return DRAFTING.row(Kind.EVENT, key, scene, _SYSTEM, name=name, data=data)


def _added(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    sid = word(fields, "MessageSid")
    if not sid:
        return ()
    data = {**_about_message(fields), **filled(subject=first_word(fields, "MessageSubject", "Subject"))}
    at = moment(fields.get("DateCreated"), fields.get("Timestamp"))
    if at is not None and (index := word(fields, "Index")).isdigit():
        # Two messages of one millisecond stay in their order.
        at += timedelta(microseconds=min(int(index[:4]), _MOST_IN_A_MILLISECOND))
    scene = Occasion(word(fields, "ConversationSid"), _channel(fields), at)
    return (DRAFTING.row(Kind.MESSAGE, sid, scene, sides.author(fields), text=_body(fields), data=data),)


def _updated(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    sid = word(fields, "MessageSid")
    if not sid or not ("Body" in fields or "MessageBody" in fields):
        return ()
    text, at = _body(fields), moment(fields.get("DateUpdated"), fields.get("Timestamp"))
    key = f"{sid}:edit:{digest(at, text)}"
    # Who edited it (ModifiedBy) only a webhook tells: the row is the same by whichever way it comes.
    data = _about_message(fields)
    scene = Occasion(word(fields, "ConversationSid"), _channel(fields), at)
    return (DRAFTING.row(Kind.EDIT, key, scene, sides.author(fields), text=text, data=data, target=sid),)


def _removed(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    sid = word(fields, "MessageSid")
    if not sid:
        return ()
    scene = Occasion(word(fields, "ConversationSid"), _channel(fields), moment(fields.get("DateRemoved")))
    return (DRAFTING.row(Kind.DELETION, f"{sid}:removed", scene, sides.author(fields), target=sid),)


def _state_updated(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    del sides
    before, after = (word(fields, name).lower() for name in ("StateFrom", "StateTo"))
    after = after or first_word(fields, "State", "ConversationState").lower()
    step = {"closed": LifecycleStep.ENDED, "active": LifecycleStep.REOPENED}.get(after)
    at = moment(fields.get("StateUpdated"), fields.get("DateUpdated"))
    if not after or (step is LifecycleStep.REOPENED and before in ("", "initializing")):
        return ()
    talk = word(fields, "ConversationSid")
    data = filled(state_from=before, state_to=after, reason=word(fields, "Reason"))
    key, scene = f"{talk}:state:{digest(at, after)}", Occasion(talk, _channel(fields), at)
    if step is None:
        return (DRAFTING.row(Kind.EVENT, key, scene, _SYSTEM, name=word(fields, "EventType"), data=data),)
    return (DRAFTING.row(Kind.LIFECYCLE, key, scene, _SYSTEM, name=step, data=data),)


def _conversation_added(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    talk, member = word(fields, "ConversationSid"), sides.member(fields)
    scene = Occasion(talk, _channel(fields), moment(fields.get("DateCreated")))
    doer = member if member.actor is Actor.CUSTOMER else _SYSTEM
    data = filled(
        friendly_name="" if address(word(fields, "FriendlyName")).reaches_somebody else word(fields, "FriendlyName"),
        messaging_service=word(fields, "MessagingServiceSid"),
    )
    row = DRAFTING.row(Kind.LIFECYCLE, f"{talk}:added", scene, doer, name=LifecycleStep.STARTED, data=data)
    return (row,)


def _member_changed(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    sid, event_type = word(fields, "ParticipantSid"), word(fields, "EventType")
    if not sid:
        return ()
    at = moment(*(fields.get(name) for name in ("DateRemoved", "DateUpdated", "DateCreated")))
    key = f"{sid}:{event_type}" if event_type != "onParticipantUpdated" else f"{sid}:{event_type}:{digest(at)}"
    data = filled(
        role=word(fields, "RoleSid"),
        level=word(fields, "MessagingBinding.Level"),
        reason=word(fields, "Reason"),
        last_read=word(fields, "LastReadMessageIndex"),
    )
    scene = Occasion(word(fields, "ConversationSid"), _channel(fields), at)
    return (DRAFTING.row(Kind.EVENT, key, scene, sides.member(fields), name=event_type, data=data),)


def _delivery_updated(fields: Payload, sides: Sides) -> Sequence[InteractionDraft]:
    del sides
    sid, status = word(fields, "MessageSid"), word(fields, "Status").lower()
    if not sid or not status:
        return ()
    at = moment(fields.get("DateUpdated"), fields.get("DateCreated"))
    data = filled(
        message=DRAFTING.key(sid),
        status=status,
        error_code=word(fields, "ErrorCode"),
        participant=word(fields, "ParticipantSid"),
    )
    data[BOOKKEEPING] = True
    key = f"{first_word(fields, 'DeliveryReceiptSid', 'MessageSid')}:{status}"
    scene = Occasion(word(fields, "ConversationSid"), _channel(fields), at)
    name = word(fields, "EventType")
    return (DRAFTING.row(Kind.EVENT, key, scene, _SYSTEM, name=name, data=data),)


_READERS: dict[str, Callable[[Payload, Sides], Sequence[InteractionDraft]]] = {
    "onMessageAdded": _added,
    "onMessageUpdated": _updated,
    "onMessageRemoved": _removed,
    "onConversationAdded": _conversation_added,
    "onConversationStateUpdated": _state_updated,
    "onParticipantAdded": _member_changed,
    "onParticipantUpdated": _member_changed,
    "onParticipantRemoved": _member_changed,
    "onDeliveryUpdated": _delivery_updated,
}


def _body(fields: Payload) -> str:
    return first_word(fields, "Body", "MessageBody")


def _about_message(fields: Payload) -> dict[str, Any]:
    index = word(fields, "Index")
    media = fields.get("Media")
    listed = children({"media": json_text(media) if isinstance(media, str) else media}, "media")
    attachments = [
        filled(
            id=first_word(item, "MediaSid", "Sid"),
            filename=word(item, "Filename"),
            content_type=word(item, "ContentType"),
            size=item.get("Size"),
        )
        for item in listed
    ]
    return filled(index=int(index) if index.isdigit() else None, attachments=attachments)


def _channel(fields: Payload) -> Channel:
    """The channel that an address of the event names; else the one by which it came, else a chat."""
    for name in ("Author", "MessagingBinding.Address", "MessagingBinding.AuthorAddress", "FriendlyName", "From", "To"):
        if (channel := address(word(fields, name)).channel) is not None:
            return channel
    for name in ("Source", "MessagingBinding.Type"):
        if (written := word(fields, name)) and (channel := Channel.of_application(written)) is not None:
            return channel
    return Channel.CHAT
