"""How likely each sentence of a customer's tells why they came: a logistic regression over all of a conversation.

A sentence is weighed beside the others: what it does, how it compares to the likeliest before and after it, and how
early it is said. The weights are a file of the package, fitted by `python -m evals.fit_nlu`.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.nlu.features import Setting
from app.nlu.reading import ACTS, MOODS, TRAITS, Reading

WEIGHTS = Path(__file__).with_name("reasons.json")
_LEAST = 1e-4
_NONE = -6.0


def traits(sentences: Sequence[tuple[str, Setting, Reading]]) -> NDArray[np.float64]:
    """The traits of a customer's sentences in one conversation. Shape: (sentences, traits)."""
    keys = [_log_odds(reading.key) for _, _, reading in sentences]
    rows: list[list[float]] = []
    for place, (text, setting, reading) in enumerate(sentences):
        rows.append(
            [
                1.0,
                *(_log_odds(getattr(reading, trait)) for trait in TRAITS),
                *(reading.acts[act] for act in ACTS),
                *(reading.moods[mood] for mood in MOODS),
                float(setting.turn),
                float(setting.turn > 0),
                float(np.log1p(setting.turn)),
                place / len(sentences),
                float(np.log1p(place)),
                keys[place] - max(keys[:place], default=_NONE),
                keys[place] - max(keys[place + 1 :], default=_NONE),
                float(keys[place] == max(keys)),
                float(np.log1p(len(text.split()))),
                float(any(map(str.isdigit, text))),
                float(setting.is_first),
                float(setting.is_last),
                float(setting.answers_question),
            ]
        )
    return np.array(rows).reshape(len(sentences), -1)


def reasons(sentences: Sequence[tuple[str, Setting, Reading]]) -> list[float]:
    """For each of a customer's sentences in one conversation how likely it tells why they came, in 0..1."""
    if not sentences:
        return []
    scores: NDArray[np.float64] = traits(sentences) @ _weights()
    return (1 / (1 + np.exp(-scores))).tolist()


def _log_odds(probability: float) -> float:
    bounded = min(max(probability, _LEAST), 1 - _LEAST)
    return float(np.log(bounded / (1 - bounded)))


@cache
def _weights() -> NDArray[np.float64]:
    return np.array(json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"][0])
