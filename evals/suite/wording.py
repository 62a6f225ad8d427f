"""In whose words the briefs of a run are: a model's, or the extractive engine's where the model's did not come."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from app.models import Handoff, Record

WordedBy = Literal["model", "extractive"]
NO_REASON = "no failure code"


class BriefOrigins(Record):
    """`n` briefs, of which `by_model` are in the words of `model`; the other ones fell back, each for a failure code.

    Without a model nothing falls back, and all briefs are extractive. Of a run with a model, `n` counts only the briefs
    whose engine is recorded.
    """

    n: int
    model: str | None
    by_model: int = 0
    fallbacks: Mapping[str, int] = {}

    @property
    def fallback_share(self) -> float:
        """The share of briefs that a model should have worded and did not."""
        return sum(self.fallbacks.values()) / self.n if self.n else 0.0

    @property
    def in_words(self) -> str:
        """The first line of every report."""
        if self.model is None:
            return f"All {self.n} briefs are extractive: no model was asked."
        fallen = sum(self.fallbacks.values())
        worded = f"{self.by_model} of {self.n} briefs are in the words of {self.model}"
        if not fallen:
            return f"{worded}; none fell back."
        reasons = ", ".join(f"{why} {number}" for why, number in self.fallbacks.items())
        return f"{worded}; {fallen} fell back to the extractive engine ({reasons})."


def fallback_of(handoff: Handoff, *, with_model: bool) -> str | None:
    """Why a handoff of a run with a model is not in the model's words; None where it is, or no model was asked."""
    if not with_model or handoff.engine == "model":
        return None
    return handoff.failure_code.value if handoff.failure_code else NO_REASON


def wording(model: str | None, briefs: Iterable[tuple[WordedBy | None, str | None]]) -> BriefOrigins:
    """The wording of briefs, each given by its engine and why it fell back, the commonest reason first."""
    recorded = [(engine, fallback) for engine, fallback in briefs if engine is not None or model is None]
    fallbacks = Counter(fallback for _, fallback in recorded if fallback is not None)
    return BriefOrigins(
        n=len(recorded),
        model=model,
        by_model=sum(engine == "model" for engine, _ in recorded),
        fallbacks=dict(sorted(fallbacks.items(), key=lambda entry: (-entry[1], entry[0]))),
    )
