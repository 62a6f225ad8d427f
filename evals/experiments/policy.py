"""`warmline eval policy`: whether the learner finds the best actions, and what another policy would be worth.

Without a log, a simulated tenant is played whose rewards are known: each intent and action has a probability of
success, and policy leaves some actions open each time. The service's own learner decides and is told what came of it.
It has learnt well when what it puts first is nearly as good as the best policy's choice; similar cases help when they
make more of few outcomes (`similar_cases_simulation.py`); and the log it leaves is sound
when the true value of a policy that was never run lies within the interval that is estimated from the log.

With a log (the lines of `GET /v1/decisions`), a policy is evaluated on real decisions.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from app.bootstrap import build_learner, catalogue_named
from app.errors import InvalidRequest
from app.models import Candidate, Components, DecisionWithOutcomes, FiledOutcome, Record
from app.validation import invalid_request
from evals.experiments.off_policy import LoggedChoice, OffPolicyFigures, Policy, choice_of, off_policy
from evals.experiments.similar_cases_simulation import SimilarFigures, measure

INTENTS = 8
ACTIONS = 6
OPEN = 4
GOOD_ENOUGH = 0.95
WINDOW = 500
# Where outcomes are few, similar cases are to help.
SIMILAR_DECISIONS = 600
ANY = "any"

Tell = Callable[[int, int], None]
_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


class LearningFigures(Record):
    """What the learner's first choices are worth, as shares of the best policy's expected reward.

    `share_of_best` is over the last 500 decisions, `share_of_best_overall` over all; the mean over the runs and the
    worst of them. `decisions_to_95` is after how many decisions the last 500 reached 0.95; null where none did.
    """

    runs: int
    decisions: int
    share_of_best: float
    share_of_best_worst: float
    share_of_best_overall: float
    decisions_to_95_median: float | None
    decisions_to_95_worst: int | None


class CoverageFigures(Record):
    """In how many of the seeds the true value lay within the 95 % interval, and how wide intervals and errors were."""

    seeds: int
    logged_decisions: int
    covered: Mapping[str, int]
    mean_width: Mapping[str, float]
    root_mean_square_error: Mapping[str, float]


class PolicyFigures(Record):
    """What `eval policy` prints without a log."""

    learning: LearningFigures
    similar: SimilarFigures
    off_policy: CoverageFigures


class LogFigures(OffPolicyFigures):
    """What `eval policy --log FILE` prints. `without_outcome` counts decisions that tell nothing of it."""

    decisions: int
    without_outcome: int
    warning: str | None = None


# --- the simulated tenant ---------------------------------------------------------------------------------------------


class SimulatedTenant(NamedTuple):
    """Known probabilities of success, shape (intents, actions), and how often each intent comes up."""

    success: NDArray[np.float64]
    frequency: NDArray[np.float64]

    @classmethod
    def drawn(cls, seed: int) -> "SimulatedTenant":
        """A tenant with some actions that are good for much and some for one intent only; rare intents and common."""
        rng = np.random.default_rng(seed)
        general = rng.beta(2, 4, size=(1, ACTIONS))
        success = np.clip(general + rng.normal(0, 0.2, size=(INTENTS, ACTIONS)), 0.02, 0.95)
        frequency = 1 / np.arange(1, INTENTS + 1)
        return cls(success, frequency / frequency.sum())

    def best(self, intent: int, open_actions: Sequence[int]) -> float:
        """The expected reward of the best open action."""
        return float(self.success[intent, list(open_actions)].max())

    def value(self, policy: Policy) -> float:
        """The exact expected reward of a policy's first choices."""
        values: list[float] = []
        for intent in range(INTENTS):
            rewards = [self._expected(intent, policy, open_) for open_ in combinations(range(ACTIONS), OPEN)]
            values.append(mean(rewards))
        return float(np.dot(self.frequency, values))

    def _expected(self, intent: int, policy: Policy, open_actions: Sequence[int]) -> float:
        candidates = [
            Candidate(action_id=f"a{open_action}", probability=0, components=_EVEN) for open_action in open_actions
        ]
        shares = policy(f"i{intent}", candidates)
        return sum(share * self.success[intent, int(name[1:])] for name, share in shares.items())


_EVEN = Components(propensity=0.5, context=1.0, value=1.0, lever=1.0)


class SimulatedRun(NamedTuple):
    """A run of the learner: each decision's expected reward beside the best possible, and the log it left."""

    earned: NDArray[np.float64]
    possible: NDArray[np.float64]
    log: list[LoggedChoice]


async def play(tenant: SimulatedTenant, decisions: int, *, seed: int) -> SimulatedRun:
    """The service's learner at work for a simulated tenant, exploring, told the outcome of every first choice."""
    rng = np.random.default_rng([seed, 1])
    chance = Random(seed)  # noqa: S311 - a simulation
    learner = build_learner()
    earned, possible = np.zeros(decisions), np.zeros(decisions)
    log: list[LoggedChoice] = []
    intents = rng.choice(INTENTS, size=decisions, p=tenant.frequency)
    for turn, intent in enumerate(intents):
        open_actions = sorted(rng.choice(ACTIONS, size=OPEN, replace=False))
        components = {f"a{open_action}": _EVEN for open_action in open_actions}
        arranged = await learner.arrange("tenant", f"i{intent}", components, places=1, chance=chance)
        first = arranged.order[0][0]
        probability = tenant.success[intent, int(first[1:])]
        success = float(rng.random() < probability)
        await learner.file_outcome("tenant", _outcome(turn, f"i{intent}", first, success))
        earned[turn], possible[turn] = probability, tenant.best(int(intent), open_actions)
        log.append(LoggedChoice(f"c{turn}", f"i{intent}", first, arranged.candidates, success))
    return SimulatedRun(earned, possible, log)


async def simulate(
    *, runs: int = 5, decisions: int = 5000, seeds: int = 100, logged: int = 600, progress: Tell | None = None
) -> PolicyFigures:
    """Play `runs` tenants for `decisions` each, and judge a new policy on `seeds` logs of `logged` decisions each."""
    total = runs * decisions + seeds * logged
    similar = await measure(runs=max(2, runs), decisions=min(SIMILAR_DECISIONS, decisions))
    played: list[SimulatedRun] = []
    for run in range(runs):
        played.append(await play(SimulatedTenant.drawn(run), decisions, seed=run))
        _tell(progress, (run + 1) * decisions, total)
    judged: list[tuple[float, OffPolicyFigures]] = []
    for seed in range(seeds):
        tenant = SimulatedTenant.drawn(1000 + seed)
        policy = guessing(tenant, seed)
        log = (await play(tenant, logged, seed=1000 + seed)).log
        judged.append((tenant.value(policy), off_policy(log, policy)))
        _tell(progress, runs * decisions + (seed + 1) * logged, total)
    return PolicyFigures(learning=_learning(played), similar=similar, off_policy=_coverage(judged, logged))


def guessing(tenant: SimulatedTenant, seed: int) -> Policy:
    """A policy that puts first what it believes best, by a guess at the tenant's rewards; it never saw the log."""
    rng = np.random.default_rng([seed, 2])
    guess = tenant.success + rng.normal(0, 0.15, size=tenant.success.shape)

    def policy(intent: str, candidates: Sequence[Candidate]) -> Mapping[str, float]:
        best = max(candidates, key=lambda candidate: guess[int(intent[1:]), int(candidate.action_id[1:])])
        return {best.action_id: 1.0}

    return policy


def _outcome(turn: int, intent: str, action_id: str, success: float) -> FiledOutcome:
    return FiledOutcome(
        decision_id=f"dec_{turn}",
        customer_id=f"c{turn}",
        intent=intent,
        action_id=action_id,
        displayed=True,
        reward=success,
        filed_at=_MOMENT,
    )


def _learning(played: Sequence[SimulatedRun]) -> LearningFigures:
    last = [float(run.earned[-WINDOW:].sum() / run.possible[-WINDOW:].sum()) for run in played]
    reached = [needed for run in played if (needed := decisions_to(run.earned, run.possible)) is not None]
    all_reached = len(reached) == len(played)
    return LearningFigures(
        runs=len(played),
        decisions=len(played[0].earned),
        share_of_best=mean(last),
        share_of_best_worst=min(last),
        share_of_best_overall=mean(float(run.earned.sum() / run.possible.sum()) for run in played),
        decisions_to_95_median=median(reached) if reached else None,
        decisions_to_95_worst=max(reached) if all_reached else None,
    )


def decisions_to(earned: NDArray[np.float64], possible: NDArray[np.float64]) -> int | None:
    """After how many decisions the last 500 earned 95 % of what was possible; None if never."""
    window = np.ones(min(WINDOW, len(earned)))
    shares = np.convolve(earned, window, "valid") / np.convolve(possible, window, "valid")
    good = np.flatnonzero(shares >= GOOD_ENOUGH)
    return int(good[0]) + len(window) if len(good) else None


def _coverage(judged: Sequence[tuple[float, OffPolicyFigures]], logged: int) -> CoverageFigures:
    estimates = {
        name: [(truth, getattr(figures, name)) for truth, figures in judged] for name in ("ips", "snips", "dr")
    }
    return CoverageFigures(
        seeds=len(judged),
        logged_decisions=logged,
        covered={
            name: sum(estimate.ci_low <= truth <= estimate.ci_high for truth, estimate in pairs)
            for name, pairs in estimates.items()
        },
        mean_width={
            name: mean(estimate.ci_high - estimate.ci_low for _, estimate in pairs) for name, pairs in estimates.items()
        },
        root_mean_square_error={
            name: mean((estimate.value - truth) ** 2 for truth, estimate in pairs) ** 0.5
            for name, pairs in estimates.items()
        },
    )


def _tell(progress: Tell | None, done: int, total: int) -> None:
    if progress:
        progress(done, total)


# --- a real log -------------------------------------------------------------------------------------------------------


def evaluate_log(path: Path, policy: str, *, audience: str | None = None) -> LogFigures:
    """What a policy would be worth on a log of decisions, all of them or those for one audience.

    `policy` as in `policy_named`. Raises InvalidRequest.
    """
    decisions = [decision for decision in _decisions(path) if audience in (None, decision.audience)]
    log = [choice for decision in decisions if (choice := choice_of(decision)) is not None]
    figures = off_policy(log, policy_named(policy))
    warning = None
    if figures.supported < 1:
        warning = (
            f"{1 - figures.supported:.0%} of what this policy would put first had no chance to come first in the log, "
            "and nothing is known of it. Set `exploration: true` in the catalogue to log what can be judged."
        )
    return LogFigures(
        **dict(figures), decisions=len(decisions), without_outcome=len(decisions) - len(log), warning=warning
    )


def policy_named(policy: str) -> Policy:
    """A policy by its name: a shipped catalogue, a catalogue's YAML file, or a JSON file with choices by intent.

    A catalogue puts first what scores best by the logged propensity and context and its own value and lever. A JSON
    file says `{"intent": "action"}` or `{"intent": {"action": probability}}`, `any` standing for all other intents.
    Where none of its choices was open, the logged policy's choice stands. Raises InvalidRequest, ConfigurationError.
    """
    return _table(Path(policy)) if policy.endswith(".json") else _catalogue(policy)


def _catalogue(name: str) -> Policy:
    actions = {action.id: action for action in catalogue_named(name).actions}

    def score(candidate: Candidate) -> float:
        action = actions[candidate.action_id]
        return candidate.components.propensity * candidate.components.context * action.value * action.lever

    def policy(_: str, candidates: Sequence[Candidate]) -> Mapping[str, float]:
        listed = [candidate for candidate in candidates if candidate.action_id in actions]
        return {max(listed, key=score).action_id: 1.0} if listed else _as_logged(candidates)

    return policy


def _table(path: Path) -> Policy:
    try:
        read: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as failure:
        raise InvalidRequest(f"{path}: {failure}. A policy is a JSON object of actions by intent.") from None
    if not isinstance(read, dict):
        raise InvalidRequest(f"{path}: a policy is a JSON object of actions by intent.")
    table = {intent: _shares(path, intent, choice) for intent, choice in cast(dict[str, Any], read).items()}

    def policy(intent: str, candidates: Sequence[Candidate]) -> Mapping[str, float]:
        wanted = table.get(intent, table.get(ANY, {}))
        shares = {
            candidate.action_id: wanted[candidate.action_id]
            for candidate in candidates
            if wanted.get(candidate.action_id)
        }
        total = sum(shares.values())
        return {name: share / total for name, share in shares.items()} if total else _as_logged(candidates)

    return policy


def _shares(path: Path, intent: str, choice: Any) -> Mapping[str, float]:
    if isinstance(choice, str):
        return {choice: 1.0}
    shares = cast(dict[str, Any], choice) if isinstance(choice, dict) else {}
    if not shares or not all(isinstance(share, int | float) and share >= 0 for share in shares.values()):
        raise InvalidRequest(f"{path}: under {intent!r}, give an action's id or an object of probabilities by action.")
    return {name: float(share) for name, share in shares.items()}


def _as_logged(candidates: Sequence[Candidate]) -> Mapping[str, float]:
    return {candidate.action_id: candidate.probability for candidate in candidates if candidate.probability > 0}


def _decisions(path: Path) -> list[DecisionWithOutcomes]:
    decisions: list[DecisionWithOutcomes] = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                decisions.append(DecisionWithOutcomes.model_validate_json(line))
            except ValidationError as failure:
                raise InvalidRequest(f"{path}:{number}: {invalid_request(failure, whole='line').detail}") from None
    return decisions
