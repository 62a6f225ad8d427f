"""What became of cases like the one at hand: how it moves what is believed of an action, and where they are kept.

A case is a message that says what a customer wanted, known by the vector that was made of it when it was indexed, with
the outcomes that were told of the actions decided on for it. Those of a tenant that are nearest by cosine, any
customer's, speak for an action by so many trials and successes, each weighed by how like it is: nothing up to `UNLIKE`,
wholly from `LIKE` on. One case is one trial of an action at most, and less of one where little called for the action
(`rates.py`).

With what is believed of the action under its intent, a mean `m` on `n` outcomes, and the weighed trials `t` and
successes `s` of similar cases, what is believed here has the mean `(worth · m + s) / (worth + t)` on `n + t` outcomes.
`worth`, how many similar outcomes the intent's own rate is worth, is the one of `WORTHS` that would have foretold the
tenant's outcomes best, by the logarithm of the probability that it gave each before it was counted (A. P. Dawid,
"Statistical theory: the prequential approach", JRSS A 147, 1984); `USUAL_WORTH` until outcomes tell otherwise. Where an
intent is all of one kind, its rate comes to count for much more than a few neighbours, and where it is many things, for
less.
"""

import logging
from collections.abc import Mapping, Sequence
from math import log, log2
from time import monotonic
from typing import Any, NamedTuple

import numpy as np
from cachetools import TTLCache
from numpy.typing import NDArray
from pydantic_core import from_json, to_json

from app.actions.exploration import Belief
from app.actions.learning import CASES, Learner
from app.actions.rates import SUCCESSES, TRIALS, Rate
from app.errors import ConfigurationError, RetrievalUnavailable
from app.models import FiledOutcome
from app.patience import within
from app.ports import Archive, CaseVectors, Counts, LikeCase, Vectors

_log = logging.getLogger(__name__)

FORETOLD = "foretold"
WORTH = "case_worth"
ALL = "all"
NEAREST = 50
# Two requests of this model that are about the same matter have a cosine of 0.5 to 0.9, and about others 0.1 to 0.5.
UNLIKE = 0.45
LIKE = 0.75
WORTHS = (2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
USUAL_WORTH = 8.0
# A decision does not wait longer for them, and for a while does not ask again what has just failed.
PATIENCE_S = 0.15
REST_S = 5.0
READ_AGAIN_S = 2.0
# Who asks again about the same message is told the same for a moment.
KEPT_S = 10.0
MOST_KEPT = 2048
_SURE = 0.99

Vector = NDArray[np.float32]


class Similar(NamedTuple):
    """What became of each action in similar cases: weighed trials and successes, and how many cases, plainly counted.

    `worth` is how many of their outcomes the intent's own rate is worth.
    """

    rates: Mapping[str, Rate]
    plain_rates: Mapping[str, Rate]
    worth: float

    def leaning(self, action_id: str, believed: Belief) -> Belief:
        """What is believed of an action here, from what is believed of it under the intent."""
        seen = self.rates.get(action_id)
        return believed if seen is None else leant(believed, seen, self.worth)


NOTHING = Similar({}, {}, USUAL_WORTH)


class SimilarCases:
    """The settled cases of all tenants. Raises Unavailable when the archive does not answer."""

    def __init__(self, archive: Archive, vectors: CaseVectors, learner: Learner) -> None:
        self._archive = archive
        self._vectors = vectors
        self._learner = learner
        self._worths: dict[str, tuple[float, float]] = {}
        self._nearest_cases = TTLCache[tuple[str, str], Sequence[LikeCase], float](MOST_KEPT, KEPT_S, timer=monotonic)
        self._resting_until = 0.0

    async def to(self, tenant: str, case_id: str, wanted: Vector) -> Similar:
        """What became of the cases most like this one, itself left out; nothing when the vectors do not answer."""
        like_cases = await self._at_hand(tenant, case_id, wanted)
        return _weighed(like_cases, await self._worth(tenant)) if like_cases else NOTHING

    async def file(
        self,
        tenant: str,
        case_id: str,
        vector: Vector,
        outcomes: Sequence[FiledOutcome] = (),
        *,
        priors: Mapping[str, float] | None = None,
    ) -> None:
        """Keep a case as the archive has it, so that it is found from now on.

        `outcomes` are those told since it was last kept, from which it is learnt how far to lean on similar cases;
        `priors` are the catalogue's propensities. Raises RetrievalUnavailable and ConfigurationError too.
        """
        for outcome in outcomes:
            await self._foretell(tenant, case_id, vector, outcome, (priors or {}).get(outcome.action_id, 0.5))
        sums = await self._archive.get(tenant, CASES, case_id)
        if sums is not None:
            await self.put(tenant, {case_id: sums}, np.asarray(vector)[None])

    async def put(self, tenant: str, cases: Mapping[str, Mapping[str, Any]], vectors: Vectors) -> None:
        """Keep cases with their sums, one row of `vectors` a case, shape (cases, dimensions)."""
        await self._vectors.put_cases(tenant, {case_id: _outcome(sums) for case_id, sums in cases.items()}, vectors)

    def forget(self, tenant: str | None) -> None:
        """Something of this tenant, or of any, was erased: what was found is not told again."""
        for key in [entry for entry in self._nearest_cases if tenant in (None, entry[0])]:
            del self._nearest_cases[key]

    async def _at_hand(self, tenant: str, case_id: str, wanted: Vector) -> Sequence[LikeCase]:
        now = monotonic()
        like_cases = self._nearest_cases.get((tenant, case_id))
        if like_cases is not None:
            return like_cases
        if now < self._resting_until:
            return ()
        try:
            async with within(PATIENCE_S):
                nearest = await self._nearest(tenant, case_id, wanted)
        except (RetrievalUnavailable, ConfigurationError, TimeoutError) as failure:
            _log.warning("actions are ranked without similar cases: %s", type(failure).__name__)
            self._resting_until = monotonic() + REST_S
            return ()
        self._nearest_cases[tenant, case_id] = nearest
        return nearest

    async def _nearest(self, tenant: str, case_id: str, wanted: Vector) -> Sequence[LikeCase]:
        like_cases = await self._vectors.nearest_cases(tenant, wanted, NEAREST)
        return [like_case for like_case in like_cases if like_case.likeness > UNLIKE and like_case.case_id != case_id]

    async def _worth(self, tenant: str) -> float:
        remembered = self._worths.get(tenant)
        if remembered is not None and remembered[0] > monotonic():
            return remembered[1]
        worth = worth_of_the_intent(await self._archive.get(tenant, WORTH, ALL) or {})
        self._worths[tenant] = (monotonic() + READ_AGAIN_S, worth)
        return worth

    async def _foretell(self, tenant: str, case_id: str, vector: Vector, outcome: FiledOutcome, prior: float) -> None:
        """Note how surprising an outcome was for each worth, given what was known without it."""
        similar = _weighed(await self._nearest(tenant, case_id, vector), USUAL_WORTH)
        seen = similar.rates.get(outcome.action_id)
        if outcome.success is None or seen is None:
            return
        believed = await self._learner.belief_without(tenant, outcome, prior)
        losses = {f"{worth:g}": _loss(leant(believed, seen, worth).mean, outcome.success) for worth in WORTHS}
        await self._archive.put_counted(
            tenant,
            FORETOLD,
            f"{case_id} {outcome.decision_id} {outcome.action_id}",
            {"losses": losses},
            counting=_counted,
            customer_id=outcome.customer_id,
        )


def leant(believed: Belief, seen: Rate, worth: float) -> Belief:
    """What is believed of an action once similar cases are heard too; see the top of this file."""
    strength = believed.successes + believed.failures + seen.trials
    # Where little called for an action, there may be more successes than trials.
    mean = min(1.0, (worth * believed.mean + seen.successes) / (worth + seen.trials))
    return Belief(mean * strength, (1 - mean) * strength)


def worth_of_the_intent(losses: Mapping[str, Any]) -> float:
    """How many similar outcomes the intent's own rate is worth, by the summed losses of `WORTHS`."""

    def cost(worth: float) -> float:
        return float(losses.get(f"{worth:g}", 0.0)) + abs(log2(worth / USUAL_WORTH))

    return min(WORTHS, key=cost)


def weight(likeness: float) -> float:
    """How much a case counts, 0 to 1, by its cosine."""
    return min(1.0, max(0.0, (likeness - UNLIKE) / (LIKE - UNLIKE)))


def _weighed(like_cases: Sequence[LikeCase], worth: float) -> Similar:
    rates: dict[str, Rate] = {}
    plain_rates: dict[str, Rate] = {}
    for case in like_cases:
        counts = weight(case.likeness)
        sums: Mapping[str, Sequence[float]] = from_json(case.outcome)
        for action_id, (trials, successes) in sums.items():
            if trials <= 0:
                continue
            share = min(1.0, max(0.0, successes / trials))
            plain = plain_rates.get(action_id, Rate())
            once = Rate(trials, successes).times(counts / max(1.0, trials, successes))
            rates[action_id] = rates.get(action_id, Rate()) + once
            plain_rates[action_id] = Rate(plain.trials + 1, plain.successes + float(share >= 0.5))
    return Similar(rates, plain_rates, worth)


def _outcome(sums: Mapping[str, Any]) -> str:
    """The trials and successes of each action of a case."""
    actions = {name.partition(" ")[2] for name in sums if name.startswith(TRIALS)}
    outcomes = {
        action: (sums[f"{TRIALS} {action}"], sums.get(f"{SUCCESSES} {action}", 0.0)) for action in sorted(actions)
    }
    return to_json(outcomes).decode()


def _loss(foretold: float, success: float) -> float:
    likely = min(_SURE, max(1 - _SURE, foretold))
    return -(success * log(likely) + (1 - success) * log(1 - likely))


def _counted(document: Mapping[str, Any]) -> Counts:
    return {WORTH: {ALL: document["losses"]}}
