"""Counts by `prometheus_client`, in the text format that Prometheus reads.

Several workers of one service share their counts through the folder that PROMETHEUS_MULTIPROC_DIR names: whichever of
them is asked answers for all.
"""

import os
from collections.abc import Mapping, Sequence

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from app.models import Decision, FiledOutcome, Handoff, Signal

# When a series began says nothing that Prometheus does not see by itself, and doubles the text.
disable_created_metrics()

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_MODEL_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_FRICTION = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_MOST_REVISIONS = 3

GAUGES = {
    "index_lag": "Interactions that are not embedded yet",
    "outbox_messages": "Messages to webhooks and connectors that are waiting to be sent",
}


class PrometheusMeter:
    """A Meter with a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = self._counter("http_requests", "Requests that were answered", "method", "route", "status")
        self._request_s = self._histogram(
            "http_request_seconds", "Time from a request to the end of its answer", _REQUEST_S, "method", "route"
        )
        self._refused = self._counter("refused_requests", "Requests over a limit, or in excess of the load", "reason")
        self._interactions = self._counter("interactions", "Interactions that came in", "result")
        self._handoffs = self._counter(
            "handoffs", "Handoffs and their revisions", "status", "engine", "failure_code", "revision"
        )
        self._handoff_s = self._histogram("handoff_seconds", "Time that a handoff took", _REQUEST_S)
        self._misses = self._counter("handoff_deadline_misses", "Handoffs that took longer than their deadline")
        self._revision_s = self._histogram(
            "handoff_revision_seconds", "Time from a handoff to its revision by a model", _MODEL_S
        )
        self._claims = self._counter("claims", "Claims of briefs", "verdict", "checked_by")
        self._decisions = self._counter("decisions", "Decisions on the next action", "level", "ranked_by")
        self._friction = self._histogram("friction", "Friction of the conversations that were decided on", _FRICTION)
        self._outcomes = self._counter("action_outcomes", "Outcomes of offered actions", "audience", "outcome")
        self._signals = self._counter("signals", "Signals of friction that fired", "type")
        self._calls = self._counter("model_calls", "Calls of a language model", "purpose", "result")
        self._call_s = self._histogram("model_call_seconds", "Time that a language model took", _MODEL_S, "purpose")
        self._tokens = self._counter("model_tokens", "Tokens of a language model", "purpose", "kind")
        self._cost = self._counter("model_cost_usd", "Cost of a language model in US dollars", "purpose")
        self._deliveries = self._counter("webhook_deliveries", "Attempts to deliver a message", "result")
        self._connectors = self._counter("connector_events", "Deliveries of platforms", "platform", "result")
        self._gauges = {
            name: Gauge(f"warmline_{name}", words, registry=self._registry, multiprocess_mode="mostrecent")
            for name, words in GAUGES.items()
        }

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_s.labels(method, route).observe(seconds)
        if status in (429, 503):
            self._refused.labels("rate_limited" if status == 429 else "unavailable").inc()

    def interactions(self, results: Mapping[str, int]) -> None:
        """Interactions came in."""
        for result, count in results.items():
            self._interactions.labels(result).inc(count)

    def handoff(self, handoff: Handoff) -> None:
        """A handoff was answered."""
        self._count_handoff(handoff)
        self._handoff_s.observe(handoff.duration_ms / 1000)
        if handoff.duration_ms > handoff.request.deadline_ms:
            self._misses.inc()
        if handoff.next_actions is not None:
            self.decision(handoff.next_actions)

    def revision(self, handoff: Handoff, seconds: float) -> None:
        """A handoff was revised."""
        self._count_handoff(handoff)
        self._revision_s.observe(seconds)

    def decision(self, decision: Decision) -> None:
        """A decision was answered, by itself or with a handoff."""
        self._decisions.labels(decision.intervention.level.value, decision.ranked_by).inc()
        self._friction.observe(decision.intervention.friction)

    def outcome(self, outcome: FiledOutcome) -> None:
        """The outcome of an action came in."""
        result = "untold" if outcome.accepted is None else "accepted" if outcome.accepted else "overridden"
        self._outcomes.labels(outcome.audience, result).inc()

    def signals(self, signals: Sequence[Signal]) -> None:
        """Signals of friction fired."""
        for signal in signals:
            self._signals.labels(signal.type.value).inc()

    def model_call(
        self, purpose: str, result: str, seconds: float, *, tokens: Mapping[str, int], cost_usd: float | None
    ) -> None:
        """A language model was called."""
        self._calls.labels(purpose, result).inc()
        self._call_s.labels(purpose).observe(seconds)
        for kind, count in tokens.items():
            self._tokens.labels(purpose, kind).inc(count)
        if cost_usd:
            self._cost.labels(purpose).inc(cost_usd)

    def delivery(self, result: str) -> None:
        """A webhook was called."""
        self._deliveries.labels(result).inc()

    def connector_event(self, platform: str, result: str) -> None:
        """A platform delivered something."""
        self._connectors.labels(platform, result).inc()

    def exposition(self, gauges: Mapping[str, float]) -> tuple[bytes, str]:
        """Everything counted, by all workers where they share a folder."""
        for name, value in gauges.items():
            self._gauges[name].set(value)
        registry = self._registry
        if os.environ.get(FOLDER):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
        return generate_latest(registry), CONTENT_TYPE_LATEST

    def _count_handoff(self, handoff: Handoff) -> None:
        failure = handoff.failure_code.value if handoff.failure_code else ""
        revision = str(handoff.revision) if handoff.revision < _MOST_REVISIONS else f"{_MOST_REVISIONS}+"
        self._handoffs.labels(handoff.status, handoff.engine, failure, revision).inc()
        for claim in handoff.brief.claims:
            self._claims.labels(claim.verdict, claim.checked_by or "").inc()

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"warmline_{name}", words, labels, registry=self._registry)

    def _histogram(self, name: str, words: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(f"warmline_{name}", words, labels, registry=self._registry, buckets=buckets)
