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

from app.caching import text_cache
from app.models import Interaction, Kind
from app.nlu.dialogue_acts import SpeechAct, customer_act, staff_act
from app.nlu.identifiers import canonical, mentions
from app.nlu.reply_moves import TurnEffect, turn_of
from app.nlu.sentences import sentences
from app.signals.journey import STAFF

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
    if after.occurred_at - before.occurred_at > WITHIN or not (_is_open(before.text) and _is_open(after.text)):
        return False
    if _GOES_ON.search(after.text) or _answers_us(rows, index):
        return False
    return float(earlier @ later) >= (ALIKE_UNSERVED if _unserved(rows, other, index) else ALIKE)


def are_apart(before: str, after: str) -> bool:
    """Whether two questions name different things, or are after different ones."""
    for of in (_aspects, _names):
        earlier, later = of(before), of(after)
        if earlier and later and earlier.isdisjoint(later):
            return True
    return False


@text_cache(maxsize=8192)
def _is_open(text: str) -> bool:
    return any(customer_act(sentence) in _OPEN for sentence in sentences(text))


@text_cache(maxsize=8192)
def _aspects(text: str) -> frozenset[str]:
    return frozenset(name for name, pattern in _PATTERNS.items() if pattern.search(text))


@text_cache(maxsize=8192)
def _names(text: str) -> frozenset[str]:
    return frozenset(canonical(mention.value) for mention in mentions(text))


def _answers_us(rows: Sequence[Interaction], index: int) -> bool:
    """Whether the message answers what was asked of the customer, and asks nothing itself."""
    if any(customer_act(sentence) is SpeechAct.QUESTION for sentence in sentences(rows[index].text)):
        return False
    spoken = (row for row in reversed(rows[:index]) if row.kind is Kind.MESSAGE and row.text.strip())
    last = next(spoken, None)
    if last is None or last.actor not in STAFF:
        return False
    asked = [
        sentence for sentence in sentences(last.text) if staff_act(sentence) in (SpeechAct.QUESTION, SpeechAct.REQUEST)
    ]
    return any(TurnEffect.ASKS_FOR_MORE not in turn_of(sentence) for sentence in asked)


def _unserved(rows: Sequence[Interaction], other: int, index: int) -> bool:
    replies = (row.text for row in rows[other + 1 : index] if row.actor in STAFF and row.kind is Kind.MESSAGE)
    return any(turn_of(text) & {TurnEffect.FAILS, TurnEffect.APOLOGISES} for text in replies)
