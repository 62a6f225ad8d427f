"""Numbers that somebody took back in the breath in which they were said: `55120, no sorry, 55210`.

One that is as long as the number before it, and differs from it in a few figures, takes its place where a word of
correction stands between them: in one message, or at the beginning of the next one of the same speaker. Without such a
word they are two numbers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from app.briefs.spoken_numbers import spoken_numbers
from app.budget import spend
from app.models import Interaction, Kind
from app.nlu.fluency import takes_back
from app.nlu.identifiers import canonical, mentions
from app.nlu.tables import Language

_FEWEST_FIGURES = 4
_MOST_CHANGED = 2
_NUMBERS = frozenset({"code", "number", "account", "phone", "error_code"})
# Between a number and its correction few words are said.
_LONGEST_BETWEEN = 120


class _Saying(NamedTuple):
    """A number where it was said."""

    name: str
    row: Interaction
    start: int
    end: int


def taken_back(rows: Iterable[Interaction], language: Language | None = None) -> Mapping[str, str]:
    """The numbers that whoever said them put right and did not say again later, each with the one in its place.

    Numbers are canonical, and `rows` in their order.
    """
    last: dict[tuple[str | None, str], list[_Saying]] = {}
    result: dict[str, str] = {}
    for row in rows:
        if row.kind is not Kind.MESSAGE:
            continue
        spend()
        speaker = (row.conversation_id, row.actor.value)
        before = last.get(speaker, [])[-1:]
        sayings = list(_sayings(row, language))
        for position, saying in enumerate(sayings):
            result.pop(saying.name, None)
            earlier = sayings[position - 1] if position else before[0] if before else None
            if earlier is not None and _is_repaired(earlier, saying, language):
                result[earlier.name] = saying.name
        last[speaker] = sayings
    return result


def _sayings(row: Interaction, language: Language | None) -> Iterator[_Saying]:
    numbers: Sequence[tuple[str, str, int, int]] = [
        *((mention.type, mention.value, mention.start, mention.end) for mention in mentions(row.text)),
        *(
            (number.type, number.value, number.start, number.end)
            for number in (spoken_numbers(row.text, language) if row.channel.traits.spoken else ())
        ),
    ]
    for kind, value, start, end in sorted(numbers, key=lambda number: number[2:]):
        if kind in _NUMBERS and sum(map(str.isdigit, value)) >= _FEWEST_FIGURES:
            yield _Saying(canonical(value), row, start, end)


def _is_repaired(earlier: _Saying, later: _Saying, language: Language | None) -> bool:
    """Whether a number takes the place of the one said before it."""
    if len(earlier.name) != len(later.name):
        return False
    changed = sum(sign != other for sign, other in zip(earlier.name, later.name, strict=True))
    if not 0 < changed <= _MOST_CHANGED:
        return False
    if earlier.row is later.row:
        between = later.row.text[earlier.end : later.start]
    else:
        between = f"{earlier.row.text[earlier.end :]} {later.row.text[: later.start]}"
        if takes_back(earlier.row.text[earlier.end :], language):
            return False  # what was taken back there is not this number
    return len(between) <= _LONGEST_BETWEEN and takes_back(between, language)
