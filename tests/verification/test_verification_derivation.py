"""Numbers that stand nowhere: they follow from what is of one kind, or can be counted, and never by coincidence."""

import json

import pytest

from app.models import Interaction, VerdictKind
from tests.support.builders import interaction
from tests.support.verification_room import verdict

OFFERS = interaction(
    9,
    json.dumps([{"id": f"Z-{index}", "price": price} for index, price in enumerate(range(101, 460, 13))]),
    actor="system",
    kind="tool_result",
    name="search",
)
ORDER = interaction(
    9, json.dumps({"id": "Z-1", "parts": [{"price": 143}, {"price": 58}]}), actor="system", kind="tool_result"
)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("It costs $201 together.", (ORDER,)),
        ("The refund is $61 less than the price.", ("It was $315, and you gave back $254.",)),
        ("The customer asked for the refund three times.", ("A refund, please.", "My refund?", "The refund!")),
        ("The customer sent two messages.", ("A lamp, please.", "Hello?")),
        ("The order has two parts.", (ORDER, "I ordered it.")),
        ("It costs more than 50 EUR.", ("It costs 54.50 EUR.",)),
    ],
)
def test_a_number_that_is_made_or_counted_of_one_kind_is_not_refuted(
    text: str, rows: tuple[str | Interaction, ...]
) -> None:
    result = verdict(text, *rows)
    assert result.verdict is not VerdictKind.REFUTED, result.why


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # Of so many prices nearly every number is the sum or the difference of two.
        ("It costs $312 together.", (OFFERS, "Which one is for me?")),
        # The amount of the one and the weight of the other make nothing.
        ("The customer paid $52.", ("I paid $40 for it.", interaction(2, "", kind="event", data={"weight": 12}))),
        ("The customer restarted the router nine times.", ("I restarted the router three times.",)),
        ("The customer asked for the refund seven times.", ("A refund, please.", "My refund?", "The refund!")),
        ("The customer sent six messages.", ("I want the lamp for my room.", "Is it on the way?")),
        # A rounded amount names no cents.
        ("The bank stopped whatever is above 57.50 EUR.", ("We stopped whatever is above 54.50 EUR.",)),
        ("The customer has three lamps.", (interaction(1, "A lamp.", data={"a": 1, "b": "x", "c": "y"}),)),
    ],
)
def test_a_number_that_follows_by_coincidence_alone_is_refuted(text: str, rows: tuple[str | Interaction, ...]) -> None:
    assert verdict(text, *rows).verdict is VerdictKind.REFUTED
