"""Whether a day or an amount in a sentence is the one said of its matter, and not one said of something else."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.brief.verification.claims import clauses, content
from app.brief.verification.figures import plain
from app.brief.verification.moments import NAMED
from app.brief.verification.reading import Talk, lemma, plain_words
from app.budget import spend
from app.language.words import STOP_WORDS

_AMOUNT = re.compile(r"[$€£](\d[\d,]*(?:\.\d+)?)")
_FIGURE = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_MONEY = frozenset(map(lemma, "dollar euro pound usd eur gbp".split()))
_SET_AGAINST = re.compile(r"\b(?:but|although|though|while|whereas|however)\b", re.IGNORECASE)
_FEWEST_WORDS = 2
_COVERED = 0.4
"""So much of what a sentence is about must be said in one turn for its days and amounts to count."""
_FURTHER = 0.7
"""The value is another matter's when its own turns have less than this share of what the best turn has."""


class Value(NamedTuple):
    """A day or a number with its unit, and the stems it is written with."""

    kind: str
    value: str
    written: frozenset[str]


def misaligned(text: str, talk: Talk) -> tuple[str, str] | None:
    """The value of a sentence that is said of another matter, and the one that is said of its own; None without."""
    told = list(values(plain_words(text)))
    if not told:
        return None
    pieces = [" ".join(piece.words) for piece in clauses(text)]
    if sum(_tells(piece) for piece in pieces) == len(pieces) > 1 or _stands_apart(text, pieces):
        return next((found for piece in pieces if (found := misaligned(piece, talk))), None)
    words = plain_words(text)
    written = frozenset[str]().union(*(one.written for one in told))
    about = set(content(words)) - written
    total = sum(talk.weight(word) for word in about)
    if len(about) < _FEWEST_WORDS or not total:
        return None
    scores = _by_turn(about, talk)
    kinds = Counter(one.kind for one in told)
    for one in told:
        if kinds[one.kind] > 1:
            continue  # one of several may well be told of by itself elsewhere
        own, others = _turns(one, talk)
        best = max(others, key=lambda turn: scores.get(turn, 0.0), default=None)
        if not own or best is None or scores.get(best, 0.0) < _COVERED * total:
            continue
        # What is asked in one turn may be answered in the next.
        beside = {turn + shift for turn in own for shift in (-1, 0, 1)} - others.keys()
        if max(scores.get(turn, 0.0) for turn in own | beside) < _FURTHER * scores[best]:
            return one.value, others[best]
    return None


def _stands_apart(text: str, pieces: Sequence[str]) -> bool:
    """Whether the clauses of a sentence are set against each other, so that what is told in one is not of the other."""
    return len(pieces) > 1 and _SET_AGAINST.search(text) is not None


def _tells(piece: str) -> bool:
    """Whether a clause is about enough by itself for its days and amounts to be looked for alone."""
    words = plain_words(piece)
    written = frozenset[str]().union(*(one.written for one in values(words)))
    return len(set(content(words)) - written) >= _FEWEST_WORDS


def values(words: Sequence[str]) -> Iterator[Value]:
    """The weekdays, amounts of money and numbers with a unit among words."""
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else ""
        amount = _AMOUNT.fullmatch(word)
        if word in NAMED and word.endswith("day"):
            yield Value("day", word, frozenset((lemma(word),)))
        elif amount:
            yield Value("money", plain(amount[1]), frozenset((lemma(word),)))
        elif _FIGURE.fullmatch(word) and following.isalpha() and following not in STOP_WORDS:
            unit = lemma(following)
            yield Value(
                "money" if unit in _MONEY else unit,
                plain(word),
                frozenset((word, unit)),
            )


def _by_turn(about: set[str], talk: Talk) -> Mapping[int, float]:
    found: dict[int, float] = defaultdict(float)
    for word in sorted(about):
        for turn in {talk.clauses[number].turn for number in talk.scores((word,))}:
            found[turn] += talk.weight(word)
    return found


def _turns(one: Value, talk: Talk) -> tuple[set[int], dict[int, str]]:
    """The turns that have a value, and those that have others of its kind alone, each with one of these."""
    own: set[int] = set()
    others: dict[int, str] = {}
    for clause in talk.clauses:
        spend()
        for other in values(clause.words):
            if other.kind == one.kind and other.value == one.value:
                own.add(clause.turn)
            elif other.kind == one.kind:
                others[clause.turn] = other.value
    return own, {turn: value for turn, value in others.items() if turn not in own}
