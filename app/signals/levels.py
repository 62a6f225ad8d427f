"""When a conversation comes to a higher level of intervention."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from app.models import Interaction, Intervention, InterventionLevel, Ladder, Snapshot
from app.signals.detection import detect
from app.signals.dissatisfaction import strain_at
from app.signals.friction import intervene

_LEVELS = tuple(InterventionLevel)


class Crossing(NamedTuple):
    """A level that was reached with an interaction, and the level at which the conversation stood before."""

    interaction_id: str
    previous_level: InterventionLevel
    intervention: Intervention


def crossing_of(window: Snapshot, fresh: Collection[str], ladder: Ladder) -> Crossing | None:
    """The level to which the `fresh` interactions of a conversation brought it; None unless it rose by them.

    What stood before has lower sequence numbers than they, and what has higher ones is not looked at. So every process
    that judges the same interactions comes to the same, whatever else arrives meanwhile, and remembers nothing for it.
    """
    numbers = [row.seq for row in window.conversation if row.interaction_id in fresh]
    if not numbers:
        return None
    rows = [row for row in window.conversation if row.seq <= max(numbers)]
    intervention = _judged(window, rows, ladder)
    if intervention.level is InterventionLevel.WAIT:
        return None
    before = [row for row in rows if row.seq < min(numbers)]
    previous = _judged(window, before, ladder).level if before else InterventionLevel.WAIT
    if _LEVELS.index(intervention.level) <= _LEVELS.index(previous):
        return None
    newest = max(rows, key=lambda row: row.seq)
    return Crossing(newest.interaction_id, previous, intervention)


def _judged(window: Snapshot, rows: Sequence[Interaction], ladder: Ladder) -> Intervention:
    now = rows[-1].occurred_at
    then = window.model_copy(
        update={"conversation": tuple(rows), "now": now, "as_of_seq": max(row.seq for row in rows)}
    )
    return intervene(detect(then), now, strain_at(then), ladder=ladder)
