"""The names that scorers had before: runs and baselines that hold them are read as if they held the present ones."""

from collections.abc import Mapping
from typing import TypeVar

FORMER_NAMES: Mapping[str, str] = {
    "missing_attempts": "attempt_recall",
    "missing_commitments": "commitment_recall",
    "wrong_intent": "intent_accuracy",
    "wrong_resolution": "resolution_accuracy",
    "wrong_sentiment": "sentiment_accuracy",
    "missed_signals": "signal_recall",
}
"""The present name by the former one. What is measured, and the version, stayed the same."""

_Value = TypeVar("_Value")


def present_name(name: str) -> str:
    """What a scorer is called now."""
    return FORMER_NAMES.get(name, name)


def by_present_names(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Values by scorer, each under the scorer's present name."""
    return {present_name(name): value for name, value in values.items()}
