"""How likely each sentence of a customer's tells why they came, and what they still want: two logistic regressions.

A sentence is weighed beside the others of the conversation: what it does, how it compares to the likeliest before and
after it, and how early and late it is said. The weights are a file of the package, fitted by `python -m
evals.fitting.nlu`.
"""

import json
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.nlu.classifier import ACTS, MOODS, TRAITS, SentenceReading
from app.nlu.features import Setting

WEIGHTS = Path(__file__).with_name("reasons.json")
_LEAST = 1e-4
_NONE = -6.0


def traits(sentences: Sequence[tuple[str, Setting, SentenceReading]]) -> NDArray[np.float64]:
    """The traits of a customer's sentences in one conversation. Shape: (sentences, traits)."""
    keys = [_log_odds(reading.key) for _, _, reading in sentences]
    wishes = [_log_odds(reading.wish) for _, _, reading in sentences]
    keys_before, keys_after = _greatest_beside(keys)
    wishes_before, wishes_after = _greatest_beside(wishes)
    greatest_key, greatest_wish = max(keys, default=_NONE), max(wishes, default=_NONE)
    last = max((setting.turn for _, setting, _ in sentences), default=0)
    rows: list[list[float]] = []
    for index, (text, setting, reading) in enumerate(sentences):
        rows.append(
            [
                1.0,
                *(_log_odds(getattr(reading, trait)) for trait in TRAITS),
                *(reading.acts[act] for act in ACTS),
                *(reading.moods[mood] for mood in MOODS),
                float(setting.turn),
                float(setting.turn > 0),
                float(np.log1p(setting.turn)),
                index / len(sentences),
                float(np.log1p(index)),
                keys[index] - keys_before[index],
                keys[index] - keys_after[index],
                float(keys[index] == greatest_key),
                wishes[index] - wishes_before[index],
                wishes[index] - wishes_after[index],
                float(wishes[index] == greatest_wish),
                float(np.log1p(last - setting.turn)),
                float(setting.turn == last),
                float(np.log1p(len(sentences) - index)),
                float(np.log1p(len(text.split()))),
                float(any(map(str.isdigit, text))),
                float(setting.is_first),
                float(setting.is_last),
                float(setting.answers_question),
            ]
        )
    return np.array(rows).reshape(len(sentences), -1)


class Weighed(NamedTuple):
    """How likely a sentence tells why the customer came, and what they still want at the end; both in 0..1."""

    reason: float
    wanted: float


def weighed(sentences: Sequence[tuple[str, Setting, SentenceReading]]) -> list[Weighed]:
    """A customer's sentences in one conversation, weighed."""
    if not sentences:
        return []
    scores: NDArray[np.float64] = traits(sentences) @ _weights().T
    return [Weighed(*row) for row in (1 / (1 + np.exp(-scores))).tolist()]


def _greatest_beside(values: Sequence[float]) -> tuple[list[float], list[float]]:
    """For each value the greatest of those before it and of those after it."""
    before = [_NONE, *accumulate(values, max)][: len(values)]
    after = [_NONE, *accumulate(reversed(values), max)][: len(values)]
    return before, after[::-1]


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    return float(np.log(bounded / (1 - bounded)))


@cache
def _weights() -> NDArray[np.float64]:
    return np.array(json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"])
