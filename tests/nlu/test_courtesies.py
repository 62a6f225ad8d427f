"""Greetings, introductions, thanks and polite closings, told from what has a matter."""

import pytest

from app.nlu.courtesies import is_courtesy


@pytest.mark.parametrize(
    "sentence",
    [
        "I am looking forward to your answer.",
        "Hello, this is Bella Crane.",
        "Ich freue mich auf Ihren Anruf.",
        "Merci d'avance et bonne soirée.",
        "Gracias de antemano, un saludo.",
        "Bom dia, aqui fala a Marta.",
        "In attesa di un vostro riscontro, buona serata.",
        "Alvast bedankt en een fijne dag!",
    ],
)
def test_courtesy_is_recognised_in_every_language(sentence: str) -> None:
    assert is_courtesy(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "I look forward to my refund of the deposit.",
        "Hello, lost card",
        "Guten Abend, Kellerbrand",
        "Hello this is Bella, Broken Lift",
        "Thanks, but the gate is still shut.",
        "Ich warte seit Juni auf eine Antwort.",
        "Bonjour, je veux résilier mon contrat.",
        "Hola, 4471",
        "no",
    ],
)
def test_what_has_a_matter_is_no_courtesy(sentence: str) -> None:
    assert not is_courtesy(sentence)
