"""Friction as it shows in a journey: ten kinds of signals, and how forward to be about them.

Both functions are pure and judge a moment: `detect` reads a snapshot as of its `now`, so the same interactions always
give the same signals with the same ids, whenever they are asked for.
"""

from app.models import Signal, Snapshot
from app.signals.crossings import channel_switches
from app.signals.friction import intervene
from app.signals.journey import Journey
from app.signals.paths import backtracking, repeated_failures
from app.signals.timing import delayed_replies, hesitations, silence
from app.signals.wording import bot_loops, human_requests, negative_sentiment, repetitions

__all__ = ["detect", "intervene"]

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
    """The signals that stand at `snapshot.now`, in the order of their moments."""
    journey = Journey.of(snapshot)
    moments = [moment for detector in _DETECTORS for moment in detector(journey)]
    signals = {signal.signal_id: signal for signal in (journey.signal(moment) for moment in moments)}
    return tuple(sorted(signals.values(), key=lambda signal: (signal.at, signal.type, signal.signal_id)))
