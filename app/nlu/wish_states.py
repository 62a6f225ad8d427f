"""How a wish stands at the end of a talk, by what was said after it: a logistic regression over a few dozen traits.

The weights are a file of the package, fitted by `python -m evals.fitting.nlu` to the labelled wishes.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.nlu.act_labels import Act
from app.nlu.classifier import SentenceReading
from app.nlu.words import terms

STATES = ("open", "done", "withdrawn", "refused", "conditional")
MOST_LATER = 60
"""So many sentences after a wish are looked at."""
WEIGHTS = Path(__file__).with_name("wish_states.json")
_OWN = (Act.REQUEST, Act.QUESTION, Act.REPORT, Act.COMPLAINT, Act.CONDITION, Act.WITHDRAWAL, Act.REFUSAL)
_OURS = (Act.REFUSAL, Act.REPORT, Act.OFFER, Act.QUESTION, Act.PROMISE, Act.ANSWER, Act.REQUEST)
_THEIRS = (Act.WITHDRAWAL, Act.THANKS, Act.FAREWELL, Act.COMPLAINT, Act.REFUSAL, Act.CONDITION, Act.REQUEST, Act.ANSWER)


class Later(NamedTuple):
    """A sentence said after a wish: whose, in which of the later turns, and whether it shares a word with the wish."""

    by_customer: bool
    turn: int
    related: bool
    reading: SentenceReading


def traits(wish: SentenceReading, later: Sequence[Later], *, carried_out: bool, failed: bool) -> NDArray[np.float64]:
    """The traits of a wish and of what came after it, each in 0..1 or near it.

    The labelled conversations hold no steps, so that `carried_out` and `failed` have no weight by the labels alone.
    """
    ours = [sentence for sentence in later if not sentence.by_customer]
    theirs = [sentence for sentence in later if sentence.by_customer]
    turns = sorted({sentence.turn for sentence in ours})
    following = [sentence for sentence in ours if turns and sentence.turn == turns[0]]
    closing = [sentence for sentence in ours if turns and sentence.turn == turns[-1]]
    last = [sentence for sentence in theirs if sentence.turn == max(other.turn for other in theirs)]
    related = [sentence for sentence in ours if sentence.related]
    values = [1.0, wish.human, wish.wish, wish.key, *(wish.acts[act] for act in _OWN)]
    for group in (ours, following, closing, related):
        values += [_most(sentence.reading.acts[act] for sentence in group) for act in _OURS]
        values += [
            _most(sentence.reading.done for sentence in group),
            _most(sentence.reading.promise for sentence in group),
        ]
    for group in (theirs, last, [sentence for sentence in theirs if sentence.related]):
        values += [_most(sentence.reading.acts[act] for sentence in group) for act in _THEIRS]
        values += [_most(sentence.reading.moods[mood] for sentence in group) for mood in ("positive", "negative")]
    count = len({sentence.turn for sentence in later})
    return np.array([*values, float(carried_out), float(failed), np.log1p(count), float(not ours), float(not theirs)])


def state(wish: SentenceReading, later: Sequence[Later], *, carried_out: bool, failed: bool) -> tuple[str, float]:
    """The likeliest state of a wish, one of STATES, and how likely it is."""
    scores = _weights() @ traits(wish, later, carried_out=carried_out, failed=failed)
    powers = np.exp(scores - scores.max())
    likeliest = int(scores.argmax())
    return STATES[likeliest], float(powers[likeliest] / powers.sum())


def content_words(text: str) -> frozenset[str]:
    """The words of a sentence that tell what it is about: two sentences that share one are related."""
    return frozenset(terms(text))


def turns_of(by_customer: Iterable[bool]) -> list[int]:
    """The number of the turn of each sentence, from who says each."""
    sides = list(by_customer)
    steps = [0, *(int(side != following) for side, following in pairwise(sides))]
    return np.cumsum(steps[: len(sides)]).tolist()


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)


@cache
def _weights() -> NDArray[np.float64]:
    return np.array(json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"])
