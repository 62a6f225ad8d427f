"""Sunshine Conversations, Zendesk's messaging by itself: batches of events, signed by a shared key in a header.

Facts: zendesk/sunshine-conversations-javascript `docs/WebhookBody.md` and `docs/WebhookSubSchema.md` (version 2: `app`,
`webhook` and `events`, each with `id`, `createdAt`, `type` and `payload`; the key is in `X-API-Key`).
"""

from collections.abc import Sequence

from app.connectors.drafting import Doer, Occasion, identifier, participant, problem
from app.connectors.reading import Payload, child, children, digest, filled, first_word, moment, word
from app.connectors.zendesk.tickets import DRAFTING, channel_of
from app.models import BOOKKEEPING, Actor, Channel, InteractionDraft, Kind, LifecycleStep, Problem

_SYSTEM = Doer(Actor.SYSTEM)
# How far a message got, and somebody's keyboard.
_STATES = ("conversation:message:delivery:", "conversation:read", "conversation:typing")
_MESSAGE, _POSTBACK, _CREATED = "conversation:message", "conversation:postback", "conversation:create"


def is_messaging(body: Payload) -> bool:
    """Whether a body is a batch of such events."""
    return isinstance(body.get("events"), list) and bool(child(body, "app") or child(body, "webhook"))


def messaging_rows(body: Payload) -> Sequence[InteractionDraft | Problem]:
    """The rows of a batch."""
    return [
        _row(event)
        if word(event, "type")
        else problem("Expected an event of Zendesk messaging: an object with a type.")
        for event in children(body, "events")
    ]


def messaging_types(body: Payload) -> Sequence[str]:
    """The types of a batch's events, each once."""
    return tuple(dict.fromkeys(word(event, "type") for event in children(body, "events")))


def _row(event: Payload) -> InteractionDraft:
    event_type, payload = word(event, "type"), child(event, "payload")
    talk = word(payload, "conversation", "id")
    message = child(payload, "message") or child(payload, "postback")
    event_id = word(event, "id") or digest(event)
    at = moment(message.get("received"), event.get("createdAt"))
    scene = Occasion(f"conversation:{talk or event_id}", _channel(message or payload), at)
    if event_type == _MESSAGE and message:
        content = child(message, "content")
        attachments = filled(
            type="" if word(content, "type") == "text" else word(content, "type"),
            url=word(content, "mediaUrl"),
            content_type=word(content, "mediaType"),
            payload=word(content, "payload"),
        )
        text = first_word(content, "text", "altText")
        key = word(message, "id") or event_id
        quoted = word(message, "quotedMessage", "message", "id")
        data = filled(attachments=[attachments] if attachments else [], reply_to=DRAFTING.key(quoted) if quoted else "")
        return DRAFTING.row(Kind.MESSAGE, key, scene, _author(child(message, "author")), text=text, data=data)
    if event_type == _POSTBACK:
        doer = _author({"type": "user", **child(payload, "user")})
        text = first_word(message, "text", "payload")
        return DRAFTING.row(Kind.MESSAGE, event_id, scene, doer, text=text, data=filled(**message))
    if event_type == _CREATED:
        doer = _author({"type": "user", **child(payload, "user")})
        return DRAFTING.row(Kind.LIFECYCLE, event_id, scene, doer, name=LifecycleStep.STARTED)
    data = {**payload, BOOKKEEPING: True} if event_type.startswith(_STATES) else payload
    return DRAFTING.row(Kind.EVENT, event_id, scene, _SYSTEM, name=event_type, data=data)


def _author(author: Payload) -> Doer:
    own_id = first_word(author, "userId", "id")
    name = first_word(author, "displayName") or " ".join(
        part for name in ("givenName", "surname") if (part := word(author, "profile", name))
    )
    shown = participant(name, own_id)
    if word(author, "type") == "user":
        account = first_word(author, "userExternalId", "externalId")
        identifiers = (*identifier("zendesk_messaging_user_id", own_id), *identifier("account_id", account))
        return Doer(Actor.CUSTOMER, shown, identifiers)
    # A business writes through its agents' workspace or through a program, and only the subtypes tell which.
    return Doer(Actor.BOT if word(author, "subtypes") or word(author, "subtype") == "AI" else Actor.AGENT, shown)


def _channel(message: Payload) -> Channel:
    written = word(message, "source", "type")
    return Channel.CHAT if written in ("", "web", "ios", "android", "api:conversations") else channel_of(written)
