"""The ways on which a conversation went to people follow from its rows, in whatever order these come."""

import random
from collections.abc import Sequence
from itertools import permutations

import pytest

from app.connectors.base import PASSED_ON_BY
from app.models import Interaction
from app.services.ways_to_people import Way, ways_to_people
from tests.support.builders import START, interaction

NAMES = {"queued"}


def happening(minute: float, kind: str, name: str | None = None, actor: str = "system", **data: str) -> Interaction:
    """A row of a conversation, so many minutes after its start."""
    at = START.replace(minute=int(minute), second=round(60 * (minute % 1)))
    return interaction(round(60 * minute) + 1, kind=kind, name=name, actor=actor, at=at, data=data)


def spoken_by(actor: str, minute: float) -> Interaction:
    return happening(minute, "message", actor=actor)


def transferred(minute: float, **data: str) -> Interaction:
    return happening(minute, "lifecycle", "transferred", **data)


def taken(minute: float) -> Interaction:
    return happening(minute, "lifecycle", "assigned", actor="agent")


def queued(minute: float) -> Interaction:
    return happening(minute, "event", "queued")


def heads(talk: Sequence[Interaction]) -> list[int]:
    """The numbers of the first rows of all ways."""
    return [way[0].seq for way in ways_to_people(talk, NAMES)]


def test_a_queue_hands_over_unless_a_transfer_already_did() -> None:
    first, again = queued(2), queued(8)
    assert ways_to_people([first]) == []
    assert ways_to_people([first], NAMES) == [[first]]
    assert ways_to_people([transferred(1), first], NAMES) == [[transferred(1), first]]
    assert len(ways_to_people([first, taken(3), spoken_by("agent", 4), again], NAMES)) == 2
    assert len(ways_to_people([first, again], NAMES)) == 1


def test_whoever_takes_a_conversation_that_no_bot_served_gets_no_brief() -> None:
    joins = taken(3)
    assert heads([spoken_by("customer", 1), joins]) == []
    assert heads([spoken_by("agent", 1), joins]) == []
    assert heads([spoken_by("bot", 1), joins]) == [joins.seq]
    assert len(heads([spoken_by("bot", 1), joins, spoken_by("bot", 4), taken(5)])) == 1
    by_program = joins.model_copy(update={"data": {"assignee": {"id": "9", "type": "bot"}}})
    assert heads([spoken_by("bot", 1), by_program]) == []


def test_whoever_takes_a_conversation_after_it_was_passed_on_goes_that_way() -> None:
    way: Way = [transferred(2), taken(7)]
    assert ways_to_people([spoken_by("bot", 1), way[0], spoken_by("bot", 5), way[1]]) == [way]


def test_a_transfer_from_one_agent_to_the_next_is_a_handoff_of_its_own() -> None:
    talk = [spoken_by("bot", 1), taken(2), spoken_by("agent", 4), transferred(9)]
    assert len(ways_to_people(talk)) == 2
    at_once = [spoken_by("bot", 1), taken(2), transferred(2.5)]
    assert ways_to_people(at_once) == [at_once[1:]]


def test_an_agent_who_passes_on_within_the_minute_makes_a_handoff_of_its_own() -> None:
    talk = [queued(0), taken(0.25), transferred(0.5, **{PASSED_ON_BY: "a1"}), taken(0.75)]
    talk.append(transferred(1, **{PASSED_ON_BY: "a2"}))
    assert len(ways_to_people(talk, NAMES)) == 3


TALKS = [
    [spoken_by("bot", 1), taken(2), spoken_by("agent", 3), transferred(5), taken(5.5)],
    [queued(1), taken(2), transferred(2.5, **{PASSED_ON_BY: "a1"}), taken(3), queued(4)],
    [spoken_by("bot", 1), transferred(3), spoken_by("bot", 4), taken(5), transferred(9)],
    [queued(1), transferred(1.25), queued(1.5), spoken_by("agent", 2), transferred(2.25)],
    [taken(1), spoken_by("bot", 2), taken(3), spoken_by("bot", 4), taken(5)],
]


@pytest.mark.parametrize("talk", TALKS)
def test_as_many_handoffs_are_made_in_any_order_of_the_rows(talk: Sequence[Interaction]) -> None:
    expected = len(ways_to_people(talk, NAMES))
    for order in permutations(talk):
        made: set[int] = set()
        for count in range(1, len(order) + 1):
            for way in ways_to_people(order[:count], NAMES):
                if made.isdisjoint(row.seq for row in way):
                    made.add(way[0].seq)
        assert len(made) == expected, [row.seq for row in order]


def test_rows_are_read_in_the_order_in_which_they_happened() -> None:
    talk = list(TALKS[0])
    random.Random(5).shuffle(talk)
    assert ways_to_people(talk, NAMES) == ways_to_people(TALKS[0], NAMES)
