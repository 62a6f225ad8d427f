"""What is promised in a sentence, and what a brief tells of it."""

import pytest

from app.briefs.extractive import compose
from app.models import Brief, HandoffRequest, Intent, Interaction
from app.nlu.promises import promise_in
from tests.support.builders import START, interaction, snapshot


def brief_of(*conversation: Interaction, prior: tuple[Interaction, ...] = ()) -> Brief:
    return compose(snapshot(conversation, prior), Intent(), HandoffRequest())


@pytest.mark.parametrize(
    ("sentence", "text", "due"),
    [
        ("The team will write to you by 9 May.", "The team will write to you by 9 May.", "by 9 May"),
        ("You will be refunded within four hours.", "You will be refunded within four hours.", "within four hours"),
        ("Please send the letter and I will cancel it before noon.", "I will cancel it before noon.", "before noon"),
        ("I'm sorry, I'll pay you 60 pounds.", "I'll pay you 60 pounds.", None),
        ("A colleague will call you this afternoon.", "A colleague will call you this afternoon.", "this afternoon"),
        ("We'll keep it for you until 18:00.", "We'll keep it for you until 18:00.", "until 18:00"),
        ("I'll do it on the morning of the 21st.", None, "on the morning of the 21st"),
        ("I'm gonna get an engineer out Thursday morning.", None, "Thursday morning"),
        (
            "Perfect, and I'll give you a quick call once he is there.",
            "I'll give you a quick call once he is there.",
            None,
        ),
        ("The desk looks at it and writes to you by Friday.", None, "by Friday"),
        ("I have asked them and will ask for the 5.00 back for you.", None, None),
        ("Ein Kollege ruft Sie bis zum 9. Februar an.", None, "bis zum 9. Februar"),
        ("Je vous confirme la livraison avant le 10 juillet.", None, "avant le 10 juillet"),
        ("El técnico se pondrá en contacto antes del jueves.", None, "antes del jueves"),
        ("Vou pedir o reembolso e confirmo até 30 de outubro.", None, "até 30 de outubro"),
        ("La richiameremo entro venerdì.", None, "entro venerdì"),
        ("Ik zoek het uit en bericht u vóór 17.00 uur.", None, "vóór 17.00 uur"),
    ],
)
def test_a_promise_is_found_in_its_clause_with_its_time(sentence: str, text: str | None, due: str | None) -> None:
    promise = promise_in(sentence)
    assert promise is not None
    assert (promise.text, promise.due) == (text or sentence, due)


@pytest.mark.parametrize(
    "sentence",
    [
        "I'll hand you over to a colleague for that.",
        "I'll put you through to billing.",
        "Let me get an agent to take over.",
        "I'll need your order number.",
        "I will not be able to refund it by Friday.",
        "Will you write to me by Friday?",
        "You can return it within 30 days.",
        "The shop opens at 9 in the morning.",
        "I spoke to them on Monday.",
        "Ich kann es bis Freitag leider nicht liefern.",
        "Le colis est arrivé.",
        "In 2027 there was another one.",
    ],
)
def test_what_keeps_the_talk_going_and_what_is_the_rule_are_no_promises(sentence: str) -> None:
    assert promise_in(sentence) is None


def test_a_promise_is_due_when_the_sentence_before_it_says() -> None:
    mail = "The lorry comes on 20 August. I'll ring you that day."
    brief = brief_of(interaction(1, "When does my armchair come?"), interaction(2, mail, actor="agent"))
    assert [(commitment.text, commitment.due) for commitment in brief.commitments] == [
        ("I'll ring you that day.", "on 20 August")
    ]


def test_a_promise_keeps_an_earlier_conversation_open_for_a_month() -> None:
    long_ago = START.replace(month=2, day=10)
    earlier = (
        interaction(1, "I want a smaller payment plan.", channel="email", conversation_id="c0", at=long_ago),
        interaction(
            2,
            "I'll ask the credit desk and answer by 14 February.",
            actor="agent",
            channel="email",
            conversation_id="c0",
            at=long_ago,
        ),
    )
    brief = brief_of(interaction(3, "What became of my payment plan?"), prior=earlier)
    assert [commitment.due for commitment in brief.commitments] == ["by 14 February"]
    unpromised = (earlier[0], earlier[1].model_copy(update={"text": "That is for the credit desk."}))
    brief = brief_of(interaction(3, "What became of my payment plan?"), prior=unpromised)
    assert "smaller" not in (brief.situation or "")


def test_what_a_customer_would_do_otherwise_is_no_promise() -> None:
    brief = brief_of(interaction(1, "I need the kettle before 8 March, otherwise I'll buy one in town tomorrow."))
    assert brief.commitments == ()


@pytest.mark.parametrize(
    ("sentence", "promises"),
    [
        ("It will be Cloudy all day on Monday in Los Angeles.", False),
        ("There will be snow on Tuesday.", False),
        ("It will be delivered on Friday.", True),
        ("It'll be ready by Monday.", True),
    ],
)
def test_what_is_foretold_is_no_promise_of_anybodys(sentence: str, promises: bool) -> None:
    assert (promise_in(sentence) is not None) is promises


def test_a_weekday_with_an_hour_is_not_overdue_on_the_day_it_was_said() -> None:
    monday = START.replace(year=2026, month=3, day=2, hour=9)
    rows = (
        interaction(1, "My kiln does not heat, I need somebody to look at it.", at=monday),
        interaction(2, "I have booked a potter for Thursday at 10:00.", actor="agent", at=monday),
        interaction(3, "Okay.", at=monday.replace(hour=12)),
    )
    brief = brief_of(*rows)
    assert [promise.due for promise in brief.commitments] == ["Thursday at 10:00"]
    assert "overdue" not in (brief.headline or "")
