"""Sentences in another language than their evidence: what can be checked is, and nothing else is taken for checked."""

import pytest

from app.adapters.scripted import ScriptedModel
from app.brief.verification import ACROSS, Statement, verify
from app.models import Verdict
from tests.builders import interaction
from tests.test_model import CONVERSATION, answer, told, worded

TALK = [
    interaction(1, "My router ABX-2041 stopped working on 2 March and I want a refund of $49.90."),
    interaction(2, "I am sorry, the refund window is closed. I will not be able to pay it.", actor="agent"),
]


def checked(text: str, *cited: int) -> Verdict:
    return verify([Statement(text, tuple(f"int_{seq}" for seq in cited))], TALK)[0]


@pytest.mark.parametrize(
    "text",
    [
        "Der Kunde möchte 49,90 $ für Router ABX-2041 zurück.".replace("49,90", "49.90"),
        "Le client demande le remboursement du routeur ABX-2041.",
        "El cliente pide la devolución de $49.90.",
    ],
)
def test_names_and_numbers_that_stand_there_support_half(text: str) -> None:
    found = checked(text, 1)
    assert (found.supported, found.score, found.why) == (True, 0.5, ACROSS)


@pytest.mark.parametrize(
    ("text", "cited", "why"),
    [
        ("Le client demande le remboursement du routeur ABX-9999.", 1, "ABX-9999"),
        ("El cliente pide la devolución de $59.90.", 1, "59.90"),
        ("Der Kunde möchte kein Geld für den Router ABX-2041 zurück.", 1, "not"),
        ("Le client est très en colère contre nous.", 1, "names nothing"),
        ("Der Mitarbeiter möchte eine Erstattung für den Router ABX-2041.", 1, "nobody on the side"),
    ],
)
def test_what_can_be_checked_and_is_wrong_is_not_supported(text: str, cited: int, why: str) -> None:
    found = checked(text, cited)
    assert not found.supported
    assert why in found.why


async def test_a_brief_in_the_agents_language_is_the_models_where_a_locale_is_asked_for() -> None:
    german = told("Der Kunde möchte für den Router ABX-2041 das Geld zurück.", "t1")
    talk = (interaction(1, TALK[0].text), *CONVERSATION[1:])
    model = ScriptedModel(answer(situation=[german]))
    handoff, _ = await worded(model, talk, locale="de-DE")
    assert "that of the locale de-DE" in model.questions[0].system + model.questions[0].user
    assert german["text"] in (handoff.brief.situation or "")
    assert [one.support for one in handoff.brief.claims if german["text"] in one.text] == [0.5]
    handoff, first = await worded(ScriptedModel(answer(situation=[german])), talk)
    assert handoff.brief.situation == first.brief.situation


async def test_the_extractive_brief_quotes_as_it_was_said_whatever_the_locale() -> None:
    talk = (interaction(1, "Mein Router ABX-2041 ist seit gestern defekt."),)
    _, first = await worded(ScriptedModel("{}"), talk, locale="fr-FR")
    assert "Mein Router ABX-2041 ist seit gestern defekt" in (first.brief.contact_reason or "")
