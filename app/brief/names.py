"""Tells a name that stands where another one belongs: `Ada repaired it`, where Ada called and Grace repaired it.

A name belongs to the sentences it is said in. Where a sentence of the evidence is nearer to what is told, and names
somebody else, the name was put into another's place. It is the more suspicious half of what the verifier asks: here a
name that could be either's is not taken.
"""

import re
from collections.abc import Iterable

from app.brief.verification import proper_names
from app.language.sentences import sentences
from app.language.words import terms

_WORD = re.compile(r"\b[a-z]{3,}\b")
_CLAUSE_ENDS = re.compile(
    r"[,;:]\s|\b(?:and|but|because|so|although|while|then|since|which|though|or|that|who|if|when|whether|why|how|what)\b"
)


def misplaced(text: str, evidence: Iterable[str]) -> str | None:
    """The first name in a sentence that stands, in these texts, farther from what is told than another name does.

    What is told of a name is told in its clause first, and then in the whole sentence.
    """
    said = [one for each in evidence for one in sentences(each)]
    common = frozenset(_WORD.findall(" ".join(said)))
    named = [(_names(one, common), frozenset(terms(one))) for one in said]
    told = _names(text, common)
    written = frozenset(terms(" ".join(told)))
    for name in sorted(told):
        clauses = (one for one in _CLAUSE_ENDS.split(text) if re.search(rf"\b{name}\b", one, re.IGNORECASE))
        for part in (*clauses, text):
            about = frozenset(terms(part)) - written
            own = max((len(about & words) for names, words in named if name in names), default=0)
            others = max((len(about & words) for names, words in named if names and not names & told), default=0)
            if others > own:
                return name.capitalize()
    return None


def _names(text: str, common: frozenset[str]) -> frozenset[str]:
    """The proper names of a text, lower-cased, without the words that somebody here writes small."""
    return frozenset(proper_names(text)) - common
