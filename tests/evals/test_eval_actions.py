"""What `eval actions` counts, on conversations small enough to count by hand, and the airline's labelled policy."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import build
from app.errors import InvalidRequest
from app.models import Components, Decision, Intervention, InterventionLevel, OfferedAction
from app.settings import Settings
from evals.experiments.action_cases import (
    CASES,
    JudgedConversation,
    PolicyFaults,
    again,
    judge_policy,
    policy_cases,
    task_of,
)
from evals.experiments.action_folds import dealt
from evals.experiments.actions import figures
from evals.experiments.fixed_orders import gains, known_order, training_order
from evals.experiments.reliability import reliability
from tests.support.builders import START

NO_FAULTS = PolicyFaults(0, (), ())


def judged(
    task: str, gold: str, *offered: str, by_bot: str = "none", score: float | None = None, fold: int = 0
) -> JudgedConversation:
    """One judged conversation."""
    return JudgedConversation(task, gold, by_bot, offered, repeated=0, duration_ms=1.0, score=score, fold=fold)


def decision(*offered: Mapping[str, Any], action_id: str = "renew") -> Decision:
    """A decision that offers one action with each of these parameters."""
    components = Components(propensity=0.5, context=1.0, value=1.0, lever=1.0)
    actions = [
        OfferedAction(
            action_id=action_id,
            label="Renew",
            score=0.5,
            propensity=0.5,
            components=components,
            reason="",
            parameters=dict(parameters),
        )
        for parameters in offered
    ]
    return Decision(
        decision_id="dec_1",
        customer_id="cus_1",
        created_at=START,
        as_of_seq=1,
        duration_ms=1,
        audience="bot",
        intervention=Intervention(level=InterventionLevel.WAIT, friction=0.0),
        actions=tuple(actions),
        suppressed=(),
    )


def taken(result: str = "done", **arguments: str) -> Sequence[Mapping[str, Any]]:
    """A call of the step and what came back."""
    return [
        {"role": "tool_call", "name": "renew", "arguments": arguments},
        {"role": "tool_result", "name": "renew", "text": result},
    ]


def test_the_macro_figures_weigh_every_gold_action_alike() -> None:
    rows = [
        judged("a", "cancel", "cancel", by_bot="cancel"),
        judged("a", "cancel", "book", "cancel", by_bot="book"),
        judged("b", "cancel", "book", "move", "cancel"),
        judged("c", "book", "move", "wait", "cancel", "book", by_bot="book"),
    ]
    action_figures = figures(rows, rows, NO_FAULTS)
    assert (action_figures.n, action_figures.tasks) == (4, 3)
    assert (action_figures.top1, action_figures.top3) == (0.25, 0.75)
    assert action_figures.macro_top1 == pytest.approx(1 / 6)
    assert action_figures.macro_top3 == 0.5
    best = action_figures.constant_known
    assert (best.top1, action_figures.constant_top3_known, best.macro_top1) == (0.75, 1.0, 0.5)
    assert (action_figures.bot_top1, action_figures.bot_macro_top1) == (0.5, pytest.approx(2 / 3))
    assert {name: gold_figures.n for name, gold_figures in action_figures.by_action.items()} == {"cancel": 3, "book": 1}


def test_intervals_are_drawn_by_task_so_that_trials_of_one_task_add_no_certainty() -> None:
    one_each = [judged(str(task), "cancel", "cancel" if task % 2 else "book") for task in range(10)]
    ten_each = [row for row in one_each for _ in range(10)]
    few, many = figures(one_each, one_each, NO_FAULTS), figures(ten_each, ten_each, NO_FAULTS)
    assert few.intervals == many.intervals
    low, high = few.intervals["top1"]
    assert low < 0.3
    assert high > 0.7


def test_a_fixed_order_is_chosen_on_the_other_folds_and_never_on_the_answers_it_is_held_against() -> None:
    rows = [
        judged("a", "cancel", fold=0),
        judged("b", "cancel", fold=0),
        judged("c", "book", fold=1),
        judged("d", "move", fold=1),
        judged("e", "move", fold=1),
    ]
    assert [row.offered for row in training_order(rows)] == [("move", "book")] * 2 + [("cancel",)] * 3
    assert {row.offered for row in known_order(rows)} == {("cancel", "move", "book")}


def test_a_gain_is_drawn_on_the_same_tasks_for_both_orders() -> None:
    right = [judged(str(task), "cancel", "cancel") for task in range(10)]
    wrong = [row._replace(offered=("book",)) for row in right]
    assert gains(right, wrong)["macro_top1"].interval == (1.0, 1.0)
    assert gains(right, right)["macro_top1"].interval == (0.0, 0.0)


def test_whole_tasks_are_dealt_into_folds() -> None:
    fold_by_task = dealt([f"set-{task}-{trial}" for task in range(25) for trial in range(4)], 5)
    assert len(fold_by_task) == 25
    assert [list(fold_by_task.values()).count(fold) for fold in range(5)] == [5] * 5


def test_scores_that_mean_what_they_say_have_no_calibration_error() -> None:
    sure = [judged("a", "cancel", "cancel" if index < 3 else "book", score=0.75) for index in range(4)]
    boastful = [row._replace(offered=("book",), score=0.95) for row in sure]
    assert reliability(sure).expected_calibration_error == 0
    both = reliability([*sure, *boastful])
    assert [(each.n, each.right) for each in both.bins] == [(4, 0.75), (4, 0.0)]
    assert both.expected_calibration_error == pytest.approx(0.95 / 2)


def test_without_a_conversation_there_are_no_figures() -> None:
    with pytest.raises(InvalidRequest, match="holds no conversation"):
        figures([], [], NO_FAULTS)


def test_a_step_that_succeeded_is_offered_again_only_when_it_is_about_the_same_thing() -> None:
    assert again(taken(book="B-1"), decision({"book": "B-1"}, {"book": "B-2"})) == 1
    assert again(taken(book="B-1"), decision({})) == 1
    assert again(taken(result="Error: no such book", book="B-1"), decision({"book": "B-1"})) == 0
    assert again(taken(book="B-1"), decision({}, action_id="another")) == 0


def test_a_task_is_the_id_without_its_trial() -> None:
    assert task_of("set-12-3") == "set-12"
    assert task_of("alone") == "alone"


def test_a_catalogue_without_labelled_cases_has_none_and_a_broken_file_is_named(tmp_path: Path) -> None:
    assert policy_cases(tmp_path / "none.json") == []
    broken = tmp_path / "broken.json"
    broken.write_text('[{"why": ', encoding="utf-8")
    with pytest.raises(InvalidRequest, match=r"broken\.json:1"):
        policy_cases(broken)


async def test_nothing_that_the_airlines_policy_closes_is_offered_and_nothing_open_is_held_back(tmp_path: Path) -> None:
    cases = policy_cases(CASES / "airline.json")
    assert len(cases) >= 30
    app = build(Settings(data_dir=tmp_path, catalogue="airline", vectors_url="memory:"))
    try:
        faults = await judge_policy(app, cases)
        turned = [case.model_copy(update={"closed": case.open, "open": case.closed}) for case in cases[:6]]
        mistaken = await judge_policy(app, [_renamed(case) for case in turned])
    finally:
        await app.close()
    assert (faults.closed_offered, faults.open_suppressed) == ((), ())
    assert faults.judged >= 60
    # Labels turned round must show, or the check would pass whatever is decided.
    assert mistaken.closed_offered
    assert mistaken.open_suppressed


def _renamed(case: Any) -> Any:
    conversation = {**case.conversation, "id": f"{case.conversation['id']}-again"}
    return case.model_copy(update={"conversation": conversation})
