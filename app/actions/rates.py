"""What outcomes say of an action: counts of trials and successes, and what is believed on the strength of them.

An outcome is a Bernoulli trial of its action under the decision's intent, for its audience. How much of a trial it is
hangs on how much the action was called for: where it was called for by 0.2, a failure is a fifth of a trial, since
little was to be expected. So what is believed of an action is by how much more or less it serves than its context says
(observed over expected counts, shrunk: W. DuMouchel, "Bayesian data mining in large frequency tables", The American
Statistician 53, 1999).

Trials under a clear wish and under a faint one are counted apart: that an action failed where it was hardly called for
says nothing of it where the customer names it, and rare actions are offered mostly where they are hardly called for.

Agents and bots learn apart, and what the other audience told is counted at a discount, as historical data are by a
power prior (J. G. Ibrahim and M.-H. Chen, "Power prior distributions for regression models", Statistical Science 15,
2000): at most `OTHERS_COUNT` of each outcome and at most `MOST_OTHERS` outcomes, so that many of theirs never drown
few of one's own.

What is believed is a Beta distribution, shrunk twice: the rate under one intent leans on the rate under all others, and
that on the catalogue's propensity.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from app.actions.exploration import Belief

# How many outcomes an action's rate is worth against its rate under one intent, until outcomes tell otherwise.
USUAL_WORTH = 8.0
LEAST_WORTH = 1.0
MOST_WORTH = 100.0
# How much evidence it takes to move that; in the units of `Spread.possible`.
SLOWNESS = 2.0

OTHERS_COUNT = 0.25
MOST_OTHERS = 20.0
# From this much on, a wish is clear.
CLEAR = 0.5

TRIALS, SUCCESSES, SQUARES = "trials", "successes", "squares"
_CLARITIES = {"clear": True, "faint": False}


class Rate(NamedTuple):
    """How many outcomes there were, the sum of their successes, and the sum of the squares of their counts.

    Where each outcome counts as one trial, `squares` is as large as `trials`; None stands for that.
    """

    trials: float = 0.0
    successes: float = 0.0
    squares: float | None = None

    @property
    def variance(self) -> float:
        """That of the successes, had each outcome succeeded by chance with its count times the rate, for each trial."""
        rate = min(1.0, self.successes / self.trials)
        squares = self.trials if self.squares is None else self.squares
        return rate * (1 - rate * squares / self.trials)

    def __add__(self, other: object) -> "Rate":
        if not isinstance(other, Rate):
            return NotImplemented
        trials, successes = self.trials + other.trials, self.successes + other.successes
        if self.squares is None and other.squares is None:
            return Rate(trials, successes)
        squares = (rate.trials if rate.squares is None else rate.squares for rate in (self, other))
        return Rate(trials, successes, sum(squares))

    def times(self, share: float) -> "Rate":
        """Each outcome counted for a share of itself."""
        squares = None if self.squares is None else self.squares * share
        return Rate(self.trials * share, self.successes * share, squares)


class Circumstances(NamedTuple):
    """Under which intent, for whom and under how clear a wish an action was offered; None where it was not noted."""

    intent: str
    audience: str | None = None
    is_clear: bool | None = None


class Evidence(NamedTuple):
    """What was told of an action under the intent at hand, and under all others."""

    own: Rate = Rate()
    elsewhere: Rate = Rate()


Rates = Mapping[Circumstances, Rate]


class Spread(NamedTuple):
    """By how much an action's rates differ between intents beyond chance, and by how much they could."""

    excess: float = 0.0
    possible: float = 0.0


def evidence(rates: Rates, at: Circumstances) -> Evidence:
    """What an action's rates say under these circumstances; those of which something was not noted say it for all."""
    own, elsewhere = [Rate(), Rate()], [Rate(), Rate()]
    for circumstances, rate in rates.items():
        if circumstances.is_clear in (None, at.is_clear):
            counted = own if circumstances.intent == at.intent else elsewhere
            counted[is_of_others(circumstances, at.audience)] += rate
    return Evidence(_with_others(*own), _with_others(*elsewhere))


def is_of_others(at: Circumstances, audience: str | None) -> bool:
    """Whether outcomes were told of the other audience, as far as both are known."""
    return None not in (at.audience, audience) and at.audience != audience


def belief(seen: Evidence, prior: float, *, catalogue_worth: float, worth: float) -> Belief:
    """What is believed of an action.

    `prior` is the catalogue's propensity and `catalogue_worth` how many outcomes it is worth; `worth` how many outcomes
    the rate under the other intents is.
    """
    elsewhere = _shrunk(seen.elsewhere, prior, catalogue_worth)
    return _shrunk(seen.own, elsewhere.mean, worth)


def worth_of_others(spreads: Iterable[Spread]) -> float:
    """How many outcomes an action's rate under other intents is worth, from how much rates differ between intents.

    The moment estimate of a beta-binomial's concentration (J. C. Kleinman, "Proportions with extraneous variance:
    single and independent samples", JASA 68, 1973), pooled over actions and drawn towards `USUAL_WORTH` while there are
    few outcomes.
    """
    excess, possible = SLOWNESS / (1 + USUAL_WORTH), SLOWNESS
    for action_spread in spreads:
        excess += action_spread.excess
        possible += action_spread.possible
    share = min(max(excess / possible, 1 / (1 + MOST_WORTH)), 1 / (1 + LEAST_WORTH))
    return 1 / share - 1


def spread(rates: Iterable[Rate]) -> Spread:
    """How an action's rates by intent differ; nothing where none can tell."""
    tried = [rate for rate in rates if rate.trials > 0]
    trials = sum(rate.trials for rate in tried)
    if len(tried) < 2 or trials <= len(tried):
        return Spread()
    together = Rate()
    for rate in tried:
        together += rate
    mean = min(1.0, together.successes / trials)
    squares = sum(rate.trials * (min(1.0, rate.successes / rate.trials) - mean) ** 2 for rate in tried)
    by_chance = together.variance * (len(tried) - 1)
    at_most = mean * (1 - mean) * (trials - sum(rate.trials**2 for rate in tried) / trials)
    return Spread(squares - by_chance, max(at_most - by_chance, 0.0))


def spread_by_clarity(rates: Rates) -> Spread:
    """How an action's rates by intent differ, under clear wishes and under faint ones, whoever was the audience."""
    spreads: list[Spread] = []
    for clarity in (None, True, False):
        by_intent: dict[str, Rate] = {}
        for circumstances, rate in rates.items():
            if circumstances.is_clear is clarity:
                by_intent[circumstances.intent] = by_intent.get(circumstances.intent, Rate()) + rate
        spreads.append(spread(by_intent.values()))
    return Spread(sum(each.excess for each in spreads), sum(each.possible for each in spreads))


def sums_of(at: Circumstances, rate: Rate) -> Mapping[str, float]:
    """A rate as sums by name, which tell under which circumstances it was."""
    noted = ""
    if at.audience is not None and at.is_clear is not None:
        noted = f":{at.audience}:{'clear' if at.is_clear else 'faint'}"
    sums = {f"{TRIALS}{noted} {at.intent}": rate.trials, f"{SUCCESSES}{noted} {at.intent}": rate.successes}
    return sums if rate.squares is None else sums | {f"{SQUARES}{noted} {at.intent}": rate.squares}


def rates_of(sums: Mapping[str, float]) -> Rates:
    """The rates that sums by name hold."""
    by_circumstances: dict[Circumstances, dict[str, float]] = {}
    for name, total in sums.items():
        head, _, intent = name.partition(" ")
        kind, _, noted = head.partition(":")
        audience, _, clarity = noted.partition(":")
        at = Circumstances(intent, audience or None, _CLARITIES.get(clarity))
        by_circumstances.setdefault(at, {})[kind] = float(total)
    return {
        at: Rate(kinds.get(TRIALS, 0.0), kinds.get(SUCCESSES, 0.0), kinds.get(SQUARES))
        for at, kinds in by_circumstances.items()
    }


def _with_others(mine: Rate, theirs: Rate) -> Rate:
    if theirs.trials <= 0:
        return mine
    return mine + theirs.times(min(OTHERS_COUNT, MOST_OTHERS / theirs.trials))


def _shrunk(rate: Rate, towards: float, worth: float) -> Belief:
    # Where little was expected there may be more successes than trials.
    return Belief(
        max(worth * towards + rate.successes, 0.0), max(worth * (1 - towards) + rate.trials - rate.successes, 0.0)
    )
