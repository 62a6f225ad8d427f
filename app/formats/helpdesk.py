"""Conversations as helpdesks export them, recognised by their structure: Zendesk, Intercom and Chatwoot.

- Zendesk: a ticket with `requester_id` and `comments`, each with `author_id`, `body` and `public`; people beside them
  as `users`, `requester` or `submitter` (developer.zendesk.com, Ticket comments; Incremental exports)
- Intercom: `type: conversation` with a `source` and `conversation_parts`, whose authors are users, leads or contacts on
  one side, admins and bots on the other (developers.intercom.com, The conversation model)
- Chatwoot: a conversation with `messages`, or a page of them as `payload`, each with a `message_type`: 0 incoming,
  1 outgoing, 2 activity, 3 template (developers.chatwoot.com, Conversation messages)

Bodies that are HTML stay so and say it in `data.headers`. Private notes are internal, activity is an event.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from pydantic import ValidationError

from app.errors import InvalidRequest
from app.formats.options import ReadingOptions
from app.formats.timestamps import placed
from app.formats.turns import when
from app.models import Actor, Channel, Identifier, InteractionDraft, Kind, LifecycleStep, Participant, Visibility
from app.validation import check_size_of_data, invalid_request

Fields = Mapping[str, Any]

_HTML = {"headers": {"Content-Type": "text/html"}}
_INTERCOM_CUSTOMERS = frozenset({"user", "lead", "contact", "visitor"})
_STEPS = {
    "assignment": LifecycleStep.ASSIGNED,
    "assign_and_unsnooze": LifecycleStep.ASSIGNED,
    "default_assignment": LifecycleStep.ASSIGNED,
    "close": LifecycleStep.RESOLVED,
    "open": LifecycleStep.REOPENED,
}
_CHATWOOT_TYPES = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}


class ReadHelpdesk(NamedTuple):
    """The platform of an exported conversation, and its interactions."""

    platform: str
    drafts: Sequence[InteractionDraft]


class _Entry(NamedTuple):
    """One entry of a conversation as its platform tells it."""

    id: str
    at: datetime | float | None
    actor: Actor
    text: str
    kind: Kind = Kind.MESSAGE
    name: str | None = None
    person: Fields | None = None
    is_html: bool = False
    internal: bool = False
    attachments: Sequence[Mapping[str, Any]] = ()


def platform_of(value: Fields) -> str | None:
    """Whose export a JSON object is; None where it is none of these."""
    ticket = _ticket(value)
    if isinstance(ticket.get("comments"), list) and ("requester_id" in ticket or "requester" in ticket):
        return "zendesk"
    if isinstance(value.get("conversation_parts"), dict) or (value.get("type") == "conversation" and "source" in value):
        return "intercom"
    messages = _chatwoot_messages(value)
    return "chatwoot" if messages and all("message_type" in message for message in messages) else None


def conversation_of_helpdesk(value: Fields, options: ReadingOptions) -> ReadHelpdesk:
    """The interactions of an exported conversation. Raises InvalidRequest, or PayloadTooLarge."""
    platform = platform_of(value)
    if platform == "zendesk":
        ticket = _ticket(value)
        customer = _person(ticket.get("requester"), ticket.get("requester_id"), _users(value, ticket))
        return _read(platform, ticket, customer, _zendesk(ticket, value), _channel_of_via(ticket), options)
    if platform == "intercom":
        return _read(platform, value, _intercom_customer(value), _intercom(value), _intercom_channel(value), options)
    if platform == "chatwoot":
        meta = cast(Fields, value.get("meta") or {})
        sender = meta.get("sender") or meta.get("contact")
        customer = cast(Fields, sender) if isinstance(sender, dict) else _chatwoot_contact(value)
        identified = {**value, "id": value.get("id") or _chatwoot_conversation(value)}
        channel = Channel.of_application(str(value.get("channel") or meta.get("channel") or ""))
        return _read(platform, identified, customer, _chatwoot(value), channel or Channel.CHAT, options)
    raise InvalidRequest("this is no conversation of Zendesk, Intercom or Chatwoot.")


def _read(
    platform: str,
    whole: Fields,
    customer: Fields | None,
    entries: Iterator[_Entry],
    channel: Channel,
    options: ReadingOptions,
) -> ReadHelpdesk:
    if whole.get("id") in (None, ""):
        raise InvalidRequest("id: the conversation has none, by which it would be known again.")
    conversation_id = f"{platform}-{whole['id']}"
    subject = _first_text(whole, "subject", "title")
    drafts: list[InteractionDraft] = []
    for entry in entries:
        data: dict[str, Any] = dict(_HTML) if entry.is_html else {}
        if subject and not drafts:
            data["subject"] = subject
        if entry.attachments:
            data["attachments"] = list(entry.attachments)
        drafts.append(_draft(entry, conversation_id, channel, _identifiers(customer), data, options))
    if not drafts:
        raise InvalidRequest("the conversation is empty: there is nothing to file.")
    return ReadHelpdesk(platform, drafts)


def _draft(
    entry: _Entry,
    conversation_id: str,
    channel: Channel,
    identifiers: tuple[Identifier, ...],
    data: Mapping[str, Any],
    options: ReadingOptions,
) -> InteractionDraft:
    try:
        draft = InteractionDraft(
            id=f"{conversation_id}-{entry.id}"[:256],
            occurred_at=placed(entry.at, options.naive_times) if isinstance(entry.at, datetime) else None,
            channel=channel,
            actor=entry.actor,
            kind=entry.kind,
            conversation_id=conversation_id[:256],
            case_id=conversation_id[:256],
            participant=_participant(entry.person),
            identifiers=identifiers,
            text=entry.text.replace("\0", ""),
            name=entry.name,
            visibility=Visibility.INTERNAL if entry.internal else Visibility.PUBLIC,
            data=data,
        )
    except ValidationError as failure:
        raise invalid_request(failure, inside=f"entry {entry.id}") from None
    except ValueError as failure:
        raise InvalidRequest(f"entry {entry.id}: {failure}.") from None
    check_size_of_data(draft, inside=f"entry {entry.id}")
    return draft


def _zendesk(ticket: Fields, value: Fields) -> Iterator[_Entry]:
    users = _users(value, ticket)
    requester = str(ticket.get("requester_id") or cast(Fields, ticket.get("requester") or {}).get("id"))
    for number, comment in enumerate(_objects(ticket["comments"])):
        author = str(comment.get("author_id"))
        person = _person(comment.get("author"), comment.get("author_id"), users)
        role = str((person or {}).get("role") or "").casefold()
        # Whoever is no agent is on the customer's side: the requester, and those in copy.
        serves = role in ("agent", "admin") or (not role and author != requester)
        plain = next(
            (text for key in ("plain_body", "body") if isinstance(text := comment.get(key), str) and text), None
        )
        html = comment.get("html_body")
        is_public = comment.get("public", True) is not False
        yield _Entry(
            id=str(comment.get("id", number)),
            at=when(comment.get("created_at")),
            actor=Actor.AGENT if serves else Actor.CUSTOMER,
            text=plain if plain is not None else str(html or ""),
            kind=Kind.MESSAGE if is_public else Kind.NOTE,
            person=person,
            is_html=plain is None and bool(html),
            internal=not is_public,
            attachments=_attachments(comment),
        )


def _ticket(value: Fields) -> Fields:
    inner = value.get("ticket")
    if not isinstance(inner, dict):
        return value
    beside = {"comments": value["comments"]} if "comments" in value else {}
    return {**cast(Fields, inner), **beside}


def _users(value: Fields, ticket: Fields) -> Mapping[str, Fields]:
    listed = [*_objects(value.get("users")), *_objects(ticket.get("users"))]
    listed += [
        cast(Fields, person)
        for key in ("requester", "submitter", "assignee")
        if isinstance(person := ticket.get(key), dict)
    ]
    return {str(user.get("id")): user for user in listed}


def _person(given: object, identity: object, users: Mapping[str, Fields]) -> Fields | None:
    listed = users.get(str(identity))
    if isinstance(given, dict):
        return {**(listed or {}), **cast(Fields, given)}
    return listed or ({"id": identity} if identity is not None else None)


def _channel_of_via(ticket: Fields) -> Channel:
    via = ticket.get("via")
    named = str(cast(Fields, via).get("channel") or "") if isinstance(via, dict) else ""
    return Channel.of_application(named) or Channel.EMAIL


def _intercom(value: Fields) -> Iterator[_Entry]:
    source = value.get("source")
    if isinstance(source, dict) and cast(Fields, source).get("body"):
        first = cast(Fields, source)
        yield _intercom_entry({**first, "part_type": "comment", "created_at": value.get("created_at")}, 0)
    parts = cast(Fields, value.get("conversation_parts") or {}).get("conversation_parts")
    for number, part in enumerate(_objects(parts), 1):
        yield _intercom_entry(part, number)


def _intercom_entry(part: Fields, number: int) -> _Entry:
    author = cast(Fields, part.get("author") or {})
    side = str(author.get("type") or "")
    part_type = str(part.get("part_type") or "comment")
    text = str(part.get("body") or "")
    step = _STEPS.get(part_type)
    entry = _Entry(
        id=str(part.get("id", number)),
        at=when(part.get("created_at")),
        actor=Actor.CUSTOMER if side in _INTERCOM_CUSTOMERS else Actor.BOT if side == "bot" else Actor.AGENT,
        text=text,
        person=author or None,
        is_html=bool(text),
        attachments=_attachments(part),
    )
    if part_type in ("note", "note_and_reopen"):
        return entry._replace(kind=Kind.NOTE, internal=True)
    if text:
        return entry
    if step is not None:
        return entry._replace(kind=Kind.LIFECYCLE, name=step.value)
    return entry._replace(kind=Kind.EVENT, name=part_type[:256])


def _intercom_customer(value: Fields) -> Fields | None:
    contacts = value.get("contacts")
    listed = _objects(cast(Fields, contacts).get("contacts")) if isinstance(contacts, dict) else []
    source = cast(Fields, value.get("source") or {})
    authors = [cast(Fields, source.get("author") or {}), *listed]
    return next((person for person in authors if str(person.get("type") or "contact") in _INTERCOM_CUSTOMERS), None)


def _intercom_channel(value: Fields) -> Channel:
    source = cast(Fields, value.get("source") or {})
    return Channel.of_application(str(source.get("type") or "")) or Channel.CHAT


def _chatwoot(value: Fields) -> Iterator[_Entry]:
    for number, message in enumerate(_chatwoot_messages(value)):
        given = message.get("message_type")
        kind = _CHATWOOT_TYPES.get(given, "") if isinstance(given, int) else str(given)
        sender = cast(Fields, message.get("sender") or {})
        is_private = message.get("private") is True
        is_bot = str(sender.get("type") or message.get("sender_type") or "").casefold() in ("agent_bot", "agentbot")
        served = Actor.BOT if is_bot or kind == "template" else Actor.AGENT
        text = str(message.get("content") or "")
        is_event = kind == "activity"
        yield _Entry(
            id=str(message.get("id", number)),
            at=when(message.get("created_at")),
            actor=Actor.SYSTEM if is_event else Actor.CUSTOMER if kind == "incoming" else served,
            text=text,
            kind=Kind.EVENT if is_event else Kind.NOTE if is_private else Kind.MESSAGE,
            name="activity" if is_event else None,
            person=sender or None,
            internal=is_private,
            attachments=_attachments(message),
        )


def _chatwoot_messages(value: Fields) -> Sequence[Fields]:
    return _objects(value.get("messages")) or _objects(value.get("payload"))


def _chatwoot_conversation(value: Fields) -> object:
    return next((number for message in _chatwoot_messages(value) if (number := message.get("conversation_id"))), None)


def _chatwoot_contact(value: Fields) -> Fields | None:
    for message in _chatwoot_messages(value):
        sender = message.get("sender")
        if message.get("message_type") in (0, "incoming") and isinstance(sender, dict):
            return cast(Fields, sender)
    return None


def _identifiers(customer: Fields | None) -> tuple[Identifier, ...]:
    if customer is None:
        return ()
    values = {
        "email": customer.get("email"),
        "phone": customer.get("phone_number") or customer.get("phone"),
        "account_id": customer.get("external_id") or customer.get("identifier"),
    }
    return tuple(
        Identifier(type=kind, value=value.strip()[:512])
        for kind, value in values.items()
        if isinstance(value, str) and value.strip()
    )


def _participant(person: Fields | None) -> Participant | None:
    if person is None:
        return None
    name = person.get("name") or person.get("display_name") or person.get("email")
    identity = person.get("id")
    return Participant(name=str(name)[:256] if name else None, id=str(identity)[:256] if identity is not None else None)


def _attachments(entry: Fields) -> Sequence[Mapping[str, Any]]:
    return [
        {
            "filename": str(attached.get("file_name") or attached.get("name") or "")[:256],
            "mediatype": str(attached.get("content_type") or attached.get("file_type") or "")[:256],
        }
        for attached in _objects(entry.get("attachments"))
    ][:50]


def _first_text(fields: Fields, *keys: str) -> str | None:
    return next((text for key in keys if isinstance(text := fields.get(key), str) and text), None)


def _objects(value: object) -> list[Fields]:
    return [
        cast(Fields, item)
        for item in cast(list[Any], value if isinstance(value, list) else [])
        if isinstance(item, dict)
    ]
