"""Twilio's addresses: a bare number, or one with its channel before a colon (`whatsapp:+15550001111`).

Facts: twilio.com/docs/messaging/guides/webhook-request (From, To, WaId), twilio.com/docs/voice/twiml (`client:`,
`sip:`), twilio.com/docs/conversations (bindings of type sms, whatsapp, messenger, chat).
"""

from typing import NamedTuple

from app.connectors.drafting import Identifiers, identifier
from app.models import Channel

_CHANNELS = {
    "whatsapp": Channel.WHATSAPP,
    "messenger": Channel.SOCIAL,
    "instagram": Channel.SOCIAL,
    "rcs": Channel.SMS,
    "sms": Channel.SMS,
    "tel": Channel.SMS,
}
# A short code reaches a company, and more digits than these nobody.
_FEWEST_DIGITS, _MOST_DIGITS = 7, 17


class ChannelAddress(NamedTuple):
    """One address: its channel as Twilio writes it, empty for a bare one, and what stands behind it."""

    scheme: str
    value: str

    @property
    def is_number(self) -> bool:
        """Whether it is a telephone number with its country's code."""
        digits = self.value[1:]
        return (
            self.value.startswith("+")
            and digits.isascii()
            and digits.isdigit()
            and _FEWEST_DIGITS <= len(digits) <= _MOST_DIGITS
        )

    @property
    def reaches_somebody(self) -> bool:
        """Whether it is the address of a person on a channel, and not a name inside an application."""
        return self.scheme in _CHANNELS or (not self.scheme and self.is_number)

    @property
    def channel(self) -> Channel | None:
        """The channel that the address belongs to; None where it does not tell."""
        if self.scheme in _CHANNELS:
            return _CHANNELS[self.scheme]
        return Channel.SMS if not self.scheme and self.is_number else None

    def identifiers(self, method: str) -> Identifiers:
        """Who has this address, as the channel attests it."""
        if self.is_number:
            return identifier("phone", self.value, method=method)
        if self.scheme == "whatsapp":
            # Where a customer hides the number, WhatsApp names an id that is theirs for this business alone.
            return identifier("whatsapp_user_id", self.value, method=method)
        return identifier(f"{self.scheme}_id", self.value, method=method) if self.scheme in _CHANNELS else ()


def address(text: str) -> ChannelAddress:
    """An address as it stands in a request; documented examples put some into square brackets."""
    plain = text.strip().strip("[]").strip()
    scheme, colon, value = plain.partition(":")
    return ChannelAddress(scheme.lower(), value.strip()) if colon else ChannelAddress("", plain)
