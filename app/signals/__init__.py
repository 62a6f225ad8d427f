"""Friction as it shows in a journey: ten kinds of signals, and how forward to be about them.

Both functions are pure and judge a moment: `detect` reads a snapshot as of its `now`, so the same interactions always
give the same signals with the same ids, whenever they are asked for.
"""

from collections.abc import Iterable, Iterator

from app.models import Signal, SignalType, Snapshot
from app.signals.crossings import channel_switches
from app.signals.friction import intervene
from app.signals.journey import Journey
from app.signals.paths import backtracking, repeated_failures
from app.signals.timing import delayed_replies, hesitations, silence
from app.signals.wording import bot_loops, human_requests, negative_sentiment, repetitions

__all__ = ["detect", "intervene"]

MOST_OF_A_TYPE = 5

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


def detect(snapshot: Snapshot) -> tuple[Signal, ...]:
    """The signals that stand at `snapshot.now`, in the order of their moments, at most five of a type."""
    journey = Journey.of(snapshot)
    moments = [moment for detector in _DETECTORS for moment in detector(journey)]
    signals = {signal.signal_id: signal for signal in (journey.signal(moment) for moment in moments)}
    return tuple(sorted(_telling(signals.values()), key=lambda signal: (signal.at, signal.type, signal.signal_id)))


def _telling(signals: Iterable[Signal]) -> Iterator[Signal]:
    """Of signals that tell the same the newest, and of each type the gravest few."""
    newest: dict[tuple[SignalType, str], Signal] = {}
    for signal in sorted(signals, key=lambda one: (one.at, one.signal_id)):
        newest[signal.type, signal.detail] = signal
    for kind in SignalType:
        alike = [one for one in newest.values() if one.type is kind]
        yield from sorted(alike, key=lambda one: (one.severity, one.at), reverse=True)[:MOST_OF_A_TYPE]
