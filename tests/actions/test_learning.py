"""Learning from outcomes: what is believed of an action, what is kept, and how exploring is drawn and logged."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from app.actions import DecisionMaker, Learner, Understanding, parse_catalogue
from app.actions.exploration import LEAST_SHARE, Belief, Option, explored, ranked
from app.actions.rates import Circumstances, Rate, belief, evidence, spread, worth_of_others
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.models import ActionOutcome, Components, FiledOutcome, Intent, Intervention, NextActionRequest
from tests.conftest import WordEmbedder
from tests.support.builders import draft, interaction, snapshot
from tests.support.cases import understood

if TYPE_CHECKING:
    from app.services import App

PRIORS = {"fix": 0.5, "replace": 0.2}


def outcome(decision: int, action_id: str, reward: float | None, intent: str | None = "broken") -> FiledOutcome:
    """What became of one action of one decision."""
    return FiledOutcome(
        decision_id=f"dec_{decision}",
        customer_id="cus_1",
        intent=intent,
        action_id=action_id,
        reward=reward,
        filed_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


async def propensities(
    learner: Learner, intent: str | None = "broken", tenant: str = "t", priors: Mapping[str, float] = PRIORS
) -> dict[str, float]:
    """The learnt propensity of each action."""
    components = {name: Components(propensity=prior, context=1, value=1, lever=1) for name, prior in priors.items()}
    arranged = await learner.arrange(tenant, intent, components, places=3)
    return {candidate.action_id: candidate.components.propensity for candidate in arranged.candidates}


async def tell(learner: Learner, action_id: str, rewards: Sequence[float], intent: str = "broken") -> None:
    """Tells so many outcomes, each of a decision of its own."""
    for number, reward in enumerate(rewards):
        await learner.file_outcome("t", outcome(hash((action_id, intent)) + number, action_id, reward, intent))


@pytest.fixture
def archive() -> MemoryArchive:
    return MemoryArchive()


# --- what is learnt ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome_fields", "success"),
    [
        ({"outcome": "succeeded"}, 1.0),
        ({"outcome": "failed"}, 0.0),
        ({"outcome": "unknown"}, None),
        ({"accepted": False}, 0.0),
        ({"accepted": True}, None),
        ({"accepted": True, "outcome": "failed"}, 0.0),
        ({"displayed": False, "outcome": "succeeded"}, None),
        ({"displayed": False, "accepted": True, "outcome": "succeeded"}, 1.0),
        ({"reward": 0.25, "outcome": "succeeded"}, 0.25),
        ({"reward": 7.0}, 1.0),
        ({"reward": -7.0}, 0.0),
    ],
)
def test_an_outcome_says_how_well_an_action_served(outcome_fields: dict[str, Any], success: float | None) -> None:
    assert ActionOutcome(action_id="fix", **outcome_fields).success == success


async def test_before_the_first_outcome_the_catalogue_is_believed(archive: MemoryArchive) -> None:
    assert await propensities(Learner(archive)) == PRIORS


async def test_outcomes_move_the_propensity_of_their_action_alone(archive: MemoryArchive) -> None:
    learner = Learner(archive)
    await tell(learner, "replace", [1.0] * 30)
    learnt = await propensities(learner)
    assert learnt["replace"] > 0.8
    assert learnt["fix"] == 0.5


async def test_a_single_outcome_moves_little_and_many_move_to_the_rate(archive: MemoryArchive) -> None:
    learner = Learner(archive)
    await tell(learner, "fix", [0.0])
    after_one = (await propensities(learner))["fix"]
    await tell(learner, "fix", [float(number % 10 == 0) for number in range(1000)])
    assert 0.4 < after_one < 0.5
    assert (await propensities(learner))["fix"] == pytest.approx(0.1, abs=0.02)


async def test_an_intent_without_outcomes_leans_on_the_actions_rate_under_others(archive: MemoryArchive) -> None:
    learner = Learner(archive)
    await tell(learner, "fix", [1.0] * 40, "broken")
    await tell(learner, "fix", [1.0] * 40, "slow")
    assert (await propensities(learner, "new"))["fix"] > 0.9
    assert (await propensities(learner, None))["fix"] > 0.9


async def test_where_an_action_serves_one_intent_only_each_is_believed_by_itself(archive: MemoryArchive) -> None:
    learner = Learner(archive)
    await tell(learner, "fix", [1.0] * 60, "broken")
    await tell(learner, "fix", [0.0] * 60, "slow")
    assert (await propensities(learner, "broken"))["fix"] > 0.9
    assert (await propensities(learner, "slow"))["fix"] < 0.1


def test_the_less_intents_differ_the_more_they_say_about_each_other() -> None:
    alike = {"a": Rate(100, 50), "b": Rate(100, 51), "c": Rate(100, 49)}
    apart = {"a": Rate(100, 95), "b": Rate(100, 5), "c": Rate(100, 50)}
    few = {"a": Rate(1, 1), "b": Rate(1, 0)}
    worth = {
        name: worth_of_others([spread(rates.values())]) for name, rates in {"alike": alike, "apart": apart}.items()
    }
    assert worth["apart"] < worth_of_others([]) < worth["alike"]
    assert worth_of_others([spread(few.values())]) == worth_of_others([])
    rates = {Circumstances(name): rate for name, rate in (alike | {"d": Rate(4, 4)}).items()}
    seen = evidence(rates, Circumstances("d"))
    leant = belief(seen, 0.5, catalogue_worth=16, worth=worth["alike"]).mean
    assert leant < belief(seen, 0.5, catalogue_worth=16, worth=worth["apart"]).mean


def test_the_estimate_finds_how_rates_were_drawn() -> None:
    rng = np.random.default_rng(0)
    drawn = rng.binomial(60, rng.beta(0.4 * 6, 0.6 * 6, size=(40, 12)))
    spreads = [spread(Rate(60, float(count)) for count in map(float, successes)) for successes in drawn]
    assert worth_of_others(spreads) == pytest.approx(6, rel=0.25)


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_telling_again_replaces_what_was_told(archive: MemoryArchive) -> None:
    once, again = Learner(archive), Learner(MemoryArchive())
    for reward in (1.0, 1.0, 0.0):
        await once.file_outcome("t", outcome(1, "fix", reward))
    await again.file_outcome("t", outcome(1, "fix", 0.0))
    assert await propensities(once) == await propensities(again)
    await once.file_outcome("t", outcome(1, "fix", None))
    assert await propensities(once) == PRIORS


async def test_another_worker_and_a_later_start_believe_the_same(archive: MemoryArchive) -> None:
    first, beside = Learner(archive), Learner(archive, read_again_s=0)
    assert await propensities(beside) == PRIORS
    await tell(first, "fix", [1.0] * 5)
    learnt = await propensities(first)
    assert learnt["fix"] > 0.6
    assert await propensities(beside) == await propensities(Learner(archive)) == learnt


async def test_tenants_learn_apart(archive: MemoryArchive) -> None:
    learner = Learner(archive)
    await tell(learner, "fix", [1.0] * 5)
    assert await propensities(learner, tenant="other") == PRIORS


async def test_an_outcome_filed_before_outcomes_were_counted_takes_nothing_away(archive: MemoryArchive) -> None:
    learner = Learner(archive)
    old = outcome(1, "fix", 0.0).model_dump(mode="json", exclude={"intent"})
    await archive.put("t", "outcomes", "dec_1 fix", old)
    await learner.file_outcome("t", outcome(1, "fix", 1.0))
    fresh = Learner(MemoryArchive())
    await fresh.file_outcome("t", outcome(1, "fix", 1.0))
    assert await propensities(learner) == await propensities(fresh)


async def test_erasing_a_customer_removes_their_outcomes_and_keeps_what_was_learnt(app: "App") -> None:
    text = "I want to talk to a person."
    recorded = await app.interactions.record("t", [draft(text, conversation_id="c1")])
    request = NextActionRequest(conversation_id="c1")
    decision = await app.decisions.next_actions("t", request)
    first = decision.actions[0]
    await app.decisions.file_outcome(
        "t", decision.decision_id, ActionOutcome(action_id=first.action_id, outcome="failed")
    )
    learnt = (await app.decisions.next_actions("t", request)).actions
    erased = await app.customers.erase("t", recorded.results[0].customer_id or "")
    await app.interactions.record("t", [draft(text, conversation_id="c1")])
    later = (await app.decisions.next_actions("t", request)).actions

    assert erased.erased["outcomes"] == 1
    assert [line async for line in app.decisions.decision_log("t") if line["outcomes"]] == []
    before = {action.action_id: action.propensity for action in learnt}
    after = {action.action_id: action.propensity for action in later}
    assert after[first.action_id] == before[first.action_id] < first.propensity


# --- exploring --------------------------------------------------------------------------------------------------------

OPTIONS = [
    Option(Belief(2, 2), 1.0),
    Option(Belief(30, 10), 0.8),
    Option(Belief(1, 8), 2.0),
    Option(Belief(0.5, 0.5), 0.3),
    Option(Belief(300, 100), 0.9),
]


def test_without_exploring_the_best_score_comes_first_for_sure() -> None:
    order = ranked(OPTIONS, places=2)
    assert [position.candidate for position in order.places] == [4, 1]
    assert [position.probability for position in order.places] == [1.0, 1.0]
    assert order.first == (0, 0, 0, 0, 1)
    assert ranked([], places=3) == ((), ())


def test_an_action_comes_first_as_often_as_it_is_believed_to_be_best() -> None:
    rng = np.random.default_rng(0)
    drawn = np.stack([rng.beta(*option.belief, size=100_000) * option.weight for option in OPTIONS])
    best = np.bincount(drawn.argmax(axis=0), minlength=len(OPTIONS)) / drawn.shape[1]
    weights = np.array([option.weight for option in OPTIONS])
    expected = (1 - LEAST_SHARE) * best + LEAST_SHARE * weights / weights.sum()
    assert explored(OPTIONS, places=1, chance=Random(0)).first == pytest.approx(expected, abs=0.005)


def test_what_is_logged_is_how_often_it_happens() -> None:
    draws = [explored(OPTIONS, places=2, chance=Random(seed)) for seed in range(4000)]
    pairs = Counter(tuple(position.candidate for position in draw.places) for draw in draws)
    for draw in draws[:20]:
        chosen = tuple(position.candidate for position in draw.places)
        assert draw.places[0].probability == draw.first[chosen[0]]
        probability = draw.places[0].probability * draw.places[1].probability
        assert pairs[chosen] / len(draws) == pytest.approx(probability, abs=4 * (probability / len(draws)) ** 0.5)


@pytest.mark.parametrize(
    "options",
    [
        OPTIONS[:1],
        [Option(Belief(0, 8), 1.0), Option(Belief(8, 0), 1.0)],
        [Option(Belief(2, 2), 0.0), Option(Belief(2, 2), 1e-6), Option(Belief(2, 2), 1000.0)],
        [Option(Belief(2, 2), 0.0), Option(Belief(2, 2), 0.0)],
        [Option(Belief(1e6, 1e6), 1.0), Option(Belief(1e6, 1e6), 1.0)],
    ],
)
def test_the_probabilities_add_up_whatever_is_believed(options: list[Option]) -> None:
    order = explored(options, places=5, chance=Random(1))
    assert sorted(position.candidate for position in order.places) == list(range(len(options)))
    assert sum(order.first) == pytest.approx(1)
    assert all(0 < position.probability <= 1 for position in order.places)


CATALOGUE: dict[str, Any] = {
    "name": "bicycles",
    "intents": [{"name": "broken", "label": "Something broke", "examples": ["My bicycle is broken"]}],
    "actions": [
        {"id": "fix", "label": "Repair it", "intents": ["broken"]},
        {"id": "replace", "label": "Replace it", "intents": ["broken"], "propensity": 0.45},
        {"id": "refund", "label": "Give the money back", "intents": ["broken"], "propensity": 0.4},
    ],
}


def sure_of_broken(understanding: Understanding) -> Understanding:
    """What was read, as if the intent were beyond doubt."""
    intent = Intent(name="broken", confidence=1.0)
    return understanding._replace(reading=understanding.reading._replace(intent=intent))


async def test_a_catalogue_that_explores_logs_what_else_might_have_come_first() -> None:
    exploring = DecisionMaker(
        parse_catalogue(CATALOGUE | {"exploration": True}), WordEmbedder(), MemoryArchive(), vectors=MemoryVectors()
    )
    settled = DecisionMaker(parse_catalogue(CATALOGUE), WordEmbedder(), MemoryArchive(), vectors=MemoryVectors())
    case = snapshot([interaction(1, "My bicycle is broken")])
    calm = Intervention.model_validate({"level": "wait", "friction": 0.0})
    firsts: Counter[str] = Counter()
    for _ in range(40):
        understanding = sure_of_broken(await understood(exploring, case))
        decision = await exploring.decide(case, understanding, (), calm, NextActionRequest(limit=2), started=0.0)
        firsts[decision.actions[0].action_id] += 1
        chances = {candidate.action_id: candidate.probability for candidate in decision.candidates}
        assert sum(chances.values()) == pytest.approx(1)
        assert set(chances) == {"fix", "replace", "refund"}
        assert decision.actions[0].probability == chances[decision.actions[0].action_id] < 1
        assert 0 < decision.actions[1].probability < 1
    understanding = sure_of_broken(await understood(settled, case))
    decision = await settled.decide(case, understanding, (), calm, NextActionRequest(), started=0)
    assert len(firsts) == 3
    assert [action.action_id for action in decision.actions] == ["fix", "replace", "refund"]
    assert [action.probability for action in decision.actions] == [1.0, 1.0, 1.0]
    assert [candidate.probability for candidate in decision.candidates] == [1.0, 0.0, 0.0]
