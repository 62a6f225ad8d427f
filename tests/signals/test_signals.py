"""Friction signals: what fires, what must not, and how forward to be about it."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.models import Interaction, SignalType
from app.signals import detect
from tests.support.builders import START, interaction, snapshot
from tests.support.journeys import DAY, HOUR, MINUTE, only, page, step, talk, types


@pytest.mark.parametrize(
    "data", [{"idle_ms": 45_000}, {"idle": 60}, {"idle_s": 30}, {"page": "checkout", "duration_ms": 120_000}]
)
def test_reported_idling_is_hesitation(data: dict[str, Any]) -> None:
    case = snapshot([interaction(1, kind="event", channel="web", name="form_idle", data=data)])
    assert only(case, SignalType.HESITATION).evidence == ("int_1",)


@pytest.mark.parametrize("data", [{"idle_ms": 3_000}, {"idle": 5}, {"duration_ms": 900}, {"amount": 45_000}])
def test_a_short_pause_is_no_hesitation(data: dict[str, Any]) -> None:
    assert not types(snapshot([interaction(1, kind="event", channel="web", name="form_idle", data=data)]))


def test_five_minutes_are_long_in_a_chat_and_nothing_by_email() -> None:
    turns = (("bot", "Which date do you mean?"), ("customer", "The second of May"))
    assert SignalType.HESITATION in types(snapshot(talk(*turns, gap=5 * MINUTE)))
    assert not types(snapshot(talk(*turns, gap=5 * MINUTE, channel="email")))


def test_a_customer_who_always_takes_their_time_does_not_hesitate() -> None:
    asked = [turn for _ in range(4) for turn in (("bot", "And the next line?"), ("customer", "It reads twelve"))]
    assert SignalType.HESITATION not in types(snapshot(talk(*asked, gap=2.5 * MINUTE)))


def test_somebody_who_comes_back_the_next_day_did_not_hesitate() -> None:
    turns = (("bot", "Shall I send it?"), ("customer", "Yes please"))
    assert SignalType.HESITATION not in types(snapshot(talk(*turns, gap=DAY)))


def test_a_customer_who_is_stuck_on_a_page_hesitates_although_nothing_arrives() -> None:
    rows = [page(1, "/checkout")]
    assert not types(snapshot(rows))
    late = only(snapshot(rows, now=rows[0].occurred_at + 4 * MINUTE), SignalType.HESITATION)
    assert late.at == rows[0].occurred_at + MINUTE


def test_going_back_to_a_page_already_left_is_backtracking() -> None:
    rows = [page(1, "/delivery"), page(2, "/payment"), page(3, "/delivery")]
    assert only(snapshot(rows), SignalType.BACKTRACKING).evidence == ("int_1", "int_3")


@pytest.mark.parametrize(
    "places",
    [
        ["/delivery", "/payment", "/summary"],
        ["/delivery", "/delivery", "/payment"],
        ["/home", "/shoes", "/home", "/shirts", "/home"],
    ],
)
def test_going_on_reloading_and_passing_the_home_page_are_no_backtracking(places: list[str]) -> None:
    assert not types(snapshot([page(seq, path) for seq, path in enumerate(places, start=1)]))


def test_opening_a_page_again_hours_later_is_no_backtracking() -> None:
    rows = [page(1, "/a"), page(2, "/b"), page(3, "/a", at=START + 5 * HOUR)]
    assert SignalType.BACKTRACKING not in types(snapshot(rows))


def test_hearing_the_phone_menu_again_is_backtracking() -> None:
    heard = ["main", "billing", "main"]
    rows = [
        interaction(seq, kind="event", channel="ivr", data={"menu": menu}) for seq, menu in enumerate(heard, start=1)
    ]
    assert SignalType.BACKTRACKING in types(snapshot(rows))


def test_a_question_asked_again_in_other_words_is_repetition() -> None:
    rows = talk(
        ("customer", "Can you tell me when my new card will be delivered?"),
        ("bot", "Cards are made in our own plant."),
        ("customer", "But when is my new card going to be delivered?"),
    )
    assert only(snapshot(rows), SignalType.REPETITION).evidence == ("int_1", "int_3")


def test_an_identifier_asked_for_again_is_repetition() -> None:
    rows = talk(
        ("customer", "My order number is AB-4471"),
        ("bot", "Thank you. Could you tell me your order number?"),
        ("customer", "It is AB-4471"),
    )
    assert "AB-4471" in only(snapshot(rows), SignalType.REPETITION).detail


def test_an_identifier_given_before_on_another_channel_is_repetition() -> None:
    prior = talk(("customer", "It is about AB-4471"), ("bot", "I see."), conversation_id="c0")
    now = talk(("agent", "How can I help?"), ("customer", "I call about AB-4471"), start=10, channel="voice")
    assert "in the chat" in only(snapshot(now, prior), SignalType.REPETITION).detail


@pytest.mark.parametrize(
    "turns",
    [
        (("customer", "It is AB-4471"), ("bot", "I found AB-4471. Shall I send it?"), ("customer", "Yes, AB-4471")),
        (("customer", "It is AB-4471"), ("bot", "Is AB-4471 the right number?"), ("customer", "Yes, AB-4471")),
        (("customer", "It is AB-4471"), ("bot", "And the other number?"), ("customer", "That is CD-9902")),
        (
            ("customer", "Can you tell me when my card will be delivered?"),
            ("bot", "On Tuesday."),
            ("customer", "Can you change the address of my account as well?"),
        ),
        (("customer", "Yes please"), ("bot", "Shall I send it too?"), ("customer", "Yes please")),
    ],
)
def test_confirming_naming_another_or_asking_something_else_is_no_repetition(turns: Sequence[tuple[str, str]]) -> None:
    assert SignalType.REPETITION not in types(snapshot(talk(*turns)))


def test_taking_an_unresolved_matter_to_another_channel_is_a_switch() -> None:
    prior = [step(1, "reset_password", channel="app", conversation_id="c0")]
    now = talk(("customer", "I cannot reset my password"), start=5)
    assert only(snapshot(now, prior), SignalType.CHANNEL_SWITCH).evidence == ("int_1", "int_5")


def test_a_conversation_that_moves_from_chat_to_whatsapp_is_a_switch() -> None:
    rows = [
        *talk(("customer", "My parcel is missing"), ("bot", "I will look into it.")),
        *talk(("customer", "Any news on my parcel?"), start=30, channel="whatsapp"),
    ]
    assert SignalType.CHANNEL_SWITCH in types(snapshot(rows))


@pytest.mark.parametrize(
    "prior",
    [
        talk(
            ("customer", "Where is my parcel?"),
            ("bot", "It is here."),
            ("customer", "Thanks, bye!"),
            conversation_id="c0",
        ),
        [page(1, "/shoes", conversation_id="c0"), page(2, "/shirts", conversation_id="c0")],
        [step(1, "pay", conversation_id="c0", channel="app"), step(2, "pay", "succeeded", channel="app")],
        [interaction(1, "Your bill is ready", actor="system", channel="email", conversation_id="c0")],
    ],
)
def test_a_settled_matter_looking_around_and_our_own_mail_are_no_switch(prior: list[Interaction]) -> None:
    now = talk(("customer", "What are your opening hours?"), start=10, channel="voice")
    assert SignalType.CHANNEL_SWITCH not in types(snapshot(now, prior))


def test_coming_back_on_another_channel_for_what_was_promised_is_a_switch() -> None:
    prior = talk(
        ("customer", "Where is the refund for AB-4471?"),
        ("agent", "I will refund it within two days."),
        ("customer", "Thank you, bye."),
        conversation_id="c0",
    )
    same, other = "The refund for AB-4471 has not come", "What are your opening hours?"
    for text, switched in ((same, True), (other, False)):
        now = [interaction(9, text, channel="voice", at=START + 6 * DAY)]
        assert (SignalType.CHANNEL_SWITCH in types(snapshot(now, prior))) is switched


def test_looking_at_pages_beside_a_chat_is_no_switch() -> None:
    rows = [
        *talk(("customer", "Where is my parcel?"), ("bot", "Let me see.")),
        page(3, "/help"),
        *talk(("customer", "It was sent on Monday"), start=4),
    ]
    assert SignalType.CHANNEL_SWITCH not in types(snapshot(rows))


def test_an_old_unresolved_matter_is_no_switch_when_the_new_one_is_another() -> None:
    prior = talk(("customer", "My heating is broken"), conversation_id="c0")
    now = [interaction(9, "What are your opening hours?", channel="voice", at=START + 6 * DAY)]
    assert SignalType.CHANNEL_SWITCH not in types(snapshot(now, prior))


def test_a_customer_who_waits_past_the_pace_of_the_channel_is_a_delayed_reply() -> None:
    turns = (("customer", "Where is my parcel?"), ("agent", "Let me see."))
    assert "10 minutes" in only(snapshot(talk(*turns, gap=10 * MINUTE)), SignalType.DELAYED_REPLY).detail
    assert not types(snapshot(talk(*turns, gap=MINUTE)))
    assert not types(snapshot(talk(*turns, gap=10 * MINUTE, channel="email")))


def test_a_customer_who_is_still_waiting_is_a_delayed_reply_as_of_now() -> None:
    rows = talk(("customer", "Where is my parcel?"))
    waiting = only(snapshot(rows, now=rows[0].occurred_at + 30 * MINUTE), SignalType.DELAYED_REPLY)
    assert waiting.at == rows[0].occurred_at + 2 * MINUTE


def test_the_wait_counts_from_the_first_of_several_messages() -> None:
    rows = talk(("customer", "Where is my parcel?"), ("customer", "Hello?"), ("bot", "It is here."), gap=3 * MINUTE)
    assert only(snapshot(rows), SignalType.DELAYED_REPLY).evidence == ("int_1", "int_3")


def test_thanks_and_goodbye_need_no_reply() -> None:
    rows = talk(("bot", "It is done."), ("customer", "Thank you, bye!"))
    assert not types(snapshot(rows, now=rows[-1].occurred_at + HOUR))


def test_an_unanswered_question_of_ours_is_silence_as_of_now() -> None:
    rows = talk(("customer", "I want to cancel"), ("bot", "Which order do you want to cancel?"))
    assert SignalType.SILENCE not in types(snapshot(rows, now=rows[-1].occurred_at + MINUTE))
    silent = only(snapshot(rows, now=rows[-1].occurred_at + 10 * MINUTE), SignalType.SILENCE)
    assert silent.evidence == ("int_2",)


@pytest.mark.parametrize("last", ["It has been cancelled.", "Is there anything else I can help you with?"])
def test_a_customer_who_was_asked_nothing_is_not_silent(last: str) -> None:
    rows = talk(("customer", "I want to cancel"), ("bot", last))
    assert SignalType.SILENCE not in types(snapshot(rows, now=rows[-1].occurred_at + HOUR))


def test_a_chat_of_last_week_is_over_and_not_silent() -> None:
    rows = talk(("customer", "I want to cancel"), ("bot", "Which order do you want to cancel?"))
    assert SignalType.SILENCE not in types(snapshot(rows, now=rows[-1].occurred_at + 7 * DAY))


def test_the_same_step_failing_twice_on_two_channels_is_repeated_failure() -> None:
    prior = [step(1, "reset_password", channel="app", conversation_id="c0")]
    now = [step(2, "Reset password", channel="web")]
    failed = only(snapshot(now, prior), SignalType.REPEATED_FAILURE)
    assert failed.evidence == ("int_1", "int_2")
    assert "in the app and on the website" in failed.detail


@pytest.mark.parametrize(
    "answer", ["Error: no such card", '{"error": "timeout"}', '{"status": "failed"}', "Card not found"]
)
def test_a_tool_that_reports_an_error_twice_is_repeated_failure(answer: str) -> None:
    rows = [
        interaction(1, kind="tool_call", actor="bot", name="block_card"),
        interaction(2, answer, kind="tool_result", actor="system", name="block_card"),
        interaction(3, kind="tool_call", actor="bot", name="block_card"),
        interaction(4, answer, kind="tool_result", actor="system", name="block_card"),
    ]
    assert only(snapshot(rows), SignalType.REPEATED_FAILURE).evidence == ("int_2", "int_4")


@pytest.mark.parametrize(
    "outcomes",
    [
        [("pay", "failed")],
        [("pay", "failed"), ("log_in", "failed")],
        [("pay", "failed"), ("pay", "failed"), ("pay", "succeeded")],
        [("pay", "abandoned"), ("pay", "succeeded")],
    ],
)
def test_one_failure_two_steps_and_a_mended_one_are_no_repeated_failure(outcomes: list[tuple[str, str]]) -> None:
    rows = [step(seq, name, outcome) for seq, (name, outcome) in enumerate(outcomes, start=1)]
    assert SignalType.REPEATED_FAILURE not in types(snapshot(rows))


@pytest.mark.parametrize("channel", ["chat", "voice", "email", "whatsapp"])
def test_nobody_waits_for_an_answer_or_is_silent_in_a_journey_long_over(channel: str) -> None:
    waiting = talk(("customer", "Where is my parcel?"), channel=channel)
    asked = talk(("bot", "Which parcel do you mean?"), channel=channel)
    for rows, kind in ((waiting, SignalType.DELAYED_REPLY), (asked, SignalType.SILENCE)):
        soon, late = ({"email": 5 * DAY, "whatsapp": 5 * HOUR}.get(channel, 20 * MINUTE), 266 * DAY)
        assert kind in types(snapshot(rows, now=START + soon))
        assert kind not in types(snapshot(rows, now=START + late))


def test_of_many_signals_of_one_type_the_gravest_five_are_told() -> None:
    mild = [("customer", f"Part {word} is useless and bad") for word in ("one", "two", "three", "four", "five")]
    grave = ("customer", "This is a disgraceful farce, I am fed up!!!")
    signals = detect(snapshot(talk(grave, *mild)))
    displeased = [signal for signal in signals if signal.type is SignalType.NEGATIVE_SENTIMENT]
    assert len(displeased) == 5
    assert ("int_1",) in [signal.evidence for signal in displeased]


def test_of_signals_that_tell_the_same_the_newest_stays() -> None:
    rows = talk(*[("customer", "This is useless, I am fed up!")] * 3)
    signals = [signal for signal in detect(snapshot(rows)) if signal.type is SignalType.NEGATIVE_SENTIMENT]
    assert [signal.evidence for signal in signals if "worse" not in signal.detail] == [("int_3",)]


@pytest.mark.parametrize(
    "text",
    [
        "This is the third time I'm explaining this",
        "I have told you three times already",
        "Why do I keep having to repeat myself?",
    ],
)
def test_a_customer_who_says_that_they_repeat_it_is_repetition(text: str) -> None:
    assert only(snapshot(talk(("customer", text))), SignalType.REPETITION).evidence == ("int_1",)


@pytest.mark.parametrize(
    "text", ["This is the first time I call", "Do I have to send it again?", "It rang three times"]
)
def test_a_first_time_or_a_question_about_doing_it_again_is_no_repetition(text: str) -> None:
    assert SignalType.REPETITION not in types(snapshot(talk(("customer", text))))
