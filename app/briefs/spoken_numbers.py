"""Numbers that are told in words: amounts, and numbers that are spelt out, digit by digit or in groups.

Amounts are read by text2num. It reads no number that is spelt out: `double four`, `oh`, letters and dashes among the
digits. These are joined here from the words that `app.privacy.spoken` takes for digits. Rows come with their secrets
masked; of a text that holds a mask, and of the answer to who asks for a code, no number is read.
"""

from calendar import month_name
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

from app.briefs.due import digits_of
from app.caching import text_cache
from app.nlu.fluency import takes_back
from app.nlu.identifiers import MentionType, canonical, mentions
from app.nlu.languages import Language, language_of
from app.nlu.tables import ENGLISH
from app.privacy.questions import asks_for_code, asks_for_password
from app.privacy.spoken import Atom, Token, runs, tokens

_LONGEST = 4_000
_FEWEST_DIGITS, _FEWEST_ATOMS, _MOST_DIGITS = 4, 3, 12
_MOST_LETTERS = 4
_FEWEST_PHONE = 10
_FEWEST_BEHIND_LETTERS = 3
_LONGEST_GROUP = 2
_WORDS_OF_A_LETTER = frozenset("aeiouy")
_MONTHS = frozenset(month.casefold() for month in month_name if month)
_SIGNS = {
    "-": "dash hyphen minus strich bindestrich tiret guion traco trattino streepje",
    "/": "slash stroke",
    ".": "dot point punkt ponto",
}
_SIGN_OF = {word: sign for sign, words in _SIGNS.items() for word in words.split()}
_READ = ("amount", "date")
_MASK = "•"
_APOSTROPHES = frozenset("'’‘`´")


class SpokenNumber(NamedTuple):
    """A number in digits, what it is, and where its words stand."""

    type: MentionType
    value: str
    start: int
    end: int


@text_cache(maxsize=2048)
def spoken_numbers(text: str, language: Language | None = None) -> tuple[SpokenNumber, ...]:
    """The numbers that a text tells in words: those that are spelt out, then amounts and dates.

    `language` is that of the talk, where the text alone does not tell its own.
    """
    bounded = text[:_LONGEST]
    return (*_spelt(bounded), *_amounts(bounded, language_of(bounded) or language or ENGLISH))


def hides_secrets(text: str, answering: str) -> bool:
    """Whether a text holds, or is asked for, what nobody may read: then no number of it is read."""
    return _MASK in text or asks_for_code(answering, clearly=True) or asks_for_password(answering)


def _spelt(text: str) -> Iterator[SpokenNumber]:
    sequence = tokens(text)
    for run in chain.from_iterable(_sayings(text, whole) for whole in runs(text, sequence)):
        if not _is_spelt(run):
            continue
        first, letters = _letters_before(text, sequence, run[0].first)
        signs = [_sign(sequence[before.last + 1 : after.first]) for before, after in pairwise(run)]
        digits = "".join(atom.digits + sign for atom, sign in zip(run, [*signs, ""], strict=True))
        start = sequence[first].start if letters else run[0].start
        count = sum(len(atom.digits) for atom in run)
        if count < (_FEWEST_BEHIND_LETTERS if letters else _FEWEST_DIGITS):
            continue
        kind: MentionType = "code" if letters else "phone" if digits[0] == "0" and count >= _FEWEST_PHONE else "number"
        yield SpokenNumber(kind, f"{letters}{digits}", start, run[-1].end)


def _sayings(text: str, run: Sequence[Atom]) -> Iterator[Sequence[Atom]]:
    """A run in two where its second half says the first one anew: `five five one two, wait, five five one three`."""
    sizes = list(accumulate(len(atom.digits) for atom in run))
    half = next((index for index, size in enumerate(sizes, 1) if 2 * size == sizes[-1]), 0)
    again = half and sizes[-1] >= 2 * _FEWEST_DIGITS and takes_back(text[run[half - 1].end : run[half].start])
    yield from (run[:half], run[half:]) if again else (run,)


def _is_spelt(run: Sequence[Atom]) -> bool:
    """Whether a run is a number that is spelt out: several words, and enough digits to name something."""
    digits = sum(len(atom.digits) for atom in run)
    in_words = any(atom.value is not None or len(atom.digits) != atom.end - atom.start for atom in run)
    # `double four seven one` is two atoms, and `12 thirty` is a time.
    repeated = run[0].value is None and len(run[0].digits) != run[0].end - run[0].start
    spelt = len(run) >= _FEWEST_ATOMS or (len(run) == _FEWEST_ATOMS - 1 and repeated)
    # `nine hundred one` may be 901, and 900 and 1.
    clear = all(atom.value is None or len(atom.digits) <= _LONGEST_GROUP for atom in run)
    return in_words and spelt and clear and digits <= _MOST_DIGITS


def _letters_before(text: str, sequence: Sequence[Token], first: int) -> tuple[int, str]:
    """Where the letters begin that are spelt right before a number, and the letters."""
    start = first
    while start and first - start < _MOST_LETTERS and _is_letter(text, sequence[start - 1]):
        start -= 1
    letters = "".join(token.word.upper() for token in sequence[start:first])
    # `a four`: a letter alone may be a word.
    return (first, "") if len(letters) == 1 and letters.casefold() in _WORDS_OF_A_LETTER else (start, letters)


def _is_letter(text: str, token: Token) -> bool:
    """Whether a word is a letter that is spelt, and not the rest of a contraction: `that's four`, `l'un`."""
    beside = text[max(0, token.start - 1) : token.start] + text[token.end : token.end + 1]
    return len(token.word) == 1 and _APOSTROPHES.isdisjoint(beside)


def _sign(between: Sequence[Token]) -> str:
    return next((_SIGN_OF[token.word] for token in between if token.word in _SIGN_OF), "")


def _amounts(text: str, language: Language) -> Iterator[SpokenNumber]:
    written = {canonical(mention.value) for mention in mentions(text)}
    converted = _with_months(digits_of(text, language))
    for mention in mentions(converted) if converted != text else ():
        if mention.type in _READ and canonical(mention.value) not in written:
            yield SpokenNumber(mention.type, mention.value, 0, 0)


def _with_months(text: str) -> str:
    """The text with months beside an ordinal written as months: `14th of june`."""
    words = text.split(" ")
    for index, word in enumerate(words):
        beside = "".join((*words[max(0, index - 2) : index], *words[index + 1 : index + 2]))
        if word in _MONTHS and any(map(str.isdigit, beside)) and beside.strip("of").endswith(("st", "nd", "rd", "th")):
            words[index] = word.capitalize()
    return " ".join(words)
