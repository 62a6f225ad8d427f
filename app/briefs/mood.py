"""How the customer feels about the matter, and the course that takes over their messages."""

from collections.abc import Sequence

from app.briefs.reading import Utterance
from app.models import Sentiment, SentimentLabel, Trend
from app.nlu import Reading
from app.nlu.feelings import feeling, label_of

_BAD, _GOOD = -0.3, 0.3
_MOST_MESSAGES = 24


def mood_of(said: Sequence[Utterance]) -> Sentiment | None:
    """The label and the trend over the customer's messages; None without a message."""
    messages = _messages(said)
    if not messages:
        return None
    course = [feeling(messages[:end]) for end in range(1, len(messages) + 1)]
    label = SentimentLabel(label_of(course[-1]))
    return Sentiment(label=label, trend=_trend(label, [felt["positive"] - felt["negative"] for felt in course]))


def _messages(said: Sequence[Utterance]) -> list[list[Reading]]:
    by_message: dict[str, list[Reading]] = {}
    for one in said:
        by_message.setdefault(one.interaction.interaction_id, []).append(one.reading)
    return list(by_message.values())[-_MOST_MESSAGES:]


def _trend(label: SentimentLabel, course: Sequence[float]) -> Trend:
    """Where the feeling is going, told only where it turns: from bad to good, or from calm to bad."""
    before, last = course[:-1], course[-1]
    if before and min(before) <= _BAD and last >= _GOOD:
        return Trend.IMPROVING
    worse = label is SentimentLabel.NEGATIVE and before and before[0] > _BAD >= last
    return Trend.WORSENING if worse else Trend.STEADY
