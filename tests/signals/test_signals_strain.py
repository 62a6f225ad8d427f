"""The strain of a message, and the ladder that friction climbs."""

import pytest
from pydantic import ValidationError

from app.actions import read_catalogue
from app.errors import InvalidRequest
from app.models import InterventionLevel, Ladder, NextActionRequest
from app.services import App
from app.settings import Settings
from app.signals import course, detect, intervene, strain_at
from app.signals.dissatisfaction import CALM
from tests.support.builders import START, draft, snapshot
from tests.support.journeys import talk

ASKED = ("bot", "Just to confirm: delivery on Monday, is that right?")


def probability(*turns: tuple[str, str]) -> float:
    return strain_at(snapshot(talk(*turns))).probability


@pytest.mark.parametrize(
    ("calmer", "worse"),
    [
        ([ASKED, ("customer", "Yes, that is right.")], [ASKED, ("customer", "No, I said Friday.")]),
        (
            [("bot", "Anything else I can do?"), ("customer", "No, thank you!")],
            [("bot", "Shall I send it by post?"), ("customer", "No, don't do that.")],
        ),
        (
            [("bot", "It has been changed."), ("customer", "Thanks, bye.")],
            [("bot", "Sorry, I could not change it."), ("customer", "Thanks, bye.")],
        ),
        (
            [("customer", "Where do I find the form?")],
            [("customer", "Where do I find the form?"), ("bot", "Hm."), ("customer", "Where do I find the form?")],
        ),
        (
            [("bot", "There is a blue one."), ("customer", "I like it.")],
            [("bot", "There is a blue one."), ("customer", "I don't like it, show me something else.")],
        ),
    ],
)
def test_objecting_failing_and_repeating_strain_while_agreeing_and_thanking_calm(
    calmer: list[tuple[str, str]], worse: list[tuple[str, str]]
) -> None:
    assert probability(*calmer) < probability(*worse)


def test_a_wish_for_a_change_as_such_is_no_correction() -> None:
    plain, correcting = "I want to change my address.", "No, change it to the old address instead."
    before = ("bot", "Hello, how can I help?")
    assert probability(before, ("customer", plain)) < 0.05 < probability(before, ("customer", correcting))


def test_strain_explains_itself_with_the_weightiest_first() -> None:
    read = strain_at(snapshot(talk(ASKED, ("customer", "No, that is wrong again!"))))
    assert read.causes[0] == "turned down what was said to them"
    assert "corrected what had been understood" in read.causes
    decided = intervene((), START, read)
    assert decided.causes == read.causes


def test_what_the_bot_says_afterwards_does_not_change_the_strain_of_a_message() -> None:
    turns = [ASKED, ("customer", "No, Friday.")]
    assert probability(*turns) == probability(*turns, ("bot", "Sorry, that is not possible."))


def test_nobody_said_anything_is_calm() -> None:
    assert strain_at(snapshot(talk(("bot", "Hello!")))) == CALM


def test_friction_of_words_is_got_over_when_the_talk_goes_on_well() -> None:
    upset = talk(("customer", "This is ridiculous, you never answer!"))
    went_on = [*upset, *talk(("bot", "It is done."), ("customer", "Great, thank you."), ("customer", "Ok."), start=2)]
    at_once, later = (
        intervene(detect(case), case.now, strain_at(case)) for case in (snapshot(upset), snapshot(went_on))
    )
    assert later.friction < at_once.friction / 2


def test_the_course_judges_every_message_by_what_had_come_up_to_it() -> None:
    rows = talk(("customer", "Hello"), ("bot", "Sorry, that failed."), ("customer", "Let me talk to a person"))
    first, second = course(snapshot(rows), Ladder())
    assert [first.interaction_id, second.interaction_id] == ["int_1", "int_3"]
    assert (first.intervention.level, second.intervention.level) == ("wait", "escalate")
    (alone,) = course(snapshot(rows[:1]), Ladder())
    assert alone == first


def test_the_ladder_comes_from_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMLINE_FRICTION_LADDER", '{"clarify": 0.01, "nudge": 0.02}')
    ladder = Settings().friction_ladder
    assert [ladder.level(friction) for friction in (0.0, 0.01, 0.3, 0.6, 1.0)] == [
        InterventionLevel.WAIT,
        InterventionLevel.CLARIFY,
        InterventionLevel.NUDGE,
        InterventionLevel.ROUTE,
        InterventionLevel.ESCALATE,
    ]


LADDER = """
name: patient
friction_ladder: {clarify: 0.9, nudge: 0.95, route: 0.97, escalate: 0.99}
actions: [{id: wait, label: Wait, intents: {any: 0.5}}]
"""


async def test_a_tenants_catalogue_may_have_a_ladder_of_its_own_that_overrides_the_settings(app: App) -> None:
    drafts = [draft("This is terrible, you are no help at all.", conversation_id="c1")]
    levels: dict[str, InterventionLevel] = {}
    await app.decisions.put_catalogue("patient", LADDER, as_json=False)
    for tenant in ("patient", "usual"):
        await app.interactions.record(tenant, drafts)
        decided = await app.decisions.next_actions(tenant, NextActionRequest(conversation_id="c1"))
        shown = await app.signals.conversation_signals(tenant, "c1")
        course = await app.signals.conversation_friction(tenant, "c1")
        assert {shown.friction.level, course.moments[0].intervention.level} == {decided.intervention.level}
        levels[tenant] = decided.intervention.level
    assert levels["patient"] is InterventionLevel.WAIT
    assert levels["usual"] is not InterventionLevel.WAIT


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("{clarify: 0.5, nudge: 0.4}", "line 2: .*rise in this order"),
        ("{clarify: 7}", "line 2: .*1 or less"),
        ("{clarity: 0.1}", "line 2: .*no such field"),
    ],
)
def test_a_ladder_that_is_wrong_is_refused_by_its_line(wrong: str, problem: str) -> None:
    text = f"name: x\nfriction_ladder: {wrong}\nactions: [{{id: wait, label: Wait}}]\n"
    with pytest.raises(InvalidRequest, match=problem):
        read_catalogue(text)


def test_a_ladder_that_does_not_rise_is_refused() -> None:
    with pytest.raises(ValidationError, match="rise in this order"):
        Ladder(clarify=0.5, nudge=0.4)
