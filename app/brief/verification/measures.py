"""Weighs the features of a sentence: is it turned round, is it denied, does another name belong there.

The weights are a logistic regression's, fitted on true sentences and the same with one fact altered by
`python -m evals.fitting`; `least` is the sum of weighted features below which a sentence is objected to.
"""

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from app.brief.verification.bearers import exchange, fit, is_unheard, names_of, places
from app.brief.verification.polarity import (
    assertion_features,
    denial_features,
    plainly_said,
    plainly_turned,
    refuses_alone,
)
from app.brief.verification.reading import CUSTOMER, Talk
from app.brief.verification.roles import first_side, role_features

WEIGHTS = Path(__file__).with_name("weights.json")


class Objection(NamedTuple):
    """What is wrong with a sentence in words, None when nothing is, and how certain that is: 0..1."""

    why: str | None
    certain: float


class Measure(NamedTuple):
    """The weights of one measure, and the sum at which it objects."""

    weights: Mapping[str, float]
    least: float

    def margin(self, features: Mapping[str, float]) -> float:
        """How far above the objection it comes to; below zero it is one."""
        return sum(self.weights.get(name, 0.0) * value for name, value in features.items()) - self.least


NOTHING = Objection(None, 1.0)


@cache
def measures() -> Mapping[str, Measure]:
    """The measures by name, as fitted."""
    return {name: Measure(**fitted) for name, fitted in json.loads(WEIGHTS.read_text("utf-8")).items()}


def turned_round(text: str, talk: Talk, named: Mapping[str, int]) -> Objection:
    """Whether a sentence says `not` where the conversation does not, or the other way about."""
    if refuses_alone(text, talk):
        return Objection("it tells of a refusal where the evidence has none", 0.0)
    nearest = plainly_turned(text, talk, named)
    if nearest:
        return Objection(f"the evidence says “{nearest}”", 0.0)
    denial = min(
        (
            measures()["denial"].margin(found)
            for one, found in denial_features(text, talk, named)
            if not plainly_said(one.clause, talk, named)
        ),
        default=None,
    )
    if denial is not None and denial < 0:
        return Objection("it says “not” where the evidence does not", 0.0)
    assertion = min(
        (
            measures()["assertion"].margin(found)
            for words, found in assertion_features(text, talk, named)
            if not plainly_said(words, talk, named)
        ),
        default=None,
    )
    if assertion is not None and assertion < 0:
        return Objection("the evidence says “not” where it does not", 0.0)
    margins = [one for one in (denial, assertion) if one is not None]
    return Objection(None, _certain(min(margins))) if margins else NOTHING


def misput(text: str, talk: Talk, named: Mapping[str, int]) -> Objection:
    """Whether what a sentence says of one side is the other's."""
    found = role_features(text, talk, named)
    if not found:
        return NOTHING
    margin = measures()["roles"].margin(found)
    if margin >= 0:
        return Objection(None, _certain(margin))
    other = "the agent" if first_side(text, named) == CUSTOMER else "the customer"
    return Objection(f"the evidence has it from {other}", 0.0)


def misnamed(text: str, talk: Talk, named: Mapping[str, int]) -> Objection:
    """Whether another name of the conversation belongs where one stands in a sentence."""
    known = names_of(talk)
    found = places(text, known)
    if not found or len(known) < 2:
        return NOTHING
    measure = measures()["bearers"]
    lowest = math.inf
    standing = {place.name for place in found}
    for place in found:
        if is_unheard(place, talk, named):
            return Objection(f"the evidence does not have {place.name.capitalize()} say so", 0.0)
        own = fit(place, place.name, talk, named)
        for other in known - standing:
            margin = measure.margin(_difference(own, fit(place, other, talk, named)))
            if margin < 0:
                return Objection(
                    f"the evidence has it of {other.capitalize()}, not {place.name.capitalize()}",
                    0.0,
                )
            lowest = min(lowest, margin)
    for one, other in exchange(found):
        pairs = [(place, other if place.name == one else one) for place in found if place.name in (one, other)]
        own = _sum([fit(place, place.name, talk, named) for place, _ in pairs])
        margin = measure.margin(_difference(own, _sum([fit(place, name, talk, named) for place, name in pairs])))
        if margin < 0:
            return Objection(
                f"the evidence has {one.capitalize()} and {other.capitalize()} the other way about",
                0.0,
            )
    return Objection(None, _certain(lowest))


def _difference(own: Mapping[str, float], other: Mapping[str, float]) -> Mapping[str, float]:
    return {name: own.get(name, 0.0) - other.get(name, 0.0) for name in {*own, *other}}


def _sum(features: list[Mapping[str, float]]) -> Mapping[str, float]:
    return {name: sum(one.get(name, 0.0) for one in features) for name in {name for one in features for name in one}}


def _certain(margin: float) -> float:
    return 1 - math.exp(-max(0.0, margin)) if margin < 50 else 1.0
