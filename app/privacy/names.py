"""Reads the names of fields: which of them hold a payment card's number, a secret code, or something about one.

A name is read by its words, the last of which says what the value is: `otp_length` is a length and `cvc_check` a
check, where `card_verification_value` is a code.
"""

import re
from collections.abc import Sequence

from app.privacy.code_names import ANY_CODE, SECRET, is_strong, names_code_at
from app.privacy.spoken import plain
from app.privacy.vocabulary import OTHER_CARDS

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
LONGEST_NAME = 60

_CARD = frozenset(
    """card cards pan creditcard debitcard paymentcard bankcard cardnumber cardno cardnum cardpan ccnumber ccnum ccno
    cc ccn kreditkarte karte kartennummer kreditkartennummer carte cartebancaire cb tarjeta carta cartao kaart
    kaartnummer creditcardnumber creditcardnummer""".split()
)


def words_of_name(name: str) -> str:
    """A field's name as words: `cardSecurityCode` and `card_security_code` alike."""
    spaced = _CAMEL.sub(" ", name[:LONGEST_NAME])
    return re.sub(r"[_\-./:\[\]]+", " ", spaced).strip()


def names_card(name: str) -> bool:
    """Whether a name says that its value is a payment card's number."""
    words = words_of_name(name).lower().split()
    if not OTHER_CARDS.isdisjoint(words):
        return False
    return any(word.rstrip("0123456789") in _CARD for word in words) or "".join(words) in _CARD


def code_kind(name: str, outer: str = "") -> str:
    """Which code a field holds by its name: `card` (on its back), `pin`, `once`, or none.

    The code's name must end the field's, but for words that only say that it is a value: in `otp_ttl` it is something
    about a code. `outer` is the name of what the field stands in, which says whose a bare `code` or `value` is.
    """
    words = [plain(word) for word in words_of_name(name).split()]
    if words and (kind := _kind(words)):
        return kind
    while words and (words[-1] in _VALUES or words[-1].isdigit()) and len(words) > 1:
        words.pop()
    if not words:
        return ""
    if kind := _kind(words):
        return kind
    if words[-1] in _BARE and outer:
        around = [plain(word) for word in words_of_name(outer).split()]
        return _kind([*around, *words]) or (_kind(around) if words[-1] in _VALUES else "")
    return ""


def _kind(words: Sequence[str]) -> str:
    last = words[-1].rstrip("0123456789")
    together = "".join(words[-3:])
    # `card_verification_value`, `codSeg` and `kartenpruefnummer` are one name, however it is cut.
    tails = {"".join(words[at:]).rstrip("0123456789") for at in range(len(words))} | {last}
    if any(is_strong(tail) for tail in tails if tail != "clave"):
        if not _CARD.isdisjoint(words) and last not in _ENTERED:
            return "card"
        if any(tail in _ON_CARD or "pruf" in tail or "pruef" in tail for tail in tails):
            return "card"
        return "pin" if last in _ENTERED else "once"
    noun = next((word for word in reversed(words[:-1]) if word not in ("de", "di", "da")), "")
    if noun in ANY_CODE and last in SECRET:
        return "card" if last in _ON_CARD_ONLY else "once"
    if names_code_at(words, len(words) - 1):
        return (
            "card" if "security" in words or "card" in words or "seg" in words or "verification" in together else "once"
        )
    return ""


_ENTERED = frozenset({"pin", "pincode", "puk", "nip"})
_ON_CARD_ONLY = frozenset("seguridad securite sicurezza seguranca security secu seg".split())
_VALUES = frozenset("value input entered number text answer digits field str string raw".split())
_BARE = _VALUES | {"code", "codes", "codigo", "codice"}
_ON_CARD = frozenset(
    """cvv cvc cvn csc cvd cav cid securitycode cardcode cvnumber cvvnumber cvcnumber codseg codigoseg verificationvalue
    cryptogramme criptograma crittogramma sicherheitscode""".split()
)
