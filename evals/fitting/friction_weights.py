"""Makes the weights of dissatisfaction anew: `python -m evals.fitting.friction_weights FILE …`.

The files are those that `eval friction` reads.

A logistic regression whose ridge penalty pulls towards `JUDGED`, weights set by judgement before any fit, not towards
zero: a trait that a file has too little of keeps the weight that seems right for service talk in general. How strong
the pull is, cross-validation over whole dialogues decides by the rule of one standard error: the strongest within one
standard error of the best (Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2009, 7.10). The
printed area under the curve is that of the whole procedure, nested in another cross-validation. `BIAS` and `TRAITS` of
the service's strain are what this prints, rounded.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.settings import Settings
from evals.experiments.friction import RatedMessage, judge_file
from evals.statistics import area_under_curve

JUDGED = {
    "declines": 1.0,
    "denies": 0.5,
    "unconfirmed": 0.5,
    "corrects": 1.0,
    "dislikes": 1.0,
    "wants_another": 1.0,
    "tries_again": 0.7,
    "insists": 1.0,
    "gives_up": 1.2,
    "shouts": 0.5,
    "asks_for_person": 1.5,
    "negative": 1.5,
    "positive": -1.0,
    "agrees": -0.7,
    "thanks": -0.5,
    "leaves": -0.4,
    "opening": -0.7,
    "failed": 0.8,
    "apologised": 0.4,
    "leaves_unserved": 0.5,
    "ignored": 0.3,
    "we_repeat": 0.6,
    "repeats": 1.0,
    "objected_before": 0.4,
    "objections": 0.3,
}
PULLS = (3.0, 10.0, 30.0, 100.0, 300.0)
FOLDS = 10
Numbers = NDArray[np.float64]


class Rated(NamedTuple):
    """Rated messages: their traits (n, number of traits), whether they are dissatisfied (n,), their dialogues (n,)."""

    traits: Numbers
    wanted: Numbers
    dialogues: NDArray[np.int64]

    def where(self, mask: NDArray[np.bool_]) -> "Rated":
        """Only these rows."""
        return Rated(self.traits[mask], self.wanted[mask], self.dialogues[mask])


def fit(rated: Rated, pull: float) -> Numbers:
    """The bias and the weights, (1 + number of traits,): penalised maximum likelihood by damped Newton steps."""
    design = np.column_stack([np.ones(len(rated.wanted)), rated.traits])
    middle = np.array([0.0, *JUDGED.values()])
    penalty = np.array([0.0, *([pull] * len(JUDGED))])

    def loss(weights: Numbers) -> float:
        odds = design @ weights
        likelihood = np.logaddexp(0.0, odds).sum() - rated.wanted @ odds
        return float(likelihood + 0.5 * (penalty * (weights - middle) ** 2).sum())

    weights = np.zeros(len(middle))
    for _ in range(100):
        chance = 1.0 / (1.0 + np.exp(-design @ weights))
        slope = design.T @ (chance - rated.wanted) + penalty * (weights - middle)
        curve = (design * (chance * (1.0 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        while loss(weights - step) > loss(weights) and np.abs(step).max() > 1e-9:
            step = step / 2.0
        weights = weights - step
        if np.abs(step).max() < 1e-7:
            break
    return weights


def chosen_pull(rated: Rated, seed: int) -> float:
    """The strongest pull whose area under the curve is within one standard error of the best one's."""
    folds = _folds(rated.dialogues, seed)
    areas = np.array([[_area(rated, folds == fold, pull) for fold in range(FOLDS)] for pull in PULLS])
    means, errors = areas.mean(axis=1), areas.std(axis=1, ddof=1) / np.sqrt(FOLDS)
    best = int(means.argmax())
    return max(pull for pull, mean in zip(PULLS, means, strict=True) if mean >= means[best] - errors[best])


def nested_area(rated: Rated, seed: int) -> float:
    """The area under the curve of the whole procedure on dialogues that it has not seen."""
    folds = _folds(rated.dialogues, seed)
    scores = np.zeros(len(rated.wanted))
    for fold in range(FOLDS):
        seen = rated.where(folds != fold)
        weights = fit(seen, chosen_pull(seen, seed + 1))
        scores[folds == fold] = weights[0] + rated.traits[folds == fold] @ weights[1:]
    return area_under_curve(scores, rated.wanted)


def _area(rated: Rated, held_out: NDArray[np.bool_], pull: float) -> float:
    weights = fit(rated.where(~held_out), pull)
    return area_under_curve(rated.traits[held_out] @ weights[1:], rated.wanted[held_out])


def _folds(dialogues: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    names, places = np.unique(dialogues, return_inverse=True)
    return np.random.default_rng(seed).permutation(len(names))[places] % FOLDS


def _rated(judged: Sequence[Sequence[RatedMessage]]) -> Rated:
    rows = [(number, message) for number, part in enumerate(judged) for message in part]
    return Rated(
        np.array([[message.traits[name] for name in JUDGED] for _, message in rows]),
        np.array([float(message.dissatisfied) for _, message in rows]),
        np.array([number * 1_000_000 + message.dialogue for number, message in rows]),
    )


async def _judge_all(paths: Sequence[Path]) -> list[list[RatedMessage]]:
    return [await judge_file(path, Settings()) for path in paths]


def main(paths: Sequence[str]) -> None:
    """Print the weights, the pull that was chosen and the nested area under the curve."""
    rated = _rated(asyncio.run(_judge_all([Path(path) for path in paths])))
    pull = chosen_pull(rated, seed=0)
    bias, *weights = fit(rated, pull)
    print(f"messages {len(rated.wanted)}, dissatisfied {int(rated.wanted.sum())}, pull {pull:g}")
    print(f"nested area under the curve {nested_area(rated, seed=0):.4f}")
    print(f"{'bias':16} {bias:+.2f}")
    for (name, judged), weight in zip(JUDGED.items(), weights, strict=True):
        print(f"{name:16} {weight:+.2f}  judged {judged:+.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
