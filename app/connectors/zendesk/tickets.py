"""Zendesk's ticket events: comments with their redactions, states, assignments; and trigger bodies of any form.

Facts: developer.zendesk.com/api-reference/webhooks/event-types/ticket-events (types, detail and event objects) and
.../messaging-events; dust-tt/dust `front/lib/triggers/built-in-webhooks/zendesk/schemas` (whole samples: ids are texts
in some and numbers in others, times have nanoseconds). No order is promised; `event.meta.sequence` ties what a single
action caused. The first comment of a ticket is its description and comes as `comment_added` too.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from app.connectors.drafting import Doer, Drafting, Identifiers, Occasion, identifier, participant
from app.connectors.html_text import text_of_html
from app.connectors.own_notes import is_own_note
from app.connectors.reading import Payload, child, digest, filled, first_word, flag, moment, word
from app.models import Actor, Channel, InteractionDraft, Kind, LifecycleStep

DRAFTING = Drafting("zendesk")
PREFIX = "zen:event-type:"
_NO_ID = frozenset({"", "0", "-1"})
_RESOLVED, _CLOSED = "SOLVED", "CLOSED"
_OPEN = frozenset({"NEW", "OPEN", "PENDING", "HOLD"})
# How Zendesk names its ways in, where the name itself does not say the channel.
_CHANNELS = {
    "web_form": Channel.WEB,
    "helpcenter": Channel.WEB,
    "web": Channel.WEB,
    "mobile_sdk": Channel.APP,
    "mobile": Channel.APP,
    "native_messaging": Channel.CHAT,
    "web_widget": Channel.CHAT,
    "chat": Channel.CHAT,
    "email": Channel.EMAIL,
    "mail": Channel.EMAIL,
    "viber": Channel.SOCIAL,
    "line": Channel.SOCIAL,
    "wechat": Channel.SOCIAL,
    "kakaotalk": Channel.SOCIAL,
}
_SYSTEM = Doer(Actor.SYSTEM)


class TicketEvent(NamedTuple):
    """One event as Zendesk sends it: its type without the prefix, and its parts."""

    type: str
    event_id: str
    at: datetime | None
    ticket: str
    detail: Payload
    event: Payload

    @property
    def scene(self) -> Occasion:
        """The ticket, which is conversation and case alike."""
        talk = self.ticket or f"event:{self.event_id}"
        return Occasion(talk, channel_of(word(self.detail, "via", "channel")), self.at, self.ticket or None)

    @property
    def customer(self) -> Identifiers:
        """Who asks: the requester, by Zendesk's id."""
        return requester(word(self.detail, "requester_id"))

    @property
    def actor(self) -> Doer:
        """Who caused it: the requester, or one of those who serve them."""
        actor_id = word(self.detail, "actor_id")
        if actor_id in _NO_ID:
            return Doer(Actor.SYSTEM, None, self.customer)
        # Who is assigned serves, also where they asked themselves.
        is_customer = actor_id == word(self.detail, "requester_id") != word(self.detail, "assignee_id")
        who = Actor.CUSTOMER if is_customer else Actor.AGENT
        return Doer(who, participant("", actor_id), self.customer)


def requester(user_id: str) -> Identifiers:
    """A user of Zendesk, by the id that it gives them."""
    return () if user_id in _NO_ID else identifier("zendesk_user_id", user_id)


def channel_of(written: str) -> Channel:
    """The channel by which a ticket came in."""
    name = written.strip().lower()
    return _CHANNELS.get(name) or Channel.of_application(name) or Channel.OTHER


def ticket_event(body: Payload) -> TicketEvent:
    """The parts of an event's body."""
    event_type = word(body, "type").removeprefix(PREFIX)
    detail = child(body, "detail")
    noun, _, number = word(body, "subject").removeprefix("zen:").partition(":")
    ticket = word(detail, "id") if event_type.startswith(("ticket.", "messaging_ticket.")) else ""
    ticket = ticket or (number if noun == "ticket" else "")
    event_id = word(body, "id") or digest(body)
    at = moment(body.get("time"), detail.get("updated_at"), detail.get("created_at"))
    return TicketEvent(event_type, event_id, at, ticket, detail, child(body, "event"))


def ticket_rows(body: Payload) -> Sequence[InteractionDraft]:
    """The rows of one event; of a type that is not known, the event itself."""
    happening = ticket_event(body)
    reader = _READERS.get(happening.type)
    rows = reader(happening) if reader else ()
    return rows or (_unknown(happening),)


def trigger_rows(body: Payload) -> Sequence[InteractionDraft]:
    """What a trigger or an automation sends has the form that its author gave it: an event with the body as data."""
    ticket = first_word(body, "ticket_id", "ticketId") or word(body, "ticket", "id") or word(body, "ticket")
    ticket = ticket if ticket.isdigit() else ""
    key = f"trigger:{digest(body)}"
    times = ("time", "timestamp", "updated_at", "created_at")
    at = moment(*(body.get(name) for name in times), *(child(body, "ticket").get(name) for name in times))
    written = word(body, "via") or word(body, "ticket", "via") or word(body, "ticket", "via", "channel")
    scene = Occasion(ticket or key, channel_of(written), at, ticket or None)
    name = first_word(body, "type", "event", "event_type", "name") or "trigger"
    return (DRAFTING.row(Kind.EVENT, key, scene, _SYSTEM, name=name, data=body),)


def _unknown(happening: TicketEvent) -> InteractionDraft:
    # What a comment says is filed where it was written; here it would outlive its redaction.
    event = {name: value for name, value in happening.event.items() if name not in ("meta", "comment")}
    comment = {
        name: value
        for name, value in child(happening.event, "comment").items()
        if name in ("id", "is_public", "attachment")
    }
    detail = {name: value for name, value in happening.detail.items() if name != "description"}
    doer, identifiers = happening.actor, _user_identifiers(happening)
    doer = doer._replace(identifiers=identifiers) if identifiers else doer
    data = filled(**{**event, "comment": comment, "detail": detail})
    return DRAFTING.row(
        Kind.EVENT, happening.event_id, happening.scene, doer, name=f"{PREFIX}{happening.type}", data=data
    )


def _user_identifiers(happening: TicketEvent) -> Identifiers:
    """What a user's event says of who an end user is; agents are nobody's customers."""
    if not happening.type.startswith("user.") or word(happening.detail, "role") != "end-user":
        return ()
    account, email = word(happening.detail, "external_id"), word(happening.detail, "email")
    return (
        *requester(word(happening.detail, "id")),
        *identifier("account_id", account),
        *identifier("email", email if "@" in email else ""),
    )


def _created(happening: TicketEvent) -> Sequence[InteractionDraft]:
    detail = happening.detail
    data = filled(
        subject=word(detail, "subject"),
        priority=word(detail, "priority"),
        status=word(detail, "status"),
        type=word(detail, "type"),
        tags=detail.get("tags"),
        external_id=word(detail, "external_id"),
        via=word(detail, "via", "channel"),
    )
    scene = happening.scene._replace(at=moment(detail.get("created_at"), happening.at))
    key = f"ticket:{happening.ticket}:created"
    started = DRAFTING.row(Kind.LIFECYCLE, key, scene, happening.actor, name=LifecycleStep.STARTED, data=data)
    description = word(detail, "description")
    if not description:
        return (started,)
    own, name, doer = {"description": description}, "ticket.description", Doer(Actor.SYSTEM, None, happening.customer)
    return (started, DRAFTING.row(Kind.EVENT, _description_of(happening), scene, doer, name=name, data=own))


def _description_of(happening: TicketEvent) -> str:
    """The id of a row of its own: the description is the first comment, and must go when that is redacted."""
    return f"ticket:{happening.ticket}:description"


def _author(happening: TicketEvent, comment: Payload, public: bool) -> Doer:
    author = child(comment, "author")
    author_id = word(author, "id") or word(happening.detail, "actor_id")
    shown = participant(word(author, "name"), "" if author_id in _NO_ID else author_id)
    staff = flag(author, "is_staff")
    requested = word(happening.detail, "requester_id")
    if staff is None:
        if author_id in _NO_ID or not requested:
            # Nothing tells whose side they are on.
            return Doer(Actor.SYSTEM, shown, happening.customer)
        staff = author_id != requested
    if staff:
        return Doer(Actor.AGENT, shown, happening.customer)
    if not public:
        # A customer has no way to write what the customer may not see.
        return Doer(Actor.SYSTEM, None, happening.customer)
    # Somebody in copy is a person of their own.
    return Doer(Actor.CUSTOMER, shown, requester(author_id) or happening.customer)


def _body(comment: Payload) -> str:
    return word(comment, "body") or text_of_html(word(comment, "html_body"))


def _comment_added(happening: TicketEvent) -> Sequence[InteractionDraft]:
    comment = child(happening.event, "comment")
    comment_id = word(comment, "id")
    if not comment:
        return ()
    public, text = flag(comment, "is_public") is not False, _body(comment)
    doer = _author(happening, comment, public)
    attachments = comment.get("attachments") or comment.get("attachment")
    data = filled(subject=word(happening.detail, "subject"), attachments=attachments)
    key = comment_id or happening.event_id
    if not public and is_own_note(text):
        own = filled(comment=comment_id)
        row = DRAFTING.row(Kind.EVENT, key, happening.scene, _SYSTEM, name="warmline.note", data=own, internal=True)
        return (row,)
    kind = Kind.MESSAGE if public or doer.actor is not Actor.AGENT else Kind.NOTE
    return (DRAFTING.row(kind, key, happening.scene, doer, text=text, data=data, internal=not public),)


def _comment_redacted(happening: TicketEvent) -> Sequence[InteractionDraft]:
    comment_id = word(happening.event, "comment", "id") or word(happening.event, "comment_id")
    if not comment_id:
        return ()
    # Nobody is told which comment is the first: the description's words stand in the comment too.
    key, doer = f"{happening.event_id}:description", happening.actor
    description = _description_of(happening)
    whole = DRAFTING.row(Kind.DELETION, key, happening.scene, doer, target=description) if happening.ticket else None
    return (*_deletion(happening, comment_id), *((whole,) if whole else ()))


def _attachment_linked(happening: TicketEvent) -> Sequence[InteractionDraft]:
    comment = child(happening.event, "comment")
    attachment = child(comment, "attachment") or child(happening.event, "attachment")
    attachment_id = word(attachment, "id")
    if not attachment_id:
        return ()
    public = flag(comment, "is_public") is not False and flag(attachment, "is_public") is not False
    data = filled(comment=word(comment, "id"), attachment=attachment)
    row = DRAFTING.row(
        Kind.EVENT,
        f"attachment:{attachment_id}",
        happening.scene,
        happening.actor,
        name=f"{PREFIX}{happening.type}",
        data=data,
        internal=not public,
    )
    return (row,)


def _attachment_redacted(happening: TicketEvent) -> Sequence[InteractionDraft]:
    attachment_id = word(happening.event, "comment", "attachment", "id") or word(happening.event, "attachment", "id")
    return _deletion(happening, f"attachment:{attachment_id}") if attachment_id else ()


def _deletion(happening: TicketEvent, target: str) -> Sequence[InteractionDraft]:
    return (DRAFTING.row(Kind.DELETION, happening.event_id, happening.scene, happening.actor, target=target),)


def _made_private(happening: TicketEvent) -> Sequence[InteractionDraft]:
    comment = child(happening.event, "comment")
    comment_id, text = word(comment, "id"), _body(comment)
    if not comment_id:
        return ()
    doer = _author(happening, comment, public=True)
    # Without words it hides the comment and changes nothing else.
    key, target = happening.event_id, comment_id
    return (DRAFTING.row(Kind.EDIT, key, happening.scene, doer, text=text, internal=True, target=target),)


def _status_changed(happening: TicketEvent) -> Sequence[InteractionDraft]:
    before, after = (word(happening.event, name).upper() for name in ("previous", "current"))
    if after == _RESOLVED or (after == _CLOSED and before != _RESOLVED):
        step = LifecycleStep.RESOLVED
    elif after == _CLOSED:
        step = LifecycleStep.ENDED
    elif after in _OPEN and before in (_RESOLVED, _CLOSED):
        step = LifecycleStep.REOPENED
    else:
        return ()
    return (_step(happening, step, filled(previous=before, current=after)),)


def _assigned(happening: TicketEvent) -> Sequence[InteractionDraft]:
    before, after = (word(happening.event, name) for name in ("previous", "current"))
    if after in _NO_ID:
        return ()
    return (_step(happening, LifecycleStep.ASSIGNED, filled(previous_assignee=before, assignee=after)),)


def _group_changed(happening: TicketEvent) -> Sequence[InteractionDraft]:
    before, after = (word(happening.event, name) for name in ("previous", "current"))
    if before in _NO_ID or after in _NO_ID:
        return ()
    return (_step(happening, LifecycleStep.TRANSFERRED, filled(previous_group=before, group=after)),)


def _step(happening: TicketEvent, step: LifecycleStep, data: dict[str, Any]) -> InteractionDraft:
    return DRAFTING.row(Kind.LIFECYCLE, happening.event_id, happening.scene, happening.actor, name=step, data=data)


def _message_added(happening: TicketEvent) -> Sequence[InteractionDraft]:
    message, actor = child(happening.event, "message"), child(happening.event, "actor")
    talk = word(happening.event, "conversation_id")
    message_id = word(message, "id")
    if not message:
        return ()
    scene = happening.scene._replace(channel=Channel.CHAT)
    scene = scene if happening.ticket else scene._replace(talk=f"conversation:{talk or happening.event_id}")
    data = filled(conversation=talk, attachments=message.get("attachments"))
    key = message_id or happening.event_id
    text = word(message, "body") or text_of_html(word(message, "html_body"))
    return (DRAFTING.row(Kind.MESSAGE, key, scene, messaging_doer(actor), text=text, data=data),)


def messaging_doer(actor: Payload) -> Doer:
    """Who wrote in a messaging conversation: an end user, an agent, or what answers by itself."""
    own_id, written = word(actor, "id"), word(actor, "type").lower()
    shown = participant(word(actor, "name"), own_id)
    if written in ("end_user", "user"):
        kind = "zendesk_user_id" if own_id.isdigit() else "zendesk_messaging_user_id"
        return Doer(Actor.CUSTOMER, shown, identifier(kind, own_id))
    # Zendesk's own helpers have ids of this form, whatever type they are given.
    if written == "agent" and not own_id.startswith("zd:"):
        return Doer(Actor.AGENT, shown)
    return Doer(Actor.BOT, shown)


_READERS: dict[str, Callable[[TicketEvent], Sequence[InteractionDraft]]] = {
    "ticket.created": _created,
    "ticket.comment_added": _comment_added,
    "ticket.comment_created": _comment_added,
    "ticket.comment_redacted": _comment_redacted,
    "ticket.comment_made_private": _made_private,
    "ticket.attachment_linked_to_comment": _attachment_linked,
    "ticket.attachment_redacted_from_comment": _attachment_redacted,
    "ticket.status_changed": _status_changed,
    "ticket.agent_assignment_changed": _assigned,
    "ticket.group_assignment_changed": _group_changed,
    "messaging_ticket.message_added": _message_added,
}
