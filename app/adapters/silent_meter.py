"""The meter of an App whose work nobody looks at: a conversation that is only tried out, or metrics switched off."""

from collections.abc import Mapping, Sequence

from app.models import Decision, FiledOutcome, Handoff, Signal


class SilentMeter:
    """Counts nothing."""

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""

    def interactions(self, results: Mapping[str, int]) -> None:
        """Interactions came in."""

    def handoff(self, handoff: Handoff) -> None:
        """A handoff was answered."""

    def revision(self, handoff: Handoff, seconds: float) -> None:
        """A handoff was revised."""

    def decision(self, decision: Decision) -> None:
        """A decision was answered by itself."""

    def outcome(self, outcome: FiledOutcome) -> None:
        """The outcome of an action came in."""

    def signals(self, signals: Sequence[Signal]) -> None:
        """Signals of friction fired."""

    def model_call(
        self, purpose: str, result: str, seconds: float, *, tokens: Mapping[str, int], cost_usd: float | None
    ) -> None:
        """A language model was called."""

    def delivery(self, result: str) -> None:
        """A webhook was called."""

    def connector_event(self, platform: str, result: str) -> None:
        """A platform delivered something."""

    def exposition(self, gauges: Mapping[str, float]) -> tuple[bytes, str]:  # noqa: ARG002 - the port names it
        """Nothing."""
        return b"", "text/plain"
