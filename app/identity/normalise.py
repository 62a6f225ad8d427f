"""Brings identifiers into the one form in which they are compared. An odd value is kept as it is, never refused.

Earlier versions compared other forms, and customers hold those still: `keys_of` gives them behind today's, so that who
was filed under an old one is found. A customer who is found so holds today's form from then on, too.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from app.caching import text_cache
from app.identity.non_identifiers import names_nobody
from app.identity.phones import e164, e164_of_old, former_forms
from app.identity.written_forms import address_of
from app.models import Channel, Identifier

Key = tuple[str, str]

# Google delivers to one mailbox under both names, and with a full stop wherever one likes.
_GOOGLE = frozenset({"gmail.com", "googlemail.com"})


class ComparedIdentifier(NamedTuple):
    """An identifier in its comparable form, and all keys under which customers may hold it, today's first."""

    identifier: Identifier
    keys: tuple[Key, ...]


def compared(identifiers: Iterable[Identifier], *, verified_at: datetime) -> tuple[ComparedIdentifier, ...]:
    """Each identifier once, in its comparable form; of two alike the verified one counts.

    What names nobody is left out. A verified identifier that does not say when it was verified was so at `verified_at`.
    """
    by_key: dict[Key, ComparedIdentifier] = {}
    for given in identifiers:
        keys = keys_of(given.type, given.value)
        key = keys[0]
        if not key[1] or names_nobody(given):
            continue
        earlier = by_key.get(key)
        if earlier is not None:
            keys = tuple(dict.fromkeys((*earlier.keys, *keys)))
            if not given.verified:
                by_key[key] = ComparedIdentifier(earlier.identifier, keys)
                continue
        moment = given.verified_at or verified_at if given.verified else None
        method = given.method if given.verified else None
        identifier = Identifier(type=key[0], value=key[1], verified=given.verified, verified_at=moment, method=method)
        by_key[key] = ComparedIdentifier(identifier, keys)
    return tuple(by_key.values())


def as_on(channel: Channel, identifiers: Sequence[Identifier]) -> Sequence[Identifier]:
    """Identifiers as their channel means them: WhatsApp's own numbers are whole without their plus sign."""
    if channel is not Channel.WHATSAPP or not any(
        identifier.type.strip().lower() == "phone" for identifier in identifiers
    ):
        return identifiers
    return [
        identifier.model_copy(update={"type": "wa_id"})
        if identifier.type.strip().lower() == "phone" and address_of("phone", identifier.value).kind == "phone"
        else identifier
        for identifier in identifiers
    ]


@text_cache(maxsize=65_536)
def key_of(kind: str, value: str) -> Key:
    """The comparable form of one identifier's type and value."""
    address = address_of(kind, value)
    kind, value = address.kind, address.value
    if kind == "email":
        return kind, _email(value)
    if kind == "phone":
        return kind, e164(value, is_whole=address.is_whole) or _digits(value)
    if kind == "handle" or kind.endswith("_handle"):
        return kind, value.lstrip("@").lower()
    return kind, value


@text_cache(maxsize=65_536)
def keys_of(kind: str, value: str) -> tuple[Key, ...]:
    """The comparable form of one identifier, and behind it all forms in which earlier versions may have kept it."""
    key = key_of(kind, value)
    keys = [key, _old_key(kind, value)]
    if key[0] == "phone":
        keys += [("phone", former) for former in sorted(former_forms(key[1]))]
        # Under WhatsApp's own name for it, the number stood as digits.
        keys.append(_old_key("phone", value))
    return tuple(dict.fromkeys(keys))


def _old_key(kind: str, value: str) -> Key:
    """The form in which earlier versions compared what is written so."""
    kind, value = kind.strip().lower(), value.strip()
    if kind == "email":
        return kind, _address(value)
    if kind == "phone":
        return kind, e164_of_old(value) or _digits(value)
    if kind == "handle" or kind.endswith("_handle"):
        return kind, value.lstrip("@").lower()
    return kind, value


def _email(value: str) -> str:
    local, at, domain = _address(value).rpartition("@")
    if domain not in _GOOGLE:
        return f"{local}{at}{domain}"
    name, plus, tag = local.partition("+")
    return f"{name.replace('.', '')}{plus}{tag}@gmail.com"


def _address(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        written = validate_email(value, check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError:
        # Not one for the public net, but inside a company's own it may well be somebody's.
        written = value
    return written.lower()


def _digits(value: str) -> str:
    return "".join(sign for sign in value if sign.isdigit()) or value
