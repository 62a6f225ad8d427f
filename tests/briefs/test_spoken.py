"""What is said aloud of a brief: to the agent in a few seconds, and to the customer who waits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.briefs.speaking import Ear
from app.briefs.spoken import MOST_WORDS, customer_line, whisper
from app.models import (
    ActionTaken,
    Actor,
    Brief,
    Channel,
    Claim,
    Commitment,
    Entity,
    Handoff,
    HandoffRequest,
    HandoffStatus,
    Intent,
    Kind,
    Outcome,
    Participant,
    ResolutionStatus,
    Sentiment,
    SentimentLabel,
    Signal,
    SignalType,
    Trend,
    VerdictKind,
    VerificationStatus,
)
from app.nlu.tables import LANGUAGES, spoken_of
from tests.support.builders import interaction

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REASON = "The customer said: “My kettle leaks and I want my money back.”"


def brief(**fields: Any) -> Brief:
    defaults: dict[str, Any] = {"headline": "A kettle", "contact_reason": REASON}
    return Brief(**(defaults | fields))


def handoff(shown: Brief, *, locale: str | None = None, **fields: Any) -> Handoff:
    defaults: dict[str, Any] = {
        "handoff_id": "hnd_1",
        "customer_id": "cus_1",
        "created_at": AT,
        "as_of_seq": 3,
        "duration_ms": 12,
        "status": HandoffStatus.COMPLETED,
        "engine": "extractive",
        "verification_status": VerificationStatus.VERIFIED,
        "brief": shown,
        "request": HandoffRequest(customer_id="cus_1", locale=locale),
    }
    return Handoff(**(defaults | fields))


def step(name: str, outcome: Outcome) -> ActionTaken:
    return ActionTaken(step=name, actor=Actor.BOT, channel=Channel.CHAT, outcome=outcome, at=AT, evidence=("int_1",))


def promise(text: str, by: Actor = Actor.AGENT, evidence: str = "int_1") -> Commitment:
    return Commitment(by=by, text=text, at=AT, evidence=(evidence,))


def signal(kind: SignalType) -> Signal:
    return Signal(
        signal_id="sig_1",
        customer_id="cus_1",
        conversation_id="c1",
        type=kind,
        severity=0.8,
        at=AT,
        evidence=(),
        detail="x",
    )


def test_a_whisper_tells_who_it_is_what_they_want_what_failed_and_what_was_promised() -> None:
    full = brief(
        actions_taken=(step("start return: ORD-4471 (2 attempts)", Outcome.FAILED), step("look up", Outcome.SUCCEEDED)),
        commitments=(promise("I will send it", Actor.CUSTOMER), promise("We will call you back on 2026-03-03.")),
    )
    row = interaction(1, "x").model_copy(update={"participant": Participant(name="Odile Renn")})
    assert whisper(handoff(full, signals=(signal(SignalType.HUMAN_REQUEST),)), {"int_1": row}) == (
        "This is Odile Renn, identity verified. They said: My kettle leaks and I want my money back. "
        "What did not work: start return. We promised: We will call you back on 3 March. They ask for a person."
    )


@pytest.mark.parametrize("name", ["+12025550143", "odile@mail.example", "user_88", "A" * 80, "Guest 4471", ""])
def test_what_is_no_name_is_not_said_as_one(name: str) -> None:
    row = interaction(1, "x").model_copy(update={"participant": Participant(name=name, id="7")})
    assert whisper(handoff(brief()), {"int_1": row}).startswith("The customer is verified.")


def test_a_greeting_is_left_out_and_a_denial_never_is() -> None:
    greeted = brief(contact_reason="The customer said: “Hello, my kettle leaks.”")
    denied = brief(contact_reason=f"The customer said: “I want the kettle {'really ' * 40}but not the lamp.”")
    assert "They said: my kettle leaks." in whisper(handoff(greeted), {})
    assert "kettle" not in whisper(handoff(denied), {})


@pytest.mark.parametrize("times", [1, 5, 40])
def test_a_whisper_has_at_most_45_words(times: int) -> None:
    wordy = brief(
        contact_reason=" … ".join(
            "“The kettle which I bought leaks, and the lamp which I bought flickers.”" for _ in range(times)
        ),
        actions_taken=tuple(step(f"a step of many words number {n} " * times, Outcome.FAILED) for n in range(9)),
        commitments=(promise("We will " + "certainly " * 30 * times + "call."),),
        resolution_status=ResolutionStatus.PARTIAL,
    )
    assert len(whisper(handoff(wordy), {}).split()) <= MOST_WORDS


def test_only_what_claims_bear_out_is_said() -> None:
    worded = brief(
        contact_reason="They want a refund. They were overcharged twice.",
        claims=(
            Claim(text="They want a refund.", evidence=("int_1",), support=1.0),
            Claim(text="They were overcharged twice.", evidence=(), support=0.4, verdict=VerdictKind.UNVERIFIED),
        ),
    )
    heard = whisper(handoff(worded, engine="model"), {})
    assert "They want a refund." in heard
    assert "overcharged" not in heard


def test_what_agents_wrote_among_themselves_is_not_said() -> None:
    noted = brief(commitments=(promise("Get rid of this fool quickly.", evidence="int_1"),))
    note = interaction(1, "Get rid of this fool quickly.", actor=Actor.AGENT, kind=Kind.NOTE)
    assert "fool" not in whisper(handoff(noted), {"int_1": note})


def test_a_code_is_spelt_where_there_is_room_and_else_left_out() -> None:
    coded = brief(contact_reason="The customer said: “Order KX-204 is late.”")
    assert "Order K X 2 0 4 is late." in whisper(handoff(coded), {})
    long = brief(contact_reason="The customer said: “Order 3f2c9a77e1b04 at https://shop.example/o?id=1 is late.”")
    assert "They said: Order at is late." in whisper(handoff(long), {})
    shouted = brief(contact_reason="The customer said: “MY KETTLE LEAKS AGAIN”")
    assert "They said: My kettle leaks again." in whisper(handoff(shouted), {})


def test_what_a_brief_holds_of_a_code_of_letters_is_spelt_too() -> None:
    coded = brief(
        contact_reason="The customer said: “I want to change booking ABCD.”",
        entities=(Entity(type="reservation", value="ABCD", evidence=("int_1",)),),
    )
    assert "booking A B C D." in whisper(handoff(coded), {})


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("It costs $2,544 & 20% more…", "It costs $2,544 and 20 percent more"),
        ("Fly on May 20th at 8am — not 2026-05-21!", "Fly on May 20th at 8am, not 21 May!"),
        ("1. One-way\n2. **Economy**", "One-way Economy"),
        ("Mail odile@mail.example (again) 😡 #4471", "Mail again 4471"),
        ("user_88 says: “hello_there”", "says: hello there"),
        ("…", ""),
    ],
)
def test_what_cannot_be_spoken_is_left_out(written: str, spoken: str) -> None:
    ear = Ear("en", spoken_of("en"), frozenset(), spells=False)
    assert ear.heard(written) == spoken


def test_without_a_word_of_the_customer_the_likely_matter_is_said_and_without_anything_that_nothing_is_known() -> None:
    silent = brief(contact_reason=None, headline=None)
    assert whisper(handoff(silent), {}) == "The customer is verified. Nothing is known of their matter yet."
    guessed = silent.model_copy(update={"intent": Intent(name="refund", label="Get money back", confidence=0.8)})
    assert "It is about Get money back." in whisper(handoff(guessed), {})


def test_an_overdue_promise_and_a_refusal_are_said() -> None:
    refused = brief(situation="Refused by the bot: “I cannot refund a used kettle.”", headline="“Kettle” · overdue")
    heard = whisper(handoff(refused), {})
    assert "They were told: I cannot refund a used kettle." in heard
    assert heard.endswith("A promise of ours is overdue.")


@pytest.mark.parametrize("locale", LANGUAGES)
def test_the_words_of_ours_are_those_of_the_agents_language(locale: str) -> None:
    heard = whisper(handoff(brief(), locale=locale), {})
    assert heard.startswith(spoken_of(locale).verified)
    assert len(heard.split()) <= MOST_WORDS
    assert not set(heard) & set("“”„«»*#_/\\|<>[]{}…")


@pytest.mark.parametrize(
    ("shown", "signals", "line"),
    [
        (brief(), (), "waiting"),
        (Brief(), (), "waiting_blank"),
        (brief(), (signal(SignalType.REPEATED_FAILURE),), "waiting_care"),
        (brief(sentiment=Sentiment(label=SentimentLabel.NEGATIVE, trend=Trend.STEADY)), (), "waiting_care"),
    ],
)
def test_who_waits_hears_nothing_of_the_case(shown: Brief, signals: tuple[Signal, ...], line: str) -> None:
    heard = customer_line(handoff(shown, signals=signals))
    assert heard == getattr(spoken_of("en"), line)
    assert "kettle" not in heard


def test_who_waits_is_spoken_to_in_the_language_they_used() -> None:
    german = brief(contact_reason="The customer said: “Mein Wasserkocher ist kaputt und ich möchte das Geld zurück.”")
    assert customer_line(handoff(german, locale="en-GB")) == spoken_of("de").waiting


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_it_in_one_or_two_sentences_and_few_words(language: str) -> None:
    words = spoken_of(language)
    for line in (words.waiting, words.waiting_blank, words.waiting_care):
        assert 1 <= line.count(".") <= 2
        assert len(line.split()) <= 30
    for frame in (words.wants, words.matter, words.failed, words.refused, words.promised):
        assert frame.endswith("{words}")
