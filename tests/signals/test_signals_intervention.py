"""Friction that shows in failures, in loops, in words, and how forward it calls for being."""

import pytest

from app.models import InterventionLevel, SentimentLabel, SignalType, Trend
from app.nlu.human_request import asks_for_person
from app.nlu.sentiment import feeling, mood
from app.signals import detect, intervene
from tests.support.builders import START, interaction, snapshot
from tests.support.journeys import DAY, HOUR, MINUTE, only, page, step, talk, types


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
    menu = "Please choose one of the options: billing, orders, returns."
    assert SignalType.BOT_LOOP not in types(snapshot(talk(("agent", menu), ("customer", "Hm"), ("agent", menu))))
    assert SignalType.BOT_LOOP not in types(snapshot(talk(("bot", menu), ("bot", menu))))


@pytest.mark.parametrize(
    "text",
    [
        "This is ridiculous, I have been waiting for an hour!",
        "You are not helping at all!!!",
        "Terrible service, I am fed up with you.",
        "For the third time: still nothing!",
        "Das ist eine Frechheit und unverschämt",
        "I was promised my 129.00 EUR within 48 hours. It is three days now and nothing came!",
        "My card was charged twice",
        "nobody came to repair it",
        "Could you please look into it, nobody came to repair it. Thank you!",
    ],
)
def test_a_displeased_message_is_negative_sentiment(text: str) -> None:
    assert only(snapshot(talk(("customer", text))), SignalType.NEGATIVE_SENTIMENT).evidence == ("int_1",)


@pytest.mark.parametrize(
    "text",
    [
        "My card was stolen and I see a fraud charge",
        "I lost my wallet, please block everything",
        "Nothing else, thanks!",
        "I paid twice as much last year",
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
        "Yes, please transfer me to a human agent who can assist with this matter. Thank you.",
        "Could you transfer me to an agent who can help?",
        "I would like to be connected with a live agent that can fix it",
        "My refund never came and I need a manager",
        "I have not received it and I want to talk to a person",
        "the app is not working connect me to an agent",
        "it never arrived and i want to speak to a manager",
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
        "I was transferred to an agent who told me to wait",
        "I was connected to an agent who could not help",
        "Please don't transfer me to an agent",
        "I don't want to be connected to a person",
        "There is no need to speak to a manager",
        "Can you solve it without an agent?",
    ],
)
def test_speaking_of_a_person_is_not_asking_for_one(text: str) -> None:
    assert not asks_for_person(text)


def test_a_request_that_an_agent_has_met_no_longer_stands() -> None:
    rows = talk(("customer", "I want to talk to a person"), ("agent", "Good morning, what can I do for you?"))
    assert SignalType.HUMAN_REQUEST not in types(snapshot(rows))


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
    interventions = [
        intervene(detect(snapshot(rows)), START + 3 * MINUTE) for rows in (pages[:1], pages, failing, furious)
    ]
    assert [intervention.level for intervention in interventions] == [
        InterventionLevel.WAIT,
        InterventionLevel.CLARIFY,
        InterventionLevel.NUDGE,
        InterventionLevel.ESCALATE,
    ]
    assert sorted(intervention.friction for intervention in interventions) == [
        intervention.friction for intervention in interventions
    ]


def test_friction_fades_with_time() -> None:
    signals = detect(snapshot([step(1, "pay"), step(2, "pay")]))
    assert intervene(signals, START).friction > intervene(signals, START + DAY).friction > 0
