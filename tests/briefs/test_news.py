"""What came since a brief was drafted is told in the language of the brief."""

import pytest

from app.briefs.llm.updates import brought_up_to_date
from app.models import Brief, Interaction
from tests.support.builders import interaction

NEWS = "Die Tür hat jetzt den Code 4711."


def news(situation: str, *fresh: Interaction) -> list[str]:
    """The sentences on what came since, of a brief that was drafted with this situation."""
    brief = brought_up_to_date(Brief(situation=situation), Brief(), fresh)
    sentences = [claim.text for claim in brief.claims]
    assert brief.situation == " ".join((situation, *sentences))
    return sentences


@pytest.mark.parametrize(
    ("situation", "sentence"),
    [
        ("The parcel of the customer has not arrived.", f"Since then the customer wrote “{NEWS}”."),
        ("Das Paket ist noch nicht angekommen.", f"Seitdem schrieb der Kunde “{NEWS}”."),
        ("Le colis du client ne lui est pas arrivé.", f"Depuis, le client a écrit “{NEWS}”."),
        ("El paquete del cliente no ha llegado.", f"Desde entonces el cliente escribió “{NEWS}”."),
        ("Il pacco del cliente non è arrivato, come dice.", f"Da allora il cliente ha scritto “{NEWS}”."),
        ("A encomenda do cliente não foi entregue.", f"Desde então o cliente escreveu “{NEWS}”."),
        ("Het pakket van de klant is nog niet er.", f"Sindsdien schreef de klant “{NEWS}”."),
        ("Paczka klienta jeszcze nie dotarła do domu.", f"2026-03-02 09:00: “{NEWS}”."),
    ],
)
def test_news_stand_in_the_language_of_the_drafted_brief(situation: str, sentence: str) -> None:
    assert news(situation, interaction(1, NEWS)) == [sentence]


def test_of_several_messages_the_customers_last_is_told_and_how_many_more_there_are() -> None:
    fresh = (interaction(1, "Hallo?"), interaction(2, NEWS), interaction(3, "Einen Moment.", actor="agent"))
    assert news("Das Paket ist noch nicht da.", *fresh) == [
        f"Seitdem schrieb der Kunde “{NEWS}”, nach 2 weiteren Nachrichten."
    ]


def test_steps_are_counted_in_the_language_of_the_drafted_brief() -> None:
    step = interaction(1, kind="event", actor="system", name="page_viewed")
    assert news("Le colis du client ne lui est pas arrivé.", step) == ["Depuis, 1 étape a été enregistrée."]
    assert news("Das Paket ist noch nicht da.", step, step) == ["Seitdem wurden 2 Schritte erfasst."]
