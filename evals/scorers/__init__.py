"""Scorers, each named by what it measures: one module per group, each with its own `SCORERS`.

To add a scorer, write a module with its `SCORERS`, and add one line to `SCORERS` here; one that belongs to a group goes
into that group's module. A test fails while a scorer, or a function that scores, is in no list.
"""

from evals.scorers import costs, facts, grounding, judged, judgements, published, style
from evals.scorers.base import Better, Score, Scorer, Status
from evals.scorers.former import present_name

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
    """A scorer by its present or its former name."""
    return next((scorer for scorer in SCORERS if scorer.name == present_name(name)), None)
