"""How the extractive brief tells a case: sentences that an agent can read aloud."""

from collections.abc import Sequence
from datetime import timedelta

from app.briefs.extractive import compose
from app.models import (
    Brief,
    HandoffReason,
    HandoffRequest,
    Intent,
    Interaction,
    Passage,
    Reason,
    ResolutionStatus,
)
from tests.builders import START, interaction, snapshot


def brief_of(
    *conversation: Interaction, prior: Sequence[Interaction] = (), request: HandoffRequest | None = None
) -> Brief:
    return compose(snapshot(conversation, prior), Intent(), request or HandoffRequest())


def done(seq: int, tool: str, data: dict[str, object], result: str = "{}") -> list[Interaction]:
    return [
        interaction(seq, actor="bot", kind="tool_call", name=tool, data=data),
        interaction(seq + 1, result, actor="system", kind="tool_result", name=tool),
    ]


def test_a_matter_that_was_only_announced_is_told_with_what_was_then_asked_for() -> None:
    brief = brief_of(
        interaction(1, "Hi, I need to make a few changes to my booking."),
        interaction(2, "Which changes?", actor="bot"),
        interaction(3, "I want to add two checked bags."),
    )
    told = "The customer needs to make a few changes to their booking: they want to add two checked bags."
    assert brief.contact_reason == told.replace("needs to make", "wants to make")
    assert brief.suggested_opening is not None
    assert "you want to make a few changes to your booking, and that you want to add two checked bags." in (
        brief.suggested_opening
    )
    assert brief.claims[1].evidence == ("int_1", "int_3")


def test_the_customer_is_named_first_and_they_after() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender from order W4410."),
        interaction(2, "It is for account demo_user_4821. I also want to keep the old lid. Get me a real person."),
    )
    assert brief.situation == (
        "The customer gave account demo_user_4821. They also want to keep the old lid. They now ask for a person."
    )


def test_wishes_that_begin_alike_share_their_verb_and_what_only_moves_the_talk_along_is_left_out() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."),
        interaction(2, "Can you look it up using my account? I'd like to resolve this quickly."),
        interaction(3, "I also want to keep the old lid. And I want to order a jug."),
    )
    assert brief.situation == "The customer also wants to keep the old lid, and to order a jug."


def test_steps_that_went_well_at_once_are_told_together() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."),
        *done(2, "exchange_item", {"order_id": "W4410"}),
        *done(4, "exchange_item", {"order_id": "W4411"}),
    )
    assert brief.situation == "The bot completed “exchange item” for W4410 and W4411."


def test_a_step_taken_elsewhere_is_told_with_its_channel() -> None:
    failed = interaction(1, kind="event", channel="ivr", name="balance_menu", outcome="failed")
    brief = brief_of(failed, interaction(2, "I want to dispute a payment to a gym."))
    assert brief.situation == "“balance menu” failed in the phone menu."


def test_a_tool_that_fails_in_json_is_told_by_its_message_and_not_by_its_braces() -> None:
    answer = '{"status": "failed", "error": {"code": 7}, "message": "no signal on the line"}'
    brief = brief_of(interaction(1, "My line is dead."), *done(2, "run_line_test", {"line_id": "LN-20931"}, answer))
    assert brief.situation == "“run line test” for LN-20931 failed: no signal on the line."


def test_opening_something_for_the_customer_is_a_step_and_not_a_look_up() -> None:
    brief = brief_of(
        interaction(1, "I did not make this payment."), *done(2, "open_dispute", {"payment_id": "TX-5592"})
    )
    assert [step.step for step in brief.actions_taken] == ["open dispute: payment TX-5592"]


def test_what_the_customer_says_they_tried_is_told_as_said_by_them() -> None:
    brief = brief_of(interaction(1, "My line is dead."), interaction(2, "I restarted the router twice, still nothing."))
    assert brief.situation == "The customer says they restarted the router twice, still nothing."


def test_who_only_wants_a_person_expects_a_person() -> None:
    brief = brief_of(interaction(1, "Why was my number moved without my consent?"), interaction(2, "Agent!"))
    assert brief.customer_expectation == "The customer wants to speak to a person."
    assert brief.suggested_opening is not None
    assert "you asked: “Why was my number moved without my consent?” May I" in brief.suggested_opening


def test_a_matter_told_beside_the_wish_for_a_person_is_the_reason() -> None:
    brief = brief_of(
        interaction(1, "My card was swallowed by the machine on Elm Street and I can't reach a person."),
        interaction(2, "I need a new card."),
    )
    assert brief.contact_reason is not None
    assert "Elm Street" in brief.contact_reason


def test_a_policy_and_what_is_done_on_the_spot_are_no_promises() -> None:
    brief = brief_of(
        interaction(1, "I want to cancel my order."),
        interaction(2, "The policy states that refunds will go to the card.", actor="bot"),
        interaction(3, "I will proceed with the refund.", actor="bot"),
        interaction(4, "A colleague will call you back by tomorrow noon.", actor="bot"),
    )
    assert [one.text for one in brief.commitments] == ["A colleague will call you back by tomorrow noon."]
    assert brief.commitments[0].due == "by tomorrow noon"


def test_history_tells_each_thing_once_in_words_and_no_question_of_a_bot() -> None:
    days = [START - timedelta(days=count) for count in (90, 60, 50, 40)]
    past = [
        interaction(1, "My blender broke.", conversation_id="a", at=days[0]),
        interaction(2, "Could you tell me your postcode?", actor="bot", conversation_id="a", at=days[0]),
        interaction(3, "My blender broke.", conversation_id="b", at=days[1]),
        interaction(4, "Yes, thank you.", conversation_id="b", at=days[1]),
        interaction(5, "We will replace the jug.", actor="agent", conversation_id="b", at=days[2]),
        interaction(6, "{}", kind="event", name="start_return", outcome="failed", conversation_id="c", at=days[3]),
    ]
    found = snapshot([interaction(9, "The blender is broken again.")], past)
    found = found.model_copy(update={"history": tuple(Passage(interaction=one, score=0.5) for one in past)})
    assert [item.text for item in compose(found, Intent(), HandoffRequest()).history] == [
        "The customer reported that their blender broke.",
        "The agent said: “We will replace the jug.”",
        "“start return” failed.",
    ]


def test_what_is_handed_on_for_a_reason_is_not_settled_and_the_reason_says_how_it_will_be_filed() -> None:
    talk = [
        interaction(1, "I want to exchange my blender."),
        *done(2, "exchange_item", {"order_id": "W4410"}),
        interaction(4, "Thanks, bye."),
    ]
    assert brief_of(*talk).resolution_status is ResolutionStatus.RESOLVED
    request = HandoffRequest(reason=Reason(code=HandoffReason.POLICY_EXCEPTION))
    brief = brief_of(*talk, request=request)
    assert brief.resolution_status is ResolutionStatus.PARTIAL
    assert brief.suggested_disposition is not None
    assert brief.suggested_disposition.name == "exception_requested"
