"""The words around what a brief tells: by when and since when, how often and how it ended, in the brief's language."""

import pytest

from app.adapters.scripted import ScriptedModel
from app.briefs.frames import frames_of
from app.models import Actor, Brief, Commitment, Outcome
from tests.briefs.test_brief import brief_of, exchange, outcomes
from tests.briefs.test_model import CONVERSATION, answer, statement, worded
from tests.support.builders import START, interaction

PROSE = {
    "en": "The customer says that the lamp is broken and wants a new one.",
    "de": "Die Kundin sagt, dass die Lampe nicht mit der Lieferung kam und sich auch nichts tut.",
    "fr": "Le client dit que la lampe est en panne et que rien ne se passe avec les demandes.",
    "es": "La clienta dice que la lámpara no llegó con el pedido y que el envío se perdió por la red.",
    "it": "Il cliente dice che la lampada è rotta e che non si risolve con il servizio della casa.",
    "pt": "O cliente diz que a lâmpada não chegou com a encomenda e que não foi avisado pela loja do seu bairro.",
    "nl": "De klant zegt dat de lamp niet met het pakket is gekomen en dat er nog niets door ons gedaan werd.",
}


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "due by Friday, said on 2026-03-02"),
        ("de", "Frist: by Friday, gesagt am 2026-03-02"),
        ("fr", "échéance : by Friday, dit le 2026-03-02"),
        ("es", "plazo: by Friday, dicho el 2026-03-02"),
        ("it", "scadenza: by Friday, detto il 2026-03-02"),
        ("pt", "prazo: by Friday, dito em 2026-03-02"),
        ("nl", "termijn: by Friday, gezegd op 2026-03-02"),
    ],
)
def test_a_due_time_stands_beside_the_day_it_was_said_on_in_the_language_of_the_brief(
    language: str, expected: str
) -> None:
    promise = Commitment(by=Actor.AGENT, text="Call back", due="by Friday", at=START, evidence=("int_1",))
    assert frames_of(Brief(situation=PROSE[language])).due_of(promise) == expected


def test_where_no_time_was_named_none_is_written() -> None:
    promise = Commitment(by=Actor.AGENT, text="Call back", at=START, evidence=("int_1",))
    assert not frames_of(Brief(situation=PROSE["en"])).due_of(promise)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ((Outcome.FAILED,), "open door"),
        ((Outcome.FAILED, Outcome.FAILED), "open door (2 attempts)"),
        ((Outcome.FAILED, Outcome.SUCCEEDED), "open door (2 attempts, the first failed)"),
        ((Outcome.FAILED, Outcome.FAILED, Outcome.SUCCEEDED), "open door (3 attempts, all but the last failed)"),
        ((Outcome.SUCCEEDED, Outcome.FAILED), "open door (2 attempts with different outcomes)"),
        ((Outcome.ABANDONED, Outcome.SUCCEEDED), "open door (2 attempts with different outcomes)"),
    ],
)
def test_attempts_that_ended_otherwise_than_the_last_are_counted(ends: tuple[Outcome, ...], expected: str) -> None:
    assert frames_of(Brief(situation=PROSE["en"])).tried("open door", ends) == expected


async def test_a_models_promise_tells_when_it_was_given_also_where_the_model_wrote_it_into_the_time() -> None:
    promised = {"by": "agent", "due": "tomorrow (said on 2 March)"} | statement("The agent will call back.", "t6")
    handoff, _ = await worded(ScriptedModel(answer(commitments=[promised])))
    only = handoff.brief.commitments[0]
    assert (only.due, only.at) == ("tomorrow", CONVERSATION[5].occurred_at)


async def test_our_own_steps_and_history_speak_the_language_of_the_models_brief() -> None:
    steps = [
        interaction(seq, kind="event", name="open_form", outcome=end, channel="web")
        for seq, end in enumerate(("failed", "failed", "succeeded"), start=8)
    ]
    german = statement("Die Kundin sagt, dass der Router ABX-2041 seit dem 2. März nicht geht.", "t1")
    more = statement(
        "Der Bot hat einen Techniker für den Freitag angeboten, und die Kundin wollte das nicht.", "t2", "t3"
    )
    written = answer(contact_reason=german, situation=[more], customer_expectation=None, headline=None)
    handoff, first = await worded(ScriptedModel(written), (*CONVERSATION, *steps))
    assert "open form (3 attempts, all but the last failed)" in [action.step for action in first.brief.actions_taken]
    assert "open form (3 Versuche, alle bis auf den letzten schlugen fehl)" in [
        action.step for action in handoff.brief.actions_taken
    ]


def test_what_a_customer_tried_is_a_step_in_their_words_and_what_a_bot_passes_on_is_none() -> None:
    brief = brief_of(
        interaction(1, "My line is dead. I restarted the router three times, still nothing."),
        interaction(2, "Thank you, I have passed it on.", actor="bot"),
    )
    assert outcomes(brief) == [("“I restarted the router three times, still nothing.”", Outcome.FAILED)]


def test_a_call_whose_record_is_a_refusal_did_not_succeed() -> None:
    brief = brief_of(
        interaction(1, "I want to exchange my blender."),
        *exchange(2, result='{"order_id": "W4410", "state": "rejected by the warehouse"}'),
    )
    assert outcomes(brief) == [("exchange item: order W4410 (rejected by the warehouse)", Outcome.FAILED)]


@pytest.mark.parametrize("result", ['{"status": 409, "order_id": "W4410"}', '{"status": "conflict"}'])
def test_a_call_answered_with_a_conflict_did_not_succeed(result: str) -> None:
    brief = brief_of(interaction(1, "I want to exchange my blender."), *exchange(2, result=result))
    assert [action.outcome for action in brief.actions_taken] == [Outcome.FAILED]


def test_a_ping_is_no_open_question() -> None:
    asked = brief_of(interaction(1, "My lamp is broken. Which bulb does it take?"), interaction(2, "Still there?"))
    assert asked.open_questions == ("“Which bulb does it take?”",)


@pytest.mark.parametrize("ping", ["Still there?", "Hello?", "Is anyone there?", "Sind Sie noch da?", "¿Sigue ahí?"])
async def test_a_models_ping_is_no_open_question_and_is_listed(ping: str) -> None:
    open_questions = [statement(ping, "t1"), statement("When is the refund paid?", "t1")]
    handoff, _ = await worded(ScriptedModel(answer(open_questions=open_questions)))
    assert handoff.brief.open_questions == ("When is the refund paid?",)
    assert ping in [dropped_claim.text for dropped_claim in handoff.brief.dropped_claims]


async def test_a_colleague_who_is_to_do_something_by_a_day_is_a_promise() -> None:
    talk = (*CONVERSATION, interaction(8, "I will ask a colleague to look at it by Friday.", actor="bot"))
    promised = {"by": "bot", "due": "by Friday"} | statement("Ask a colleague to look at it", "t8")
    handoff, _ = await worded(ScriptedModel(answer(commitments=[promised])), talk)
    assert [commitment.due for commitment in handoff.brief.commitments] == ["by Friday"]
