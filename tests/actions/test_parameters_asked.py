"""What an action needs and nobody knows is asked for, in the words of its catalogue."""

from collections.abc import Mapping
from time import perf_counter
from typing import Any

from app.actions import DecisionMaker, parse_catalogue
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.models import NextActionRequest, OfferedAction
from app.signals import intervene
from tests.actions.test_actions_shelf import SilentEmbedder
from tests.support.builders import interaction, snapshot
from tests.support.cases import understood

LOAN = {
    "name": "loan",
    "from": ["mention.code"],
    "pattern": "LN-[0-9]+",
    "ask": "Which loan is it about?",
    "description": "number of the loan",
}
CATALOGUE: Mapping[str, Any] = {
    "name": "library",
    "intents": [{"name": "renew", "label": "Keep a book longer", "examples": ["I want to renew my book"]}],
    "actions": [
        {
            "id": "renew_loan",
            "label": "Renew the loan",
            "intents": ["renew"],
            "script": "I can renew {loan}. Shall I?",
            "parameters": [LOAN],
        }
    ],
}


async def offered(text: str) -> OfferedAction:
    """The first offer after a message."""
    maker = DecisionMaker(parse_catalogue(CATALOGUE), SilentEmbedder(), MemoryArchive(), vectors=MemoryVectors())
    case = snapshot([interaction(1, text)])
    decision = await maker.decide(
        case,
        await understood(maker, case),
        (),
        intervene((), case.now),
        NextActionRequest(),
        started=perf_counter(),
    )
    return decision.actions[0]


async def test_the_right_action_is_offered_with_the_question_for_what_is_not_known() -> None:
    offer = await offered("I want to renew my book")
    assert (offer.action_id, offer.script, dict(offer.parameters)) == ("renew_loan", "Which loan is it about?", {})
    assert "Not known yet, and asked for first: number of the loan." in offer.reason


async def test_what_is_known_is_not_asked_for() -> None:
    offer = await offered("I want to renew my book LN-1001")
    assert (offer.script, dict(offer.parameters)) == ("I can renew LN-1001. Shall I?", {"loan": "LN-1001"})
    assert "asked for first" not in offer.reason
