"""How the customer feels about the matter: the moods of their sentences, and the course these take over messages."""

from collections.abc import Sequence

from app.briefs.reading import Utterance
from app.models import Sentiment, SentimentLabel, Trend

_NEGATIVE, _POSITIVE = -0.45, 0.4
_BAD, _GOOD = -0.4, 0.3
_RECENT = 3


def mood_of(said: Sequence[Utterance]) -> Sentiment | None:
    """The label and the trend over the customer's messages; None without a message."""
    feelings = _feelings(said)
    return Sentiment(label=_label(feelings), trend=_trend(feelings)) if feelings else None


def _feelings(said: Sequence[Utterance]) -> list[float]:
    """One number a message, from -1 to 1: the mean over its sentences."""
    by_message: dict[str, list[float]] = {}
    for one in said:
        felt = one.reading.moods["positive"] - one.reading.moods["negative"]
        by_message.setdefault(one.interaction.interaction_id, []).append(felt)
    return [sum(felt) / len(felt) for felt in by_message.values()]


def _label(feelings: Sequence[float]) -> SentimentLabel:
    """Who was displeased a moment ago still is, unless they are glad now."""
    recent = feelings[-_RECENT:]
    if recent[-1] >= _POSITIVE:
        return SentimentLabel.POSITIVE
    return SentimentLabel.NEGATIVE if min(recent) <= _NEGATIVE else SentimentLabel.NEUTRAL


def _trend(feelings: Sequence[float]) -> Trend:
    """Where the feeling is going, told only where it turns: from bad to good, or from calm to bad."""
    if len(feelings) < 2:
        return Trend.STEADY
    before, last = sum(feelings[:-1]) / len(feelings[:-1]), feelings[-1]
    if before <= _BAD and last >= _GOOD:
        return Trend.IMPROVING
    return Trend.WORSENING if before >= _BAD / 2 and last <= _NEGATIVE else Trend.STEADY
