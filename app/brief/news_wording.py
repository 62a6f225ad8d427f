"""What came since a brief was drafted, as a sentence of the brief's own language.

A drafted brief is a model's, in the language of the customer. In a language that is none of these seven, only when it
was said is told before the quotation.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from app.language.acts import is_english
from app.language.languages import Language, language_of
from app.models import Actor


class _Sentences(NamedTuple):
    """`wrote` takes who and the quotation, `after` how many messages more there were; one and many of each."""

    actors: Mapping[Actor, str]
    wrote: str
    after: tuple[str, str]
    steps: tuple[str, str]


def _actors(customer: str, bot: str, agent: str, system: str) -> Mapping[Actor, str]:
    return {Actor.CUSTOMER: customer, Actor.BOT: bot, Actor.AGENT: agent, Actor.SYSTEM: system}


_SENTENCES: Mapping[Language, _Sentences] = {
    "en": _Sentences(
        _actors("the customer", "the bot", "the agent", "the system"),
        "Since then {actor} wrote {quotation}{after}.",
        (", after 1 other message", ", after {count} other messages"),
        ("Since then 1 step was recorded.", "Since then {count} steps were recorded."),
    ),
    "de": _Sentences(
        _actors("der Kunde", "der Bot", "der Agent", "das System"),
        "Seitdem schrieb {actor} {quotation}{after}.",
        (", nach 1 weiteren Nachricht", ", nach {count} weiteren Nachrichten"),
        ("Seitdem wurde 1 Schritt erfasst.", "Seitdem wurden {count} Schritte erfasst."),
    ),
    "fr": _Sentences(
        _actors("le client", "le bot", "l’agent", "le système"),
        "Depuis, {actor} a écrit {quotation}{after}.",
        (", après 1 autre message", ", après {count} autres messages"),
        ("Depuis, 1 étape a été enregistrée.", "Depuis, {count} étapes ont été enregistrées."),
    ),
    "es": _Sentences(
        _actors("el cliente", "el bot", "el agente", "el sistema"),
        "Desde entonces {actor} escribió {quotation}{after}.",
        (", tras 1 mensaje más", ", tras {count} mensajes más"),
        ("Desde entonces se registró 1 paso.", "Desde entonces se registraron {count} pasos."),
    ),
    "it": _Sentences(
        _actors("il cliente", "il bot", "l’agente", "il sistema"),
        "Da allora {actor} ha scritto {quotation}{after}.",
        (", dopo 1 altro messaggio", ", dopo altri {count} messaggi"),
        ("Da allora è stato registrato 1 passaggio.", "Da allora sono stati registrati {count} passaggi."),
    ),
    "pt": _Sentences(
        _actors("o cliente", "o bot", "o agente", "o sistema"),
        "Desde então {actor} escreveu {quotation}{after}.",
        (", após mais 1 mensagem", ", após mais {count} mensagens"),
        ("Desde então foi registada 1 etapa.", "Desde então foram registadas {count} etapas."),
    ),
    "nl": _Sentences(
        _actors("de klant", "de bot", "de agent", "het systeem"),
        "Sindsdien schreef {actor} {quotation}{after}.",
        (", na nog 1 bericht", ", na nog {count} berichten"),
        ("Sindsdien is 1 stap vastgelegd.", "Sindsdien zijn {count} stappen vastgelegd."),
    ),
}


def language_of_brief(prose: str) -> Language | None:
    """The language of a brief's prose; None where it is none of the seven."""
    return language_of(prose) or ("en" if is_english(prose) else None)


def newest_words(language: Language | None, actor: Actor, at: datetime, quotation: str, *, others: int) -> str:
    """That somebody has said something since, the last of so many messages more."""
    if language is None:
        return f"{at:%Y-%m-%d %H:%M}: {quotation}."
    sentences = _SENTENCES[language]
    after = _counted(sentences.after, others) if others else ""
    return sentences.wrote.format(actor=sentences.actors[actor], quotation=quotation, after=after)


def new_steps(language: Language, count: int) -> str:
    """That something was done since."""
    return _counted(_SENTENCES[language].steps, count)


def _counted(one_and_many: tuple[str, str], count: int) -> str:
    return one_and_many[count > 1].format(count=count)
