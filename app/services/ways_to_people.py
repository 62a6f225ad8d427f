"""The ways on which a conversation went to people, told by its rows alone: each of them is one handoff.

Rows come in any order, and what led to a way may be told after what followed from it. So the ways are worked out anew
from all rows, in the order in which they happened, and a way keeps the rows that belong together: a later row may part
a way into two, or put another row at its head, and whatever was made for any row of a way was made for the way.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, cast

from app.connectors.base import PASSED_ON_BY
from app.models import Actor, Interaction, InteractionDraft, Kind, LifecycleStep

# A person who takes a conversation and its state that changes are told one after the other.
SAME_WITHIN = timedelta(minutes=1)
_PROGRAMS = frozenset({"bot", "operator", "workflow"})

Row = InteractionDraft | Interaction
Way = Sequence[Interaction]


class EscalationStep(Enum):
    """How a row hands a conversation to people: it is passed on, put into a queue, or somebody takes it."""

    TRANSFER = auto()
    QUEUE = auto()
    JOINING = auto()


def step_of(row: Row, escalations: Collection[str] = ()) -> EscalationStep | None:
    """How a row hands a conversation to people; None where it does nothing of the kind."""
    if row.kind is Kind.LIFECYCLE and row.name == LifecycleStep.TRANSFERRED:
        return EscalationStep.TRANSFER
    if row.kind is Kind.LIFECYCLE and row.name == LifecycleStep.ASSIGNED:
        return None if _is_program(row.data) else EscalationStep.JOINING
    if row.kind is not Kind.EVENT or row.name not in escalations:
        return None
    if row.actor is Actor.AGENT:
        return EscalationStep.JOINING
    return EscalationStep.QUEUE if row.actor is Actor.SYSTEM else None


def ways_to_people(talk: Sequence[Interaction], escalations: Collection[str] = ()) -> Sequence[Way]:
    """The ways of a conversation that call for a handoff: `talk` are all its rows.

    A transfer always begins one, but where it only tells what was told within the minute before. A queue does unless
    that is how a way goes on. Somebody who takes the conversation does where its bot spoke before and it was neither
    passed on nor queued before, and only the first.
    """
    ways = _Ways()
    for row in sorted(talk, key=order_of):
        step = step_of(row, escalations)
        if step is None:
            ways.hear(row)
        elif step is EscalationStep.JOINING:
            ways.join(row)
        else:
            ways.pass_on(row, step)
    return ways.all()


def order_of(row: Interaction) -> tuple[datetime, int]:
    """Where a row stands in its conversation."""
    return (row.occurred_at, row.seq)


def is_of_server(row: Row) -> bool:
    """Whether a row is what a bot or an agent says."""
    return row.kind is Kind.MESSAGE and row.actor in (Actor.BOT, Actor.AGENT)


class _Ways:
    """The ways so far, while the rows of a conversation are read in their order."""

    def __init__(self) -> None:
        self._passed: list[list[Interaction]] = []
        self._with_transfer = False
        self._served = False
        self._bot_spoke = False
        # Who took the conversation before it was passed on, and of these the ones since somebody spoke last.
        self._taken: list[Interaction] = []
        self._just_taken: list[Interaction] = []
        self._from_bot: set[str] = set()

    def hear(self, row: Interaction) -> None:
        """A row that hands over nothing."""
        if not is_of_server(row):
            return
        self._served = True
        self._bot_spoke = self._bot_spoke or row.actor is Actor.BOT
        self._taken += self._just_taken
        self._just_taken = []

    def join(self, row: Interaction) -> None:
        """Somebody takes the conversation: after it was passed on, that is how this way goes on."""
        if self._passed:
            self._served = True
            self._passed[-1].append(row)
            return
        self._just_taken.append(row)
        if self._bot_spoke:
            self._from_bot.add(row.interaction_id)

    def pass_on(self, row: Interaction, step: EscalationStep) -> None:
        """The conversation is passed on or queued."""
        is_transfer = step is EscalationStep.TRANSFER
        if self._goes_on(row, is_transfer=is_transfer):
            self._passed[-1].append(row)
            self._with_transfer = self._with_transfer or is_transfer
            return
        near = [] if PASSED_ON_BY in row.data else [taken for taken in self._just_taken if _is_soon_after(taken, row)]
        self._taken += [taken for taken in self._just_taken if taken not in near]
        self._just_taken = []
        self._passed.append([*near, row])
        self._with_transfer = is_transfer
        self._served = False

    def _goes_on(self, row: Interaction, *, is_transfer: bool) -> bool:
        """Whether this is how the last way goes on: nobody served the customer since."""
        if not self._passed or self._served:
            return False
        if not is_transfer:
            return True
        return not self._with_transfer and PASSED_ON_BY not in row.data and _is_soon_after(self._passed[-1][-1], row)

    def all(self) -> Sequence[Way]:
        """The ways that call for a handoff."""
        taken = [*self._taken, *self._just_taken]
        calls = any(row.interaction_id in self._from_bot for row in taken)
        return [taken, *self._passed] if calls else self._passed


def _is_soon_after(before: Interaction, row: Interaction) -> bool:
    return row.occurred_at - before.occurred_at <= SAME_WITHIN


def _is_program(data: Mapping[str, Any]) -> bool:
    """Whether who takes a conversation is a program by the platform's own word."""
    assignee = data.get("assignee")
    if not isinstance(assignee, Mapping):
        return False
    return str(cast(Mapping[str, Any], assignee).get("type", "")).lower() in _PROGRAMS
