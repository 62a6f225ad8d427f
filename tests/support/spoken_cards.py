"""Conversations in which a payment card's number and code are told, made anew from a seed, in seven languages.

Numbers pass Luhn's check and begin as issuers' do. They are told in figures or in words, in one message or over
several, by themselves or as the answer to a question.
"""

import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from app.privacy import masked_among
from app.privacy.context import Row
from tests.support.builders import draft

_DIGITS = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
}
_TELLING = {
    "en": "It's {}|The card is {}, please charge that.|okay so that's {}|number {}",
    "de": "Meine Kartennummer ist {}.|Das ist die {}|Bitte buchen Sie von {} ab",
    "fr": "Mon numéro de carte est le {}.|C'est le {}|utilisez {} alors",
    "es": "Mi número de tarjeta es {}.|Es el {}|puede usar la {}",
    "it": "Il numero della carta è {}.|È {}|usate {} allora",
    "nl": "Mijn kaartnummer is {}.|Het is {}|gebruik {} dan",
    "pt": "O número do cartão é {}.|É o {}|pode usar a {}",
}
_ASKING_CARD = {
    "en": "What's the long number on the front of the card?|Sure, read it to me.",
    "de": "Wie lautet Ihre Kartennummer?",
    "fr": "Quel est le numéro de votre carte ?",
    "es": "¿Cuál es el número de su tarjeta?",
    "it": "Mi dice il numero della carta?",
    "nl": "Wat is uw kaartnummer?",
    "pt": "Qual é o número do cartão?",
}
_ASKING_CODE = {
    "en": "And the code on the back?|What is the security code?|And the three digits on the back, please.|And the CVV?",
    "de": "Und die Prüfziffer auf der Rückseite?|Wie lautet die CVC?|Nennen Sie mir bitte die TAN.",
    "fr": "Et le code au dos ?|Quel est le cryptogramme ?|Et le code de sécurité ?",
    "es": "¿Y el código de seguridad?|¿Y los tres dígitos del reverso?",
    "it": "E il codice di sicurezza?|E le tre cifre sul retro?",
    "nl": "En de beveiligingscode?|En de drie cijfers achterop?",
    "pt": "E o código de segurança?|E os três dígitos no verso?",
}
_ANSWERING = {
    "en": "{}|It's {}|um, {}|yes, {}|that would be {}",
    "de": "{}|Das ist {}|äh, {}",
    "fr": "{}|C'est {}|euh, {}",
    "es": "{}|Es {}|eh, {}",
    "it": "{}|È {}|allora, {}",
    "nl": "{}|Dat is {}|uh, {}",
    "pt": "{}|É {}",
}
_ADDING = {
    "en": "and the security code is {}|cvv {}|and then {} on the back|it says {} on the signature strip|my PIN is {}",
    "de": "und der Sicherheitscode ist {}|die Prüfnummer lautet {}|hinten steht {} drauf",
    "fr": "et le code de sécurité est {}|le cryptogramme est {}|au dos il y a {}",
    "es": "y el código de seguridad es {}|los tres dígitos de atrás son {}",
    "it": "e il codice di sicurezza è {}|sul retro c'è {}",
    "nl": "en de beveiligingscode is {}|achterop staat {}",
    "pt": "e o código de segurança é {}|no verso está {}",
}
_NODDING = ("okay", "mhm", "go on", "ja", "sí", "oui")
_BRANDS = (
    *(("4", 16), ("51", 16), ("2221", 16), ("6011", 16), ("3528", 16), ("62", 16)),
    *(("34", 15), ("37", 15), ("36", 14)),
)
# Alone, "um" is what people say in English while they think.
_FIGURES_OF_CODES = "023456789"
_SIGNS = re.compile(r"[^\W\d_]+|\d")


class Telling(NamedTuple):
    """A conversation as (actor, text), and the parts of its secrets that may be read nowhere."""

    turns: Sequence[tuple[str, str]]
    secrets: Sequence[str]


def tellings(seed: int, count: int) -> Iterator[Telling]:
    """So many conversations, always the same of one seed."""
    random = Random(seed)
    for _ in range(count):
        yield _Teller(random).telling()


def is_readable(secret: str, text: str) -> bool:
    """Whether a secret stands in a text, however it is punctuated; a card's last four figures may."""
    wanted = _SIGNS.findall(secret.lower())
    signs = _SIGNS.findall(re.sub(r"••••\d{4}", "", text).lower())
    return any(signs[index : index + len(wanted)] == wanted for index in range(len(signs)))


def filed(telling: Telling) -> list[str]:
    """The texts of a conversation as they are filed, row by row."""
    rows: list[Row] = []
    for actor, text in telling.turns:
        masking = masked_among(rows, draft(text, actor=actor, conversation_id="c", channel="voice"))
        for index, row in masking.earlier.items():
            rows[index] = row
        rows.append(masking.row)
    return [row.text for row in rows]


class _Teller:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._language = random.choice(list(_DIGITS))
        self._in_words = random.random() < 0.5

    def telling(self) -> Telling:
        card = self._card()
        code = "".join(self._random.choice(_FIGURES_OF_CODES) for _ in range(self._random.choice((3, 4))))
        whole, proof = self._written_card(card), self._written_code(code)
        disclosure = ("customer", self._random.choice([self._any(_TELLING), "{}"]).format(whole))
        asked = ("agent", self._any(_ASKING_CODE))
        match self._random.randrange(5):
            case 0:
                return Telling([("agent", self._any(_ASKING_CARD)), disclosure], [whole])
            case 1:
                return Telling([disclosure, ("customer", self._any(_ADDING).format(proof))], [whole, proof])
            case 2:
                return Telling([disclosure, asked, ("customer", self._any(_ANSWERING).format(proof))], [whole, proof])
            case 3:
                parts = [self._plain(part) for part in (code[:1], code[1:])]
                return Telling([asked, ("customer", parts[0]), self._nod(), ("customer", parts[1])], parts[1:])
            case _:
                self._in_words = self._in_words and self._language != "pt"  # a group may be "um" alone
                parts = [self._plain(group) for group in _groups(card)]
                turns = [turn for part in parts for turn in (("customer", part), self._nod())]
                return Telling([("agent", self._any(_ASKING_CARD)), *turns], parts[:-1])

    def _nod(self) -> tuple[str, str]:
        return "agent", self._random.choice(_NODDING)

    def _any(self, phrases: dict[str, str]) -> str:
        return self._random.choice(phrases[self._language].split("|"))

    def _plain(self, digits: str) -> str:
        names = _DIGITS[self._language].split()
        return " ".join(names[int(digit)] for digit in digits) if self._in_words else digits

    def _written_card(self, card: str) -> str:
        groups = [self._plain(group) for group in _groups(card)]
        if self._in_words:
            return self._random.choice((", ", " ", " - ")).join(groups)
        return self._random.choice((" ", "-", "", ".")).join(groups)

    def _written_code(self, code: str) -> str:
        return self._plain(code) if self._in_words else self._random.choice((code, " ".join(code)))

    def _card(self) -> str:
        prefix, length = self._random.choice(_BRANDS)
        body = prefix + "".join(str(self._random.randrange(10)) for _ in range(length - 1 - len(prefix)))
        doubled = [int(sign) * 2 - 9 * (int(sign) > 4) for sign in body[::-1][::2]]
        check = -(sum(doubled) + sum(map(int, body[::-1][1::2]))) % 10
        return body + str(check)


def _groups(card: str) -> list[str]:
    if len(card) == 16:
        return [card[index : index + 4] for index in range(0, 16, 4)]
    return [card[:4], card[4:10], card[10:]]
