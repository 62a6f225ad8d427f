"""The scorers of `eval handoffs`, on cases worked by hand."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.conversations import conversation_of
from app.errors import InvalidRequest
from app.models import (
    Brief,
    Claim,
    Decision,
    Entity,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Intervention,
    InterventionLevel,
    VerificationStatus,
)
from evals.experiments.handoffs import JudgedHandoff, cut_before_handing_on, figures, judge
from evals.scorers.identifiers import identifiers, named_in

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROW: dict[str, Any] = {
    "id": "case-1",
    "started_at": NOW.isoformat(),
    "customer_ref": "demo_user_1001",
    "turns": [
        {"role": "customer", "text": "Please return order #W22781 for $80."},
        {"role": "bot", "text": "I see the orders W22781 and W90000."},
        {"role": "tool_call", "name": "return_order", "arguments": {"order_id": "W22781", "refund_amount": 75}},
        {"role": "tool_result", "name": "return_order", "text": "{}"},
    ],
    "gold": {
        "goal": "You want your money back.",
        "actions": [{"name": "return_order", "kwargs": {"refund_amount": 75}}],
    },
}


def judged(brief: Brief, *, row: dict[str, Any] = ROW, duration_ms: int = 10) -> JudgedHandoff:
    decision = Decision(
        decision_id="dec_1",
        customer_id="cus_1",
        created_at=NOW,
        as_of_seq=4,
        duration_ms=1,
        audience="agent",
        intervention=Intervention(level=InterventionLevel.WAIT, friction=0.0),
        actions=(),
        suppressed=(),
    )
    handoff = Handoff(
        handoff_id="hnd_1",
        customer_id="cus_1",
        created_at=NOW,
        as_of_seq=4,
        duration_ms=duration_ms,
        status=HandoffStatus.COMPLETED,
        engine="extractive",
        verification_status=VerificationStatus.CLAIMED,
        brief=brief,
        next_actions=decision,
        request=HandoffRequest(conversation_id="case-1"),
    )
    conversation = conversation_of({key: value for key, value in row.items() if key != "gold"})
    return judge(row, conversation, handoff)


def entity(value: str) -> Entity:
    return Entity(type="order_id", value=value, evidence=("int_1",))


def test_what_the_customer_said_and_what_gold_names_is_relevant_and_nothing_else() -> None:
    assert judged(Brief()).relevant == {"W22781", "$80", "$75"}


def test_a_median_below_a_millisecond_is_no_zero() -> None:
    quick = [judged(Brief())._replace(took_ms=took) for took in (0.2, 0.4, 0.9)]
    result = figures(quick)
    assert result.p50_ms == 0.4
    assert 0.4 < result.p99_ms <= 0.9


def test_recall_counts_what_the_brief_holds_of_it_and_precision_what_else_it_holds() -> None:
    result = figures([judged(Brief(situation="They return W22781.", entities=(entity("W90000"), entity("$80"))))])
    assert result.relevant_recall == pytest.approx(2 / 3)
    assert result.relevant_precision == pytest.approx(2 / 3)
    assert result.prose_recall == pytest.approx(1 / 3)
    assert result.fabricated == 0


def test_an_identifier_that_the_conversation_does_not_contain_is_made_up() -> None:
    assert judged(Brief(situation="They return W99999 for $81.")).made_up == {"W99999", "$81"}


def test_claims_and_times_are_not_searched_for_identifiers() -> None:
    brief = Brief(claims=(Claim(text="Order W99999", evidence=(), support=0.1),))
    result = judged(brief)
    assert result.mentioned == set()
    assert figures([result]).claims_without_evidence == 1


def test_entities_are_no_prose_and_words_are_counted_in_prose_alone() -> None:
    result = judged(Brief(headline="Wants a return", situation="They return W22781.", entities=(entity("$80"),)))
    assert result.words == 6
    assert result.mentioned_in_prose == {"W22781"}


def test_figures_are_means_over_conversations_and_pooled_beside() -> None:
    all_of_it = Brief(entities=(entity("W22781"), entity("$80"), entity("$75")))
    result = figures([judged(all_of_it, duration_ms=10), judged(Brief(), duration_ms=30)])
    assert (result.n, result.relevant_recall, result.p50_ms) == (2, 0.5, 20)
    assert result.pooled_precision == 1.0


def test_a_file_without_conversations_is_an_error_in_words() -> None:
    with pytest.raises(InvalidRequest, match="no conversation"):
        figures([])


def test_a_conversation_is_cut_before_the_bot_hands_it_on() -> None:
    turns = [*ROW["turns"], {"role": "tool_call", "name": "transfer_to_human_agents", "arguments": {"summary": "x"}}]
    assert cut_before_handing_on({**ROW, "turns": turns})["turns"] == ROW["turns"]
    assert cut_before_handing_on(ROW)["turns"] == ROW["turns"]


def test_identifiers_are_found_by_shape_and_amounts_by_their_figure() -> None:
    assert identifiers("#W22781, demo_user_1001, $1,250.50, 44120399, ok 12") == {
        "W22781",
        "demo_user_1001",
        "$1250.5",
        "44120399",
    }
    assert named_in({"amount": 50, "count": 3, "id": "HX12345"}) == {"$50", "HX12345"}
