"""A first catalogue from conversations: grouped wishes, steps that helped, nobody's data, and what is to be decided."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from app.actions import read_catalogue
from app.actions.drafting import DraftSource, WishSentences, drafted, lacking, source_of, written_out
from app.actions.drafting.grouping import TellingWords, grouped, spread_examples
from app.actions.drafting.talks import masked
from app.actions.intents import IntentLearner
from app.actions.lint import CatalogueLinter
from app.adapters.embeddings import MiniLM
from app.briefs import read_case, wants
from app.models import Interaction
from tests.support.builders import interaction, snapshot

KEYS = (
    "I lost the key to my locker {n}",
    "My locker key is gone, can you open it?",
    "Please send me a new key for the locker",
    "I need a spare key, mine broke off",
    "The key does not turn in my locker any more",
    "How do I get another locker key?",
)
COURSES = (
    "I want to book the swimming course for beginners",
    "Is there a free spot in the swimming lessons?",
    "Please sign my son up for the swimming class",
    "Can we join the course on Tuesday evening?",
    "I would like to register for aqua fitness lessons",
    "Put me down for the beginners' swimming class",
)


def talk(
    number: int, wish: str, step: str, arguments: Mapping[str, Any], result: str = '{"status": "ok"}'
) -> list[Interaction]:
    """A customer says what they want, a tool is called, and they say thanks."""
    rows: list[dict[str, Any]] = [
        {"text": wish},
        {"actor": "bot", "kind": "tool_call", "name": step, "data": arguments},
        {"actor": "system", "kind": "tool_result", "name": step, "text": result},
        {"actor": "bot", "text": "That is done."},
        {"text": "Thank you very much!"},
    ]
    return [interaction(number * 10 + index, conversation_id=f"c{number}", **row) for index, row in enumerate(rows)]


def source(rows: Sequence[Interaction]) -> DraftSource:
    return source_of(rows, wants(read_case(snapshot(rows))))


def pool() -> Sequence[DraftSource]:
    """The conversations of a swimming pool's desk."""
    keys = [
        talk(n, wish, "send_key", {"locker_id": f"LK-{100 + n}", "express": n % 2 == 0}) for n, wish in enumerate(KEYS)
    ]
    courses = [
        talk(20 + n, wish, "book_course", {"course_id": f"SW{7000 + n}", "seats": 1, "starts_on": "2026-04-02"})
        for n, wish in enumerate(COURSES)
    ]
    broken = [talk(40, KEYS[0], "send_key", {"locker_id": "LK-200"}, '{"error": "out of keys"}')]
    return [source(rows) for rows in (*keys, *courses, *broken)]


async def draft_of(sources: Sequence[DraftSource], name: str = "pool") -> str:
    wishes = WishSentences.of(sources)
    return written_out(drafted(sources, wishes, await MiniLM().embed(wishes.texts)), name)


async def test_wishes_become_intents_and_steps_that_helped_become_their_actions() -> None:
    catalogue = read_catalogue(await draft_of(pool()))
    assert len(catalogue.intents) == 2
    examples = {example for intent in catalogue.intents for example in intent.examples}
    assert len(examples & set(COURSES)) >= 5
    by_id = {action.id: action for action in catalogue.actions}
    (keys,), (courses,) = by_id["send_key"].intents, by_id["book_course"].intents
    assert keys != courses
    assert by_id["book_course"].intents[courses] == 1.0
    assert by_id["send_key"].propensity == pytest.approx((6 + 2) / (7 + 4), abs=0.01)


async def test_parameters_have_the_names_types_and_patterns_of_the_calls() -> None:
    catalogue = read_catalogue(await draft_of(pool()))
    by_id = {action.id: {parameter.name: parameter for parameter in action.parameters} for action in catalogue.actions}
    locker, course = by_id["send_key"], by_id["book_course"]
    assert (locker["locker_id"].pattern, locker["locker_id"].identifies) == ("[A-Z]{2}-[0-9]{3}", True)
    assert locker["express"].type == "boolean"
    assert (course["seats"].type, course["starts_on"].type) == ("integer", "date")
    assert "LK-10" not in await draft_of(pool())


async def test_a_draft_loads_passes_the_check_without_errors_and_says_what_to_decide() -> None:
    text = await draft_of(pool())
    report = await CatalogueLinter(IntentLearner(MiniLM())).check(text)
    assert report.count("error") == 0
    assert text.startswith("# A draft by `warmline catalogue draft` from 12 resolved conversations of 13.")
    assert "A person must edit it before it is put in force" in text
    assert "# When: it succeeded in" in text
    assert "policy: {eligibility" in text


async def test_a_tiny_history_gives_a_catalogue_that_says_what_is_missing() -> None:
    sources = pool()[:1]
    wishes = WishSentences.of(sources)
    made = drafted(sources, wishes, await MiniLM().embed(wishes.texts))
    text = written_out(made, "no")
    assert [action.id for action in read_catalogue(text).actions] == ["hand_over", "ask_back"]
    notes = " ".join(lacking(made))
    assert "Only 1 of 1 conversations were resolved" in notes
    assert "No wish came up often enough" in notes
    assert "No tool call or event succeeded" in notes
    assert all(f"# Missing: {note}" in text for note in lacking(made))


async def test_no_conversation_at_all_gives_a_catalogue_too() -> None:
    assert len(read_catalogue(await draft_of([])).actions) == 2


def test_a_proposal_that_a_customer_agrees_to_is_not_an_example_of_their_words() -> None:
    rows = [
        interaction(1, "My locker key is gone"),
        interaction(2, "Shall I send you a new key for fifty euros?", actor="bot"),
        interaction(3, "Yes please"),
    ]
    assert source(rows).wishes == ("My locker key is gone",)


def test_what_was_neither_done_nor_thanked_for_is_not_resolved() -> None:
    assert not source([interaction(1, "I lost my key"), interaction(2, "Hello?")]).resolved


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("My name is Ada Byron, I need a key", "My name is [name], I need a key"),
        ("Send it to ada@byron.example please", "Send it to [email] please"),
        ("My card 4242 4242 4242 4242 was charged", "My card [card] was charged"),
        ("I want to cancel order ORD-70331", "I want to cancel order [number]"),
        ("Call me on +44 20 7946 0958 please", "Call me on [phone] please"),
        ("It was charged to the card ending in 4242", "It was charged to the card ending in [number]"),
    ],
)
def test_an_example_names_nobody_and_no_number(text: str, shown: str) -> None:
    assert masked(text, frozenset()) == shown


def test_names_that_tools_know_are_masked_in_the_customers_words() -> None:
    member = json.dumps({"name": {"first_name": "Grace", "last_name": "Hopper"}, "address": {"street": "Elm Lane 4"}})
    rows = [
        interaction(1, "Please change the course of Grace to Mondays"),
        interaction(2, member, actor="system", kind="tool_result", name="get_member"),
    ]
    assert source(rows).wishes == ("Please change the course of [name] to Mondays",)


def test_the_most_alike_are_grouped_and_what_is_like_nothing_stays_alone() -> None:
    angles = np.radians([0.0, 10.0, 20.0, 90.0, 100.0, 200.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert grouped(vectors, least=0.9) == [[0, 1, 2], [3, 4], [5]]
    assert grouped(np.zeros((0, 2), np.float32)) == []
    assert grouped(vectors[:1]) == [[0]]


def test_examples_show_all_of_a_group() -> None:
    angles = np.radians([0.0, 1.0, 2.0, 40.0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert set(spread_examples(vectors, 2)) == {2, 3} or set(spread_examples(vectors, 2)) >= {3}
    assert sorted(spread_examples(vectors, 9)) == [0, 1, 2, 3]


def test_a_label_is_made_of_the_words_that_tell_a_group_from_the_others() -> None:
    groups = [["I lost my locker key", "a new locker key please"], ["I want a course", "which course is free?"]]
    telling = TellingWords(groups)
    assert telling.of(groups[0], "I lost my locker key") == ["lost", "locker", "key"]
    assert telling.of(["on", "in"], "on") == ["other"]
