"""Whether a customer asks the same again in other words, told by the vectors that were made of their messages.

Two questions about one topic are put in nearly the same words ("how do I activate my card", "how do I block my card")
and have nearly the same vectors, so nothing can be told of them by their vectors. What shares hardly a word and still
lies close says the same in other words. Shared words are what `wording` goes by; this is the rest.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from app.models import Interaction, Kind
from app.nlu.analysis import analysis_of, once_per_row
from app.nlu.dialogue_acts import SpeechAct
from app.nlu.identifiers import canonical
from app.nlu.reply_moves import TurnEffect
from app.signals.journey import STAFF, asks_something

Vectors = Mapping[str, NDArray[np.float32]]

# Cosines of this model between what shares no word: 0.45 to 0.7 for one question put twice, mostly under 0.42 for two.
ALIKE = 0.47
# An answer that did not help makes it likelier that the same is asked again.
ALIKE_UNSERVED = 0.42
# The share of all their words that two questions may have in common to be told apart by their vectors.
FEW_SHARED = 0.2
WITHIN = timedelta(days=3)
# What a question is after; two that are after different things are two questions.
_ASPECTS = {
    "time": r"\b(?:when|how (?:long|soon|much longer|many (?:minutes|hours|days|weeks|months))"
    r"|(?:what|which) (?:time|date|day)|by what)\b",
    "price": r"\bhow much (?!longer|time|more time)|\b(?:costs?|prices?|fees?|do you charge|expensive)\b",
    "place": r"\bwhere\b",
    "reason": r"\b(?:why|how come|reason|what (?:made|makes|caused?))\b",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _ASPECTS.items()}
# Who goes on to something further says so.
_GOES_ON = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|thanks|thank you|good|and)\W+)*(?:and|also|what about|next)\b", re.IGNORECASE
)
_OPEN = frozenset({SpeechAct.REQUEST, SpeechAct.QUESTION, SpeechAct.PROBLEM})


def asks_in_other_words(rows: Sequence[Interaction], other: int, index: int, shared: float, vectors: Vectors) -> bool:
    """Whether the message at `index` asks what the one at `other` had; `shared` is their share of common words."""
    before, after = rows[other], rows[index]
    earlier, later = vectors.get(before.interaction_id), vectors.get(after.interaction_id)
    if earlier is None or later is None or earlier.shape != later.shape or shared > FEW_SHARED:
        return False
    if after.occurred_at - before.occurred_at > WITHIN or not (_is_open(before) and _is_open(after)):
        return False
    if _GOES_ON.search(after.text) or _answers_us(rows, index):
        return False
    return float(earlier @ later) >= (ALIKE_UNSERVED if _unserved(rows, other, index) else ALIKE)


def are_apart(before: Interaction, after: Interaction) -> bool:
    """Whether two questions name different things, or are after different ones."""
    return any(
        earlier and later and earlier.isdisjoint(later)
        for earlier, later in zip(_after_what(before), _after_what(after), strict=True)
    )


def _is_open(row: Interaction) -> bool:
    return not _OPEN.isdisjoint(analysis_of(row).acts)


@once_per_row
def _after_what(row: Interaction) -> tuple[frozenset[str], frozenset[str]]:
    """What a question is after, and the things that it names."""
    aspects = frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(row.text))
    return aspects, frozenset(canonical(mention.value) for mention in analysis_of(row).mentions)


def _answers_us(rows: Sequence[Interaction], index: int) -> bool:
    """Whether the message answers what was asked of the customer, and asks nothing itself."""
    if SpeechAct.QUESTION in analysis_of(rows[index]).acts:
        return False
    spoken = (row for row in reversed(rows[:index]) if row.kind is Kind.MESSAGE and row.text.strip())
    last = next(spoken, None)
    if last is None or last.actor not in STAFF:
        return False
    return asks_something(last)


def _unserved(rows: Sequence[Interaction], other: int, index: int) -> bool:
    replies = (row for row in rows[other + 1 : index] if row.actor in STAFF and row.kind is Kind.MESSAGE)
    return any(analysis_of(row).turns & {TurnEffect.FAILS, TurnEffect.APOLOGISES} for row in replies)
