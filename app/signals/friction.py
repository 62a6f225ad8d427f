"""How much friction the signals make together, and how forward to be about it. Every weight and threshold is here.

Friction is the chance that at least one of the signals costs us the customer's patience: `1 - Π(1 - weight · severity ·
recency)`, with the weight of its type, and a recency that halves every twelve hours down to a quarter.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.models import Intervention, InterventionLevel, Signal, SignalType

WEIGHTS = {
    SignalType.HUMAN_REQUEST: 0.9,
    SignalType.REPEATED_FAILURE: 0.65,
    SignalType.BOT_LOOP: 0.6,
    SignalType.NEGATIVE_SENTIMENT: 0.5,
    SignalType.REPETITION: 0.4,
    SignalType.CHANNEL_SWITCH: 0.4,
    SignalType.DELAYED_REPLY: 0.3,
    SignalType.SILENCE: 0.3,
    SignalType.HESITATION: 0.3,
    SignalType.BACKTRACKING: 0.35,
}
HALF_LIFE = timedelta(hours=12)
LEAST_RECENCY = 0.25
# From this friction on, the level; the first that is reached counts.
LEVELS = (
    (0.75, InterventionLevel.ESCALATE),
    (0.55, InterventionLevel.ROUTE),
    (0.3, InterventionLevel.NUDGE),
    (0.12, InterventionLevel.CLARIFY),
    (0.0, InterventionLevel.WAIT),
)
LEAST_REASON = 0.02


def intervene(signals: Sequence[Signal], now: datetime) -> Intervention:
    """How forward to be at a moment; `reasons` names the signals that matter, the gravest first."""
    shares = {signal.signal_id: _share(signal, now) for signal in signals}
    calm = 1.0
    for share in shares.values():
        calm *= 1.0 - share
    friction = round(1.0 - calm, 4)
    level = next(level for threshold, level in LEVELS if friction >= threshold)
    if any(signal.type is SignalType.HUMAN_REQUEST for signal in signals):
        level = InterventionLevel.ESCALATE
    reasons = sorted((one for one in shares if shares[one] >= LEAST_REASON), key=lambda one: -shares[one])
    return Intervention(level=level, friction=friction, reasons=tuple(reasons))


def _share(signal: Signal, now: datetime) -> float:
    age = max(timedelta(0), now - signal.at)
    recency = max(LEAST_RECENCY, 0.5 ** (age / HALF_LIFE))
    return WEIGHTS[signal.type] * signal.severity * recency
