"""The stream of a chat's messages and events.

Facts of the guide's page `sns-payload` and of the participant API's `Item`: `Type` is MESSAGE, EVENT or ATTACHMENT,
`ContentType` says which; who may see a message stands in the topic's attribute `MessageVisibility`.
"""

from collections.abc import Mapping, Sequence

from app.connectors.amazon_connect.contacts import NAME, actor_of, case_of, conversation_of, name_of
from app.connectors.amazon_connect.envelopes import Delivered
from app.connectors.cloud_payloads import (
    Json,
    as_object,
    as_objects,
    digest,
    field,
    filled,
    is_object,
    moment_field,
    named,
    nested_json,
    row,
    row_id,
    text_field,
)
from app.models import BOOKKEEPING, Actor, Channel, InteractionDraft, Kind, LifecycleStep, Outcome, Problem, Visibility

_EVENT_TYPE = "application/vnd.amazonaws.connect.event."
_INTERACTIVE = "application/vnd.amazonaws.connect.message.interactive"


def is_chat_item(payload: Json) -> bool:
    """Whether this is a message or an event of a chat."""
    is_item = text_field(payload, "type").upper() in ("MESSAGE", "EVENT", "ATTACHMENT", "MESSAGEMETADATA")
    return is_item and bool(text_field(payload, "contactId", "initialContactId"))


def chat_rows(delivered: Delivered) -> Sequence[InteractionDraft | Problem]:
    """The row of one item of a chat."""
    item = delivered.payload
    contact_id = text_field(item, "contactId", "initialContactId")
    return [chat_row(item, contact_id, case_of(item, contact_id), visible_to=delivered.visible_to)]


def chat_row(item: Json, contact_id: str, case_id: str, *, visible_to: str = "") -> InteractionDraft | Problem:
    """An item of a chat as a row of its contact."""
    content_type = text_field(item, "contentType")
    role = text_field(item, "participantRole")
    actor = actor_of(role)
    at = moment_field(item, "absoluteTime") or moment_field(as_object(field(item, "time")), "absoluteTime")
    fields = {
        "id": row_id(NAME, contact_id, text_field(item, "id") or digest(item)),
        "occurred_at": at,
        "channel": Channel.CHAT,
        "actor": actor or Actor.SYSTEM,
        "conversation_id": conversation_of(contact_id),
        "case_id": case_id,
        "participant": named(name_of(item, role), text_field(item, "participantId")),
    }
    text = words_of(item, content_type)
    files = [_file(attachment) for attachment in as_objects(field(item, "attachments"))]
    if content_type.startswith(_EVENT_TYPE) or (not text and not files):
        # What is told of a message bears the message's id, and is told again when it changes.
        metadata = field(item, "messageMetadata")
        own_id = row_id(str(fields["id"]), content_type.removeprefix(_EVENT_TYPE), digest(metadata) if metadata else "")
        return row(**{**fields, "id": own_id}, **_event(content_type, item, actor))
    return row(
        **fields,
        kind=Kind.MESSAGE,
        text=text,
        data=filled(
            attachments=files,
            content_type="" if content_type.startswith("text/") else content_type,
            speaker="" if actor else role or "unknown",
        ),
        visibility=Visibility.INTERNAL if visible_to.upper() == "AGENT" else Visibility.PUBLIC,
    )


def _event(content_type: str, item: Json, actor: Actor | None) -> Mapping[str, object]:
    """The kind, name and outcome of what happened in a chat."""
    happened = content_type.removeprefix(_EVENT_TYPE)
    step: LifecycleStep | None = None
    if happened == "chat.ended":
        step = LifecycleStep.ENDED
    elif happened == "participant.joined" and actor is Actor.AGENT:
        step = LifecycleStep.ASSIGNED
    elif happened.startswith("transfer.succe"):
        step = LifecycleStep.TRANSFERRED
    if step is not None:
        return {"kind": Kind.LIFECYCLE, "name": step}
    failed = Outcome.FAILED if happened.endswith("failed") else None
    name = happened.replace(".", "_") or text_field(item, "type").lower() or "unknown"
    of_message = happened.startswith("message.") or text_field(item, "type").upper() == "MESSAGEMETADATA"
    data = filled(
        content=text_field(item, "content"),
        metadata=field(item, "messageMetadata"),
        **({BOOKKEEPING: True} if of_message else {}),
    )
    return {"kind": Kind.EVENT, "name": name[:256], "outcome": failed, "data": data}


def words_of(item: Json, content_type: str) -> str:
    """What a message says to people: of an interactive one its title, of an answer to one the label chosen."""
    content = text_field(item, "content")
    if content_type.startswith(_INTERACTIVE) or content_type == "application/json":
        labels = _labels(nested_json(content))
        return "\n".join(dict.fromkeys(labels)) or content
    return content


def _labels(value: object) -> Sequence[str]:
    """The titles of an interactive message, or of what was chosen of one; not the choices that it offers."""
    payload = as_object(value)
    inside = field(payload, "data", "content")
    own = [text_field(payload, name) for name in ("title", "subtitle") if text_field(payload, name)]
    return [*own, *(_labels(inside) if is_object(inside) else [])]


def _file(attachment: Json) -> Json:
    return filled(
        name=text_field(attachment, "attachmentName"),
        content_type=text_field(attachment, "contentType"),
        id=text_field(attachment, "attachmentId"),
        status=text_field(attachment, "status"),
    )
