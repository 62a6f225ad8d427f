"""What the customer spoke of in words, found in the records that were looked up: its number there.

A customer says `the desk lamp`; the order that somebody looked up says which item that is. Who says `all my orders`
means each that the account lists. And who wants the cheapest or the earliest of something wants it compared: there,
what was offered counts, whatever came of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.briefs.reading import Call
from app.briefs.steps import is_of_person, label_of, names_in
from app.models import Actor, Interaction, Kind, Outcome
from app.nlu.identifiers import canonical, mentions, structured_names
from app.nlu.languages import words_of
from app.nlu.steps import read_json
from app.nlu.words import stem, terms

MOST_PARTS = 6
MOST_LISTED = 8
MOST_OFFERED = 6
_NAMING_KEYS = frozenset("name title label description".split())
_ID_KEYS = frozenset("id number code reference ref no".split())
# Whoever says one of these means each of several, in the seven languages.
_ALL = frozenset(
    "all every each both alle alles sämtliche beide tous toutes chaque todas todos todo ambas ambos tutte tutti ogni"
    " entrambi entrambe elke".split()
)
_THEIRS = frozenset(
    "my our them upcoming future remaining existing meine meiner unsere kommenden mes nos mis nuestras nuestros meus"
    " minhas miei mie nostri nostre mijn onze".split()
)
_NEAR = 3
_BEST_OF_SEVERAL = re.compile(
    r"\b(?:cheap|low|fast|quick|short|long|earli|lat|small|larg|bigg|high|near|clos|light|old|new|safe?|strong)est\b"
    r"|(?<!my )(?<!our )\bbest (?!regards|wishes)|\b(?<!at )least (?=[a-z]+(?:ive|ed|al|ous|ent|ant|y|ful|ing)\b)"
    r"|\bmost (?=[a-z]+(?:ive|ed|al|ous|ant|ful|ing|able|ible)\b)",
    re.IGNORECASE,
)


class _RecordPart(NamedTuple):
    """A part of a record: the name it is known by, and the key and value that identify it."""

    name: str
    key: str
    value: str


def spoken_of(interactions: Iterable[Interaction], tool_calls: Sequence[Call]) -> Iterator[tuple[str, str, str]]:
    """(key, value, interaction_id) of what the customer spoke of and records identify, the record before its part.

    A record that something was carried out with is left out: what was carried out names what it was about.
    """
    words = [
        interaction.text
        for interaction in interactions
        if interaction.actor is Actor.CUSTOMER and interaction.kind is Kind.MESSAGE
    ]
    customer_terms = {term for text in words for term in terms(text)}
    all_of_them = any(map(_means_all_of_theirs, words))
    done = {canonical(value) for value in _handled(tool_calls)}
    for tool_call in tool_calls:
        record = read_json(tool_call.result.text) if tool_call.result is not None and tool_call.looks else None
        if tool_call.result is None or not isinstance(record, Mapping) or tool_call.outcome is Outcome.FAILED:
            continue
        result_id = tool_call.result.interaction_id
        fields = cast(Mapping[str, Any], record)
        known_by = [pair for pair in names_in(tool_call.call.data) if pair[1] in fields.values()]
        meant = [part for part in _parts(fields) if customer_terms.issuperset(terms(part.name))][:MOST_PARTS]
        if meant and not any(canonical(value) in done for _, value in known_by):
            yield from ((key, value, result_id) for key, value in known_by)
            yield from ((part.key, part.value, result_id) for part in meant)
        if all_of_them:
            yield from ((key, value, result_id) for key, value in _listed(fields, customer_terms))


def offered(interactions: Iterable[Interaction], tool_calls: Sequence[Call]) -> Iterator[tuple[str, str, str]]:
    """(key, value, interaction_id) of what staff named of what was found, for a customer who wants the best of it."""
    messages = [interaction for interaction in interactions if interaction.kind is Kind.MESSAGE]
    if not any(message.actor is Actor.CUSTOMER and _BEST_OF_SEVERAL.search(message.text) for message in messages):
        return
    choices = {canonical(value): key for tool_call in tool_calls for key, value in _choices(tool_call)}
    named = [
        (choices[name], mention.value, message.interaction_id)
        for message in messages
        for mention in (mentions(message.text) if message.actor in (Actor.BOT, Actor.AGENT) else ())
        if (name := canonical(mention.value)) in choices
    ]
    first = set(list(dict.fromkeys(value for _, value, _ in named))[:MOST_OFFERED])
    yield from ((key, value, interaction_id) for key, value, interaction_id in named if value in first)


def looked_up(interactions: Sequence[Interaction], tool_calls: Sequence[Call]) -> Iterator[tuple[str, str, str]]:
    """What was looked up for a customer who did not name it, and means all that is theirs."""
    by_customer = [
        interaction.text
        for interaction in interactions
        if interaction.actor is Actor.CUSTOMER and interaction.kind is Kind.MESSAGE
    ]
    named = {canonical(mention.value) for text in by_customer for mention in mentions(text)}
    names_by_value: dict[str, tuple[str, str, str]] = {}
    for tool_call in tool_calls:
        if tool_call.looks and tool_call.outcome is not Outcome.FAILED:
            for key, value in names_in(tool_call.call.data):
                if not is_of_person(key) and canonical(value) not in named:
                    names_by_value.setdefault(value, (key, value, tool_call.call.interaction_id))
    if len(names_by_value) <= MOST_LISTED and any(map(_means_all_of_theirs, by_customer)):
        yield from names_by_value.values()


def _means_all_of_theirs(text: str) -> bool:
    """Whether a text speaks of all of something that is the customer's: `all my orders`, `alle meine Verträge`."""
    words = words_of(text)
    return any(
        word in _ALL and not _THEIRS.isdisjoint(words[index + 1 : index + 1 + _NEAR])
        for index, word in enumerate(words)
    )


def _choices(call: Call) -> Iterator[tuple[str, str]]:
    """The names of the things that a search found, or that a record lists which is nobody's own."""
    record = read_json(call.result.text) if call.result is not None and call.looks else None
    if isinstance(record, list):
        yield from structured_names(cast(list[Any], record))
    elif isinstance(record, Mapping):
        fields = cast(Mapping[str, Any], record)
        if not any(is_of_person(key) for key in (*fields, *call.call.data)):
            yield from (name for content in fields.values() for name in structured_names(content))


def _handled(tool_calls: Iterable[Call]) -> Iterator[str]:
    for tool_call in tool_calls:
        if not tool_call.looks and tool_call.outcome is not Outcome.FAILED:
            yield from (value for _, value in names_in(tool_call.call.data))


def _parts(fields: Mapping[str, Any]) -> Iterator[_RecordPart]:
    for kind, content in fields.items():
        members: Iterable[Any] = cast(Mapping[str, Any], content).values() if isinstance(content, Mapping) else content
        if not isinstance(content, list | Mapping):
            continue
        for member in members:
            if isinstance(member, Mapping) and (part := _part(kind, cast(Mapping[str, Any], member))):
                yield part


def _part(kind: str, member: Mapping[str, Any]) -> _RecordPart | None:
    named = [
        value for key, value in member.items() if key.rpartition("_")[2] in _NAMING_KEYS and isinstance(value, str)
    ]
    keys = [key for key, value in member.items() if key.rpartition("_")[2] in _ID_KEYS and isinstance(value, str)]
    # Of an item's several numbers, the one that is named after the list it stands in is its own.
    own = [key for key in keys if stem(label_of(key)) == stem(label_of(kind))] or (keys if len(keys) == 1 else [])
    if not named or not own or not terms(named[0]):
        return None
    return _RecordPart(named[0], own[0], str(member[own[0]]))


def _listed(fields: Mapping[str, Any], customer_terms: set[str]) -> Iterator[tuple[str, str]]:
    """The names in a record's plain lists of what the customer called by the list's own name."""
    for key, content in fields.items():
        values = cast(list[Any], content) if isinstance(content, list) else []
        if 1 < len(values) <= MOST_LISTED and stem(label_of(key).rsplit(" ", 1)[-1]) in customer_terms:
            names = [value for value in values if isinstance(value, str) and _is_name(value)]
            yield from ((f"{key.rstrip('s')}_id", name) for name in names)


def _is_name(text: str) -> bool:
    return any(mention.value == text for mention in mentions(text))
