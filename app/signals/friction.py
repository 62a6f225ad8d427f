"""How much friction there is, and how forward to be about it. The weights are in `SIGNALS`; the levels are a setting.

Friction is the chance that something costs us the customer's patience: `1 - (1 - strain) · Π(1 - weight · severity)`
over the strain of the customer's last message and the signals that stand, each with the weight of its type. All fade
with a recency that halves every twelve hours down to a quarter; what lay in words alone also halves with every message
since in which the customer objects to nothing: talk that goes on well has got over it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.models import Friction, FrictionPart, Intervention, InterventionLevel, Ladder, Signal
from app.signals.dissatisfaction import CALM, Strain
from app.signals.table import RULES

HALF_LIFE = timedelta(hours=12)
LEAST_RECENCY = 0.25
LEAST_REASON = 0.02
LEAST_STRAIN = 0.1
DEFAULT_LADDER = Ladder()


def intervene(
    signals: Sequence[Signal], now: datetime, strain: Strain = CALM, *, ladder: Ladder = DEFAULT_LADDER
) -> Intervention:
    """How forward to be at a moment; `reasons` names the signals that matter, the gravest first."""
    shares = {signal.signal_id: _share(signal, now, strain.calm) for signal in signals}
    strained = _strained(strain, now)
    calm = 1.0 - strained
    for share in shares.values():
        calm *= 1.0 - share
    friction = round(1.0 - calm, 4)
    escalates = any(RULES[signal.type].escalates for signal in signals)
    reasons = sorted(
        (signal_id for signal_id in shares if shares[signal_id] >= LEAST_REASON),
        key=lambda signal_id: -shares[signal_id],
    )
    return Intervention(
        level=InterventionLevel.ESCALATE if escalates else ladder.level(friction),
        friction=friction,
        reasons=tuple(reasons),
        causes=strain.causes if strained >= LEAST_STRAIN else (),
    )


def explained(
    signals: Sequence[Signal], now: datetime, strain: Strain = CALM, *, ladder: Ladder = DEFAULT_LADDER
) -> Friction:
    """The friction that `intervene` goes by, with all that it is made of."""
    decided = intervene(signals, now, strain, ladder=ladder)
    parts = [
        FrictionPart(
            signal_id=signal.signal_id,
            type=signal.type,
            share=round(_share(signal, now, strain.calm), 4),
            detail=signal.detail,
        )
        for signal in signals
    ]
    if strain.message is not None:
        causes = ", ".join(strain.causes) or "sounded content"
        share = round(_strained(strain, now), 4)
        parts.append(
            FrictionPart(signal_id=None, type=None, share=share, detail=f"The customer's last message: they {causes}.")
        )
    components = tuple(sorted(parts, key=lambda part: -part.share))
    return Friction(level=decided.level, score=decided.friction, components=components, ladder=ladder)


def _strained(strain: Strain, now: datetime) -> float:
    return strain.probability * _recency(strain.message.occurred_at, now) if strain.message else 0.0


def _share(signal: Signal, now: datetime, calm: Sequence[datetime]) -> float:
    rule = RULES[signal.type]
    got_over = sum(at > signal.at for at in calm) if rule.is_got_over else 0
    return rule.weight * signal.severity * _recency(signal.at, now) * float(0.5**got_over)


def _recency(at: datetime, now: datetime) -> float:
    return float(max(LEAST_RECENCY, 0.5 ** (max(timedelta(0), now - at) / HALF_LIFE)))
