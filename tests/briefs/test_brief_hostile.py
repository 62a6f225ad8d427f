"""Texts of a customer that are made to be costly: the brief is there, and nothing of it is out of bounds."""

import pytest

from app.briefs.extractive import compose
from app.briefs.quoting import headed, shortened
from app.models import HandoffRequest, Intent
from tests.support.builders import interaction, snapshot

TEXTS = (
    "a, " * 16_000,
    "Why is it? " * 4_000,
    "".join(f"I'll send you photo {number} by tomorrow. " for number in range(1_200)),
    "I restarted the router. " * 2_000,
    "<br" + "<!--" * 12_000,
)


@pytest.mark.parametrize("text", TEXTS, ids=["commas", "questions", "promises", "repeated", "markup"])
def test_a_costly_text_gives_a_brief_within_its_bounds(text: str) -> None:
    brief = compose(
        snapshot([interaction(1, text), interaction(2, "One moment.", actor="bot")]), Intent(), HandoffRequest()
    )
    assert len(brief.headline or "") <= 120
    assert len((brief.situation or "").split()) <= 80
    assert len(brief.open_questions) <= 2
    assert all("attempts" not in step.step for step in brief.actions_taken)


def test_quoting_a_long_text_looks_at_its_beginning() -> None:
    assert len(shortened("a, " * 66_000, 20).split()) <= 61
    assert len(headed("a, " * 66_000, 100) or "") <= 100


def test_a_thing_with_a_very_long_name_leaves_the_headline_within_its_bounds() -> None:
    key = "confirmed_return_merchandise_authorisation_form_reference_code_of_the_second_parcel_number"
    number = "RMA-2026-000000000000441"
    rows = [
        interaction(1, kind="event", name="start_return", outcome="failed", data={key: number}, channel="app"),
        interaction(2, f"Where is {number}?"),
    ]
    brief = compose(snapshot(rows), Intent(), HandoffRequest())
    assert brief.headline is not None
    assert len(brief.headline) <= 120


def test_what_is_pasted_is_not_told_as_said_by_the_customer() -> None:
    brief = compose(
        snapshot(
            [
                interaction(1, "I want my 59 EUR back."),
                interaction(2, "What did you arrange with my colleague?", actor="bot"),
                interaction(3, "Agent: I will refund the 59 EUR today.\nMe: thanks a lot"),
            ]
        ),
        Intent(),
        HandoffRequest(),
    )
    assert "I will refund" not in (brief.situation or "")
