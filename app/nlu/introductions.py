"""Who says that they are whom: a name in the words by which people introduce themselves, in the languages at hand.

A name that stands in a text otherwise is somebody's who is spoken to or of, as a rule not the speaker's own.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from app.nlu.tables import LANGUAGES, NameWords, table

_CLAUSE = re.compile(r"[.,;:!?…()\[\]\n]|\s[-–—]\s")
_EDGES = "\"'“”„«»‘’"
_SHORTEST = 2
_NAME = "{name}"


class _Introduction(NamedTuple):
    before: tuple[str, ...]
    after: tuple[str, ...]
    begins: bool


class _Occurrence(NamedTuple):
    before: Sequence[str]
    after: Sequence[str]
    words: int


def introduces_as(text: str, name: str) -> bool:
    """Whether whoever says a text introduces themselves in it by a name, or by its first or last word."""
    return any(_is_introduction(occurrence) for occurrence in _occurrences(text, name))


def names_in_passing(text: str, name: str) -> bool:
    """Whether a text names somebody who is not introduced there."""
    occurrences = list(_occurrences(text, name))
    return bool(occurrences) and not any(map(_is_introduction, occurrences))


def _occurrences(text: str, name: str) -> Iterator[_Occurrence]:
    parts = frozenset(word for word in _words(name) if len(word) >= _SHORTEST) - _titles()
    if not parts:
        return
    for clause in _CLAUSE.split(text):
        words = _words(clause)
        index = 0
        while index < len(words):
            end = index
            while end < len(words) and words[end] in parts:
                end += 1
            if end > index:
                yield _Occurrence(words[:index], words[end:], end - index)
            index = end + 1


def _is_introduction(occurrence: _Occurrence) -> bool:
    before, after = list(occurrence.before), occurrence.after
    if not before and not after:
        # A clause that is a whole name answers who is speaking; whoever is addressed is called by a part of it.
        return occurrence.words > 1
    if before and before[-1] in _titles():
        before.pop()
    return any(
        tuple(before[len(before) - len(form.before) :]) == form.before
        and tuple(after[: len(form.after)]) == form.after
        and not (form.begins and before)
        for form in _introductions()
        if len(form.before) <= len(before)
    )


def _words(text: str) -> list[str]:
    return [word for piece in text.casefold().split() if (word := piece.strip(_EDGES))]


@cache
def _introductions() -> tuple[_Introduction, ...]:
    forms: list[_Introduction] = []
    for names in _tables():
        for form in names.introductions:
            before, _, after = form.removeprefix("^").partition(_NAME)
            forms.append(_Introduction(tuple(_words(before)), tuple(_words(after)), form.startswith("^")))
    return tuple(forms)


@cache
def _titles() -> frozenset[str]:
    return frozenset(title for names in _tables() for title in names.titles)


@cache
def _tables() -> tuple[NameWords, ...]:
    return tuple(names for language in LANGUAGES if (names := table(language, NameWords)) is not None)
