"""Who is who in a Genesys Cloud conversation, on which channel, and by what the customer is known.

A participant's `purpose` says what they are there for (Platform API, `Participant`): the customer is `customer`, or
`external` where we called out; `external` beside a customer is a third party. Transcripts know only two sides,
`external` and `internal`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.connectors.cloud_payloads import Json, phone, phone_of, row_id, text_field
from app.models import Actor, Channel, Identifier

NAME = "genesys"

_PURPOSES: Mapping[str, Actor] = {
    "customer": Actor.CUSTOMER,
    "external": Actor.CUSTOMER,
    "agent": Actor.AGENT,
    "user": Actor.AGENT,
    "internal": Actor.AGENT,
    "bot": Actor.BOT,
    "botflow": Actor.BOT,
    "workflow": Actor.BOT,
    "ivr": Actor.BOT,
    "dialer": Actor.BOT,
}
_MEDIA: Mapping[str, Channel] = {
    "voice": Channel.VOICE,
    "call": Channel.VOICE,
    "callback": Channel.VOICE,
    "video": Channel.VOICE,
    "chat": Channel.CHAT,
    "cobrowse": Channel.CHAT,
    "screenshare": Channel.CHAT,
    "email": Channel.EMAIL,
    "message": Channel.CHAT,
    "sms": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "webmessaging": Channel.CHAT,
    "open": Channel.CHAT,
    "facebook": Channel.SOCIAL,
    "twitter": Channel.SOCIAL,
    "instagram": Channel.SOCIAL,
    "line": Channel.SOCIAL,
    "apple": Channel.SOCIAL,
    "socialexpression": Channel.SOCIAL,
}
_BY_PHONE = frozenset({Channel.VOICE, Channel.SMS, Channel.WHATSAPP})


def conversation_of(conversation_id: str) -> str:
    """The conversation by Genesys' own id of it."""
    return row_id(NAME, conversation_id)


def actor_of(purpose: str) -> Actor | None:
    """Who a purpose, a role or a side of a transcript is; None where it is nobody's that is known."""
    return _PURPOSES.get(purpose.strip().lower().replace("_", ""))


def channel_of(*kinds: str) -> Channel:
    """The channel of the first of these kinds of media or message that is known."""
    plain = (kind.strip().lower().replace("_", "").replace("-", "") for kind in kinds)
    return next((channel for kind in plain if (channel := _MEDIA.get(kind))), Channel.OTHER)


def address_identifiers(
    address: str, channel: Channel, at: datetime | None, *, called_us: bool
) -> Sequence[Identifier]:
    """What an address says of who the customer is; nothing where it was withheld or is a machine's.

    The carrier brings the number of who called us; of whom we called nobody knows who answered.
    """
    if channel in _BY_PHONE or phone_of(address):
        return phone(address, verified=called_us and channel is Channel.VOICE, at=at)
    plain = address.strip().removeprefix("mailto:")
    if channel is Channel.EMAIL and "@" in plain:
        return (Identifier(type="email", value=plain[:512]),)
    return ()


def contact_identifiers(contact: Json) -> Sequence[Identifier]:
    """The id of an external contact in Genesys' own directory, which it has found or made for this customer."""
    contact_id = text_field(contact, "externalContactId")
    return (Identifier(type="genesys_contact", value=contact_id[:512]),) if contact_id else ()
