"""The extractive brief."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.briefs.extractive import MOST_WORDS, compose, prose
from app.models import (
    ActionTaken,
    Actor,
    Brief,
    HandoffRequest,
    Intent,
    Interaction,
    Outcome,
    Passage,
    ResolutionStatus,
    SectionRequest,
)
from tests.support.builders import START, interaction, snapshot

ERROR = "Error: the item is not in stock"


def brief_of(
    *conversation: Interaction, prior: Sequence[Interaction] = (), request: HandoffRequest | None = None
) -> Brief:
    return compose(snapshot(conversation, prior), Intent(), request or HandoffRequest())


def exchange(seq: int, *, order: str = "W4410", result: str, tool: str = "exchange_item") -> list[Interaction]:
    return [
        interaction(seq, actor="bot", kind="tool_call", name=tool, data={"order_id": order}),
        interaction(seq + 1, result, actor="system", kind="tool_result", name=tool),
    ]


def outcomes(brief: Brief) -> list[tuple[str, Outcome]]:
    return [(step.step, step.outcome) for step in brief.actions_taken]


def test_the_first_wish_is_the_contact_reason_and_the_last_the_expectation() -> None:
    brief = brief_of(
        interaction(1, "Hi! I want to exchange my blender."),
        interaction(2, "Which order is it?", actor="bot"),
        interaction(3, "It is order #W4410. I'd also like to get an invoice for the company."),
    )
    assert brief.contact_reason == "The customer said: “I want to exchange my blender.”"
    assert brief.customer_expectation == "The customer said: “I'd also like to get an invoice for the company.”"
    assert brief.headline == "“I want to exchange my blender.” · #W4410 · open"


def test_attempts_at_one_thing_are_one_step_with_the_last_outcome_and_all_the_evidence() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."),
        *exchange(2, result=ERROR),
        *exchange(4, result='{"order_id": "W4410", "status": "exchanged"}'),
    )
    assert outcomes(brief) == [("exchange item: order W4410 (2 attempts, the first failed)", Outcome.SUCCEEDED)]
    assert brief.actions_taken[0].evidence == ("int_2", "int_3", "int_4", "int_5")


def test_looking_something_up_is_no_step() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."),
        *exchange(2, result="{}", tool="get_order_details"),
        *exchange(4, result="{}", tool="searchProducts"),
    )
    assert brief.actions_taken == ()


def test_failed_self_service_on_another_channel_is_a_step_of_the_same_case() -> None:
    failed = interaction(
        1,
        kind="event",
        channel="app",
        name="password_reset",
        outcome="failed",
        data={"error_code": "E77"},
        conversation_id=None,
    )
    brief = brief_of(interaction(2, "I cannot log in to my account", at=START + timedelta(hours=2)), prior=[failed])
    assert outcomes(brief) == [("password reset (E77)", Outcome.FAILED)]
    assert [entity.value for entity in brief.entities] == ["E77"]


def test_a_settled_matter_of_the_past_is_not_reopened() -> None:
    settled = [
        interaction(1, "I want to change my address.", conversation_id="old"),
        interaction(2, "Your address has been changed.", actor="agent", conversation_id="old"),
        interaction(3, "Great, that's all. Thanks!", conversation_id="old"),
    ]
    brief = brief_of(interaction(9, "My parcel never arrived."), prior=settled)
    assert brief.contact_reason == "The customer said: “My parcel never arrived.”"
    assert brief.actions_taken == ()
    assert "address" not in brief.model_dump_json()


def test_a_conversation_of_last_week_is_no_part_of_the_case() -> None:
    old = interaction(1, "I want to change my address.", conversation_id="old", at=START - timedelta(days=8))
    brief = brief_of(interaction(2, "My parcel never arrived."), prior=[old])
    assert brief.contact_reason == "The customer said: “My parcel never arrived.”"
    assert "address" not in brief.model_dump_json()


def test_an_unsettled_matter_is_followed_back_link_by_link_over_its_channels() -> None:
    first = interaction(1, "I cannot return my lamp.", conversation_id="a", at=START - timedelta(days=9))
    then = interaction(
        2, "The lamp is still here, what became of it?", conversation_id="b", at=START - timedelta(days=4)
    )
    brief = brief_of(interaction(3, "Let me talk to a person."), prior=[first, then])
    assert brief.contact_reason == "The customer said: “I cannot return my lamp.” (2026-02-21)"
    assert brief.headline == "“The lamp is still here, what became of it?” (2026-02-26) · asks for a person"


def test_the_conversation_at_hand_leads_and_what_came_before_follows() -> None:
    before = interaction(1, "My router keeps dropping the connection.", conversation_id="a", channel="app")
    brief = brief_of(interaction(2, "The router is broken, I want a new router."), prior=[before])
    assert brief.contact_reason == "The customer said: “The router is broken, I want a new router.”"
    assert brief.situation == "Earlier, on 2026-03-02 (app): “My router keeps dropping the connection.”"


def test_another_unsettled_matter_is_no_part_of_the_case() -> None:
    before = interaction(1, "My router keeps dropping the connection.", conversation_id="a")
    brief = brief_of(interaction(2, "I want to change my billing address."), prior=[before])
    assert brief.contact_reason == "The customer said: “I want to change my billing address.”"
    assert brief.situation is None


def test_cards_show_their_last_digits_and_secrets_not_at_all() -> None:
    brief = brief_of(interaction(1, "My card 4111 1111 1111 1111, cvv 123, was declined."))
    text = brief.model_dump_json()
    assert "••••1111" in text
    assert "4111" not in text
    assert "123" not in text


def test_of_too_many_names_those_of_the_conversation_at_hand_stay() -> None:
    prior = [interaction(seq, f"Order AB{seq}00 is late.", conversation_id="a") for seq in range(10, 50)]
    brief = brief_of(interaction(90, "Orders AB1000 and CD7777 never arrived."), prior=prior)
    assert {"AB1000", "CD7777"} <= {entity.value for entity in brief.entities}
    assert len(brief.entities) == 24


def test_questions_are_no_claims_and_what_is_told_of_a_step_is_one() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."), *exchange(2, result=ERROR), interaction(4, "Where is it now?")
    )
    assert brief.open_questions == ("“Where is it now?”",)
    assert not [claim.text for claim in brief.claims if "?" in claim.text]
    assert {claim.text: claim.evidence for claim in brief.claims}["Failed: exchange item: W4410."] == ("int_2", "int_3")


def test_a_settled_matter_is_part_of_the_case_when_the_same_thing_is_named_again() -> None:
    settled = [
        interaction(1, "Please exchange order W4410.", conversation_id="old"),
        interaction(2, "Great, that's all. Thanks!", conversation_id="old"),
    ]
    later = START + timedelta(days=20)
    again = brief_of(interaction(9, "Order W4410 never arrived.", at=later), prior=settled)
    assert "“Please exchange order W4410.”" in f"{again.contact_reason} {again.situation}"
    other = brief_of(interaction(9, "Order W5521 never arrived.", at=later), prior=settled)
    assert "W4410" not in other.model_dump_json()


def test_what_staff_promised_last_is_told_in_the_situation() -> None:
    brief = brief_of(
        interaction(1, "My invoice is wrong."),
        interaction(2, "Unfortunately I cannot see it. A colleague will call you back within 2 days.", actor="agent"),
    )
    assert brief.situation is not None
    assert "Promised by the agent on 2026-03-02: “A colleague will call you back within 2 days.”" in brief.situation


def test_what_the_customer_named_is_an_entity_under_the_name_the_tools_use() -> None:
    brief = brief_of(
        interaction(1, "I want to return order W4410, I paid $80 for it."),
        *exchange(2, result="{}", tool="get_order_details"),
        interaction(4, "I see orders W4410 and W9999 for $120.", actor="bot"),
    )
    assert [(entity.type, entity.value) for entity in brief.entities] == [("order_id", "W4410"), ("amount", "$80")]
    assert brief.entities[0].evidence == ("int_1",)


def test_names_of_a_failed_attempt_give_way_to_those_of_the_successful_one() -> None:
    brief = brief_of(
        interaction(1, "Please exchange my blender."),
        *exchange(2, order="W1111", result=ERROR),
        *exchange(4, order="W2222", result="{}"),
    )
    assert [entity.value for entity in brief.entities] == ["W2222"]


def test_a_promise_of_staff_is_a_commitment_with_its_due_time() -> None:
    brief = brief_of(
        interaction(1, "My invoice is wrong."),
        interaction(2, "I will need your number. A colleague will call you back within 2 days.", actor="agent"),
    )
    assert [(commitment.by, commitment.text, commitment.due) for commitment in brief.commitments] == [
        (Actor.AGENT, "A colleague will call you back within 2 days.", "within 2 days")
    ]


def test_a_question_that_was_answered_with_a_no_stays_open() -> None:
    brief = brief_of(
        interaction(1, "I want to change my tariff."),
        interaction(2, "Done.", actor="bot"),
        interaction(3, "Is the discount still valid?"),
        interaction(4, "Unfortunately, I cannot see that.", actor="bot"),
    )
    assert brief.open_questions == ("“Is the discount still valid?”",)


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ([*exchange(2, result="{}"), interaction(5, "Thanks, that's all!")], ResolutionStatus.RESOLVED),
        ([*exchange(2, result=ERROR), interaction(5, "I want to talk to a person.")], ResolutionStatus.UNRESOLVED),
        (
            [*exchange(2, result="{}"), interaction(5, "Now I need a refund for the delay as well.")],
            ResolutionStatus.PARTIAL,
        ),
    ],
)
def test_resolution_follows_from_what_was_done_and_how_the_talk_ended(
    ending: list[Interaction], status: ResolutionStatus
) -> None:
    assert brief_of(interaction(1, "I want to exchange my blender."), *ending).resolution_status is status


def test_another_language_is_quoted_as_it_stands() -> None:
    brief = brief_of(interaction(1, "Meine Bestellung W4410 ist immer noch nicht angekommen."))
    assert brief.contact_reason == "The customer said: “Meine Bestellung W4410 ist immer noch nicht angekommen.”"
    assert [entity.value for entity in brief.entities] == ["W4410"]


def test_every_claim_has_evidence_that_is_in_the_case() -> None:
    conversation = [
        interaction(1, "I want to exchange my blender, order W4410."),
        *exchange(2, result=ERROR),
        interaction(4, "Unfortunately it is out of stock. We will e-mail you by Friday.", actor="bot"),
        interaction(5, "Let me talk to a person."),
    ]
    brief = brief_of(*conversation)
    interaction_ids = {row.interaction_id for row in conversation}
    assert len(brief.claims) >= 5
    assert all(claim.evidence and interaction_ids.issuperset(claim.evidence) for claim in brief.claims)


def test_a_brief_holds_no_name_that_the_case_does_not() -> None:
    brief = brief_of(interaction(1, "I want to return order W4410 for $80."))
    assert {entity.value for entity in brief.entities} == {"W4410", "$80"}


def test_however_long_the_case_the_prose_stays_within_its_words() -> None:
    wishes = [
        interaction(
            seq, f"I would also like to know everything there is to know about thing number {seq} in your shop."
        )
        for seq in range(1, 60)
    ]
    steps = [row for seq in range(60, 90, 2) for row in exchange(seq, order=f"W{seq}", result=ERROR)]
    brief = brief_of(*wishes, *steps)
    assert sum(len(piece.split()) for piece in prose(brief)) <= MOST_WORDS
    assert brief.headline is not None
    assert len(brief.headline) <= 120


def test_what_retrieval_found_elsewhere_is_history_in_the_order_it_happened() -> None:
    late = interaction(
        2, "I want to exchange my chair.", conversation_id="b", channel="email", at=START - timedelta(days=40)
    )
    early = interaction(
        1, "My heating stopped working.", conversation_id="a", channel="email", at=START - timedelta(days=90)
    )
    case = snapshot([interaction(9, "My blender is broken again.")], [early, late]).model_copy(
        update={"history": (Passage(interaction=late, score=0.9), Passage(interaction=early, score=0.4))}
    )
    brief = compose(case, Intent(), HandoffRequest())
    assert [item.evidence for item in brief.history] == [("int_1",), ("int_2",)]


def test_a_custom_section_quotes_what_speaks_of_it_and_is_absent_when_nothing_does() -> None:
    sections = (
        SectionRequest(name="warranty", instruction="What was said about the warranty?"),
        SectionRequest(name="allergies", instruction="Known allergies"),
    )
    brief = brief_of(
        interaction(1, "My blender broke and the warranty runs until June."), request=HandoffRequest(sections=sections)
    )
    assert dict(brief.custom_sections) == {"warranty": "Customer: “My blender broke and the warranty runs until June.”"}


def test_nothing_known_gives_an_empty_brief() -> None:
    assert brief_of() == Brief()


def test_an_action_keeps_who_did_it_where_and_when() -> None:
    event = interaction(1, kind="event", channel="ivr", name="balance_menu", outcome="abandoned")
    brief = brief_of(event, interaction(2, "I need help with my balance please."))
    assert brief.actions_taken == (
        ActionTaken(
            step="balance menu",
            actor=Actor.CUSTOMER,
            channel=event.channel,
            outcome=Outcome.ABANDONED,
            at=event.occurred_at,
            evidence=("int_1",),
        ),
    )


def test_what_answers_a_request_for_a_code_is_shown_nowhere_and_what_stands_for_a_secret_names_nothing() -> None:
    brief = brief_of(
        interaction(1, "I can't add my card 4111 1111 1111 1111 to my profile. The cvv 316 is refused."),
        interaction(2, "Did you get a code?", actor="bot"),
        interaction(3, "yes 339127, typed it in, order W4410 is still unpaid"),
    )
    text = brief.model_dump_json()
    assert "339127" not in text
    assert "4111 1111" not in text
    assert [entity.value for entity in brief.entities] == ["W4410"]


def test_a_secret_told_in_an_earlier_conversation_is_not_in_the_history() -> None:
    earlier = [
        interaction(1, "Did you get a code?", actor="bot", conversation_id="c0", at=START - timedelta(days=60)),
        interaction(
            2, "My payment of order W4410 fails with 339127.", conversation_id="c0", at=START - timedelta(days=59)
        ),
    ]
    now = [interaction(3, "My order W4410 is still unpaid.")]
    passages = tuple(Passage(interaction=row, score=1.0) for row in earlier)
    seen = snapshot(now, earlier).model_copy(update={"history": passages})
    brief = compose(seen, Intent(), HandoffRequest())
    assert "339127" not in brief.model_dump_json()
    assert ["W4410" in part.text for part in brief.history] == [True]
