"""What a scorer is: a named, versioned function of a case and what was observed of it, with a value and a reason."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from app.models import Record
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation

Status = Literal["scored", "not_applicable", "unscored"]
Better = Literal["higher", "lower"]


class Score(Record):
    """What a scorer says of one case. `value` is None unless the status is `scored`.

    `not_applicable`: the case does not ask for it. `unscored`: it should be scored and could not be, which is neither a
    zero nor silence: every report counts these.
    """

    value: float | None
    reason: str
    status: Status = "scored"


Function = Callable[[GoldCase, Observation], Score]


class Scorer(NamedTuple):
    """A scorer. Whoever changes what it measures raises `version`: scores of two versions are never compared.

    The name says what the value counts, so that it reads right in the direction of `better`: a recall or an accuracy is
    a share of what went well, a plural counts what went wrong. `harm` says what goes wrong where the score is bad. A
    share is best at 1, a count at 0; another unit has no best value. `better` is None where neither direction is a
    loss. `grave` harms fail a case by themselves; of `intolerable` ones a single new case closes the gate. What is not
    `gated` never fails a build, because it depends on the machine or on the day's prices. What is `machine_dependent`
    is compared only within one run.
    """

    name: str
    version: int
    harm: str
    score: Function
    unit: str = "share"
    better: Better | None = "higher"
    grave: bool = False
    gated: bool = True
    intolerable: bool = False
    machine_dependent: bool = False

    @property
    def best(self) -> float | None:
        """The value without any harm; None for a measure."""
        return {"share": 1.0, "count": 0.0}.get(self.unit)

    @property
    def direction(self) -> str:
        """The unit and which direction is better, in words: `share, higher is better`."""
        return direction(self.unit, self.better)

    def harmed(self, score: Score) -> bool:
        """Whether a score shows the harm."""
        return score.value is not None and self.best is not None and score.value != self.best


def direction(unit: str, better: str | None) -> str:
    """A unit and which direction of it is better, in words."""
    return f"{unit}, {better} is better" if better else unit


def share(hits: int, total: int, reason: str) -> Score:
    """A share in 0..1; not applicable when there is nothing to share."""
    return Score(value=hits / total, reason=reason) if total else not_applicable("The case names none.")


def count(names: Sequence[str], none: str) -> Score:
    """How many were found, named in the reason."""
    return Score(value=float(len(names)), reason=listed(names) if names else none)


def not_applicable(reason: str) -> Score:
    """The case does not ask for this."""
    return Score(value=None, reason=reason, status="not_applicable")


def unscored(reason: str) -> Score:
    """It should be scored and could not be."""
    return Score(value=None, reason=reason, status="unscored")


def listed(texts: Iterable[str]) -> str:
    """Some texts for a reason."""
    return "; ".join(texts)
