"""Drafts a first catalogue from conversations: intents from what customers wished, actions from what helped then."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from app.actions.drafting.grouping import TellingWords, grouped, spread_examples
from app.actions.drafting.talks import DraftSource, as_text
from app.actions.lint.overlaps import spoken_form
from app.actions.lint.remarks import words_of_id
from app.models import Outcome
from app.ports import Vectors

# A group needs so many sentences from so many conversations; what is rarer is left to a person.
FEWEST_SENTENCES, FEWEST_TALKS = 4, 2
MOST_EXAMPLES, ENOUGH_EXAMPLES = 12, 5
MOST_INTENTS = 60
# Grouping takes time and memory by the square of the sentences.
MOST_SENTENCES = 2_000
FEWEST_SUCCESSES = 2
LEAST_FIT = 0.1
# As in learning: a propensity begins at a half, worth four outcomes.
PRIOR, PRIOR_WORTH = 0.5, 4
ALWAYS_GIVEN = 0.9
FEWEST_VALUES = 3
MOST_ACTIONS = 80
# A step that is taken nearly always says little of most matters: the ones it was taken most often in are enough.
MOST_FITS = 6
# What a bot does with itself is no action.
_INWARD = frozenset({"think", "reason", "plan", "calculate", "reflect"})
_LOOKING = frozenset("get find search list check lookup look fetch read show query think calculate verify view".split())
_REFERENCE = frozenset({"id", "number", "code", "reference", "ref", "no"})
_RUNS = re.compile(r"[A-Z]+|[a-z]+|[0-9]+|[-_/]")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


class DraftedIntent(NamedTuple):
    """A group of wishes: what it is called, examples of it, and in how many conversations it came up."""

    name: str
    label: str
    examples: tuple[str, ...]
    sentences: int
    talks: int


class DraftedParameter(NamedTuple):
    """A value that a step was called with."""

    name: str
    type: str
    sources: tuple[str, ...]
    pattern: str | None
    required: bool
    identifies: bool


class DraftedAction(NamedTuple):
    """A step that succeeded after wishes: for which of them, how often it did, and what it was called with."""

    id: str
    fits: Mapping[str, float]
    cases: Mapping[str, tuple[int, int]]
    successes: int
    attempts: int
    parameters: tuple[DraftedParameter, ...]

    @property
    def propensity(self) -> float:
        """The share of attempts that went well, drawn to a half where they are few."""
        return round((self.successes + PRIOR * PRIOR_WORTH) / (self.attempts + PRIOR_WORTH), 2)

    @property
    def looks_up(self) -> bool:
        """Whether the step only looks something up."""
        words = words_of_id(self.id)
        return bool(words) and words[0] in _LOOKING


class Drafted(NamedTuple):
    """What was made of the conversations, and how many of them there are."""

    talks: int
    resolved: int
    sentences: int
    left_over: int
    intents: tuple[DraftedIntent, ...]
    actions: tuple[DraftedAction, ...]


class WishSentences(NamedTuple):
    """Each different wish once, with the conversations (by place) in which it was uttered."""

    texts: tuple[str, ...]
    talks: tuple[frozenset[int], ...]

    @classmethod
    def of(cls, sources: Sequence[DraftSource]) -> "WishSentences":
        """The wishes of resolved conversations; of very many, some from all over them."""
        first: dict[str, str] = {}
        uttered: defaultdict[str, set[int]] = defaultdict(set)
        for talk, source in enumerate(sources):
            for text in source.wishes if source.resolved else ():
                form = spoken_form(text)
                if form:
                    uttered[first.setdefault(form, text)].add(talk)
        texts = list(uttered)
        if len(texts) > MOST_SENTENCES:
            texts = [texts[int(index)] for index in np.linspace(0, len(texts) - 1, MOST_SENTENCES).round()]
        return cls(tuple(texts), tuple(frozenset(uttered[text]) for text in texts))


def drafted(sources: Sequence[DraftSource], wishes: WishSentences, vectors: Vectors) -> Drafted:
    """The intents and actions of a first catalogue; `vectors` are those of the wishes' texts."""
    groups = grouped(vectors)
    large = [rows for rows in groups if len(rows) >= FEWEST_SENTENCES and len(_talks_of(wishes, rows)) >= FEWEST_TALKS][
        :MOST_INTENTS
    ]
    intents = tuple(_intents(wishes, vectors, large))
    by_talk: defaultdict[int, set[str]] = defaultdict(set)
    for intent, rows in zip(intents, large, strict=True):
        for talk in _talks_of(wishes, rows):
            by_talk[talk].add(intent.name)
    return Drafted(
        talks=len(sources),
        resolved=sum(source.resolved for source in sources),
        sentences=len(wishes.texts),
        left_over=len(wishes.texts) - sum(map(len, large)),
        intents=intents,
        actions=tuple(_actions(sources, by_talk)),
    )


def _talks_of(wishes: WishSentences, rows: Iterable[int]) -> set[int]:
    return {talk for row in rows for talk in wishes.talks[row]}


def _intents(wishes: WishSentences, vectors: Vectors, groups: Sequence[Sequence[int]]) -> Iterable[DraftedIntent]:
    telling = TellingWords([[wishes.texts[row] for row in rows] for rows in groups])
    taken: set[str] = {"any"}
    for rows in groups:
        texts = [wishes.texts[row] for row in rows]
        examples = [texts[index] for index in spread_examples(vectors[list(rows)], MOST_EXAMPLES)]
        words = telling.of(texts, examples[0])
        name = _unused(_name_of("_".join(words)) or "intent", taken)
        yield DraftedIntent(
            name=name,
            label=" ".join(words).capitalize(),
            examples=tuple(examples),
            sentences=len(rows),
            talks=len(_talks_of(wishes, rows)),
        )


def _name_of(text: str) -> str:
    return re.sub(r"^[^a-z]+", "", re.sub(r"[^a-z0-9]+", "_", text.lower()))[:56].strip("_")


def _unused(name: str, taken: set[str]) -> str:
    number = 1
    while (own := name if number == 1 else f"{name}_{number}") in taken:
        number += 1
    taken.add(own)
    return own


class _StepCounts:
    """How often one step was taken, and how it went."""

    def __init__(self) -> None:
        self.succeeded_in: set[int] = set()
        self.successes = 0
        self.attempts = 0
        self.arguments: list[Mapping[str, Any]] = []


def _actions(sources: Sequence[DraftSource], by_talk: Mapping[int, set[str]]) -> Iterable[DraftedAction]:
    counts: defaultdict[str, _StepCounts] = defaultdict(_StepCounts)
    facts: set[str] = set()
    for talk, source in enumerate(sources):
        facts |= source.facts
        for step in source.steps:
            own = counts[step.name]
            own.attempts += step.outcome in (Outcome.SUCCEEDED, Outcome.FAILED)
            if step.outcome is Outcome.SUCCEEDED:
                own.successes += 1
                own.succeeded_in.add(talk)
                own.arguments.append(step.arguments)
    cases = Counter(name for names in by_talk.values() for name in names)
    often = sorted(counts.items(), key=lambda item: (-len(item[1].succeeded_in), item[0]))
    for name, own in often[:MOST_ACTIONS]:
        identifier = _name_of(name)
        if len(own.succeeded_in) < FEWEST_SUCCESSES or not identifier or name in _INWARD:
            continue
        helped = Counter(intent for talk in own.succeeded_in for intent in by_talk.get(talk, ()))
        fits = {
            intent: round(count / cases[intent], 2)
            for intent, count in helped.most_common(MOST_FITS)
            if count >= FEWEST_SUCCESSES and count / cases[intent] >= LEAST_FIT
        }
        if fits:
            shares = {intent: (helped[intent], cases[intent]) for intent in fits}
            parameters = tuple(_parameters(own.arguments, facts))
            yield DraftedAction(identifier, fits, shares, own.successes, own.attempts, parameters)


def _parameters(calls: Sequence[Mapping[str, Any]], facts: set[str]) -> Iterable[DraftedParameter]:
    given: defaultdict[str, list[Any]] = defaultdict(list)
    for call in calls:
        for name, value in call.items():
            if value is not None:
                given[name].append(value)
    identified = False
    for name, values in given.items():
        if not _NAME.fullmatch(name):
            continue
        is_reference = words_of_id(name)[-1:] != [] and words_of_id(name)[-1] in _REFERENCE
        kind = "string" if is_reference else _type_of(values)
        pattern = _pattern_of(values) if is_reference and kind == "string" else None
        places = [f"fact.{name}"] if name in facts else []
        mentioned = ["mention.code"] if pattern is not None else []
        required = len(values) >= ALWAYS_GIVEN * len(calls)
        sources = (*places, f"argument.{name}", *mentioned)
        yield DraftedParameter(name, kind, sources, pattern, required, is_reference and required and not identified)
        identified = identified or (is_reference and required)


def _type_of(values: Sequence[Any]) -> str:
    if all(isinstance(value, bool) for value in values):
        return "boolean"
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        return "integer" if all(isinstance(value, int) for value in values) else "number"
    for kind, wanted in (("list", list), ("object", Mapping)):
        if all(isinstance(value, wanted) for value in values):
            return kind
    return "date" if all(isinstance(value, str) and _is_date(value) for value in values) else "string"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _pattern_of(values: Sequence[Any]) -> str | None:
    """How the references of a kind look, letters as letters and digits as digits, so that none of them stands in it.

    None where they are digits alone, which a card's last ones would match, or where too few are seen.
    """
    texts = sorted({as_text(value) for value in values})
    if len(texts) < FEWEST_VALUES or not all(re.fullmatch(r"[A-Za-z0-9/_-]{4,24}", text) for text in texts):
        return None
    if not all(re.search(r"[A-Z]", text) and not re.search(r"[a-z]", text) for text in texts):
        return None
    runs = [_RUNS.findall(text) for text in texts]
    shapes = {tuple(_class_of(run) for run in own) for own in runs}
    if len(shapes) == 1:
        return "".join(_repeated(_class_of(own[0]), own) for own in zip(*runs, strict=True))
    return _repeated("[A-Z0-9]", texts) if all(text.isalnum() for text in texts) else None


def _class_of(run: str) -> str:
    return "[A-Z]" if run.isalpha() else "[0-9]" if run.isdigit() else run


def _repeated(letters: str, runs: Sequence[str]) -> str:
    shortest, longest = min(map(len, runs)), max(map(len, runs))
    if not letters.startswith("["):
        return letters
    return f"{letters}{{{shortest}}}" if shortest == longest else f"{letters}{{{shortest},{longest}}}"
