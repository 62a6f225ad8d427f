"""What of a model's answer, and of earlier contacts, is kept: nothing is lost without a trace, nothing told twice."""

from datetime import timedelta
from time import perf_counter

import pytest

from app.adapters.scripted import ScriptedModel
from app.briefs.extractive import compose
from app.briefs.frames import framed_as
from app.briefs.llm.entities import united
from app.briefs.llm.recheck import statements_of
from app.models import Brief, Entity, HandoffRequest, Intent, Interaction, Passage
from app.nlu.sentences import sentences
from tests.briefs.test_model import CONVERSATION, answer, draft, statement, worded, writer
from tests.support.builders import START, interaction, snapshot

LONG_AGO = START - timedelta(days=90)


def with_history(*rows: Interaction, now: str = "My parcel has still not come.") -> Brief:
    """The brief of a conversation of which retrieval found these earlier rows."""
    case = snapshot([interaction(99, now)], rows)
    passages = tuple(Passage(interaction=row, score=1.0) for row in rows)
    return compose(case.model_copy(update={"history": passages}), Intent(), HandoffRequest())


def earlier(seq: int, text: str, actor: str = "agent") -> Interaction:
    """Something said in a conversation long ago."""
    return interaction(seq, text, actor=actor, conversation_id=f"old{seq}", at=LONG_AGO)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Der Agent T. Abel sagte, das Formular komme. Es kam nicht.", 2),
        ("Gil W. asked twice. The bot answered.", 2),
        ("J. R. Smith called. We answered.", 2),
        ("Die Bestellung Nr. 55 fehlt z. B. noch immer. Hr. Meyer ruft an.", 2),
        ("We live at 14, 2nd floor B. The bell is broken.", 2),
        ("It weighs 3 kg. The box is big.", 2),
        ("Es la calle del Puerto 60, 5º A. Quiero hablar con Teo.", 2),
        ("He is as tall as I. the rest is known.", 2),
        ("Hmm. Router is off.", 2),
    ],
)
def test_initials_and_words_cut_short_end_no_sentence(text: str, count: int) -> None:
    assert len(sentences(text)) == count


async def test_a_models_statements_are_counted_not_the_sentences_they_are_split_into() -> None:
    statements = [
        "The router ABX-2041 stopped working. The customer says so.",
        "The customer wants a refund of $49.90.",
        "The bot offered a technician.",
        "The customer asked for a person.",
    ]
    handoff, _ = await worded(
        ScriptedModel(answer(situation=[statement(text, "t1", "t2", "t7") for text in statements]))
    )
    assert handoff.brief.situation == " ".join(statements)


async def test_what_has_no_room_in_a_situation_is_listed_with_the_reason() -> None:
    statements = [
        f"The customer wants a refund of $49.90 for the router ABX-2041{' and waits' * many}." for many in range(6)
    ]
    handoff, _ = await worded(ScriptedModel(answer(situation=[statement(text, "t1") for text in statements])))
    assert handoff.brief.situation == " ".join(statements[:4])
    dropped = {dropped_claim.text: dropped_claim.why for dropped_claim in handoff.brief.dropped_claims}
    assert [dropped[text].startswith("there is no room for it") for text in statements[4:]] == [True, True]
    assert not set(statements[4:]) & {claim.text for claim in handoff.brief.claims}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "I'm ashamed to read this. We will send you a new kettle by Friday.",
            "We will send you a new kettle by Friday.",
        ),
        (
            "Good morning Ann. Unfortunately, we cannot refund the kettle.",
            "Unfortunately, we cannot refund the kettle.",
        ),
        ("Buenos días, Marta. Le confirmo el cambio de dirección antes del lunes.", "Le confirmo el cambio"),
        ("The lorry comes on 20 August. I'll ring you that day.", "The lorry comes on 20 August."),
        ("I'll hand you to a colleague. The kettle W-7 was repaired.", "The kettle W-7 was repaired."),
        ("Let me see. That was order W-7718 of 3 May.", "That was order W-7718 of 3 May."),
    ],
)
def test_history_tells_the_sentence_that_carries_most(text: str, expected: str) -> None:
    (item,) = with_history(earlier(1, text)).history
    assert expected in item.text


@pytest.mark.parametrize(
    "text", ["Buenos días, Marta.", "I'm ashamed to read this.", "Let me see.", "16:05.", "Ann Lee."]
)
def test_history_tells_no_greeting_and_no_harmless_sentence(text: str) -> None:
    assert with_history(earlier(1, text)).history == ()


def test_a_step_that_went_well_gives_way_to_what_was_said() -> None:
    ends = ("succeeded", "succeeded", "succeeded", "failed")
    steps = [
        interaction(seq, kind="event", name=f"open_page_{seq}", outcome=end, conversation_id="o", at=LONG_AGO)
        for seq, end in enumerate(ends, start=1)
    ]
    history = with_history(*steps, earlier(9, "When does the shop of order W-7718 open?", "customer")).history
    told_there = " ".join(history_item.text for history_item in history)
    assert "W-7718" in told_there
    assert "Failed: open page 4." in told_there
    assert len(history) == 3


def test_a_look_at_a_record_that_went_well_is_no_history() -> None:
    looked = interaction(
        1,
        "{}",
        kind="tool_result",
        actor="system",
        name="get_order",
        outcome="succeeded",
        conversation_id="o",
        at=LONG_AGO,
    )
    assert with_history(looked).history == ()


def test_what_a_customer_wanted_once_is_quoted_in_full() -> None:
    (item,) = with_history(earlier(1, "I want a printed copy of every bill.", "customer")).history
    assert item.text == "The customer said: “I want a printed copy of every bill.”"


async def test_history_leaves_out_what_the_models_brief_tells() -> None:
    old = earlier(20, "Our fitter will mount the blue shelf for free by 9 May.")
    other = earlier(21, "The warranty of lamp W-9 cannot be extended.")
    passages = tuple(Passage(interaction=row, score=1.0) for row in (old, other))
    case = snapshot(CONVERSATION, (old, other)).model_copy(update={"history": passages})
    promised = statement("The agent said that the fitter will mount the blue shelf for free by 9 May.", "t1", "t2")
    first = draft(case)
    assert {history_item.evidence for history_item in first.brief.history} == {
        (old.interaction_id,),
        (other.interaction_id,),
    }
    model = ScriptedModel(answer(situation=[promised]))
    handoff = (await writer(model).word(case, first, started=perf_counter())).handoff
    assert [history_item.evidence for history_item in handoff.brief.history] == [(other.interaction_id,)]


async def test_our_own_history_in_another_language_is_ours_still_and_nobody_is_asked_of_it() -> None:
    old = earlier(20, "Der alte Wasserkocher wird bis zum 9. Mai kostenlos von uns repariert.")
    case = snapshot(CONVERSATION, (old,)).model_copy(update={"history": (Passage(interaction=old, score=1.0),)})
    german = statement("Die Kundin sagt, dass der Router ABX-2041 seit dem 2. März nicht geht.", "t1")
    more = statement(
        "Der Bot hat einen Techniker für den Freitag angeboten, und die Kundin wollte das nicht.", "t2", "t3"
    )
    first = draft(case)
    model = ScriptedModel(answer(contact_reason=german, situation=[more]))
    handoff = (await writer(model).word(case, first, started=perf_counter())).handoff
    (item,) = handoff.brief.history
    assert item.text.startswith("Der Agent sagte: “Der alte Wasserkocher")
    asked = [statement.text for statement in statements_of(handoff.brief, framed_as(first.brief, handoff.brief))]
    assert german["text"] in asked
    assert item.text not in asked


async def test_our_own_words_name_the_customer_as_the_models_brief_does() -> None:
    old = earlier(20, "Der alte Wasserkocher ist seit dem 9. Mai undicht und bleibt es auch.", "customer")
    case = snapshot(CONVERSATION, (old,)).model_copy(update={"history": (Passage(interaction=old, score=1.0),)})
    german = statement("Die Kundin sagt, dass der Router ABX-2041 seit dem 2. März nicht geht.", "t1")
    more = statement(
        "Der Bot hat einen Techniker für den Freitag angeboten, und die Kundin wollte das nicht.", "t2", "t3"
    )
    model = ScriptedModel(answer(contact_reason=german, situation=[more]))
    handoff = (await writer(model).word(case, draft(case), started=perf_counter())).handoff
    assert [history_item.text.split(":")[0] for history_item in handoff.brief.history] == ["Die Kundin sagte"]


def entity(kind: str, value: str, evidence: str = "int_1") -> Entity:
    """A thing with its label."""
    return Entity(type=kind, value=value, evidence=(evidence,))


def labels(*entities: Entity, named: tuple[Entity, ...]) -> list[str]:
    """What found and named things are called together."""
    return [f"{joined.type}: {joined.value}" for joined in united(entities, named)]


def test_a_models_label_is_kept_where_ours_names_the_form_alone() -> None:
    named = (entity("next delivery", "8 May"), entity("account number", "4410-22"))
    assert labels(entity("date", "8 May"), entity("number", "4410-22"), named=named) == [
        "next delivery: 8 May",
        "account number: 4410-22",
    ]
    assert labels(entity("account_id", "BK-400161"), named=(entity("id of user", "BK-400161"),)) == [
        "account_id: BK-400161"
    ]


def test_one_value_in_two_formats_is_one_entity() -> None:
    assert labels(entity("date", "8 May"), named=(entity("flight date", "2026-05-08"),)) == ["flight date: 2026-05-08"]
    assert labels(entity("phone", "07700 900868"), named=(entity("mobile", "+447700900868"),)) == [
        "mobile: +447700900868"
    ]
    assert labels(entity("amount", "45 pounds"), named=(entity("fee", "45 pounds"),)) == ["fee: 45 pounds"]
    assert labels(entity("number", "1180"), named=(entity("card", "card-1180"),)) == ["card: card-1180"]


def test_days_of_different_years_are_two() -> None:
    assert len(labels(entity("date", "2025-05-08"), named=(entity("next", "8 May 2026"),))) == 2
