"""What the classifiers read in a sentence, and what they are given to read."""

import os
import subprocess
import sys
from math import isclose
from pathlib import Path

import numpy as np
import pytest

from app.briefs.reading import utterances
from app.nlu import NOTHING_READ, Act, Setting, Talk, read
from app.nlu.classifier import ACTS, MOODS, TRAITS, WEIGHTS
from app.nlu.features import LONGEST, SIZE, features, words_of
from tests.support.builders import interaction

CUSTOMER, STAFF = Setting(by_customer=True), Setting(by_customer=False, turn=1)
SAID = [
    "I want to cancel my subscription.",
    "¿Dónde está mi pedido W4410?",
    "Ich möchte bitte einen Menschen sprechen!",
    "注文した商品がまだ届きません。",
    "ok",
    "…",
    "",
    "😡😡😡",
    "WHERE IS MY PARCEL?!",
    "word " * 5000,
]
# As sure as this a reading has to be, where a sentence is as plain as these.
SURE, SURELY_NOT = 0.7, 0.4


@pytest.mark.parametrize("sentence", SAID)
def test_features_are_numbers_in_their_range_each_once(sentence: str) -> None:
    indices = features(sentence, CUSTOMER)
    assert len(indices) > 0
    assert indices.min() >= 0
    assert indices.max() < SIZE
    assert len(set(indices.tolist())) == len(indices)


def test_features_are_the_same_in_every_process() -> None:
    code = "from app.nlu.features import Setting, features; print(features('Wo ist W4410?', Setting(True)).tolist())"
    printed = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            check=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            text=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1] == f"{features('Wo ist W4410?', Setting(by_customer=True)).tolist()}\n"


def test_of_a_sentence_without_end_only_the_beginning_is_read() -> None:
    endless = "".join(f"word{chr(97 + number % 26)} " for number in range(100_000))
    assert words_of(endless) == words_of(endless[:LONGEST])
    assert len(features(endless, CUSTOMER)) < 10 * LONGEST


def test_figures_are_read_by_their_shape_and_capitals_and_accents_as_letters() -> None:
    assert words_of("Order 88213, PLEASE? Größe été") == ["order", "00000", "please", "?", "grösse", "été"]
    same = [features(f"Where is order {number}?", CUSTOMER).tolist() for number in ("88213", "10557")]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    "other",
    [
        Setting(by_customer=False),
        Setting(by_customer=True, is_first=False),
        Setting(by_customer=True, is_last=False),
        Setting(by_customer=True, turn=1),
        Setting(by_customer=True, answers_question=True),
    ],
)
def test_where_a_sentence_stands_is_among_its_features(other: Setting) -> None:
    assert features("Yes, please.", CUSTOMER).tolist() != features("Yes, please.", other).tolist()


@pytest.mark.parametrize("setting", [CUSTOMER, STAFF])
@pytest.mark.parametrize("sentence", SAID)
def test_the_probabilities_of_acts_and_of_moods_add_up_to_one(sentence: str, setting: Setting) -> None:
    reading = read(sentence, setting)
    assert set(reading.acts) == set(Act)
    assert set(reading.moods) == set(MOODS)
    assert isclose(sum(reading.acts.values()), 1, abs_tol=1e-5)
    assert isclose(sum(reading.moods.values()), 1, abs_tol=1e-5)
    traits = [getattr(reading, name) for name in TRAITS]
    assert all(0 <= probability <= 1 for probability in (*reading.acts.values(), *reading.moods.values(), *traits))
    assert reading.acts[reading.act] == max(reading.acts.values())


def test_the_weights_are_a_column_for_each_act_mood_and_trait() -> None:
    count = len(ACTS) + len(MOODS) + len(TRAITS)
    with np.load(WEIGHTS, allow_pickle=False) as file:
        assert set(file.files) == {"columns", "scale", "intercepts"}
        assert (file["columns"].shape, file["columns"].dtype) == ((SIZE, count), np.int8)
        assert (file["intercepts"].shape, file["intercepts"].dtype) == ((count,), np.float32)
        assert file["scale"].size in (1, count)
        assert np.all(file["scale"] > 0)
        assert np.all(np.isfinite(file["intercepts"]))


@pytest.mark.parametrize("turn", [0, 2])
@pytest.mark.parametrize(
    "sentence",
    [
        "I want to speak to a real person.",
        "Can I talk to a human agent, please?",
        "Please connect me to an agent.",
        "Ich möchte mit einem Mitarbeiter sprechen.",
        "Bitte verbinden Sie mich mit einem Menschen.",
        "Quiero hablar con una persona.",
        "Necesito hablar con un agente, por favor.",
        "Vorrei parlare con un operatore.",
        "Quero falar com um atendente.",
        "Ik wil graag een medewerker spreken.",
    ],
)
def test_who_wants_to_speak_to_a_person_is_read_as_asking_for_one(sentence: str, turn: int) -> None:
    reading = read(sentence, Setting(by_customer=True, turn=turn))
    assert reading.human >= SURE
    assert reading.act is Act.REQUEST


@pytest.mark.parametrize("turn", [0, 2])
@pytest.mark.parametrize(
    "sentence",
    [
        "Your agent told me last week that the parcel was on its way.",
        "The agent never called me back.",
        "The person who delivered the parcel was very rude.",
        "Der Mitarbeiter hat mir gestern gesagt, dass das Paket unterwegs ist.",
        "Ihr Mitarbeiter war sehr unfreundlich.",
        "El agente me dijo ayer que el pedido estaba en camino.",
        "Le conseiller m'a dit hier que le colis était parti.",
        "De medewerker zei gisteren dat het pakket onderweg was.",
    ],
)
def test_who_speaks_of_an_agent_is_not_read_as_asking_for_one(sentence: str, turn: int) -> None:
    assert read(sentence, Setting(by_customer=True, turn=turn)).human < SURELY_NOT


@pytest.mark.parametrize(
    ("sentence", "setting", "act"),
    [
        ("Hello!", CUSTOMER, Act.GREETING),
        ("Hola, buenos días.", CUSTOMER, Act.GREETING),
        ("Thank you very much!", CUSTOMER, Act.THANKS),
        ("Vielen Dank!", CUSTOMER, Act.THANKS),
        ("Muchas gracias.", CUSTOMER, Act.THANKS),
        ("Goodbye!", CUSTOMER, Act.FAREWELL),
        ("Tschüss!", CUSTOMER, Act.FAREWELL),
        ("I want to cancel my subscription.", CUSTOMER, Act.REQUEST),
        ("Ich möchte mein Abo kündigen.", CUSTOMER, Act.REQUEST),
        ("Quiero cancelar mi suscripción.", CUSTOMER, Act.REQUEST),
        ("Where is my order?", CUSTOMER, Act.QUESTION),
        ("Wo ist meine Bestellung?", CUSTOMER, Act.QUESTION),
        ("¿Dónde está mi pedido?", CUSTOMER, Act.QUESTION),
        ("My parcel never arrived.", CUSTOMER, Act.REPORT),
        ("Only if it is free.", CUSTOMER, Act.CONDITION),
        ("This is unacceptable!", CUSTOMER, Act.COMPLAINT),
        ("Forget it, I no longer want that.", CUSTOMER, Act.WITHDRAWAL),
        ("A colleague will call you back tomorrow.", STAFF, Act.PROMISE),
        ("Wir erstatten Ihnen das Geld innerhalb von drei Tagen.", STAFF, Act.PROMISE),
        ("Un colega le llamará mañana.", STAFF, Act.PROMISE),
        ("Unfortunately, we cannot refund the lamp.", STAFF, Act.REFUSAL),
        ("Leider können wir Ihnen das Geld nicht erstatten.", STAFF, Act.REFUSAL),
        ("Lamentablemente no podemos devolverle el dinero.", STAFF, Act.REFUSAL),
        ("Would you like me to send you a new one?", STAFF, Act.OFFER),
        ("May I have your order number?", STAFF, Act.QUESTION),
        ("Your subscription has been cancelled.", STAFF, Act.REPORT),
    ],
)
def test_a_plain_sentence_is_read_as_what_it_does(sentence: str, setting: Setting, act: Act) -> None:
    assert read(sentence, setting).acts[act] >= SURE


def test_thanks_are_read_as_friendly_and_anger_as_anger() -> None:
    assert read("Thank you very much!", CUSTOMER).moods["positive"] >= SURE
    assert read("This is unacceptable!", CUSTOMER).moods["negative"] >= SURE
    assert read("Where is my order?", CUSTOMER).moods["neutral"] >= SURE


def test_a_sentence_of_a_talk_knows_its_place_in_its_message_and_in_the_talk() -> None:
    talk = Talk()
    first = list(talk.sentences("Hello. My lamp broke. I want a new one.", by_customer=True))
    assert [sentence.setting for sentence in first] == [
        Setting(True, True, False, 0, False),
        Setting(True, False, False, 0, False),
        Setting(True, False, True, 0, False),
    ]
    (asked,) = talk.sentences("Which lamp is it?", by_customer=False)
    assert asked.setting == Setting(False, True, True, 0, False)
    (answer,) = talk.sentences("The blue one.", by_customer=True)
    assert answer.setting == Setting(True, True, True, 1, True)
    list(talk.sentences("Thank you.", by_customer=False))
    (after,) = talk.sentences("And now", by_customer=True)
    assert after.setting == Setting(True, True, True, 2, False)


PASTED = "Agent: I promise to refund the 80.00 EUR today.\nCustomer: I want to speak to a real person."


def test_a_pasted_talk_is_read_as_nothing() -> None:
    own, *pasted = utterances([interaction(1, f"This is what I was told last week.\n{PASTED}")])
    assert (own.text, own.pasted) == ("This is what I was told last week.", False)
    assert own.reading is not NOTHING_READ
    assert len(pasted) >= 2
    assert all(utterance.pasted and utterance.reading is NOTHING_READ for utterance in pasted)
    assert NOTHING_READ.act is Act.OTHER
    assert [getattr(NOTHING_READ, name) for name in TRAITS] == [0] * len(TRAITS)


def test_pasted_sentences_neither_open_nor_end_the_message_they_stand_in() -> None:
    text = f"Look at this.\n{PASTED}\n\nNothing of it happened."
    settings = [sentence.setting for sentence in Talk().sentences(text, by_customer=True)]
    own = [setting for setting in settings if setting is not None]
    assert None in settings
    assert [(setting.is_first, setting.is_last) for setting in own] == [(True, False), (False, True)]


def test_a_talk_may_be_read_with_what_was_pasted_as_the_speakers_own() -> None:
    sentences = list(Talk().sentences(f"Look at this.\n{PASTED}", by_customer=True, pasted_apart=False))
    assert all(sentence.setting is not None for sentence in sentences)
