"""Whether a case is told as settled, partly done or open."""

import pytest

from app.briefs.extractive import compose
from app.models import HandoffRequest, Intent, Interaction, Reason, ResolutionStatus
from tests.support.builders import interaction, snapshot

BROKEN = interaction(10, "My lamp is broken, please replace it.")
REPLACED = (
    interaction(12, actor="bot", kind="tool_call", name="replace_item", data={"order_id": "W4410"}),
    interaction(13, '{"order_id": "W4410"}', actor="system", kind="tool_result", name="replace_item"),
)


def status(*conversation: Interaction, reason: str | None = None) -> ResolutionStatus | None:
    request = HandoffRequest(reason=Reason.model_validate({"code": reason}) if reason else None)
    return compose(snapshot(conversation), Intent(), request).resolution_status


def test_what_the_customer_did_or_looked_at_themselves_does_not_make_a_case_partly_done() -> None:
    bought = interaction(1, kind="event", name="checkout", outcome="succeeded", channel="web")
    looked = interaction(11, kind="event", name="view_order", outcome="succeeded", channel="app")
    assert status(bought, BROKEN, looked) is ResolutionStatus.UNRESOLVED


def test_a_look_at_how_something_stands_does_nothing_about_it() -> None:
    checked = (
        interaction(12, actor="bot", kind="tool_call", name="order_status", data={"order_id": "W4410"}),
        interaction(13, '{"order_id": "W4410"}', actor="system", kind="tool_result", name="order_status"),
    )
    assert status(BROKEN, *checked) is ResolutionStatus.UNRESOLVED


def test_what_staff_did_is_partly_done_until_the_customer_tells_of_trouble_again() -> None:
    assert status(BROKEN, *REPLACED) is ResolutionStatus.PARTIAL
    again = interaction(14, "The new lamp is broken as well. This is unacceptable!")
    assert status(BROKEN, *REPLACED, again) is ResolutionStatus.UNRESOLVED


def test_a_failed_attempt_of_the_customer_before_the_help_does_not_spoil_it() -> None:
    failed = interaction(1, kind="event", name="return_form", outcome="failed", channel="app")
    thanks = interaction(15, "Lovely, that is all, thank you!")
    assert status(failed, BROKEN, *REPLACED, thanks) is ResolutionStatus.RESOLVED
    after = interaction(14, kind="event", name="return_form", outcome="failed", channel="app")
    assert status(BROKEN, *REPLACED, after, thanks) is ResolutionStatus.PARTIAL


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("likewise", ResolutionStatus.RESOLVED),
        ("same to you all", ResolutionStatus.RESOLVED),
        ("wait, it flickers again", ResolutionStatus.PARTIAL),
        ("ยังไม่ได้ผล ไฟยังกะพริบ", ResolutionStatus.PARTIAL),
        ("dalej nie działa", ResolutionStatus.UNRESOLVED),
    ],
)
def test_a_courtesy_after_all_is_well_takes_nothing_back(last: str, expected: ResolutionStatus) -> None:
    failed = interaction(1, kind="event", name="return_form", outcome="failed", channel="app")
    glad = interaction(14, "The new lamp is here. Wonderful, that is all sorted. Thank you!")
    goodbye = interaction(15, "Glad to help. You may get a short survey by mail.", actor="bot")
    assert status(failed, BROKEN, *REPLACED, glad, goodbye, interaction(16, last)) is expected


def test_a_settled_case_that_is_handed_on_for_no_named_reason_stays_settled() -> None:
    thanks = interaction(15, "Lovely, that is all, thank you!")
    assert status(BROKEN, *REPLACED, thanks, reason="other") is ResolutionStatus.RESOLVED
    assert status(BROKEN, *REPLACED, thanks, reason="policy_exception") is ResolutionStatus.PARTIAL


def test_thanks_to_a_bot_that_passes_the_case_on_settle_nothing() -> None:
    passed_on = interaction(11, "A colleague will call you back tomorrow.", actor="bot")
    assert status(BROKEN, passed_on, interaction(12, "Thank you, bye!")) is ResolutionStatus.UNRESOLVED
    reply = interaction(11, "Yes, the lamp can be replaced in every shop.", actor="bot")
    assert status(BROKEN, reply, interaction(12, "Thank you, bye!")) is not ResolutionStatus.UNRESOLVED


def test_a_menu_that_was_left_tells_nothing_of_how_a_case_stands() -> None:
    left = interaction(1, kind="event", name="menu", outcome="abandoned", channel="ivr")
    assert status(left) is ResolutionStatus.UNKNOWN


def test_who_tells_our_side_to_go_on_waits_for_it_however_friendly_the_words() -> None:
    priced = interaction(11, "A new shade costs 12 euros. Would you like me to order it?", actor="bot")
    ordered = interaction(12, "Yes, please go ahead with that. Thank you so much, wonderful!")
    assert status(BROKEN, priced, ordered) is ResolutionStatus.UNRESOLVED


@pytest.mark.parametrize(
    ("words", "stays"),
    [
        ("Super, now the lamp shines again. Thanks a lot!", True),
        ("Vielen Dank, jetzt passt alles.", True),
        ("Thanks, but now the switch sparks.", False),
        ("Thanks. It is still broken though.", False),
        ("Thank you! Could you also send me the invoice?", False),
    ],
)
def test_thanks_alone_open_nothing_again_that_the_platform_called_resolved(words: str, stays: bool) -> None:
    earlier = (BROKEN, *REPLACED)
    resolved = frozenset(row.interaction_id for row in earlier)
    case = snapshot([interaction(14, words)]).model_copy(update={"prior": earlier, "resolved": resolved})
    case = case.model_copy(update={"conversation_id": BROKEN.conversation_id})
    status_now = compose(case, Intent(), HandoffRequest()).resolution_status
    assert (status_now is ResolutionStatus.RESOLVED) is stays
