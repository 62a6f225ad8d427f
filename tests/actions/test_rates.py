"""What outcomes say of an action: by how much it was called for, how clear the wish was, and who was to take it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random

import numpy as np
import pytest
from pydantic import ValidationError

from app.actions import Learner
from app.actions.calibration import UNCHANGED, bin_sums, fitted
from app.actions.learning import USUAL_CATALOGUE_WORTH, foreseen_worth, losses_of
from app.actions.rates import Circumstances, Rate, belief, evidence, rates_of, spread, sums_of, worth_of_others
from app.adapters.memory import MemoryArchive
from app.models import ActionOutcome, Candidate, Components, FiledOutcome, OutcomeCount, ScoreBasis, SkippedReason

BASIS = ScoreBasis(prior=0.5, propensity=0.5, demand=1.0, clear=True)


def filed(
    number: int, action_id: str, success: float, *, audience: str = "agent", intent: str = "broken", **fields: object
) -> FiledOutcome:
    """What became of one action of one decision."""
    return FiledOutcome.model_validate(
        {
            "decision_id": f"dec_{number}",
            "customer_id": f"cus_{number}",
            "intent": intent,
            "action_id": action_id,
            "reward": success,
            "audience": audience,
            "basis": BASIS,
            "filed_at": datetime(2026, 3, 2, tzinfo=UTC),
        }
        | fields
    )


async def learnt(
    learner: Learner, demands: Mapping[str, float], *, audience: str = "agent", faint: Sequence[str] = ()
) -> Mapping[str, Candidate]:
    """The candidates of a decision under the intent `broken`, each called for by so much."""
    components = {
        name: Components(propensity=0.5, context=demand, value=1, lever=1) for name, demand in demands.items()
    }
    arranged = await learner.arrange("t", "broken", components, places=3, audience=audience, faint=faint)
    return {candidate.action_id: candidate for candidate in arranged.candidates}


# --- why something was skipped ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "success", "weight"),
    [
        (SkippedReason.NOT_RELEVANT, 0.0, 1.0),
        (SkippedReason.OTHER, 0.0, 1.0),
        (SkippedReason.CUSTOMER_DECLINED, 0.0, 0.5),
        (SkippedReason.ALREADY_DONE, None, 1.0),
        (SkippedReason.NOT_ALLOWED, None, 1.0),
    ],
)
def test_why_an_action_was_skipped_says_how_much_it_counts(
    reason: SkippedReason, success: float | None, weight: float
) -> None:
    skipped = ActionOutcome(action_id="fix", displayed=True, accepted=False, skipped_reason=reason)
    assert skipped.success == success
    assert skipped.weight == weight


@pytest.mark.parametrize("accepted", [True, None])
def test_only_what_was_not_taken_has_a_reason_for_that(accepted: bool | None) -> None:
    with pytest.raises(ValidationError) as caught:
        ActionOutcome(action_id="fix", accepted=accepted, skipped_reason=SkippedReason.OTHER)
    assert caught.value.errors()[0]["loc"] == ("skipped_reason",)


async def test_a_customer_who_declines_counts_for_half_a_failure_and_what_was_done_already_for_none() -> None:
    propensity_by_reason: dict[str, float] = {}
    for reason in SkippedReason:
        learner = Learner(MemoryArchive())
        for number in range(10):
            skipped = filed(number, "fix", 0.0, accepted=False, skipped_reason=reason)
            await learner.file_outcome("t", skipped.model_copy(update={"reward": None}))
        propensity_by_reason[reason] = (await learnt(learner, {"fix": 1.0}))["fix"].components.propensity
    assert propensity_by_reason["already_done"] == propensity_by_reason["not_allowed"] == 0.5
    assert propensity_by_reason["not_relevant"] < propensity_by_reason["customer_declined"] < 0.5


# --- what counts for what ---------------------------------------------------------------------------------------------


async def test_a_failure_counts_by_how_much_the_action_was_called_for() -> None:
    faintly, fully = Learner(MemoryArchive()), Learner(MemoryArchive())
    for number in range(10):
        await fully.file_outcome("t", filed(number, "fix", 0.0))
        await faintly.file_outcome("t", filed(number, "fix", 0.0, basis=BASIS.model_copy(update={"demand": 0.1})))
    by_fully = (await learnt(fully, {"fix": 1.0}))["fix"].components.propensity
    by_faintly = (await learnt(faintly, {"fix": 1.0}))["fix"].components.propensity
    assert by_fully < 0.3
    assert 0.4 < by_faintly < 0.5


async def test_failures_under_a_faint_wish_say_nothing_of_an_action_that_the_customer_names() -> None:
    learner = Learner(MemoryArchive())
    faint = BASIS.model_copy(update={"demand": 0.4, "clear": False})
    for number in range(50):
        await learner.file_outcome("t", filed(number, "fix", 0.0, basis=faint))
    assert (await learnt(learner, {"fix": 1.0}))["fix"].components.propensity == 0.5
    assert (await learnt(learner, {"fix": 0.4}, faint=["fix"]))["fix"].components.propensity < 0.2


async def test_agents_and_bots_learn_apart_and_lean_on_each_other() -> None:
    learner = Learner(MemoryArchive())
    for number in range(40):
        await learner.file_outcome("t", filed(number, "fix", 1.0, audience="agent"))
    for_agents = (await learnt(learner, {"fix": 1.0}, audience="agent"))["fix"].components.propensity
    for_bots = (await learnt(learner, {"fix": 1.0}, audience="bot"))["fix"].components.propensity
    assert 0.6 < for_bots < for_agents
    for number in range(40, 80):
        await learner.file_outcome("t", filed(number, "fix", 0.0, audience="bot"))
    assert (await learnt(learner, {"fix": 1.0}, audience="bot"))["fix"].components.propensity < 0.3
    assert (await learnt(learner, {"fix": 1.0}, audience="agent"))["fix"].components.propensity > 0.7


def test_many_outcomes_of_the_others_never_drown_few_of_ones_own() -> None:
    own, others = Circumstances("a", "bot", True), Circumstances("a", "agent", True)
    rates = {own: Rate(40, 40), others: Rate(100_000, 0)}
    assert belief(evidence(rates, own), 0.5, catalogue_worth=16, worth=8).mean > 0.6


def test_sums_are_read_back_as_what_they_were_counted_for() -> None:
    noted, unnoted = Circumstances("a b", "bot", False), Circumstances("")
    rates = {noted: Rate(1, 2, 0.5), unnoted: Rate(3, 4)}
    assert rates_of({name: total for at, rate in rates.items() for name, total in sums_of(at, rate).items()}) == rates


def test_intents_with_few_chances_to_tell_them_apart_do_not_look_different() -> None:
    rng = np.random.default_rng(0)
    demands = rng.uniform(0.1, 0.4, size=(40, 8, 30))
    successes = rng.random(demands.shape) < demands * 0.5
    spreads = [
        spread(
            Rate(float(demand.sum()), float(right.sum()), float((demand**2).sum()))
            for demand, right in zip(of_action, rights, strict=True)
        )
        for of_action, rights in zip(demands, successes, strict=True)
    ]
    assert worth_of_others(spreads) > 30


async def test_what_policy_held_back_and_was_taken_all_the_same_teaches_nothing() -> None:
    learner = Learner(MemoryArchive())
    for number in range(10):
        await learner.file_outcome("t", filed(number, "fix", 1.0, basis=None))
    assert (await learnt(learner, {"fix": 1.0}))["fix"].components.propensity == 0.5


def test_what_was_counted_before_circumstances_were_noted_counts_for_all() -> None:
    old = {Circumstances("a"): Rate(10, 5)}
    for at in (Circumstances("a", "bot", True), Circumstances("a", "agent", False)):
        assert evidence(old, at).own == Rate(10, 5)


# --- what usually helps -----------------------------------------------------------------------------------------------


async def test_what_usually_helps_is_learnt_from_what_succeeded() -> None:
    learner = Learner(MemoryArchive())
    assert await learner.usual("t", "agent") == {}
    for number in range(40):
        await learner.file_outcome("t", filed(number, "fix" if number % 4 else "replace", 1.0))
    usual = await learner.usual("t", "agent")
    assert usual["fix"] == pytest.approx(30 / 60)
    assert usual["replace"] == pytest.approx(10 / 60)


# --- how far the catalogue is trusted ---------------------------------------------------------------------------------


def _candidates(**seen: Rate) -> Sequence[Candidate]:
    return [
        Candidate(
            action_id=name,
            probability=0.0,
            components=Components(propensity=0.5, context=1.0, value=1, lever=1),
            basis=BASIS.model_copy(update={"elsewhere": OutcomeCount(trials=rate.trials, successes=rate.successes)}),
        )
        for name, rate in seen.items()
    ]


def test_where_rates_foretell_what_succeeds_the_catalogue_is_worth_less_and_where_they_mislead_more() -> None:
    candidates = _candidates(fix=Rate(40, 36), replace=Rate(40, 4))
    foretold = losses_of(filed(1, "fix", 1.0), candidates, worth=8)
    misled = losses_of(filed(1, "replace", 1.0), candidates, worth=8)
    good = {name: 60 * loss for name, loss in foretold.items()}
    bad = {name: 60 * loss for name, loss in misled.items()}
    assert foreseen_worth(good) < USUAL_CATALOGUE_WORTH == foreseen_worth({}) < foreseen_worth(bad)


def test_a_failure_and_a_decision_without_alternatives_say_nothing_of_the_catalogue() -> None:
    candidates = _candidates(fix=Rate(40, 36), replace=Rate(40, 4))
    assert losses_of(filed(1, "fix", 0.0), candidates, worth=8) == {}
    assert losses_of(filed(1, "fix", 1.0), candidates[:1], worth=8) == {}


async def test_telling_again_takes_back_all_that_was_learnt() -> None:
    learner = Learner(MemoryArchive())
    before = await learnt(learner, {"fix": 0.8, "replace": 0.6})
    outcome = filed(1, "fix", 1.0, position=1)
    for _ in range(3):
        await learner.file_outcome("t", outcome, list(before.values()))
    assert await learnt(learner, {"fix": 0.8, "replace": 0.6}) != before
    unknown = outcome.model_copy(update={"reward": None})
    await learner.file_outcome("t", unknown, list(before.values()))
    assert await learnt(learner, {"fix": 0.8, "replace": 0.6}) == before


# --- calibration ------------------------------------------------------------------------------------------------------


def _bins(pairs: Sequence[tuple[float, float]]) -> Mapping[str, float]:
    sums: dict[str, float] = {}
    for score, success in pairs:
        for name, count in bin_sums(score, success, 1.0).items():
            sums[name] = sums.get(name, 0.0) + count
    return sums


def test_without_outcomes_scores_stay_as_they_are() -> None:
    assert fitted({}) == UNCHANGED
    assert UNCHANGED.calibrated(0.3) == 0.3
    assert UNCHANGED.shared_out(0.5, 0.6) == (0.5, 0.6)


def test_scores_come_to_mean_how_often_they_were_right() -> None:
    random = Random(3)
    pairs = [(score, float(random.random() < score**0.5)) for score in (random.random() for _ in range(4000))]
    calibration = fitted(_bins(pairs))
    for score in (0.1, 0.3, 0.5, 0.7, 0.9):
        assert calibration.calibrated(score) == pytest.approx(score**0.5, abs=0.05)
        propensity, context = calibration.shared_out(0.9, score / 0.9)
        assert propensity * context == pytest.approx(calibration.calibrated(score))
        assert 0.899 < propensity <= 1
        assert context <= 1


def test_calibration_never_turns_an_order_round() -> None:
    turned = fitted(_bins([(0.9, 0.0)] * 500 + [(0.1, 1.0)] * 500))
    scores = [turned.calibrated(score / 20) for score in range(1, 20)]
    assert scores == sorted(scores)


async def test_the_product_of_the_components_is_the_calibrated_score() -> None:
    learner = Learner(MemoryArchive())
    for number in range(60):
        await learner.file_outcome("t", filed(number, "fix", 1.0, position=1, intent="another"))
    candidate = (await learnt(learner, {"fix": 0.4, "replace": 0.3}, faint=["fix", "replace"]))["fix"]
    assert candidate.basis is not None
    assert candidate.components.propensity * candidate.components.context > candidate.basis.propensity * 0.4
    assert 0 <= candidate.components.context <= 1
