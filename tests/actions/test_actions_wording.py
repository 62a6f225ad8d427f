"""What a model may do to a decision, and what it may not."""

import json
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import pytest

from app.actions import ActionWriter, DecisionMaker, parse_catalogue
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.adapters.scripted import ScriptedModel
from app.errors import ModelFailure, ModelUnavailable
from app.models import Decision, NextActionRequest, Snapshot
from app.prompts import PromptLibrary
from app.signals import detect, intervene
from tests.actions.test_actions_shelf import SilentEmbedder
from tests.support.builders import interaction, snapshot
from tests.support.cases import understood

WISH = {"name": "renew", "label": "Keep a book longer", "examples": ["I want to renew my book"]}
CATALOGUE: Mapping[str, Any] = {
    "name": "library",
    "intents": [WISH],
    "actions": [
        {
            "id": "renew_loan",
            "label": "Renew the loan",
            "intents": ["renew"],
            "script": "I can renew {loan} for you.",
            "parameters": [{"name": "loan", "from": ["mention.code"]}],
        },
        {"id": "call_librarian", "label": "Call a librarian", "intents": {"renew": 0.6}, "script": "Let me ask."},
        {"id": "burn_book", "label": "Burn it", "intents": ["renew"], "policy": {"eligibility": "false"}},
    ],
}
SAID = "I want to renew my book LN-1001, my address is reader@example.com"


def answer(*actions: tuple[str, str]) -> str:
    """A model's answer."""
    return json.dumps({"actions": [{"action_id": action_id, "script": script} for action_id, script in actions]})


def case() -> Snapshot:
    """A customer who wants a book longer."""
    return snapshot([interaction(1, SAID)])


async def decided(
    model: ScriptedModel, *, deadline_ms: int = 2000, catalogue: Mapping[str, Any] = CATALOGUE
) -> Decision:
    """The decision about the case with this model."""
    writer = ActionWriter(model, PromptLibrary().prompt("next_action", "v1"))
    maker = DecisionMaker(
        parse_catalogue(catalogue), SilentEmbedder(), MemoryArchive(), vectors=MemoryVectors(), writer=writer
    )
    signals = detect(case())
    return await maker.decide(
        case(),
        await understood(maker, case()),
        signals,
        intervene(signals, case().now),
        NextActionRequest(deadline_ms=deadline_ms),
        started=perf_counter(),
    )


def scripts(decision: Decision) -> dict[str, str | None]:
    """What is said for each action, best first."""
    return {action.action_id: action.script for action in decision.actions}


RULES = {"renew_loan": "I can renew LN-1001 for you.", "call_librarian": "Let me ask."}


async def test_a_model_orders_and_words_what_is_open() -> None:
    model = ScriptedModel(answer(("call_librarian", "One moment, I ask."), ("renew_loan", "Shall I renew LN-1001?")))
    decision = await decided(model)
    assert list(scripts(decision).items()) == [
        ("call_librarian", "One moment, I ask."),
        ("renew_loan", "Shall I renew LN-1001?"),
    ]
    assert (decision.engine, decision.failure_code) == ("model", None)
    assert {candidate.action_id: candidate.probability for candidate in decision.candidates} == {
        "call_librarian": 1,
        "renew_loan": 0,
    }


async def test_it_can_neither_add_an_action_nor_open_one_nor_drop_one() -> None:
    model = ScriptedModel(answer(("burn_book", "Gladly."), ("give_money", "Here."), ("call_librarian", "I ask.")))
    assert scripts(await decided(model)) == {"call_librarian": "I ask.", "renew_loan": RULES["renew_loan"]}


@pytest.mark.parametrize(
    "script",
    ["", "Shall I renew LN-1002?", "I renew it.", "LN-1001 costs 20 euros.", "LN-1001 " + "very " * 100],
)
async def test_a_script_that_drops_or_makes_up_a_figure_stays_as_the_catalogue_has_it(script: str) -> None:
    model = ScriptedModel(answer(("renew_loan", script), ("call_librarian", "I ask.")))
    assert scripts(await decided(model)) == {**RULES, "call_librarian": "I ask."}


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (ModelUnavailable("It is down."), "model_unavailable"),
        ("no JSON at all", "invalid_model_output"),
        ('{"actions": "all of them"}', "invalid_model_output"),
    ],
)
async def test_without_a_usable_answer_the_rules_decide_and_it_says_so(reply: str | ModelFailure, code: str) -> None:
    decision = await decided(ScriptedModel(reply))
    assert scripts(decision) == RULES
    assert (decision.engine, decision.failure_code) == ("rules", code)


@pytest.mark.parametrize("deadline_ms", [1, 250])
async def test_a_model_that_hangs_is_not_waited_for_beyond_the_deadline(deadline_ms: int) -> None:
    decision = await decided(ScriptedModel(), deadline_ms=deadline_ms)
    assert (scripts(decision), decision.failure_code) == (RULES, "model_timeout")


async def test_a_drawn_order_stays_as_it_was_drawn() -> None:
    model = ScriptedModel(answer(("call_librarian", "I ask."), ("renew_loan", "LN-1001?")))
    decision = await decided(model, catalogue={**CATALOGUE, "exploration": True})
    drawn = await decided(ScriptedModel(ModelUnavailable("down")), catalogue={**CATALOGUE, "exploration": True})
    assert sum(candidate.probability for candidate in decision.candidates) == pytest.approx(1.0)
    assert {action.action_id for action in decision.actions} == {action.action_id for action in drawn.actions}
    assert all(0 < candidate.probability < 1 for candidate in decision.candidates)


async def test_the_model_sees_the_case_behind_a_fence_and_no_address() -> None:
    model = ScriptedModel(answer(("renew_loan", "LN-1001?")))
    await decided(model)
    (question,) = model.questions
    assert "reader@example.com" not in question.user
    assert "LN-1001" in question.user
    assert "burn_book" not in question.user
    assert "LN-1001" not in question.system
