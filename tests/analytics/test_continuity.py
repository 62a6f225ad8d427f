"""The analytics of continuity on a world whose figures are worked out by hand.

The journeys of `tests/support/continuity_world.py`, in seconds from nine o'clock; day 0 is Monday, 2 March 2026:

    who  day  way                      handoff  repeated  gap  penalty        brief        overridden
    1    0    chat → voice (returns)   30 s     yes       no   100 - 58 = 42  50 - 30 = 20  no (accepted)
    2    1    chat → voice (parcels)   30 s     no        no   65 - 60 = 5    40 - 30 = 10  yes (edited)
    3    1    chat → chat              none     (yes)     yes  (50 - 30 = 20)
    4    7    app → voice              none     (no)      yes  (90 - 90 = 0)
    5    0    not handed on at all
    6    8    chat → voice             10 s     yes       yes  no agent       40 - 10 = 30  yes (rejected)

What is in brackets counts among the unprepared alone.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app.models import ActionOutcome, Channel, Feedback, HandoffRequest, RetentionRule
from app.models.continuity import (
    Breakpoint,
    Continuity,
    ContinuityFilter,
    ContinuityMetrics,
    EscalationsOnly,
    FrictionKind,
    GroupBy,
    Metric,
)
from tests.support import continuity_world as world
from tests.support.continuity_world import TENANT, at

if TYPE_CHECKING:
    from app.services import App

ALL = ContinuityFilter()


def value_and_count(metric: Metric) -> tuple[float | None, int]:
    """A metric's value and count."""
    return metric.value, metric.count


def figures(made: ContinuityMetrics) -> dict[str, tuple[float | None, int]]:
    """The values and counts of all metrics."""
    return {name: value_and_count(value) for name, value in made if isinstance(value, Metric)}


def way(made: Continuity, before: str, after: str) -> Breakpoint:
    """The breakpoint between two channels."""
    breakpoints = [point for point in made.breakpoints if (point.from_channel, point.to_channel) == (before, after)]
    assert len(breakpoints) == 1
    return breakpoints[0]


async def test_the_whole_world_gives_the_figures_worked_out_by_hand(app: "App") -> None:
    await world.whole_world(app)
    made = await app.analytics.continuity(TENANT, ALL)
    assert (made.overall.count, made.overall.handoffs) == (5, 3)
    assert figures(made.overall) == {
        "repeat_information_rate": (0.666667, 3),  # 1 and 6 of 1, 2, 6
        "context_gap_rate": (0.6, 5),  # 3, 4 and 6 of 1, 2, 3, 4, 6
        "handoff_penalty_ms": (23_500, 2),  # median of 42 s and 5 s
        "time_to_brief_ms": (20_000, 3),  # median of 20, 10 and 30 s
        "override_rate": (0.666667, 3),  # 2 and 6 of 1, 2, 6
        "unprepared_repeat_rate": (0.5, 2),  # 3 of 3 and 4
        "unprepared_penalty_ms": (10_000, 2),  # median of 20 s and 0
    }


async def test_each_breakpoint_has_the_figures_of_its_own_escalations(app: "App") -> None:
    await world.whole_world(app)
    made = await app.analytics.continuity(TENANT, ALL)
    assert [(point.from_channel, point.to_channel, point.count, point.handoffs) for point in made.breakpoints] == [
        (Channel.CHAT, Channel.VOICE, 3, 3),
        (Channel.APP, Channel.VOICE, 1, 0),
        (Channel.CHAT, Channel.CHAT, 1, 0),
    ]
    assert figures(way(made, "chat", "voice")) == {
        "repeat_information_rate": (0.666667, 3),
        "context_gap_rate": (0.333333, 3),
        "handoff_penalty_ms": (23_500, 2),
        "time_to_brief_ms": (20_000, 3),
        "override_rate": (0.666667, 3),
        "unprepared_repeat_rate": (None, 0),
        "unprepared_penalty_ms": (None, 0),
    }
    assert value_and_count(way(made, "chat", "chat").context_gap_rate) == (1.0, 1)
    assert value_and_count(way(made, "chat", "chat").unprepared_repeat_rate) == (1.0, 1)
    assert value_and_count(way(made, "app", "voice").unprepared_penalty_ms) == (0, 1)


async def test_filters_leave_the_escalations_that_fit_them(app: "App") -> None:
    await world.whole_world(app)

    async def count(**fields: object) -> int:
        return (await app.analytics.continuity(TENANT, ContinuityFilter.model_validate(fields))).overall.count

    assert await count(**{"from": at(0, day=1)}) == 4
    assert await count(**{"from": at(0, day=1), "to": at(0, day=7)}) == 2
    assert await count(to=at(30)) == 0  # the end is not within
    assert await count(**{"from": at(30), "to": at(31)}) == 1  # the beginning is
    assert await count(channel="chat") == 4
    assert await count(from_channel="app") == 1
    assert await count(to_channel="chat") == 1
    assert await count(queue="parcels") == 1
    assert await count(queue="nobody's") == 0


async def test_days_and_weeks_are_told_with_the_empty_ones_between_them(app: "App") -> None:
    await world.whole_world(app)
    days = await app.analytics.continuity(TENANT, ALL, group_by=GroupBy.DAY)
    assert [period.count for period in days.over_time] == [1, 2, 0, 0, 0, 0, 0, 1, 1]
    assert days.over_time[0].since == at(0).replace(hour=0)
    weeks = await app.analytics.continuity(TENANT, ALL, group_by=GroupBy.WEEK)
    assert [(period.since.isoformat(), period.count) for period in weeks.over_time] == [
        ("2026-03-02T00:00:00+00:00", 3),
        ("2026-03-09T00:00:00+00:00", 2),
    ]
    span = ContinuityFilter(since=at(0, day=-2), until=at(0, day=2).replace(hour=0))
    bounded = await app.analytics.continuity(TENANT, span, group_by=GroupBy.DAY)
    assert [period.count for period in bounded.over_time] == [0, 0, 1, 2]


async def test_groups_are_told_by_queue_and_by_channel(app: "App") -> None:
    await world.whole_world(app)
    queues = await app.analytics.continuity(TENANT, ALL, group_by=GroupBy.QUEUE)
    assert [(group.name, group.count) for group in queues.groups] == [(None, 3), ("parcels", 1), ("returns", 1)]
    channels = await app.analytics.continuity(TENANT, ALL, group_by=GroupBy.CHANNEL)
    assert [(group.name, group.count) for group in channels.groups] == [("voice", 4), ("chat", 1)]


async def test_the_drill_down_names_the_interactions_that_say_so(app: "App") -> None:
    handoff = await world.returned_lamp(app)
    escalations = (await app.analytics.escalations(TENANT, ALL)).escalations
    assert len(escalations) == 1
    escalation = escalations[0]
    assert (escalation.escalation_id, escalation.handoff_id) == (handoff.handoff_id, handoff.handoff_id)
    assert (escalation.conversation_id, escalation.agent_conversation_id) == ("chat-1", "call-1")
    assert (escalation.repeated, escalation.repeated_by, escalation.context_gap) == (True, "ledger", False)
    assert escalation.connected_at == at(58)
    rows = (await app.interactions.timeline(TENANT, handoff.customer_id)).interactions
    texts = {row.interaction_id: row.text for row in rows}
    again = [
        (restated.kind, restated.value, texts[restated.known][:8], texts[restated.restated])
        for restated in escalation.restated
    ]
    assert again == [
        ("meaning", None, "The lamp", "My lamp arrived broken and I want a refund."),
        ("identifier", "ORD-7033", "The lamp", "It is ORD-7033."),
    ]
    assert texts[escalation.penalty_until or ""].startswith("I have filed the return")


async def test_the_drill_down_is_told_in_pages_newest_first(app: "App") -> None:
    await world.whole_world(app)
    first = await app.analytics.escalations(TENANT, ALL, limit=3)
    rest = await app.analytics.escalations(TENANT, ALL, limit=3, after=first.next_after)
    both = [*first.escalations, *rest.escalations]
    assert [escalation.at for escalation in both] == [
        at(10, day=8),
        at(90, day=7),
        at(30, day=1),
        at(30, day=1),
        at(30),
    ]
    assert rest.next_after is None
    repeated = await app.analytics.escalations(TENANT, ALL, only=EscalationsOnly.REPEATED)
    assert [escalation.at for escalation in repeated.escalations] == [at(10, day=8), at(30, day=1), at(30)]
    gaps = await app.analytics.escalations(TENANT, ALL, only=EscalationsOnly.CONTEXT_GAP)
    reasons = [escalation.context_gap_reason for escalation in gaps.escalations]
    assert reasons == ["missing_context", "no_handoff", "no_handoff"]


async def test_the_graph_counts_visits_and_the_ways_between_them(app: "App") -> None:
    await world.whole_world(app)
    graph = await app.analytics.conversation_graph(TENANT, ALL)
    # Nothing was read of the intents yet. Chats: 1, 2, 3, 5 and 6; calls: 1, 2, 4 and 5; the app: 4.
    assert {node.id: node.count for node in graph.nodes} == {"chat": 5, "voice": 4, "app": 1}
    edges = {(edge.from_node, edge.to_node): edge for edge in graph.edges}
    assert set(edges) == {("chat", "voice"), ("app", "voice")}
    # 1 goes on after 40 s, 2 after 40 s, 5 after 880 s; the customer of 1 repeated it.
    chat_to_voice = edges["chat", "voice"]
    assert (chat_to_voice.count, chat_to_voice.broke, chat_to_voice.median_gap_ms) == (3, 1, 40_000)
    assert chat_to_voice.broke_share == pytest.approx(1 / 3, abs=1e-6)
    # 4 met an agent who knew nothing.
    assert (edges["app", "voice"].count, edges["app", "voice"].broke) == (1, 1)


async def test_the_conversations_behind_a_node_and_an_edge_are_those_that_were_counted(app: "App") -> None:
    await world.whole_world(app)
    behind = await app.analytics.graph_steps(TENANT, ALL, from_node="chat", to_node="voice")
    assert [(step.before and step.before.conversation_id, step.visit.conversation_id) for step in behind.steps] == [
        ("chat-2", "call-2"),
        ("chat-5", "call-5"),
        ("chat-1", "call-1"),
    ]
    assert [step.broke for step in behind.steps] == [False, False, True]
    node = await app.analytics.graph_steps(TENANT, ALL, node="app")
    assert [(step.before, step.visit.conversation_id, step.visit.interactions) for step in node.steps] == [
        (None, "app-4", 1)
    ]


async def test_an_edge_is_looked_at_by_the_time_at_which_it_was_gone(app: "App") -> None:
    await world.whole_world(app)
    graph = await app.analytics.conversation_graph(TENANT, ContinuityFilter(since=at(0, day=7)))
    assert [(edge.from_node, edge.to_node, edge.count) for edge in graph.edges] == [("app", "voice", 1)]


async def test_moments_are_ranked_by_the_journeys_that_they_cost(app: "App") -> None:
    await world.whole_world(app)
    moments = await app.analytics.friction_spots(TENANT, ALL)
    moments_by_kind = {(moment.kind, moment.channel): moment for moment in moments.moments}
    # The agents of 3 and 4 knew nothing; 6 is in no agent's conversation. Each is a journey that was escalated.
    assert moments_by_kind[FrictionKind.CONTEXT_GAP, Channel.CHAT].journeys == 1
    assert moments_by_kind[FrictionKind.CONTEXT_GAP, Channel.VOICE].journeys == 1
    assert moments_by_kind[FrictionKind.INFORMATION_REPEATED, Channel.VOICE].samples[0].conversation_id == "call-1"
    assert moments.journeys == 6
    assert [moment.journeys for moment in moments.moments] == sorted(
        (moment.journeys for moment in moments.moments), reverse=True
    )


async def test_intents_are_read_in_the_background_and_name_the_nodes(app: "App") -> None:
    await world.returned_lamp(app)
    before = await app.analytics.conversation_graph(TENANT, ALL)
    assert before.unread_conversations == 2
    await app.analytics.read_visits(TENANT)
    after = await app.analytics.conversation_graph(TENANT, ALL)
    assert after.unread_conversations == 0
    call = next(node for node in after.nodes if node.channel is Channel.VOICE)
    assert call.intent is not None
    assert call.id == f"voice:{call.intent}"
    moments = await app.analytics.friction_spots(TENANT, ALL)
    assert FrictionKind("human_request") in {moment.kind for moment in moments.moments}


async def test_what_is_acknowledged_is_taken_into_account_at_once(app: "App") -> None:
    handoff = await world.returned_lamp(app)
    assert (await app.analytics.continuity(TENANT, ALL)).overall.override_rate.value == 0.0
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback(accepted=False))
    assert (await app.analytics.continuity(TENANT, ALL)).overall.override_rate.value == 1.0
    await world.taken_over_in_chat(app)
    made = await app.analytics.continuity(TENANT, ALL)
    assert made.overall.count == 2
    assert made.as_of_seq == (await app.interactions.timeline(TENANT, handoff.customer_id)).as_of_seq == 14


@pytest.mark.parametrize(("seconds", "reason"), [(60, None), (61, "displayed_late")])
async def test_an_agent_whose_brief_came_a_minute_after_the_first_words_had_no_background(
    app: "App", seconds: int, reason: str | None
) -> None:
    handoff = await world.asked_and_met(app)
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback(displayed_at=at(60 + seconds)))
    escalation = (await app.analytics.escalations(TENANT, ALL)).escalations[0]
    assert (escalation.context_gap, escalation.context_gap_reason) == (reason is not None, reason)


async def test_a_desktop_that_tells_of_the_call_but_of_no_display_displayed_nothing(app: "App") -> None:
    handoff = await world.asked_and_met(app)
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[
        0
    ].context_gap is False  # it tells nothing of anything
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback(connected_at=at(58)))
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[0].context_gap_reason == "not_displayed"
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback(accepted=True))
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[0].context_gap is False


async def test_a_handoff_with_nothing_to_say_is_a_gap(app: "App") -> None:
    await app.handoffs.create(TENANT, HandoffRequest(identifiers=(world.email("new@example.com"),), now=at(0)))
    made = await app.analytics.continuity(TENANT, ALL)
    assert value_and_count(made.overall.context_gap_rate) == (1.0, 1)
    assert value_and_count(made.overall.time_to_brief_ms) == (None, 0)
    assert (made.breakpoints[0].from_channel, made.breakpoints[0].to_channel) == (None, None)


async def test_of_two_handoffs_before_one_call_the_last_is_the_escalation(app: "App") -> None:
    first = await world.asked_and_met(app)
    second = await app.handoffs.create(TENANT, first.request.model_copy(update={"now": at(45)}))
    made = await app.analytics.continuity(TENANT, ALL)
    assert (made.overall.count, made.overall.handoffs) == (1, 2)
    assert value_and_count(made.overall.handoff_penalty_ms) == (5_000, 1)
    assert made.overall.time_to_brief_ms.count == 2
    escalations_by_handoff = {
        escalation.handoff_id: escalation for escalation in (await app.analytics.escalations(TENANT, ALL)).escalations
    }
    assert escalations_by_handoff[first.handoff_id].context_gap is None
    assert escalations_by_handoff[second.handoff_id].agent_conversation_id == "call-7"


async def test_a_handoff_in_replay_finds_the_call_that_was_filed_after_it(app: "App") -> None:
    await world.asked_and_met(app, replayed=True)
    escalation = (await app.analytics.escalations(TENANT, ALL)).escalations[0]
    assert (escalation.agent_conversation_id, escalation.penalty_ms, escalation.at) == ("call-7", 5_000, at(60))


@pytest.mark.parametrize(
    ("told_of_it", "ways"),
    [
        ({"accepted": True}, ()),
        ({"accepted": False}, ("rejected",)),
        ({"accepted": True, "edited_brief": {"headline": "Other"}}, ("edited",)),
        ({"outcome": "resolved"}, None),
    ],
)
async def test_an_override_is_what_the_agent_did_otherwise(
    app: "App", told_of_it: dict[str, object], ways: tuple[str, ...] | None
) -> None:
    handoff = await world.asked_and_met(app)
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback.model_validate(told_of_it))
    escalation = (await app.analytics.escalations(TENANT, ALL)).escalations[0]
    assert (escalation.overridden, escalation.overrides) == ((None, ()) if ways is None else (bool(ways), ways))


async def test_a_disposition_overrides_only_the_one_that_was_suggested(app: "App") -> None:
    handoff = await world.asked_and_met(app)
    suggested = handoff.brief.suggested_disposition
    assert suggested is not None
    spelt = suggested.name.replace("_", " ").title()
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback(disposition=spelt))
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[0].overridden is False
    await app.handoffs.file_feedback(TENANT, handoff.handoff_id, Feedback(disposition="something_else"))
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[0].overrides == ("other_disposition",)


async def test_turning_down_every_action_that_was_answered_overrides_them_until_one_is_taken(app: "App") -> None:
    handoff = await world.asked_and_met(app)
    decision = handoff.next_actions
    assert decision is not None
    assert len(decision.actions) >= 2
    first, second = (action.action_id for action in decision.actions[:2])
    refused = ActionOutcome(action_id=first, displayed=True, accepted=False)
    await app.decisions.file_outcome(TENANT, decision.decision_id, refused)
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[0].overrides == ("other_action",)
    await app.decisions.file_outcome(TENANT, decision.decision_id, ActionOutcome(action_id=second, accepted=True))
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[0].overridden is False
    # Told again of the same action, which replaces what was told of it.
    await app.decisions.file_outcome(TENANT, decision.decision_id, ActionOutcome(action_id=second, accepted=False))
    assert (await app.analytics.escalations(TENANT, ALL)).escalations[0].overridden is True


async def test_tenants_see_their_own_journeys_alone(app: "App") -> None:
    await world.whole_world(app)
    await world.returned_lamp(app, tenant="globex")
    assert (await app.analytics.continuity("globex", ALL)).overall.count == 1
    assert (await app.analytics.continuity(TENANT, ALL)).overall.count == 5
    assert (await app.analytics.continuity("initech", ALL)).overall.count == 0
    theirs = (await app.analytics.escalations("globex", ALL)).escalations[0]
    assert theirs.customer_id not in {
        escalation.customer_id for escalation in (await app.analytics.escalations(TENANT, ALL)).escalations
    }


async def two_halves(app: "App") -> tuple[str, str]:
    """One person's chat and call under two addresses, which nobody has joined: the call alone hands nobody on."""
    await world.talk(
        app,
        world.email("one@example.com"),
        world.message(at(0), "customer", "My order ORD-5512 came without the cable.", "chat-a", "chat"),
        world.message(at(10), "bot", "I did not understand that.", "chat-a", "chat"),
    )
    await world.talk(
        app,
        world.email("two@example.com"),
        world.message(at(600), "customer", "My order ORD-5512 came without the cable.", "call-a", "voice"),
        world.message(at(610), "agent", "I will send you the cable today.", "call-a", "voice"),
    )
    steps = [
        step for node in ("chat", "voice") for step in (await app.analytics.graph_steps(TENANT, ALL, node=node)).steps
    ]
    whose = {step.visit.conversation_id: step.customer_id for step in steps}
    return whose["chat-a"], whose["call-a"]


def comparable(made: Continuity) -> dict[str, object]:
    """An answer without what differs from one asking to the next."""
    return made.model_dump(exclude={"duration_ms", "as_of_seq"})


async def test_a_merge_joins_journeys_and_undone_it_is_as_if_it_had_never_been(app: "App") -> None:
    await world.whole_world(app)
    first, second = await two_halves(app)
    before, graph = await app.analytics.continuity(TENANT, ALL), await app.analytics.conversation_graph(TENANT, ALL)
    assert before.overall.count == 5

    merge = await app.customers.merge(TENANT, first, second)
    joined = await app.analytics.continuity(TENANT, ALL)
    # The call goes on with what was left unsettled in the chat, and the agent knew nothing: 4 of 6; 2 of 3 repeated.
    assert value_and_count(joined.overall.context_gap_rate) == (0.666667, 6)
    assert value_and_count(joined.overall.unprepared_repeat_rate) == (0.666667, 3)

    await app.customers.unmerge(TENANT, first, merge.merge_id)
    assert comparable(await app.analytics.continuity(TENANT, ALL)) == comparable(before)
    assert (await app.analytics.conversation_graph(TENANT, ALL)).edges == graph.edges


async def test_a_merge_that_the_rules_make_joins_journeys_too(app: "App") -> None:
    await two_halves(app)
    assert (await app.analytics.continuity(TENANT, ALL)).overall.count == 0
    line = world.message(at(700), "customer", "Thanks, bye.", "call-a", "voice")
    both = (world.email("one@example.com"), world.email("two@example.com"))
    await app.interactions.record(TENANT, [line.model_copy(update={"identifiers": both})])
    made = await app.analytics.continuity(TENANT, ALL)
    assert value_and_count(made.overall.context_gap_rate) == (1.0, 1)
    assert value_and_count(made.overall.unprepared_repeat_rate) == (1.0, 1)


async def test_an_erased_customer_is_in_no_figure(app: "App") -> None:
    await world.whole_world(app)
    erased = await world.returned_lamp(app, name="8", day=4)
    assert (await app.analytics.continuity(TENANT, ALL)).overall.count == 6
    await app.customers.erase(TENANT, erased.customer_id)
    made = await app.analytics.continuity(TENANT, ALL)
    assert (made.overall.count, made.overall.handoffs) == (5, 3)
    assert erased.customer_id not in {
        escalation.customer_id for escalation in (await app.analytics.escalations(TENANT, ALL)).escalations
    }
    assert {node.id: node.count for node in (await app.analytics.conversation_graph(TENANT, ALL)).nodes}["voice"] == 4


async def test_what_was_blanked_is_said_again_by_nobody(app: "App") -> None:
    whose = world.account("acc-3001")
    told_first = await world.talk(
        app,
        whose,
        world.message(at(0), "customer", "My order is ORD-8899.", "chat-d", "chat"),
        world.message(at(10), "bot", "I cannot help.", "chat-d", "chat"),
        world.message(at(20), "agent", "Which order is it?", "chat-d", "chat"),
        world.message(at(30), "customer", "ORD-8899", "chat-d", "chat"),
    )
    assert (await app.analytics.continuity(TENANT, ALL)).overall.unprepared_repeat_rate.value == 1.0
    await app.interactions.redact(TENANT, told_first[0])
    assert (await app.analytics.continuity(TENANT, ALL)).overall.unprepared_repeat_rate.value == 0.0


async def test_what_retention_removed_is_in_no_figure(app: "App") -> None:
    await world.whole_world(app)
    assert (await app.analytics.continuity(TENANT, ALL)).overall.count == 5
    await app.customers.set_retention(TENANT, RetentionRule(channel=Channel.VOICE, days=1))
    await app.customers.apply_retention(tenant=TENANT, now=at(0, day=30) + timedelta(hours=1))
    graph = await app.analytics.conversation_graph(TENANT, ALL)
    assert {node.id: node.count for node in graph.nodes} == {"chat": 5, "app": 1}
    assert graph.edges == ()
