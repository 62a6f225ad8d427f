"""How the extractive brief tells a case: facts in sentences of ours, and whole sentences that were said."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

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
from tests.support.builders import START, interaction, snapshot


def brief_of(
    *conversation: Interaction, prior: Sequence[Interaction] = (), request: HandoffRequest | None = None
) -> Brief:
    return compose(snapshot(conversation, prior), Intent(), request or HandoffRequest())


def done(seq: int, tool: str, data: dict[str, object], result: str = "{}") -> list[Interaction]:
    return [
        interaction(seq, actor="bot", kind="tool_call", name=tool, data=data),
        interaction(seq + 1, result, actor="system", kind="tool_result", name=tool),
    ]


def test_what_is_asked_for_besides_the_matter_is_told_too() -> None:
    others = ("I also want to change my address.", "I want to order a new lamp.", "And I would like an invoice.")
    brief = brief_of(
        interaction(1, "I want to cancel my subscription."),
        interaction(2, "Which one?", actor="bot"),
        interaction(3, f"The monthly one. {' '.join(others)}"),
    )
    assert brief.contact_reason is not None
    assert brief.contact_reason.startswith("The customer said: “I want to cancel my subscription.”")
    wording = f"{brief.contact_reason} {brief.situation} {brief.customer_expectation}"
    assert [other for other in others if f"“{other}”" not in wording] == []
    assert "Also said: “" in (brief.situation or "")


def test_what_the_customer_named_is_listed_with_what_it_is() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender from order W4410."),
        interaction(2, "It is for account demo_user_4821. Get me a real person."),
    )
    assert "Named: " not in (brief.situation or "")  # the quotations name all of it
    assert "order W4410" in (brief.contact_reason or "")
    by_number = brief_of(
        interaction(1, "The blender of order W4410 leaks."),
        interaction(2, "And what about the lamp?"),
        interaction(3, "Its order number, please?", actor="bot"),
        interaction(4, "W5520, W5521"),
    )
    assert {claim.text: claim.evidence for claim in by_number.claims}["Named: W5520, W5521."] == ("int_4",)


def test_steps_that_went_well_are_told_each_with_what_it_was_done_to() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."),
        *done(2, "exchange_item", {"order_id": "W4410"}),
        *done(4, "exchange_item", {"order_id": "W4411"}),
    )
    assert brief.situation == "Done: exchange item: W4410. Done: exchange item: W4411."
    assert brief.headline == "“I want to exchange my blender.” · order W4410 · partly done"


def test_where_not_all_steps_have_room_one_that_went_wrong_is_told() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."),
        *done(2, "exchange_item", {"order_id": "W4410"}, "Error: the item is not in stock"),
        *done(4, "send_label", {"label_id": "L-1"}),
        *done(6, "send_mail", {"mail_id": "M-1"}),
    )
    situation = "Failed: exchange item: W4410. Done: send label: L-1. Done: send mail: M-1."
    assert brief.situation == situation


def test_a_step_of_the_customers_that_failed_elsewhere_is_told_and_heads_the_brief() -> None:
    failed = interaction(1, kind="event", channel="ivr", name="balance_menu", outcome="failed")
    brief = brief_of(failed, interaction(2, "I want to dispute a payment to a gym."))
    assert brief.situation == "Failed: balance menu."
    assert brief.headline == "“I want to dispute a payment to a gym.” · balance menu failed"
    assert brief.actions_taken[0].channel is failed.channel


def test_a_tool_that_fails_in_json_is_told_by_its_name_and_not_by_its_braces() -> None:
    answer = '{"status": "failed", "error": {"code": 7}, "message": "no signal on the line"}'
    brief = brief_of(interaction(1, "My line is dead."), *done(2, "run_line_test", {"line_id": "LN-20931"}, answer))
    assert brief.situation == "Failed: run line test: LN-20931."
    assert brief.headline == "“My line is dead.” · line LN-20931 · run line test failed"


def test_opening_something_for_the_customer_is_a_step_and_not_a_look_up() -> None:
    brief = brief_of(
        interaction(1, "I did not make this payment."), *done(2, "open_dispute", {"payment_id": "TX-5592"})
    )
    assert [step.step for step in brief.actions_taken] == ["open dispute: payment TX-5592"]


def test_what_the_customer_says_they_tried_is_quoted() -> None:
    brief = brief_of(interaction(1, "My line is dead."), interaction(2, "I already restarted the router."))
    assert brief.contact_reason == "The customer said: “My line is dead.” – “I already restarted the router.”"
    assert [action.step for action in brief.actions_taken] == ["“I already restarted the router.”"]


def test_what_was_refused_is_quoted_with_who_refused_it() -> None:
    brief = brief_of(
        interaction(1, "I want a refund for my lamp."),
        interaction(2, "Unfortunately, we cannot refund the lamp.", actor="bot"),
    )
    assert brief.situation == "Refused by the bot: “Unfortunately, we cannot refund the lamp.”"
    assert brief.headline == "“I want a refund for my lamp.” · refused · open"


@pytest.mark.parametrize(
    "utterance",
    ["I will return it only if you pay the shipping.", "Only if the return is free, otherwise I will keep it."],
)
def test_what_is_wanted_on_a_condition_is_told_too(utterance: str) -> None:
    brief = brief_of(
        interaction(1, "I want to return my lamp."),
        interaction(2, "The return costs 5 euros.", actor="bot"),
        interaction(3, utterance),
    )
    assert f"“{utterance}”" in f"{brief.contact_reason} {brief.situation} {brief.customer_expectation}"


def test_a_wish_that_was_taken_back_is_told_as_taken_back_and_no_longer_expected() -> None:
    wanted = (interaction(1, "Please cancel my order W4410."), interaction(2, "Shall I cancel it?", actor="bot"))
    assert brief_of(*wanted).customer_expectation == "The customer said: “Please cancel my order W4410.”"
    back = "No, I changed my mind, please do not cancel the order."
    brief = brief_of(*wanted, interaction(3, back))
    assert brief.situation is not None
    assert brief.situation.startswith(f"Taken back: “{back}”")
    assert brief.customer_expectation is None


def test_who_only_wants_a_person_expects_a_person() -> None:
    brief = brief_of(interaction(1, "My parcel never arrived."), interaction(2, "I want to speak to a real person."))
    assert brief.contact_reason == "The customer said: “My parcel never arrived.”"
    assert brief.customer_expectation == "The customer asks for a person."
    assert brief.headline == "“My parcel never arrived.” · asks for a person"


def test_a_matter_told_beside_the_wish_for_a_person_is_the_reason() -> None:
    brief = brief_of(interaction(1, "I want to speak to a real person. My parcel W4410 never arrived."))
    assert brief.contact_reason == "The customer said: “My parcel W4410 never arrived.”"


def test_a_policy_is_no_promise_and_a_promised_call_is_one_with_its_time() -> None:
    brief = brief_of(
        interaction(1, "I want to cancel my order."),
        interaction(2, "The policy states that refunds will go to the card.", actor="bot"),
        interaction(3, "A colleague will call you back by tomorrow noon.", actor="bot"),
    )
    assert [commitment.text for commitment in brief.commitments] == ["A colleague will call you back by tomorrow noon."]
    assert brief.commitments[0].due == "by tomorrow noon"


@pytest.mark.parametrize(("days", "is_late"), [(1, False), (3, False), (4, True), (9, True)])
@pytest.mark.parametrize("promise", ["We will refund you within 3 business days.", "We will refund you by Thursday."])
def test_a_promise_is_told_as_overdue_once_its_day_is_past_and_not_before(
    days: int, is_late: bool, promise: str
) -> None:
    earlier = (
        interaction(1, "I want a refund for my lamp, order W4410.", conversation_id="c0"),
        interaction(2, promise, actor="agent", conversation_id="c0"),
    )
    now = interaction(9, "I want my refund for order W4410.", at=START + timedelta(days=days))
    brief = brief_of(now, prior=earlier)
    sentence = f"Promised by the agent on 2026-03-02: “{promise}”"
    assert brief.situation is not None
    assert f"{sentence} – overdue." in brief.situation if is_late else sentence in brief.situation
    assert ("overdue" in brief.situation, "overdue" in (brief.headline or "")) == (is_late, is_late)
    assert ("overdue" in (brief.suggested_opening or "")) is is_late


def test_a_promise_that_was_kept_is_not_overdue() -> None:
    earlier = (
        interaction(1, "I want a refund for my lamp, order W4410.", conversation_id="c0"),
        interaction(2, "We will refund you within 3 business days.", actor="agent", conversation_id="c0"),
    )
    paid = interaction(
        3, kind="event", actor="system", name="refund", outcome="succeeded", at=START + timedelta(days=2)
    )
    now = interaction(9, "I want an invoice for order W4410.", at=START + timedelta(days=9))
    assert "overdue" in brief_of(now, prior=earlier).model_dump_json()
    assert "overdue" not in brief_of(paid, now, prior=earlier).model_dump_json()


def test_two_sentences_that_tell_together_why_the_customer_came_are_both_quoted() -> None:
    sentences = ("My connection drops every evening.", "I have restarted the router twice, but it still drops.")
    brief = brief_of(interaction(1, " ".join(sentences)))
    reason = f"The customer said: “{sentences[0]}” – “{sentences[1]}”"
    assert brief.contact_reason == reason
    assert {claim.text: len(claim.quotes) for claim in brief.claims}[reason] == 2


def test_history_tells_each_thing_once_and_no_question_of_a_bot() -> None:
    days = [START - timedelta(days=count) for count in (90, 60, 50, 40)]
    past = [
        interaction(1, "My heating stopped working.", conversation_id="a", at=days[0]),
        interaction(2, "Could you tell me your postcode?", actor="bot", conversation_id="a", at=days[0]),
        interaction(3, "My heating stopped working.", conversation_id="b", at=days[1]),
        interaction(4, "Yes, thank you.", conversation_id="b", at=days[1]),
        interaction(5, "We will send you a new jug by Friday.", actor="agent", conversation_id="b", at=days[2]),
        interaction(6, "{}", kind="event", name="start_return", outcome="failed", conversation_id="c", at=days[3]),
    ]
    case = snapshot([interaction(9, "My parcel has still not come.")], past)
    case = case.model_copy(update={"history": tuple(Passage(interaction=row, score=0.5) for row in past)})
    assert [item.text for item in compose(case, Intent(), HandoffRequest()).history] == [
        "The customer said: “My heating stopped working.”",
        "The agent said: “We will send you a new jug by Friday.”",
        "Failed: start return.",
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
