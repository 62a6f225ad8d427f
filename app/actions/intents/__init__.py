"""Tells what the customer wants, by the tenant's own examples.

`wishes` finds what was asked for in a conversation, `classifier` learns intents from few examples, `likeness` compares
with examples one by one, and `reader` puts them together.
"""

from app.actions.intents.classifier import IntentClassifier, IntentLearner, Likelihoods
from app.actions.intents.reader import IntentReader, IntentReading, WishRead

__all__ = [
    "IntentClassifier",
    "IntentLearner",
    "IntentReader",
    "IntentReading",
    "Likelihoods",
    "WishRead",
]
