"""What every kind of delivery of Amazon Connect says of a contact: its ids, its channel, its people."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.connectors.cloud_payloads import Json, as_object, field, phone, row_id, text_field
from app.models import Actor, Channel, Identifier

NAME = "amazon-connect"

_CHANNELS: Mapping[str, Channel] = {
    "VOICE": Channel.VOICE,
    "CHAT": Channel.CHAT,
    "EMAIL": Channel.EMAIL,
    "TASK": Channel.OTHER,
}
# Message channels are chats to Connect; their kind stands in the segment attribute connect:Subtype.
_SUBTYPES: Mapping[str, Channel] = {
    "connect:sms": Channel.SMS,
    "connect:whatsapp": Channel.WHATSAPP,
    "connect:apple": Channel.SOCIAL,
}
# A flow's own messages are sent as SYSTEM, a Lex bot's as SYSTEM too, with the display name BOT.
_ROLES: Mapping[str, Actor] = {
    "CUSTOMER": Actor.CUSTOMER,
    "AGENT": Actor.AGENT,
    "SUPERVISOR": Actor.AGENT,
    "SYSTEM": Actor.BOT,
    "CUSTOM_BOT": Actor.BOT,
    "BOT": Actor.BOT,
}
# How a contact began where the customer's own line brought the number.
_CALLED_US = frozenset({"INBOUND", "TRANSFER", "QUEUE_TRANSFER"})


def name_of(person: Json, role: str) -> str:
    """The name that is shown of somebody; none where it is their role's, or was taken out."""
    name = text_field(person, "displayName")
    is_role = name.upper().replace(" ", "_") in {role.upper(), *_ROLES, "SYSTEM_MESSAGE"}
    return "" if is_role or (name.startswith("[") and name.endswith("]")) else name


def conversation_of(contact_id: str) -> str:
    """The conversation of a contact."""
    return row_id(NAME, contact_id)


def case_of(contact: Json, contact_id: str) -> str:
    """The case of a contact: the contact with which its chain of transfers began."""
    return row_id(NAME, text_field(contact, "initialContactId") or contact_id)


def channel_of(contact: Json) -> Channel:
    """The channel of a contact; of messages by their subtype."""
    attributes = as_object(field(contact, "segmentAttributes"))
    subtype = as_object(attributes.get("connect:Subtype"))
    written = text_field(subtype, "valueString") or text_field(attributes, "connect:Subtype")
    return _SUBTYPES.get(written.lower()) or _CHANNELS.get(text_field(contact, "channel").upper(), Channel.OTHER)


def actor_of(role: str) -> Actor | None:
    """Whose role that is; None where it is nobody's that is known."""
    return _ROLES.get(role.strip().upper())


def identifiers_of(contact: Json, at: datetime | None) -> Sequence[Identifier]:
    """Who the customer is: the number or address of their end, and the tenant's own customer id.

    The carrier brings the number of who called us; of whom we called nobody knows who answered.
    """
    endpoint = as_object(field(contact, "customerEndpoint"))
    address, kind = text_field(endpoint, "address"), text_field(endpoint, "type").upper()
    found_out: list[Identifier] = []
    if kind == "TELEPHONE_NUMBER":
        called_us = text_field(contact, "initiationMethod").upper() in _CALLED_US
        found_out += phone(address, verified=called_us, at=at)
    elif kind == "EMAIL_ADDRESS" and "@" in address:
        found_out.append(Identifier(type="email", value=address[:512]))
    if customer_id := text_field(contact, "customerId"):
        found_out.append(Identifier(type="account_id", value=customer_id[:512]))
    return found_out
