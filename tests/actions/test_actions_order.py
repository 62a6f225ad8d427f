"""Which of several open actions comes first, and which is right where policy closes one."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.actions import DecisionMaker, parse_catalogue
from app.adapters.memory import MemoryArchive, MemoryVectors
from tests.actions.test_actions import decide, ids, looked_up
from tests.actions.test_actions_shelf import SilentEmbedder
from tests.support.builders import interaction, snapshot


@pytest.fixture
def archive() -> MemoryArchive:
    """An empty archive."""
    return MemoryArchive()


def ordered(*actions: Mapping[str, Any]) -> dict[str, Any]:
    """A catalogue with one intent and these actions."""
    wish = {"name": "renew", "label": "Keep a book longer", "examples": ["I want to renew my book"]}
    filled = [{"label": str(action["id"]).title(), **action} for action in actions]
    return {"name": "test", "intents": [wish], "actions": filled}


async def test_what_has_to_wait_for_another_wished_for_action_comes_right_after_it(archive: MemoryArchive) -> None:
    actions = ordered(
        {"id": "print_card", "intents": ["renew"], "after": ["pay_fee"]},
        {"id": "pay_fee", "intents": {"renew": 0.7}},
        {"id": "wave", "intents": {"renew": 0.6}},
    )
    maker = DecisionMaker(parse_catalogue(actions), SilentEmbedder(), archive, vectors=MemoryVectors())
    assert ids(await decide(maker, snapshot([interaction(1, "I want to renew my book")]))) == [
        "pay_fee",
        "print_card",
        "wave",
    ]


async def test_nothing_waits_for_an_action_that_is_closed_or_hardly_wished_for(archive: MemoryArchive) -> None:
    actions = ordered(
        {"id": "print_card", "intents": ["renew"], "after": ["pay_fee", "shut_down"]},
        {"id": "pay_fee", "intents": {"renew": 0.3}},
        {"id": "shut_down", "intents": ["renew"], "policy": {"eligibility": "false"}},
    )
    maker = DecisionMaker(parse_catalogue(actions), SilentEmbedder(), archive, vectors=MemoryVectors())
    assert ids(await decide(maker, snapshot([interaction(1, "I want to renew my book")])))[0] == "print_card"


async def test_the_rule_that_closes_an_action_says_what_is_right_instead(archive: MemoryArchive) -> None:
    rules = [
        {"expression": "!has(facts.lost)", "instead": "call_librarian"},
        {"expression": "!has(facts.reserved)"},
    ]
    actions = ordered(
        {"id": "renew_loan", "intents": ["renew"], "policy": {"eligibility": rules}},
        {"id": "explain", "instead_of": {"renew_loan": 0.9}},
        {"id": "call_librarian", "instead_of": {"renew_loan": 0.3}},
    )
    maker = DecisionMaker(parse_catalogue(actions), SilentEmbedder(), archive, vectors=MemoryVectors())
    asked = interaction(1, "I want to renew my book")
    assert ids(await decide(maker, snapshot([asked, looked_up({"reserved": True})])))[0] == "explain"
    assert ids(await decide(maker, snapshot([asked, looked_up({"lost": True})])))[0] == "call_librarian"


@pytest.mark.parametrize("wished_first", [True, False])
async def test_where_several_closed_actions_name_the_same_stand_in_the_most_wished_for_calls_it(
    archive: MemoryArchive, wished_first: bool
) -> None:
    closed = [
        {
            "id": "renew_loan",
            "intents": {"renew": 0.9},
            "policy": {"eligibility": {"expression": "false", "otherwise": "It is reserved.", "instead": "explain"}},
        },
        {
            "id": "send_reminder",
            "intents": {"renew": 0.2},
            "policy": {"eligibility": {"expression": "false", "otherwise": "No post today.", "instead": "explain"}},
        },
    ]
    stand_in = {"id": "explain", "instead_of": {"renew_loan": 0.1}}
    actions = ordered(*(closed if wished_first else closed[::-1]), stand_in, {"id": "wave", "intents": {"renew": 0.5}})
    maker = DecisionMaker(parse_catalogue(actions), SilentEmbedder(), archive, vectors=MemoryVectors())
    decision = await decide(maker, snapshot([interaction(1, "I want to renew my book")]))
    assert ids(decision)[0] == "explain"
    assert "It is reserved." in decision.actions[0].reason


async def test_a_record_of_one_kind_does_not_lend_its_fields_to_another(archive: MemoryArchive) -> None:
    rule = "!has(records.loan) || !has(records.loan.status) || records.loan.status != 'ended'"
    actions = ordered({"id": "renew_loan", "intents": ["renew"], "policy": {"eligibility": rule}})
    maker = DecisionMaker(parse_catalogue(actions), SilentEmbedder(), archive, vectors=MemoryVectors())
    asked, room = interaction(1, "I want to renew my book"), looked_up({"room_id": "R-1", "status": "ended"})
    assert ids(await decide(maker, snapshot([asked, room]))) == ["renew_loan"]
    loan = looked_up({"loan_id": "L-1", "status": "ended"})
    assert ids(await decide(maker, snapshot([asked, loan]))) == []
