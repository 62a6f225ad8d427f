"""Whether a name in a sentence belongs there, or another name of the same conversation does.

Each name of the conversation is put in the place, and how well it fits is compared: how often it stands beside the
words that surround the place, what stands before and after it, and whether its bearer is one of the two who speak.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

from app.brief.verification.claims import content
from app.brief.verification.reading import SIDE_WORDS, Talk, lemma, plain_words
from app.brief.verification.roles import kind_of, owner
from app.caching import text_cache
from app.language.words import STOP_WORDS

_CAPITALISED = re.compile(r"\b[A-Z][a-z]+\b")
_SMALL = re.compile(r"\b[a-z]+\b")
_WITHIN = re.compile(r"(?:[a-z,] |\b(?:Mr|Mrs|Ms|Miss|Dr)\.? )([A-Z][a-z]{2,})\b")
_NO_NAMES = frozenset(
    """monday tuesday wednesday thursday friday saturday sunday january february march april may june july august
    september october november december mr mrs ms miss dr sir madam ok yes english""".split()
)
_PROMISING = frozenset(lemma(word) for word in "promise guarantee assure commit vow pledge".split())
_TELLING = _PROMISING | frozenset(lemma(word) for word in "say said tell told offer agree confirm".split())
_TO_PEOPLE = frozenset("asks tells suggests helps".split())
_TITLES = frozenset("mr mrs ms miss dr".split())
_PLACING = frozenset("in to from at near of for on into by with".split())


class Place(NamedTuple):
    """Where a name stands in a sentence: the words beside it, the stems around it, the verb that it is subject of,
    and the thing that is said to be its bearer's.
    """

    name: str
    before: str
    after: str
    around: Sequence[str]
    deed: str | None
    thing: str | None


def places(text: str, known: Mapping[str, int] | frozenset[str]) -> list[Place]:
    """The places of names (lower-cased) in a sentence."""
    words = plain_words(text)
    found: list[Place] = []
    for place, word in enumerate(words):
        name = word.removesuffix("'s")
        if name not in known:
            continue
        following = words[place + 1] if place + 1 < len(words) else ""
        around = [one for one in content(words) if one != lemma(name) and one.isalnum()]
        deed = following if following.isalpha() and following not in STOP_WORDS and following not in _PLACING else None
        before = words[place - 1] if place else ""
        if word.endswith("'s"):
            found.append(
                Place(
                    name,
                    before,
                    "'s",
                    around,
                    None,
                    lemma(following) if following.isalpha() else None,
                )
            )
        else:
            found.append(Place(name, before, following, around, deed, None))
    return found


def names_of(talk: Talk) -> frozenset[str]:
    """The proper names of a conversation, lower-cased: words that are capitalised within sentences, and only so."""
    if talk.names is None:
        texts = [text for _, text in talk.said]
        small = frozenset[str]().union(*(_small_words(text) for text in texts))
        talk.names = frozenset[str]().union(*(_names_in(text) for text in texts)) - small
    return talk.names


def is_unheard(place: Place, talk: Talk, named: Mapping[str, int]) -> bool:
    """Whether a sentence has somebody promise who neither speaks here nor is said to have promised or said anything."""
    if place.deed is None or lemma(place.deed) not in _PROMISING or place.name in named:
        return False
    return not any(_TELLING & frozenset(clause.stems) for clause, _ in talk.places.get(lemma(place.name), ()))


def exchange(found: Sequence[Place]) -> list[tuple[str, str]]:
    """The pairs of different names in a sentence that would not mean the same the other way about: not `A and B`."""
    joint = {
        frozenset((one.name, other.name))
        for one, other in pairwise(found)
        if one.after == "and" and other.before == "and"
    }
    pairs = combinations(sorted({place.name for place in found}), 2)
    return [pair for pair in pairs if frozenset(pair) not in joint]


def fit(place: Place, name: str, talk: Talk, named: Mapping[str, int]) -> Mapping[str, float]:
    """How well a name of the conversation fits in a place: the features that tell."""
    found: dict[str, float] = defaultdict(float)
    mentions = talk.places.get(lemma(name), [])
    total = sum(talk.weight(word) for word in set(place.around)) or 1.0
    side = named.get(name, 0)
    for label, near in (
        ("clause", {clause.number for clause, _ in mentions}),
        ("turn", {clause.turn for clause, _ in mentions}),
        (
            "around",
            {clause.turn + shift for clause, _ in mentions for shift in (-1, 0, 1)},
        ),
    ):
        share = 0.0
        for word in set(place.around):
            spots = talk.places.get(word, ())
            hits = sum((clause.number if label == "clause" else clause.turn) in near for clause, _ in spots)
            share += talk.weight(word) * bool(hits)
        found[label] = share / total
    if side:
        said = sum(talk.weight(word) * _lean(word, side, talk) for word in set(place.around)) / total
        found["said"], found[f"said {kind_of(place.deed)}"] = said, said
        found["owns"] = side * owner(place.thing, talk) if place.thing else 0
    near = talk.nearest(place.around)
    turns = {clause.turn for clause, _ in mentions}
    numbers = {clause.number for clause, _ in mentions}
    found["nearest clause"] = _part(clause.number in numbers for clause in near)
    found["nearest turn"] = _part(clause.turn in turns for clause in near)
    if side:
        subject = "subject" if place.deed else "other"
        found[f"nearest said {subject}"] = _part(clause.side == side for clause in near)
        found[f"nearest acts {subject}"] = _part(clause.acting[-1] == side for clause in near)
        found[f"nearest suffers {subject}"] = _part(clause.acting[-1] == -side for clause in near)
    befores = [clause.words[spot - 1] if spot else "" for clause, spot in mentions]
    afters = [clause.words[spot + 1] if spot + 1 < len(clause.words) else "" for clause, spot in mentions]
    found["same before"] = place.before in befores and bool(place.before)
    found["same after"] = place.after in afters and bool(place.after)
    found["placed"] = (place.before in _PLACING) * _share(befores, _PLACING)
    found["placed subject"] = (place.deed is not None) * _share(befores, _PLACING)
    found["speaks"] = bool(side)
    found["speaks subject"] = bool(side) * (place.deed is not None)
    found["speaks owner"] = bool(side) * (place.after == "'s")
    found["speaks object"] = bool(side) * (place.before in _PLACING)
    found["speaks told"] = bool(side) * (kind_of(place.before) in _TO_PEOPLE)
    found["placed told"] = (kind_of(place.before) in _TO_PEOPLE) * _share(befores, _PLACING)
    found["titled"] = (place.before in _TITLES) * _share(befores, _TITLES)
    found["often"] = min(len(mentions), 5) / 5
    return found


def _part(hits: Iterable[bool]) -> float:
    found = list(hits)
    return sum(found) / len(found) if found else 0.0


def _share(words: Sequence[str], of: frozenset[str]) -> float:
    return sum(word in of for word in words) / len(words) if words else 0.0


def _lean(word: str, side: int, talk: Talk) -> float:
    spots = talk.places.get(word, ())
    return sum(clause.side == side for clause, _ in spots) / len(spots) if spots else 0.0


@text_cache(maxsize=4096)
def _names_in(text: str) -> frozenset[str]:
    found = {match.casefold() for match in _WITHIN.findall(text)}
    return frozenset(
        name for name in found if name not in _NO_NAMES and name not in STOP_WORDS and name not in SIDE_WORDS
    )


@text_cache(maxsize=4096)
def _small_words(text: str) -> frozenset[str]:
    """The words that are written small in a text."""
    return frozenset(_SMALL.findall(text))
