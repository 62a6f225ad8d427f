"""Which identifiers name nobody: they stay in the ledger as text and join no customer, verified or not.

Platforms put words and codes where a number, an address or an id should be. What they send, as their documentation
and the standards have it:

- Twilio: a keypad's digits of the words ANONYMOUS (+266696687), RESTRICTED (+7378742833), UNAVAILABLE (+86282452253),
  BLOCKED (+2562533) and UNKNOWN (+8656696), or the words themselves; an SMS may come from a short code or from a
  sender's name in letters.
- SIP (RFC 3323, 3325, 5767): `"Anonymous" <sip:anonymous@anonymous.invalid>`, without a P-Asserted-Identity; the
  top-level domain `invalid` (RFC 2606) is nobody's.
- Asterisk, FreeSWITCH, Kazoo, Genesys, Amazon Connect: `anonymous`, `unavailable`, `restricted`, `private`, `unknown`,
  `0000000000`; national carriers send their own language's words.
- E-mail: names of an office and not of a person (RFC 2142), senders that take no answer, and bounces.
- Devices: an advertising id of zeros (tracking is switched off), the id shared by all Android emulators, the hardware
  address 02:00:00:00:00:00 that mobile systems give instead of the real one.

To take a real number for one of these costs one customer a recognition. To take one of these for a number joins
strangers, so the rules lean towards nobody.
"""

import re
import unicodedata
from typing import Literal

from app.caching import text_cache
from app.identity.mailboxes import reason_of_email
from app.identity.phones import may_be_somebodys
from app.identity.words import BESIDE, WITHHELD, is_monotonous, is_run, signs_of, words_of
from app.identity.written_forms import Address, address_of
from app.models import Identifier

Reason = Literal["names_nobody", "invalid_email", "invalid_phone"]

# Fewer digits reach a person only from inside one town or one company; E.164 has at most 15, a prefix may add two.
_SHORTEST_PHONE = 7
_LONGEST_PHONE = 17
_LONGEST_WORDS = 80

# What those words are on a telephone's keys, where a system knows only digits.
_ON_KEYS = dict(
    zip("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999", strict=True),
)
_KEYED = frozenset(
    "".join(_ON_KEYS[letter] for letter in word)
    for word in (
        *("anonymous", "restricted", "unavailable", "blocked", "unknown", "private", "withheld", "undisclosed"),
        *("nocallerid", "noncallerid", "unidentified", "privatenumber", "unknownnumber", "unknowncaller"),
    )
)
# A card's number as it is filed: the digest behind its last four tells it from every other.
_MASKED_CARD = re.compile(r"card:•{4}\d{4}:[0-9a-f]{32}")
_SHARED_DEVICES = frozenset({"9774d56d682e549c", "020000000000", "004999010640000", "012345678912345"})


@text_cache(maxsize=65_536)
def reason_to_join_nobody(kind: str, value: str) -> Reason | None:
    """Why an identifier of this type and value says nothing about who somebody is; None when it may name somebody."""
    address = address_of(kind, unicodedata.normalize("NFKC", value))
    return "names_nobody" if address.is_room else _reason(address)


def _reason(address: Address) -> Reason | None:
    kind, plain = address.kind, address.value
    if kind == "email" and "@" in plain and signs_of(plain) and "***" not in plain:
        return reason_of_email(plain)
    if _is_handle(kind, plain):
        return "names_nobody" if "".join(words_of(plain)) in _NO_HANDLES else None
    if _is_placeholder(plain) or _are_words_for_nobody(plain):
        return "names_nobody"
    if kind == "phone":
        return _phone(plain, is_whole=address.is_whole)
    if kind == "email":
        return reason_of_email(plain)
    return "names_nobody" if _is_no_id(kind, plain) else None


def names_nobody(identifier: Identifier) -> bool:
    """Whether an identifier joins nobody."""
    return reason_to_join_nobody(identifier.type, identifier.value) is not None


# What is left where somebody's account is gone or was never known; any other word may be somebody's handle.
_NO_HANDLES = frozenset(
    """anonymous anonym anonyme anonimo unknown null none nil undefined na deleted removed redacted nobody noname
    guest user username""".split()
)
_BELOW_ZERO = re.compile(r"[-\u2212]\d+")
_HANDLE = re.compile(r"@?[\w.-]+")
_OF_A_FORUM = re.compile(r"/?u/(?=.)", re.IGNORECASE)


def _is_handle(kind: str, value: str) -> bool:
    """Whether a value is what somebody calls themselves on a platform: one word, which may be any."""
    is_kind = kind == "handle" or kind.endswith("_handle")
    if not is_kind or not value.isascii() or _HANDLE.fullmatch(value) is None:
        return False
    return any(map(str.isalpha, value))


def _is_no_id(kind: str, value: str) -> bool:
    signs = signs_of(value)
    if _BELOW_ZERO.fullmatch(value):
        return True
    if kind in ("device_id", "cookie_id"):
        nobody = signs in _SHARED_DEVICES or is_monotonous(signs, 1 if signs[:1] in "0f" else 8)
        return nobody or (len(signs) >= 8 and is_run(signs))
    if "@" in value and reason_of_email(value) == "names_nobody":
        return True
    # Forms are filled with zeros, ones and nines; of the other digits a short number may be somebody's.
    return is_monotonous(signs, {"0": 1, "1": 5, "9": 5}.get(signs[:1], 8))


def _is_placeholder(value: str) -> bool:
    """No letter or digit, the same letter over and over, or signs that stand for what was taken out."""
    signs = signs_of(value)
    if not signs or "***" in value or ("•" in value and not _MASKED_CARD.fullmatch(value)):
        return True
    return is_monotonous(signs, 3) and signs[0] == "x"


def _are_words_for_nobody(value: str) -> bool:
    if len(value) > _LONGEST_WORDS:
        return False
    address, at, domain = value.partition("@")
    if at and domain.count(".") and not domain.casefold().rstrip(".").endswith(".invalid"):
        return False
    words = words_of(_OF_A_FORUM.sub("", address or domain if at else value))
    # Spelled out in single letters it is the same word.
    return "".join(words) in WITHHELD or (bool(words) and all(word in WITHHELD or word in BESIDE for word in words))


def _phone(value: str, *, is_whole: bool) -> Reason | None:
    number, _, host = value.partition("@")
    bare = number.partition(";")[0]
    digits = "".join(str(unicodedata.digit(sign)) for sign in bare if sign.isdigit())
    significant = digits.removeprefix("00").removeprefix("+")
    is_keyed = not _KEYED.isdisjoint({significant, significant.removeprefix("1"), digits})
    if is_keyed or host.casefold().rstrip(".").endswith(".invalid"):
        return "names_nobody"
    if not len(digits) >= _SHORTEST_PHONE:
        return "invalid_phone"
    somebodys = may_be_somebodys(bare, is_whole=is_whole)
    if somebodys is False or (somebodys is None and _are_digits_for_nobody(digits)):
        return "names_nobody"
    # An extension is written behind the number, so the whole may be longer than a number is.
    longest = _LONGEST_PHONE + 8 if any(sign.isalpha() or sign in "#," for sign in bare) else _LONGEST_PHONE
    return "invalid_phone" if len(digits) > longest else None


def _are_digits_for_nobody(digits: str) -> bool:
    if is_monotonous(digits, 5) or is_run(digits) or digits.endswith(("1234567890", "0123456789", "9876543210")):
        return True
    return is_monotonous(digits[-8:], 8) or digits.endswith("0000000")
