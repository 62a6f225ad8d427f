"""The gate: whether a run may replace the baseline."""

from collections.abc import Iterator

from app.models import Record
from evals.compare import Comparison, Difference, compare
from evals.numbers import between, fixed, signed, significant
from evals.scorers import SCORERS, scorer_named
from evals.suite.records import Scores

MOST_CASES = 3


class Gate(Record):
    """What `eval gate` prints; `reasons` say in words why it is closed."""

    passed: bool
    reasons: tuple[str, ...]
    comparison: Comparison


def gate(baseline: Scores, run: Scores, *, seed: int = 0) -> Gate:
    """Closed on a significant loss, a new intolerable harm, cases that fail anew, and scores that went missing.

    A leak is too rare to be significant, so one new case of it counts by itself where no model was asked in either run:
    then the same run again gives the same, and it is not luck.
    """
    compared = compare(baseline, run, names=("baseline", "run"), seed=seed)
    reasons = [_loss(loss, baseline, run) for loss in compared.losses]
    if not any(scores.manifest.model for scores in (baseline, run)):
        reasons += _intolerable(baseline, run)
    if compared.failed_b > compared.failed_a:
        failure = next(f"{case}: {scored_case.error}" for case, scored_case in run.cases.items() if scored_case.error)
        reasons.append(f"{compared.failed_b} cases ended in an error, in the baseline {compared.failed_a}; {failure}.")
    reasons += [
        f"{difference.scorer} could not score {difference.unscored_b} cases, in the baseline {difference.unscored_a}."
        for difference in compared.differences
        if difference.gated and difference.unscored_b > difference.unscored_a
    ]
    lost = [name for name in baseline.manifest.scorers if name not in run.manifest.scorers]
    reasons += [f"The scorer {name} is gone." for name in lost]
    return Gate(passed=not reasons, reasons=tuple(reasons), comparison=compared)


def _loss(difference: Difference, baseline: Scores, run: Scores) -> str:
    scorer = scorer_named(difference.scorer)
    harm = f": {scorer.harm}" if scorer and scorer.harm else ""
    low, high = difference.joint_interval
    return (
        f"{difference.scorer} ({difference.direction}) went from {fixed(difference.mean_a)} to "
        f"{fixed(difference.mean_b)} over {difference.n} cases "
        f"(difference {signed(difference.difference)}, interval {between(low, high, sign=True)}){harm}. "
        f"Most in {_worst(difference.scorer, baseline, run)}."
    )


def _worst(name: str, baseline: Scores, run: Scores) -> str:
    """The cases that lost most, with what they had and have."""
    pairs = [
        (case, scored_case.scores.get(name), other.scores.get(name))
        for case, scored_case in baseline.cases.items()
        if (other := run.cases.get(case)) and scored_case.sha256 == other.sha256
    ]
    scorer = scorer_named(name)
    sign = -1.0 if scorer and scorer.better == "lower" else 1.0
    losses = [(sign * (b - a), case, a, b) for case, a, b in pairs if a is not None and b is not None]
    return ", ".join(f"{case} ({significant(a)} → {significant(b)})" for _, case, a, b in sorted(losses)[:MOST_CASES])


def _intolerable(baseline: Scores, run: Scores) -> Iterator[str]:
    for scorer in SCORERS:
        version = scorer.version
        if not scorer.intolerable or {side.manifest.scorers.get(scorer.name) for side in (baseline, run)} != {version}:
            continue
        for case, scored_case in run.cases.items():
            before = baseline.cases.get(case)
            if before is None or before.sha256 != scored_case.sha256 or before.scores.get(scorer.name) != scorer.best:
                continue
            value = scored_case.scores.get(scorer.name)
            if value is not None and value != scorer.best:
                counted = f"{scorer.name} ({scorer.direction}) went from {scorer.best:g} to {value:g}"
                yield f"{case}: {counted}: {scorer.harm}."
