"""All detectors over one snapshot."""

from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from app.models import Signal, SignalType, Snapshot
from app.signals.channel_switch import channel_switches
from app.signals.journey import Journey
from app.signals.messages import bot_loops, human_requests, negative_sentiment, repetitions
from app.signals.navigation import backtracking, repeated_failures
from app.signals.timing import delayed_replies, hesitations, silence

MOST_OF_A_TYPE = 5
SHORT_TEXTS = 12_000
"""So many characters are looked through in a few milliseconds; more than these belong off the event loop."""

_DETECTORS = (
    hesitations,
    backtracking,
    repetitions,
    channel_switches,
    delayed_replies,
    silence,
    repeated_failures,
    bot_loops,
    negative_sentiment,
    human_requests,
)


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
    moments = (moment for detector in _DETECTORS for moment in detector(journey))
    wanted = (moment for moment in moments if any(journey.is_asked_about(row) for row in moment.evidence))
    signals = {signal.signal_id: signal for signal in (journey.signal(moment) for moment in wanted)}
    return tuple(sorted(_telling(signals.values()), key=lambda signal: (signal.at, signal.type, signal.signal_id)))


def _telling(signals: Iterable[Signal]) -> Iterator[Signal]:
    """Of signals that tell the same the newest, and of each type the gravest few."""
    newest: dict[tuple[SignalType, str], Signal] = {}
    for signal in sorted(signals, key=lambda signal: (signal.at, signal.signal_id)):
        newest[signal.type, signal.detail] = signal
    for kind in {signal.type for signal in newest.values()}:
        alike = [signal for signal in newest.values() if signal.type is kind]
        yield from sorted(alike, key=lambda signal: (signal.severity, signal.at), reverse=True)[:MOST_OF_A_TYPE]
