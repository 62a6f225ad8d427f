"""Brings identifiers into the one form in which they are compared. An odd value is kept as it is, never refused."""

from collections.abc import Iterable
from datetime import datetime

from app.caching import text_cache
from app.identity.non_identifiers import names_nobody
from app.identity.phones import e164
from app.models import Identifier

Key = tuple[str, str]


def normalised(identifiers: Iterable[Identifier], *, verified_at: datetime) -> tuple[Identifier, ...]:
    """Each identifier once, in its comparable form; of two alike the verified one counts.

    What names nobody is left out. A verified identifier that does not say when it was verified was so at `verified_at`.
    """
    identifiers_by_key: dict[Key, Identifier] = {}
    for given in identifiers:
        key = key_of(given.type, given.value)
        if not key[1] or names_nobody(given) or (key in identifiers_by_key and not given.verified):
            continue
        moment = given.verified_at or verified_at if given.verified else None
        method = given.method if given.verified else None
        identifiers_by_key[key] = Identifier(
            type=key[0], value=key[1], verified=given.verified, verified_at=moment, method=method
        )
    return tuple(identifiers_by_key.values())


@text_cache(maxsize=65_536)
def key_of(kind: str, value: str) -> Key:
    """The comparable form of one identifier's type and value."""
    kind, value = kind.strip().lower(), value.strip()
    if kind == "email":
        return kind, _email(value)
    if kind == "phone":
        return kind, e164(value) or _digits(value)
    if kind == "handle" or kind.endswith("_handle"):
        return kind, value.lstrip("@").lower()
    return kind, value


def _email(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        written = validate_email(value, check_deliverability=False, globally_deliverable=False).normalized
    except EmailNotValidError:
        # Not one for the public net, but inside a company's own it may well be somebody's.
        written = value
    return written.lower()


def _digits(value: str) -> str:
    return "".join(sign for sign in value if sign.isdigit()) or value
