"""What a handoff costs: time, tokens, money. Time depends on the machine and on what runs beside it."""

from evals.numbers import significant
from evals.scorers.base import Score, Scorer, not_applicable, unscored
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation


def latency(_: GoldCase, seen: Observation) -> Score:
    """Milliseconds from the request to the filed handoff."""
    took = seen.handoff.duration_ms
    return Score(value=float(took), reason=f"{took} ms")


def tokens(_: GoldCase, seen: Observation) -> Score:
    """Tokens of prompt and completion together."""
    usage = seen.handoff.usage
    if usage is None:
        return not_applicable("No model was asked.")
    total = usage.prompt_tokens + usage.completion_tokens
    return Score(value=float(total), reason=f"{usage.prompt_tokens} in, {usage.completion_tokens} out")


def cost(_: GoldCase, seen: Observation) -> Score:
    """US dollars."""
    usage = seen.handoff.usage
    if usage is None:
        return not_applicable("No model was asked.")
    if usage.cost_usd is None:
        return unscored("No price known for the model.")
    return Score(value=usage.cost_usd, reason=f"{significant(usage.cost_usd)} USD")


SCORERS = (
    Scorer(
        "latency",
        1,
        "the call connects before the brief is there",
        latency,
        "ms",
        "lower",
        gated=False,
        machine_dependent=True,
    ),
    Scorer("tokens", 1, "handoffs become dear", tokens, "tokens", "lower", gated=False),
    Scorer("cost", 1, "handoffs become dear", cost, "USD", "lower", gated=False),
)
"""The scorers of this module."""
