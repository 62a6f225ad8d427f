"""Reads the names of fields: which of them hold a payment card's number, a secret code, or something about one.

A name is read by its words, the last of which says what the value is: `otp_length` is a length and `cvc_check` a
check, where `card_verification_value` is a code.
"""

import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
LONGEST_NAME = 60

_CARD = frozenset(
    """card cards pan creditcard debitcard paymentcard bankcard cardnumber cardno cardnum cardpan ccnumber ccnum ccno
    cc ccn kreditkarte karte kartennummer kreditkartennummer carte cartebancaire cb tarjeta carta cartao kaart
    kaartnummer creditcardnumber creditcardnummer""".split()
)
# Cards that nobody pays with: their numbers are names, which the agent needs.
OTHER_CARDS = frozenset(
    """loyalty sim id identity member membership customer club bonus health insurance library reward rewards points
    student travel access business fidelite fidelidad fidelidade fedelta treue kunden klanten vitale graphics report
    score board""".split()
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
    return any(one.rstrip("0123456789") in _CARD for one in words) or "".join(words) in _CARD
