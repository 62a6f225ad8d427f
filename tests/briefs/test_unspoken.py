"""What a brief makes of mail, menus, pictures, and of what machines and bots do among themselves."""

from typing import Any

import pytest

from app.briefs.extractive import compose, prose
from app.models import Actor, Brief, HandoffRequest, Intent, Interaction, ResolutionStatus, SignalType
from app.nlu.extent import readable
from app.signals import detect
from tests.support.builders import interaction, snapshot


def brief_of(*rows: Interaction) -> Brief:
    return compose(snapshot(readable(rows).rows), Intent(), HandoffRequest())


def mail(seq: int, text: str, **fields: Any) -> Interaction:
    return interaction(seq, text, channel="email", **fields)


def test_what_an_agent_wrote_is_no_promise_of_the_customer_who_answers_below_nothing_but_above_it() -> None:
    answer = (
        "No, keep the seats, I only want the aisle.\n\nMilo\n\nFrom: Ina <ina@rail.example>\n"
        "Sent: Monday, 4 May 2026 09:01\nTo: Milo\nSubject: RE: seats\n\nI will release your seats tonight."
    )
    brief = brief_of(mail(1, "I will release your seats tonight.", actor="agent"), mail(2, answer))
    assert [promise for promise in brief.commitments if promise.by is Actor.CUSTOMER] == []
    assert "ina@rail.example" not in [entity.value for entity in brief.entities]


def test_words_that_are_only_repeated_are_no_anger_and_no_repetition() -> None:
    question = "Why was my seat in coach 7 given away?"
    heading = "On Mon, 4 May 2026 at 09:02, Rail <help@rail.example> wrote:"
    repeated = f"{heading}\n> {question}\n> This is outrageous, you are all useless!"
    rows = (
        mail(1, question),
        mail(2, "I am looking into it.", actor="agent"),
        mail(3, f"Here is the ticket.\n\n{repeated}"),
    )
    types = {signal.type for signal in detect(snapshot(rows))}
    assert not types & {SignalType.REPETITION, SignalType.NEGATIVE_SENTIMENT}


def test_an_automatic_reply_is_told_once_and_is_nobodys_words() -> None:
    away = "I am away until 9 June. In urgent cases write to Tove, tove@mail.example. I will answer when I return."
    brief = brief_of(
        mail(1, "My ticket was charged twice, please pay one back."),
        mail(2, "We answer by Friday.", actor="agent"),
        mail(3, away, data={"headers": {"Auto-Submitted": "auto-replied"}}),
    )
    text = " ".join(prose(brief))
    assert text.count("mailbox answered by itself") == 1
    assert "Tove" not in text
    assert "urgent" not in text
    assert all(promise.by is not Actor.CUSTOMER for promise in brief.commitments)
    assert "tove@mail.example" not in [entity.value for entity in brief.entities]


def test_pictures_without_words_put_nothing_into_the_customers_mouth() -> None:
    brief = brief_of(interaction(1, "", data={"type": "image"}), interaction(2, "[photo]"))
    assert brief.contact_reason is None
    assert brief.situation == "The customer sent 2 pictures or files without words."


def test_what_was_chosen_from_a_menu_is_told_by_its_title() -> None:
    chosen = {"interactive": {"list_reply": {"id": "r2", "title": "Another size"}}}
    brief = brief_of(
        interaction(1, "The shoes of order SH-901 are too small."),
        interaction(2, "What would you like?\n1 Money back\n2 Another size", actor="bot"),
        interaction(3, "2", data=chosen),
    )
    text = " ".join(prose(brief))
    assert "“Another size”" in text
    assert "“2”" not in text


def test_the_fields_of_a_form_name_things_and_are_no_reason() -> None:
    form = "First name: Yuki\nPhone: +81 3 1234 5678\nTopic: Delivery\nContract: VC-20981"
    brief = brief_of(interaction(1, form), interaction(2, "my meter was never read this year"))
    assert brief.contact_reason == "The customer said: “my meter was never read this year”"
    assert "VC-20981" in [entity.value for entity in brief.entities]


def _call(seq: int, name: str, **data: Any) -> Interaction:
    return interaction(seq, kind="tool_call", actor="bot", name=name, data=data)


def _result(seq: int, name: str, text: str) -> Interaction:
    return interaction(seq, text, kind="tool_result", actor="system", name=name)


@pytest.mark.parametrize(
    ("there", "back"),
    [("transfer_to_claims_agent", "transfer_back_to_supervisor"), ("handoff_to_claims", "handoff_to_triage")],
)
def test_bots_that_hand_over_to_each_other_take_no_step(there: str, back: str) -> None:
    brief = brief_of(
        interaction(1, "My suitcase SC-4 arrived broken, I want 90.00 EUR."),
        _call(2, there, reason="claim"),
        _result(3, there, "Successfully handed over to claims"),
        interaction(4, "I hand you over to claims.", actor="bot"),
        _call(5, back),
        _result(6, back, ""),
        interaction(7, "And now?"),
    )
    assert brief.actions_taken == ()
    assert brief.resolution_status is ResolutionStatus.UNRESOLVED
    assert "claims" not in " ".join(prose(brief))


def test_a_transfer_of_money_is_a_step() -> None:
    brief = brief_of(
        interaction(1, "Move 90 EUR to my savings."),
        _call(2, "transfer_to_savings", amount=90, account_id="SV-77"),
        _result(3, "transfer_to_savings", '{"status": "done"}'),
    )
    assert [action.step for action in brief.actions_taken] == ["transfer to savings: account SV-77"]


def test_a_talk_that_was_handed_to_a_person_keeps_that_step() -> None:
    brief = brief_of(
        interaction(1, "My suitcase SC-4 arrived broken."),
        _call(2, "transfer_to_claims"),
        _result(3, "transfer_to_claims", "done"),
        interaction(4, "Hello, this is Ada from claims.", actor="agent"),
    )
    assert len(brief.actions_taken) == 1


def test_a_voucher_takes_the_place_of_no_number() -> None:
    brief = brief_of(
        interaction(1, "It is about order ZX-4411."), interaction(2, "The voucher code SUMMERX was not taken off.")
    )
    assert "ZX-4411" in [entity.value for entity in brief.entities]


def test_lines_that_end_every_letter_of_somebody_are_no_content_in_any_language() -> None:
    end = "Med vänlig hälsning\nAxel Ek\nEk Bygg AB\nDetta brev är bara avsett för mottagaren, radera det annars."
    brief = brief_of(
        mail(1, f"The crane CR-8 does not start.\n\n{end}"),
        mail(2, "Which light is on?", actor="agent"),
        mail(3, f"The red one. When can somebody come?\n\n{end}"),
    )
    assert "mottagaren" not in " ".join(prose(brief))
    assert brief.contact_reason is not None
    assert "CR-8" in brief.contact_reason


def test_a_line_that_is_answered_names_what_the_answer_is_about_and_is_not_given_again() -> None:
    rows = (
        interaction(1, "Where is the crate CX-5511?"),
        interaction(2, "Crate CX-5511 was signed for by Tove.", actor="bot"),
        interaction(3, "> Crate CX-5511 was signed for by Tove.\nNobody of that name lives in this house."),
    )
    assert SignalType.REPETITION not in {signal.type for signal in detect(snapshot(rows))}
    brief = brief_of(interaction(1, rows[2].text))
    assert "CX-5511" in [entity.value for entity in brief.entities]
    assert brief.contact_reason == "The customer said: “Nobody of that name lives in this house.”"
