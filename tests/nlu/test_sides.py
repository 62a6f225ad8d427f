"""Whether somebody serves or is served is told by what they say, in several trades and languages."""

import pytest

from app.nlu.sides import MOST_SENTENCES, customer_odds, sentences_of_speaker, serving_odds

TALKS = {
    "a bank": (
        ["My card was swallowed by the machine on Quay Street.", "I need it for a trip on Friday."],
        ["I am sorry about that. May I have the last four digits?", "We will send you a new one today."],
    ),
    "a dentist": (
        ["hello i have a terrible toothache can i come in today", "yes four would work for me"],
        ["let me see what we have would four o'clock suit you", "can i take your date of birth please"],
    ),
    "German": (
        ["Guten Tag, seit Montag geht mein Internet nicht mehr.", "Ja, das habe ich schon zweimal gemacht."],
        ["Das tut mir leid. Nennen Sie mir bitte Ihre Kundennummer?", "Ich schicke Ihnen morgen einen Techniker."],
    ),
    "Spanish": (
        ["Hola, me cobraron dos veces la factura de abril.", "Quiero que me devuelvan el dinero."],
        ["Lamento las molestias. ¿Me puede indicar su número de cliente?", "Le devolveremos el importe en tres días."],
    ),
}


@pytest.mark.parametrize(("customer", "agent"), TALKS.values(), ids=TALKS.keys())
def test_the_customer_is_who_reports_and_asks_whoever_speaks_first(customer: list[str], agent: list[str]) -> None:
    first = customer_odds({"A": customer, "B": agent})
    second = customer_odds({"A": agent, "B": customer})
    assert first["A"] > 0.9
    assert second["B"] == pytest.approx(first["A"])


def test_what_says_nothing_tells_nothing() -> None:
    assert serving_odds([]) == 0.0
    assert customer_odds({"A": ["Ok."], "B": ["Ok."]})["A"] == pytest.approx(0.5)


def test_of_a_long_speech_the_beginning_and_the_end_are_read() -> None:
    texts = [f"Sentence number {number}." for number in range(1000)]
    read = sentences_of_speaker(texts)
    assert len(read) == MOST_SENTENCES
    assert (read[0], read[-1]) == (texts[0], texts[-1])
