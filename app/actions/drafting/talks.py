"""Reads what a catalogue can be drafted from: in each conversation, what was wished for and which steps were taken."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.models import Actor, Interaction, Kind, LifecycleStep, Outcome
from app.nlu.courtesies import is_courtesy
from app.nlu.identifiers import Mention, mentions
from app.nlu.read_rows import as_read_all
from app.nlu.sentences import sentences
from app.nlu.steps import read_json, step_name, steps
from app.nlu.wants import Want
from app.privacy import Redactor

# What is too short says nothing, what is too long is no example.
SHORTEST_WORDS, LONGEST_CHARACTERS = 3, 200
# What is done is an example still, what was taken back or only said by the way is not.
_LEAST_WEIGHT = 0.25
_PLACEHOLDER = re.compile(r"\[(password|code|iban|card|national_id|email|phone)_\d+\]")
_FIGURES = re.compile(r"\d{3,}")
_NAMED = re.compile(
    r"(?:^|_)(?:name|first|last|surname|street|address\w*|city|user|passenger\w*)(?:$|_)", re.IGNORECASE
)
_INTRODUCED = re.compile(r"\b(?i:my name is|this is|i am|i['’]m|here is|ich bin|ich heiße)((?: [A-ZÄÖÜ][\w'’-]+){1,3})")
_SHORTEST_NAME = 3
_KINDS: Mapping[str, str] = {
    "code": "[number]",
    "number": "[number]",
    "account": "[number]",
    "error_code": "[number]",
    "phone": "[phone]",
    "email": "[email]",
}
_OURS = frozenset({Actor.BOT, Actor.AGENT, Actor.SYSTEM})


class TakenStep(NamedTuple):
    """One step of bot or staff: how it ended, and with which arguments it was taken."""

    name: str
    outcome: Outcome
    arguments: Mapping[str, Any]


class DraftSource(NamedTuple):
    """What one conversation gives: wishes without personal data, steps, the facts its tools named; was it resolved?"""

    wishes: tuple[str, ...]
    steps: tuple[TakenStep, ...]
    facts: frozenset[str]
    resolved: bool


def source_of(rows: Sequence[Interaction], wants: Sequence[Want]) -> DraftSource:
    """What a catalogue can take from a conversation: its rows, and what the customer wants by the reading of its case.

    The rows are in the order in which they happened.
    """
    read = list(as_read_all(rows))
    names = _personal_words(read)
    # What somebody else worded is no example, and neither is a message of several sentences beside each of them.
    own = (want for want in wants if want.own and not want.refused and want.weight >= _LEAST_WEIGHT)
    wishes = [masked(want.text, names) for want in own if len(sentences(want.text)) == 1]
    fit = [text for text in wishes if len(text.split()) >= SHORTEST_WORDS and len(text) <= LONGEST_CHARACTERS]
    taken = tuple(
        TakenStep(step.name, step.outcome, step.arguments)
        for step in steps(read)
        if step.actor in _OURS and step.outcome is not Outcome.ABANDONED
    )
    return DraftSource(tuple(dict.fromkeys(fit)), taken, _facts(read), _is_resolved(read, taken))


def masked(text: str, names: frozenset[str]) -> str:
    """A sentence that nobody can be known by: without names, numbers, addresses and whatever privacy takes out."""
    shown = _PLACEHOLDER.sub(r"[\1]", Redactor(contacts=True).redact(text))
    for mention in sorted(_to_mask(shown), key=lambda mention: -mention.start):
        shown = shown[: mention.start] + _KINDS[mention.type] + shown[mention.end :]
    introduced = {word for match in _INTRODUCED.finditer(shown) for word in match.group(1).split()}
    for name in sorted(names | introduced, key=len, reverse=True):
        shown = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", shown)
    shown = re.sub(r"\[name\](?: \[name\])+", "[name]", shown)
    return " ".join(_FIGURES.sub("[number]", shown).split())


def _to_mask(text: str) -> Iterable[Mention]:
    return (mention for mention in mentions(text) if mention.type in _KINDS)


def _personal_words(rows: Sequence[Interaction]) -> frozenset[str]:
    """Words that name somebody: of whoever takes part, of identifiers, and of what tools know under such fields."""
    values = [row.participant.name for row in rows if row.participant is not None and row.participant.name]
    values += [identifier.value for row in rows for identifier in row.identifiers]
    for row in rows:
        if row.kind in (Kind.TOOL_CALL, Kind.TOOL_RESULT):
            values += _named_values(row.data)
            values += _named_values(read_json(row.text) if row.text else None)
    words = {word for value in values for word in re.findall(r"[\w'’-]+", value)}
    # A name is written with a capital; a common word that stands in an address is not one.
    return frozenset(word for word in words if len(word) >= _SHORTEST_NAME and (word[0].isupper() or "_" in word))


def _named_values(value: Any, key: str = "", depth: int = 0) -> list[str]:
    if depth > 8:
        return []
    if isinstance(value, Mapping):
        fields = cast(Mapping[str, Any], value)
        return [text for name, inner in fields.items() for text in _named_values(inner, f"{key}_{name}", depth + 1)]
    if isinstance(value, list):
        return [text for inner in cast(list[Any], value) for text in _named_values(inner, key, depth + 1)]
    return [value] if isinstance(value, str) and _NAMED.search(key) else []


def _facts(rows: Sequence[Interaction]) -> frozenset[str]:
    """The fields of what tools returned, at the top of each record."""
    records = (read_json(row.text) for row in rows if row.kind is Kind.TOOL_RESULT and row.text)
    return frozenset(
        str(name) for record in records if isinstance(record, Mapping) for name in cast(Mapping[str, Any], record)
    )


def _is_resolved(rows: Sequence[Interaction], taken: Sequence[TakenStep]) -> bool:
    """Whether the platform says so, a step of ours went well, or the customer's last words are thanks."""
    if any(row.kind is Kind.LIFECYCLE and step_name(row.name or "") == LifecycleStep.RESOLVED for row in rows):
        return True
    if any(step.outcome is Outcome.SUCCEEDED for step in taken):
        return True
    failed = any(step.outcome is Outcome.FAILED for step in taken)
    theirs = [row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE and row.text]
    if failed or len(theirs) < 2 or "?" in theirs[-1].text:
        return False
    return all(is_courtesy(sentence) for sentence in sentences(theirs[-1].text))


def as_text(value: Any) -> str:
    """A value of an argument as text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)
