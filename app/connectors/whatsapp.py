"""WhatsApp Cloud API: the webhooks of Meta's own platform.

Sources: Meta's documentation of the Cloud API's webhooks (developers.facebook.com, Webhooks, Business-scoped user ids,
Calling API, Coexistence); the bodies follow the test data of david-lev/pywa (MIT).

A request may hold many messages, statuses and calls of many people. WhatsApp knows no conversations: one is whatever
a number of the business and one person, or one group, say to each other. Since 2026 the phone may be missing, and a
`user_id`, which only this business knows, stands for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Any, NamedTuple

from app.connectors.base import BriefNote, Credential, OutgoingCall, ParsedWebhook, WebhookAnswer, WebhookRequest
from app.connectors.drafts import (
    Fields,
    digest,
    draft,
    entries,
    event,
    fields,
    identifier,
    joined,
    json_object,
    key,
    moment,
    participant,
    without,
    words,
)
from app.connectors.signatures import check_sha256, secret_of
from app.errors import UnverifiedRequest
from app.models import BOOKKEEPING, Actor, Channel, Identifier, InteractionDraft, Kind, Problem

NAME = "whatsapp"
_OBJECT = "whatsapp_business_account"
_METHOD = "whatsapp"
# Where the words stand that somebody wrote under what they sent.
_CAPTIONED = ("image", "video", "document", "audio", "sticker")
_SENT_THINGS = frozenset({*_CAPTIONED, "location", "contacts", "order"})
_FEWEST_DIGITS, _MOST_DIGITS = 6, 15

_Row = InteractionDraft | Problem


class _Person(NamedTuple):
    """The customer whom a message is from or to."""

    phone: str | None
    user_id: str | None
    name: str | None

    @property
    def key(self) -> str | None:
        """What tells them apart from the business's other customers."""
        return self.phone or self.user_id

    def identifiers(self) -> tuple[Identifier, ...]:
        """By what they are known: WhatsApp has proved both."""
        phone = identifier("phone", f"+{self.phone}", method=_METHOD) if self.phone else None
        user = identifier("whatsapp_user_id", self.user_id, method=_METHOD)
        return tuple(proved for proved in (phone, user) if proved is not None)


class _NumberChange(NamedTuple):
    """One change of a request: the number of the business it is about, and who is named in it."""

    account: str
    field: str
    value: Fields
    sent_at: datetime | None

    @property
    def number(self) -> str:
        """The id of the business's number; the account's where there is none."""
        return key(fields(self.value.get("metadata")).get("phone_number_id")) or self.account

    def person(self, phone: object, user_id: object) -> _Person:
        """Whom a number and a user id belong to, with what the contacts tell of them."""
        contacts = entries(self.value.get("contacts"))
        number, own_id = key(phone), key(user_id)
        matching = [
            contact
            for contact in contacts
            if (number and key(contact.get("wa_id")) == number) or (own_id and key(contact.get("user_id")) == own_id)
        ]
        # The same number is written in two ways in some countries; a lone contact is whom it is about.
        matching = matching or (contacts if len(contacts) == 1 else [])
        contact: Fields = matching[0] if matching else {}
        return _Person(
            phone=_digits(contact.get("wa_id")) or _digits(phone),
            user_id=key(contact.get("user_id")) or own_id or (None if _digits(phone) else number),
            name=words(fields(contact.get("profile")).get("name")) or None,
        )

    def conversation(self, person: _Person, own_id: str, group: object = None) -> str:
        """The id of what this number of the business and a person, or a group, say to each other.

        What names nobody is a conversation by itself, under `own_id`: two people never share one.
        """
        return joined(NAME, self.number, key(group) or person.key or f"message:{own_id}")


class WhatsApp:
    """The connector of the WhatsApp Cloud API."""

    name = NAME
    title = "WhatsApp Cloud API"
    needs_key = False
    credentials: Sequence[Credential] = (
        Credential("app_secret", "the app secret, under App settings, Basic: it signs every delivery"),
        Credential(
            "verify_token",
            "the word that the handshake sends: write it into Meta's form",
            required=False,
            generated=True,
        ),
    )

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """`X-Hub-Signature-256` is `sha256=` and the HMAC-SHA256 of the raw body."""
        header = "x-hub-signature-256"
        check_sha256(header, request.headers.get(header), secret_of(credentials, "app_secret"), request.body)

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:
        """GET with `hub.challenge` is answered with the challenge, where the token is ours."""
        if request.method != "GET" or "hub.challenge" not in request.query:
            return None
        token = secret_of(credentials, "verify_token")
        if not compare_digest(request.query.get("hub.verify_token", "").encode(), token):
            raise UnverifiedRequest("The verify token is wrong: write the connector's into the form.")
        return WebhookAnswer(body=request.query["hub.challenge"].encode(), media_type="text/plain")

    def answer(self, request: WebhookRequest) -> WebhookAnswer:  # noqa: ARG002 - every delivery is answered alike
        """Any 200 will do."""
        return WebhookAnswer()

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body has the shape of one, or of the value of a change."""
        body = json_object(request)
        return body.get("object") == _OBJECT or body.get("messaging_product") == NAME

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """All that a request holds, in its order. Raises InvalidRequest for a body that is no JSON object."""
        body = json_object(request)
        drafts: list[_Row] = []
        types: list[str] = []
        for change in _changes(body):
            before = len(drafts)
            for kind, row in _rows(change):
                types.append(kind)
                drafts.append(row)
            if len(drafts) == before:
                types.append(change.field)
                drafts.append(_unknown(change))
        if not drafts:
            types.append("unknown")
            drafts.append(event(NAME, "unknown", body, channel=Channel.WHATSAPP))
        return ParsedWebhook(drafts, types)

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:  # noqa: ARG002
        """Nothing: WhatsApp has no agents' side of its own to write to."""
        return ()


def _changes(body: Fields) -> Iterator[_NumberChange]:
    if body.get("messaging_product") == NAME and "entry" not in body:
        yield _NumberChange("", "messages", body, None)
    for entry in entries(body.get("entry")):
        for change in entries(entry.get("changes")):
            field, sent_at = words(change.get("field")) or "unknown", moment(entry.get("time"))
            yield _NumberChange(key(entry.get("id")) or "", field, fields(change.get("value")), sent_at)


def _rows(change: _NumberChange) -> Iterator[tuple[str, _Row]]:
    value = change.value
    for message in entries(value.get("messages")):
        yield f"message.{words(message.get('type')) or 'unknown'}", _received(change, message)
    for message in entries(value.get("message_echoes")):
        yield f"echo.{words(message.get('type')) or 'unknown'}", _sent(change, message)
    for message, customer in _history(value):
        yield "history", _earlier(change, message, customer)
    for status in entries(value.get("statuses")):
        yield f"status.{words(status.get('status')) or 'unknown'}", _status(change, status)
    for call in entries(value.get("calls")):
        yield f"call.{words(call.get('event')) or 'unknown'}", _call(change, call)
    for wish in entries(value.get("user_preferences")):
        yield "user_preferences", _preference(change, wish)


def _received(change: _NumberChange, message: Fields) -> _Row:
    system = fields(message.get("system"))
    # What the platform tells of a customer may name them in its own part alone.
    phone = message.get("from") or system.get("customer")
    user_id = message.get("from_user_id") or system.get("previous_user_id") or system.get("user_id")
    person = change.person(phone, user_id)
    shared = _shared(change, person, message, Actor.CUSTOMER)
    shared["participant"] = participant(person.name, person.key)
    return _message(message, shared)


def _sent(change: _NumberChange, message: Fields) -> _Row:
    """What somebody at the business wrote in WhatsApp's own app: agents do that, bots do not."""
    business = _digits(fields(change.value.get("metadata")).get("display_phone_number"))
    numbers = [message.get("to"), message.get("from")]
    customer = next((number for number in numbers if _digits(number) not in (None, business)), numbers[0])
    person = change.person(customer, message.get("to_user_id"))
    return _message(message, _shared(change, person, message, Actor.AGENT))


def _history(value: Fields) -> Iterator[tuple[Fields, object]]:
    """The messages of before the business joined the API, each with the number of its customer."""
    for part in entries(value.get("history")):
        for thread in entries(part.get("threads")):
            for message in entries(thread.get("messages")):
                yield message, thread.get("id")


def _earlier(change: _NumberChange, message: Fields, customer: object) -> _Row:
    person = change.person(customer, message.get("from_user_id"))
    is_theirs = key(message.get("from")) == key(customer)
    shared = _shared(change, person, message, Actor.CUSTOMER if is_theirs else Actor.AGENT)
    if is_theirs:
        shared["participant"] = participant(person.name, person.key)
    return _message(without(message, "history_context"), shared)


def _shared(change: _NumberChange, person: _Person, message: Fields, actor: Actor) -> dict[str, Any]:
    """What all rows of a message have in common."""
    an_id = key(message.get("id")) or digest(message)
    return {
        "id": joined(NAME, an_id),
        "occurred_at": moment(message.get("timestamp")),
        "channel": Channel.WHATSAPP,
        "actor": actor,
        "conversation_id": change.conversation(person, an_id, message.get("group_id")),
        "identifiers": person.identifiers(),
    }


def _message(message: Fields, shared: dict[str, Any]) -> _Row:
    kind = words(message.get("type"))
    if kind == "edit":
        return _edit(fields(message.get("edit")), shared)
    if kind == "revoke":
        target = key(fields(message.get("revoke")).get("original_message_id"))
        return _changing(Kind.DELETION, target, shared)
    text = _written(message, kind)
    data = without(message, "id", "from", "from_user_id", "to", "to_user_id", "timestamp", "text")
    if kind == "text" and text:
        plain = {name: entry for name, entry in data.items() if name != "type"}
        return draft(**shared, kind=Kind.MESSAGE, text=text, data=plain)
    if text or kind in _SENT_THINGS:
        return draft(**shared, kind=Kind.MESSAGE, text=text, data=data)
    # A reaction, a filled form, a number that changed, or a type that is yet to come.
    return draft(**shared | _more_identifiers(message, shared), kind=Kind.EVENT, name=kind or "unknown", data=data)


def _written(message: Fields, kind: str) -> str:
    """What somebody wrote, or the words on what they chose; nothing where they only sent a thing."""
    body = fields(message.get(kind))
    if kind == "text":
        return words(body.get("body"))
    if kind in _CAPTIONED:
        return words(body.get("caption"))
    if kind == "button":
        return words(body.get("text"))
    if kind == "interactive":
        return next((words(fields(chosen).get("title")) for chosen in body.values() if fields(chosen).get("title")), "")
    return words(body.get("text")) if kind == "order" else ""


def _edit(edit: Fields, shared: dict[str, Any]) -> _Row:
    message = fields(edit.get("message"))
    kind = words(message.get("type"))
    newest = {"text": _written(message, kind), "data": without(message, "text")}
    return _changing(Kind.EDIT, key(edit.get("original_message_id")), shared | newest)


def _changing(kind: Kind, target: str | None, shared: dict[str, Any]) -> _Row:
    if target is None:
        return draft(**shared, kind=Kind.EVENT, name=kind.value)
    return draft(**shared, kind=kind, target_id=joined(NAME, target))


def _more_identifiers(message: Fields, shared: dict[str, Any]) -> dict[str, Any]:
    """Of somebody whose number or user id changed, the new one too: WhatsApp says that they are the same person."""
    system = fields(message.get("system"))
    number = _digits(system.get("wa_id")) or _digits(system.get("new_wa_id"))
    stated = (
        identifier("phone", f"+{number}", method=_METHOD) if number else None,
        identifier("whatsapp_user_id", system.get("user_id"), method=_METHOD),
    )
    new = [proved for proved in stated if proved is not None and proved not in shared["identifiers"]]
    return {"identifiers": (*shared["identifiers"], *new)} if new else {}


def _status(change: _NumberChange, status: Fields) -> _Row:
    """How far one of our messages got. They come in any order, so each is an event of its own."""
    person = change.person(status.get("recipient_id"), status.get("recipient_user_id"))
    group = status.get("recipient_id") if status.get("recipient_type") == "group" else None
    if group is not None:
        person = change.person(status.get("recipient_participant_id"), status.get("recipient_participant_user_id"))
    state = words(status.get("status")) or "unknown"
    return draft(
        id=joined(NAME, key(status.get("id")), state, person.key if group else None, key(status.get("timestamp"))),
        occurred_at=moment(status.get("timestamp")),
        channel=Channel.WHATSAPP,
        actor=Actor.SYSTEM,
        kind=Kind.EVENT,
        name=f"message_{state.lower()}",
        conversation_id=change.conversation(person, key(status.get("id")) or digest(status), group),
        identifiers=person.identifiers(),
        data={
            BOOKKEEPING: True,
            "message_id": joined(NAME, key(status.get("id"))),
            **without(status, "id", "timestamp"),
        },
    )


def _call(change: _NumberChange, call: Fields) -> _Row:
    business_calls = words(call.get("direction")).upper() == "BUSINESS_INITIATED"
    person = change.person(call.get("to" if business_calls else "from"), call.get("from_user_id"))
    what = words(call.get("event")) or "unknown"
    return draft(
        id=joined(NAME, key(call.get("id")), what, key(call.get("timestamp"))),
        occurred_at=moment(call.get("timestamp")),
        channel=Channel.WHATSAPP,
        actor=Actor.SYSTEM,
        kind=Kind.EVENT,
        name=f"call_{what}",
        conversation_id=change.conversation(person, key(call.get("id")) or digest(call)),
        identifiers=person.identifiers(),
        participant=participant(person.name, person.key),
        data={**without(call, "timestamp", "session"), **without({"errors": change.value.get("errors")})},
    )


def _preference(change: _NumberChange, wish: Fields) -> _Row:
    """What a customer wants to be written about, or no longer: their own choice, told by the platform."""
    person = change.person(wish.get("wa_id"), wish.get("user_id"))
    own_id = digest({**wish, "number": change.number, "customer": person.key})
    return draft(
        id=joined(NAME, "preference", own_id),
        occurred_at=moment(wish.get("timestamp")) or change.sent_at,
        channel=Channel.WHATSAPP,
        actor=Actor.SYSTEM,
        kind=Kind.EVENT,
        name="user_preferences",
        conversation_id=change.conversation(person, own_id),
        identifiers=person.identifiers(),
        data=without(wish, "wa_id", "user_id", "timestamp"),
    )


def _unknown(change: _NumberChange) -> _Row:
    when = moment(change.value.get("timestamp")) or change.sent_at
    body = {"account": change.account, "field": change.field, "value": change.value}
    # The same news of a template or an account may come again at another time.
    own_id = digest({**body, "at": str(when)}) if when else digest(body)
    shown: dict[str, Any] = {"id": joined(NAME, change.field, own_id)}
    return event(NAME, change.field, body, channel=Channel.WHATSAPP, occurred_at=when, **shown)


def _digits(value: object) -> str | None:
    """A number as WhatsApp writes it, its country's code first and without a sign; None for anything else."""
    number = (key(value) or "").removeprefix("+").removesuffix("@s.whatsapp.net")
    return number if number.isascii() and number.isdigit() and _FEWEST_DIGITS <= len(number) <= _MOST_DIGITS else None
