"""The names and figures of the case: those the customer used, and those of what was carried out for them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from app.briefs.letters_passed_on import letters_passed_on
from app.briefs.reading import Call
from app.briefs.record_items import looked_up, offered, spoken_of
from app.briefs.repairs import taken_back
from app.briefs.spelling import SpeltValue, spelt_values
from app.briefs.spoken_numbers import SpokenNumber, hides_secrets, spoken_numbers
from app.briefs.steps import effective_calls
from app.budget import spend
from app.models import Actor, Entity, Interaction, Kind, Outcome
from app.nlu.calendars import AppointmentStep, appointments_from
from app.nlu.identifiers import Mention, canonical, coded_values, mentions, structured_names
from app.nlu.languages import Language, function_words, language_of
from app.nlu.steps import read_json
from app.nlu.words import STOP_WORDS
from app.privacy import questions_answered

MOST_ENTITIES = 24
_BEFORE_CHARACTERS = 50
# The word right before a name says what it names where something before that word tells that it is a noun.
_NOUN_BEFORE = re.compile(
    r"(?:^|[(,;:–-]\s?|\b(?:my|the|your|our|their|an?|this|that|on|for|in|of|about|from|under|regarding)\s)\s*"
    r"(?P<noun>[a-z]{3,16})(?:\s(?:number|no|nr|id|code|ref|reference|is|was|called)\.?)*[\s:#(]{0,3}$",
    re.IGNORECASE,
)
_NO_NOUNS = STOP_WORDS | frozenset("number code reference id ref called error year time times".split())
_WORD = re.compile(r"#?\w[\w-]{3,}")
_SEPARATOR = re.compile(r"[\s-]")
_PIECE = re.compile(r"[^\W_]+")
_SHORTEST_SPACED, _MOST_PIECES = 6, 6
_AMOUNT_KEY = re.compile(r"(?:amount|price|total|cost|fee|balance|refund|charge)s?$")
# A field that holds several is named for them all: `item_ids`.
_SEVERAL = re.compile(r"(id|number|code|reference)s$")
_ERROR_KEY = re.compile(r"^(?:error|error_code|code)$")


def entities(
    interactions: Sequence[Interaction], tool_calls: Sequence[Call], at_hand: Collection[str]
) -> tuple[Entity, ...]:
    """What the customer named, then what the steps that count were about; each once, with all its evidence.

    Where there are too many, those of the conversation at hand stay, and of these the last ones.
    """
    keys = _keys_of_names(interactions)
    entities_by_name: dict[str, Entity] = {}
    for kind, value, interaction_id in (
        *_named_by_customer(interactions, keys),
        *_passed_on(interactions),
        *_appointed(interactions),
        *_told_by_staff(interactions),
        *_account(interactions),
        *_carried_out(tool_calls, keys, _spelled_amounts(interactions)),
        *_error_codes(interactions),
        *spoken_of(interactions, tool_calls),
        *offered(interactions, tool_calls),
        *looked_up(interactions, tool_calls),
    ):
        name = canonical(value)
        earlier = entities_by_name.get(name)
        evidence = (*earlier.evidence, interaction_id) if earlier else (interaction_id,)
        entities_by_name[name] = Entity(
            type=earlier.type if earlier else _SEVERAL.sub(r"\1", kind),
            value=earlier.value if earlier else value,
            evidence=tuple(dict.fromkeys(evidence)),
        )
    if len(entities_by_name) <= MOST_ENTITIES:
        return tuple(entities_by_name.values())
    newest_first = list(reversed(entities_by_name.values()))
    by_weight = sorted(newest_first, key=lambda entity: not set(at_hand).intersection(entity.evidence))
    chosen = {canonical(entity.value) for entity in by_weight[:MOST_ENTITIES]}
    return tuple(entity for name, entity in entities_by_name.items() if name in chosen)


def _keys_of_names(interactions: Iterable[Interaction]) -> dict[str, str]:
    keys: dict[str, str] = {}
    for interaction in interactions:
        for key, value in (*structured_names(dict(interaction.data)), *structured_names(_record(interaction))):
            name = canonical(value)
            if keys.get(name, "id") == "id":  # a bare `id` says less than any other key under which the name appears
                keys[name] = key
        for identifier in interaction.identifiers:
            keys.setdefault(canonical(identifier.value), identifier.type)
    return keys


def _record(interaction: Interaction) -> object:
    return read_json(interaction.text) if interaction.kind is Kind.TOOL_RESULT else None


def _named_by_customer(interactions: Iterable[Interaction], keys: dict[str, str]) -> Iterable[tuple[str, str, str]]:
    rows = list(interactions)
    language = language_of(" ".join(row.text for row in rows if row.kind is Kind.MESSAGE))
    names = _names_without_separators(rows, keys)
    asked = questions_answered(rows)
    own = [row for row in rows if row.actor is Actor.CUSTOMER and row.kind is Kind.MESSAGE]
    wrong = taken_back(own, language)
    kinds: dict[str, str] = {}
    for kind, value, interaction_id in _named_in_messages(own, keys, names, asked, language):
        name = canonical(value)
        if name in wrong:
            kinds[wrong[name]] = kinds.get(name, kind)  # `order 55120, sorry 55210` are both called an order
        else:
            yield kinds.get(name, kind), value, interaction_id


def _named_in_messages(
    rows: Sequence[Interaction],
    keys: Mapping[str, str],
    names: Mapping[str, tuple[str, str]],
    asked: Mapping[str, str],
    language: Language | None,
) -> Iterable[tuple[str, str, str]]:
    for row in rows:
        covered: set[int] = set()
        for span, key, name in _spaced(row.text, names):
            covered.update(span)
            yield key, name, row.interaction_id
        question = asked.get(row.interaction_id, "")
        is_read = row.channel.traits.spoken and not hides_secrets(row.text, question)
        spelt = spelt_values(row.text, question) if is_read else ()
        for value in spelt:
            covered.update(range(value.start, value.end))
            kind = keys.get(canonical(value.value)) or _spelt_kind(value, row.text)
            yield kind, value.value, row.interaction_id
        for number in spoken_numbers(row.text, language) if is_read else ():
            if number.end and number.start in covered:
                continue
            kind = keys.get(canonical(number.value)) or _announced(_as_mention(number), row.text)
            yield kind, number.value, row.interaction_id
        for mention in mentions(row.text):
            if mention.start in covered:
                continue  # a piece of a name that is written with spaces
            kind = keys.get(canonical(mention.value)) or _announced(mention, row.text)
            yield kind, mention.value, row.interaction_id
        for word in _WORD.findall(row.text):
            if canonical(word) in keys and any(letter.isdigit() or letter.isupper() for letter in word[1:]):
                yield keys[canonical(word)], word, row.interaction_id


def _spelt_kind(value: SpeltValue, text: str) -> str:
    """What a spelt value is called; a name is that alone."""
    return (
        value.type if value.type == "name" else _announced(Mention("code", value.value, value.start, value.end), text)
    )


def _as_mention(number: SpokenNumber) -> Mention:
    return Mention(number.type, number.value, number.start, number.end)


def _told_by_staff(interactions: Iterable[Interaction]) -> Iterable[tuple[str, str, str]]:
    """The references that an agent spells out on the phone."""
    rows = [row for row in interactions if row.actor is Actor.AGENT]
    wrong = taken_back(rows)
    for row in rows:
        if row.kind is Kind.MESSAGE and row.channel.traits.spoken and "•" not in row.text:
            for value in spelt_values(row.text):
                if value.type == "code" and canonical(value.value) not in wrong:
                    yield _spelt_kind(value, row.text), value.value, row.interaction_id
            for number in spoken_numbers(row.text):
                if number.type == "code" and canonical(number.value) not in wrong:
                    yield _announced(_as_mention(number), row.text), number.value, row.interaction_id


def _spaced(text: str, names: Mapping[str, tuple[str, str]]) -> Iterable[tuple[range, str, str]]:
    """Names of records that the customer writes with spaces or hyphens of their own: where, the key, and the name.

    `names` are keys and names by what is left of a name without separators. The time grows with the text alone.
    """
    words = list(_PIECE.finditer(text))
    for first, start in enumerate(words):
        spend()
        joined = start.group().casefold()
        for earlier, word in pairwise(words[first : first + _MOST_PIECES]):
            if word.start() - earlier.end() != 1 or text[earlier.end()] not in " -":
                break
            joined += word.group().casefold()
            if joined in names:
                key, name = names[joined]
                yield range(start.start(), word.end()), key, name


def _names_without_separators(rows: Iterable[Interaction], keys: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The key and the name of each record's name that holds digits, by the name without its separators."""
    names: dict[str, tuple[str, str]] = {}
    for row in rows:
        for fields in (dict(row.data), _record(row)):
            for key, name in (*coded_values(fields), *structured_names(fields)):
                bare = _SEPARATOR.sub("", name).casefold()
                if len(bare) >= _SHORTEST_SPACED and any(map(str.isdigit, bare)):
                    names[bare] = (keys.get(canonical(name), key), name)
    return names


def _announced(mention: Mention, text: str) -> str:
    """What a customer calls the thing they name: `my membership 88213` is a `membership_id`."""
    if mention.type not in ("code", "number"):
        return mention.type
    match = _NOUN_BEFORE.search(text[max(0, mention.start - _BEFORE_CHARACTERS) : mention.start])
    noun = match["noun"].casefold() if match else ""
    return mention.type if noun in _NO_NOUNS or noun in function_words() or not noun else f"{noun}_id"


def _passed_on(interactions: Sequence[Interaction]) -> Iterable[tuple[str, str, str]]:
    """What letters of third parties name that the customer passes on."""
    for letter in letters_passed_on(interactions):
        whole = f"{letter.subject}\n{letter.text}"
        for mention in letter.named:
            position = whole.find(mention.value)
            standing = mention._replace(start=position, end=position + len(mention.value))
            yield _announced(standing, whole), mention.value, letter.row.interaction_id


def _appointed(interactions: Iterable[Interaction]) -> Iterable[tuple[str, str, str]]:
    """When the appointments are that came as calendars, unless they are cancelled."""
    for row in interactions:
        for appointment in appointments_from(row.data):
            if appointment.start and appointment.step is not AppointmentStep.CANCELLED:
                yield "appointment", appointment.start, row.interaction_id


def _account(interactions: Sequence[Interaction]) -> Iterable[tuple[str, str, str]]:
    """The customer's account where it came up in the case, and not merely in what a channel sent along."""
    accounts = {
        identifier.value
        for interaction in interactions
        for identifier in interaction.identifiers
        if identifier.type == "account_id"
    }
    for interaction in interactions:
        for account in accounts:
            if account in interaction.text or account in interaction.data.values():
                yield "account_id", account, interaction.interaction_id
                return


def _carried_out(
    tool_calls: Sequence[Call], keys: dict[str, str], amounts: dict[str, str]
) -> Iterable[tuple[str, str, str]]:
    for counted_call in effective_calls(tool_calls):
        for key, value in structured_names(dict(counted_call.call.data)):
            yield keys.get(canonical(value), key), value, counted_call.call.interaction_id
        for figure in _figures(dict(counted_call.call.data)):
            spelled = amounts.get(f"{figure:g}")
            if spelled and figure:
                yield "amount", spelled, counted_call.call.interaction_id


def _figures(value: object, key: str = "") -> Iterable[float]:
    if isinstance(value, Mapping):
        for inner_key, inner in cast(Mapping[str, Any], value).items():
            yield from _figures(inner, inner_key)
    elif isinstance(value, list | tuple):
        for inner in cast(Sequence[Any], value):
            yield from _figures(inner, key)
    elif isinstance(value, int | float) and not isinstance(value, bool) and _AMOUNT_KEY.search(key):
        yield float(value)


def _spelled_amounts(interactions: Iterable[Interaction]) -> dict[str, str]:
    """Amounts as somebody wrote them, by their figure: a bare number in a call takes its currency from the talk."""
    spelled: dict[str, str] = {}
    for interaction in interactions:
        if interaction.kind is Kind.MESSAGE:
            for mention in mentions(interaction.text):
                if mention.type == "amount":
                    spelled.setdefault(canonical(mention.value), mention.value)
    return spelled


def _error_codes(interactions: Iterable[Interaction]) -> Iterable[tuple[str, str, str]]:
    for interaction in interactions:
        if interaction.kind is Kind.EVENT and interaction.outcome is Outcome.FAILED:
            for key, value in interaction.data.items():
                if _ERROR_KEY.match(key) and isinstance(value, str | int):
                    yield "error_code", str(value), interaction.interaction_id
