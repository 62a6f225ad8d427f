"""Whether somebody asks for a secret: then the answer is one, even when it is nothing but a number or a word."""

import re
from collections.abc import Iterable, Mapping

from app.models import Actor, Interaction
from app.models import Kind as InteractionKind
from app.nlu.sentences import sentences
from app.privacy.codes import names_code
from app.privacy.spoken import words_of
from app.privacy.vocabulary import CAME, COUNTS, QUESTIONS, THINGS

_ASKS = re.compile(
    r"\?|\b(?:enter|tell|give|send|type|provide|share|read|say|confirm|need|state|reply with|what|key in|press)\b"
    # Polite words ask where nothing else is said to be done: `please, the code`, not `please note that …`.
    r"|\b(?:please|bitte|por favor|per favore|alstublieft|alsjeblieft|graag|s[’']il (?:vous|te) pla[iî]t)\b"
    r"(?=(?:\W{1,3}\w{1,30}){0,4}\W{0,3}$)"
    r"|\b(?:geben|gib|nennen|nenne|senden|schicken|tippen|donnez|indiquez|envoyez|saisissez|tapez|entrez|dites"
    r"|ind[ií]que|env[ií]e|escriba|d[ií]ga|introduzca|teclee|marque|inform|digit|insira|inserisca|comunichi|invii"
    r"|mi dica|geef|stuur|voer|noem|toets|zeg)",
    re.IGNORECASE,
)
_WARNS = re.compile(r"\b(?:never|do not|don[’']?t|keep|nie(?:mals)?|jamais|nunca|mai|nooit)\b", re.IGNORECASE)
_CODE = re.compile(r"(?i)\bdigits? (?:you (?:received|got)|that were sent)\b")
_PASSWORD = re.compile(
    r"(?i)\b(?:passwords?|passwort|passcode|pass ?phrase|mot de passe|contraseña|senha|wachtwoord"
    r"|secret (?:word|answer)|memorable word)\b"
)
_AGAIN = re.compile(
    r"\b(?:repeat|again|once more|one more time|wiederhol|noch ?mal|noch einmal|r[ée]p[ée]t|encore une fois|redites"
    r"|repit|otra vez|de nuevo|ripet|di nuovo|ancora una volta|repet|novamente|outra vez|herhal|nog een keer|nogmaals)",
    re.IGNORECASE,
)
# A question of more than this is a page of text, and its last part is what asks.
_LONGEST = 2_000


def asks_for_code(text: str, *, clearly: bool = False) -> bool:
    """Whether a text asks for a security code, a PIN or a one-time code, and does not merely warn of it.

    `clearly`: whoever only names it without any doubt asks for it too, as `CVV?` and `the digits on the back` do.
    """
    if not text:
        return False
    for sentence in sentences(text[-_LONGEST:]):
        asks = not _WARNS.search(sentence) and (_CODE.search(sentence) or names_code(sentence))
        if asks and (
            _ASKS.search(sentence) or (clearly and (names_code(sentence, clearly=True) or _tells_of_sending(sentence)))
        ):
            return True
    return False


def _tells_of_sending(text: str) -> bool:
    """Whether a code is said to be on its way, so that a number which follows is that: `I've sent you a code`."""
    return not CAME.isdisjoint(words_of(text))


def asks_again(text: str) -> bool:
    """Whether a text asks to be told once more what was just told."""
    return bool(_AGAIN.search(text))


def asks_for_digits(text: str) -> bool:
    """Whether a text asks for a few figures, where a card was spoken of: `and the other three?`."""
    words = set(words_of(text))
    return "?" in text and not COUNTS.isdisjoint(words) and THINGS.isdisjoint(words)


def asks_for_else(text: str) -> bool:
    """Whether a text asks for something that is no code: a number of another name, or what only words answer."""
    words = set(words_of(text))
    asks = any(map(_ASKS.search, sentences(text[-_LONGEST:])))
    return asks and not (QUESTIONS | THINGS).isdisjoint(words)


def asks_for_password(text: str) -> bool:
    """Whether a text asks for a password, and does not merely warn of it."""
    return any(_asks(sentence) and _PASSWORD.search(sentence) for sentence in sentences(text[-_LONGEST:]))


def questions_answered(interactions: Iterable[Interaction]) -> Mapping[str, str]:
    """For each message of a customer, by its id, what bot or agent said last before it in the same conversation."""
    questions: dict[str, str] = {}
    last: dict[str | None, str] = {}
    for interaction in interactions:
        if interaction.kind is not InteractionKind.MESSAGE:
            continue
        if interaction.actor is not Actor.CUSTOMER:
            last[interaction.conversation_id] = interaction.text
        elif interaction.conversation_id in last:
            questions[interaction.interaction_id] = last[interaction.conversation_id]
    return questions


def _asks(sentence: str) -> bool:
    return bool(_ASKS.search(sentence)) and not _WARNS.search(sentence)
