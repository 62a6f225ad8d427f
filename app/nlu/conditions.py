"""Tells whether what our side says is done comes only on a condition.

`A new one is sent as soon as the old one has arrived`: said in the present it reads like a deed, and the clause of the
condition often tells what has been. So the clause that depends on it is looked at alone; what another clause tells as
done stays a deed.
"""

import re
from functools import cache
from typing import NamedTuple

from app.caching import text_cache
from app.nlu.classifier import SentenceReading, read
from app.nlu.features import Setting
from app.nlu.languages import language_of
from app.nlu.tables import ENGLISH, Conditions, Language, Speech, table

_LONGEST = 600
_PERHAPS, _SURE = 0.35, 0.6
_FEWEST_WORDS = 2
_OURS = Setting(by_customer=False, turn=1)
_EDGES = " ,;:–—-"


class _ConditionalParts(NamedTuple):
    """What depends on a condition, and the other clauses."""

    dependent: str
    others: tuple[str, ...]


class _Patterns(NamedTuple):
    openers: re.Pattern[str]
    joints: re.Pattern[str]
    coming: frozenset[str]
    past: frozenset[str]


def with_condition(sentence: str, reading: SentenceReading) -> SentenceReading:
    """The reading of a sentence of our side; what comes on a condition is promised in it, and not done."""
    if reading.done < _PERHAPS or not hangs_on_condition(sentence):
        return reading
    return reading._replace(done=0.0, promise=max(reading.promise, reading.done))


@text_cache(maxsize=4096)
def hangs_on_condition(sentence: str) -> bool:
    """Whether a sentence tells what is done only when something else has come to pass, and nothing that has been."""
    patterns = _patterns(language_of(sentence) or ENGLISH)
    parts = None if patterns is None or len(sentence) > _LONGEST else _parts(sentence, patterns)
    if patterns is None or parts is None:
        return False
    words = set(re.findall(r"[^\W\d_]+", parts.dependent.casefold()))
    is_coming = not words.isdisjoint(patterns.coming) and words.isdisjoint(patterns.past)
    return is_coming and not any(_tells_deed(part) for part in parts.others)


def opens_condition(sentence: str) -> bool:
    """Whether a sentence holds a clause of a condition."""
    patterns = _patterns(language_of(sentence) or ENGLISH)
    return patterns is not None and _parts(sentence, patterns) is not None


def _parts(sentence: str, patterns: _Patterns) -> _ConditionalParts | None:
    opener = patterns.openers.search(sentence)
    if opener is None:
        return None
    before, condition = sentence[: opener.start()], sentence[opener.end() :]
    clause, _, after = condition.partition(",")
    if len(clause.split()) < _FEWEST_WORDS:  # `once more`
        return None
    if not before.strip(_EDGES):
        return _ConditionalParts(after, ())
    if before.rstrip()[-1] in _EDGES:
        return _ConditionalParts(before, (after,))
    joints = list(patterns.joints.finditer(before))
    start = joints[-1].end() if joints else 0
    return _ConditionalParts(before[start:], (before[:start].strip(_EDGES), after))


def _tells_deed(clause: str) -> bool:
    return len(clause.split()) > _FEWEST_WORDS and read(clause.strip(), _OURS).done >= _SURE


@cache
def _patterns(language: Language) -> _Patterns | None:
    words, speech = table(language, Conditions), table(language, Speech)
    if words is None:
        return None
    openers = "|".join(re.escape(word) for word in sorted(words.openers, key=len, reverse=True))
    joints = "|".join(re.escape(word) for word in sorted(speech.joints)) if speech else ""
    between = rf"[,;:–—]\s*(?:(?:{joints})\s)?|\s(?:{joints})\s" if joints else r"[,;:–—]\s*"
    return _Patterns(
        re.compile(rf"(?<!\w)(?:{openers})(?!\w)", re.IGNORECASE),
        re.compile(between, re.IGNORECASE),
        words.coming,
        words.past,
    )
