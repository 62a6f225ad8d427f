"""Takes secrets and personal numbers out of a text before it leaves for a model, and puts back what an agent may see.

A found value becomes a typed placeholder such as `[card_1]`; the same value always becomes the same one. What stands
behind a placeholder is held in one `Redactor`, made for one call and forgotten with it, and nowhere else.

Cards and secret codes are found by `secrets.py`, bank accounts by the IBAN's check digits (ISO 13616), national ids by
their shape and, where they have one, their check digit. Passwords have no shape, so they are told by the words around
them, or by the question that they answer.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Literal, NamedTuple

from pydantic import JsonValue

from app.caching import text_cache
from app.models import InteractionDraft
from app.privacy.codes import ASKED, UNASKED
from app.privacy.questions import asks_for_code, asks_for_password
from app.privacy.secrets import CARD_MASK, CODE_MASK, secrets

Kind = Literal["password", "code", "iban", "card", "national_id", "email", "phone"]


class _RedactionRule(NamedTuple):
    """A shape (its group `value`, where it has one, else all of it) and what else must hold for the value."""

    kind: Kind
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]


class Redactor:
    """The placeholders of one call. `contacts` tells whether e-mail addresses and phone numbers are taken out too."""

    def __init__(self, *, contacts: bool = True) -> None:
        self._contacts = contacts
        self._rules = _NATIONAL_IDS + (_CONTACTS if contacts else ())
        self._placeholders: dict[tuple[Kind, str], str] = {}
        self._shown: dict[str, str] = {}

    def redact(self, text: str, *, answering: str = "") -> str:
        """The text with a placeholder in the place of each secret or personal number.

        `answering` is what bot or agent said before: who was asked for a code may send nothing but its digits.
        """
        if len(text) <= _LONGEST_REMEMBERED and _holds_nothing(text, answering, contacts=self._contacts):
            return text
        return self.replaced(text, answering)

    def replaced(self, text: str, answering: str) -> str:
        """As `redact`, whatever is remembered of the text."""
        text = self._by_rule(_PASSWORD_BESIDE, self._by_rule(_PASSWORD, text))
        text = self._without_ibans(text)
        text = self._without_secrets(text, asked=ASKED if answering and asks_for_code(answering) else UNASKED)
        if "[card_" in text:
            text = self._by_rule(_CODE_OF_CARD, text)
        for rule in self._rules:
            text = self._by_rule(rule, text)
        if answering and len(text) <= _LONGEST_ANSWER and asks_for_password(answering):
            for pattern in _PASSWORD_ANSWERS:
                text = self._by_rule(_RedactionRule("password", pattern, _is_one_word), text)
        return text

    def restore(self, text: str) -> str:
        """The text with values back where an agent may see them: cards and ids by their last four, secrets never."""
        if not self._shown:
            return text
        return _PLACEHOLDER.sub(lambda match: self._shown.get(match.group(), match.group()), text)

    def _by_rule(self, rule: _RedactionRule, text: str) -> str:
        return rule.pattern.sub(partial(self._replaced, rule), text)

    def _replaced(self, rule: _RedactionRule, match: re.Match[str]) -> str:
        start, end = match.span("value" if "value" in rule.pattern.groupindex else 0)
        value = match.string[start:end]
        if not value or not rule.holds(value):
            return match.group()
        before, after = match.string[match.start() : start], match.string[end : match.end()]
        return before + self._placeholder(rule.kind, value) + after

    def _without_secrets(self, text: str, *, asked: int) -> str:
        parts: list[str] = []
        end = 0
        for secret in secrets(text, asked=asked):
            parts += [text[end : secret.start], self._placeholder(secret.kind, secret.digits)]
            end = secret.end
        return "".join([*parts, text[end:]]) if parts else text

    def _without_ibans(self, text: str) -> str:
        parts: list[str] = []
        end = 0
        for match in _IBAN_HEAD.finditer(text):
            value = _iban_at(text, match.start()) if match.start() >= end else ""
            if value:
                parts += [text[end : match.start()], self._placeholder("iban", value)]
                end = match.start() + len(value)
        return "".join([*parts, text[end:]]) if parts else text

    def _placeholder(self, kind: Kind, value: str) -> str:
        key = (kind, re.sub(r"[\s.-]", "", value).casefold() if kind not in _EXACT else value)
        if key not in self._placeholders:
            number = sum(taken == kind for taken, _ in self._placeholders) + 1
            placeholder = f"[{kind}_{number}]"
            self._placeholders[key] = placeholder
            self._shown[placeholder] = _shown(kind, value, placeholder)
        return self._placeholders[key]


_LONGEST_REMEMBERED = 2_000


@text_cache(maxsize=8192)
def _holds_nothing(text: str, answering: str, *, contacts: bool) -> bool:
    """Whether there is nothing to take out of a text: most are read anew for every prompt about a customer."""
    return Redactor(contacts=contacts).replaced(text, answering) == text


def redact(text: str, *, contacts: bool = False) -> str:
    """One text with placeholders that nobody can put back: for what is to be forgotten for good."""
    return Redactor(contacts=contacts).redact(text)


def redacted_draft(draft: InteractionDraft) -> InteractionDraft:
    """An interaction whose text, data and participant hold placeholders nobody can put back, before it is written.

    A field of `data` is read with its name, so that what has no shape of its own (`password`, `cvv`) is found too.
    """
    redactor = Redactor(contacts=False)
    text = redactor.redact(draft.text)
    data = {key: _redacted_value(redactor, key, value) for key, value in draft.data.items()}
    who = draft.participant
    if who is not None:
        who = who.model_copy(update={name: redactor.redact(value) for name, value in who if value})
    return draft.model_copy(update={"text": text, "data": data, "participant": who})


def _redacted_value(redactor: Redactor, key: str, value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _redacted_value(redactor, name, json_value) for name, json_value in value.items()}
    if isinstance(value, list):
        return [_redacted_value(redactor, key, json_value) for json_value in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    # The words around a secret may come before it or be its name; either way only the value may change.
    written = str(value)
    alone = redactor.redact(written)
    label = f"{key.replace('_', ' ')}: "
    named = redactor.redact(label + written)
    redacted = alone if alone != written or not named.startswith(label) else named.removeprefix(label)
    return value if redacted == written else redacted


def _shown(kind: Kind, value: str, placeholder: str) -> str:
    if kind in ("email", "phone", "iban"):
        return value
    if kind in ("card", "national_id"):
        return CARD_MASK + re.sub(r"\W", "", value)[-4:]
    return CODE_MASK if kind in ("password", "code") else placeholder


def _iban_at(text: str, start: int) -> str:
    """The IBAN that begins here, as it is written, or nothing; its length is the country's (ISO 13616)."""
    length = _IBAN_LENGTHS.get(text[start : start + 2].upper(), 0)
    match = _IBAN.match(text, start)
    if not length or not match:
        return ""
    written, end = match.group(), 0
    for end, _ in enumerate(written, 1):
        if end - written.count(" ", 0, end) == length:
            break
    value = written[:end]
    goes_on = text[start + end : start + end + 1].isalnum()
    return "" if goes_on or not _is_iban(value, length) else value


def _is_iban(value: str, length: int) -> bool:
    bare = value.replace(" ", "").upper()
    return len(bare) == length and int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _is_spanish_id(value: str) -> bool:
    number = value[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return value[-1].upper() == "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def _is_brazilian_id(value: str) -> bool:
    digits = [int(sign) for sign in value if sign.isdigit()]
    return all(_weighted(digits[:index], index + 1) == digits[index] for index in (9, 10)) and len(set(digits)) > 1


def _weighted(digits: list[int], heaviest: int) -> int:
    return sum(digit * weight for digit, weight in zip(digits, range(heaviest, 1, -1), strict=True)) * 10 % 11 % 10


def _is_indian_id(value: str) -> bool:
    """Verhoeff's check: the digits of the dihedral group D5, permuted by their place."""
    check = 0
    for index, digit in enumerate(reversed([int(sign) for sign in value if sign.isdigit()])):
        check = _dihedral(check, _permuted(digit, index))
    return check == 0


def _dihedral(left: int, right: int) -> int:
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - right) % 5 + 5 if right < 5 else (left - right) % 5


def _permuted(digit: int, index: int) -> int:
    for _ in range(index % 8):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def _is_password(value: str) -> bool:
    return value.casefold().strip(".,!?'\"") not in _SAID_OF_PASSWORDS


def _is_one_word(value: str) -> bool:
    return _is_password(value) and value.casefold() not in _NO_PASSWORDS


def _always(_: str) -> bool:
    return True


_EXACT = ("password", "code", "email")
# Who answers with a password writes little else.
_LONGEST_ANSWER = 2_000
_PASSWORD_ANSWERS = (
    re.compile(r"^\W{0,8}(?P<value>[^\s\[\]]{4,64}?)[.!]?\s{0,8}$"),
    re.compile(r"(?<!\S)(?P<value>(?=\S*\d)(?=\S*[A-Za-z])[^\s\[\]]{6,64}?)(?=[.,!]?(?:\s|$))"),
)
_NO_PASSWORDS = frozenset("yeah sure okay what none nothing never later sorry thanks wait hello done".split())
_PLACEHOLDER = re.compile(r"\[(?:password|code|iban|card|national_id|email|phone)_\d+\]")
_IBAN_HEAD = re.compile(r"(?<!\w)[A-Za-z]{2}[0-9]{2}(?=[ A-Za-z0-9])")
_IBAN = re.compile(r"[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]){11,30}+")
_IBAN_LENGTHS: Mapping[str, int] = {
    entry[:2]: int(entry[2:])
    for entry in """AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28
    EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30
    KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24
    PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22
    VG24 XK20""".split()
}
# Said of a password, not the password itself.
_SAID_OF_PASSWORDS = frozenset(
    """not wrong incorrect correct invalid valid expired missing right still also being been too weak strong required
    needed the a an same different no never always now what where how why it this that my in on at for to and or but
    reset changed working accepted rejected recognised recognized forgotten lost blocked locked unknown""".split()
)
_PASSWORD = _RedactionRule(
    "password",
    re.compile(
        r"(?i)\b(?:password|passwort|kennwort|passcode|pass ?phrase|passwd|pwd|mot de passe|contraseña|senha"
        r"|wachtwoord)"
        r"\b['\"]?\s*+"
        r"(?:is|was|ist|war|est|es|é|[:=])[\s:]*+['\"“]?(?P<value>[^\s'\"“”,;\[\]]{3,64}?)(?=[.!?]?(?:['\"”,;\s]|$))"
    ),
    _is_password,
)
# Right behind the word, what mixes letters and digits is one: `and the password Teapot-Lane-7`.
_PASSWORD_BESIDE = _RedactionRule(
    "password",
    re.compile(
        r"(?i)\b(?:password|passwort|kennwort|passcode|pass ?phrase|pwd|mot de passe|contraseña|senha|wachtwoord)"
        r"\s{1,4}"
        r"['\"“]?(?P<value>(?=\S{0,64}\d)(?=\S{0,64}[A-Za-z])[^\s'\"“”,;\[\]]{6,64}?)(?=[.!?]?(?:['\"”,;\s]|$))"
    ),
    _is_password,
)
# Beside a card's number, `code 558` is the card's.
_CODE_OF_CARD = _RedactionRule(
    "code",
    re.compile(
        r"(?i)\b(?:security |sicherheits|prüf)?(?:code|kode|código|codice)\W{1,3}(?P<value>\d{3,4})(?![\w-]|[.,]\d)"
    ),
    _always,
)
_NATIONAL_IDS: tuple[_RedactionRule, ...] = (
    _RedactionRule(
        "national_id",
        re.compile(r"(?<![\w-])(?!000|666|9)\d{3}(?P<gap>[- ])(?!00)\d\d(?P=gap)(?!0000)\d{4}(?![\w-])"),
        _always,
    ),
    _RedactionRule(
        "national_id",
        re.compile(r"(?i)\b(?:ssn|social security(?: number)?)\b\D{0,12}\b(?P<value>\d{9}|\d{3}[- ]\d\d[- ]\d{4})\b"),
        _always,
    ),
    _RedactionRule(
        "national_id",
        re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"),  # United Kingdom
        _always,
    ),
    _RedactionRule("national_id", re.compile(r"\b(?:\d{8}|[XYZ]\d{7})[A-Z]\b"), _is_spanish_id),
    _RedactionRule("national_id", re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d\d\b"), _is_brazilian_id),
    _RedactionRule("national_id", re.compile(r"(?<![\w-])[2-9]\d{3} \d{4} \d{4}(?![\w-]| \d)"), _is_indian_id),
)
_CONTACTS: tuple[_RedactionRule, ...] = (
    _RedactionRule("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), _always),
    _RedactionRule(
        "phone",
        re.compile(r"\+\d[\d ()-]{7,17}\d|(?<![\w-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])"),
        _always,
    ),
)
