"""Chatwoot: webhooks of an account, of an API inbox or of an agent bot.

Sources: chatwoot/docs `docs/product/others/webhook-events.md`; chatwoot/chatwoot `app/listeners/webhook_listener.rb`,
`app/presenters/conversations/event_data_presenter.rb`, `app/models/message.rb`, `lib/webhooks/trigger.rb` and its
Application API (`/api/v1/accounts/{account_id}/conversations/{id}/messages` and `…/custom_attributes`).

Newer versions sign `timestamp.body` with the webhook's secret; older ones sign nothing, and have a token in the address
instead. A delivery that is not answered within five seconds is lost where the version sends nothing again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Any, NamedTuple
from urllib.parse import quote

from pydantic_core import to_json

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
from app.models import (
    BOOKKEEPING,
    Actor,
    Channel,
    Identifier,
    InteractionDraft,
    Kind,
    LifecycleStep,
    Problem,
    Visibility,
)

NAME = "chatwoot"
_REPLACE = "replace"
OWN_NOTE = "warmline_handoff_id"
"""What marks notes and attributes as written by us, so that they do not come back as something that happened."""

_METHOD = "chatwoot"
_MESSAGES = frozenset({"message_created", "message_updated"})
_CONVERSATIONS = frozenset(
    {
        *("conversation_created", "conversation_updated", "conversation_status_changed"),
        *("conversation_resolved", "conversation_opened"),
    }
)
# What changes what a message says to whoever reads it; its delivery states change nothing of that.
_WORDED = frozenset({"content", "processed_message_content", "attachments", "content_attributes"})
_CONTACTS = frozenset({"contact_created", "contact_updated", "webwidget_triggered"})
# Somebody's keyboard: nothing that anybody would look up again.
_FLEETING = frozenset({"conversation_typing_on", "conversation_typing_off", "conversation_recording"})
# In bodies of other versions the type of a message is its number.
_TYPES = {0: "incoming", 1: "outgoing", 2: "activity", 3: "template"}
_CHANNELS = {"webwidget": Channel.CHAT, "api": Channel.CHAT, "line": Channel.SOCIAL}
_ON_THEIR_OWN_PHONE = frozenset({Channel.WHATSAPP, Channel.SMS, Channel.VOICE})
_STEPS: Mapping[tuple[str, str | None], LifecycleStep] = {
    ("resolved", None): LifecycleStep.RESOLVED,
    ("open", "resolved"): LifecycleStep.REOPENED,
    ("pending", "resolved"): LifecycleStep.REOPENED,
    ("open", "pending"): LifecycleStep.TRANSFERRED,
}

_Row = InteractionDraft | Problem


class _DeskConversation(NamedTuple):
    """The conversation that an event is about, and its contact."""

    body: Fields
    contact: Fields
    inbox: Fields

    @property
    def id(self) -> str | None:
        """Our id of it, made of the number that agents see."""
        number = key(self.body.get("id")) or key(self.body.get("display_id"))
        return None if number is None else joined(NAME, number)

    @property
    def channel(self) -> Channel:
        """The channel of its inbox."""
        kind = words(self.body.get("channel")) or words(self.inbox.get("channel_type"))
        name = kind.rpartition("::")[2]
        source = words(fields(self.body.get("contact_inbox")).get("source_id"))
        if source.startswith("whatsapp:"):
            return Channel.WHATSAPP
        return _CHANNELS.get(name.lower()) or Channel.of_application(_parted(name)) or Channel.CHAT

    def identifiers(self) -> tuple[Identifier, ...]:
        """By what the contact is known. Proved is the phone that somebody writes from, and everything where the shop
        signed who it is. All else is a claim, the contact itself too: Chatwoot finds it by what was typed into a form.
        """
        signed = fields(self.body.get("contact_inbox")).get("hmac_verified") is True
        vouched = _METHOD if signed else None
        phone = _METHOD if signed or self.channel in _ON_THEIR_OWN_PHONE else None
        stated = (
            identifier("chatwoot_contact_id", self.contact.get("id"), method=vouched),
            identifier("email", self.contact.get("email"), method=vouched),
            identifier("phone", self.contact.get("phone_number"), method=phone),
            identifier("account_id" if signed else "external_id", self.contact.get("identifier"), method=vouched),
        )
        return tuple(stated_by for stated_by in stated if stated_by is not None)

    def shared(self) -> dict[str, Any]:
        """What all rows of it have in common."""
        return {"channel": self.channel, "conversation_id": self.id, "identifiers": self.identifiers()}


class Chatwoot:
    """The connector of Chatwoot."""

    name = NAME
    title = "Chatwoot"
    needs_key = False
    credentials: Sequence[Credential] = (
        Credential("secret", "the webhook's secret, where this version of Chatwoot shows one", required=False),
        Credential(
            "token",
            "stands in the webhook's address and proves the sender",
            required=False,
            generated=True,
            in_url=True,
        ),
        Credential("base_url", "where Chatwoot is, such as https://app.chatwoot.com", required=False, secret=False),
        Credential("account_id", "the number of the account in its address", required=False, secret=False),
        Credential("api_access_token", "an agent's or agent bot's access token, to write back", required=False),
        Credential(
            "attributes",
            "`replace` writes the brief into the conversation's custom attributes, in the place of all others",
            required=False,
            secret=False,
        ),
    )

    def verify(self, request: WebhookRequest, credentials: Mapping[str, str]) -> None:
        """The signature where the secret is set; else the token of the address."""
        if credentials.get("secret"):
            timestamp = request.headers.get("x-chatwoot-timestamp", "")
            signed = f"{timestamp}.".encode() + request.body
            header = "x-chatwoot-signature"
            check_sha256(header, request.headers.get(header), secret_of(credentials, "secret"), signed)
        elif not compare_digest(request.query.get("token", "").encode(), secret_of(credentials, "token")):
            raise UnverifiedRequest("The token in the webhook's address is missing or wrong.")

    def handshake(self, request: WebhookRequest, credentials: Mapping[str, str]) -> WebhookAnswer | None:  # noqa: ARG002
        """Chatwoot asks for none."""
        return None

    def answer(self, request: WebhookRequest) -> WebhookAnswer:  # noqa: ARG002 - every delivery is answered alike
        """Any 200 will do."""
        return WebhookAnswer()

    def recognises(self, request: WebhookRequest) -> bool:
        """Whether a body names an event of Chatwoot's and has what such an event is about."""
        body = json_object(request)
        named = words(body.get("event")) in _MESSAGES | _CONVERSATIONS | _CONTACTS | _FLEETING
        return named and any(part in body for part in ("message_type", "conversation", "inbox", "meta", "account"))

    def parse(self, request: WebhookRequest) -> ParsedWebhook:
        """What an event holds. Raises InvalidRequest for a body that is no JSON object."""
        body = json_object(request)
        name = words(body.get("event")) or "unknown"
        if name in _FLEETING:
            return ParsedWebhook((), (name,))
        if name in _MESSAGES:
            rows = _updated(body) if name == "message_updated" else _created(body)
        elif name in _CONVERSATIONS:
            rows = [] if _is_own_change(body) else [_of_conversation(name, body)]
        else:
            rows = [_of_contact(name, body)]
        return ParsedWebhook(rows, (name,))

    def write_back(self, note: BriefNote, credentials: Mapping[str, str]) -> Sequence[OutgoingCall]:
        """A private note and, where the credentials ask for it, the attributes of the conversation.

        Chatwoot replaces all attributes of a conversation by those that are sent
        (`Api::V1::Accounts::ConversationsController#custom_attributes`), so a desk that keeps its own there asks for
        none.
        """
        base, account, token = (credentials.get(name) for name in ("base_url", "account_id", "api_access_token"))
        number = note.conversation_id.removeprefix(f"{NAME}:")
        if not (base and account and token and number != note.conversation_id):
            return ()
        address = f"{base.rstrip('/')}/api/v1/accounts/{quote(account, safe='')}/conversations/{quote(number, safe='')}"
        headers = {"api_access_token": token, "content-type": "application/json", "accept": "application/json"}
        handoff_id = note.attributes.get(OWN_NOTE, "")
        message = {
            "content": note.note,
            "message_type": "outgoing",
            "private": True,
            "content_attributes": {OWN_NOTE: handoff_id},
        }
        written = OutgoingCall("note", "POST", f"{address}/messages", headers, to_json(message))
        if credentials.get("attributes") != _REPLACE:
            return (written,)
        attributes = to_json({"custom_attributes": dict(note.attributes)})
        return (written, OutgoingCall("attributes", "POST", f"{address}/custom_attributes", headers, attributes))


def _talk(body: Fields) -> _DeskConversation:
    conversation = fields(body.get("conversation"))
    meta = fields(fields(conversation.get("meta")).get("sender"))
    sender = fields(body.get("sender"))
    # The conversation knows its contact best; older bodies name them beside, or only as who wrote.
    written: Fields = sender if _type(body) == "incoming" else {}
    best = next((named for named in (meta, fields(body.get("contact")), written) if named), fields(None))
    same = (named for named in (written, meta) if key(named.get("id")) == key(best.get("id")))
    contact = {name: value for named in (*same, best) for name, value in without(named).items()}
    if "id" not in contact and (contact_id := fields(conversation.get("contact_inbox")).get("contact_id")):
        contact["id"] = contact_id
    return _DeskConversation(conversation, contact, fields(body.get("inbox")))


def _created(body: Fields) -> list[_Row]:
    talk, kind = _talk(body), _type(body)
    attributes = fields(body.get("content_attributes"))
    shared = talk.shared() | {
        "id": _message_id(body),
        "occurred_at": moment(body.get("created_at")),
        "text": words(body.get("content")),
        "data": _data(body),
    }
    if attributes.get(OWN_NOTE):
        return []
    if attributes.get("deleted") is True:
        return [draft(**shared | {"text": ""}, actor=_actor(body, kind), kind=Kind.EVENT, name="message_deleted")]
    if kind == "activity" or kind not in _TYPES.values():
        return [draft(**shared, actor=Actor.SYSTEM, kind=Kind.EVENT, name=kind or "message")]
    if body.get("content_type") == "input_csat":
        return [draft(**shared, actor=Actor.SYSTEM, kind=Kind.EVENT, name="survey_sent")]
    shared |= {"actor": _actor(body, kind), "participant": _who(body, talk, kind)}
    if body.get("private") is True:
        return [draft(**shared, kind=Kind.NOTE, visibility=Visibility.INTERNAL)]
    return [draft(**shared, kind=Kind.MESSAGE)]


def _updated(body: Fields) -> list[_Row]:
    """A message that changed: it was blanked, was answered as a form, has other words or another delivery state."""
    talk, kind, target = _talk(body), _type(body), _message_id(body)
    attributes = fields(body.get("content_attributes"))
    if attributes.get(OWN_NOTE) or kind == "activity":
        return []
    at = _changed_at(body)
    shared = talk.shared() | {"occurred_at": at, "actor": _actor(body, kind), "participant": _who(body, talk, kind)}
    if body.get("private") is True:
        shared["visibility"] = Visibility.INTERNAL
    if attributes.get("deleted") is True:
        return [draft(**shared, id=joined(target, "deleted"), kind=Kind.DELETION, target_id=target)]
    answered = _answered(attributes, talk, target, at)
    if answered is not None:
        return [answered]
    changes = _changes(body).keys()
    if changes and changes.isdisjoint(_WORDED):
        return _delivered(body, shared, target)
    text = words(body.get("content"))
    # Words that are taken back to what they were are news again; where no body tells its moment, only once.
    content = without({"text": text, "attachments": len(entries(body.get("attachments"))), "at": _version(body)})
    version = joined(target, "edit", digest(content))
    return [draft(**shared, id=version, kind=Kind.EDIT, target_id=target, text=text, data=_data(body))]


def _delivered(body: Fields, shared: Fields, target: str) -> list[_Row]:
    """What a message whose words are the same tells of its way to the customer."""
    status = words(body.get("status")) or words(fields(_changes(body).get("status")).get("current_value"))
    if not status:
        return []
    name, actor = f"message_{status}", {"actor": Actor.SYSTEM, "participant": None, "data": {BOOKKEEPING: True}}
    return [draft(**(dict(shared) | actor), id=joined(target, name), kind=Kind.EVENT, name=name)]


def _version(body: Fields) -> str:
    """When a message was changed, as its body or its conversation tells it; empty where they do not."""
    conversation = fields(body.get("conversation"))
    listed = [message for message in entries(conversation.get("messages")) if message.get("id") == body.get("id")]
    for source in (body, *listed, conversation):
        changed = source.get("updated_at")
        if isinstance(changed, str | int | float) and not isinstance(changed, bool):
            return words(str(changed))
    return ""


def _answered(attributes: Fields, talk: _DeskConversation, target: str, at: datetime | None) -> _Row | None:
    """What the customer filled into a form or chose from a list; None where they did neither."""
    email, values = words(attributes.get("submitted_email")), attributes.get("submitted_values")
    if not email and not values:
        return None
    shared = talk.shared() | {"occurred_at": at, "actor": Actor.CUSTOMER, "participant": _contact(talk)}
    filled = without({"submitted_email": email, "submitted_values": values})
    version = joined(target, "answer", digest(filled))
    titles = [words(value.get("title")) for value in entries(values) if value.get("title") and "name" not in value]
    if titles:
        return draft(**shared, id=version, kind=Kind.MESSAGE, text=", ".join(titles), data=filled)
    rating = fields(fields(values).get("csat_survey_response"))
    if rating:
        text = words(rating.get("feedback_message"))
        return draft(**shared, id=version, kind=Kind.EVENT, name="survey_answered", text=text, data=filled)
    return draft(**shared, id=version, kind=Kind.EVENT, name="form_submitted", data=filled)


def _of_conversation(name: str, body: Fields) -> _Row:
    contact = fields(fields(body.get("meta")).get("sender"))
    talk = _DeskConversation(body, contact, fields(body.get("inbox")))
    changes = _changes(body)
    shared = talk.shared() | {"actor": Actor.SYSTEM}
    data = without({**changes, "status": body.get("status"), "labels": body.get("labels")})
    if name == "conversation_created":
        at = moment(body.get("created_at")) or moment(body.get("timestamp"))
        an_id = joined(talk.id, "created")
        return draft(**shared, id=an_id, occurred_at=at, kind=Kind.LIFECYCLE, name=LifecycleStep.STARTED, data=data)
    at = moment(body.get("updated_at")) or moment(body.get("timestamp"))
    version = key(body.get("updated_at")) or key(str(body.get("updated_at") or "")) or key(body.get("timestamp"))
    assignee = fields(fields(body.get("meta")).get("assignee"))
    step = _step(name, body, changes)
    what = "status" if name != "conversation_updated" else "update"
    an_id = joined(talk.id, what, words(body.get("status")), version or digest(body))
    if step is LifecycleStep.ASSIGNED:
        shared["participant"] = participant(assignee.get("name"), assignee.get("id"))
    if step is None:
        return draft(**shared, id=an_id, occurred_at=at, kind=Kind.EVENT, name=name, data=data)
    return draft(**shared, id=an_id, occurred_at=at, kind=Kind.LIFECYCLE, name=step, data=data)


def _is_own_change(body: Fields) -> bool:
    """Whether all that changed are the attributes that we wrote: that is nothing that happened."""
    changes = _changes(body).keys() - {"updated_at", "last_activity_at"}
    now = fields(fields(_changes(body).get("custom_attributes")).get("current_value"))
    return changes == {"custom_attributes"} and OWN_NOTE in now


def _step(name: str, body: Fields, changes: Fields) -> LifecycleStep | None:
    """What a change of a conversation means for it; None where it means nothing of the kind."""
    if name == "conversation_updated":
        assigned = fields(changes.get("assignee_id")).get("current_value")
        return LifecycleStep.ASSIGNED if assigned is not None else None
    status = words(body.get("status"))
    before = words(fields(changes.get("status")).get("previous_value")) or None
    if status == "resolved":
        return LifecycleStep.RESOLVED
    if name == "conversation_opened" and before is None:
        before = "resolved"
    return _STEPS.get((status, before))


def _changes(body: Fields) -> dict[str, Any]:
    """The attributes that changed, by name: the body lists them one by one."""
    listed = entries(body.get("changed_attributes"))
    return {name: change for part in listed for name, change in part.items()}


def _of_contact(name: str, body: Fields) -> _Row:
    """A contact, a widget that was opened, or something of a later version: an event with its body."""
    if name.startswith("conversation_"):
        # What such an event is about stands in the body itself, as in those that are known.
        own = _DeskConversation(body, fields(fields(body.get("meta")).get("sender")), fields(body.get("inbox")))
        at = moment(body.get("updated_at")) or moment(body.get("timestamp"))
        return event(NAME, name, body, occurred_at=at, **own.shared())
    whole: Fields = body if name in _CONTACTS else {}
    contact = fields(body.get("contact")) if name == "webwidget_triggered" else whole
    conversation = fields(body.get("conversation")) or fields(body.get("current_conversation"))
    talk = _DeskConversation(conversation, contact or fields(fields(conversation.get("meta")).get("sender")), {})
    return event(NAME, name, body, channel=Channel.CHAT, conversation_id=talk.id, identifiers=talk.identifiers())


def _type(body: Fields) -> str:
    kind = body.get("message_type")
    return _TYPES.get(kind, "") if isinstance(kind, int) else words(kind)


def _message_id(body: Fields) -> str:
    return joined(NAME, "message", key(body.get("id")) or digest(body))


def _actor(body: Fields, kind: str) -> Actor:
    sender = fields(body.get("sender"))
    if kind == "incoming":
        return Actor.CUSTOMER
    if kind == "activity":
        return Actor.SYSTEM
    # What nobody sends comes from a greeting, a rule or a campaign; assistants and agent bots have types of their own.
    return Actor.AGENT if sender and words(sender.get("type")) in ("", "user") and kind == "outgoing" else Actor.BOT


def _who(body: Fields, talk: _DeskConversation, kind: str) -> Any:
    if kind == "incoming":
        return _contact(talk)
    sender = fields(body.get("sender"))
    return participant(sender.get("available_name") or sender.get("name"), sender.get("id"))


def _contact(talk: _DeskConversation) -> Any:
    return participant(talk.contact.get("name"), talk.contact.get("id"))


def _changed_at(body: Fields) -> datetime | None:
    conversation = fields(body.get("conversation"))
    changed = moment(body.get("updated_at")) or moment(conversation.get("updated_at"))
    return changed or moment(conversation.get("timestamp")) or moment(body.get("created_at"))


def _data(body: Fields) -> dict[str, Any]:
    """What came with the words: attachments, the mail's subject and addresses, what a form asks."""
    attributes = fields(body.get("content_attributes"))
    mail = fields(attributes.get("email"))
    kind = words(body.get("content_type"))
    attachments = [
        without(attachment, "message_id", "account_id", "thumb_url", "id")
        | without({"type": attachment.get("file_type")})
        for attachment in entries(body.get("attachments"))
    ]
    headers = without({name: mail.get(name) for name in ("subject", "from", "to", "cc", "date", "message_id")})
    replied = key(attributes.get("in_reply_to"))
    more = {
        "reply_to": joined(NAME, "message", replied) if replied else None,
        "type": attachments[0].get("type") if attachments else kind if kind not in ("", "text") else None,
        "attachments": attachments,
        "email": headers,
        "content_attributes": without(attributes, "email", OWN_NOTE),
        "source_id": body.get("source_id"),
    }
    return without(more)


def _parted(name: str) -> str:
    """A name of several words without spaces between them, such as TwilioSms, with spaces."""
    return "".join(f" {sign}" if sign.isupper() else sign for sign in name).strip()
