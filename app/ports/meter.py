"""What the service counts of its own work, for whoever operates it; never anything of a customer or a conversation."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from app.models import Decision, FiledOutcome, Handoff, Signal


class ModelPurpose(StrEnum):
    """What a language model is called for."""

    BRIEF = "brief"
    CHECK = "check"
    DRAFT = "draft"
    RANK = "rank"


class Meter(Protocol):
    """Counts what happens in this process. No method waits, and none raises."""

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is its pattern, and `status` 0 where its caller left before."""
        ...

    def interactions(self, results: Mapping[str, int]) -> None:
        """So many interactions were filed, were duplicates, or were refused, by these words."""
        ...

    def handoff(self, handoff: Handoff) -> None:
        """A handoff was answered."""
        ...

    def revision(self, handoff: Handoff, seconds: float) -> None:
        """A handoff was revised, so many seconds after it was made."""
        ...

    def decision(self, decision: Decision) -> None:
        """A decision was answered by itself; that of a handoff is counted with it."""
        ...

    def outcome(self, outcome: FiledOutcome) -> None:
        """The outcome of an action came in."""
        ...

    def signals(self, signals: Sequence[Signal]) -> None:
        """Signals of friction fired."""
        ...

    def model_call(
        self, purpose: str, result: str, seconds: float, *, tokens: Mapping[str, int], cost_usd: float | None
    ) -> None:
        """A language model was called; `result` is `answered` or the code of the failure."""
        ...

    def delivery(self, result: str) -> None:
        """A webhook was called: `taken`, `failed`, or `gone` for good."""
        ...

    def connector_event(self, platform: str, result: str) -> None:
        """A platform delivered something: `taken`, `refused` for its signature, `invalid`, or `unavailable`."""
        ...

    def exposition(self, gauges: Mapping[str, float]) -> tuple[bytes, str]:
        """Everything counted, with these present figures by name: a text, and its media type."""
        ...
