"""Whether a challenger serves better than the champion, by a rule that may be asked at any time.

A customer is a unit: the mean, over their decisions with outcomes, of how well what was offered served (0..1). The
difference of the arms' means has a confidence sequence that holds at all times at once, so looking every day and
stopping at the first clear answer is no error: the mixture sequential probability ratio test with normal mixing
(R. Johari, P. Koomen, L. Pekelis and D. Walsh, "Peeking at A/B tests", KDD 2017), which is the normal-mixture boundary
of S. R. Howard, A. Ramdas, J. McAuliffe and J. Sekhon, "Time-uniform, nonparametric, nonasymptotic confidence
sequences", Annals of Statistics 49, 2021. For a difference `d` with variance `v` and mixing variance `t`, the interval
is `d ± sqrt(v (v + t) / t · (2 log(1 / alpha) + log((v + t) / v)))`.

It is asymptotic: variances are estimated, each arm's with one customer more at 0 and one at 1, and nothing is said
before each arm has `FEWEST` customers.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from math import inf, log, sqrt
from statistics import fmean
from typing import Any, NamedTuple

from app.models import LEAST_DIFFERENCE, ArmComparison, ComparisonArm, FiledOutcome

ALPHA = 0.05
# The differences that the mixture expects, as their standard deviation: at this size it needs the fewest customers.
EXPECTED_DIFFERENCE = 0.1
FEWEST = 50


class ArmSums(NamedTuple):
    """The customers of an arm, the sum of their means and the sum of the squares of these."""

    customers: int = 0
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, means: Iterable[float]) -> "ArmSums":
        """The sums of these customers' means."""
        listed = list(means)
        return cls(len(listed), sum(listed), sum(mean * mean for mean in listed))

    @property
    def mean(self) -> float:
        """The mean over customers, 0 where there is none."""
        return self.total / self.customers if self.customers else 0.0

    @property
    def variance(self) -> float:
        """That of the mean, with one customer more at 0 and one at 1."""
        count = self.customers + 2
        centre = (self.total + 1) / count
        return max((self.squares + 1) / count - centre * centre, 0.0) / max(self.customers, 1)


async def compared(
    log_lines: AsyncIterator[Mapping[str, Any]], experiment: str, *, least: float = LEAST_DIFFERENCE
) -> ArmComparison:
    """The arms of an experiment by the decisions of a log. `least` is the smallest difference that is worth it."""
    rewards: dict[str, defaultdict[str, list[float]]] = {name: defaultdict(list) for name in ("champion", "challenger")}
    decisions = dict.fromkeys(rewards, 0)
    async for line in log_lines:
        arm = line.get("arm")
        if line.get("experiment") == experiment and arm in rewards:
            decisions[arm] += 1
            reward = reward_of(map(FiledOutcome.model_validate, line["outcomes"]))
            if reward is not None:
                rewards[arm][line["customer_id"]].append(reward)
    sums = {arm: ArmSums.of(map(fmean, by_customer.values())) for arm, by_customer in rewards.items()}
    return verdict(sums["champion"], sums["challenger"], least=least).model_copy(
        update={
            "experiment": experiment,
            **{arm: _figures(sums[arm], decisions[arm]) for arm in rewards},
        }
    )


def reward_of(outcomes: Iterable[FiledOutcome]) -> float | None:
    """How well what was offered served: its best outcome; None where nothing is known of any that was offered."""
    successes = [outcome.success for outcome in outcomes if outcome.position is not None]
    return max((success for success in successes if success is not None), default=None)


def verdict(champion: ArmSums, challenger: ArmSums, *, least: float = LEAST_DIFFERENCE) -> ArmComparison:
    """What can be said by now."""
    difference = challenger.mean - champion.mean
    half = _half_width(champion.variance + challenger.variance)
    if min(champion.customers, challenger.customers) < FEWEST:
        half = inf
    low, high = max(-1.0, difference - half), min(1.0, difference + half)
    if -least < low and high < least:
        answer = "no_difference_worth_it"
    elif low > 0:
        answer = "challenger_better"
    elif high < 0:
        answer = "champion_better"
    else:
        answer = "continue"
    return ArmComparison(
        verdict=answer,
        difference=round(difference, 4),
        ci_low=round(low, 4),
        ci_high=round(high, 4),
        least_difference=least,
        champion=_figures(champion, 0),
        challenger=_figures(challenger, 0),
    )


def _half_width(variance: float) -> float:
    mixing = EXPECTED_DIFFERENCE**2
    together = variance + mixing
    return sqrt(variance * together / mixing * (2 * log(1 / ALPHA) + log(together / variance)))


def _figures(sums: ArmSums, decisions: int) -> ComparisonArm:
    return ComparisonArm(decisions=decisions, customers=sums.customers, mean=round(sums.mean, 4))
