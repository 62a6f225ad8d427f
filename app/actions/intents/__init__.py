"""Tells what the customer wants, by the tenant's own examples.

`classifier` learns intents from few examples by `regression`, `similarity` compares with examples one by one, `spoken`
writes numbers that were told in words in digits, and `reader` puts them together.
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
