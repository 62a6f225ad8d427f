"""A champion and a challenger side by side: whom each decides for, and when it can be said which is better."""

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.actions import read_catalogue
from app.actions.challenger import Challenger, Challengers
from app.actions.comparison import ArmSums, reward_of, verdict
from app.adapters.memory import MemoryArchive
from app.errors import InvalidRequest, NotFound
from app.models import ActionOutcome, FiledOutcome, NextActionRequest
from tests.support.builders import draft

if TYPE_CHECKING:
    from app.services import App

CHAMPION = """
name: champion
intents:
  - {name: broken, label: Something broke, examples: [My bicycle is broken]}
actions:
  - {id: fix, label: Repair it, intents: {broken: 1.0, any: 0.5}, repeatable: true}
  - {id: replace, label: Replace it, intents: {any: 0.4}, repeatable: true}
"""
CHALLENGER = CHAMPION.replace("any: 0.4", "any: 0.4, broken: 1.0").replace(
    "label: Replace it", "label: Swap it, value: 9"
)
RUNS, LOOKS = 400, 3000


def stopped(rng: np.random.Generator, champion: float, challenger: float) -> str:
    """The first verdict that ends a comparison looked at after every pair of customers, each served or not."""
    served = [rng.random(LOOKS) < rate for rate in (champion, challenger)]
    totals = [np.cumsum(arm) for arm in served]
    for customers in range(50, LOOKS, 10):
        sums = [ArmSums(customers, float(total[customers - 1]), float(total[customers - 1])) for total in totals]
        answer = verdict(*sums).verdict
        if answer != "continue":
            return answer
    return "continue"


@pytest.mark.parametrize("rate", [0.5, 0.1])
def test_under_no_difference_looking_all_the_time_calls_an_arm_better_in_at_most_one_of_twenty(rate: float) -> None:
    rng = np.random.default_rng(1)
    answers = Counter(stopped(rng, rate, rate) for _ in range(RUNS))
    assert answers["champion_better"] + answers["challenger_better"] <= 0.05 * RUNS


def test_a_difference_that_is_worth_it_is_found_and_on_the_right_side() -> None:
    rng = np.random.default_rng(2)
    better = Counter(stopped(rng, 0.5, 0.6) for _ in range(100))
    worse = Counter(stopped(rng, 0.6, 0.5) for _ in range(100))
    assert better["challenger_better"] >= 90
    assert better["champion_better"] == 0
    assert worse["champion_better"] >= 90


def test_a_difference_too_small_to_matter_ends_the_comparison_too() -> None:
    alike = ArmSums(40_000, 20_000.0, 20_000.0)
    assert verdict(alike, alike).verdict == "no_difference_worth_it"
    assert verdict(alike, alike, least=0.001).verdict == "continue"


def test_before_each_arm_has_some_customers_nothing_is_said() -> None:
    answer = verdict(ArmSums(10_000, 9_000.0, 9_000.0), ArmSums(49, 0.0, 0.0))
    assert (answer.verdict, answer.ci_low, answer.ci_high) == ("continue", -1.0, 1.0)


def test_what_was_offered_is_worth_its_best_outcome_and_what_was_not_offered_nothing() -> None:
    def outcome(success: float, position: int | None) -> FiledOutcome:
        moment = datetime(2026, 3, 2, tzinfo=UTC)
        return FiledOutcome(
            decision_id="d", customer_id="c", action_id="fix", reward=success, position=position, filed_at=moment
        )

    assert reward_of([outcome(0.0, 1), outcome(1.0, 2)]) == 1.0
    assert reward_of([outcome(0.0, 1), outcome(1.0, None)]) == 0.0
    assert reward_of([outcome(1.0, None)]) is None


def test_the_challenger_decides_for_its_share_of_the_customers_and_always_the_same() -> None:
    catalogue = read_catalogue(CHAMPION, as_json=False)
    challenger = Challenger(catalogue, "v", 0.2, "w", datetime(2026, 3, 2, tzinfo=UTC))
    decided = [challenger.decides_for(f"cus_{number}") for number in range(5000)]
    assert sum(decided) / 5000 == pytest.approx(0.2, abs=0.02)
    assert decided == [challenger.decides_for(f"cus_{number}") for number in range(5000)]


async def test_decisions_say_which_arm_made_them_and_the_arms_are_compared_by_their_outcomes(app: "App") -> None:
    await app.decisions.put_catalogue("t", CHAMPION, as_json=False)
    with pytest.raises(NotFound):
        await app.decisions.compare("t")
    await app.decisions.put_challenger("t", CHALLENGER, share=0.5, as_json=False)
    arms: Counter[tuple[str | None, str]] = Counter()
    for number in range(30):
        conversation = f"c{number}"
        await app.interactions.record("t", [draft("My bicycle is broken", conversation_id=conversation)])
        decision = await app.decisions.next_actions("t", NextActionRequest(conversation_id=conversation))
        first = decision.actions[0].action_id
        arms[decision.arm, first] += 1
        outcome = ActionOutcome(action_id=first, outcome="succeeded" if first == "replace" else "failed")
        await app.decisions.file_outcome("t", decision.decision_id, outcome)
    comparison = await app.decisions.compare("t")
    assert {arm for arm, _ in arms} == {"champion", "challenger"}
    assert (arms["challenger", "fix"], arms["champion", "fix"] > 0) == (0, True)
    assert comparison.champion.customers + comparison.challenger.customers == 30
    assert comparison.challenger.mean == 1.0
    assert comparison.difference == pytest.approx(1.0 - comparison.champion.mean, abs=1e-3)
    assert comparison.verdict == "continue"

    await app.decisions.put_catalogue("t", CHAMPION.replace("Repair it", "Mend it"), as_json=False)
    decision = await app.decisions.next_actions("t", NextActionRequest(conversation_id="c0"))
    assert decision.arm is None


async def test_a_challenger_has_the_champions_intents_and_at_most_half_of_the_customers(app: "App") -> None:
    await app.decisions.put_catalogue("t", CHAMPION, as_json=False)
    other = CHALLENGER.replace("broken", "slow")
    with pytest.raises(InvalidRequest, match="no intent 'slow'"):
        await app.decisions.put_challenger("t", other, share=0.5, as_json=False)
    with pytest.raises(InvalidRequest, match="share: Give a share"):
        await app.decisions.put_challenger("t", CHALLENGER, share=0.6, as_json=False)


async def test_another_worker_sees_the_challenger_and_a_share_of_nothing_ends_it(app: "App") -> None:
    archive = MemoryArchive()
    here, beside = Challengers(archive), Challengers(archive, look_again_s=0)
    champion = await app._parts.decisions.catalogues.of("t")  # pyright: ignore[reportPrivateUsage]
    catalogue = read_catalogue("name: x\nactions:\n  - {id: fix, label: Repair it}\n", as_json=False)
    assert await beside.of("t", champion.version) is None
    put = await here.put("t", catalogue, 0.1, champion)
    assert await beside.of("t", champion.version) == put
    assert await beside.of("t", "another") is None
    await here.put("t", catalogue, 0.0, champion)
    assert await beside.of("t", champion.version) is None
