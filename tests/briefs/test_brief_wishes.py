"""What a brief makes of wishes that were taken back, matters that are done, threats, appointments and relapses."""

from datetime import timedelta

import pytest

from app.briefs.extractive import compose, prose
from app.models import Actor, Brief, HandoffRequest, Intent, Passage
from tests.support.builders import START, interaction, snapshot

SIDES = {"c": Actor.CUSTOMER, "b": Actor.BOT, "a": Actor.AGENT}


def brief_of(*turns: tuple[str, str], before: tuple[tuple[str, str], ...] = (), days: int = 4) -> Brief:
    prior = [
        interaction(seq, text, actor=SIDES[who], conversation_id="c0", at=START - timedelta(days=days, hours=-seq))
        for seq, (who, text) in enumerate(before, start=1)
    ]
    talk = [interaction(seq, text, actor=SIDES[who]) for seq, (who, text) in enumerate(turns, start=len(prior) + 1)]
    return compose(snapshot(talk, prior), Intent(), HandoffRequest())


@pytest.mark.parametrize(
    ("turns", "taken_back", "newest"),
    [
        (
            (
                ("c", "Please paint the gate of plot 14 green."),
                ("b", "Green costs 40 EUR. Shall I order it?"),
                ("c", "No, don't paint it, just fix the hinge."),
            ),
            "paint the gate",
            "fix the hinge",
        ),
        (
            (
                ("c", "Bitte verschieben Sie meinen Kurs auf Montag."),
                ("b", "Montag um 18 Uhr wäre frei."),
                ("c", "Nein, verschieben Sie ihn doch nicht. Schicken Sie mir lieber die Unterlagen."),
            ),
            "verschieben Sie meinen",
            "Unterlagen",
        ),
        (
            (
                ("c", "Je voudrais échanger le manteau contre une taille 40."),
                ("b", "Je peux préparer l'échange."),
                ("c", "Finalement n'échangez rien. Envoyez-moi plutôt la facture."),
            ),
            "échanger le manteau",
            "la facture",
        ),
    ],
)
def test_the_newest_wish_is_wanted_and_not_the_one_that_was_taken_back(
    turns: tuple[tuple[str, str], ...], taken_back: str, newest: str
) -> None:
    wanted = brief_of(*turns).customer_expectation or ""
    assert newest in wanted
    assert taken_back not in wanted


def test_of_several_matters_only_the_open_one_is_wanted_and_what_was_done_is_told_as_a_step() -> None:
    brief = brief_of(
        (
            "c",
            "The bill 771 counts two lamps instead of one. The heater is cold. Please correct my name to Ilse Brandt.",
        ),
        ("a", "Your name has been corrected. For the heater please turn the valve."),
        ("c", "Turning the valve helped, the heater is warm. And the bill?"),
    )
    wanted = brief.customer_expectation or ""
    assert "bill 771" in wanted
    assert "And the bill?" in wanted
    assert "name" not in wanted
    assert any("name has been corrected" in action.step for action in brief.actions_taken)


@pytest.mark.parametrize(
    ("question", "threat"),
    [
        ("Why did the toll go up to 14 EUR?", "If nobody explains that today I'm giving the transponder back."),
        ("Warum ist die Maut auf 14 Euro gestiegen?", "Wenn mir das keiner erklärt, kündige ich."),
        ("Pourquoi le péage est-il passé à 14 euros ?", "Si personne ne m'explique, je résilie."),
    ],
)
def test_a_threat_is_neither_what_is_wanted_nor_the_headline(question: str, threat: str) -> None:
    brief = brief_of(("c", question), ("b", "The toll is 14 EUR."), ("c", threat))
    assert threat not in f"{brief.headline} {brief.customer_expectation}"
    assert question in (brief.contact_reason or "")


def test_what_was_fixed_for_a_day_to_come_is_a_step_and_a_commitment_with_its_day() -> None:
    brief = brief_of(
        ("c", "Can you service the boiler at 3 Fern Road?"),
        ("b", "Is Monday 16 March all right?"),
        ("c", "No, it has to be this week."),
        ("b", "Then Friday 6 March at 11:00. I have booked it."),
    )
    promised = brief.commitments[-1]
    assert "Friday 6 March at 11:00. I have booked it." in promised.text
    assert "6 March" in (promised.due or "")
    assert any("I have booked it" in action.step for action in brief.actions_taken)
    assert "16 March" not in " ".join(prose(brief))


def test_a_trouble_that_is_back_is_told_with_what_ended_it_before() -> None:
    before = (
        ("c", "The lift in the north wing does not move."),
        ("a", "Our mechanic has replaced the door switch."),
        ("c", "It is running again, thank you."),
    )
    brief = brief_of(("c", "The lift in the north wing does not move."), before=before)
    assert "Back after a repair on 2026-02-26" in (brief.situation or "")
    assert "replaced the door switch" in (brief.situation or "")
    assert brief.resolution_status != "resolved"


@pytest.mark.parametrize(
    ("now", "days", "is_told"),
    [
        ("The coffee comes out cold once more.", 8, True),
        ("The coffee comes out cold once more.", 45, False),
        ("Which filters do I need?", 8, False),
    ],
)
def test_what_was_done_in_a_settled_conversation_is_history_where_a_trouble_may_be_back_in_other_words(
    now: str, days: int, is_told: bool
) -> None:
    turns = (
        (Actor.CUSTOMER, "My espresso machine EM-77 does not heat the water."),
        (Actor.AGENT, "We have replaced the heating element. If it fails again we exchange the machine for free."),
        (Actor.CUSTOMER, "Thank you, it runs fine!"),
    )
    began = START - timedelta(days=days)
    prior = [
        interaction(seq, text, actor=actor, conversation_id="c0", at=began + timedelta(minutes=seq))
        for seq, (actor, text) in enumerate(turns, start=1)
    ]
    seen = snapshot([interaction(4, now)], prior).model_copy(
        update={
            "history": tuple(Passage(interaction=row, score=0.5) for row in prior),
            "resolved": frozenset(row.interaction_id for row in prior),
        }
    )
    history = " ".join(item.text for item in compose(seen, Intent(), HandoffRequest()).history)
    assert ("replaced the heating element" in history) is is_told
    assert ("exchange the machine for free" in history) is is_told


def test_a_promise_that_the_customer_saw_kept_is_not_overdue() -> None:
    before = (
        ("c", "The fountain in the yard is dry."),
        ("a", "A plumber comes today."),
        ("c", "Thank you, it works again."),
    )
    brief = brief_of(("c", "The fountain in the yard is dry."), before=before)
    assert "overdue" not in " ".join(prose(brief))


def test_a_number_that_was_put_right_leaves_what_was_said_of_the_matter() -> None:
    brief = brief_of(
        ("c", "My permit is PQ-30114, it has not been renewed."),
        ("b", "I cannot find PQ-30114."),
        ("c", "Sorry, wrong number, it is PQ-30141."),
    )
    text = " ".join(prose(brief))
    assert "it has not been renewed" in (brief.contact_reason or "")
    assert "PQ-30114" not in text
    assert "wrong number" not in text
    assert [entity.value for entity in brief.entities] == ["PQ-30141"]
