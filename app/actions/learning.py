"""Learns from outcomes how probable it is that an action helps, for each intent of each tenant.

What outcomes say of an action is counted and shrunk as `rates.py` tells; before the first outcome, what is believed is
the catalogue's propensity. Three things that say how far to go are the tenant's own as well:

- how much a rate under one intent leans on the others: the less they differ, the more (empirical Bayes);
- how many outcomes the catalogue's propensity is worth: the one of `CATALOGUE_WORTHS` under which what succeeded would
  have had the largest share of its decision's scores (the likelihood of a conditional logit: D. McFadden, "Conditional
  logit analysis of qualitative choice behavior", 1974), by what had been told when each was decided (A. P. Dawid,
  "Statistical theory: the prequential approach", JRSS A 147, 1984). The largest leaves the catalogue's order as it is;
- how scores are calibrated (`calibration.py`).

Rates are kept as sums in the archive, changed together with the outcome that they come from, so that they survive a
restart, all workers share them, and telling an outcome again replaces it. The sums name nobody: when a customer is
erased their outcomes go, and the sums stay.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, log2
from random import Random
from time import monotonic
from typing import Any, NamedTuple

from app.actions.calibration import UNCHANGED, Calibration, bin_sums, fitted
from app.actions.exploration import Belief, Option, explored, ranked
from app.actions.rates import (
    OTHERS_COUNT,
    SUCCESSES,
    TRIALS,
    Circumstances,
    Evidence,
    Rate,
    Rates,
    Spread,
    belief,
    evidence,
    is_of_others,
    rates_of,
    spread_by_clarity,
    sums_of,
    worth_of_others,
)
from app.models import Candidate, Components, FiledOutcome, OutcomeCount, ScoreBasis
from app.ports import Archive, Counts

OUTCOMES = "outcomes"
PROPENSITIES = "propensities"
# What became of the actions that were taken about one message, by its id.
CASES = "cases"
# How often first offers of each score served.
CALIBRATION = "calibration"
# How surprising what succeeded would have been for each worth of the catalogue, and the sums of that.
FORESEEN = "foreseen"
CATALOGUE_WORTH = "catalogue_worth"
ALL = "all"
PAGE = 1000
MOST_TENANTS = 1024
# Other workers file outcomes too; what they told is believed here after this time at the latest.
READ_AGAIN_S = 2.0

# How many outcomes the catalogue's propensity may be worth against the action's own rate.
CATALOGUE_WORTHS = (4.0, 16.0, 64.0, 256.0, 1024.0)
USUAL_CATALOGUE_WORTH = 16.0
# How many successes it takes to believe half of how often each action is what succeeds.
USUAL_AFTER = 20.0
_LEAST_SHARE = 1e-6


# What is believed of an action in the case at hand, from what is believed of it under the intent.
Leaning = Callable[[str, Belief], Belief]


class Arranged(NamedTuple):
    """Actions in their order with the probability of each place, and all candidates with what was learnt of them."""

    order: tuple[tuple[str, float], ...]
    candidates: tuple[Candidate, ...]


class Learner:
    """What outcomes say, of all tenants. Raises Unavailable when the archive does not answer."""

    def __init__(self, archive: Archive, *, read_again_s: float = READ_AGAIN_S) -> None:
        self._archive = archive
        self._read_again_s = read_again_s
        self._learnt_by_tenant: dict[str, _TenantLearning] = {}

    async def file_outcome(self, tenant: str, outcome: FiledOutcome, candidates: Sequence[Candidate] = ()) -> None:
        """File an outcome and learn from it; told again of the same decision and action, it replaces the last.

        `candidates` are those of its decision.
        """
        key = f"{outcome.decision_id} {outcome.action_id}"
        await self._archive.put_counted(
            tenant,
            OUTCOMES,
            key,
            outcome.model_dump(mode="json"),
            counting=counted,
            customer_id=outcome.customer_id,
        )
        learnt = self._learnt_by_tenant.get(tenant) or await self._recall(tenant)
        losses = losses_of(outcome, candidates, worth=learnt.worth)
        if losses or await self._archive.get(tenant, FORESEEN, key) is not None:
            await self._archive.put_counted(
                tenant,
                FORESEEN,
                key,
                {"losses": losses},
                counting=_counted_losses,
                customer_id=outcome.customer_id,
            )
        sums = await self._archive.get(tenant, PROPENSITIES, outcome.action_id)
        learnt.learn(outcome.action_id, rates_of(sums or {}))
        await self._read_fits(tenant, learnt)

    async def outcomes_of(self, tenant: str, decision_id: str, action_ids: Sequence[str]) -> Sequence[FiledOutcome]:
        """What was told of these actions of one decision."""
        documents = [
            await self._archive.get(tenant, OUTCOMES, f"{decision_id} {action_id}") for action_id in action_ids
        ]
        return [FiledOutcome.model_validate(document) for document in documents if document is not None]

    async def usual(self, tenant: str, audience: str | None = None) -> Mapping[str, float]:
        """How often each action is what succeeds, whatever the customer wants; the shares add up to less than 1."""
        learnt = await self._recall(tenant)
        successes = {
            action_id: sum(
                rate.successes * (OTHERS_COUNT if is_of_others(at, audience) else 1.0) for at, rate in rates.items()
            )
            for action_id, rates in learnt.rates.items()
        }
        total = sum(successes.values())
        return {action_id: count / (total + USUAL_AFTER) for action_id, count in successes.items() if count > 0}

    async def arrange(
        self,
        tenant: str,
        intent: str | None,
        components: Mapping[str, Components],
        *,
        places: int,
        chance: Random | None = None,
        leaning: Leaning | None = None,
        audience: str | None = None,
        faint: Collection[str] = (),
    ) -> Arranged:
        """The best of these actions under an intent, `components` holding the catalogue's propensities.

        They are ranked by expected score; with `chance`, each place is drawn by Thompson sampling. `leaning` says what
        else is known of an action here: it is given the action and what is believed of it under the intent. `faint` are
        the actions that no clear wish calls for.
        """
        learnt = await self._recall(tenant)
        bases: list[ScoreBasis] = []
        options: list[Option] = []
        calibrated: list[Components] = []
        for action_id, parts in components.items():
            at = Circumstances(intent or "", audience, action_id not in faint)
            seen = evidence(learnt.rates.get(action_id, {}), at)
            under_intent = belief(seen, parts.propensity, catalogue_worth=learnt.catalogue_worth, worth=learnt.worth)
            here = leaning(action_id, under_intent) if leaning else under_intent
            bases.append(_basis(parts, here, seen, is_clear=action_id not in faint))
            here, scaled = _calibrated(here, parts, learnt.calibration)
            calibrated.append(scaled)
            options.append(Option(here, scaled.context * parts.value * parts.lever))
        order = explored(options, places=places, chance=chance) if chance else ranked(options, places=places)
        ids = list(components)
        candidates = (
            Candidate(action_id=action_id, probability=probability, components=parts, basis=basis)
            for action_id, parts, basis, probability in zip(ids, calibrated, bases, order.first, strict=True)
        )
        return Arranged(
            tuple((ids[position.candidate], position.probability) for position in order.places), tuple(candidates)
        )

    async def belief_without(self, tenant: str, outcome: FiledOutcome, prior: float) -> Belief:
        """What would be believed of an outcome's action under its intent had this outcome not been told."""
        learnt = await self._recall(tenant)
        at = _circumstances(outcome)
        rates = dict(learnt.rates.get(outcome.action_id, {}))
        own, trial = rates.get(at, Rate()), _trial(outcome)
        if trial is not None and own.trials >= trial.trials:
            rates[at] = Rate(own.trials - trial.trials, max(0.0, own.successes - trial.successes))
        return belief(evidence(rates, at), prior, catalogue_worth=learnt.catalogue_worth, worth=learnt.worth)

    async def _recall(self, tenant: str) -> "_TenantLearning":
        learnt = self._learnt_by_tenant.get(tenant)
        if learnt is not None and monotonic() - learnt.read_at < self._read_again_s:
            return learnt
        learnt = _TenantLearning(read_at=monotonic())
        after = ""
        while page := await self._archive.page(tenant, PROPENSITIES, after=after, limit=PAGE):
            for action_id, sums in page:
                learnt.learn(action_id, rates_of(sums))
            after = page[-1][0]
        await self._read_fits(tenant, learnt)
        self._learnt_by_tenant.pop(tenant, None)
        if len(self._learnt_by_tenant) >= MOST_TENANTS:
            del self._learnt_by_tenant[next(iter(self._learnt_by_tenant))]
        self._learnt_by_tenant[tenant] = learnt
        return learnt

    async def _read_fits(self, tenant: str, learnt: "_TenantLearning") -> None:
        if learnt.rates:
            learnt.calibration = fitted(await self._archive.get(tenant, CALIBRATION, ALL) or {})
            learnt.catalogue_worth = foreseen_worth(await self._archive.get(tenant, CATALOGUE_WORTH, ALL) or {})


@dataclass(slots=True)
class _TenantLearning:
    """What one tenant's outcomes say, and when it was read."""

    read_at: float
    rates: dict[str, Rates] = field(default_factory=dict[str, Rates])
    spreads: dict[str, Spread] = field(default_factory=dict[str, Spread])
    calibration: Calibration = UNCHANGED
    catalogue_worth: float = USUAL_CATALOGUE_WORTH
    # How many outcomes an action's rate under other intents is worth.
    worth: float = field(default_factory=lambda: worth_of_others(()))

    def learn(self, action_id: str, rates: Rates) -> None:
        """Take over what became of one action."""
        self.rates[action_id] = rates
        self.spreads[action_id] = spread_by_clarity(rates)
        self.worth = worth_of_others(self.spreads.values())


def counted(document: Mapping[str, Any]) -> Counts:
    """What an outcome adds to the sums of its action and of its case; nothing where nothing is to be learnt from it."""
    if "intent" not in document:
        return {}  # it was filed before outcomes were counted, so there is nothing to take back either
    outcome = FiledOutcome.model_validate(document)
    trial = _trial(outcome)
    if trial is None:
        return {}
    counts: dict[str, Mapping[str, Mapping[str, float]]] = {
        PROPENSITIES: {outcome.action_id: sums_of(_circumstances(outcome), trial)}
    }
    if outcome.position == 1 and outcome.basis is not None and outcome.success is not None:
        score = outcome.basis.propensity * outcome.basis.demand
        counts[CALIBRATION] = {ALL: bin_sums(score, outcome.success, outcome.weight)}
    if outcome.case_id is not None:
        of_case = {f"{TRIALS} {outcome.action_id}": trial.trials, f"{SUCCESSES} {outcome.action_id}": trial.successes}
        counts[CASES] = {outcome.case_id: of_case}
    return counts


def losses_of(outcome: FiledOutcome, candidates: Sequence[Candidate], *, worth: float) -> Mapping[str, float]:
    """How surprising it was that this action succeeded, for each worth of the catalogue; nothing where it did not.

    The surprise is the negative logarithm of its share of the scores of all candidates of its decision.
    """
    bases = {candidate.action_id: (candidate.basis, candidate.components) for candidate in candidates}
    if outcome.success != 1.0 or outcome.action_id not in bases or len(bases) < 2:
        return {}
    losses: dict[str, float] = {}
    for catalogue_worth in CATALOGUE_WORTHS:
        scores: dict[str, float] = {}
        for action_id, (basis, parts) in bases.items():
            if basis is None:
                return {}
            seen = Evidence(_rate(basis.own), _rate(basis.elsewhere))
            believed = belief(seen, basis.prior, catalogue_worth=catalogue_worth, worth=worth)
            scores[action_id] = believed.mean * basis.demand * parts.value * parts.lever
        share = scores[outcome.action_id] / (sum(scores.values()) or 1.0)
        losses[f"{catalogue_worth:g}"] = -log(max(share, _LEAST_SHARE))
    return losses


def foreseen_worth(losses: Mapping[str, float]) -> float:
    """How many outcomes the catalogue's propensity is worth, by the summed losses of `CATALOGUE_WORTHS`."""

    def cost(worth: float) -> float:
        return float(losses.get(f"{worth:g}", 0.0)) + abs(log2(worth / USUAL_CATALOGUE_WORTH))

    return min(CATALOGUE_WORTHS, key=cost)


def _trial(outcome: FiledOutcome) -> Rate | None:
    """What an outcome counts: so much of a trial as the action was called for, and its success."""
    # What policy held back and was taken all the same tells nothing of how well it serves where policy leaves it open.
    if outcome.success is None or (outcome.audience is not None and outcome.basis is None):
        return None
    if outcome.basis is None:
        return Rate(outcome.weight, outcome.success * outcome.weight)
    count = min(outcome.basis.demand, 1.0) * outcome.weight
    return Rate(count, outcome.success * outcome.weight, count**2)


def _circumstances(outcome: FiledOutcome) -> Circumstances:
    is_clear = outcome.basis.clear if outcome.basis else None
    return Circumstances(outcome.intent or "", outcome.audience if outcome.basis else None, is_clear)


def _basis(parts: Components, believed: Belief, seen: Evidence, *, is_clear: bool) -> ScoreBasis:
    return ScoreBasis(
        prior=parts.propensity,
        propensity=believed.mean,
        demand=parts.context,
        clear=is_clear,
        own=_count(seen.own),
        elsewhere=_count(seen.elsewhere),
    )


def _calibrated(believed: Belief, parts: Components, calibration: Calibration) -> tuple[Belief, Components]:
    """What is believed of an action and its components, so that propensity × context is the calibrated score."""
    mean, context = calibration.shared_out(believed.mean, parts.context)
    if mean != believed.mean:
        strength = believed.successes + believed.failures
        believed = Belief(mean * strength, (1 - mean) * strength)
    return believed, parts.model_copy(update={"propensity": round(mean, 6), "context": context})


def _count(rate: Rate) -> OutcomeCount:
    return OutcomeCount(trials=round(max(rate.trials, 0.0), 4), successes=round(max(rate.successes, 0.0), 4))


def _rate(count: OutcomeCount) -> Rate:
    return Rate(count.trials, count.successes)


def _counted_losses(document: Mapping[str, Any]) -> Counts:
    losses: Mapping[str, float] = document["losses"]
    return {CATALOGUE_WORTH: {ALL: dict(losses)}} if losses else {}
