"""What an action needs and nobody knows is asked for, in the words of its catalogue."""

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

import pytest

from app.actions import DecisionMaker, parse_catalogue
from app.adapters.memory import MemoryArchive, MemoryVectors
from app.models import Decision, Interaction, NextActionRequest, OfferedAction
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


async def decided(catalogue: Mapping[str, Any], rows: Sequence[Interaction]) -> Decision:
    """The decision about a conversation by a catalogue."""
    maker = DecisionMaker(parse_catalogue(catalogue), SilentEmbedder(), MemoryArchive(), vectors=MemoryVectors())
    case = snapshot(list(rows))
    understanding = await understood(maker, case)
    return await maker.decide(
        case, understanding, (), intervene((), case.now), NextActionRequest(), started=perf_counter()
    )


async def offered(text: str) -> OfferedAction:
    """The first offer after a message."""
    return (await decided(CATALOGUE, [interaction(1, text)])).actions[0]


def with_policy(*rules: Mapping[str, Any]) -> Mapping[str, Any]:
    """The catalogue where the action has these rules."""
    action: dict[str, Any] = {**CATALOGUE["actions"][0], "parameters": [], "policy": {"eligibility": list(rules)}}
    return {**CATALOGUE, "actions": [{**action, "script": "I renew it now."}]}


FEE = {"expression": "records.loan.fee == 0", "otherwise": "A fee is due.", "ask": "Which loan is it about?"}


async def test_what_a_policy_needs_and_nobody_knows_is_asked_for_where_the_catalogue_words_the_question() -> None:
    decision = await decided(with_policy(FEE), [interaction(1, "I want to renew my book")])
    (offer,) = decision.actions
    assert (offer.action_id, offer.script) == ("renew_loan", "Which loan is it about?")
    assert offer.missing == ("loan",)
    assert "Not known yet, and asked for first: loan." in offer.reason
    assert not decision.suppressed


async def test_an_action_is_closed_where_another_of_its_rules_closes_it_whatever_may_be_asked() -> None:
    unverified = {"expression": "customer.verification_status == 'verified'", "otherwise": "Nobody is verified."}
    decision = await decided(with_policy(FEE, unverified), [interaction(1, "I want to renew my book")])
    assert not decision.actions
    assert [(closed.action_id, closed.detail) for closed in decision.suppressed] == [
        ("renew_loan", "Nobody is verified.")
    ]


async def test_a_rule_without_a_question_closes_its_action_while_nobody_knows_what_it_needs() -> None:
    rule = {name: value for name, value in FEE.items() if name != "ask"}
    decision = await decided(with_policy(rule), [interaction(1, "I want to renew my book")])
    assert not decision.actions
    assert decision.suppressed[0].detail == "It is not known yet: loan."


@pytest.mark.parametrize(
    ("irreversible", "offers"), [(False, ["renew_loan", "end_membership"]), (True, ["renew_loan"])]
)
async def test_what_cannot_be_undone_is_offered_only_to_who_wants_just_that(
    irreversible: bool, offers: list[str]
) -> None:
    ending = {"id": "end_membership", "label": "End the membership", "irreversible": irreversible}
    ending = {**ending, "intents": {"renew": 0.5, "leave": 1.0}}
    leave = {"name": "leave", "label": "Leave the library", "examples": ["I want to end my membership"]}
    catalogue = {
        **CATALOGUE,
        "intents": [*CATALOGUE["intents"], leave],
        "actions": [*CATALOGUE["actions"], ending],
    }
    renewing = await decided(catalogue, [interaction(1, "I want to renew my book")])
    assert [offer.action_id for offer in renewing.actions] == offers
    leaving = await decided(catalogue, [interaction(1, "I want to end my membership")])
    assert leaving.actions[0].action_id == "end_membership"


async def test_the_right_action_is_offered_with_the_question_for_what_is_not_known() -> None:
    offer = await offered("I want to renew my book")
    assert (offer.action_id, offer.script, dict(offer.parameters)) == ("renew_loan", "Which loan is it about?", {})
    assert "Not known yet, and asked for first: number of the loan." in offer.reason


async def test_what_is_known_is_not_asked_for() -> None:
    offer = await offered("I want to renew my book LN-1001")
    assert (offer.script, dict(offer.parameters)) == ("I can renew LN-1001. Shall I?", {"loan": "LN-1001"})
    assert "asked for first" not in offer.reason
