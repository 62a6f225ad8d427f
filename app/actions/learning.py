"""Learns from outcomes how probable it is that an action helps, for each intent of each tenant.

An outcome is a Bernoulli trial of its action under the decision's intent. What is believed is a Beta distribution,
shrunk twice: an intent with few outcomes leans on the action's rate under all other intents, and an action with few
outcomes on the catalogue's propensity. How far to lean is estimated from the tenant's own outcomes (empirical Bayes):
the less an action's rate differs between intents, the more they say about each other. Before the first outcome, what
is believed is the catalogue's propensity.

Rates are kept as sums in the archive, changed together with the outcome that they come from, so that they survive a
restart, all workers share them, and telling an outcome again replaces it. The sums name nobody: when a customer is
erased their outcomes go, and the sums stay.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from time import monotonic
from typing import Any, NamedTuple

from app.actions.exploration import Belief, Option, explored, ranked
from app.models import Candidate, Components, FiledOutcome
from app.ports import Archive, Counts

OUTCOMES = "outcomes"
PROPENSITIES = "propensities"
# What became of the actions that were taken about one message, by its id.
CASES = "cases"
PAGE = 1000
MOST_TENANTS = 1024
# Other workers file outcomes too; what they told is believed here after this time at the latest.
READ_AGAIN_S = 2.0

# How many outcomes the catalogue's propensity is worth against the action's own rate.
CATALOGUE_WORTH = 4.0
# How many outcomes an action's rate is worth against its rate under one intent, until outcomes tell otherwise.
USUAL_WORTH = 8.0
LEAST_WORTH = 1.0
MOST_WORTH = 100.0
# How much evidence it takes to move that; in the units of `Spread.possible`.
SLOWNESS = 2.0

TRIALS, SUCCESSES = "trials", "successes"


# What is believed of an action in the case at hand, from what is believed of it under the intent.
Leaning = Callable[[str, Belief], Belief]


class Arranged(NamedTuple):
    """Actions in their order with the probability of each place, and all candidates with what was learnt of them."""

    order: tuple[tuple[str, float], ...]
    candidates: tuple[Candidate, ...]


class Rate(NamedTuple):
    """How many outcomes there were, and the sum of their successes."""

    trials: float = 0.0
    successes: float = 0.0


class Spread(NamedTuple):
    """By how much an action's rates differ between intents beyond chance, and by how much they could."""

    excess: float = 0.0
    possible: float = 0.0


class Learner:
    """What outcomes say, of all tenants. Raises Unavailable when the archive does not answer."""

    def __init__(self, archive: Archive, *, read_again_s: float = READ_AGAIN_S) -> None:
        self._archive = archive
        self._read_again_s = read_again_s
        self._rates_by_tenant: dict[str, _TenantRates] = {}

    async def file_outcome(self, tenant: str, outcome: FiledOutcome) -> None:
        """File an outcome and learn from it; told again of the same decision and action, it replaces the last."""
        await self._archive.put_counted(
            tenant,
            OUTCOMES,
            f"{outcome.decision_id} {outcome.action_id}",
            outcome.model_dump(mode="json"),
            counting=counted,
            customer_id=outcome.customer_id,
        )
        propensities = self._rates_by_tenant.get(tenant)
        if propensities is not None:
            sums = await self._archive.get(tenant, PROPENSITIES, outcome.action_id)
            propensities.learn(outcome.action_id, _rates(sums or {}))

    async def outcomes_of(self, tenant: str, decision_id: str, action_ids: Sequence[str]) -> Sequence[FiledOutcome]:
        """What was told of these actions of one decision."""
        documents = [
            await self._archive.get(tenant, OUTCOMES, f"{decision_id} {action_id}") for action_id in action_ids
        ]
        return [FiledOutcome.model_validate(document) for document in documents if document is not None]

    async def arrange(
        self,
        tenant: str,
        intent: str | None,
        components: Mapping[str, Components],
        *,
        places: int,
        chance: Random | None = None,
        leaning: Leaning | None = None,
    ) -> Arranged:
        """The best of these actions under an intent, `components` holding the catalogue's propensities.

        They are ranked by expected score; with `chance`, each place is drawn by Thompson sampling. `leaning` says what
        else is known of an action here: it is given the action and what is believed of it under the intent.
        """
        propensities = await self._recall(tenant)
        worth = propensities.worth
        options: list[Option] = []
        for action_id, parts in components.items():
            believed = belief(propensities.rates.get(action_id, {}), intent or "", parts.propensity, worth=worth)
            here = leaning(action_id, believed) if leaning else believed
            options.append(Option(here, parts.context * parts.value * parts.lever))
        order = explored(options, places=places, chance=chance) if chance else ranked(options, places=places)
        ids = list(components)
        candidates = (
            Candidate(
                action_id=action_id,
                probability=probability,
                components=parts.model_copy(update={"propensity": option.belief.mean}),
            )
            for (action_id, parts), option, probability in zip(components.items(), options, order.first, strict=True)
        )
        return Arranged(
            tuple((ids[position.candidate], position.probability) for position in order.places), tuple(candidates)
        )

    async def belief_without(self, tenant: str, outcome: FiledOutcome, prior: float) -> Belief:
        """What would be believed of an outcome's action under its intent had this outcome not been told."""
        propensities = await self._recall(tenant)
        intent = outcome.intent or ""
        rates = dict(propensities.rates.get(outcome.action_id, {}))
        own = rates.get(intent, Rate())
        success = outcome.success
        if success is not None and own.trials >= 1:
            rates[intent] = Rate(own.trials - 1, max(0.0, own.successes - success))
        return belief(rates, intent, prior, worth=propensities.worth)

    async def _recall(self, tenant: str) -> "_TenantRates":
        propensities = self._rates_by_tenant.get(tenant)
        if propensities is not None and monotonic() - propensities.read_at < self._read_again_s:
            return propensities
        propensities = _TenantRates(read_at=monotonic())
        after = ""
        while page := await self._archive.page(tenant, PROPENSITIES, after=after, limit=PAGE):
            for action_id, sums in page:
                propensities.learn(action_id, _rates(sums))
            after = page[-1][0]
        self._rates_by_tenant.pop(tenant, None)
        if len(self._rates_by_tenant) >= MOST_TENANTS:
            del self._rates_by_tenant[next(iter(self._rates_by_tenant))]
        self._rates_by_tenant[tenant] = propensities
        return propensities


@dataclass(slots=True)
class _TenantRates:
    """One tenant's rates by action and intent, and when they were read."""

    read_at: float
    rates: dict[str, Mapping[str, Rate]] = field(default_factory=dict[str, Mapping[str, Rate]])
    spreads: dict[str, Spread] = field(default_factory=dict[str, Spread])

    @property
    def worth(self) -> float:
        """How many outcomes an action's rate under other intents is worth."""
        return worth_of_others(self.spreads.values())

    def learn(self, action_id: str, rates: Mapping[str, Rate]) -> None:
        """Take over what became of one action."""
        self.rates[action_id] = rates
        self.spreads[action_id] = spread(rates.values())


def counted(document: Mapping[str, Any]) -> Counts:
    """What an outcome adds to the sums of its action and of its case; nothing where nothing is to be learnt from it."""
    if "intent" not in document:
        return {}  # it was filed before outcomes were counted, so there is nothing to take back either
    outcome = FiledOutcome.model_validate(document)
    if outcome.success is None:
        return {}
    intent = outcome.intent or ""
    by_intent = {outcome.action_id: {f"{TRIALS} {intent}": 1.0, f"{SUCCESSES} {intent}": outcome.success}}
    if outcome.case_id is None:
        return {PROPENSITIES: by_intent}
    of_case = {f"{TRIALS} {outcome.action_id}": 1.0, f"{SUCCESSES} {outcome.action_id}": outcome.success}
    return {PROPENSITIES: by_intent, CASES: {outcome.case_id: of_case}}


def belief(rates: Mapping[str, Rate], intent: str, prior: float, *, worth: float) -> Belief:
    """What an action's rates by intent say of it under one intent.

    `prior` is the catalogue's propensity, `worth` how many outcomes the rate under the other intents is worth.
    """
    own = rates.get(intent, Rate())
    trials = sum(rate.trials for rate in rates.values()) - own.trials
    successes = sum(rate.successes for rate in rates.values()) - own.successes
    elsewhere = (CATALOGUE_WORTH * prior + successes) / (CATALOGUE_WORTH + trials)
    return Belief(
        max(worth * elsewhere + own.successes, 0.0), max(worth * (1 - elsewhere) + own.trials - own.successes, 0.0)
    )


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
    mean = sum(rate.successes for rate in tried) / trials
    single = mean * (1 - mean)
    squares = sum(rate.trials * (rate.successes / rate.trials - mean) ** 2 for rate in tried)
    by_chance = single * (len(tried) - 1)
    at_most = single * (trials - sum(rate.trials**2 for rate in tried) / trials)
    return Spread(squares - by_chance, max(at_most - by_chance, 0.0))


def _rates(sums: Mapping[str, Any]) -> Mapping[str, Rate]:
    trials = {name.partition(" ")[2]: float(sum_) for name, sum_ in sums.items() if name.startswith(TRIALS)}
    return {intent: Rate(count, float(sums.get(f"{SUCCESSES} {intent}", 0.0))) for intent, count in trials.items()}
