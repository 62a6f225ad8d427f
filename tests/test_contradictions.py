"""What the check of sentences tells of plain contradictions, and of what only looks like one."""

import pytest

from app.brief.verification import Statement, verify
from app.models import Interaction, Verdict
from tests.builders import interaction

TALK = [
    interaction(
        1, "I was charged 40 EUR twice for the jacket in order W4410, and I sent a second e-mail within one hour."
    ),
    interaction(2, "I am sorry. The refund window is closed since Monday.", actor="bot"),
    interaction(3, "Your colleague promised me an earlier delivery last week. I paid the bill on the 12th."),
    interaction(4, actor="bot", kind="tool_call", name="lift_block", data={"line": "L-19290"}),
    interaction(5, '{"error": "queue"}', actor="system", kind="tool_result", name="lift_block"),
    interaction(6, kind="event", name="pet_page", outcome="abandoned", channel="app"),
    interaction(
        7, "The block will be lifted within four hours. I will ask the second team and write by Friday.", actor="agent"
    ),
    interaction(8, "I shall be brief. Regards, Fred", actor="agent", channel="email"),
]


def checked(text: str, rows: list[Interaction] = TALK) -> Verdict:
    return verify([Statement(text)], rows)[0]


@pytest.mark.parametrize(
    "text",
    [
        "The customer was charged twice for the jacket, but the refund window is closed.",
        "The customer was charged twice for the jacket, and the refund window is closed.",
        "Earlier, the customer was charged twice for the jacket.",
        "Unfortunately, the refund window is closed.",
        "The customer sent an e-mail within one hour.",
        "The customer was promised an earlier delivery last week.",
        "Lifting the block failed.",
        "The bot tried to lift the block, but it failed.",
        "“pet page” was abandoned.",
        "The block will be lifted within four hours.",
        "The agent will write by Friday, but the refund window is closed.",
        "The customer paid the bill on the 12th.",
    ],
)
def test_a_true_sentence_is_kept_however_its_clauses_are_joined_or_led_in(text: str) -> None:
    found = checked(text)
    assert found.supported, found.why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The agent was charged twice for the jacket.", "done to the customer"),
        ("The bot was promised an earlier delivery last week.", "done to the customer"),
        ("The customer sent an e-mail within two hours.", "the number two is not in the evidence"),
        ("The block will be lifted within 2 hours.", "the number 2 is not in the evidence"),
        ("The bot lifted the block.", "“lift block” did not succeed"),
        ("The block was lifted.", "“lift block” did not succeed"),
        ("The refund window is open.", "the evidence has “closed” there, not “open”"),
        ("The customer was promised a later delivery.", "the evidence has “earlier” there, not “later”"),
    ],
)
def test_what_the_evidence_says_otherwise_is_told_with_what_it_says(text: str, why: str) -> None:
    found = checked(text)
    assert not found.supported
    assert why in found.why


def test_a_step_that_succeeded_at_last_is_no_failed_one() -> None:
    again = [
        *TALK[:5],
        interaction(9, actor="bot", kind="tool_call", name="lift_block", data={"line": "L-19290"}),
        interaction(10, '{"line": "L-19290"}', actor="system", kind="tool_result", name="lift_block"),
    ]
    assert checked("The bot lifted the block.", again).supported


def test_who_signs_a_letter_wrote_it() -> None:
    letter = [
        interaction(1, "Please move my delivery of the rug to Saturday.", channel="email"),
        interaction(2, "Dear Lorna, gladly. I will move the rug to Saturday. Fred", actor="agent", channel="email"),
    ]
    assert checked("Fred will move the rug to Saturday.", letter).supported


def test_what_a_customer_has_replaced_is_no_longer_so() -> None:
    talk = [
        interaction(1, "Please bring the wardrobe on 14 March to 6 Canal Row."),
        interaction(2, "Sorry, our move has slipped. Please bring the wardrobe on 21 March to 19 Hill Road."),
    ]
    found = checked("The wardrobe comes to 6 Canal Row.", talk)
    assert not found.supported
    assert "was replaced" in found.why
    assert checked("The customer wants the wardrobe on 21 March at 19 Hill Road.", talk).supported
