"""All detectors over one snapshot."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from app.models import Signal, SignalType, Snapshot
from app.signals.journey import Journey
from app.signals.table import RULES, SIGNALS

MOST_OF_A_TYPE = 5
SHORT_TEXTS = 12_000
"""So many characters are looked through in a few milliseconds; more than these belong off the event loop."""


def detect(
    snapshot: Snapshot,
    *,
    fresh: Collection[str] | None = None,
    vectors: Mapping[str, NDArray[np.float32]] | None = None,
) -> tuple[Signal, ...]:
    """The signals that stand at `snapshot.now`, in the order of their moments, at most five of a type.

    With `fresh`, ids of interactions that just arrived, only those that rest on one of them. With `vectors`, those of
    messages by interaction_id, what is asked again in other words is found too.
    """
    journey = Journey.of(snapshot, fresh=fresh, vectors=vectors)
    moments = ((rule.type, moment) for rule in SIGNALS for moment in rule.detect(journey))
    wanted = (finding for finding in moments if any(journey.is_asked_about(row) for row in finding[1].evidence))
    signals = {signal.signal_id: signal for signal in (journey.signal(*finding) for finding in wanted)}
    return tuple(sorted(_telling(signals.values()), key=lambda signal: (signal.at, signal.type, signal.signal_id)))


def came_by_waiting(signal: Signal, snapshot: Snapshot) -> bool:
    """Whether a signal has come true because nothing came after what it rests on: it was not told with an arrival."""
    if not RULES[signal.type].by_waiting or len(signal.evidence) != 1:
        return False
    rows = (row for row in snapshot.conversation if row.interaction_id == signal.evidence[0])
    return any(signal.at > row.occurred_at for row in rows)


def _telling(signals: Iterable[Signal]) -> Iterator[Signal]:
    """Of signals that tell the same the newest, and of each type the gravest few."""
    newest: dict[tuple[SignalType, str], Signal] = {}
    for signal in sorted(signals, key=lambda signal: (signal.at, signal.signal_id)):
        newest[signal.type, signal.detail] = signal
    for kind in {signal.type for signal in newest.values()}:
        alike = [signal for signal in newest.values() if signal.type is kind]
        yield from sorted(alike, key=lambda signal: (signal.severity, signal.at), reverse=True)[:MOST_OF_A_TYPE]
