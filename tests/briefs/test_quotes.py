"""Quotations are checked letter for letter, and given as they stand in their line."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.briefs.llm.quotes import standing
from tests.support.builders import interaction

LINE = interaction(1, "I won’t pay the “late fee” – it’s **not** mine.\nRefund   ordered on 2 March, order W7718.")


@pytest.mark.parametrize(
    ("quote", "words"),
    [
        ("I won't pay", "I won’t pay"),
        ('the "late fee" - it\'s not mine', "the “late fee” – it’s **not** mine"),
        ("refund ordered on 2 March.", "Refund   ordered on 2 March"),
        ("not mine. Refund", "not** mine.\nRefund"),
        ("I won't pay … order W7718", "I won’t pay … order W7718"),
        ("“order W7718”", "order W7718"),
    ],
)
def test_a_quotation_is_given_as_it_stands_in_its_line(quote: str, words: str) -> None:
    assert standing(quote, LINE) == words


@pytest.mark.parametrize(
    "quote", ["I will pay", "order W7718 … I won't pay", "efund ordered", "W77", "…", "", "?!", "Refund on 2 March"]
)
def test_what_does_not_stand_in_the_line_is_no_quotation(quote: str) -> None:
    assert standing(quote, LINE) is None


def test_a_quotation_may_be_of_a_tool_call_as_the_model_saw_it() -> None:
    call = interaction(2, '{"cabin": "economy"}', name="get", data={"order_id": "W7718"}, kind="tool_result")
    assert standing('\\"cabin\\": \\"economy\\"', call) == '"cabin": "economy"'
    assert standing('"order_id": "W7718"', call) == '"order_id": "W7718"'


@given(text=some.text(max_size=60), start=some.integers(0, 30), length=some.integers(1, 30))
def test_whatever_is_given_as_a_quotation_is_in_the_line(text: str, start: int, length: int) -> None:
    words = standing(text[start : start + length], interaction(1, text))
    assert words is None or all(piece in text for piece in words.split(" … "))
