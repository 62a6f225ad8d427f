"""Friction signals: what fires, what must not, and how forward to be about it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from app.language.human import asks_for_person
from app.language.sentiment import feeling, mood
from app.models import Interaction, InterventionLevel, SentimentLabel, Signal, SignalType, Snapshot, Trend
from app.signals import detect, intervene
from tests.builders import START, interaction, snapshot

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def talk(
    *turns: tuple[str, str], start: int = 1, gap: timedelta = timedelta(seconds=20), **fields: Any
) -> list[Interaction]:
    """Messages in turn, each by `customer`, `bot` or `agent`."""
    return [
        interaction(start + place, text, actor=actor, at=START + gap * (start + place), **fields)
        for place, (actor, text) in enumerate(turns)
    ]


def step(seq: int, name: str, outcome: str | None = "failed", **fields: Any) -> Interaction:
    """Something the customer tried on their own."""
    return interaction(seq, kind="event", name=name, outcome=outcome, **fields)


def page(seq: int, where: str, **fields: Any) -> Interaction:
    """A page that the customer opened on the website."""
    return interaction(seq, kind="event", channel="web", name="page_view", data={"page": where}, **fields)


def types(case: Snapshot) -> set[SignalType]:
    """The types of the signals that a snapshot shows."""
    return {signal.type for signal in detect(case)}


def only(case: Snapshot, wanted: SignalType) -> Signal:
    """The one signal of a type."""
    found = [signal for signal in detect(case) if signal.type is wanted]
    assert len(found) == 1, found
    return found[0]


# --- hesitation -----------------------------------------------------------------------------------------------------


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


# --- backtracking ---------------------------------------------------------------------------------------------------


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
    assert not types(snapshot([page(seq, place) for seq, place in enumerate(places, start=1)]))


def test_opening_a_page_again_hours_later_is_no_backtracking() -> None:
    rows = [page(1, "/a"), page(2, "/b"), page(3, "/a", at=START + 5 * HOUR)]
    assert SignalType.BACKTRACKING not in types(snapshot(rows))


def test_hearing_the_phone_menu_again_is_backtracking() -> None:
    heard = ["main", "billing", "main"]
    rows = [interaction(seq, kind="event", channel="ivr", data={"menu": one}) for seq, one in enumerate(heard, start=1)]
    assert SignalType.BACKTRACKING in types(snapshot(rows))


# --- repetition -----------------------------------------------------------------------------------------------------


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


# --- channel switch -------------------------------------------------------------------------------------------------


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


# --- delayed reply and silence --------------------------------------------------------------------------------------


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


# --- repeated failure -----------------------------------------------------------------------------------------------


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


# --- bot loop -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (
            "Please choose one of the options: billing, orders, returns.",
            "Please choose one of the options: billing, orders, returns",
        ),
        (
            "I am sorry to hear that. You can print it in the app under Orders.",
            "You can print it in the app under Orders.",
        ),
        ("Sorry, I didn't understand that.", "I don't quite understand. Could you rephrase?"),
        ("Das habe ich leider nicht verstanden.", "Entschuldigung, ich habe das nicht verstanden."),
    ],
)
def test_a_bot_that_says_the_same_again_is_in_a_loop(first: str, again: str) -> None:
    rows = talk(("bot", first), ("customer", "My heating is cold"), ("bot", again))
    assert only(snapshot(rows), SignalType.BOT_LOOP).evidence == ("int_1", "int_3")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("Could you please give me your order number?", "Could you please give me your e-mail address?"),
        ("Is there anything else I can help you with?", "Is there anything else I can help you with?"),
        ("Your balance is 20 dollars.", "Your parcel arrives on Monday."),
    ],
)
def test_asking_for_something_else_and_courtesy_are_no_loop(first: str, again: str) -> None:
    rows = talk(("bot", first), ("customer", "All right then"), ("bot", again))
    assert SignalType.BOT_LOOP not in types(snapshot(rows))


def test_an_agent_or_a_message_sent_twice_is_no_loop() -> None:
    said = "Please choose one of the options: billing, orders, returns."
    assert SignalType.BOT_LOOP not in types(snapshot(talk(("agent", said), ("customer", "Hm"), ("agent", said))))
    assert SignalType.BOT_LOOP not in types(snapshot(talk(("bot", said), ("bot", said))))


# --- sentiment ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "This is ridiculous, I have been waiting for an hour!",
        "You are not helping at all!!!",
        "Terrible service, I am fed up with you.",
        "For the third time: still nothing!",
        "Das ist eine Frechheit und unverschämt",
    ],
)
def test_a_displeased_message_is_negative_sentiment(text: str) -> None:
    assert only(snapshot(talk(("customer", text))), SignalType.NEGATIVE_SENTIMENT).evidence == ("int_1",)


@pytest.mark.parametrize(
    "text",
    [
        "My card was stolen and I see a fraud charge",
        "I lost my wallet, please block everything",
        "Why was my payment declined?",
        "No",
        "I want to cancel my contract because of a death in the family",
    ],
)
def test_a_sad_matter_told_calmly_is_no_negative_sentiment(text: str) -> None:
    assert SignalType.NEGATIVE_SENTIMENT not in types(snapshot(talk(("customer", text))))


def test_a_customer_who_is_pleased_since_is_not_displeased_any_more() -> None:
    angry = ("customer", "This is ridiculous, I am fed up!")
    mended = talk(angry, ("agent", "It is solved."), ("customer", "Great, thank you so much, that is all!"))
    assert SignalType.NEGATIVE_SENTIMENT not in types(snapshot(mended))


def test_mood_tells_where_feelings_are_going() -> None:
    souring = mood([feeling("Great, thanks!"), feeling("Hm."), feeling("This is useless and annoying, I am fed up!")])
    assert (souring.label, souring.trend) == (SentimentLabel.NEGATIVE, Trend.WORSENING)
    assert mood([]).label is SentimentLabel.NEUTRAL
    assert mood([-0.8, -0.2, 0.7]).label is SentimentLabel.MIXED


# --- request for a person -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "agent",
        "Agent, please!",
        "representative",
        "I want to talk to a person",
        "Can I speak with someone from billing?",
        "get me a real human",
        "Please connect me to a live agent",
        "Let me talk to your supervisor",
        "Is there a real person I can talk to?",
        "I don't want to talk to a bot",
        "Could you escalate this?",
        "put me through to customer service",
        "Ich möchte mit einem Menschen sprechen",
        "Bitte verbinden Sie mich mit einem Mitarbeiter",
        "Je voudrais parler à un conseiller",
        "Passez-moi une vraie personne",
        "Quiero hablar con una persona",
        "Necesito un agente",
        "Quero falar com um atendente",
        "Vorrei parlare con un operatore",
        "Ik wil een medewerker spreken",
    ],
)
def test_a_person_is_asked_for_in_many_wordings(text: str) -> None:
    assert SignalType.HUMAN_REQUEST in types(snapshot(talk(("customer", text))))


@pytest.mark.parametrize(
    "text",
    [
        "My travel agent booked this for me",
        "I am an agent for the customer",
        "Your agent told me that it would be fixed",
        "I don't want to talk to a person, just fix it",
        "Can a second person use the card?",
        "I spoke with an agent yesterday",
        "How much is it per person?",
        "Do I need a manager account?",
        "Can people transfer to other people's accounts?",
        "Mein Reisebüro hat das gebucht",
        "Mi agente de viajes lo reservó",
        "Je suis agent immobilier",
        "Quero cancelar o pedido",
    ],
)
def test_speaking_of_a_person_is_not_asking_for_one(text: str) -> None:
    assert not asks_for_person(text)


def test_a_request_that_an_agent_has_met_no_longer_stands() -> None:
    rows = talk(("customer", "I want to talk to a person"), ("agent", "Good morning, what can I do for you?"))
    assert SignalType.HUMAN_REQUEST not in types(snapshot(rows))


# --- identity, time and intervention --------------------------------------------------------------------------------


def test_the_same_moment_has_the_same_id_whenever_it_is_looked_at() -> None:
    rows = talk(("customer", "I want to talk to a person"))
    early, late = snapshot(rows), snapshot(rows, now=START + HOUR)
    assert only(early, SignalType.HUMAN_REQUEST) == only(late, SignalType.HUMAN_REQUEST)


def test_what_happens_after_the_moment_of_judgement_is_not_seen() -> None:
    rows = talk(("customer", "Hello, I have a question"), ("customer", "I want to talk to a person"))
    assert SignalType.HUMAN_REQUEST not in types(snapshot(rows, now=rows[0].occurred_at))


def test_an_ordinary_conversation_shows_no_friction() -> None:
    rows = talk(
        ("customer", "Hi, what are your opening hours?"),
        ("bot", "We are open from nine to five. Is there anything else?"),
        ("customer", "No, thank you!"),
    )
    signals = detect(snapshot(rows))
    assert intervene(signals, START).level is InterventionLevel.WAIT
    assert signals == ()


def test_a_request_for_a_person_escalates_whatever_else_there_is() -> None:
    case = snapshot(talk(("customer", "agent please")))
    signals = detect(case)
    decided = intervene(signals, case.now + 10 * DAY)
    assert decided.level is InterventionLevel.ESCALATE
    assert decided.reasons == tuple(signal.signal_id for signal in signals)


def test_intervention_rises_with_friction() -> None:
    pages = [page(1, "/delivery"), page(2, "/payment"), page(3, "/delivery")]
    failing = [*pages, *(step(seq, "pay", channel="web") for seq in (4, 5))]
    worse = [*failing, *(step(seq, "pay", channel="web") for seq in (6, 7))]
    furious = [*worse, interaction(8, "This is ridiculous, I am fed up with this!!!", channel="web")]
    levels = [intervene(detect(snapshot(rows)), START + 3 * MINUTE) for rows in (pages[:1], pages, failing, furious)]
    assert [one.level for one in levels] == [
        InterventionLevel.WAIT,
        InterventionLevel.CLARIFY,
        InterventionLevel.NUDGE,
        InterventionLevel.ESCALATE,
    ]
    assert sorted(one.friction for one in levels) == [one.friction for one in levels]


def test_friction_fades_with_time() -> None:
    signals = detect(snapshot([step(1, "pay"), step(2, "pay")]))
    assert intervene(signals, START).friction > intervene(signals, START + DAY).friction > 0
