"""A settled case is offered a goodbye and no more, and what customers say they tried is not offered again."""

from time import perf_counter
from typing import Any

import pytest

from app.actions import DecisionMaker, parse_catalogue
from app.adapters.embeddings import MiniLM
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.models import Decision, Interaction, NextActionRequest
from app.signals import detect, intervene
from tests.support.builders import interaction, snapshot
from tests.support.cases import understood

CATALOGUE: dict[str, Any] = {
    "name": "laundry",
    "intents": [
        {
            "name": "dirty",
            "label": "Laundry comes out dirty",
            "examples": ["My clothes come out dirty", "There are still stains on my shirts", "The wash did not clean"],
        },
    ],
    "actions": [
        {"id": "rinse_filter", "label": "Rinse the filter", "intents": ["dirty"]},
        {"id": "send_mechanic", "label": "Send a mechanic", "intents": {"dirty": 0.8}},
        {"id": "offer_soap", "label": "Offer soap", "intents": {"any": 0.3}},
        {
            "id": "ask_anything_else",
            "label": "Ask whether anything else is needed",
            "levels": {"wait": 0.5},
            "repeatable": True,
            "policy": {"applicability": [{"expression": "conversation.settled", "otherwise": "Something is open."}]},
        },
    ],
}
COMPLAINT = interaction(1, "My clothes come out dirty, what is wrong with the filter?")


@pytest.fixture
def maker() -> DecisionMaker:
    return DecisionMaker(parse_catalogue(CATALOGUE), MiniLM(), MemoryArchive(), vectors=MemoryVectors())


async def decided(maker: DecisionMaker, *rows: Interaction) -> Decision:
    case = snapshot(rows)
    signals = detect(case)
    intervention = intervene(signals, case.now)
    understanding = await understood(maker, case)
    return await maker.decide(case, understanding, signals, intervention, NextActionRequest(), started=perf_counter())


def offered(decision: Decision) -> list[str]:
    return [action.action_id for action in decision.actions]


async def test_a_settled_case_is_offered_a_goodbye_alone(maker: DecisionMaker) -> None:
    mended = (
        interaction(2, actor="agent", kind="tool_call", name="change_program", data={"machine_id": "M7"}),
        interaction(3, '{"machine_id": "M7"}', actor="system", kind="tool_result", name="change_program"),
        interaction(4, "I have set another program, your clothes come out clean now.", actor="agent"),
    )
    glad = interaction(5, "Perfect, that works now. Thank you so much!")
    assert offered(await decided(maker, COMPLAINT, *mended, glad)) == ["ask_anything_else"]


async def test_a_goodbye_is_not_offered_while_a_wish_is_open(maker: DecisionMaker) -> None:
    decision = await decided(maker, COMPLAINT)
    assert offered(decision)[0] == "rinse_filter"
    assert "ask_anything_else" not in offered(decision)


async def test_what_customers_say_they_tried_is_not_offered_again(maker: DecisionMaker) -> None:
    decision = await decided(
        maker,
        COMPLAINT,
        interaction(2, "Did you look after it?", actor="bot"),
        interaction(3, "Yes, I have already rinsed it twice and it did not help."),
    )
    held_back = {suppressed.action_id: suppressed for suppressed in decision.suppressed}
    assert offered(decision)[0] == "send_mechanic"
    assert held_back["rinse_filter"].reason == "already_tried"
    assert held_back["rinse_filter"].evidence == ("int_3",)


async def test_a_step_that_is_only_spoken_of_was_not_tried(maker: DecisionMaker) -> None:
    decision = await decided(
        maker, COMPLAINT, interaction(2, "You rinse it.", actor="bot"), interaction(3, "How do I rinse it?")
    )
    assert "rinse_filter" in offered(decision)
