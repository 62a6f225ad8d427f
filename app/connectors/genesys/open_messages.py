"""Open Messaging: messages, events and receipts between Genesys Cloud and a tenant's own channel.

Genesys posts what it sends (`direction` Outbound, with the `conversationId`); what the tenant posts to Genesys
(Inbound) has the same form, and a relay may send us both. Shapes: Platform API, `OpenOutboundMessage` and
`OpenInboundNormalizedMessage`; bodies as in the tests of gildas/go-gcloudcx. A receipt has the id of the message that
it is about; of a structured message `content` holds what can be chosen, of an answer `buttonResponse` what was.
"""

from collections.abc import Mapping, Sequence

from app.connectors.cloud_payloads import (
    Json,
    as_object,
    as_objects,
    digest,
    filled,
    moment_field,
    named,
    row,
    row_id,
    text_field,
)
from app.connectors.genesys.people import NAME, conversation_of
from app.models import BOOKKEEPING, Actor, Channel, Identifier, InteractionDraft, Kind, Problem

_SENDERS: Mapping[str, Actor] = {"bot": Actor.BOT, "human": Actor.AGENT}


def is_open_message(body: Json) -> bool:
    """Whether this is a message, an event or a receipt of Open Messaging."""
    channel = as_object(body.get("channel"))
    return bool(channel) and bool(as_object(channel.get("from")) or as_object(channel.get("to")))


def open_rows(body: Json) -> Sequence[InteractionDraft | Problem]:
    """The row of one message or receipt, or one for each event."""
    channel = as_object(body["channel"])
    inbound = text_field(body, "direction").lower() == "inbound"
    customer = as_object(channel.get("from" if inbound else "to"))
    service = as_object(channel.get("to" if inbound else "from"))
    integration = text_field(service, "id") or text_field(channel, "id")
    # The integration and the customer's address are what Genesys finds its conversation by.
    conversation_id = text_field(body, "conversationId") or f"{integration}:{text_field(customer, 'id')}"
    actor = Actor.CUSTOMER if inbound else _SENDERS.get(text_field(body, "originatingEntity").lower(), Actor.SYSTEM)
    # Ids of incoming messages are the tenant's own, and unique in their integration.
    message_id = row_id(NAME, integration, text_field(channel, "messageId") or text_field(body, "id") or digest(body))
    fields: dict[str, object] = {
        "occurred_at": moment_field(channel, "time"),
        "channel": Channel.CHAT,
        "actor": actor,
        "conversation_id": conversation_of(conversation_id),
        "identifiers": _customer(customer),
    }
    kind = text_field(body, "type").lower()
    if kind == "receipt":
        return [_receipt(body, message_id, fields)]
    if kind == "event":
        return [_event(event, message_id, fields) for event in as_objects(body.get("events"))]
    sender = as_object(channel.get("from"))
    own_id = text_field(sender, "id")
    return [_message(body, message_id, {**fields, "participant": named(_name(sender, inbound), own_id)})]


def _message(body: Json, message_id: str, fields: Mapping[str, object]) -> InteractionDraft | Problem:
    content = as_objects(body.get("content"))
    answers = [as_object(part.get("buttonResponse")) for part in content] + [as_object(body.get("buttonResponse"))]
    files = [as_object(part.get("attachment")) for part in content if as_object(part.get("attachment"))]
    text = text_field(body, "text")
    if len(files) == 1 and text == text_field(files[0], "filename", "text"):
        # An attachment alone comes with its own name as the text.
        text = ""
    chosen = [text_field(answer, "text", "payload") for answer in answers if answer]
    text = text or "\n".join(filter(None, chosen)) or "\n".join(_titles(content))
    choices = [label for part in content for label in _choices(part)]
    if not (text or files or choices):
        # A type that is yet to come, or content of one: nobody knows what it says, and nothing of it is lost.
        name = f"open_{text_field(body, 'type').lower() or 'message'}"
        return row(**fields, id=message_id, kind=Kind.EVENT, name=name[:256], data=body)
    return row(
        **fields,
        id=message_id,
        kind=Kind.MESSAGE,
        text=text,
        data=filled(
            attachments=[_file(attachment) for attachment in files],
            choices=choices,
            from_machine="unknown" if fields["actor"] is Actor.SYSTEM else "",
        ),
    )


def _titles(content: Sequence[Json]) -> Sequence[str]:
    """What the cards of a message say, where it has no text of its own."""
    cards = [as_object(part.get("card")) for part in content]
    cards += [card for part in content for card in as_objects(as_object(part.get("carousel")).get("cards"))]
    cards += [as_object(as_object(part.get("template")).get("body")) for part in content]
    lines = [line for card in cards for line in (text_field(card, "title", "text"), text_field(card, "description"))]
    return list(filter(None, lines))


def _choices(part: Json) -> Sequence[str]:
    """The labels that a part of a structured message offers."""
    offered = [as_object(part.get("quickReply"))]
    cards = [as_object(part.get("card")), *as_objects(as_object(part.get("carousel")).get("cards"))]
    offered += [action for card in cards for action in as_objects(card.get("actions"))]
    return [label for choice in offered if (label := text_field(choice, "text"))]


def _file(attachment: Json) -> Json:
    return filled(
        name=text_field(attachment, "filename"),
        content_type=text_field(attachment, "mime"),
        media=text_field(attachment, "mediaType"),
        url=text_field(attachment, "url"),
        bytes=attachment.get("contentSizeBytes"),
    )


def _receipt(body: Json, message_id: str, fields: Mapping[str, object]) -> InteractionDraft | Problem:
    status = text_field(body, "status").lower() or "unknown"
    reasons = [
        text_field(reason, "message", "code") for reason in as_objects(body.get("reasons")) if reason.get("message")
    ]
    return row(
        **{**fields, "actor": Actor.SYSTEM},
        id=row_id(message_id, "receipt", status),
        kind=Kind.EVENT,
        name="message_receipt",
        data={BOOKKEEPING: True, **filled(status=status, message_id=message_id, reasons=reasons)},
    )


def _event(event: Json, message_id: str, fields: Mapping[str, object]) -> InteractionDraft | Problem:
    kind = text_field(event, "eventType") or "unknown"
    return row(
        **fields,
        id=row_id(message_id, kind.lower(), digest([event, str(fields["occurred_at"])])),
        kind=Kind.EVENT,
        name=kind.lower()[:256],
        data=event,
    )


def _name(sender: Json, inbound: bool) -> str:
    """The name of who wrote; the integration's own name is nobody's."""
    if not inbound:
        return ""
    whole = " ".join(filter(None, (text_field(sender, "firstName"), text_field(sender, "lastName"))))
    return whole or text_field(sender, "nickname", "nickName")


def _customer(customer: Json) -> Sequence[Identifier]:
    """The customer's address on the tenant's channel, and as what it is where the tenant says so."""
    own_id = text_field(customer, "id")
    if not own_id:
        return ()
    kinds = {"email": "email", "phone": "phone"}
    kind = kinds.get(text_field(customer, "idType").lower())
    identifiers = [Identifier(type="genesys_open_id", value=own_id[:512])]
    return [*identifiers, Identifier(type=kind, value=own_id[:512])] if kind else identifiers
