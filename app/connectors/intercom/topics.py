"""The topics of Intercom's notifications, and the parts of conversations and tickets that they carry.

Facts: developers.intercom.com/docs/references/webhooks/webhook-models (topics; `ticket.closed` wraps its ticket),
intercom/Intercom-OpenAPI (`part_type`: comment, note, assignment, open, close, snoozed, …); hull/hull-connectors
`packages/connectors/hull-intercom/test` (a reply that reopens has the part type `open` and a body; a redacted part
comes again with the body of a notice). The same part may come with several topics.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from app.connectors.drafting import Doer, Drafting, Identifiers, Occasion, identifier
from app.connectors.html_text import text_of_html
from app.connectors.intercom.items import Item
from app.connectors.own_notes import is_own_note
from app.connectors.reading import Payload, child, children, digest, filled, first_word, flag, moment, word
from app.models import Actor, Channel, InteractionDraft, Kind, LifecycleStep

DRAFTING = Drafting("intercom")
_REDACTED = "conversation_part.redacted"
# Topics that carry a part which is news.
_WITH_PARTS = frozenset(
    {
        "conversation.user.created",
        "conversation.user.replied",
        "conversation.admin.single.created",
        "conversation.admin.replied",
        "conversation.operator.replied",
        "conversation.admin.noted",
        "conversation.admin.assigned",
        "conversation.admin.open.assigned",
        "conversation.admin.closed",
        "conversation.admin.opened",
        "conversation.admin.snoozed",
        "conversation.admin.unsnoozed",
        "ticket.created",
        "ticket.contact.replied",
        "ticket.admin.replied",
        "ticket.note.created",
        "ticket.admin.assigned",
        "ticket.team.assigned",
        "ticket.state.updated",
        "ticket.resolved",
        "ticket.closed",
    }
)
_WITH_SOURCE = frozenset({"conversation.user.created", "conversation.admin.single.created"})
_STARTED = _WITH_SOURCE | {"ticket.created"}
_STEP_OF_TOPIC = {
    "conversation.admin.closed": LifecycleStep.RESOLVED,
    "conversation.admin.opened": LifecycleStep.REOPENED,
    "conversation.admin.assigned": LifecycleStep.ASSIGNED,
    "conversation.admin.open.assigned": LifecycleStep.ASSIGNED,
    "ticket.resolved": LifecycleStep.RESOLVED,
    "ticket.closed": LifecycleStep.ENDED,
    "ticket.admin.assigned": LifecycleStep.ASSIGNED,
    "ticket.team.assigned": LifecycleStep.ASSIGNED,
}
_STATE_TOPIC = "ticket.state.updated"
_RESOLVED = "resolved"
_NOTES = "note"
_TAKEN_UP = frozenset({"open", "note_and_reopen", "assign_and_reopen"})
_ASSIGNED = frozenset({"assignment", "assign_and_reopen", "assign_and_unsnooze", "default_assignment"})
_AWAY = "away_mode_assignment"
_NOBODY = "nobody_"
_SYSTEM = Doer(Actor.SYSTEM)


class TopicNotification(NamedTuple):
    """One notification, without what changes between two attempts to deliver it."""

    topic: str
    own_id: str
    at: Any
    item: Item
    data_item: Payload


def notification_rows(body: Payload) -> Sequence[InteractionDraft]:
    """The rows of a notification; of a topic that is not known, the event itself."""
    topic, data_item = word(body, "topic"), child(body, "data", "item")
    item = Item.of(data_item)
    own_id = word(body, "id") or f"event:{digest(topic, body.get('created_at'), data_item)}"
    notification = TopicNotification(topic, own_id, body.get("created_at"), item, data_item)
    if topic == _REDACTED:
        return _redacted(notification) or (_event(notification),)
    if topic not in _WITH_PARTS:
        return (_event(notification),)
    rows = [row for part in item.parts for row in _part_rows(notification, part)]
    if topic in _STARTED:
        first = _first_message(notification)
        rows = [_started(notification, asks=not first), *first, *rows]
    step = _step_of(notification)
    if step is not None and not any(row.kind is Kind.LIFECYCLE and row.name == step for row in rows):
        rows.append(_lifecycle(notification, step))
    return rows or (_event(notification),)


def _part_rows(notification: TopicNotification, part: Payload) -> Sequence[InteractionDraft]:
    item, part_id, part_type = notification.item, word(part, "id"), word(part, "part_type").lower()
    if not part_id:
        return ()
    if flag(part, "redacted"):
        return (_deletion(notification, part_id, part),)
    by_bot = notification.topic == "conversation.operator.replied"
    doer = item.doer(child(part, "author"), from_bot=by_bot)
    scene = item.scene(part.get("created_at"), part_id)
    rows: list[InteractionDraft] = []
    text, attachments = text_of_html(word(part, "body")), _attachments(part)
    internal = _NOTES in part_type
    if internal and is_own_note(text):
        rows.append(DRAFTING.row(Kind.EVENT, part_id, scene, _SYSTEM, name="warmline.note", internal=True))
    elif text or attachments:
        kind = Kind.NOTE if internal else Kind.MESSAGE
        data = filled(attachments=attachments)
        rows.append(DRAFTING.row(kind, part_id, scene, doer, text=text, data=data, internal=internal))
    rows.extend(
        DRAFTING.row(Kind.LIFECYCLE, f"{part_id}:{step}", scene, doer, name=step, data=_about_step(part))
        for step in _steps(part, part_type)
    )
    return rows


def _steps(part: Payload, part_type: str) -> Sequence[LifecycleStep]:
    steps: list[LifecycleStep] = []
    before, after = (_state(part.get(name)) for name in ("previous_ticket_state", "ticket_state"))
    if part_type == "close":
        steps.append(LifecycleStep.RESOLVED)
    if part_type in _TAKEN_UP:
        steps.append(LifecycleStep.REOPENED)
    if before != after and before and after:
        if after == _RESOLVED:
            steps.append(LifecycleStep.RESOLVED)
        elif before == _RESOLVED:
            steps.append(LifecycleStep.REOPENED)
    assignee = child(part, "assigned_to")
    if part_type in _ASSIGNED or part_type.endswith(_AWAY):
        somebody = word(assignee, "id") and not word(assignee, "type").startswith(_NOBODY)
        if somebody or (not assignee and part_type == "assignment"):
            steps.append(LifecycleStep.ASSIGNED)
    return steps


def _about_step(part: Payload) -> dict[str, Any]:
    assignee = child(part, "assigned_to")
    return filled(
        part_type=word(part, "part_type"),
        assignee=filled(name=word(assignee, "name"), id=word(assignee, "id"), type=word(assignee, "type"))
        if word(assignee, "id")
        else None,
        state=_state(part.get("ticket_state")),
    )


def _first_message(notification: TopicNotification) -> Sequence[InteractionDraft]:
    item = notification.item
    if item.is_ticket:
        return _description(notification)
    source = item.source
    source_id = word(source, "id") or item.own_id
    if not source or not source_id:
        return ()
    if flag(source, "redacted"):
        return (_deletion(notification, f"message:{source_id}", source),)
    text, attachments = text_of_html(word(source, "body")), _attachments(source)
    if not text and not attachments:
        return ()
    data = filled(
        subject=text_of_html(word(source, "subject")),
        attachments=attachments,
        url=word(source, "url"),
        delivered_as=word(source, "delivered_as"),
    )
    doer, scene = item.doer(child(source, "author")), item.scene(item.body.get("created_at"), source_id)
    return (DRAFTING.row(Kind.MESSAGE, f"message:{source_id}", scene, doer, text=text, data=data),)


def _description(notification: TopicNotification) -> Sequence[InteractionDraft]:
    """What a ticket asks, where it is sure that the customer filled it in; else it stays data of the ticket's start."""
    item = notification.item
    doers = [item.doer(child(part, "author")) for part in item.parts]
    text = _asked(item)
    if not text or not doers or doers[0].actor is not Actor.CUSTOMER:
        return ()
    scene = item.scene(item.body.get("created_at"), notification.own_id)
    return (DRAFTING.row(Kind.MESSAGE, f"{item.own_id}:description", scene, doers[0], text=text),)


def _asked(item: Item) -> str:
    attributes = child(item.body, "ticket_attributes")
    lines = (text_of_html(word(attributes, name)) for name in ("_default_title_", "_default_description_"))
    return "\n".join(line for line in lines if line)


def _started(notification: TopicNotification, *, asks: bool) -> InteractionDraft:
    """That it began; where nobody says so in words, with what a ticket `asks`."""
    item = notification.item
    attributes = child(item.body if asks else None, "ticket_attributes")
    scene = item.scene(item.body.get("created_at"), notification.own_id)
    data = filled(
        ticket_type=word(item.body, "ticket_type", "name"),
        state=_state(item.body.get("ticket_state")),
        title=text_of_html(word(attributes, "_default_title_")),
        description=text_of_html(word(attributes, "_default_description_")),
    )
    doer = Doer(Actor.SYSTEM, None, item.customer())
    key = f"{item.own_id or notification.own_id}:started"
    return DRAFTING.row(Kind.LIFECYCLE, key, scene, doer, name=LifecycleStep.STARTED, data=data)


def _step_of(notification: TopicNotification) -> LifecycleStep | None:
    """The step that the topic itself says, where no part did."""
    topic, body = notification.topic, notification.item.body
    if topic == _STATE_TOPIC:
        return LifecycleStep.RESOLVED if _state(body.get("ticket_state")) == _RESOLVED else None
    step = _STEP_OF_TOPIC.get(topic)
    if step is LifecycleStep.ASSIGNED:
        assignee = child(body, "assignee")
        admins = (first_word(body, "admin_assignee_id", "team_assignee_id"), word(assignee, "id"))
        return step if any(admin not in ("", "0") for admin in admins) else None
    return step


def _lifecycle(notification: TopicNotification, step: LifecycleStep) -> InteractionDraft:
    item = notification.item
    at = moment(notification.at, item.body.get("updated_at"))
    doer = Doer(Actor.SYSTEM, None, item.customer())
    data = filled(
        state=_state(item.body.get("ticket_state")) or word(item.body, "state"),
        assignee=first_word(item.body, "admin_assignee_id", "team_assignee_id"),
    )
    scene = item.scene(at, notification.own_id)
    return DRAFTING.row(Kind.LIFECYCLE, notification.own_id, scene, doer, name=step, data=data)


def _redacted(notification: TopicNotification) -> Sequence[InteractionDraft]:
    item = notification.item
    source = item.source
    source_too = flag(source, "redacted") and word(source, "id")
    # Where parts say of themselves whether they are redacted, the others are only in company.
    marked = [part for part in item.parts if flag(part, "redacted")]
    parts = marked if marked or source_too else item.parts
    rows = [_deletion(notification, word(part, "id"), part) for part in parts if word(part, "id")]
    if source_too:
        rows.append(_deletion(notification, f"message:{word(source, 'id')}", source))
    return rows


def _deletion(notification: TopicNotification, target: str, part: Payload) -> InteractionDraft:
    item = notification.item
    redacted_by_topic = notification.topic == _REDACTED
    at = moment(part.get("updated_at"), notification.at if redacted_by_topic else None, part.get("created_at"))
    doer = Doer(Actor.SYSTEM, None, item.customer())
    key = f"{target}:redacted:{digest(at)}"
    return DRAFTING.row(Kind.DELETION, key, item.scene(at, target), doer, target=target)


def _event(notification: TopicNotification) -> InteractionDraft:
    """Something else that happened, with its item as data, but without texts that are filed as rows of their own."""
    item, data_item = notification.item, notification.data_item
    if word(data_item, "type") in ("contact", "user", "lead", "visitor", "contact_tag", "user_tag"):
        return _about_contact(notification)
    at = moment(notification.at, item.body.get("updated_at"))
    doer = Doer(Actor.SYSTEM, None, item.customer())
    is_talk = item.is_ticket or bool(item.source) or word(data_item, "type").startswith("conversation")
    data = _without_texts(data_item) if is_talk else data_item
    scene = item.scene(at, f"event:{notification.own_id}")
    if not is_talk:
        talk = word(data_item, "conversation_id") or f"event:{notification.own_id}"
        scene, doer = Occasion(talk, Channel.OTHER, at), _SYSTEM
    name = notification.topic or "notification"
    return DRAFTING.row(Kind.EVENT, notification.own_id, scene, doer, name=name, data=data)


def _about_contact(notification: TopicNotification) -> InteractionDraft:
    data_item = notification.data_item
    contact = child(data_item, "contact") or child(data_item, "user") or data_item
    contact_id = word(contact, "id")
    identifiers: Identifiers = Item(contact, is_ticket=False, parts=()).person(contact)
    merged = word(data_item, "merged_from", "id")
    identifiers = (*identifiers, *identifier("intercom_contact_id", merged))
    scene = Occasion(f"contact:{contact_id or notification.own_id}", Channel.OTHER, moment(notification.at))
    doer = Doer(Actor.SYSTEM, None, identifiers)
    return DRAFTING.row(
        Kind.EVENT, notification.own_id, scene, doer, name=notification.topic or "contact", data=data_item
    )


def _without_texts(value: Any) -> Any:
    """A copy without bodies of messages, which may be redacted in rows of their own, and of agents' addresses."""
    if isinstance(value, dict):
        members = child(value)
        left_out = _TEXTS | _OF_AGENTS if word(members, "type") == "admin" else _TEXTS
        return {name: _without_texts(member) for name, member in members.items() if name not in left_out}
    return [_without_texts(member) for member in children({"list": value}, "list")] if _lists_objects(value) else value


_OF_AGENTS = frozenset({"email", "phone"})
_TEXTS = frozenset({"body", "subject", "ticket_attributes", "custom_attributes", "attachments", "translations"})


def _lists_objects(value: Any) -> bool:
    return isinstance(value, list) and bool(children({"list": value}, "list"))


def _attachments(part: Payload) -> list[dict[str, Any]]:
    return [
        filled(
            name=word(item, "name"),
            url=word(item, "url"),
            content_type=word(item, "content_type"),
            size=item.get("filesize"),
        )
        for item in children(part, "attachments")
    ]


def _state(value: Any) -> str:
    """The category of a ticket's state, which is an object or a word."""
    return (first_word(value, "category", "internal_label") if isinstance(value, dict) else word(value)).lower()
