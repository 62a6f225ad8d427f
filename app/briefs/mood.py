"""How the customer feels about the matter, and the course that takes over their messages."""

from collections.abc import Sequence

from app.briefs.reading import Utterance
from app.models import Sentiment, SentimentLabel, Trend
from app.nlu import SentenceReading
from app.nlu.mood import felt, mood_after

_BAD, _GOOD = -0.4, 0.3


def mood_of(utterances: Sequence[Utterance]) -> Sentiment | None:
    """The label and the trend over the customer's messages; None without a message."""
    messages: dict[str, list[SentenceReading]] = {}
    for utterance in utterances:
        messages.setdefault(utterance.interaction.interaction_id, []).append(utterance.reading)
    if not messages:
        return None
    course = [felt(message) for message in messages.values()]
    label = SentimentLabel(mood_after(course))
    return Sentiment(label=label, trend=_trend(label, course))


def _trend(label: SentimentLabel, course: Sequence[float]) -> Trend:
    """Where the feeling is going, told only where it turns: from bad to good, or from calm to bad."""
    if len(course) < 2:
        return Trend.STEADY
    before, last = sum(course[:-1]) / len(course[:-1]), course[-1]
    if before <= _BAD and last >= _GOOD:
        return Trend.IMPROVING
    return Trend.WORSENING if label is SentimentLabel.NEGATIVE and before >= _BAD / 2 and last <= _BAD else Trend.STEADY
