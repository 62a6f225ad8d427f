"""Scorers, each named by the harm it catches. To add one, write a function and list it in its module's `SCORERS`."""

from evals.scorers import costs, facts, grounding, judged, judgements, published, style
from evals.scorers.base import Better, Score, Scorer, Status

__all__ = ["SCORERS", "Better", "Score", "Scorer", "Status", "scorer_named"]

SCORERS: tuple[Scorer, ...] = (
    *facts.SCORERS,
    *grounding.SCORERS,
    *judgements.SCORERS,
    *published.SCORERS,
    *style.SCORERS,
    *judged.SCORERS,
    *costs.SCORERS,
)
"""All scorers, in the order of reports."""


def scorer_named(name: str) -> Scorer | None:
    """A scorer by its name."""
    return next((scorer for scorer in SCORERS if scorer.name == name), None)
