"""Finds whole numbers of payment cards: by the issuer's prefix and length, Luhn's check digit, and how they stand.

A number of a length that cards usually have, in one piece or in a card's groups, counts wherever it stands, unless it
is named right before as something else (an order, a parcel, a device). Any other length or grouping counts only where
a card is spoken of nearby: one order number in fifty would pass prefix and check digit by chance.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from app.privacy.spoken import Atom, Token, gaps_of, shape_of
from app.privacy.vocabulary import ARTICLES, CAME, CARDS, COUNTS, JOINS, NAMES, OTHER_CARDS, PREPOSITIONS

_ISSUERS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}(?:\d\d)?|35\d{14}"
    r"|(?:5[06-8]|6\d)\d{10,17}"
)
# Lengths by first digit, the likeliest first; of these only the first groups count without a card nearby.
_LENGTHS = {"2": (16,), "3": (16, 15, 14), "4": (16, 19, 13), "5": (16, 19, 18, 17, 15, 14, 13, 12)}
_LENGTHS["6"] = _LENGTHS["5"]
_COMMON = {("2", 16), ("3", 16), ("3", 15), ("3", 14), ("4", 16), ("4", 19), ("5", 16), ("6", 16), ("6", 19)}
_LIKE_A_CARD = {
    (4, 4, 4, 4),
    (4, 6, 5),
    (4, 6, 4),
    (4, 4, 4, 4, 3),
    (6, 13),
    (4, 5, 6),
    (4, 4, 4, 2),
    (8, 8),
    (4, 6, 6),
    (4, 8, 4),
    (6, 6, 4),
    (4, 12),
    (12, 4),
}
_CARD_WORDS = CARDS | frozenset("""debit credit pan cvv cvc expiry expires exp pago payment""".split())
# Whoever is called so has a number only where a number is spoken of: `customer 4242… paid` tells a card.
_PEOPLE = frozenset("customer member client cliente account klant kunde".split())
_PHONES = frozenset("call phone telephone mobile telefon handy telefono telefone telefoon".split())
_NUMBER_NOUNS = frozenset("number numbers no nr num id ids nummer numero n code".split())
_JOINTS = JOINS | ARTICLES | frozenset("ref it for lautet de d del da do di della of o from".split()) | _NUMBER_NOUNS
# Said of a number without saying whose it is.
_PLAIN = (
    CARDS
    | COUNTS
    | PREPOSITIONS
    | CAME
    | frozenset(
        """debit credit payment bank pan full whole long complete entire digit right correct wrong new old same other
        main next following and or use try charge give take enter here have has called my it account""".split()
    )
)
_NEAR = 12
_BEFORE = 6
_MOST_BESIDE = 3
# Between the parts of a card's number that is said in parts stand at most so many words; each has so many digits.
_MOST_BETWEEN = 6
_SHORTEST_PART = 3
_LONGEST = 19
_ARTICLES_OF_ONE = frozenset("un une uno una um uma ein eine een".split())


def is_card(digits: str) -> bool:
    """Whether these digits are a card's number."""
    return bool(_ISSUERS.fullmatch(digits)) and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812: every second digit from the right doubled, the digits summed, modulo ten."""
    doubled = (divmod(2 * int(digit), 10) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(map(sum, doubled))) % 10 == 0


def cards(text: str, tokens: Sequence[Token], run: Sequence[Atom]) -> Iterator[tuple[int, int]]:
    """The atoms of a run that make a card's number, as (first, after the last), from left to right."""
    digits = "".join(atom.digits for atom in run)
    if len(digits) < 12:
        return
    ends = list(accumulate(len(atom.digits) for atom in run))
    place_of = {end: index for index, end in enumerate(ends, 1)}
    sums = _luhn_sums(digits)
    start, index = 0, 0
    while index < len(run):
        length = 0
        for size in _LENGTHS.get(digits[start], ()):
            end = start + size
            checks = end in place_of and (sums[end % 2][end] - sums[end % 2][start]) % 10 == 0
            if checks and _ISSUERS.fullmatch(digits, start, end):
                length = size
                break
        after = place_of.get(start + length, 0)
        if length and _counts(text, tokens, run[index:after], digits[start : start + length]):
            yield index, after
            index = after
        else:
            index += 1
        start = ends[index - 1]


def parted_cards(text: str, tokens: Sequence[Token], runs: Sequence[Sequence[Atom]]) -> Iterator[Sequence[Atom]]:
    """The cards' numbers whose parts stand in several runs, with a few other words between: `… you know …`."""
    begin = 0
    while begin < len(runs):
        whole, after = _parted_card(text, tokens, runs, begin)
        if whole:
            yield whole
        begin = after if whole else begin + 1


def _parted_card(
    text: str, tokens: Sequence[Token], runs: Sequence[Sequence[Atom]], begin: int
) -> tuple[Sequence[Atom], int]:
    """The card's number that begins with a run and goes on in the next ones, and the run behind it; else nothing."""
    atoms: list[Atom] = []
    for after, run in enumerate(runs[begin:], begin):
        near = not atoms or run[0].first - atoms[-1].last - 1 <= _MOST_BETWEEN
        if not near or len(run) > _LONGEST or sum(shape_of(run)) < _SHORTEST_PART or sum(shape_of(atoms)) >= _LONGEST:
            break
        digits = "".join(atom.digits for atom in (*atoms, *run))
        if atoms and (digits[0], len(digits)) in _COMMON and is_card(digits):
            whole = [*atoms, *run]
            return (whole, after + 1) if _counts(text, tokens, whole, digits) else ((), after)
        atoms += _without_article(text, run)
    return (), begin


def _without_article(text: str, run: Sequence[Atom]) -> Sequence[Atom]:
    """A run that goes on later, without a word for one at its end: there it is an article, as in `un momento`."""
    last = run[-1]
    is_word = last.digits == "1" and not text[last.start : last.end].strip().isdigit()
    return run[:-1] if len(run) > 1 and is_word and text[last.start : last.end].casefold() in _ARTICLES_OF_ONE else run


def _luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """For numbers that end at an even, and at an odd place: what all digits up to each place add to the check sum."""
    plain = [int(digit) for digit in digits]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in plain]
    even = [doubled[at] if at % 2 == 0 else plain[at] for at in range(len(plain))]
    odd = [plain[at] if at % 2 == 0 else doubled[at] for at in range(len(plain))]
    return list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))


def _counts(text: str, tokens: Sequence[Token], atoms: Sequence[Atom], digits: str) -> bool:
    if _sticks(text, tokens, atoms):
        return False
    first, last = atoms[0].first, atoms[-1].last
    if is_named_otherwise(text, tokens, atoms):
        return False
    if _speaks_of_card(tokens, first, last):
        return True
    international = text[max(0, atoms[0].start - 1) : atoms[0].start] == "+"
    if international or len(set(digits)) == 1 or (digits[0], len(digits)) not in _COMMON:
        return False
    return len(atoms) == 1 or _is_written_like_a_card(text, tokens, atoms)


def _is_written_like_a_card(text: str, tokens: Sequence[Token], atoms: Sequence[Atom]) -> bool:
    spoken = sum(not text[atom.start : atom.end].strip()[:1].isdigit() for atom in atoms)
    if spoken * 2 >= len(atoms):
        return True
    # Numbers with commas between them are a list, unless nothing else was said.
    listed = any("," in gap for gap in gaps_of(text, atoms)) and len(tokens) - len(atoms) > _MOST_BESIDE
    return not listed and _is_grouped(text, atoms)


def _sticks(text: str, tokens: Sequence[Token], atoms: Sequence[Atom]) -> bool:
    """Figures right behind letters are part of a name (AB1234), unless the letters say what they are (card4242)."""
    before = tokens[atoms[0].first - 1] if atoms[0].first else None
    if before and before.end == atoms[0].start and before.word and text[atoms[0].start].isdigit():
        stripe = len(before.word) == 1 and text[max(0, before.start - 1) : before.start] == "%"
        return not stripe and before.word not in _CARD_WORDS and before.word not in _JOINTS
    return False


def _is_grouped(text: str, atoms: Sequence[Atom]) -> bool:
    shape = shape_of(atoms)
    even = len(set(shape[:-1])) == 1 and shape[-1] <= shape[0] and shape[0] <= 6
    return (shape in _LIKE_A_CARD or even) and all(len(gap.strip()) <= 3 for gap in gaps_of(text, atoms))


def _speaks_of_card(tokens: Sequence[Token], first: int, last: int) -> bool:
    return any(_is_card_word(tokens, index) for index in _beside(tokens, first, last, _NEAR, _BEFORE))


def _beside(tokens: Sequence[Token], first: int, last: int, before: int, after: int) -> Sequence[int]:
    return (*range(max(0, first - before), first), *range(last + 1, min(len(tokens), last + 1 + after)))


def _is_card_word(tokens: Sequence[Token], index: int) -> bool:
    """Whether a payment card is spoken of at a place, and not one that only gathers points."""
    if tokens[index].word not in _CARD_WORDS:
        return False
    return not index or tokens[index - 1].word not in OTHER_CARDS


def is_named_otherwise(text: str, tokens: Sequence[Token], atoms: Sequence[Atom]) -> bool:
    """Whether a number is called an order's, a parcel's or another thing's, and no card is spoken of beside it."""
    first, last = atoms[0].first, atoms[-1].last
    if any(
        tokens[index].word in CARDS and _is_card_word(tokens, index) for index in _beside(tokens, first, last, 6, 4)
    ):
        return False
    return text[max(0, atoms[0].start - 1) : atoms[0].start] == "#" or _names_another(text, tokens, atoms)


def _names_another(text: str, tokens: Sequence[Token], atoms: Sequence[Atom]) -> bool:
    first = atoms[0].first
    numbered = ":" in text[tokens[first - 1].end : atoms[0].start] if first else False
    for index in range(first - 1, max(-1, first - 1 - _BEFORE), -1):
        word = tokens[index].word
        if word in _PHONES:
            # No telephone has a number as long as most cards have.
            return sum(len(atom.digits) for atom in atoms) < 16
        if word in NAMES:
            return numbered or word not in _PEOPLE
        if word in CARDS and not _is_card_word(tokens, index):
            return True
        if word in OTHER_CARDS or (word.endswith(("nummer", "nr")) and word not in _NUMBER_NOUNS):
            return True
        if word not in _JOINTS:
            return bool(word) and word not in _PLAIN and _has_number_noun(tokens, index)
        numbered = numbered or word in _NUMBER_NOUNS
    return False


def _has_number_noun(tokens: Sequence[Token], index: int) -> bool:
    """Whether a noun is what has a number: `meter number`, `número de socio`."""
    after = tokens[index + 1].word if index + 1 < len(tokens) else ""
    if after in ("number", "numbers", "no", "nr", "id", "nummer"):
        return True
    before = [token.word for token in tokens[max(0, index - 3) : index] if token.word not in ARTICLES]
    return len(before) > 1 and before[-1] in PREPOSITIONS and before[-2] in ("numero", "n", "no")


def is_part(atoms: Sequence[Atom], least: int = 4) -> bool:
    """Whether a run may be a part of a card's number that is told piece by piece."""
    return least <= sum(shape_of(atoms)) <= 15 and all(len(atom.digits) <= 15 for atom in atoms)


def begins_like_a_card(text: str, tokens: Sequence[Token], run: Sequence[Atom]) -> bool:
    """Whether a run is the most of a card's number, which was told whole before, in its groups."""
    digits = "".join(atom.digits for atom in run)
    spoken = all(not token.digits for token in tokens[run[0].first : run[-1].last + 1])
    grouped = spoken or len(set(shape_of(run)[:-1])) == 1
    return 8 <= len(digits) <= 15 and digits[0] in "23456" and grouped and not is_named_otherwise(text, tokens, run)


class Completion(NamedTuple):
    """A card's number that is told in parts: the group it begins with, the atoms that end it, and all its digits."""

    start: int
    after: int
    digits: str


def completes(before: str, run: Sequence[Atom]) -> Completion | None:
    """How a run ends the card's number that `before` (figures, grouped by spaces) begins."""
    groups = before.split()
    for start in range(max(0, len(groups) - 19), len(groups)):
        begun = "".join(groups[start:])
        for after in range(1, min(len(run), 19) + 1):
            digits = begun + "".join(atom.digits for atom in run[:after])
            if len(digits) > 19:
                break
            if (digits[0], len(digits)) in _COMMON and is_card(digits):
                return Completion(start, after, digits)
    return None
