"""Masks identifiers that are a payment card's number, so that they still lead to the same customer.

What stands for the number is its last four digits and a digest under the service's own key: the same number gives the
same value, and without the key nobody can try numbers out on it. An identifier of any other type may look like a
card's number by chance and is somebody's name in some system, so it stays as it is.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence

from app.models import Identifier
from app.privacy.cards import is_card
from app.privacy.codes import is_code_name
from app.privacy.names import names_card, words_of_name
from app.privacy.secrets import CARD_MASK, CODE_MASK, mask

_DIGEST_DIGITS = 32
_WRITTEN = re.compile(r"[\s.\-/\u200b\u00a0]")


def holds_card(identifiers: Sequence[Identifier]) -> bool:
    """Whether one of these identifiers is a card's number, so that masking it needs the key."""
    return any(names_card(identifier.type) and _number(identifier.value) for identifier in identifiers)


def masked_identifiers(identifiers: Sequence[Identifier], key: bytes = b"") -> tuple[Identifier, ...]:
    """Identifiers of which none is a whole card number or a code; without a key, one that was names nobody."""
    return tuple(_masked(identifier, key) for identifier in identifiers)


def _masked(identifier: Identifier, key: bytes) -> Identifier:
    if names_card(identifier.type):
        number = _number(identifier.value)
        shown = _digested(number, key) if number else mask(f"card {identifier.value}").removeprefix("card ")
    elif is_code_name(words_of_name(identifier.type)) and sum(map(str.isdigit, identifier.value)) >= 3:
        shown = CODE_MASK
    else:
        return identifier
    return identifier if shown == identifier.value else identifier.model_copy(update={"value": shown})


def _number(value: str) -> str:
    written = _WRITTEN.sub("", value)
    return written if written.isascii() and written.isdigit() and is_card(written) else ""


def _digested(number: str, key: bytes) -> str:
    if not key:
        return CARD_MASK + number[-4:]
    digest = hmac.new(key, number.encode(), hashlib.sha256).hexdigest()[:_DIGEST_DIGITS]
    return f"card:{CARD_MASK}{number[-4:]}:{digest}"
