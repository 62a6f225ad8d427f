"""What an Intercom notification is about: a conversation or a ticket in any of its forms, its people and its parts.

Facts: developers.intercom.com/docs/references/webhooks/webhook-models and intercom/Intercom-OpenAPI
`descriptions/*/api.intercom.io.yaml` (conversation, ticket, conversation_part: `source`, `contacts`, `author.type`,
`part_type`). Versions before 2.0 say `user` and `conversation_message` in place of `contacts` and `source`; a ticket
may stand below `data.item.ticket`, with a single `ticket_part` beside it.
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

from app.connectors.drafting import Doer, Identifiers, Occasion, identifier, participant
from app.connectors.reading import Payload, child, children, first_word, flag, moment, word
from app.models import Actor, Channel

_NOBODY: Payload = {}
_CUSTOMERS = frozenset({"user", "lead", "contact", "visitor"})
_AGENTS = frozenset({"admin"})
_BOTS = frozenset({"bot", "operator"})
# Nobody has given these an id of an account: Intercom makes one up.
_ANONYMOUS = frozenset({"lead", "visitor"})
_CHANNELS = {
    "conversation": Channel.CHAT,
    "inapp": Channel.CHAT,
    "push": Channel.APP,
    "mobile": Channel.APP,
    "phone_call": Channel.VOICE,
    "phone_switch": Channel.VOICE,
    "sms": Channel.SMS,
}


class Item(NamedTuple):
    """The conversation or ticket that a notification is about."""

    body: Payload
    is_ticket: bool
    parts: Sequence[Payload]

    @classmethod
    def of(cls, data_item: Payload) -> Self:
        """The item of a notification, whichever way it is wrapped."""
        ticket = data_item if word(data_item, "type") == "ticket" else child(data_item, "ticket")
        conversation = child(data_item, "conversation") or (_NOBODY if ticket else data_item)
        body = ticket or conversation
        listed = [
            *children(body, "conversation_parts", "conversation_parts"),
            *children(body, "ticket_parts", "ticket_parts"),
        ]
        single = child(data_item, "conversation_part") or child(data_item, "ticket_part")
        if word(data_item, "type") in ("conversation_part", "ticket_part"):
            single = data_item
        if single and word(single, "id") not in {word(part, "id") for part in listed}:
            listed.append(single)
        return cls(body, bool(ticket), listed)

    @property
    def own_id(self) -> str:
        """Its id; a part may name its conversation where the conversation itself did not come."""
        if word(self.body, "type") in ("conversation_part", "ticket_part"):
            return first_word(self.body, "conversation_id", "ticket_id")
        return first_word(self.body, "id", "conversation_id")

    @property
    def source(self) -> Payload:
        """The first message."""
        return child(self.body, "source") or child(self.body, "conversation_message")

    def scene(self, at: object, fallback: str) -> Occasion:
        """Where it happens: an item without an id is a conversation of its own."""
        ticket = first_word(self.body, "ticket_id", "id") if self.is_ticket else word(self.body, "ticket", "id")
        return Occasion(self.own_id or fallback, self._channel(), moment(at), ticket or None)

    def customer(self) -> Identifiers:
        """Whose conversation it is: who began it on the customer's side, else the first contact."""
        author = child(self.source, "author")
        if word(author, "type") in _CUSTOMERS:
            return self.person(author)
        contacts = self._contacts()
        return self.person(contacts[0]) if contacts else ()

    def person(self, who: Payload) -> Identifiers:
        """The identifiers of somebody on the customer's side, by what the item says of them."""
        own_id = word(who, "id")
        contact = next((person for person in self._contacts() if word(person, "id") == own_id), _NOBODY)
        account = first_word(who, "external_id", "user_id") or first_word(contact, "external_id", "user_id")
        kinds = {word(person, name) for person in (who, contact) for name in ("type", "role")}
        email, phone = (word(who, name) or word(contact, name) for name in ("email", "phone"))
        return (
            *identifier("intercom_contact_id", own_id),
            *identifier("account_id", "" if kinds & _ANONYMOUS else account),
            *identifier("email", email if "@" in email else ""),
            *identifier("phone", phone),
        )

    def doer(self, author: Payload, *, from_bot: bool = False) -> Doer:
        """Who acted, by the author that a part names."""
        own_id, written = word(author, "id"), word(author, "type").lower()
        contact = next((person for person in self._contacts() if word(person, "id") == own_id), _NOBODY)
        shown = participant(word(author, "name") or word(contact, "name"), own_id)
        if written in _CUSTOMERS:
            return Doer(Actor.CUSTOMER, shown, self.person(author))
        if from_bot or written in _BOTS or flag(author, "from_ai_agent") or flag(author, "is_ai_answer"):
            return Doer(Actor.BOT, shown, self.customer())
        return Doer(Actor.AGENT if written in _AGENTS else Actor.SYSTEM, shown, self.customer())

    def _contacts(self) -> Sequence[Payload]:
        """The people on the customer's side."""
        listed = children(self.body, "contacts", "contacts") or children(self.body, "contacts", "data")
        user = child(self.body, "user")
        return [*listed, user] if word(user, "id") else listed

    def _channel(self) -> Channel:
        written = first_word(self.source, "type").lower()
        if written in _CHANNELS:
            return _CHANNELS[written]
        if named := Channel.of_application(written) if written else None:
            return named
        return Channel.OTHER if self.is_ticket else Channel.CHAT
