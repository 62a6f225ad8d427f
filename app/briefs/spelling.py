"""Names and codes that somebody spells aloud, as one value: `S-M-Y-T-H-E`, `B as in bravo, 7, double 3`, `tango seven`.

A sign is a letter by itself, a letter with a word that begins with it (`K wie Kaufmann`), a word of the international
spelling alphabet, or figures told in any way that `app.privacy.spoken` reads. Signs with nothing but commas, dashes and
blanks between them are one value. Letters with figures are a code. Letters alone are a name where they are called one,
or where the word that they spell stands beside them; else they are left, since `A, S, A, P` names nobody.

Source of the alphabet: ICAO Annex 10, Volume II, 5.2.1.3, with the spellings that recognisers write.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from app.caching import text_cache
from app.nlu.languages import folded
from app.nlu.tables import NameWords, Speech, words_in_all
from app.privacy.spoken import Atom, Token, runs, tokens

_LONGEST = 4_000
_ALPHABET: Mapping[str, str] = {
    word: word[0].upper()
    for word in """
    alpha alfa bravo charlie delta echo foxtrot golf hotel india juliet juliett kilo lima mike november oscar papa
    quebec romeo sierra tango uniform victor whiskey whisky xray yankee zulu
    """.split()
}
_TIMES: Mapping[str, int] = {
    **dict.fromkeys("double doppel doppelt doppeltes doble duplo doppio doppia dubbel dubbele".split(), 2),
    **dict.fromkeys("triple treble dreifach triplo tripel".split(), 3),
}
_BETWEEN = re.compile(r"[\s,–-]{1,4}|\.\s{1,2}")
_APOSTROPHES = frozenset("'’‘`´")
# Letters that are words of their own in some language, where nothing shows that they are spelt.
_WORDS_OF_A_LETTER = frozenset("aeiouy")
_SPEAKER = "I"
_MOST_CONNECTING = 2
_FEWEST_SIGNS, _FEWEST_LETTERS, _MOST_SIGNS = 3, 3, 32
_FEWEST_FIGURES = 3
_NEAR = 60


class _Sign(NamedTuple):
    """A letter or figures at text[start:end]; `clear` where more than a lone letter shows that it is spelt."""

    value: str
    start: int
    end: int
    following: int
    clear: bool = False
    from_alphabet: bool = False


class SpeltValue(NamedTuple):
    """What was spelt, what it is, and where."""

    type: str
    value: str
    start: int
    end: int


@text_cache(maxsize=2048)
def spelt_values(text: str, asked: str = "") -> tuple[SpeltValue, ...]:
    """The names and codes that are spelt in a text; `asked` is the question that it answers."""
    bounded = text[:_LONGEST]
    sequence = tokens(bounded)
    if len(sequence) < _FEWEST_SIGNS:
        return ()
    return tuple(value for run in _runs(bounded, sequence) if (value := _value(bounded, asked, run)) is not None)


def _runs(text: str, sequence: Sequence[Token]) -> Iterator[list[_Sign]]:
    # `R, O, O, N` holds no nought.
    numbers = [run for run in runs(text, sequence) if any(text[atom.start : atom.end] not in "oO" for atom in run)]
    atoms = {atom.first: atom for run in numbers for atom in run}
    run: list[_Sign] = []
    index = 0
    while index < len(sequence):
        sign = _sign(text, sequence, index, atoms)
        if run and (sign is None or not _BETWEEN.fullmatch(text[run[-1].end : sign.start])):
            yield run
            run = []
        if sign is not None:
            run.append(sign)
        index = sign.following if sign is not None else index + 1
    if run:
        yield run


def _sign(text: str, sequence: Sequence[Token], index: int, atoms: Mapping[int, Atom]) -> _Sign | None:
    """The sign that begins at a token."""
    token = sequence[index]
    if (atom := atoms.get(index)) is not None:
        return _Sign(atom.digits, atom.start, atom.end, atom.last + 1)
    if token.word in _TIMES and index + 1 < len(sequence):
        return _repeated(text, sequence, index, atoms)
    if token.word in _ALPHABET:
        return _Sign(_ALPHABET[token.word], token.start, token.end, index + 1, from_alphabet=True)
    if len(token.word) != 1 or _is_contracted(text, token):
        return None
    return _explained(sequence, index) or _Sign(token.word.upper(), token.start, token.end, index + 1)


def _repeated(text: str, sequence: Sequence[Token], index: int, atoms: Mapping[int, Atom]) -> _Sign | None:
    """A letter that is told twice or thrice, and `double u`."""
    times, token = sequence[index], sequence[index + 1]
    if times.word == "double" and token.word == "u":
        return _Sign("W", times.start, token.end, index + 2)
    sign = _sign(text, sequence, index + 1, atoms)
    if sign is None or not sign.value.isalpha():
        return None
    return sign._replace(value=sign.value * _TIMES[times.word], start=times.start, clear=True)


def _explained(sequence: Sequence[Token], index: int) -> _Sign | None:
    """A letter with the word that says which it is: `B as in bravo`, `B bravo`."""
    letter, connectors = sequence[index], words_in_all(Speech, "spelling")
    for between in range(_MOST_CONNECTING + 1):
        position = index + between + 1
        if position >= len(sequence):
            return None
        word = sequence[position]
        connecting = " ".join(token.word for token in sequence[index + 1 : position])
        names = word.word in _ALPHABET if not between else connecting in connectors and len(word.word) > 1
        if names and word.word.startswith(letter.word):
            return _Sign(letter.word.upper(), letter.start, word.end, position + 1, clear=True)
    return None


def _is_contracted(text: str, token: Token) -> bool:
    """Whether a letter is the rest of a contraction: `that's`, `l'un`."""
    beside = text[max(0, token.start - 1) : token.start] + text[token.end : token.end + 1]
    return not _APOSTROPHES.isdisjoint(beside)


def _value(text: str, asked: str, run: Sequence[_Sign]) -> SpeltValue | None:
    signs = _bared(text, run)
    whole = "".join(sign.value for sign in signs)
    letters = [sign for sign in signs if sign.value.isalpha()]
    figures = sum(map(str.isdigit, whole))
    if not letters or not _FEWEST_SIGNS <= len(whole) <= _MOST_SIGNS:
        return None
    # A word of the alphabet is a word like any other, unless more is spelt with it.
    if all(sign.from_alphabet for sign in letters) and len(letters) < (2 if figures else _FEWEST_LETTERS):
        return None
    start, end = signs[0].start, signs[-1].end
    kind, value = _code(text, signs, whole) if figures else _letters(text, asked, signs, whole)
    return SpeltValue(kind, value, start, end) if value else None


def _code(text: str, signs: Sequence[_Sign], whole: str) -> tuple[str, str]:
    """Letters with figures; empty where they are written as they are, `A-7-3-Q`, or are too few to be a code."""
    letters = [sign for sign in signs if sign.value.isalpha()]
    is_written = all(text[before.end : after.start] == "-" for before, after in pairwise(signs))
    is_spelt = len(letters) > 1 or letters[0].clear or sum(map(str.isdigit, whole)) >= _FEWEST_FIGURES
    return "code", whole if is_spelt and not is_written else ""


def _letters(text: str, asked: str, signs: Sequence[_Sign], whole: str) -> tuple[str, str]:
    """Letters alone: a name, or a code where several of them were spelt by words; else empty."""
    written = _written(text, whole, signs[0].start, signs[-1].end)
    if written is not None or _is_called_name(text, asked, signs[0].start):
        return "name", written or whole.capitalize()
    is_clear = sum(sign.clear or sign.from_alphabet for sign in signs) > 1
    return "code", whole if is_clear else ""


def _bared(text: str, run: Sequence[_Sign]) -> list[_Sign]:
    """A run without the words of one letter at its edges: `a 4`, `double 3, I need`."""
    signs = list(run)
    while signs and _is_word(text, signs[0]):
        signs.pop(0)
    while signs and _is_word(text, signs[-1]) and _goes_on(text, signs[-1].end):
        signs.pop()
    return signs


def _is_word(text: str, sign: _Sign) -> bool:
    written = text[sign.start : sign.end]
    if sign.clear or sign.from_alphabet or len(written) != 1 or folded(written) not in _WORDS_OF_A_LETTER:
        return False
    beside = text[max(0, sign.start - 1) : sign.start] + text[sign.end : sign.end + 1]
    return "-" not in beside and (written.islower() or written == _SPEAKER)


def _goes_on(text: str, end: int) -> bool:
    rest = text[end : end + 2]
    return len(rest) > 1 and rest[0].isspace() and rest[1].isalpha()


def _written(text: str, letters: str, start: int, end: int) -> str | None:
    """The word that the letters spell, as it stands elsewhere in the text."""
    for token in tokens(text):
        written = text[token.start : token.end]
        if (token.end <= start or token.start >= end) and folded(written) == folded(letters):
            return written if written[:1].isupper() else written.capitalize()
    return None


def _is_called_name(text: str, asked: str, start: int) -> bool:
    """Whether what is spelt is called a name, in the text right before it or in the question."""
    nouns = words_in_all(NameWords, "nouns")
    before, question = text[max(0, start - _NEAR) : start], asked[-_LONGEST:]
    words = [whole[token.start : token.end] for whole in (before, question) for token in tokens(whole)]
    return not nouns.isdisjoint(map(str.casefold, words))
