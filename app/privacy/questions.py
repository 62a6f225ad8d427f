"""Whether somebody asks for a secret: then the answer is one, even when it is nothing but a number or a word."""

import re
from collections.abc import Iterable, Mapping

from app.language.sentences import sentences
from app.models import Actor, Interaction
from app.models import Kind as InteractionKind
from app.privacy.codes import names_code

_ASKS = re.compile(
    r"\?|\b(?:enter|tell|give|send|type|provide|share|read|say|confirm|need|state|reply with|what)\b"
    r"|\b(?:geben|nennen|nenne|senden|schicken|donnez|indiquez|envoyez|saisissez|indique|envíe|escriba|diga|informe"
    r"|envie|digite|inserisca|comunichi|invii|geef|stuur|voer|noem)\b",
    re.IGNORECASE,
)
_WARNS = re.compile(r"\b(?:never|do not|don[’']?t|keep|nie(?:mals)?|jamais|nunca|mai|nooit)\b", re.IGNORECASE)
_CODE = re.compile(r"(?i)\bdigits? (?:you (?:received|got)|that were sent)\b")
_PASSWORD = re.compile(
    r"(?i)\b(?:passwords?|passwort|passcode|pass ?phrase|mot de passe|contraseña|senha|wachtwoord"
    r"|secret (?:word|answer)|memorable word)\b"
)
# A question of more than this is a page of text, and its last part is what asks.
_LONGEST = 2_000


def asks_for_code(text: str) -> bool:
    """Whether a text asks for a security code, a PIN or a one-time code, and does not merely warn of it."""
    return any(_asks(one) and (names_code(one) or _CODE.search(one)) for one in sentences(text[-_LONGEST:]))


def asks_for_password(text: str) -> bool:
    """Whether a text asks for a password, and does not merely warn of it."""
    return any(_asks(one) and _PASSWORD.search(one) for one in sentences(text[-_LONGEST:]))


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


def _asks(sentence: str) -> bool:
    return bool(_ASKS.search(sentence)) and not _WARNS.search(sentence)
