"""Brings together the entities that a model names and those that were found: one thing in two spellings is one."""

import re
from collections.abc import Iterable, Sequence

from app.briefs.entities import MOST_ENTITIES
from app.models import Entity
from app.nlu.identifiers import canonical, mentions

# What our own engine calls a thing of which it knows the form alone.
_BARE = frozenset({"id", "number", "code", "reference", "amount", "date", "phone", "account", "email", "name", "value"})
_MONTHS = {
    name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}
_ISO_DATE = re.compile(r"\d{4}-(\d\d)-(\d\d)")
_DAY = re.compile(r"\d{1,2}")
_LETTERS = re.compile(r"[a-z]{3,}", re.IGNORECASE)
_SHORTEST_FACT = 3
_WORD = re.compile(r"[^\W_]+")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_PHONE = re.compile(r"(?:\+|0)[\d ()/-]{8,24}")
_SUBSCRIBER_DIGITS = 9


def united(drafted: Sequence[Entity], named: Iterable[Entity]) -> tuple[Entity, ...]:
    """What was found and what a model names, each thing once, at most two dozen.

    What says the same as something found adds its evidence to it, and its label where ours says nothing (`date`); what
    says more (`HAT035, 17 May` beside `HAT035`) takes its place.
    """
    brought = list(drafted)
    for candidate in named:
        facts = _facts(candidate.value)
        same = next((index for index, entity in enumerate(brought) if _is_same(entity, candidate, facts)), None)
        if same is not None:
            entity = brought[same]
            better = candidate if _is_bare(entity) and not _is_bare(candidate) else entity
            brought[same] = _with_evidence(better, entity if better is candidate else candidate)
            continue
        parts = [entity for entity in brought if _is_part(entity, candidate, facts)]
        brought = [entity for entity in brought if entity not in parts]
        for part in parts:
            candidate = _with_evidence(candidate, part)  # noqa: PLW2901 - it takes the place of those that it tells
        brought.append(candidate)
    return tuple(brought[:MOST_ENTITIES])


def _is_same(entity: Entity, named: Entity, facts: frozenset[str]) -> bool:
    if entity.value.casefold() == named.value.casefold():
        same_kind = entity.type.casefold() == named.type.casefold() or _is_measure(entity.value)
        return same_kind or _is_distinct(facts or {entity.value})
    if _years(entity.value) and _years(named.value) and _years(entity.value) != _years(named.value):
        return False
    if (number := _subscriber(entity.value)) and number == _subscriber(named.value):
        return True
    return bool(facts) and _facts(entity.value) == facts and _is_distinct(facts) and not _says_more(named.value)


def _is_part(entity: Entity, named: Entity, facts: frozenset[str]) -> bool:
    """Whether something found is told within something named: `1180`, a mere number, in `card-1180`."""
    of = _facts(entity.value)
    if of and of < facts and _is_distinct(of):
        return True
    within = _WORD.findall(named.value.casefold())
    return _is_bare(entity) and entity.value.casefold() in within and len(entity.value) > _SHORTEST_FACT


def _is_bare(entity: Entity) -> bool:
    """Whether a label names the form of a value and nothing of what it is."""
    return entity.type.casefold() in _BARE


def _is_measure(value: str) -> bool:
    """Whether a whole value is one day or one amount with its currency: equal ones are one, however small."""
    mentioned = mentions(value)
    return len(mentioned) == 1 and mentioned[0].type in ("date", "amount") and mentioned[0].value == value


def _years(value: str) -> set[str]:
    return set(_YEAR.findall(value))


def _subscriber(value: str) -> str | None:
    """The end of a phone number, which is the same with and without its country's code."""
    if not _PHONE.fullmatch(value):
        return None
    digits = "".join(filter(str.isdigit, value))
    return digits[-_SUBSCRIBER_DIGITS:] if len(digits) > _SUBSCRIBER_DIGITS else None


def _is_distinct(facts: Iterable[str]) -> bool:
    """Whether facts can be of one thing alone: a number of one or two digits may be of any."""
    return all(len(fact) >= _SHORTEST_FACT for fact in facts)


def _says_more(value: str) -> bool:
    """Whether words stand beside the only name in a value."""
    rest = value
    for mention in mentions(value):
        rest = rest.replace(mention.value, " ")
    return len(_LETTERS.findall(rest)) > 1


def _facts(value: str) -> frozenset[str]:
    """The names, figures and days in a value, in a form in which two spellings are equal."""
    return frozenset(
        _day(mention.value) if mention.type == "date" else canonical(mention.value) for mention in mentions(value)
    )


def _day(date: str) -> str:
    """A date as `month-day`; the year is left out where somebody may have left it out. Others as they are written."""
    iso = _ISO_DATE.fullmatch(date)
    if iso:
        return f"{int(iso[1]):02d}-{int(iso[2]):02d}"
    month = next(
        (_MONTHS[word[:3].casefold()] for word in _LETTERS.findall(date) if word[:3].casefold() in _MONTHS), None
    )
    day = _DAY.search(date)
    return f"{month:02d}-{int(day.group()):02d}" if month and day else date.casefold()


def _with_evidence(entity: Entity, other: Entity) -> Entity:
    return entity.model_copy(update={"evidence": tuple(dict.fromkeys((*entity.evidence, *other.evidence)))})
