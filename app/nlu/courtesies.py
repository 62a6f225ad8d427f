"""How likely a sentence of a customer's is mere courtesy: a greeting, an introduction, thanks, a polite closing.

Such a sentence tells no matter and no wish, whatever its words are. A logistic regression over the features of
`app.nlu.features`, without where the sentence stands; its weights are a file of the package, fitted by `python -m
evals.fitting.courtesies`.
"""

from functools import cache
from math import exp, sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.caching import text_cache
from app.nlu.act_labels import Act
from app.nlu.classifier import read
from app.nlu.features import Setting, own_features
from app.nlu.introductions import introduces_as

WEIGHTS = Path(__file__).with_name("courtesies.npz")
SURE = 0.75
_SURE_OF_PART, _PERHAPS = 0.45, 0.3
_NAME, _MARKS = "Xyxy", ".,;:!?"
_LONGEST = 16


class _CourtesyWeights(NamedTuple):
    column: NDArray[np.int8]
    scale: float
    intercept: float


@text_cache(maxsize=8192)
def courtesy(sentence: str) -> float:
    """The probability that a customer's sentence is mere courtesy."""
    numbers, _ = own_features(nameless(sentence), by_customer=True)
    weights = _weights()
    total = int(weights.column[numbers].sum(dtype=np.int32))
    return 1 / (1 + exp(-(total * weights.scale / sqrt(len(numbers)) + weights.intercept)))


def nameless(sentence: str) -> str:
    """A sentence with one and the same name in the place of every name of several words: whose it is tells nothing."""
    first, *rest = sentence.split() or [""]
    words: list[str] = [first]
    run: list[str] = []
    for word in [*rest, ""]:
        capital = word[:1].isupper()
        run += [word] if capital else []
        if not capital or not word[-1].isalnum():
            mark = run[-1][len(run[-1].rstrip(_MARKS)) :] if run else ""
            words += [_NAME + mark] if len(run) > 1 else run
            words += [] if capital else [word]
            run = []
    return " ".join(words).strip()


def is_courtesy(sentence: str) -> bool:
    """Whether a customer's sentence surely is mere courtesy; what holds a figure or goes on for long is none."""
    if len(sentence.split()) > _LONGEST or any(map(str.isdigit, sentence)) or courtesy(sentence) < SURE:
        return False
    # Behind a greeting the matter may stand in a few words: `Hello, lost card`.
    parts = [part.strip(" .!?") for part in sentence.split(",")]
    least = (_PERHAPS, *(_SURE_OF_PART,) * (len(parts) - 1))
    return all(not part or _introduces(part) or courtesy(part) >= sure for part, sure in zip(parts, least, strict=True))


def is_greeting(line: str) -> bool:
    """Whether a line is courtesy that answers nothing: thanks may be all that somebody has to say to a letter."""
    return is_courtesy(line) and read(line, Setting(by_customer=True)).act is not Act.THANKS


def _introduces(part: str) -> bool:
    """Whether a part says who speaks: `this is Bella Crane`; a name alone may be that of a matter."""
    words = part.split()
    first = next((at for at, word in enumerate(words) if at and word[:1].isupper()), len(words))
    return 0 < first < len(words) and introduces_as(part, " ".join(words[first:]))


@cache
def _weights() -> _CourtesyWeights:
    with np.load(WEIGHTS) as file:
        return _CourtesyWeights(file["column"], float(file["scale"]), float(file["intercept"]))
