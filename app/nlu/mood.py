"""How a customer feels about the matter after some messages, by the moods of their sentences.

A rule: a regression over the same readings did no better on public conversations.
"""

from collections.abc import Sequence

from app.nlu.classifier import SentenceReading

_NEGATIVE, _POSITIVE = -0.45, 0.4
_RECENT = 3


def felt(message: Sequence[SentenceReading]) -> float:
    """One number a message, from -1 to 1: the mean over its sentences, of which there must be one."""
    return sum(reading.moods["positive"] - reading.moods["negative"] for reading in message) / len(message)


def mood_after(course: Sequence[float]) -> str:
    """The mood, one of MOODS, after messages that felt like this: who was displeased still is, unless glad now."""
    recent = course[-_RECENT:]
    if recent[-1] >= _POSITIVE:
        return "positive"
    return "negative" if min(recent) <= _NEGATIVE else "neutral"
