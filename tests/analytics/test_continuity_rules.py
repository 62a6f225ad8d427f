"""What counts as said again, as collecting again, as a visit, and how sure a figure is: the rules by themselves."""

from collections.abc import Sequence
from datetime import timedelta
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.figures import breakpoints, figures
from app.analytics.handoff_penalty import penalty_of
from app.analytics.intervals import median, rate
from app.analytics.journeys import read_journeys
from app.analytics.repeats import RestatedFact
from app.analytics.visits import visits_of
from app.models import Actor, Channel, Identifier, Interaction
from app.ports.continuity import Digest, EscalationFigures, Material
from tests.support.builders import START, interaction

BEFORE = 2  # the first two rows are what went before


def restated(*rows: Interaction) -> list[str]:
    """What the customer says again after the first two rows: the kinds of it."""
    interactions = [row for row in rows[BEFORE:] if row.actor is Actor.CUSTOMER]
    beside = [row for row in rows[BEFORE:] if row.actor is not Actor.CUSTOMER]
    return [restatement.kind for restatement in RestatedFact(rows).restated(interactions, BEFORE, beside=beside)]


def two(first: Interaction, *later: Interaction) -> list[Interaction]:
    """A row that was known, an answer to it, and what came later."""
    return [first, interaction(2, "I did not understand that.", actor="bot"), *later]


@pytest.mark.parametrize(
    ("earlier", "again", "kinds"),
    [
        ("My order is ORD-70331.", "It is ord-70331", ["identifier"]),
        ("My phone is +49 170 5551234.", "You can call +49 170 555 1234", ["identifier"]),
        ("My order is ORD-70331.", "The other order is ORD-70332.", []),
        ("I paid 59.00 EUR on 2026-02-01.", "I paid 59.00 EUR on 2026-02-01 by card.", ["meaning"]),
        ("I paid 59.00 EUR.", "It was 59.00 EUR.", []),
        ("The lamp arrived broken, I want a refund.", "My lamp came broken and I want a refund.", ["meaning"]),
        ("The lamp arrived broken, I want a refund.", "The chair is too small, can I exchange it?", []),
        ("I cannot log in to my account.", "Thank you very much, that was all.", []),
        ("Where is my parcel?", "Yes, that is right.", []),
    ],
)
def test_what_a_customer_says_again_is_told_from_what_is_new(earlier: str, again: str, kinds: list[str]) -> None:
    rows = two(interaction(1, earlier), interaction(3, "Hello.", actor="agent"), interaction(4, again))
    assert restated(*rows) == kinds


def test_what_a_tool_an_event_or_the_channel_told_was_known_as_well() -> None:
    tool = interaction(1, '{"order_id": "ORD-70331"}', actor="bot", kind="tool_result", name="find")
    assert restated(*two(tool, interaction(3, "It is ORD-70331."))) == ["identifier"]
    event = interaction(1, kind="event", name="open_page", data={"order_id": "ORD-70331"})
    assert restated(*two(event, interaction(3, "It is ORD-70331."))) == ["identifier"]
    sent = interaction(1, "Hello").model_copy(
        update={"identifiers": (Identifier(type="account_id", value="acc-2001"),)}
    )
    assert restated(*two(sent, interaction(3, "My account is ACC-2001."))) == ["identifier"]


def test_a_step_that_failed_tells_of_itself() -> None:
    step = interaction(1, kind="event", name="submit_warranty_claim", outcome="failed")
    assert restated(*two(step, interaction(3, "I could not submit my warranty claim."))) == ["meaning"]


def test_whoever_confirms_what_the_agent_said_repeats_nothing() -> None:
    earlier = interaction(1, "The lamp of order ORD-70331 arrived broken.")
    knows = interaction(3, "Your lamp of order ORD-70331 arrived broken, is that right?", actor="agent")
    assert restated(*two(earlier, knows, interaction(4, "Yes, the lamp of ORD-70331 arrived broken."))) == []
    assert restated(*two(earlier, interaction(4, "The lamp of ORD-70331 arrived broken."))) == ["identifier", "meaning"]


def penalty(*lines: tuple[int, str, str], earlier: str = "The lamp of order ORD-70331 arrived broken.") -> object:
    """Seconds from connecting to the first step, and the seconds of that step; the agent connects with the first."""
    rows = [interaction(1, earlier)]
    rows += [
        interaction(index, text, actor=actor, at=START + timedelta(seconds=1000 + seconds), channel="voice")
        for index, (seconds, actor, text) in enumerate(lines, start=2)
    ]
    measured = penalty_of(rows[1:], rows[1].occurred_at, RestatedFact(rows), 1)
    if measured is None:
        return None
    at = {row.interaction_id: row.occurred_at for row in rows}
    until = None if measured.until is None else round((at[measured.until] - START).total_seconds()) - 1000
    return measured.ms / 1000, until


def test_a_greeting_a_verification_and_a_question_for_what_is_known_are_no_step() -> None:
    assert penalty(
        (0, "agent", "Good morning, you are speaking with Kim. How can I help you?"),
        (10, "customer", "My lamp arrived broken."),
        (20, "agent", "I am sorry to hear that. Can you tell me your date of birth, please?"),
        (30, "customer", "The first of May 1980."),
        (40, "agent", "Thank you. And what is your order number?"),
        (50, "customer", "ORD-70331"),
        (60, "agent", "One moment, let me have a look."),
        (90, "agent", "A new lamp is on its way."),
    ) == (90, 90)


def test_a_question_is_a_step_when_its_answer_is_new() -> None:
    assert penalty(
        (0, "agent", "Hello."),
        (10, "agent", "Was the box damaged when it came?"),
        (20, "customer", "Yes, the cardboard was torn and wet on one side."),
    ) == (10, 10)


def test_a_question_that_brings_nothing_is_none() -> None:
    assert penalty(
        (0, "agent", "Hello."),
        (10, "agent", "Can you give me your customer number?"),
        (20, "customer", "I don't have that with me."),
        (30, "agent", "Then I will send you a new lamp."),
    ) == (30, 30)


def test_something_new_from_the_customer_is_a_step() -> None:
    assert penalty(
        (0, "agent", "Hello, how can I help?"),
        (15, "customer", "My invoice for the chairs shows a wrong address."),
    ) == (15, 15)


def test_a_call_that_never_goes_on_counts_to_its_end_and_a_lone_greeting_not_at_all() -> None:
    assert penalty((0, "agent", "Hello."), (25, "customer", "My lamp arrived broken."), (40, "agent", "Hold on.")) == (
        40,
        None,
    )
    assert penalty((0, "agent", "Hello.")) is None


def test_a_visit_ends_with_its_conversation_its_channel_or_a_pause() -> None:
    def page(seq: int, minutes: int, channel: str = "web") -> Interaction:
        at = START + timedelta(minutes=minutes)
        return interaction(seq, kind="event", name="open", conversation_id=None, channel=channel, at=at)

    rows = [page(1, 0), page(2, 29), page(3, 60), page(4, 61, "app")]
    assert [[row.seq for row in visit.rows] for visit in visits_of(rows)] == [[1, 2], [3], [4]]
    call = [
        interaction(1, "Press one.", actor="bot", channel="ivr"),
        interaction(2, "one", channel="ivr"),
        interaction(3, "Hello.", actor="agent", channel="voice"),
        interaction(4, "Hi.", channel="voice"),
    ]
    assert [(visit.channel, len(visit.rows)) for visit in visits_of(call)] == [(Channel.IVR, 2), (Channel.VOICE, 2)]


def test_what_nobody_asked_for_is_no_visit_and_a_week_ends_a_journey() -> None:
    def line(seq: int, days: float, actor: str = "customer") -> Interaction:
        at = START + timedelta(days=days)
        return interaction(seq, "Hello there.", actor=actor, conversation_id=f"c{seq}", at=at)

    visits = visits_of([line(1, 0), line(2, 1, "system"), line(3, 7), line(4, 14.1)])
    assert [visit.rows[0].seq for visit in visits] == [1, 3, 4]
    assert [visit.journey_id for visit in visits] == ["int_1", "int_1", "int_4"]
    assert visits[1].before is visits[0]
    assert visits[2].before is None


def test_a_share_has_wilsons_interval() -> None:
    # Newcombe (Statistics in Medicine 17:857-872, 1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for cases, of, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        made = rate(cases, of)
        assert (made.ci_low, made.ci_high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
    assert rate(0, 0).value is None


def test_a_median_has_the_interval_of_its_order_statistics() -> None:
    # Of ten values, the second and the ninth: 1 - 2 (1 + 10) / 1024 = 0.979; the third and eighth would hold 0.891.
    ten = median([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    assert (ten.value, ten.ci_low, ten.ci_high) == (55, 20, 90)
    assert median([3, 1, 2]).model_dump() == {"value": 2, "count": 3, "ci_low": None, "ci_high": None}
    assert median([]).value is None


@given(st.integers(6, 400))
def test_the_interval_of_a_median_holds_it_nineteen_times_of_twenty(count: int) -> None:
    made = median(list(range(count)))
    assert made.ci_low is not None
    assert made.ci_high is not None
    left_out = round(made.ci_low)
    assert made.ci_high == count - 1 - left_out
    missed = 2 * sum(comb(count, number) for number in range(left_out + 1)) / 2**count
    assert missed <= 0.055 if count > 200 else missed <= 0.05


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_share_lies_within_its_interval(cases: int, more: int) -> None:
    made = rate(cases, cases + more)
    assert made.value is not None
    assert made.ci_low is not None
    assert made.ci_high is not None
    assert 0 <= made.ci_low <= made.value <= made.ci_high <= 1


escalations = st.builds(
    EscalationFigures,
    escalation_id=st.uuids().map(str),
    at=st.integers(0, 2**40),
    from_channel=st.sampled_from([None, "chat", "app"]),
    to_channel=st.sampled_from(["voice", "chat"]),
    intent=st.none(),
    queue=st.none(),
    reason=st.none(),
    handoff_id=st.sampled_from([None, "hnd_1"]),
    repeated=st.sampled_from([None, True, False]),
    gap=st.booleans(),
    penalty_ms=st.none() | st.integers(0, 10**6),
    brief_ms=st.none() | st.integers(0, 10**6),
    overridden=st.sampled_from([None, True, False]),
)


@given(st.lists(escalations, max_size=40), st.randoms())
def test_breakpoints_add_up_to_the_whole_in_whatever_order(rows: list[EscalationFigures], random: Random) -> None:
    whole = figures(rows)
    parts = breakpoints(rows)
    assert sum(part.count for part in parts) == whole["count"]
    assert sum(part.context_gap_rate.count for part in parts) == whole["context_gap_rate"].count
    assert sum(round((part.context_gap_rate.value or 0) * part.count) for part in parts) == sum(
        row.gap is True for row in rows
    )
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert figures(shuffled) == whole
    assert breakpoints(shuffled) == parts


lines = st.lists(
    st.tuples(
        st.sampled_from(["customer", "bot", "agent", "system"]),
        st.sampled_from(["chat", "voice"]),
        st.sampled_from(["c1", "c2", None]),
        st.sampled_from(["My order ORD-70331 is late.", "Hello.", "I have sent it.", "", "Which order is it?"]),
        st.integers(0, 3 * 86_400),
    ),
    max_size=25,
)


def rows_of(turns: Sequence[tuple[str, str, str | None, str, int]]) -> list[Interaction]:
    """Interactions of one customer."""
    return [
        interaction(
            seq, text, actor=actor, channel=channel, conversation_id=conversation, at=START + timedelta(seconds=second)
        )
        for seq, (actor, channel, conversation, text, second) in enumerate(turns, start=1)
    ]


def read(rows: Sequence[Interaction]) -> Digest:
    """What is read of a customer without documents."""
    return read_journeys(Material("cus_1", rows, {}, {}))


@given(lines, st.randoms())
def test_journeys_are_the_same_in_whatever_order_their_rows_come(
    turns: list[tuple[str, str, str | None, str, int]], random: Random
) -> None:
    rows = rows_of(turns)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert read(shuffled) == read(rows)


@given(lines)
def test_what_is_read_names_interactions_that_are_there(turns: list[tuple[str, str, str | None, str, int]]) -> None:
    rows = rows_of(turns)
    there = {row.interaction_id for row in rows}
    made = read(rows)
    for escalation in made.escalations:
        assert {
            escalation.escalation_id,
            *(interaction_id for _, *interaction_ids in escalation.restated for interaction_id in interaction_ids),
        } <= there
        assert escalation.penalty_until is None or escalation.penalty_until in there
        assert escalation.penalty_ms is None or escalation.penalty_ms >= 0
        assert escalation.gap is True  # nobody asked for a handoff
    visited = {visit.visit_id for visit in made.visits}
    assert all(visit.before_id is None or visit.before_id in visited for visit in made.visits)
    assert all(set(spot.evidence) <= there for spot in made.spots)
