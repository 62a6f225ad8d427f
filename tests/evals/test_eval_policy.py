"""`eval policy`: estimates worked by hand, the simulated tenant, and a log of real decisions."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import InvalidRequest
from app.models import ActionOutcome, Candidate, Components, DecisionWithOutcomes
from evals.experiments.off_policy import LoggedChoice, choice_of, off_policy
from evals.experiments.policy import (
    SimulatedTenant,
    decisions_to,
    evaluate_log,
    guessing,
    play,
    policy_named,
    simulate,
)
from evals.experiments.similar_cases_simulation import measure


def candidates(**probabilities: float) -> list[Candidate]:
    """Candidates of the same worth with their probabilities of coming first."""
    even = Components(propensity=0.5, context=1, value=1, lever=1)
    return [Candidate(action_id=name, probability=share, components=even) for name, share in probabilities.items()]


def chosen(customer: int, action_id: str, reward: float, **probabilities: float) -> LoggedChoice:
    """One decision of a log."""
    return LoggedChoice(f"c{customer}", "i", action_id, candidates(**(probabilities or {"a": 0.5, "b": 0.5})), reward)


def always(action_id: str) -> Any:
    """The policy that puts one action first whatever is asked."""

    def policy(_: str, among: Sequence[Candidate]) -> Mapping[str, float]:
        return {action_id: 1.0} if any(candidate.action_id == action_id for candidate in among) else {}

    return policy


# --- estimates worked by hand -----------------------------------------------------------------------------------------


def test_rewards_are_weighed_by_how_much_more_probable_the_choice_is_under_the_new_policy() -> None:
    shares = {"a": 0.2, "b": 0.8}
    log = [chosen(1, "a", 1.0, **shares), chosen(2, "b", 1.0, **shares), chosen(3, "a", 0.0, **shares)]
    figures = off_policy([*log, chosen(4, "b", 0.0, **shares)], always("a"))
    # Weights 5, 0, 5, 0; weighed rewards 5, 0, 0, 0.
    assert figures.ips.value == pytest.approx(5 / 4)
    assert figures.snips.value == pytest.approx(0.5)
    assert figures.effective_n == pytest.approx(2)
    assert (
        figures.n,
        figures.customers,
        figures.logged_value,
        figures.supported,
    ) == (4, 4, 0.5, 1.0)
    # Around 1.25 with samples 5, 0, 0, 0: standard error 1.25, and t of 3 degrees by its expansion.
    half = (1.959964 + (1.959964**3 + 1.959964) / 12) * 1.25
    assert figures.ips.ci_high - figures.ips.value == pytest.approx(half, rel=1e-4)


def test_the_logged_policy_itself_is_worth_what_it_earned() -> None:
    log = [chosen(number, "ab"[number % 2], float(number % 3 == 0)) for number in range(60)]
    figures = off_policy(log, lambda _, among: {candidate.action_id: candidate.probability for candidate in among})
    assert figures.ips.value == figures.snips.value == pytest.approx(figures.logged_value)
    assert figures.dr.value == pytest.approx(figures.logged_value, abs=0.05)
    assert figures.effective_n == pytest.approx(60)


def test_a_customers_decisions_count_as_one_where_they_agree() -> None:
    apart = [chosen(number, "a", float(number % 2)) for number in range(40)]
    together = [chosen(number % 4, "a", float(number % 2)) for number in range(40)]
    wide, narrow = off_policy(together, always("a")).ips, off_policy(apart, always("a")).ips
    assert wide.value == narrow.value
    assert wide.ci_high - wide.ci_low > 2 * (narrow.ci_high - narrow.ci_low)


def test_what_the_log_could_not_have_chosen_is_told() -> None:
    log = [chosen(number, "a", 1.0, a=1.0, b=0.0) for number in range(10)]
    figures = off_policy(log, always("b"))
    assert (
        figures.supported,
        figures.effective_n,
        figures.ips.value,
        figures.snips.value,
    ) == (0.0, 0.0, 0.0, 0.0)


def test_doubly_robust_is_steadier_where_the_model_knows_the_rewards() -> None:
    rng = np.random.default_rng(0)
    log: list[LoggedChoice] = []
    for number in range(400):
        action_id = "a" if rng.random() < 0.1 else "b"
        log.append(chosen(number, action_id, 0.9 if action_id == "a" else 0.2, a=0.1, b=0.9))
    figures = off_policy(log, always("a"))
    assert figures.dr.ci_low < 0.9 < figures.dr.ci_high
    assert figures.dr.ci_high - figures.dr.ci_low < (figures.ips.ci_high - figures.ips.ci_low) / 2


def test_a_log_that_lacks_the_choices_that_weigh_most_is_no_more_certain_for_it() -> None:
    shares = {"a": 0.01, "b": 0.99}
    lucky = off_policy([chosen(number, "b", float(number % 2), **shares) for number in range(200)], always("a"))
    assert lucky.effective_n == 0
    assert lucky.dr.ci_high - lucky.dr.ci_low > 0.5


@pytest.mark.parametrize("log", [[], [chosen(1, "a", 1.0), chosen(1, "b", 0.0)]])
def test_fewer_than_two_customers_give_no_interval(log: list[LoggedChoice]) -> None:
    with pytest.raises(InvalidRequest, match="fewer than two customers"):
        off_policy(log, always("a"))


# --- the simulated tenant ---------------------------------------------------------------------------------------------


def test_when_the_learner_was_good_enough_is_counted_over_the_last_five_hundred() -> None:
    earned = np.concatenate([np.zeros(100), np.ones(900)])
    assert decisions_to(earned, np.ones(1000)) == 575
    assert decisions_to(np.zeros(1000), np.ones(1000)) is None


async def test_the_services_learner_finds_what_serves_a_simulated_tenant() -> None:
    tenant = SimulatedTenant.drawn(3)
    played = await play(tenant, 1500, seed=3)
    early, late = (
        float(played.earned[part].sum() / played.possible[part].sum()) for part in (slice(150), slice(-500, None))
    )
    assert late > 0.9
    assert late > early
    assert all(
        sum(candidate.probability for candidate in choice.candidates) == pytest.approx(1) for choice in played.log[:50]
    )
    assert {choice.reward for choice in played.log} == {0.0, 1.0}


async def test_the_true_value_of_a_policy_that_never_ran_is_within_its_interval() -> None:
    figures = await simulate(runs=1, decisions=500, seeds=12, logged=300)
    assert figures.off_policy.seeds == 12
    assert all(covered >= 9 for covered in figures.off_policy.covered.values())
    assert figures.off_policy.root_mean_square_error["dr"] < figures.off_policy.mean_width["dr"]


async def test_similar_cases_make_more_of_few_outcomes_where_an_intent_hides_several_matters() -> None:
    figures = await measure(runs=4, decisions=300)
    assert figures.several_matters.gain > 0.005
    assert figures.several_matters.with_similar > figures.several_matters.without
    assert figures.one_kind.gain > -0.02


def test_the_true_value_is_the_mean_over_what_comes_up() -> None:
    tenant = SimulatedTenant.drawn(0)
    best = tenant.value(lambda intent, among: {_best(tenant, intent, among): 1.0})
    guessed = tenant.value(guessing(tenant, 0))
    evenly = tenant.value(lambda _, among: {candidate.action_id: 1 / len(among) for candidate in among})
    assert evenly < guessed <= best
    assert evenly == pytest.approx(float(tenant.frequency @ tenant.success.mean(axis=1)))


def _best(tenant: SimulatedTenant, intent: str, among: Sequence[Candidate]) -> str:
    return max(
        (candidate.action_id for candidate in among), key=lambda name: tenant.success[int(intent[1:]), int(name[1:])]
    )


# --- a real log -------------------------------------------------------------------------------------------------------


def decision(
    number: int, first: str, outcome: Mapping[str, Any] | None = None, **probabilities: float
) -> dict[str, Any]:
    """A line of the log."""
    shares = probabilities or {"send_link": 0.5, "call_back": 0.5}
    listed = [candidate.model_dump() for candidate in candidates(**shares)]
    offered = {"action_id": first, "label": first, "score": 0.5, "propensity": 0.5, "reason": "It fits."}
    at = datetime(2026, 3, 2, tzinfo=UTC).isoformat()
    ids = {"decision_id": f"dec_{number}", "customer_id": f"cus_{number}"}
    outcomes = (
        [{"action_id": first, "intent": "access", "filed_at": at, **ids, **outcome}] if outcome is not None else []
    )
    return {
        **ids,
        "created_at": at,
        "as_of_seq": 1,
        "duration_ms": 1,
        "audience": "bot",
        "intent": "access",
        "intervention": {"level": "wait", "friction": 0.0},
        "actions": [{**offered, "components": listed[0]["components"]}],
        "suppressed": [],
        "candidates": listed,
        "outcomes": outcomes,
    }


def written(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """A log in a file."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_only_decisions_whose_first_action_was_told_of_count() -> None:
    logged = DecisionWithOutcomes.model_validate(decision(1, "send_link", {"outcome": "succeeded"}))
    choice = choice_of(logged)
    assert choice is not None
    assert (choice.chosen, choice.reward, choice.intent) == ("send_link", 1.0, "access")
    for told_nothing in (None, {"outcome": "unknown"}):
        assert choice_of(DecisionWithOutcomes.model_validate(decision(1, "send_link", told_nothing))) is None
    reordered = decision(1, "send_link", {"outcome": "succeeded"}, call_back=1.0, send_link=0.0)
    assert choice_of(DecisionWithOutcomes.model_validate(reordered)) is None
    assert ActionOutcome(action_id="send_link").success is None


def test_a_policy_in_a_file_is_judged_on_a_log(tmp_path: Path) -> None:
    rows = [decision(number, "send_link", {"reward": 0.8}) for number in range(10)]
    rows += [decision(number, "call_back", {"reward": 0.2}) for number in range(10, 20)]
    log = written(tmp_path / "log.ndjson", [*rows, decision(20, "send_link")])
    policy = tmp_path / "policy.json"
    for choices, value in (
        ({"access": "send_link"}, 0.8),
        ({"any": {"call_back": 1.0}}, 0.2),
        ({"other": "send_link"}, 0.5),
        ({"access": {"send_link": 0.5, "call_back": 0.5}}, 0.5),
    ):
        policy.write_text(json.dumps(choices), encoding="utf-8")
        figures = evaluate_log(log, str(policy))
        assert figures.snips.value == pytest.approx(value)
        assert (figures.n, figures.decisions, figures.without_outcome, figures.warning) == (
            20,
            21,
            1,
            None,
        )


def test_a_log_is_judged_for_one_audience_alone(tmp_path: Path) -> None:
    shares = {"send_link": 0.5, "call_back": 0.5}
    rows = [
        decision(n, "send_link", {"outcome": "succeeded" if n % 2 else "failed"}, **shares)
        | {"audience": "agent" if n % 2 else "bot"}
        for n in range(10)
    ]
    policy = tmp_path / "policy.json"
    policy.write_text('{"any": "send_link"}', encoding="utf-8")
    log = written(tmp_path / "log.ndjson", rows)
    assert evaluate_log(log, str(policy)).snips.value == 0.5
    assert evaluate_log(log, str(policy), audience="agent").snips.value == 1.0
    assert evaluate_log(log, str(policy), audience="bot").decisions == 5


def test_a_log_that_never_explored_warns_that_nothing_is_known_of_other_choices(tmp_path: Path) -> None:
    rows = [decision(n, "send_link", {"outcome": "failed"}, send_link=1.0, call_back=0.0) for n in range(5)]
    policy = tmp_path / "policy.json"
    policy.write_text('{"any": "call_back"}', encoding="utf-8")
    figures = evaluate_log(written(tmp_path / "log.ndjson", rows), str(policy))
    assert figures.supported == 0
    assert "exploration: true" in (figures.warning or "")


def test_a_catalogue_is_a_policy_by_its_own_values_and_levers(tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(
        "name: other\nactions:\n  - {id: send_link, label: Send}\n  - {id: call_back, label: Call, value: 3}\n",
        encoding="utf-8",
    )
    policy = policy_named(str(catalogue))
    assert policy("access", candidates(send_link=0.5, call_back=0.5)) == {"call_back": 1.0}
    assert policy("access", candidates(unknown=0.5, send_link=0.5)) == {"send_link": 1.0}
    assert policy("access", candidates(unknown=1.0)) == {"unknown": 1.0}


@pytest.mark.parametrize("text", ["[]", "{", '{"access": 3}', '{"access": {}}', '{"access": {"a": -1}}'])
def test_a_policy_that_does_not_fit_is_told_in_words(tmp_path: Path, text: str) -> None:
    path = tmp_path / "policy.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"policy\.json"):
        policy_named(str(path))


def test_a_line_that_is_no_decision_is_named(tmp_path: Path) -> None:
    log = written(tmp_path / "log.ndjson", [decision(1, "send_link"), {"decision_id": "dec_2"}])
    with pytest.raises(InvalidRequest, match=r"log\.ndjson:2: customer_id"):
        evaluate_log(log, "general")
