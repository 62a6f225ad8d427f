"""Fills what an action needs from what is known, each value with the interaction it stands on, and words the script."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple, cast

from pydantic import JsonValue

from app.actions.catalogue import CatalogueAction, Parameter
from app.caching import text_cache
from app.linear import BadPattern, whole_matcher
from app.models import Actor, Identifier, Interaction, Kind, Snapshot
from app.nlu.identifiers import Mention, canonical, mentions
from app.nlu.sentences import sentences
from app.nlu.tool_facts import Facts

PLACES = ("fact", "argument", "mention", "identifier", "context")
# What is said of a card by its last digits, in the languages that are read.
_ENDS_IN = (
    *("ending in", "ending with", "ending ", "ends in", "ends with", "last four", "last 4", "final four", "card ••••"),
    *("endet auf", "endend auf", "endziffern", "letzten vier", "letzten 4", "se termine par", "finissant par"),
    *("quatre derniers", "4 derniers", "termina en", "terminada en", "últimos cuatro", "terminado em", "termina em"),
    *("quatro últimos", "últimos quatro", "finisce con", "ultime quattro", "eindigt op", "laatste vier"),
)
_ENDING_DIGITS = 4
_BEFORE_CHARACTERS = 40
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


class Filled(NamedTuple):
    """The values found for an action's parameters, what they stand on, and the required ones that are missing.

    `questions` are those of its policy, for what a rule needs and nobody knows; `missing` names that too.
    """

    values: Mapping[str, JsonValue]
    evidence: tuple[str, ...]
    missing: tuple[str, ...]
    questions: tuple[str, ...] = ()


class _ParameterValue(NamedTuple):
    value: Any
    interaction_id: str | None


@dataclass(frozen=True)
class ParameterSources:
    """All that parameters can be filled from at one moment."""

    snapshot: Snapshot
    facts: Facts
    context: Mapping[str, Any]

    def fill(self, action: CatalogueAction) -> Filled:
        """The parameters of an action, each from the first of its places that holds a value of its type."""
        values: dict[str, JsonValue] = {}
        evidence: dict[str, None] = {}
        for parameter in action.parameters:
            candidate = self._value_of(parameter)
            if candidate is not None:
                values[parameter.name] = candidate.value
                if candidate.interaction_id is not None:
                    evidence[candidate.interaction_id] = None
        missing = [
            parameter.name for parameter in action.parameters if parameter.required and parameter.name not in values
        ]
        return Filled(values, tuple(evidence), tuple(missing))

    def _value_of(self, parameter: Parameter) -> _ParameterValue | None:
        # Many actions of a catalogue need the same: an order, an account.
        asked = (parameter.sources, parameter.pattern, parameter.type)
        if asked not in self._answers:
            self._answers[asked] = next(self._candidates(parameter), None)
        return self._answers[asked]

    def _candidates(self, parameter: Parameter) -> Iterator[_ParameterValue]:
        for source_kind, paths in _places(parameter.sources):
            for candidate in self._looked_up(source_kind, paths, parameter.pattern):
                value = _converted(candidate.value, parameter.type)
                if value is not None:
                    yield _ParameterValue(value, candidate.interaction_id)

    def _looked_up(self, source_kind: str, paths: Sequence[str], pattern: str | None) -> Iterator[_ParameterValue]:
        if source_kind == "mention":
            yield from self._mentioned(paths, pattern)
        else:
            for path in paths:
                yield from self._values_at(source_kind, path)

    def _values_at(self, source_kind: str, path: str) -> Iterator[_ParameterValue]:
        if source_kind == "fact":
            fact = self.facts.find(path)
            if fact is not None:
                yield _ParameterValue(fact.value, fact.interaction_id)
        elif source_kind == "argument":
            yield from (
                _ParameterValue(row.data[path], row.interaction_id) for row in self._calls if row.data.get(path)
            )
        elif source_kind == "identifier":
            yield from self._identified(path)
        else:
            value: Any = self.context
            for part in path.split("."):
                value = cast(Mapping[str, Any], value).get(part) if isinstance(value, Mapping) else None
            yield from [_ParameterValue(value, None)] if value is not None else []

    def _mentioned(self, kinds: Sequence[str], pattern: str | None) -> Iterator[_ParameterValue]:
        # What was named last counts, and within one message the kind that the catalogue names first.
        for row, mentioned, types in self._mentions:
            if types.isdisjoint(kinds):
                continue
            named = [
                mention for mention in mentioned if mention.type in kinds and not _is_end_of_card(mention, row.text)
            ]
            for mention in sorted(named, key=lambda mention: kinds.index(mention.type)):
                fits = pattern is None or _matches(pattern, mention.value)
                if fits and (mention.type == "error_code" or canonical(mention.value) not in self._error_codes):
                    yield _ParameterValue(mention.value, row.interaction_id)

    def _identified(self, kind: str) -> Iterator[_ParameterValue]:
        for identifier in trusted(self.snapshot.customer.identifiers):
            if identifier.type == kind:
                yield _ParameterValue(identifier.value, self._source(identifier))

    def _source(self, wanted: Identifier) -> str | None:
        rows = [row for row in self.snapshot.interactions if _carries(row, wanted, verified=wanted.verified)]
        return rows[-1].interaction_id if rows else None

    @cached_property
    def _answers(self) -> dict[tuple[Any, ...], _ParameterValue | None]:
        return {}

    @cached_property
    def _error_codes(self) -> frozenset[str]:
        # An error named once as one may well be named without that word the next time.
        error_mentions = (
            mention
            for row in self.snapshot.interactions
            for mention in mentions(row.text)
            if mention.type == "error_code"
        )
        return frozenset(canonical(mention.value) for mention in error_mentions)

    @cached_property
    def _mentions(self) -> Sequence[tuple[Interaction, Sequence[Mention], frozenset[str]]]:
        rows = (*reversed(self.snapshot.conversation), *reversed(self.snapshot.prior))
        messages = (row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE)
        named = ((row, mentions(row.text)[::-1]) for row in messages)
        return [
            (row, mentioned, frozenset(mention.type for mention in mentioned)) for row, mentioned in named if mentioned
        ]

    @cached_property
    def _calls(self) -> Sequence[Interaction]:
        return [row for row in reversed(self.snapshot.conversation) if row.kind is Kind.TOOL_CALL]


def _is_end_of_card(mention: Mention, text: str) -> bool:
    """Whether four digits are the last ones of a card, which name no order and no case."""
    if len(mention.value) != _ENDING_DIGITS or not mention.value.isdigit():
        return False
    before = text[max(0, mention.start - _BEFORE_CHARACTERS) : mention.start].casefold()
    return before.endswith("•") or any(words in before for words in _ENDS_IN)


@text_cache(maxsize=4096)
def _places(sources: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The places to look in, one after the other, each with all that may be asked of it in a row."""
    by_place = groupby((source.partition(".") for source in sources), key=lambda parts: parts[0])
    return tuple((source_kind, tuple(path for _, _, path in parts)) for source_kind, parts in by_place)


def trusted(identifiers: Sequence[Identifier]) -> list[Identifier]:
    """The identifiers to go by, best first: what is verified, the newest first, and claims of types with none verified.

    Anybody can claim a name, so a claim never stands beside a verified name of its type.
    """
    verified = [identifier for identifier in identifiers if identifier.verified]
    verified.sort(
        key=lambda identifier: identifier.verified_at.timestamp() if identifier.verified_at else float("-inf"),
        reverse=True,
    )
    proven = {identifier.type for identifier in verified}
    return [*verified, *(identifier for identifier in identifiers if identifier.type not in proven)]


def parameter_value(parameter: Parameter, words: str) -> JsonValue | None:
    """What the words of a line are worth as a parameter: a value of its type and pattern, or None."""
    if parameter.pattern is not None and not _matches(parameter.pattern, words):
        return None
    return _converted(words, parameter.type)


def placeholders(script: str) -> set[str]:
    """The names of parameters that a script uses, each in braces."""
    return set(_PLACEHOLDER.findall(script))


def worded(script: str | None, values: Mapping[str, JsonValue]) -> str | None:
    """The script with its values; a sentence that needs a missing one is left out, and None when nothing is left."""
    if script is None:
        return None
    complete_sentences = [sentence for sentence in sentences(script) if placeholders(sentence) <= values.keys()]
    text = " ".join(
        _PLACEHOLDER.sub(lambda match: _spoken(values[match.group(1)]), sentence) for sentence in complete_sentences
    )
    return text or None


def asked_first(action: CatalogueAction, filled: Filled) -> str | None:
    """The questions for what an action needs and nobody knows yet, where its catalogue words them; else None."""
    missing = filled.missing
    questions = [parameter.ask for parameter in action.parameters if parameter.ask and parameter.name in missing]
    return " ".join(dict.fromkeys((*questions, *filled.questions))) or None


def _matches(pattern: str, value: str) -> bool:
    try:
        return whole_matcher(pattern)(value)
    except BadPattern:
        # A catalogue of an earlier release may hold what is no longer taken.
        return False


def _carries(row: Interaction, wanted: Identifier, *, verified: bool) -> bool:
    return any(
        identifier.type == wanted.type
        and identifier.value.casefold() == wanted.value.casefold()
        and (identifier.verified or not verified)
        for identifier in row.identifiers
    )


def _converted(value: Any, kind: str) -> JsonValue:
    if isinstance(value, datetime):
        return value.date().isoformat() if kind == "date" else value.isoformat()
    if kind in ("number", "integer"):
        return _number(value, whole=kind == "integer")
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind in ("list", "object"):
        wanted = list if kind == "list" else Mapping
        return cast(JsonValue, _json(value)) if isinstance(value, wanted) else None
    if isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip():
        return str(value)
    return None


def _json(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _json(inner) for name, inner in cast(Mapping[Any, Any], value).items()}
    if isinstance(value, list):
        return [_json(inner) for inner in cast(list[Any], value)]
    return value.isoformat() if isinstance(value, date) else value


def _number(value: Any, *, whole: bool) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        match = _NUMBER.search(value)
        value = float(match.group().replace(",", "")) if match else None
    if not isinstance(value, int | float):
        return None
    return int(value) if whole or float(value).is_integer() else float(value)


def _spoken(value: JsonValue) -> str:
    if isinstance(value, list):
        return ", ".join(_spoken(part) for part in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_spoken(part)}" for name, part in value.items())
    return str(value)
