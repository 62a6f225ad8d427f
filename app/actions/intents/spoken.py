"""Writes the numbers that a text tells in words in digits, so that a spoken request reads like a typed one.

A vector of "ending in four four seven one" lies apart from that of "ending in 4471". The digits are those that
`app.privacy.spoken` reads in seven languages: `double four` and `oh` among them. A single small number stays a word,
since "one" and its like mostly count nothing.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.privacy.spoken import Atom, runs, tokens

_LONGEST = 4_000
_FEWEST_DIGITS = 2
# So many words for single digits are a number that is spelt out, whatever the speaker says between them.
_FEWEST_SPELT = 3


def with_digits(text: str) -> str:
    """The text with numbers of two digits or more in digits; as it is beyond its first 4,000 characters."""
    read = text[:_LONGEST]
    parts: list[str] = []
    end = 0
    for number in (part for run in runs(read, tokens(read)) for part in _numbers(read, run)):
        digits = "".join(atom.digits for atom in number)
        if len(digits) < _FEWEST_DIGITS or not any(_is_in_words(atom) for atom in number):
            continue
        parts += [text[end : number[0].start], digits]
        end = number[-1].end
    return "".join([*parts, text[end:]]) if parts else text


def _numbers(text: str, run: Sequence[Atom]) -> Iterator[Sequence[Atom]]:
    """A run as the one number that it spells out, or parted where words stand in between: `eight and ten`."""
    if len(run) >= _FEWEST_SPELT and all(len(atom.digits) == 1 or atom.value is None for atom in run):
        yield run
        return
    start = 0
    for index, (before, after) in enumerate(pairwise(run), 1):
        if any(map(str.isalnum, text[before.end : after.start])):
            yield run[start:index]
            start = index
    yield run[start:]


def _is_in_words(atom: Atom) -> bool:
    return atom.value is not None or len(atom.digits) != atom.end - atom.start
