"""What the customer spoke of in words, found in the records that were looked up."""

import json
from typing import Any

from app.briefs.extractive import compose
from app.models import Entity, HandoffRequest, Intent, Interaction
from tests.support.builders import interaction, snapshot

ORDER = {
    "order_id": "W4410",
    "items": [
        {"name": "Desk Lamp", "product_id": "6817146515", "item_id": "5320792178"},
        {"name": "Office Chair", "product_id": "4794339885", "item_id": "8426249116"},
    ],
}
CUPS = [{"cup_number": "CP101", "price": 9}, {"cup_number": "CP202", "price": 7}, {"cup_number": "CP303", "price": 5}]


def entities_of(*conversation: Interaction) -> dict[str, Entity]:
    entities = compose(snapshot(conversation), Intent(), HandoffRequest()).entities
    return {entity.value: entity for entity in entities}


def call(seq: int, tool: str, result: Any, **data: str) -> list[Interaction]:
    return [
        interaction(seq, actor="bot", kind="tool_call", name=tool, data=data),
        interaction(seq + 1, json.dumps(result), actor="system", kind="tool_result", name=tool),
    ]


def test_a_thing_the_customer_calls_by_its_name_is_found_in_the_record_with_the_record_itself() -> None:
    entities = entities_of(
        interaction(1, "I want to return the desk lamp."), *call(2, "get_order", ORDER, order_id="W4410")
    )
    assert {entity.value: entity.type for entity in entities.values()} == {"W4410": "order_id", "5320792178": "item_id"}
    assert entities["5320792178"].evidence == ("int_3",)


def test_what_was_carried_out_with_a_record_names_its_parts_itself() -> None:
    entities = entities_of(
        interaction(1, "I want to return the desk lamp."),
        *call(2, "get_order", ORDER, order_id="W4410"),
        *call(4, "return_order", {}, order_id="W4410"),
    )
    assert set(entities) == {"W4410"}


def test_all_my_orders_are_those_that_the_account_lists() -> None:
    account = {"name": {"first_name": "Ada"}, "orders": ["W4410", "W4411"], "rewards": ["R7001", "R7002"]}
    looked_up = call(2, "get_account", account, account_number="ACC-20417")
    assert {"W4410", "W4411"} == set(entities_of(interaction(1, "Please cancel all my orders."), *looked_up))
    assert not set(entities_of(interaction(1, "Please cancel an order."), *looked_up))


def test_who_wants_the_best_of_several_gets_what_was_offered_and_others_only_what_they_chose() -> None:
    offer = interaction(4, "There are CP101 and CP202.", actor="bot")
    interactions = call(2, "search_cups", CUPS, colour="blue")
    assert set(entities_of(interaction(1, "I want the cheapest blue cup."), *interactions, offer)) == {"CP101", "CP202"}
    assert not set(entities_of(interaction(1, "I want a blue cup."), *interactions, offer))
    assert not set(entities_of(interaction(1, "I will do my best to find it, at least."), *interactions, offer))


def test_what_a_persons_own_record_lists_is_no_offer() -> None:
    own = {"user_id": "demo_user_4821", "cups": CUPS}
    talk = [
        interaction(1, "Which of my cups is the cheapest?"),
        *call(2, "get_cupboard", own, cupboard="kitchen"),
        interaction(4, "You have CP101 and CP202.", actor="bot"),
    ]
    assert not set(entities_of(*talk))


def test_an_attempt_that_another_step_took_the_place_of_is_told_by_what_it_was_about() -> None:
    failed = call(2, "change_order", "Error: sold out", order_id="W4410", item_id="5320792178")
    talk = [interaction(1, "I want to change my order W4410."), *failed]
    assert set(entities_of(*talk)) == {"W4410", "5320792178"}
    talk += call(4, "cancel_order", {}, order_id="W4410")
    assert set(entities_of(*talk)) == {"W4410"}
    brief = compose(snapshot(talk), Intent(), HandoffRequest())
    assert [action.step for action in brief.actions_taken] == ["change order: W4410", "cancel order: W4410"]
