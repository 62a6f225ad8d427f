"""Tells a name that stands where another one belongs: `Ada repaired it`, where Ada called and Grace repaired it.

A name belongs to the sentences it is said in. Where a sentence of the evidence is nearer to what is told, and names
somebody else, the name was put into another's place. It is the more suspicious half of what the verifier asks: here a
name that could be either's is not taken.
"""

import re
from collections.abc import Iterable

from app.language.sentences import sentences
from app.language.words import terms

_CAPITALISED = re.compile(r"\b[A-Z][a-z]{2,}\b")
_WORD = re.compile(r"\b[a-z]{3,}\b")
_CALENDAR = re.compile(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*", re.IGNORECASE
)


def misplaced(text: str, evidence: Iterable[str]) -> str | None:
    """The first name in a sentence that stands, in these texts, farther from what is told than another name does."""
    said = [one for each in evidence for one in sentences(each)]
    common = frozenset(_WORD.findall(" ".join(said)))
    told = _names(text, common)
    about = frozenset(terms(text)) - frozenset(terms(" ".join(told)))
    for name in sorted(told):
        near = [(len(about & frozenset(terms(one))), _names(one, common)) for one in said]
        own = max((shared for shared, names in near if name in names), default=0)
        others = max((shared for shared, names in near if names and not names & told), default=0)
        if others > own:
            return name
    return None


def _names(text: str, common: frozenset[str]) -> frozenset[str]:
    """Words with a capital that nobody writes without one here; the first word of a sentence only inside another."""
    found: set[str] = set()
    for sentence in sentences(text):
        starts = re.match(r"\W*", sentence)
        first = starts.end() if starts else 0
        for match in _CAPITALISED.finditer(sentence):
            ordinary = match[0].casefold() in common or _CALENDAR.fullmatch(match[0])
            if not ordinary and match.start() > first:
                found.add(match[0])
    return frozenset(found)
