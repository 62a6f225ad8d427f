"""Takes secrets and personal numbers out of a text before it leaves for a model, and puts back what an agent may see.

A found value becomes a typed placeholder such as `[card_1]`; the same value always becomes the same one. What stands
behind a placeholder is held in one `Redactor`, made for one call and forgotten with it, and nowhere else.

Cards are told by their issuer's prefix and length and by Luhn's check digit, bank accounts by the IBAN's check digits
(ISO 13616), national ids by their shape and, where they have one, their check digit. Passwords and one-time codes have
no shape, so they are told by the words around them, or by the question that they answer.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Literal, NamedTuple

from pydantic import JsonValue

from app.language.sentences import sentences
from app.models import Actor, Interaction, InteractionDraft
from app.models import Kind as InteractionKind

Kind = Literal["password", "code", "iban", "card", "national_id", "email", "phone"]


class _Rule(NamedTuple):
    """A shape (its group `value`, where it has one, else all of it) and what else must hold for the value."""

    kind: Kind
    pattern: re.Pattern[str]
    holds: Callable[[str], bool]


class Redactor:
    """The placeholders of one call. `contacts` tells whether e-mail addresses and phone numbers are taken out too."""

    def __init__(self, *, contacts: bool = True) -> None:
        self._rules = _SECRETS + (_CONTACTS if contacts else ())
        self._placeholders: dict[tuple[Kind, str], str] = {}
        self._shown: dict[str, str] = {}

    def redact(self, text: str, *, answering: str = "") -> str:
        """The text with a placeholder in the place of each secret or personal number.

        `answering` is what bot or agent said before: who was asked for a code may send nothing but its digits.
        """
        for rule in self._rules:
            text = rule.pattern.sub(partial(self._replaced, rule), text)
        for kind, asking in _ASKED_FOR.items():
            if _asks(asking, answering):
                for pattern in _ANSWERS[kind]:
                    text = pattern.sub(partial(self._replaced, _Rule(kind, pattern, _HOLDS_AS_ANSWER[kind])), text)
        return text

    def restore(self, text: str) -> str:
        """The text with values back where an agent may see them: cards and ids by their last four, secrets never."""
        if not self._shown:
            return text
        return _PLACEHOLDER.sub(lambda match: self._shown.get(match.group(), match.group()), text)

    def _replaced(self, rule: _Rule, match: re.Match[str]) -> str:
        start, end = match.span("value" if "value" in rule.pattern.groupindex else 0)
        value = match.string[start:end]
        value = _WHOLE_GROUPS[rule.kind](value) if rule.kind in _WHOLE_GROUPS else value
        if not value or not rule.holds(value):
            return match.group()
        before, after = match.string[match.start() : start], match.string[start + len(value) : match.end()]
        return before + self._placeholder(rule.kind, value) + after

    def _placeholder(self, kind: Kind, value: str) -> str:
        key = (kind, re.sub(r"[\s.-]", "", value).casefold() if kind not in _EXACT else value)
        if key not in self._placeholders:
            number = sum(taken == kind for taken, _ in self._placeholders) + 1
            placeholder = f"[{kind}_{number}]"
            self._placeholders[key] = placeholder
            self._shown[placeholder] = _shown(kind, value, placeholder)
        return self._placeholders[key]


def questions_answered(interactions: Iterable[Interaction]) -> Mapping[str, str]:
    """For each message of a customer, by its id, what bot or agent said last before it in the same conversation."""
    found: dict[str, str] = {}
    last: dict[str | None, str] = {}
    for one in interactions:
        if one.kind is not InteractionKind.MESSAGE:
            continue
        if one.actor is not Actor.CUSTOMER:
            last[one.conversation_id] = one.text
        elif one.conversation_id in last:
            found[one.interaction_id] = last[one.conversation_id]
    return found


def redact(text: str, *, contacts: bool = False) -> str:
    """One text with placeholders that nobody can put back: for what is to be forgotten for good."""
    return Redactor(contacts=contacts).redact(text)


def redacted_draft(draft: InteractionDraft) -> InteractionDraft:
    """An interaction whose text and data hold placeholders nobody can put back, before it is written anywhere.

    A field of `data` is read with its name, so that what has no shape of its own (`password`, `cvv`) is found too.
    """
    redactor = Redactor(contacts=False)
    text = redactor.redact(draft.text)
    data = {key: _redacted_value(redactor, key, value) for key, value in draft.data.items()}
    return draft.model_copy(update={"text": text, "data": data})


def _redacted_value(redactor: Redactor, key: str, value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {inner: _redacted_value(redactor, inner, one) for inner, one in value.items()}
    if isinstance(value, list):
        return [_redacted_value(redactor, key, one) for one in value]
    if isinstance(value, bool) or not isinstance(value, str | int):
        return value
    # The words around a secret may come before it or be its name; either way only the value may change.
    told = str(value)
    alone = redactor.redact(told)
    label = f"{key.replace('_', ' ')}: "
    named = redactor.redact(label + told)
    found = alone if alone != told or not named.startswith(label) else named.removeprefix(label)
    return value if found == told else found


def _shown(kind: Kind, value: str, placeholder: str) -> str:
    if kind in ("email", "phone", "iban"):
        return value
    if kind in ("card", "national_id"):
        return "••••" + re.sub(r"\W", "", value)[-4:]
    return placeholder


def _is_card(value: str) -> bool:
    digits = re.sub(r"\D", "", value)
    return bool(_ISSUERS.fullmatch(digits)) and _luhn(digits)


def _luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812: every second digit from the right doubled, the digits summed, modulo ten."""
    doubled = (divmod(2 * int(digit), 10) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(map(sum, doubled))) % 10 == 0


def _longest(holds: Callable[[str], bool], candidate: str) -> str:
    # Words, or a card's expiry, may follow a number written in groups, so the tail is given up group by group.
    while candidate and not holds(candidate):
        candidate = candidate.rpartition(" ")[0].rstrip()
    return candidate


def _is_iban(value: str) -> bool:
    bare = value.replace(" ", "").upper()
    return 15 <= len(bare) <= 34 and int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1


def _is_spanish_id(value: str) -> bool:
    number = value[:-1].upper().translate(str.maketrans("XYZ", "012"))
    return value[-1].upper() == "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def _is_brazilian_id(value: str) -> bool:
    digits = [int(sign) for sign in value if sign.isdigit()]
    return all(_weighted(digits[:place], place + 1) == digits[place] for place in (9, 10)) and len(set(digits)) > 1


def _weighted(digits: list[int], heaviest: int) -> int:
    return sum(digit * weight for digit, weight in zip(digits, range(heaviest, 1, -1), strict=True)) * 10 % 11 % 10


def _is_indian_id(value: str) -> bool:
    """Verhoeff's check: the digits of the dihedral group D5, permuted by their place."""
    check = 0
    for place, digit in enumerate(reversed([int(sign) for sign in value if sign.isdigit()])):
        check = _dihedral(check, _permuted(digit, place))
    return check == 0


def _dihedral(left: int, right: int) -> int:
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - right) % 5 + 5 if right < 5 else (left - right) % 5


def _permuted(digit: int, place: int) -> int:
    for _ in range(place % 8):
        digit = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)[digit]
    return digit


def _is_password(value: str) -> bool:
    return value.casefold().strip(".,!?'\"") not in _SAID_OF_PASSWORDS


def _asks(asking: re.Pattern[str], text: str) -> bool:
    """Whether a text asks for what this names, and does not merely warn of it."""
    return any(
        asking.search(sentence) and _ASKS.search(sentence) and not _WARNS.search(sentence)
        for sentence in sentences(text)
    )


def _is_one_word(value: str) -> bool:
    return _is_password(value) and value.casefold() not in _NO_PASSWORDS


def _always(_: str) -> bool:
    return True


_EXACT = ("password", "code", "email")
_WHOLE_GROUPS: Mapping[Kind, Callable[[str], str]] = {
    "iban": partial(_longest, _is_iban),
    "card": partial(_longest, _is_card),
}
# A code of these is a name for something, which the agent needs; any other is for proving who one is.
_NAMING_CODES = """error status fault reason response booking reservation confirmation reference order product item
article tracking return post postal zip area country dialling sort branch bank swift bic promo promotion discount
voucher coupon gift referral qr dress source tax""".split()
_PROVING_CODE = "".join(rf"(?<!\b{word} )" for word in _NAMING_CODES)
_ASKS = re.compile(
    r"\?|\b(?:enter|tell|give|send|type|provide|share|read|say|confirm|need|state|reply with|what)\b"
    r"|\b(?:geben|nennen|senden|schicken|donnez|indiquez|envoyez|saisissez|indique|envíe|escriba|diga|informe"
    r"|envie|digite"
    r"|inserisca|comunichi|invii|geef|stuur|voer)\b",
    re.IGNORECASE,
)
_WARNS = re.compile(r"\b(?:never|do not|don[’']?t|keep|nie(?:mals)?|jamais|nunca|mai|nooit)\b", re.IGNORECASE)
_ASKED_FOR: Mapping[Kind, re.Pattern[str]] = {
    "code": re.compile(
        rf"(?i)\b{_PROVING_CODE}(?:(?:pass|sicherheits|bestätigungs|einmal)?codes?|código|codice|pins?|otps?"
        rf"|tans?|cv[vc]2?)\b"
        r"|\bdigits? (?:you (?:received|got)|that were sent)\b"
    ),
    "password": re.compile(
        r"(?i)\b(?:passwords?|passwort|passcode|pass ?phrase|mot de passe|contraseña|senha|wachtwoord"
        r"|secret (?:word|answer)"
        r"|memorable word)\b"
    ),
}
_ANSWERS: Mapping[Kind, tuple[re.Pattern[str], ...]] = {
    "code": (
        re.compile(
            r"(?<![\w.,$€£•-])(?:\d{3}[ -]\d{3}|\d{3,8})(?![\w-]|[.,]\d| ?[$€£%]| (?:dollars?|euros?|pounds?"
            r"|EUR|USD|GBP|times|days"
            r"|weeks|hours|minutes)\b)"
        ),
    ),
    "password": (
        re.compile(r"^\W*(?P<value>[^\s\[\]]{4,64}?)[.!]?\s*$"),
        re.compile(r"(?<!\S)(?P<value>(?=\S*\d)(?=\S*[A-Za-z])[^\s\[\]]{6,64}?)(?=[.,!]?(?:\s|$))"),
    ),
}
_NO_PASSWORDS = frozenset("yeah sure okay what none nothing never later sorry thanks wait hello done".split())
_HOLDS_AS_ANSWER: Mapping[Kind, Callable[[str], bool]] = {"code": _always, "password": _is_one_word}
_PLACEHOLDER = re.compile(r"\[(?:password|code|iban|card|national_id|email|phone)_\d+\]")
_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|(?:5[06-8]|6\d)\d{10,17}"
)
# Said of a password, not the password itself.
_SAID_OF_PASSWORDS = frozenset(
    """not wrong incorrect correct invalid valid expired missing right still also being been too weak strong required
    needed the a an same different no never always now what where how why it this that my in on at for to and or but
    reset changed working accepted rejected recognised recognized forgotten lost blocked locked unknown""".split()
)
_SECRETS: tuple[_Rule, ...] = (
    _Rule(
        "password",
        re.compile(
            r"(?i)\b(?:password|passwort|passcode|pass ?phrase|passwd|pwd|mot de passe|contraseña|senha)\b['\"]?\s*"
            r"(?:is|was|ist|war|est|es|é|[:=])[\s:]*['\"“]?(?P<value>[^\s'\"“”,;\[\]]{3,64}?)(?=[.!?]?(?:['\"”,;\s]|$))"
        ),
        _is_password,
    ),
    _Rule(
        "code",
        re.compile(
            r"(?i)\b(?:(?:one[- ]time|verification|security|log-?in|sign-?in|authentication|access|2fa|sms|your|my) "
            r"(?:pass)?(?:code|word|pin)|otp|pin|tan|cvv2?|cvc2?)\b[^\d\n.?!]{0,24}?"
            r"\b(?P<value>\d{3,4}(?:[ -]?\d{3,4})?)\b"
        ),
        _always,
    ),
    _Rule(
        "code",
        re.compile(
            r"(?i)\b(?P<value>\d{3,4}(?:[ -]?\d{3,4})?) is (?:your|my|the) (?:[\w-]+ ){0,3}?"
            r"(?:code|pin|otp|passcode|tan)\b"
        ),
        _always,
    ),
    _Rule(
        "code",
        re.compile(
            rf"(?i)\b{_PROVING_CODE}(?:pass)?code\b[^\d\n.?!]{{0,40}}?(?:\bis|\bwas|:|=)\s*"
            r"(?P<value>\d{4,8}|\d{3}[ -]\d{3})\b"
        ),
        _always,
    ),
    _Rule("iban", re.compile(r"(?i)\b[a-z]{2}\d{2}(?: ?[a-z0-9]{2,4}){3,8}(?: ?[a-z0-9]{1,3})?\b"), _always),
    _Rule("card", re.compile(r"(?<![\w-])\d(?:[ -]?\d){11,18}(?![\w-])"), _is_card),
    _Rule(
        "national_id",
        re.compile(r"(?<![\w-])(?!000|666|9)\d{3}(?P<gap>[- ])(?!00)\d\d(?P=gap)(?!0000)\d{4}(?![\w-])"),
        _always,
    ),
    _Rule(
        "national_id",
        re.compile(r"(?i)\b(?:ssn|social security(?: number)?)\b\D{0,12}\b(?P<value>\d{9}|\d{3}[- ]\d\d[- ]\d{4})\b"),
        _always,
    ),
    _Rule(
        "national_id",
        re.compile(r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]\b"),  # United Kingdom
        _always,
    ),
    _Rule("national_id", re.compile(r"\b(?:\d{8}|[XYZ]\d{7})[A-Z]\b"), _is_spanish_id),
    _Rule("national_id", re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d\d\b"), _is_brazilian_id),
    _Rule("national_id", re.compile(r"(?<![\w-])[2-9]\d{3} \d{4} \d{4}(?![\w-]| \d)"), _is_indian_id),
)
_CONTACTS: tuple[_Rule, ...] = (
    _Rule("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), _always),
    _Rule(
        "phone",
        re.compile(r"\+\d[\d ()-]{7,17}\d|(?<![\w-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])"),
        _always,
    ),
)
