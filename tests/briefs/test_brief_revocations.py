"""What our side did or promised and the customer then took back is not told as standing."""

import pytest

from app.briefs.extractive import compose
from app.models import Actor, Brief, HandoffRequest, Intent, Outcome
from tests.support.builders import START, interaction, snapshot

SIDES = {"c": Actor.CUSTOMER, "b": Actor.BOT, "a": Actor.AGENT}
NEED = "My kiln does not heat, I need a potter to come."
SLOT = {"start": "2026-05-14T08:00:00+02:00", "reference": "QX-40418"}


def brief_of(*turns: tuple[str, str]) -> Brief:
    rows = [interaction(seq, text, actor=SIDES[who]) for seq, (who, text) in enumerate(turns, start=1)]
    return compose(snapshot(rows), Intent(), HandoffRequest())


@pytest.mark.parametrize(
    ("arranged", "taken_back"),
    [
        ("I have booked a potter for Tuesday at 10:00.", "No, cancel that please, Tuesday does not suit me."),
        ("I have booked a potter for Tuesday at 10:00.", "Please cancel the booking."),
        ("I have booked a potter for Tuesday at 10:00.", "I don't need the potter any more."),
        ("I will send a potter tomorrow morning.", "Don't send anybody, I will bring it myself."),
        ("Ich habe den Töpfer für Mittwoch um 9 Uhr gebucht.", "Nein, bitte stornieren Sie das wieder."),
        ("J'ai réservé le potier pour mardi à 10h.", "Non, annulez ça, mardi ne me convient pas."),
        ("He reservado al alfarero para el martes a las 10:00.", "No, cancélelo por favor, el martes no puedo."),
    ],
)
def test_what_the_customer_takes_back_of_what_was_arranged_is_no_promise_and_not_done(
    arranged: str, taken_back: str
) -> None:
    brief = brief_of(("c", NEED), ("b", arranged), ("c", taken_back))
    assert not brief.commitments
    assert all(step.outcome is not Outcome.SUCCEEDED for step in brief.actions_taken)
    assert f"Taken back: “{arranged}”" in (brief.situation or "")


@pytest.mark.parametrize(
    ("arranged", "declined"),
    [
        ("I have booked a potter for Thursday at 10:00.", "Thursday is too late, I have a baby at home."),
        ("I have booked a potter for Tuesday at 10:00.", "Tuesday does not suit me."),
        ("I have booked a potter for Tuesday at 10:00.", "That doesn't work for me."),
    ],
)
def test_what_the_customer_only_says_no_to_still_stands_and_is_told_with_the_no(arranged: str, declined: str) -> None:
    brief = brief_of(("c", NEED), ("b", arranged), ("c", declined))
    assert [promise.text for promise in brief.commitments] == [arranged]
    assert f"Refused by the customer: “{arranged}”" in (brief.situation or "")
    assert "Taken back" not in (brief.situation or "")


@pytest.mark.parametrize(
    "reply",
    [
        "No, that's all, thanks.",
        "No problem, see you Tuesday.",
        "Not a problem, Tuesday is fine.",
        "Can I cancel it later if something comes up?",
        "Great, and please cancel my newspaper subscription too.",
        "Please don't let them come through the garden.",
        "Nein danke, das ist alles.",
    ],
)
def test_a_no_to_something_else_takes_nothing_back_of_what_was_arranged(reply: str) -> None:
    arranged = "I have booked a potter for Tuesday at 10:00."
    brief = brief_of(("c", NEED), ("b", arranged), ("c", reply))
    assert [promise.text for promise in brief.commitments] == [arranged]
    assert [step.outcome for step in brief.actions_taken] == [Outcome.SUCCEEDED]


def test_what_a_tool_booked_and_the_customer_took_back_is_marked_so() -> None:
    start = START.replace(year=2026, month=5, day=12)
    rows = (
        interaction(1, NEED, at=start),
        interaction(2, actor="bot", kind="tool_call", name="book_visit", at=start, data={"kiln_id": "K-11"}),
        interaction(3, actor="bot", kind="tool_result", name="book_visit", at=start, outcome="succeeded", data=SLOT),
        interaction(4, "You are booked in.", actor="bot", at=start),
        interaction(5, "No, please cancel that.", at=start.replace(minute=5)),
    )
    brief = compose(snapshot(rows), Intent(), HandoffRequest())
    assert not brief.commitments
    assert [step.outcome for step in brief.actions_taken] == [Outcome.UNKNOWN]
    assert brief.actions_taken[0].step.startswith("Taken back: book visit")


def test_what_is_arranged_anew_after_that_stands() -> None:
    again = "I have booked a potter for Friday at 10:00."
    brief = brief_of(
        ("c", NEED),
        ("a", "I have booked a potter for Tuesday at 10:00."),
        ("c", "No, cancel that please, Tuesday does not suit me."),
        ("a", again),
        ("c", "Thank you, that is fine."),
    )
    assert [promise.text for promise in brief.commitments] == [again]
