"""What a model as judge says; without one these are unscored, and counted as such. Costs one call of it a case."""

from evals.scorers.base import Score, Scorer, listed, share, unscored
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation


def judged_faithfulness(_: GoldCase, seen: Observation) -> Score:
    """The share of sentences that the judge finds right."""
    judgement = seen.judgement
    if judgement is None or judgement.failure:
        return unscored(
            judgement.failure if judgement and judgement.failure else "No model is bound to the role of the judge."
        )
    wrong = [f"sentence {sentence.number}: {sentence.reason}" for sentence in judgement.sentences if not sentence.right]
    total = len(judgement.sentences)
    return share(total - len(wrong), total, listed(wrong) or "every sentence is right")


def judged_completeness(_: GoldCase, seen: Observation) -> Score:
    """The share of key facts that the judge finds told."""
    judgement = seen.judgement
    if judgement is None or judgement.failure:
        return unscored(
            judgement.failure if judgement and judgement.failure else "No model is bound to the role of the judge."
        )
    missing = [f"fact {fact.number}: {fact.reason}" for fact in judgement.facts if not fact.told]
    total = len(judgement.facts)
    return share(total - len(missing), total, listed(missing) or "every fact is told")


SCORERS = (
    Scorer("judged_faithfulness", 1, "a judge finds a sentence wrong", judged_faithfulness),
    Scorer("judged_completeness", 1, "a judge finds a key fact left out", judged_completeness),
)
"""The scorers of this module."""
