"""Cases are read once for the same interactions, anew for others, and forgotten with their words."""

from datetime import timedelta

from app.briefs import CaseReader
from app.caching import forget_texts
from tests.support.builders import START, interaction, snapshot

BEFORE = [
    interaction(1, "The gate GT-5 squeaks.", conversation_id="c0", at=START - timedelta(days=1)),
    interaction(2, "We will oil it.", actor="agent", conversation_id="c0", at=START - timedelta(days=1)),
]
NOW = interaction(3, "The gate GT-5 still squeaks, please oil it.")


def test_a_case_that_is_asked_about_twice_is_read_once() -> None:
    cases = CaseReader()
    read = cases.read(snapshot([NOW], BEFORE))
    assert cases.read(snapshot([NOW], BEFORE, now=START + timedelta(hours=1))) is read


def test_a_case_with_a_new_message_is_read_anew_and_the_conversations_before_it_are_not() -> None:
    cases = CaseReader()
    first = cases.read(snapshot([NOW], BEFORE))
    second = cases.read(snapshot([NOW, interaction(4, "And paint it green.")], BEFORE))
    assert "And paint it green." in [utterance.text for utterance in second.utterances]
    assert second.earlier[0] is first.earlier[0]


def test_what_was_changed_or_resolved_meanwhile_is_read_anew() -> None:
    cases = CaseReader()
    cases.read(snapshot([NOW], BEFORE))
    blanked = NOW.model_copy(update={"text": "", "redacted": True})
    assert not [each for each in cases.read(snapshot([blanked], BEFORE)).utterances if "still" in each.text]
    edited = BEFORE[0].model_copy(update={"text": "The gate GT-5 is rusty."})
    after_edit = cases.read(snapshot([NOW], [edited, BEFORE[1]]))
    assert after_edit.earlier[0].interactions[0].text == "The gate GT-5 is rusty."
    resolved = snapshot([NOW], BEFORE).model_copy(update={"resolved": frozenset({"int_1", "int_2"})})
    assert cases.read(resolved) is not after_edit


def test_cases_are_forgotten_with_all_other_words_and_the_oldest_make_room_for_others() -> None:
    cases = CaseReader(most=1)
    first = cases.read(snapshot([NOW]))
    forget_texts()
    again = cases.read(snapshot([NOW]))
    assert again is not first
    cases.read(snapshot([interaction(9, "Where is my key?", conversation_id="c9")]))
    assert cases.read(snapshot([NOW])) is not again
