"""Journeys in a few words, for tests of what is read off them."""

from datetime import timedelta
from typing import Any

from app.models import Interaction, Signal, SignalType, Snapshot
from app.signals import detect
from tests.support.builders import START, interaction

MINUTE = timedelta(minutes=1)


HOUR = timedelta(hours=1)


DAY = timedelta(days=1)


def talk(
    *turns: tuple[str, str], start: int = 1, gap: timedelta = timedelta(seconds=20), **fields: Any
) -> list[Interaction]:
    """Messages in turn, each by `customer`, `bot` or `agent`."""
    return [
        interaction(start + index, text, actor=actor, at=START + gap * (start + index), **fields)
        for index, (actor, text) in enumerate(turns)
    ]


def step(seq: int, name: str, outcome: str | None = "failed", **fields: Any) -> Interaction:
    """Something the customer tried on their own."""
    return interaction(seq, kind="event", name=name, outcome=outcome, **fields)


def page(seq: int, where: str, **fields: Any) -> Interaction:
    """A page that the customer opened on the website."""
    return interaction(seq, kind="event", channel="web", name="page_view", data={"page": where}, **fields)


def types(case: Snapshot) -> set[SignalType]:
    """The types of the signals that a snapshot shows."""
    return {signal.type for signal in detect(case)}


def only(case: Snapshot, wanted: SignalType) -> Signal:
    """The one signal of a type."""
    signals = [signal for signal in detect(case) if signal.type is wanted]
    assert len(signals) == 1, signals
    return signals[0]
