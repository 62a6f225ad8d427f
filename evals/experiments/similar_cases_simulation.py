"""What similar cases add to learning, on a simulated tenant whose intents may hide several matters.

A catalogue's intents are coarse: under one of them lie matters that are put in different words and are not served by
the same action. The service's own learner plays such a tenant twice, with and without its settled cases, on the same
customers; and once more a tenant whose intents are each of one kind, where similar cases have nothing to add and must
do no harm. Messages are unit vectors with cosines as a sentence embedder gives them: about 0.65 within a matter, 0.3
within an intent, 0 elsewhere.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.bootstrap import build_similar
from app.models import Components, FiledOutcome, Record
from evals.experiments.off_policy import quantile

INTENTS, MATTERS, ACTIONS, OPEN, DIMENSIONS = 4, 4, 6, 4, 128
# By how much an action's success differs between the matters of one intent.
APART = 0.25
_TENANT = "tenant"
_EVEN = Components(propensity=0.5, context=1.0, value=1.0, lever=1.0)
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)

Tell = Callable[[int, int], None]


class Gain(Record):
    """The share of the best possible reward over all decisions of a run, with and without similar cases.

    The mean over the runs, and the 95 % interval of their paired difference.
    """

    with_similar: float
    without: float
    gain: float
    gain_ci: tuple[float, float]


class SimilarFigures(Record):
    """What similar cases add: where intents hide several matters, and where each is of one kind."""

    runs: int
    decisions: int
    several_matters: Gain
    one_kind: Gain


class Tenant(NamedTuple):
    """Probabilities of success, shape (intents, matters, actions), and the directions of matters, unit vectors."""

    success: NDArray[np.float64]
    directions: NDArray[np.float64]

    @classmethod
    def drawn(cls, seed: int, *, apart: float) -> "Tenant":
        """A tenant with intents whose matters differ by so much."""
        rng = np.random.default_rng([seed, 3])
        by_intent = rng.beta(2, 4, size=(1, 1, ACTIONS)) + rng.normal(0, 0.2, size=(INTENTS, 1, ACTIONS))
        success = np.clip(by_intent + rng.normal(0, apart, size=(INTENTS, MATTERS, ACTIONS)), 0.02, 0.95)
        shared = rng.normal(size=(INTENTS, 1, DIMENSIONS))
        directions = 0.9 * shared + rng.normal(size=(INTENTS, MATTERS, DIMENSIONS))
        return cls(success, directions / np.linalg.norm(directions, axis=-1, keepdims=True))


class SimulatedCustomer(NamedTuple):
    """One who comes: what for, in which words, and what may be done."""

    intent: int
    matter: int
    message: NDArray[np.float32]
    open_actions: Sequence[int]
    luck: float


async def measure(*, runs: int = 8, decisions: int = 600, progress: Tell | None = None) -> SimilarFigures:
    """Play `runs` tenants of either kind, at least two, for so many decisions, with and without similar cases."""
    done = 0

    async def gain(apart: float) -> Gain:
        nonlocal done
        pairs: list[tuple[float, float]] = []
        for run in range(runs):
            tenant = Tenant.drawn(run, apart=apart)
            pairs.append(
                (await play(tenant, decisions, seed=run, similar=True), await play(tenant, decisions, seed=run))
            )
            done += 1
            if progress:
                progress(done, 2 * runs)
        return _gain(pairs)

    several, one_kind = await gain(APART), await gain(0.0)
    return SimilarFigures(runs=runs, decisions=decisions, several_matters=several, one_kind=one_kind)


async def play(tenant: Tenant, decisions: int, *, seed: int, similar: bool = False) -> float:
    """The share of the best possible reward that the service's learner earns, exploring, told every outcome."""
    learner, cases = build_similar()
    chance = Random(seed)  # noqa: S311 - a simulation
    earned = possible = 0.0
    for turn, customer in enumerate(_customers(tenant, decisions, seed)):
        leaning = (await cases.to(_TENANT, f"m{turn}", customer.message)).leaning if similar else None
        components = {f"a{open_action}": _EVEN for open_action in customer.open_actions}
        arranged = await learner.arrange(
            _TENANT, f"i{customer.intent}", components, places=1, chance=chance, leaning=leaning
        )
        first = arranged.order[0][0]
        chances = tenant.success[customer.intent, customer.matter]
        earned += float(chances[int(first[1:])])
        possible += float(chances[list(customer.open_actions)].max())
        outcome = FiledOutcome(
            decision_id=f"d{turn}",
            customer_id=f"c{turn}",
            intent=f"i{customer.intent}",
            case_id=f"m{turn}",
            action_id=first,
            reward=float(customer.luck < chances[int(first[1:])]),
            filed_at=_MOMENT,
        )
        await learner.file_outcome(_TENANT, outcome)
        if similar:
            await cases.file(_TENANT, f"m{turn}", customer.message, [outcome])
    return earned / possible


def _customers(tenant: Tenant, count: int, seed: int) -> Sequence[SimulatedCustomer]:
    rng = np.random.default_rng([seed, 4])
    customers: list[SimulatedCustomer] = []
    for _ in range(count):
        intent, matter = int(rng.integers(INTENTS)), int(rng.integers(MATTERS))
        direction = tenant.directions[intent, matter] + rng.normal(size=DIMENSIONS) * 0.73 / np.sqrt(DIMENSIONS)
        message = (direction / np.linalg.norm(direction)).astype(np.float32)
        open_actions = sorted(int(action) for action in rng.choice(ACTIONS, size=OPEN, replace=False))
        customers.append(SimulatedCustomer(intent, matter, message, open_actions, float(rng.random())))
    return customers


def _gain(pairs: Sequence[tuple[float, float]]) -> Gain:
    gains = [similar - plain for similar, plain in pairs]
    middle = mean(gains)
    half = quantile(len(gains) - 1) * stdev(gains) / len(gains) ** 0.5
    return Gain(
        with_similar=mean(similar for similar, _ in pairs),
        without=mean(plain for _, plain in pairs),
        gain=middle,
        gain_ci=(middle - half, middle + half),
    )
