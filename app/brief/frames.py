"""The words that stand around what a brief tells, in the language that the brief is written in.

A model words a brief in the customer's language; what our own engine adds beside it, who said something, how a step
ended and how often it was tried, has to read alike. The engine writes English, by fixed forms, so that each of its
sentences can be put into another language whole; what has none of these forms stays as it is.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.language.languages import Language, language_of
from app.models import ActionTaken, Actor, Brief, Commitment, Outcome

_ENDINGS = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.ABANDONED, Outcome.UNKNOWN)


class Frames(NamedTuple):
    """The words of one language; `said` and `ended` are whole sentences, `counted` takes how many and of which kind."""

    said: Mapping[Actor, str]
    ended: Mapping[Outcome, str]
    outcomes: Mapping[Outcome, str]
    attempts: str
    failed_before: tuple[str, str]
    mixed: str
    due: str
    on: str

    def due_of(self, one: Commitment) -> str:
        """By when something was promised, and on which day that was said; empty where no time was named."""
        if one.due is None:
            return ""
        said = "" if one.at is None else ", " + self.on.format(day=f"{one.at:%Y-%m-%d}")
        return self.due.format(time=one.due) + said

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


def _said(form: str, customer: str, bot: str, agent: str, system: str) -> Mapping[Actor, str]:
    who = {Actor.CUSTOMER: customer, Actor.BOT: bot, Actor.AGENT: agent, Actor.SYSTEM: system}
    return {actor: form.format(who=name, words="{words}") for actor, name in who.items()}


def _outcomes(succeeded: str, failed: str, abandoned: str, unknown: str) -> Mapping[Outcome, str]:
    return dict(zip(_ENDINGS, (succeeded, failed, abandoned, unknown), strict=True))


_FRAMES: Mapping[Language, Frames] = {
    "en": Frames(
        said=_said("{who} said: {words}", "The customer", "The bot", "The agent", "The system"),
        ended=_outcomes(
            "“{step}” succeeded.",
            "“{step}” failed.",
            "“{step}” was abandoned.",
            "“{step}” has no outcome on record.",
        ),
        outcomes=_outcomes("succeeded", "failed", "abandoned", "unknown"),
        attempts="attempts",
        failed_before=(", the first failed", ", all but the last failed"),
        mixed=" with different outcomes",
        due="due {time}",
        on="said on {day}",
    ),
    "de": Frames(
        said=_said("{who} sagte: {words}", "Der Kunde", "Der Bot", "Der Agent", "Das System"),
        ended=_outcomes(
            "„{step}“ gelang.",
            "„{step}“ schlug fehl.",
            "„{step}“ wurde abgebrochen.",
            "Zu „{step}“ ist kein Ergebnis bekannt.",
        ),
        outcomes=_outcomes("gelungen", "fehlgeschlagen", "abgebrochen", "unbekannt"),
        attempts="Versuche",
        failed_before=(", der erste schlug fehl", ", alle bis auf den letzten schlugen fehl"),
        mixed=" mit verschiedenem Ausgang",
        due="Frist: {time}",
        on="gesagt am {day}",
    ),
    "fr": Frames(
        said=_said("{who} a dit : {words}", "Le client", "Le bot", "L’agent", "Le système"),
        ended=_outcomes(
            "« {step} » a réussi.",
            "« {step} » a échoué.",
            "« {step} » a été abandonné.",
            "« {step} » est sans résultat connu.",
        ),
        outcomes=_outcomes("réussi", "échoué", "abandonné", "inconnu"),
        attempts="tentatives",
        failed_before=(", la première a échoué", ", toutes sauf la dernière ont échoué"),
        mixed=" aux résultats différents",
        due="échéance : {time}",
        on="dit le {day}",
    ),
    "es": Frames(
        said=_said("{who} dijo: {words}", "El cliente", "El bot", "El agente", "El sistema"),
        ended=_outcomes(
            "«{step}» tuvo éxito.",
            "«{step}» falló.",
            "«{step}» se abandonó.",
            "«{step}» no tiene resultado registrado.",
        ),
        outcomes=_outcomes("logrado", "fallido", "abandonado", "desconocido"),
        attempts="intentos",
        failed_before=(", el primero falló", ", todos menos el último fallaron"),
        mixed=" con resultados distintos",
        due="plazo: {time}",
        on="dicho el {day}",
    ),
    "it": Frames(
        said=_said("{who} ha detto: {words}", "Il cliente", "Il bot", "L’agente", "Il sistema"),
        ended=_outcomes(
            "«{step}» è riuscito.",
            "«{step}» non è riuscito.",
            "«{step}» è stato abbandonato.",
            "«{step}» non ha un esito noto.",
        ),
        outcomes=_outcomes("riuscito", "non riuscito", "abbandonato", "sconosciuto"),
        attempts="tentativi",
        failed_before=(", il primo non è riuscito", ", è riuscito solo l’ultimo"),
        mixed=" con esiti diversi",
        due="scadenza: {time}",
        on="detto il {day}",
    ),
    "pt": Frames(
        said=_said("{who} disse: {words}", "O cliente", "O bot", "O agente", "O sistema"),
        ended=_outcomes(
            "«{step}» foi concluído.",
            "«{step}» falhou.",
            "«{step}» foi abandonado.",
            "«{step}» não tem resultado registado.",
        ),
        outcomes=_outcomes("concluído", "falhado", "abandonado", "desconhecido"),
        attempts="tentativas",
        failed_before=(", a primeira falhou", ", todas menos a última falharam"),
        mixed=" com resultados diferentes",
        due="prazo: {time}",
        on="dito em {day}",
    ),
    "nl": Frames(
        said=_said("{who} zei: {words}", "De klant", "De bot", "De agent", "Het systeem"),
        ended=_outcomes(
            "‘{step}’ is gelukt.",
            "‘{step}’ is mislukt.",
            "‘{step}’ is afgebroken.",
            "Van ‘{step}’ is geen uitkomst bekend.",
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
_ENDED = re.compile(r"“(?P<step>[^“”]{1,200})” (?P<how>succeeded|failed|was abandoned|has no outcome on record)\.")
_HOW: Mapping[str, Outcome] = {
    "succeeded": Outcome.SUCCEEDED,
    "failed": Outcome.FAILED,
    "was abandoned": Outcome.ABANDONED,
    "has no outcome on record": Outcome.UNKNOWN,
}


_FEMININE = (
    ("Der Kunde", "Die Kundin"),
    ("El cliente", "La clienta"),
    ("Le client", "La cliente"),
    ("Il cliente", "La cliente"),
    ("O cliente", "A cliente"),
)


def frames_of(brief: Brief) -> Frames:
    """The words around what a brief tells, in its language; English where that is none of the seven."""
    # Where a model left something out, our own English stands there: the situation tells most.
    prose = " ".join(filter(None, (brief.contact_reason, brief.situation, brief.customer_expectation)))
    return _FRAMES[language_of(brief.situation or "") or language_of(prose) or "en"]


def framed_as(brief: Brief, worded: Brief) -> Brief:
    """Our own brief with its steps, its history and their claims put into the language of one that a model worded."""
    frames = _speaking_of(worded, frames_of(worded))
    if frames is ENGLISH:
        return brief
    told = {one.text: _sentence(one.text, frames) for one in brief.history}
    history = tuple(one.model_copy(update={"text": told[one.text]}) for one in brief.history)
    claims = tuple(one.model_copy(update={"text": told.get(one.text, one.text)}) for one in brief.claims)
    steps = tuple(one.model_copy(update={"step": _step(one, frames)}) for one in brief.actions_taken)
    return brief.model_copy(update={"history": history, "claims": claims, "actions_taken": steps})


def _speaking_of(worded: Brief, frames: Frames) -> Frames:
    """The words of a language with the customer as the brief names them."""
    prose = " ".join(filter(None, (worded.contact_reason, worded.situation, worded.customer_expectation))).casefold()
    words = f" {' '.join(_WORD.findall(prose))} "
    customer = frames.said[Actor.CUSTOMER]
    for masculine, feminine in _FEMININE:
        if customer.startswith(masculine + " ") and f" {feminine.casefold()} " in words:
            told = feminine + customer.removeprefix(masculine)
            return frames._replace(said={**frames.said, Actor.CUSTOMER: told})
    return frames


def _sentence(text: str, frames: Frames) -> str:
    said = _SAID.fullmatch(text)
    if said:
        return frames.said[Actor(said["who"])].format(words=said["words"])
    ended = _ENDED.fullmatch(text)
    return frames.ended[_HOW[ended["how"]]].format(step=ended["step"]) if ended else text


def _step(one: ActionTaken, frames: Frames) -> str:
    tried = _TRIED.search(one.step)
    if tried is None:
        return one.step
    notes = {None: "", ENGLISH.mixed: frames.mixed} | dict(
        zip(ENGLISH.failed_before, frames.failed_before, strict=True)
    )
    return f"{one.step[: tried.start()]} ({tried['all']} {frames.attempts}{notes[tried['note']]})"
