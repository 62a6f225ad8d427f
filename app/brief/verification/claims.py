"""Reads a sentence of a summary: who does what in it, what belongs to whom, and what it denies."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.brief.verification.reading import NEGATIONS, NOBODY, SIDE_WORDS, lemma, plain_words
from app.language.words import STOP_WORDS

_STOPS = frozenset(",.;:!?")
_PREPOSITIONS = frozenset("to from with for about of by on in at as than like into".split())
_OPENERS = frozenset(
    """and but because so that if when while after before although then what where how why which since until whether
    though as than""".split()
)
_BE = frozenset("is are was were been be get gets got being".split())
AUXILIARIES = _BE | frozenset("am has have had do does did can could will would shall should may might must to".split())
_NO_PREDICATE = (
    AUXILIARIES
    | _PREPOSITIONS
    | NEGATIONS
    | frozenset("and or who that whose which also then still just really finally only always often both all".split())
)
_ADVERBS = frozenset("really very also just still even only ever always fully finally actually quite so too".split())
_ARTICLES = frozenset("the a an any much that".split())
_CLAUSE_ENDS = _STOPS | frozenset(
    """and but because so although while then since which though or that who if when whether why how what""".split()
)


@dataclass(slots=True)
class Deed:
    """What one side does in a sentence, `passive` when it is done to them; `words` are stems that come after it."""

    side: int
    predicate: str | None = None
    passive: bool = False
    words: list[str] = field(default_factory=list[str])


class Possession(NamedTuple):
    """What a sentence says is one side's: the stems after `customer's`."""

    side: int
    words: Sequence[str]


class Denial(NamedTuple):
    """A negation of a sentence: the clause it stands in, its place there, what it is and what it denies."""

    clause: Sequence[str]
    place: int
    marker: str
    predicate: str | None
    scope: Sequence[str]


def deeds(text: str, named: Mapping[str, int]) -> tuple[list[Deed], list[Possession]]:
    """What each side does and owns in a sentence; `named` are the sides of names."""
    words = plain_words(text)
    sides = [_side(word, named) for word in words]
    found: list[Deed] = []
    owned: list[Possession] = []
    current: Deed | None = None
    for place, (word, side) in enumerate(zip(words, sides, strict=True)):
        if side and word.endswith("'s"):
            following = [lemma(one) for one in words[place + 1 : place + 4] if one not in STOP_WORDS and one.isalpha()]
            owned.append(Possession(side, following[:2]))
        elif side and _is_joint(words, sides, place):
            current = None
        elif side and _is_subject(words, place):
            current = Deed(side)
            found.append(current)
        elif side or current is None:
            continue
        elif current.predicate is None and word.isalpha() and word not in _NO_PREDICATE:
            current.predicate = lemma(word)
            current.passive = words[place - 1] in _BE and word.endswith(("ed", "en"))
            if word not in STOP_WORDS:
                current.words.append(current.predicate)
        elif word not in _STOPS and word not in STOP_WORDS:
            current.words.append(lemma(word))
    return found, owned


class Piece(NamedTuple):
    """A clause of a sentence: the word or stop that leads into it (empty at the beginning), and its words."""

    lead: str
    words: Sequence[str]


def clauses(text: str) -> Iterator[Piece]:
    """The clauses of a sentence, in order."""
    lead = ""
    current: list[str] = []
    for word in plain_words(text):
        if word not in _CLAUSE_ENDS:
            current.append(word)
            continue
        if current:
            yield Piece(lead, current)
            current = []
            lead = word
        elif word not in _STOPS:
            lead = word
    if current:
        yield Piece(lead, current)


def denials(text: str) -> Iterator[Denial]:
    """Each negation of a sentence with the verb that it denies: the next one, or else the one before."""
    for _, clause in clauses(text):
        for place, word in enumerate(clause):
            if word not in NEGATIONS:
                continue
            scope = clause[place + 1 :]
            no_longer = word == "no" and scope[:1] == ["longer"]
            scope = scope[1:] if no_longer else scope
            ahead = (one for one in scope if one not in AUXILIARIES | _ADVERBS | _ARTICLES and one not in SIDE_WORDS)
            behind = (one for one in reversed(clause[:place]) if one not in AUXILIARIES and one not in STOP_WORDS)
            predicate = next(ahead, None) or next(behind, None)
            yield Denial(
                clause,
                place,
                "no longer" if no_longer else word,
                lemma(predicate) if predicate else None,
                scope,
            )


def content(words: Sequence[str]) -> list[str]:
    """The stems of what words are about, without those for the two sides and negations."""
    return [
        lemma(word)
        for word in words
        if word not in NEGATIONS and word not in STOP_WORDS and word.removesuffix("'s") not in SIDE_WORDS
    ]


def predicates(clause: Sequence[str]) -> list[str]:
    """The stems of the words of a clause that look like its verbs."""
    return [
        lemma(word)
        for place, word in enumerate(clause)
        if place
        and word not in STOP_WORDS
        and word not in SIDE_WORDS
        and (
            word.endswith("s")
            or clause[place - 1] in AUXILIARIES
            or clause[place - 1] in SIDE_WORDS
            or clause[place - 1] in ("he", "she", "they", "it")
        )
    ]


def _side(word: str, named: Mapping[str, int]) -> int:
    bare = word.removesuffix("'s")
    return SIDE_WORDS.get(bare) or named.get(bare, NOBODY)


def _is_joint(words: Sequence[str], sides: Sequence[int], place: int) -> bool:
    """Whether a side is named together with the other one: `the customer and the agent`."""
    before = place - 1 if place and words[place - 1] == "the" else place
    return before > 1 and words[before - 1] == "and" and sides[before - 2] == -sides[place]


def _is_subject(words: Sequence[str], place: int) -> bool:
    following = words[place + 1] if place + 1 < len(words) else ""
    before = words[place - 1] if place else ""
    if before == "the":
        before = words[place - 2] if place > 1 else ""
    if not following or following in _PREPOSITIONS or following in _STOPS or following == "and":
        return False
    if before in _PREPOSITIONS and before not in _OPENERS:
        return False
    return not before or before in _STOPS or before in _OPENERS or following.endswith("s") or following in _NO_PREDICATE
