"""The card that a person reads in a terminal: whole, legible, and unmoved by what a customer wrote."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

from rich.console import Console

from app.interfaces.terminal_card import card, decision_card
from app.models import (
    ActionTaken,
    Actor,
    Brief,
    Channel,
    Commitment,
    Components,
    Decision,
    Entity,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Identifier,
    Intervention,
    InterventionLevel,
    OfferedAction,
    Outcome,
    Signal,
    SignalType,
    SuppressedAction,
    SuppressionReason,
    Verification,
    VerificationStatus,
)
from tests.support.builders import interaction

NOW = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
PROMISED = interaction(1, "I will send the spare part by Friday.", actor="agent", channel="whatsapp")
FAILED = interaction(2, "It did not open.", kind="event", channel="app", name="open_manual", outcome="failed")


def shown(what: Any, *, width: int = 90, colour: bool = False) -> str:
    screen = StringIO()
    console = Console(file=screen, width=width, force_terminal=colour, color_system="standard" if colour else None)
    console.print(what)
    return screen.getvalue()


def a_decision(**fields: Any) -> Decision:
    whole: dict[str, Any] = {
        "decision_id": "dec_1",
        "customer_id": "cus_1",
        "created_at": NOW,
        "as_of_seq": 2,
        "duration_ms": 3,
        "audience": "agent",
        "intervention": Intervention(level=InterventionLevel.ROUTE, friction=0.5),
        "actions": (
            OfferedAction(
                action_id="send_part",
                label="Send the spare part",
                script="I am sending it today.",
                score=0.61,
                propensity=0.8,
                components=Components(propensity=0.8, context=1, value=1, lever=1),
                reason="It was promised by Friday.",
                evidence=(PROMISED.interaction_id,),
                requires_approval=True,
                parameters={"part": "P-7"},
            ),
        ),
        "suppressed": (
            SuppressedAction(
                action_id="open_manual",
                reason=SuppressionReason.ALREADY_TRIED,
                detail="it failed in the app",
                evidence=(FAILED.interaction_id,),
            ),
        ),
    }
    return Decision(**(whole | fields))


def a_handoff(**brief: Any) -> Handoff:
    fields: dict[str, Any] = {"headline": "The spare part has not come."} | brief
    return Handoff(
        handoff_id="hnd_1",
        customer_id="cus_1",
        created_at=NOW,
        as_of_seq=2,
        duration_ms=31,
        status=HandoffStatus.COMPLETED,
        engine="extractive",
        verification_status=VerificationStatus.VERIFIED,
        verification=Verification(method="one-time code", at=NOW),
        brief=Brief(**fields),
        next_actions=a_decision(),
        request=HandoffRequest(from_channel=Channel.CHAT, to_channel=Channel.VOICE),
    )


def test_the_card_shows_who_what_was_tried_what_was_promised_and_what_to_do() -> None:
    handoff = a_handoff(
        situation="The customer waits for a spare part.",
        suggested_opening="I see that you wait for your spare part.",
        actions_taken=(
            ActionTaken(
                step="open manual",
                actor=Actor.CUSTOMER,
                channel=Channel.APP,
                outcome=Outcome.FAILED,
                at=NOW,
                evidence=(FAILED.interaction_id,),
            ),
        ),
        commitments=(Commitment(by=Actor.AGENT, text="Part by Friday.", evidence=(PROMISED.interaction_id,)),),
        entities=(Entity(type="part_number", value="P-7", evidence=(PROMISED.interaction_id,)),),
        open_questions=("Where is the part?",),
    )
    text = shown(card(handoff, [PROMISED, FAILED]))
    for words in (
        "The spare part has not come.",
        "chat → voice",
        "verified: need not be asked again (one-time code, 02 Mar 09:05)",
        "✗  open manual  failed",
        "agent: Part by Friday.",
        "part number",
        "Where is the part?",
        "1. Send the spare part  0.61  needs a person's approval",
        "with part = P-7",
        "already tried: it failed in the app",
        "31 ms",
    ):
        assert words in text


def test_evidence_is_a_short_number_and_its_quote_stands_at_the_foot() -> None:
    commitment = Commitment(by=Actor.AGENT, text="Part by Friday.", evidence=(PROMISED.interaction_id,))
    text = shown(card(a_handoff(commitments=(commitment,)), [PROMISED, FAILED]))
    assert "Part by Friday. [1]" in text
    assert "[1]   02 Mar 09:00  whatsapp, agent  I will send the spare part by Friday." in text
    assert "[2]   02 Mar 09:00  app, customer  open_manual: It did not open. (failed)" in text
    assert PROMISED.interaction_id not in text


def test_a_decision_alone_is_shown_with_its_own_evidence() -> None:
    text = shown(decision_card(a_decision(), [PROMISED, FAILED]))
    assert "route · friction 50%" in text
    assert "I will send the spare part by Friday." in text


def test_what_the_customer_is_known_by_is_shown_instead_of_our_own_id() -> None:
    row = PROMISED.model_copy(update={"identifiers": (Identifier(type="account_id", value="acc-1"),)})
    text = shown(card(a_handoff(), [row]))
    assert "account id acc-1" in text
    assert "cus_1" not in text


def test_a_customers_markup_and_control_characters_do_nothing() -> None:
    nasty = "[bold red]free[/] \x1b[2J\x1b]0;owned\x07 \u202egnihtyna"
    row = PROMISED.model_copy(update={"text": nasty})
    handoff = a_handoff(headline=nasty, entities=(Entity(type="[blink]x", value=nasty, evidence=("int_1",)),))
    text = shown(card(handoff, [row]), colour=True)
    assert text.count("[bold red]free[/]") == 3
    assert "[blink]x" in text
    assert "\x1b[2J" not in text
    assert "\x07" not in text
    assert "\u202e" not in text


def test_no_line_is_wider_than_the_screen_and_nothing_is_coloured_off_a_terminal() -> None:
    signal = Signal(
        signal_id="sig_1",
        customer_id="cus_1",
        type=SignalType.REPEATED_FAILURE,
        severity=0.7,
        at=NOW,
        evidence=("int_1", "int_2"),
        detail="open_manual failed twice " * 5,
    )
    handoff = a_handoff(situation="Long words. " * 30).model_copy(update={"signals": (signal,)})
    text = shown(card(handoff, [PROMISED, FAILED]), width=80)
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "\x1b" not in text


def test_a_handoff_with_nothing_to_say_is_still_a_card() -> None:
    empty = a_handoff(headline=None).model_copy(
        update={"next_actions": None, "verification": None, "verification_status": VerificationStatus.UNKNOWN}
    )
    text = shown(card(empty, []))
    assert "Nothing is known of this case yet." in text
    assert "Evidence" not in text
