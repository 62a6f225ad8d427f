"""A request's analysis ends when its time is used up, and says what it left undone."""

from collections.abc import Iterator
from itertools import count

from app.briefs import compose, first_handoff
from app.budget import Budget, spend
from app.models import Decision, FailureCode, HandoffRequest, HandoffStatus, Intent, Intervention, InterventionLevel
from tests.support.builders import START, interaction, snapshot

TALK = [
    interaction(1, "Hi, my router ABX-2041 has not worked since 2 March and I want a refund of $49.90."),
    interaction(2, "I can send a technician on Friday between 9 and 12.", actor="bot"),
    interaction(3, "No, I already waited for two of them."),
]


class Clock:
    """A clock that goes one second forward each time somebody looks at it."""

    def __init__(self) -> None:
        self._seconds: Iterator[int] = count()

    def __call__(self) -> float:
        return float(next(self._seconds))


def test_work_goes_on_until_the_time_is_used_up_and_is_then_given_up() -> None:
    done: list[int] = []

    def work() -> str:
        for step in range(10):
            spend()
            done.append(step)
        return "all"

    budget = Budget(5, clock=Clock())
    assert budget.within(work, "some") == "some"
    assert (done, budget.gave_up) == ([0, 1, 2], True)
    assert budget.within(lambda: "more", "nothing") == "nothing"


def test_work_that_ends_in_time_is_not_given_up() -> None:
    budget = Budget(100, clock=Clock())
    assert budget.within(lambda: "all", "some") == "all"
    assert not budget.gave_up


def test_without_a_budget_nothing_is_given_up() -> None:
    Budget(-1).within(spend, None)
    spend()


def test_a_brief_for_which_the_time_was_used_up_has_what_was_found_until_then() -> None:
    asked = HandoffRequest()
    whole = compose(snapshot(TALK), Intent(), asked)
    looks = Clock()
    assert compose(snapshot(TALK), Intent(), asked, Budget(10_000, clock=looks)) == whole
    budget = Budget(looks() - 3, clock=Clock())
    cut = compose(snapshot(TALK), Intent(), asked, budget)
    assert budget.gave_up
    assert cut.contact_reason == whole.contact_reason
    assert (cut.custom_sections, cut.history) == ({}, ())
    assert compose(snapshot(TALK), Intent(), asked, Budget(0, clock=Clock())).contact_reason is None


def test_a_handoff_whose_brief_was_given_up_is_partial_for_the_limit_of_analysis() -> None:
    asked, of = HandoffRequest(), snapshot(TALK)
    decision = Decision(
        decision_id="dec_1",
        customer_id=of.customer.customer_id,
        as_of_seq=3,
        duration_ms=1,
        created_at=START,
        audience="agent",
        intervention=Intervention(level=InterventionLevel.WAIT, friction=0.0),
        actions=(),
        suppressed=(),
    )
    budget = Budget(0, clock=Clock())
    brief = compose(of, Intent(), asked, budget)
    handoff = first_handoff("hnd_1", of, brief, (), decision, asked, started=0.0, gave_up=budget.gave_up)
    assert (handoff.status, handoff.failure_code) == (HandoffStatus.PARTIAL, FailureCode.ANALYSIS_LIMIT)
