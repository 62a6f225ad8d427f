"""What of an identifier's written form is the address itself: without a display name, brackets, scheme and host.

- Mail headers (RFC 5322) write `Name <local@domain>` or `local@domain (Name)`, links (RFC 6068) `mailto:`, directories
  `SMTP:`; telephony (RFC 3966, 3261) `tel:` and `<sip:+49…@host;user=phone>`.
- WhatsApp's `wa_id` is a whole number without its plus sign. Programs that speak its own protocol write it as
  `…@s.whatsapp.net` or `…@c.us`, a device behind a colon; `…@lid` is an id that hides the number, and `…@g.us`,
  `…@broadcast` and `…@newsletter` are rooms of many. Twilio writes `whatsapp:+49…`.
- WhatsApp's business-scoped user id (`user_id`, since 2026) stands where the number is hidden: a country's two letters,
  a full stop, `ENT.` for a group of companies, and up to 128 letters and digits.
"""

import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

from app.caching import text_cache
from app.identity.phones import countries

WHATSAPP_USER = "whatsapp_user_id"
WHATSAPP_HIDDEN = "whatsapp_lid"
# What systems call a telephone number or an address; under the first ones the country's code is always there.
_WHOLE_NUMBERS = frozenset({"whatsapp", "whatsapp_id", "wa_id", "msisdn"})
_PHONES = frozenset({"phone", "phone_number", "telephone", "tel", "mobile", "mobile_phone", "cell_phone"})
_EMAILS = frozenset({"email", "e-mail", "e_mail", "mail", "email_address"})
_SCHEMES = frozenset({"sip", "sips", "tel", "mailto", "smtp", "callto", "whatsapp", "sms"})
_WHATSAPP_HOSTS = frozenset({"s.whatsapp.net", "c.us"})
_ROOMS = frozenset({"g.us", "broadcast", "newsletter"})
_LONGEST_USER = 128
_SHORTEST_USER = 6


class Address(NamedTuple):
    """The type and the bare value of an identifier; `is_whole` where digits alone begin with a country's code."""

    kind: str
    value: str
    is_whole: bool = False
    is_room: bool = False


@text_cache(maxsize=65_536)
def address_of(kind: str, value: str) -> Address:
    """The address in a written form; whatever is none stays as it is."""
    kind, value = kind.strip().lower(), value.strip()
    if kind in _EMAILS:
        return Address("email", _without_frame(value)[1])
    if kind not in _PHONES and kind not in _WHOLE_NUMBERS:
        return Address(kind, value)
    scheme, bare = _without_frame(value)
    number, at, host = bare.partition("@")
    host = host.casefold().rstrip(".")
    if at and (host in _ROOMS or host == "lid"):
        return Address(WHATSAPP_HIDDEN, number.partition(":")[0], is_room=host in _ROOMS)
    if _is_user(bare):
        return Address(WHATSAPP_USER, bare)
    is_whole = kind in _WHOLE_NUMBERS or scheme == "whatsapp" or host in _WHATSAPP_HOSTS
    if kind in _WHOLE_NUMBERS and any(map(str.isalpha, number)):
        return Address(kind, value)  # a name that its owner chose, and no number
    if host in _WHATSAPP_HOSTS:
        number = number.partition(":")[0]
    # A host that cannot be says that nobody is meant.
    return Address("phone", bare if host.endswith("invalid") else number, is_whole)


def _without_frame(value: str) -> tuple[str, str]:
    """The scheme, and what is left of a value without display name, brackets and scheme."""
    plain = "".join(sign for sign in value if unicodedata.category(sign) != "Cf").strip()
    opened = plain.rfind("<")
    if opened >= 0 and plain.rstrip(" ;,").endswith(">"):
        plain = plain[opened + 1 :].rstrip(" ;,")[:-1].strip()
    elif plain.endswith(")") and "@" in plain:
        before, _, inside = plain[:-1].partition("(")
        plain = (before if "@" in before else inside).strip()
    scheme, colon, rest = plain.partition(":")
    if colon and scheme.strip().lower() in _SCHEMES:
        # Parameters may hold an extension, which tells one person at a switchboard from the next.
        return scheme.strip().lower(), unquote(rest.partition("?")[0]).strip().strip("/")
    return "", plain.strip("'\" ;,")


def _is_user(value: str) -> bool:
    country, stop, user = value.partition(".")
    user = user.removeprefix("ENT.")
    is_country = len(country) == 2 and country.isupper() and country.lower() in countries()
    is_long = _SHORTEST_USER <= len(user) <= _LONGEST_USER
    return bool(stop) and is_country and is_long and user.isascii() and user.isalnum()
