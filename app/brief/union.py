"""Brings together the entities that a model names and those that were found: one thing in two spellings is one."""

import re
from collections.abc import Iterable, Sequence

from app.brief.entities import MOST_ENTITIES
from app.language.identifiers import canonical, mentions
from app.models import Entity

_MONTHS = {
    name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}
_ISO_DATE = re.compile(r"\d{4}-(\d\d)-(\d\d)")
_DAY = re.compile(r"\d{1,2}")
_LETTERS = re.compile(r"[a-z]{3,}", re.IGNORECASE)
_SHORTEST_FACT = 3


def united(found: Sequence[Entity], named: Iterable[Entity]) -> tuple[Entity, ...]:
    """What was found and what a model names, each thing once, at most two dozen.

    What says the same as something found adds its evidence to it; what says more (`HAT035, 17 May` beside `HAT035`)
    takes its place.
    """
    brought = list(found)
    for one in named:
        facts = _facts(one.value)
        same = next((place for place, known in enumerate(brought) if _is_same(known, one, facts)), None)
        if same is not None:
            brought[same] = _with_evidence(brought[same], one)
            continue
        told = [known for known in brought if (of := _facts(known.value)) and of < facts and _is_distinct(of)]
        brought = [known for known in brought if known not in told]
        for known in told:
            one = _with_evidence(one, known)  # noqa: PLW2901 - it takes the place of those that it tells
        brought.append(one)
    return tuple(brought[:MOST_ENTITIES])


def _is_same(known: Entity, named: Entity, facts: frozenset[str]) -> bool:
    if known.value.casefold() == named.value.casefold():
        return known.type.casefold() == named.type.casefold() or _is_distinct(facts or {known.value})
    return bool(facts) and _facts(known.value) == facts and _is_distinct(facts) and not _says_more(named.value)


def _is_distinct(facts: Iterable[str]) -> bool:
    """Whether facts can be of one thing alone: a number of one or two digits may be of any."""
    return all(len(one) >= _SHORTEST_FACT for one in facts)


def _says_more(value: str) -> bool:
    """Whether words stand beside the only name in a value."""
    rest = value
    for one in mentions(value):
        rest = rest.replace(one.value, " ")
    return len(_LETTERS.findall(rest)) > 1


def _facts(value: str) -> frozenset[str]:
    """The names, figures and days in a value, in a form in which two spellings are equal."""
    return frozenset(_day(one.value) if one.type == "date" else canonical(one.value) for one in mentions(value))


def _day(date: str) -> str:
    """A date as `month-day`; the year is left out where somebody may have left it out. Others as they are written."""
    iso = _ISO_DATE.fullmatch(date)
    if iso:
        return f"{int(iso[1]):02d}-{int(iso[2]):02d}"
    month = next((_MONTHS[one[:3].casefold()] for one in _LETTERS.findall(date) if one[:3].casefold() in _MONTHS), None)
    day = _DAY.search(date)
    return f"{month:02d}-{int(day.group()):02d}" if month and day else date.casefold()


def _with_evidence(one: Entity, other: Entity) -> Entity:
    return one.model_copy(update={"evidence": tuple(dict.fromkeys((*one.evidence, *other.evidence)))})
