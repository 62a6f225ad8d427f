"""The signals, one table. A new one is a module with its detector and a line in `SIGNALS`, under its name in
`SignalType`, which is public: what it weighs, how it fades and whether waiting alone brings it about stand here.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from app.models import SignalType
from app.signals.channel_switch import channel_switches
from app.signals.journey import Journey, Moment
from app.signals.messages import bot_loops, human_requests, negative_sentiment, repetitions
from app.signals.navigation import backtracking, repeated_failures
from app.signals.timing import delayed_replies, hesitations, silence

Detector = Callable[[Journey], Iterator[Moment]]


class SignalRule(NamedTuple):
    """One type of signal and how it is found.

    `weight` is the chance, 0..1, that a signal of full severity costs us the customer's patience. `is_got_over`: it
    lies in words alone, so each later message without an objection halves it. `by_waiting`: it may come true because
    nothing came, and not with an arrival. `escalates`: it reaches the highest level whatever the friction.
    """

    type: SignalType
    detect: Detector
    weight: float
    is_got_over: bool = False
    by_waiting: bool = False
    escalates: bool = False


SIGNALS: tuple[SignalRule, ...] = (
    SignalRule(SignalType.HESITATION, hesitations, 0.3, by_waiting=True),
    SignalRule(SignalType.BACKTRACKING, backtracking, 0.35),
    SignalRule(SignalType.REPETITION, repetitions, 0.4, is_got_over=True),
    SignalRule(SignalType.CHANNEL_SWITCH, channel_switches, 0.4),
    SignalRule(SignalType.DELAYED_REPLY, delayed_replies, 0.3, by_waiting=True),
    SignalRule(SignalType.SILENCE, silence, 0.3, by_waiting=True),
    SignalRule(SignalType.REPEATED_FAILURE, repeated_failures, 0.65),
    SignalRule(SignalType.BOT_LOOP, bot_loops, 0.6, is_got_over=True),
    SignalRule(SignalType.NEGATIVE_SENTIMENT, negative_sentiment, 0.5, is_got_over=True),
    SignalRule(SignalType.HUMAN_REQUEST, human_requests, 0.9, escalates=True),
)
RULES = {rule.type: rule for rule in SIGNALS}
"""The table by type."""
