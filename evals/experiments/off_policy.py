"""What a policy would have been worth on decisions that another one made, with 95 % intervals.

The log says how probable it was that each candidate came first. Three estimates are made of the mean reward that a new
policy's first choices would have had:

- IPS weighs each logged reward by how much more probable the choice is under the new policy: unbiased.
- SNIPS divides by the sum of those weights (A. Swaminathan and T. Joachims, "The self-normalized estimator for
  counterfactual learning", NeurIPS 2015): a little biased, and steadier.
- Doubly robust adds a weighed correction to a model of the reward (M. Dudík, J. Langford and L. Li, "Doubly robust
  policy evaluation and learning", ICML 2011): right when either the probabilities or the model are. The model of a
  decision is fitted on other customers' decisions (cross-fitting).

Intervals are normal ones around each estimate, of the larger of two errors. One is seen in the log: the spread of the
estimate's influence function, with a customer's decisions taken together (cluster-robust), since they are not
independent of each other. The other is worked out: how rare each choice was is known, so what the rare ones that were
not drawn would have done to the estimate is known too, but for the reward, for which the model stands. By the first
alone, a log that happens to lack the choices that weigh most would look more certain than it is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidRequest
from app.models import Candidate, DecisionWithOutcomes, Record

LEVEL = 0.95
FOLDS = 5
# How many outcomes the rate of an action, and of everything, is worth to the model of the reward.
WORTH = 5.0


class LoggedChoice(NamedTuple):
    """What came first in one decision, what could have, and how well it served (0..1)."""

    customer_id: str
    intent: str
    chosen: str
    candidates: Sequence[Candidate]
    reward: float


# The probability of each candidate to come first; those that are left out have none.
Policy = Callable[[str, Sequence[Candidate]], Mapping[str, float]]


class Estimate(Record):
    """A policy's value with its 95 % interval."""

    value: float
    ci_low: float
    ci_high: float


class OffPolicyFigures(Record):
    """Values are mean rewards (0..1) of what comes first.

    `supported` is the share of the new policy's choices that the log could have made: below 1, nothing is known of the
    rest. `effective_n` is how many decisions of the new policy the log is worth.
    """

    n: int
    customers: int
    logged_value: float
    supported: float
    effective_n: float
    ips: Estimate
    snips: Estimate
    dr: Estimate


def choice_of(decision: DecisionWithOutcomes) -> LoggedChoice | None:
    """A logged decision as an off-policy sample.

    None where nothing came first, nobody told what became of it, or a model put first what would not have been, so that
    nobody knows how probable that was.
    """
    if not decision.actions:
        return None
    first = decision.actions[0].action_id
    if not any(candidate.probability > 0 for candidate in decision.candidates if candidate.action_id == first):
        return None
    success = next((outcome.success for outcome in decision.outcomes if outcome.action_id == first), None)
    if success is None:
        return None
    return LoggedChoice(decision.customer_id, decision.intent or "", first, decision.candidates, success)


def off_policy(log: Sequence[LoggedChoice], policy: Policy) -> OffPolicyFigures:
    """The value of `policy` by all three estimates. Raises InvalidRequest with fewer than two customers."""
    clusters = _numbered(choice.customer_id for choice in log)
    customers = int(clusters.max()) + 1 if len(log) else 0
    if customers < 2:
        raise InvalidRequest("The log holds outcomes of fewer than two customers; an interval needs more.")
    rewards = np.array([choice.reward for choice in log])
    choices = [policy(choice.intent, choice.candidates) for choice in log]
    weights = np.array([_weight(choice, new) for choice, new in zip(log, choices, strict=True)])
    model = _modelled(log, choices, clusters)
    mean_weight = weights.mean()
    ips = weights * rewards
    snips = float(ips.mean() / mean_weight) if mean_weight else 0.0
    normalised = weights / mean_weight if mean_weight else weights
    robust = model.expected + weights * (rewards - model.predicted)
    squares = float((weights**2).sum())
    return OffPolicyFigures(
        n=len(log),
        customers=customers,
        logged_value=float(rewards.mean()),
        supported=float(np.mean([_supported(choice, new) for choice, new in zip(log, choices, strict=True)])),
        effective_n=float(weights.sum()) ** 2 / squares if squares else 0.0,
        ips=_estimate(ips, clusters, model.squares - ips.mean() ** 2),
        snips=_estimate(snips + normalised * (rewards - snips), clusters, model.squares_around(snips)),
        dr=_estimate(robust, clusters, model.noise + (model.expected - robust.mean()) ** 2),
    )


def _weight(choice: LoggedChoice, new: Mapping[str, float]) -> float:
    logged = next(
        (candidate.probability for candidate in choice.candidates if candidate.action_id == choice.chosen),
        0.0,
    )
    return new.get(choice.chosen, 0.0) / logged if logged else 0.0


def _supported(choice: LoggedChoice, new: Mapping[str, float]) -> float:
    possible = {candidate.action_id for candidate in choice.candidates if candidate.probability > 0}
    return sum(share for action_id, share in new.items() if action_id in possible)


def _estimate(samples: NDArray[np.float64], clusters: NDArray[np.int64], variances: NDArray[np.float64]) -> Estimate:
    """The mean of samples, whose variances are those that the model expects; all of shape (decisions,)."""
    value = float(samples.mean())
    sums = np.bincount(clusters, weights=samples - value)
    count = len(sums)
    seen = count / (count - 1) * float((sums**2).sum())
    half = quantile(count - 1) * sqrt(max(seen, float(variances.sum()))) / len(samples)
    return Estimate(value=value, ci_low=value - half, ci_high=value + half)


def quantile(freedom: int) -> float:
    """How many standard errors a 95 % interval reaches to either side, with so many degrees of freedom."""
    # Student's t by the first terms of its expansion around the normal: 2 % off at 5 degrees, exact at many.
    normal = NormalDist().inv_cdf((1 + LEVEL) / 2)
    return normal + (normal**3 + normal) / (4 * freedom)


class _Modelled(NamedTuple):
    """What a model says of each decision; all of shape (decisions,).

    The reward it expects of the new policy's choice and of the logged one; and over all choices that the logging policy
    might have made, the mean of the squared weighed reward and of the weighed reward's own variance.
    """

    expected: NDArray[np.float64]
    predicted: NDArray[np.float64]
    squares: NDArray[np.float64]
    noise: NDArray[np.float64]
    weight_squares: NDArray[np.float64]

    def squares_around(self, value: float) -> NDArray[np.float64]:
        """The mean of the squared weighed difference between the reward and `value`."""
        return (1 - 2 * value) * self.squares + value**2 * self.weight_squares


def _modelled(
    log: Sequence[LoggedChoice], choices: Sequence[Mapping[str, float]], clusters: NDArray[np.int64]
) -> _Modelled:
    made = _Modelled(*(np.zeros(len(log)) for _ in _Modelled._fields))
    for fold in range(FOLDS):
        inside = clusters % FOLDS == fold
        model = _RewardModel(other for other, left_out in zip(log, inside, strict=True) if not left_out)
        for index in map(int, np.flatnonzero(inside)):
            choice = log[index]
            made.predicted[index] = model.rate(choice.intent, choice.chosen)
            logged = {candidate.action_id: candidate.probability for candidate in choice.candidates}
            for name, share in choices[index].items():
                rate = model.rate(choice.intent, name)
                square = share**2 / logged[name] if logged[name] else 0.0
                made.expected[index] += share * rate
                made.weight_squares[index] += square
                # A reward between 0 and 1 is on average no smaller than its square.
                made.squares[index] += square * rate
                made.noise[index] += square * rate * (1 - rate)
    return made


class _RewardModel:
    """The rate of each action under each intent, leaning on the action's own and that on the rate of everything."""

    def __init__(self, log: Iterable[LoggedChoice]) -> None:
        self._sums: defaultdict[tuple[str, ...], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        for choice in log:
            for key in ((), (choice.chosen,), (choice.chosen, choice.intent)):
                trials, successes = self._sums[key]
                self._sums[key] = (trials + 1, successes + choice.reward)

    def rate(self, intent: str, action_id: str) -> float:
        """The probability that an action serves under an intent."""
        rate = 0.5
        for key in ((), (action_id,), (action_id, intent)):
            trials, successes = self._sums.get(key, (0.0, 0.0))
            rate = (WORTH * rate + successes) / (WORTH + trials)
        return rate


def _numbered(names: Iterable[str]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.int64)
