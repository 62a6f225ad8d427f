"""Reads a snapshot sentence by sentence and step by step: the raw material of the extractive brief."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.briefs.speakers import speaker_of
from app.budget import spend
from app.models import Actor, Interaction, Kind, Outcome
from app.nlu import NOTHING_READ, Act, SentenceReading, Setting, Talk
from app.nlu.analysis import analysis_of
from app.nlu.artefacts import is_artefact, is_silence
from app.nlu.conditions import with_condition
from app.nlu.fluency import fluent
from app.nlu.steps import read_json, result_outcome

_LOOKING = re.compile(
    r"^(?:get|search|list|find|look(?:up)?|check|calculate|compute|think|plan|read|fetch|query|retrieve|view|show"
    r"|describe|track|validate|browse|consult(?:ar|er|a)?|buscar|ver|obtener|chercher"
    r"|rechercher|voir|abfragen|suchen|pruefen|prüfen)(?!_?(?:in|out)(?:_|\b))(?:_|-|\b|(?=[A-Z]))"
    r"|\w{0,60}(?:_|-)(?:abrufen|abfragen|anzeigen|suchen|pruefen|prüfen|lesen)$"
)

# What a call is for, where a tool serves several: `{"RequestType": "Check"}`, `{"dry_run": true}`.
_PURPOSE = re.compile(r"^(?:request|operation|action|mode|command)_?(?:type|name)?$", re.IGNORECASE)
_TRYING = ("dry_run", "dryrun", "preview", "simulate")

# Where records say how they stand, and the words with which one says that it was not done.
_STATES = ("status", "state", "outcome", "result", "decision")
_REFUSED = re.compile(
    r"(?:rejected|refused|declined|denied|conflict|cancelled by|not (?:allowed|possible|eligible))\b", re.IGNORECASE
)
# Where tools that answer in JSON say in words what went wrong.
_SAYING = ("message", "detail", "error_message", "error", "reason", "description")


_LONGEST_CLOSING = 5
_SURE = 0.5
_POSTSCRIPT = re.compile(r"P\.? ?S\b\.?", re.IGNORECASE)


class Utterance(NamedTuple):
    """One sentence that somebody said, with what the classifiers make of it; what was only pasted does nothing."""

    text: str
    reading: SentenceReading
    interaction: Interaction
    setting: Setting
    terms: tuple[str, ...]
    pasted: bool = False

    @property
    def act(self) -> Act:
        """What the sentence does."""
        return self.reading.act

    @property
    def shown(self) -> str:
        """The sentence as it is quoted: of speech without what says nothing, with marks for the gaps."""
        return fluent(self.text) if self.interaction.channel.traits.spoken else self.text

    @property
    def by_customer(self) -> bool:
        """Whether the customer said it."""
        return self.interaction.actor is Actor.CUSTOMER

    @property
    def speaker(self) -> str | None:
        """The name of whoever said it on the customer's side, where it is known."""
        return speaker_of(self.interaction)


def of_two_people(utterance: Utterance, other: Utterance) -> bool:
    """Whether two people on the customer's side of one conversation said these."""
    here = utterance.interaction.conversation_id == other.interaction.conversation_id
    speakers = {utterance.speaker, other.speaker}
    return here and None not in speakers and len(speakers) > 1


# An answer of more fields is a record, which only happens to hold something true or false.
_MOST_OF_A_FINDING = 6


class Call(NamedTuple):
    """A tool call with the result that came back for it, if one did."""

    call: Interaction
    result: Interaction | None
    outcome: Outcome

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.call.name or ""

    @property
    def looks(self) -> bool:
        """Whether it only looked something up, by the tool's name or by what it was called for."""
        return only_looks(self.name) or _is_for_looking(self.call.data)

    @property
    def findings(self) -> tuple[str, ...]:
        """The names of what a look-up found true or false, where that is most of its answer: `eligible`, `not paid`."""
        record = read_json(self.result.text) if self.result is not None and self.looks else None
        if not isinstance(record, Mapping) or not 0 < len(cast(Mapping[str, Any], record)) <= _MOST_OF_A_FINDING:
            return ()
        fields = cast(Mapping[str, Any], record)
        if any(isinstance(value, Mapping | list) for value in fields.values()):
            return ()
        return tuple(name if value else f"not {name}" for name, value in fields.items() if isinstance(value, bool))

    @property
    def refusal(self) -> str | None:
        """What the record that came back says of itself, where that is a no."""
        return None if self.result is None else refusal_of(self.result)

    @property
    def evidence(self) -> tuple[str, ...]:
        """The call and its result."""
        return tuple(
            dict.fromkeys(
                interaction.interaction_id for interaction in (self.call, self.result) if interaction is not None
            )
        )

    @property
    def complaint(self) -> str | None:
        """What the tool said when it failed, in its own words."""
        if self.outcome is not Outcome.FAILED or self.result is None:
            return None
        text = re.sub(r"^\W*(?:error|failed|failure)\W*", "", _in_words(self.result.text), flags=re.IGNORECASE)
        return text.strip("\"' .}") or None


def utterances(interactions: Iterable[Interaction]) -> list[Utterance]:
    """Every sentence that a customer, a bot or an agent said, in order."""
    spoken: list[Utterance] = []
    talks: dict[str, Talk] = {}
    for row in interactions:
        spend()
        if row.kind is not Kind.MESSAGE or row.actor is Actor.SYSTEM:
            continue
        talk = talks.setdefault(row.conversation_id or row.channel.value, Talk())
        has_content = signed = False
        is_spoken = row.channel.traits.spoken
        if is_spoken and is_silence(row.data):
            continue
        for sentence, setting in talk.settled(analysis_of(row)):
            spend()
            if is_spoken and is_artefact(sentence.text):
                continue  # nobody's words
            text, reading = sentence.text, NOTHING_READ if setting is None else sentence.reading(setting)
            signed = (signed or (has_content and row.channel.traits.letters and _closes(text, reading))) and not _adds(
                text
            )
            if signed and setting is not None:
                reading = reading._replace(boilerplate=1.0)
            has_content = has_content or reading.boilerplate < _SURE
            if setting is not None and row.actor is not Actor.CUSTOMER:
                reading = with_condition(text, reading)
            own_setting = setting or Setting(by_customer=row.actor is Actor.CUSTOMER)
            spoken.append(Utterance(text, reading, row, own_setting, sentence.terms, pasted=setting is None))
    return spoken


def _adds(sentence: str) -> bool:
    """Whether a sentence begins what is written below a signature: `PS: …`."""
    return _POSTSCRIPT.match(sentence) is not None


def _closes(sentence: str, reading: SentenceReading) -> bool:
    """Whether a sentence closes a letter: `Yours faithfully,`. What follows it is a signature, and a footer."""
    return reading.act is Act.FAREWELL and len(sentence.split()) <= _LONGEST_CLOSING and sentence[-1:] not in "?!"


def calls(interactions: Sequence[Interaction]) -> list[Call]:
    """Tool calls with their results: the next result of the same name, before the next call of that name."""
    tool_calls: list[Call] = []
    answered: set[str] = set()
    for index, interaction in enumerate(interactions):
        if interaction.kind is Kind.TOOL_CALL:
            result = _result_of(interaction, interactions[index + 1 :])
            tool_calls.append(Call(interaction, result, _outcome(interaction, result)))
            answered.update([result.interaction_id] if result else [])
        elif interaction.kind is Kind.TOOL_RESULT and interaction.name and interaction.interaction_id not in answered:
            tool_calls.append(
                Call(interaction, interaction, _outcome(interaction, interaction))
            )  # the platform told the result alone
    return tool_calls


def only_looks(name: str) -> bool:
    """Whether a tool's name says that it looks something up or reckons, and changes nothing."""
    return bool(_LOOKING.match(name))


def _is_for_looking(arguments: Mapping[str, Any]) -> bool:
    """Whether the arguments of a call say that nothing was to change."""
    purposes = (value for key, value in arguments.items() if _PURPOSE.match(key) and isinstance(value, str))
    tried = any(arguments.get(key) is True for key in _TRYING)
    # Of several words the first may look and the rest change: `check-in`, `read and sign`.
    words = (value.strip("\"' ").casefold() for value in purposes)
    return tried or any(word.isalpha() and only_looks(word) for word in words)


def refusal_of(result: Interaction) -> str | None:
    """What the record in a tool's answer says of itself, where that is a no: `rejected by the other bank`."""
    record = read_json(result.text) if result.text else result.data
    if not isinstance(record, Mapping):
        return None
    fields = cast(Mapping[str, Any], record)
    states = (fields.get(name) for name in _STATES)
    return next((state.strip() for state in states if isinstance(state, str) and _REFUSED.match(state.strip())), None)


def _in_words(text: str) -> str:
    """What a tool's answer says in words: of JSON, the field that says it."""
    record = read_json(text)
    if record is None:
        return text.strip()
    if not isinstance(record, Mapping):
        return ""
    fields = cast(Mapping[str, Any], record)
    messages = (fields.get(name) for name in _SAYING)
    return next((message.strip() for message in messages if isinstance(message, str) and message.strip()), "")


def _result_of(call: Interaction, later: Sequence[Interaction]) -> Interaction | None:
    for interaction in later:
        if interaction.name == call.name and interaction.kind is Kind.TOOL_RESULT:
            return interaction
        if interaction.name == call.name and interaction.kind is Kind.TOOL_CALL:
            return None
    return None


def _outcome(call: Interaction, result: Interaction | None) -> Outcome:
    if result is not None:
        ended = result_outcome(result)
        looks = only_looks(call.name or "") or _is_for_looking(call.data)
        refused = ended is Outcome.SUCCEEDED and not looks and refusal_of(result)
        # The call went through, and what it was for did not: an agent who reads `succeeded` reads the opposite.
        return Outcome.FAILED if refused else ended
    return call.outcome or Outcome.UNKNOWN
