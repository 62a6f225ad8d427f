"""The words that stand around what a brief tells, in the language that the brief is written in.

A model words a brief in the customer's language; what our own engine adds beside it, who said something, how a step
ended and how often it was tried, has to read alike. The engine writes English, by fixed forms, so that each of its
sentences can be put into another language whole; what has none of these forms stays as it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.models import ActionTaken, Actor, Brief, Commitment, Outcome
from app.nlu.dialogue_acts import is_english
from app.nlu.languages import Language, language_of

_ENDINGS = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ABANDONED, Outcome.UNKNOWN)


class Frames(NamedTuple):
    """The words of one language.

    `speech`, `wrote` and `ended` are whole sentences, `steps` too. `failed_before`, `after` and `steps` are for one and
    for several; `after` and `steps` take their `count`. `actors` are as they stand within a sentence.
    """

    actors: Mapping[Actor, str]
    speech: str
    wrote: str
    after: tuple[str, str]
    steps: tuple[str, str]
    ended: Mapping[Outcome, str]
    outcomes: Mapping[Outcome, str]
    attempts: str
    failed_before: tuple[str, str]
    mixed: str
    due: str
    on: str

    def quotation(self, actor: Actor, words: str) -> str:
        """That somebody said something, with the words in quotation marks."""
        who = self.actors[actor]
        return self.speech.format(who=who[:1].upper() + who[1:], words=words)

    def since_then(self, actor: Actor, words: str, *, others: int) -> str:
        """That somebody wrote something since, the last of so many messages more."""
        after = _counted(self.after, others) if others else ""
        return self.wrote.format(actor=self.actors[actor], quotation=words, after=after)

    def new_steps(self, count: int) -> str:
        """That something was done since."""
        return _counted(self.steps, count)

    def due_of(self, commitment: Commitment) -> str:
        """By when something was promised, and on which day that was said; empty where no time was named."""
        if commitment.due is None:
            return ""
        on = "" if commitment.at is None else ", " + self.on.format(day=f"{commitment.at:%Y-%m-%d}")
        return self.due.format(time=commitment.due) + on

    def tried(self, step: str, outcomes: Sequence[Outcome]) -> str:
        """A step with how often it was tried, and how the attempts before the last ended where that was otherwise.

        No other number stands in it: `2 failed` beside `3 attempts` would have to be checked by whoever reads it.
        """
        if len(outcomes) == 1:
            return step
        *before, last = outcomes
        note = ""
        if last is Outcome.SUCCEEDED and set(before) == {Outcome.FAILED}:
            note = self.failed_before[len(before) > 1]
        elif set(outcomes) != {last}:
            note = self.mixed
        return f"{step} ({len(outcomes)} {self.attempts}{note})"


def _counted(forms: tuple[str, str], count: int) -> str:
    return forms[count > 1].format(count=count)


def _actors(customer: str, bot: str, agent: str, system: str) -> Mapping[Actor, str]:
    return {Actor.CUSTOMER: customer, Actor.BOT: bot, Actor.AGENT: agent, Actor.SYSTEM: system}


def _outcomes(succeeded: str, failed: str, abandoned: str, unknown: str) -> Mapping[Outcome, str]:
    return dict(zip(_ENDINGS, (succeeded, failed, abandoned, unknown), strict=True))


_FRAMES: Mapping[Language, Frames] = {
    "en": Frames(
        actors=_actors("the customer", "the bot", "the agent", "the system"),
        speech="{who} said: {words}",
        wrote="Since then {actor} wrote {quotation}{after}.",
        after=(", after 1 other message", ", after {count} other messages"),
        steps=("Since then 1 step was recorded.", "Since then {count} steps were recorded."),
        ended=_outcomes(
            "Done: {step}.",
            "Failed: {step}.",
            "Given up: {step}.",
            "Begun, no outcome on record: {step}.",
        ),
        outcomes=_outcomes("succeeded", "failed", "abandoned", "unknown"),
        attempts="attempts",
        failed_before=(", the first failed", ", all but the last failed"),
        mixed=" with different outcomes",
        due="due {time}",
        on="said on {day}",
    ),
    "de": Frames(
        actors=_actors("der Kunde", "der Bot", "der Agent", "das System"),
        speech="{who} sagte: {words}",
        wrote="Seitdem schrieb {actor} {quotation}{after}.",
        after=(", nach 1 weiteren Nachricht", ", nach {count} weiteren Nachrichten"),
        steps=("Seitdem wurde 1 Schritt erfasst.", "Seitdem wurden {count} Schritte erfasst."),
        ended=_outcomes(
            "Erledigt: {step}.",
            "Fehlgeschlagen: {step}.",
            "Abgebrochen: {step}.",
            "Begonnen, ohne bekanntes Ergebnis: {step}.",
        ),
        outcomes=_outcomes("gelungen", "fehlgeschlagen", "abgebrochen", "unbekannt"),
        attempts="Versuche",
        failed_before=(", der erste schlug fehl", ", alle bis auf den letzten schlugen fehl"),
        mixed=" mit verschiedenem Ausgang",
        due="Frist: {time}",
        on="gesagt am {day}",
    ),
    "fr": Frames(
        actors=_actors("le client", "le bot", "l’agent", "le système"),
        speech="{who} a dit : {words}",
        wrote="Depuis, {actor} a écrit {quotation}{after}.",
        after=(", après 1 autre message", ", après {count} autres messages"),
        steps=("Depuis, 1 étape a été enregistrée.", "Depuis, {count} étapes ont été enregistrées."),
        ended=_outcomes(
            "Fait : {step}.",
            "Échec : {step}.",
            "Abandonné : {step}.",
            "Commencé, sans résultat connu : {step}.",
        ),
        outcomes=_outcomes("réussi", "échoué", "abandonné", "inconnu"),
        attempts="tentatives",
        failed_before=(", la première a échoué", ", toutes sauf la dernière ont échoué"),
        mixed=" aux résultats différents",
        due="échéance : {time}",
        on="dit le {day}",
    ),
    "es": Frames(
        actors=_actors("el cliente", "el bot", "el agente", "el sistema"),
        speech="{who} dijo: {words}",
        wrote="Desde entonces {actor} escribió {quotation}{after}.",
        after=(", tras 1 mensaje más", ", tras {count} mensajes más"),
        steps=("Desde entonces se registró 1 paso.", "Desde entonces se registraron {count} pasos."),
        ended=_outcomes(
            "Hecho: {step}.",
            "Falló: {step}.",
            "Abandonado: {step}.",
            "Empezado, sin resultado registrado: {step}.",
        ),
        outcomes=_outcomes("logrado", "fallido", "abandonado", "desconocido"),
        attempts="intentos",
        failed_before=(", el primero falló", ", todos menos el último fallaron"),
        mixed=" con resultados distintos",
        due="plazo: {time}",
        on="dicho el {day}",
    ),
    "it": Frames(
        actors=_actors("il cliente", "il bot", "l’agente", "il sistema"),
        speech="{who} ha detto: {words}",
        wrote="Da allora {actor} ha scritto {quotation}{after}.",
        after=(", dopo 1 altro messaggio", ", dopo altri {count} messaggi"),
        steps=("Da allora è stato registrato 1 passaggio.", "Da allora sono stati registrati {count} passaggi."),
        ended=_outcomes(
            "Fatto: {step}.",
            "Non riuscito: {step}.",
            "Abbandonato: {step}.",
            "Iniziato, senza esito noto: {step}.",
        ),
        outcomes=_outcomes("riuscito", "non riuscito", "abbandonato", "sconosciuto"),
        attempts="tentativi",
        failed_before=(", il primo non è riuscito", ", è riuscito solo l’ultimo"),
        mixed=" con esiti diversi",
        due="scadenza: {time}",
        on="detto il {day}",
    ),
    "pt": Frames(
        actors=_actors("o cliente", "o bot", "o agente", "o sistema"),
        speech="{who} disse: {words}",
        wrote="Desde então {actor} escreveu {quotation}{after}.",
        after=(", após mais 1 mensagem", ", após mais {count} mensagens"),
        steps=("Desde então foi registada 1 etapa.", "Desde então foram registadas {count} etapas."),
        ended=_outcomes(
            "Feito: {step}.",
            "Falhou: {step}.",
            "Abandonado: {step}.",
            "Iniciado, sem resultado registado: {step}.",
        ),
        outcomes=_outcomes("concluído", "falhado", "abandonado", "desconhecido"),
        attempts="tentativas",
        failed_before=(", a primeira falhou", ", todas menos a última falharam"),
        mixed=" com resultados diferentes",
        due="prazo: {time}",
        on="dito em {day}",
    ),
    "nl": Frames(
        actors=_actors("de klant", "de bot", "de agent", "het systeem"),
        speech="{who} zei: {words}",
        wrote="Sindsdien schreef {actor} {quotation}{after}.",
        after=(", na nog 1 bericht", ", na nog {count} berichten"),
        steps=("Sindsdien is 1 stap vastgelegd.", "Sindsdien zijn {count} stappen vastgelegd."),
        ended=_outcomes(
            "Gedaan: {step}.",
            "Mislukt: {step}.",
            "Afgebroken: {step}.",
            "Begonnen, geen uitkomst bekend: {step}.",
        ),
        outcomes=_outcomes("gelukt", "mislukt", "afgebroken", "onbekend"),
        attempts="pogingen",
        failed_before=(", de eerste mislukte", ", alle behalve de laatste mislukten"),
        mixed=" met verschillende uitkomst",
        due="termijn: {time}",
        on="gezegd op {day}",
    ),
}
ENGLISH = _FRAMES["en"]
_WORD = re.compile(r"[^\W\d_]+")
_TRIED = re.compile(
    r" \((?P<all>\d{1,4}) attempts(?P<note>, the first failed|, all but the last failed| with different outcomes)?\)$"
)
_SAID = re.compile(r"The (?P<who>customer|bot|agent|system) said: (?P<words>“.*)", re.DOTALL)
_ENDED = re.compile(r"(?P<how>Done|Failed|Given up|Begun, no outcome on record): (?P<step>[^“”]{1,200})\.")
_HOW: Mapping[str, Outcome] = {
    "Done": Outcome.SUCCEEDED,
    "Failed": Outcome.FAILED,
    "Given up": Outcome.ABANDONED,
    "Begun, no outcome on record": Outcome.UNKNOWN,
}


_FEMININE = {
    "der Kunde": "die Kundin",
    "el cliente": "la clienta",
    "le client": "la cliente",
    "il cliente": "la cliente",
    "o cliente": "a cliente",
}


def frames_in(language: Language) -> Frames:
    """The words of a language."""
    return _FRAMES[language]


def frames_of(brief: Brief) -> Frames:
    """The words around what a brief tells, in its language; English where that is none of the seven."""
    return known_frames_of(brief) or ENGLISH


def known_frames_of(brief: Brief) -> Frames | None:
    """The words of a brief's language, with the customer as the brief has it; None where it is none of the seven."""
    # Where a model left something out, our own English stands there: the situation tells most.
    prose = " ".join(filter(None, (brief.contact_reason, brief.situation, brief.customer_expectation)))
    language = language_of(brief.situation or "") or language_of(prose) or ("en" if is_english(prose) else None)
    return None if language is None else _calling_customer_as(prose, _FRAMES[language])


def framed_as(brief: Brief, worded: Brief) -> Brief:
    """Our own brief with its steps, its history and their claims put into the language of one that a model worded."""
    frames = frames_of(worded)
    if frames is ENGLISH:
        return brief
    reworded = {item.text: _sentence(item.text, frames) for item in brief.history}
    history = tuple(item.model_copy(update={"text": reworded[item.text]}) for item in brief.history)
    claims = tuple(claim.model_copy(update={"text": reworded.get(claim.text, claim.text)}) for claim in brief.claims)
    steps = tuple(step.model_copy(update={"step": _step(step, frames)}) for step in brief.actions_taken)
    return brief.model_copy(update={"history": history, "claims": claims, "actions_taken": steps})


def _calling_customer_as(prose: str, frames: Frames) -> Frames:
    """The words of a language with the customer as a woman, where that is what the prose calls her."""
    feminine = _FEMININE.get(frames.actors[Actor.CUSTOMER])
    words = f" {' '.join(_WORD.findall(prose.casefold()))} "
    if feminine is None or f" {feminine.casefold()} " not in words:
        return frames
    return frames._replace(actors={**frames.actors, Actor.CUSTOMER: feminine})


def _sentence(text: str, frames: Frames) -> str:
    match = _SAID.fullmatch(text)
    if match:
        return frames.quotation(Actor(match["who"]), match["words"])
    ended = _ENDED.fullmatch(text)
    return frames.ended[_HOW[ended["how"]]].format(step=ended["step"]) if ended else text


def _step(action: ActionTaken, frames: Frames) -> str:
    tried = _TRIED.search(action.step)
    if tried is None:
        return action.step
    notes = {None: "", ENGLISH.mixed: frames.mixed} | dict(
        zip(ENGLISH.failed_before, frames.failed_before, strict=True)
    )
    return f"{action.step[: tried.start()]} ({tried['all']} {frames.attempts}{notes[tried['note']]})"
