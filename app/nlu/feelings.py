"""How a customer feels about the matter after some messages, by the readings of their sentences: a logistic regression.

The weights are a file of the package, fitted by `python -m evals.fit_nlu` to the labelled conversations.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.nlu.acts import Act
from app.nlu.reading import MOODS, Reading

WEIGHTS = Path(__file__).with_name("feelings.json")
Message = Sequence[Reading]
_RECENT = 2
_BAD, _GOOD = -0.45, 0.4
# Chosen in cross-validation: politeness and plain trouble are often read as displeasure.
_SURE_OF_NEGATIVE, _SURE_OF_POSITIVE = 0.6, 0.6
_ACTS = (Act.COMPLAINT, Act.THANKS, Act.REFUSAL, Act.REQUEST, Act.REPORT, Act.FAREWELL, Act.WITHDRAWAL)


def traits(messages: Sequence[Message]) -> NDArray[np.float64]:
    """The traits of a customer's messages, the last one apart from the two before it and from all; each in 0..1."""
    last, recent, every = messages[-1:], messages[-1 - _RECENT : -1], messages[:-1]
    values = [1.0]
    for group in (last, recent, every):
        sentences = [reading for message in group for reading in message]
        for mood in ("negative", "positive"):
            felt = [reading.moods[mood] for reading in sentences]
            values += [max(felt, default=0.0), sum(felt) / max(1, len(felt))]
        values += [_most(reading.acts[act] for reading in sentences) for act in _ACTS]
        values += [_most(reading.human for reading in sentences), _most(reading.care for reading in sentences)]
    felt = [_felt(message) for message in messages[-1 - _RECENT :]]
    values += [felt[-1], min(felt), float(min(felt) <= _BAD), float(felt[-1] >= _GOOD)]
    return np.array([*values, float(not every), min(1.0, np.log1p(len(messages)) / 3)])


def _felt(message: Message) -> float:
    """One number a message, from -1 to 1: the mean over its sentences."""
    return sum(reading.moods["positive"] - reading.moods["negative"] for reading in message) / max(1, len(message))


def feeling(messages: Sequence[Message]) -> Mapping[str, float]:
    """The probabilities of the moods after these messages; at least one of them must have a sentence."""
    scores = _weights() @ traits(messages)
    powers = np.exp(scores - scores.max())
    return dict(zip(MOODS, (powers / powers.sum()).tolist(), strict=True))


def label_of(felt: Mapping[str, float]) -> str:
    """The mood, one of MOODS; negative or positive only where that is sure."""
    if felt["negative"] >= _SURE_OF_NEGATIVE:
        return "negative"
    return "positive" if felt["positive"] >= _SURE_OF_POSITIVE else "neutral"


def _most(values: Iterable[float]) -> float:
    return max(values, default=0.0)


@cache
def _weights() -> NDArray[np.float64]:
    return np.array(json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"])
