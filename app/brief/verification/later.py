"""Whether a newer interaction says otherwise: a day, a time or an amount that was changed, a step that was undone."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from app.brief.revisions import Revision, holds
from app.brief.verification.moments import times
from app.brief.verification.reading import MOST_CHARACTERS, SIDE_WORDS
from app.budget import spend
from app.caching import text_cache
from app.language.identifiers import mentions
from app.language.sentences import sentences
from app.language.words import stem, terms
from app.models import Interaction, Kind

_CHANGED = re.compile(
    r"\b(?:moved|changed|now|instead|actually|rescheduled|postponed|delayed|brought forward|pushed back|corrected"
    r"|correction|updated?|new(?:ly)?|rather than|no longer|not until|will be|turns? out|i was wrong|mistaken|revised"
    r"|shifted|adjusted|replaced)\b",
    re.IGNORECASE,
)
_FORETOLD = re.compile(r"\b(?:will|shall|going to|due|is to|are to)\b", re.IGNORECASE)
_MOVED = re.compile(
    r"\b(?:moved|rescheduled|postponed|brought forward|pushed back|delayed|deferred)"
    r" (?:it |this |that )?(?:to|until|till)\b",
    re.IGNORECASE,
)
_UNDONE = re.compile(
    r"\b(?:cancel+ed|withdrawn|revoked|reversed|undone|no longer|not any ?more|called off|void(?:ed)?|fell through"
    r"|did not go through|didn['’]t go through|was declined|was rejected)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|cannot|never)\b|n['’]t\b", re.IGNORECASE)
_TOLD_FROM = re.compile(r"\b(?:from|instead of|rather than|not)\b", re.IGNORECASE)
_PAST = re.compile(
    r"\b(?:was|were|had|originally|at first|previously|offered|promised|said|told|asked)\b",
    re.IGNORECASE,
)
_COMMON = frozenset(stem(word) for word in (*SIDE_WORDS, "now", "will", "new", "moved", "changed"))
_FEWEST_SHARED = 1
_ABOUT_MUCH = 5
"""A sentence about so much shares two words at least with the news of it."""


class _News(NamedTuple):
    """A sentence that says that something changed or was undone, with its words."""

    text: str
    words: frozenset[str]
    changed: bool
    undone: bool


def overtaken(
    text: str, cited: Sequence[Interaction], interactions: Sequence[Interaction], replaced: Sequence[Revision]
) -> str | None:
    """What a newer interaction than the cited ones makes of a sentence, in words; None when it stands."""
    if not cited or _PAST.search(text):
        return None
    since_said = {one.written: one.since for one in replaced}
    old = next((written for written in since_said if holds(text, written)), None)
    if old is not None:
        return f"a newer interaction says otherwise: “{old}” was replaced"
    named = _facts(text)
    about = _about(text, named)
    stated = [one.seq for one in interactions if named and _states(one.text[:MOST_CHARACTERS], named)]
    since = max(stated, default=cited[0].seq)
    foretold = _FORETOLD.search(text) is not None
    for one in interactions:
        spend()
        if one.seq <= since or one.kind is not Kind.MESSAGE:
            continue
        for news in _news(one.text[:MOST_CHARACTERS]):
            if _changes(news, named, about, foretold=foretold):
                return f"a newer interaction says otherwise: “{_short(news.text)}”"
    return None


@text_cache(maxsize=4096)
def _news(text: str) -> tuple[_News, ...]:
    """What a text says has changed or was undone; questions say nothing of the kind."""
    found: list[_News] = []
    for sentence in sentences(text):
        changed = _CHANGED.search(sentence) is not None
        undone = _UNDONE.search(sentence) is not None and _DENIED.search(sentence) is None
        if (changed or undone) and not sentence.rstrip().endswith("?"):
            found.append(_News(sentence, frozenset(terms(sentence)), changed, undone))
    return tuple(found)


def _changes(news: _News, named: frozenset[str], about: frozenset[str], *, foretold: bool) -> bool:
    shared = about & news.words
    fewest = _FEWEST_SHARED + (len(about) >= _ABOUT_MUCH)
    if len(shared) < fewest and not (foretold and _MOVED.search(news.text)):
        return False
    if news.undone and len(shared) * 2 >= len(about):
        return True
    if not news.changed:
        return False
    newer = _facts(news.text)
    kinds = {one.split(" ", 1)[0] for one in named} & {one.split(" ", 1)[0] for one in newer}
    replaced = any(
        not {one for one in newer if one.startswith(kind)} & {one for one in named if one.startswith(kind)}
        for kind in kinds
    )
    return replaced or (bool(named & newer) and bool(newer - named) and _TOLD_FROM.search(news.text) is not None)


def _states(text: str, facts: frozenset[str]) -> bool:
    lowered = text.casefold()
    return all(one.split(" ", 1)[1] in lowered for one in facts) and facts <= _facts(text)


@text_cache(maxsize=4096)
def _facts(text: str) -> frozenset[str]:
    """The days, times and amounts of a text, each with its kind before it."""
    found = {f"day {time}" for time in times(text)}
    for one in mentions(text):
        if one.type in ("date", "amount"):
            found.add(f"{'day' if one.type == 'date' else one.type} {one.value.casefold()}")
    return frozenset(found)


def _about(text: str, named: frozenset[str]) -> frozenset[str]:
    values = frozenset(word for one in named for word in terms(one))
    return frozenset(terms(text)) - values - _COMMON


def _short(sentence: str, most: int = 120) -> str:
    return sentence if len(sentence) <= most else sentence[:most].rstrip() + " …"
