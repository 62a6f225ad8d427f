"""Quotations: sentences as they stand, and of long ones whole clauses, never short of what turns them round."""

import pytest

from app.briefs.quoting import LONGEST_QUOTE, headed, quoted, quotes_in, shortened
from tests.support.builders import interaction


@pytest.mark.parametrize(
    "sentence",
    [
        "my parcel NEVER arrived :( it's order W4410",
        "Quiero devolver la lámpara azul, y también la silla.",
        "Ich möchte die Bestellung stornieren, und zwar sofort!",
    ],
)
def test_a_sentence_that_is_no_longer_than_asked_for_stands_as_it_is(sentence: str) -> None:
    assert shortened(sentence, len(sentence.split())) == sentence
    assert quoted(sentence, len(sentence.split())) == f"“{sentence}”"


@pytest.mark.parametrize(
    ("sentence", "words", "expected"),
    [
        (
            "I want to cancel my order for the blue lamp, and the courier called twice this morning about it",
            12,
            "I want to cancel my order for the blue lamp …",
        ),
        (
            "I want to cancel my order because the courier has been late for two weeks already",
            10,
            "I want to cancel my order …",
        ),
        (
            "Quiero devolver la lámpara azul que compré ayer en la tienda, y el repartidor llegó tarde tres veces",
            12,
            "Quiero devolver la lámpara azul que compré ayer en la tienda …",
        ),
        (
            "Ich möchte die Bestellung für die blaue Lampe stornieren, und der Fahrer hat heute zweimal angerufen",
            10,
            "Ich möchte die Bestellung für die blaue Lampe stornieren …",
        ),
        (
            "Ich möchte die Bestellung stornieren weil der Fahrer heute schon zweimal angerufen hat",
            6,
            "Ich möchte die Bestellung stornieren …",
        ),
    ],
)
def test_a_long_sentence_is_shortened_at_the_end_of_a_clause_and_says_so(
    sentence: str, words: int, expected: str
) -> None:
    assert shortened(sentence, words) == expected


def test_as_many_clauses_are_quoted_as_have_room() -> None:
    sentence = "The lamp is broken, the chair is late, the table is gone, the shop is shut"
    assert shortened(sentence, 4) == "The lamp is broken …"
    assert shortened(sentence, 9) == "The lamp is broken, the chair is late …"
    assert shortened(sentence, 12) == "The lamp is broken, the chair is late, the table is gone …"


@pytest.mark.parametrize(
    "sentence",
    [
        "I want to cancel the order with the lamp, but not the one with the chairs",
        "Please cancel the order with the lamp, unless the courier comes today",
        "You may charge my card for the lamp, only if it arrives before the weekend",
        "I agreed to the new contract on the phone, which I never signed",
        "The technician was here on Monday and he didn't repair anything",
        "I want to keep the lamp, although I said otherwise, and I don’t want a refund",
        "Quiero cancelar el pedido de la lámpara, pero no el de las sillas",
        "Pueden cobrarme la lámpara el lunes, salvo que llegue rota",
        "Acepto el nuevo contrato por teléfono, si me devuelven el dinero",
        "Ich möchte die Lampe zurückgeben, aber nicht die beiden Stühle",
        "Sie können die Lampe am Montag liefern, falls jemand zu Hause ist",
        "Ich habe dem Vertrag am Telefon zugestimmt, unterschrieben habe ich ihn nie",
    ],
)
def test_a_sentence_is_never_shortened_before_a_clause_that_denies_or_limits(sentence: str) -> None:
    assert shortened(sentence, 8) == sentence


def test_what_comes_after_the_clause_that_denies_may_be_left_out() -> None:
    sentence = (
        "I want to cancel the lamp, but not the chairs, and the courier who came to us at noon today was a very "
        "friendly man who told me a long story about his holidays"
    )
    assert shortened(sentence, 12) == "I want to cancel the lamp, but not the chairs …"


@pytest.mark.parametrize("word", ["word", "wort"])
def test_what_has_no_clause_to_end_at_is_quoted_whole_up_to_a_bound(word: str) -> None:
    assert shortened(f"{word} " * LONGEST_QUOTE, 10) == " ".join([word] * LONGEST_QUOTE)
    endless = shortened(f"{word} " * 5000, 10)
    assert endless == " ".join([word] * LONGEST_QUOTE) + " …"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("My parcel W4410 never arrived", "“My parcel W4410 never arrived”"),
        ("Hello, I'm calling about my broken lamp", "“… I'm calling about my broken lamp”"),
        ("Hola, quiero cancelar el pedido de la lámpara", "“… quiero cancelar el pedido de la lámpara”"),
        ("Guten Tag, ich möchte die Bestellung stornieren", "“… ich möchte die Bestellung stornieren”"),
        (
            "I want to cancel my order, and the courier called twice this morning about it",
            "“I want to cancel my order …”",
        ),
    ],
)
def test_a_headline_quotes_the_first_clauses_without_a_greeting_within_its_characters(
    sentence: str, expected: str
) -> None:
    assert headed(sentence, 60) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "I want to cancel the order with the lamp, but not the one with the chairs",
        "Quiero cancelar el pedido de la lámpara, pero no el de las sillas",
        "Ich möchte die Lampe zurückgeben, aber nicht die beiden Stühle",
    ],
)
def test_a_headline_holds_no_sentence_of_which_what_limits_it_has_no_room(sentence: str) -> None:
    assert headed(sentence, len(sentence) + 1) is None
    assert headed(sentence, len(sentence) + 2) == f"“{sentence}”"


def test_a_quotation_within_a_quotation_has_marks_of_its_own() -> None:
    assert quoted("The agent said “it is lost” and hung up.", 20) == "“The agent said ‘it is lost’ and hung up.”"


def test_the_words_of_a_quotation_are_found_where_they_were_said_and_nowhere_else() -> None:
    row = interaction(1, "Hello. I want to cancel my order for the blue lamp, and the courier called twice today.")
    other = interaction(2, "I want a refund.")
    words = quoted("I want to cancel my order for the blue lamp, and the courier called twice today.", 12)
    (quote,) = quotes_in(f"The customer said: {words}", other, row)
    assert (quote.interaction_id, quote.text) == ("int_1", "I want to cancel my order for the blue lamp")
    assert quotes_in("The customer said: “I want to keep my order.”", row, other) == ()
    assert quotes_in("The customer wants to cancel.", row, other) == ()


def test_a_greeting_alone_is_never_what_is_left_of_a_sentence() -> None:
    sentence = (
        "Hi, I ordered a blue lamp from your web shop last week on Monday and it has arrived with a big crack in its "
        "glass shade"
    )
    assert shortened(sentence, 18) == sentence


def test_a_noun_that_joins_clauses_in_another_language_ends_no_clause() -> None:
    sentence = (
        "I would like to book a rental car for the airport in Lisbon from the third to the ninth of May for two adults"
    )
    assert shortened(sentence, 18) == sentence
