"""Requests for a person, short and by what was said before, and what only looks like one."""

import pytest

from app.nlu.human_request import asks_for_person

OFFERED = "Cards are added by an agent when the website fails."


@pytest.mark.parametrize(
    "text",
    [
        "the tickets are only held until midnight, give me someone",
        "give me someone",
        "then get me somebody please",
        "find me someone who can decide",
        "put me on to somebody",
        "bring me someone to talk to",
    ],
)
def test_who_wants_to_be_given_someone_asks_for_a_person(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "give me someone else's seat",
        "get me somebody's old ticket",
        "send me someone to fix the boiler",
        "someone stole my bag",
        "get me the invoice",
        "give me some time",
    ],
)
def test_somebody_who_is_spoken_of_or_sent_to_do_a_job_is_not_asked_for(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize(
    "text", ["ok get me one pls", "yes, connect me to one", "I want one now", "can I speak to one?"]
)
def test_one_is_a_person_where_a_person_was_spoken_of_last(text: str) -> None:
    assert asks_for_person(text, OFFERED)
    assert not asks_for_person(text)
    assert not asks_for_person(text, "We have a blanket in green.")
    assert not asks_for_person(text, f"{OFFERED} The blanket costs 20 EUR. Would you like it?")


@pytest.mark.parametrize("text", ["get me one of the blankets", "I don't want one", "I have one more question"])
def test_one_of_a_thing_is_no_person(text: str) -> None:
    assert not asks_for_person(text, OFFERED)


@pytest.mark.parametrize(
    "text",
    [
        "Can a person take this over?",
        "Please let a real employee finish this with me",
        "Kann das bitte ein Mensch weiterführen?",
        "Une vraie personne peut-elle reprendre ?",
    ],
)
def test_who_wants_a_person_to_take_over_asks_for_one_in_any_wording(text: str) -> None:
    assert asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "Can my sister take over the lease?",
        "Can one person use both tickets?",
        "Can somebody read the water meter?",
        "Kann mein Bruder den Vertrag übernehmen?",
    ],
)
def test_who_asks_what_somebody_may_do_wants_nobody_to_take_over(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "I got a toaster instead of my espresso machine",
        "You sent me a mop instead of the robot vacuum",
        "This is not the computer I bought",
        "Ich habe keine Maschine bekommen, sondern einen Toaster",
        "Ce n'est pas la machine que j'ai commandée",
        "Ce n'est pas ce que j'ai commandé",
        "No es la máquina que pedí",
        "Non ho ricevuto la macchina",
    ],
)
def test_a_machine_that_was_bought_and_is_not_there_is_no_wish_for_a_person(text: str) -> None:
    assert not asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "I would not talk to a machine about this",
        "Stop sending me to a machine",
        "I am sick of this robot",
        "Ich will nicht mit einer Maschine reden",
        "Je ne veux pas parler à une machine",
        "Não quero falar com uma máquina",
        "Not the bot again",
    ],
)
def test_who_will_not_deal_with_a_machine_asks_for_a_person(text: str) -> None:
    assert asks_for_person(text)
