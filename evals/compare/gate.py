"""The gate: whether a run may replace the baseline."""

from app.models import Record
from evals.compare import Comparison, compare
from evals.suite.records import Scores


class Gate(Record):
    """What `eval gate` prints; `reasons` say in words why it is closed."""

    passed: bool
    reasons: tuple[str, ...]
    comparison: Comparison


def gate(baseline: Scores, run: Scores, *, seed: int = 0) -> Gate:
    """Closed on a significant loss, on cases that fail where the baseline had none, and on scores that went missing."""
    compared = compare(baseline, run, names=("baseline", "run"), seed=seed)
    reasons = [
        f"{one.scorer} went from {one.mean_a:.3f} to {one.mean_b:.3f} "
        f"(difference {one.difference:+.3f}, interval {one.joint_interval[0]:+.3f} to {one.joint_interval[1]:+.3f})"
        for one in compared.losses
    ]
    if compared.failed_b > compared.failed_a:
        reasons.append(f"{compared.failed_b} cases ended in an error, in the baseline {compared.failed_a}.")
    reasons += [
        f"{one.scorer} could not score {one.unscored_b} cases, in the baseline {one.unscored_a}."
        for one in compared.differences
        if one.gated and one.unscored_b > one.unscored_a
    ]
    lost = [name for name in baseline.manifest.scorers if name not in run.manifest.scorers]
    reasons += [f"The scorer {name} is gone." for name in lost]
    return Gate(passed=not reasons, reasons=tuple(reasons), comparison=compared)
