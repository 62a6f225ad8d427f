"""Whose a body is that does not say it: a file's, or the data of an event that some relay wrapped."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue, ValidationError
from pydantic_core import to_json

from app.connectors import CONNECTORS
from app.connectors.base import Connector, ParsedWebhook, Recognising, WebhookRequest
from app.errors import InvalidRequest, WarmlineError
from app.models import InteractionDraft, Kind, Problem

_SPOKEN = frozenset({Kind.MESSAGE, Kind.NOTE, Kind.EDIT, Kind.DELETION})
# What a module may raise for a body whose parts are not what its platform says they are.
UNFORESEEN = (ValidationError, LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError)


def as_posted(body: bytes, headers: Mapping[str, str] | None = None) -> WebhookRequest:
    """A body as a platform would post it; `headers` with lower-case names."""
    return WebhookRequest("POST", "https://localhost/", headers or {}, {}, body)


def recognised(request: WebhookRequest) -> Connector | None:
    """Whose shape a body has: a platform's that knows its own, else of the one that finds the most words in it."""
    own = [connector for connector in CONNECTORS.values() if _recognises(connector, request)]
    if own:
        return own[0]
    others = [connector for connector in CONNECTORS.values() if not isinstance(connector, Recognising)]
    trials = [(_spoken(connector, request), connector) for connector in others]
    best = max(trials, key=lambda trial: trial[0], default=None)
    return best[1] if best is not None and best[0] else None


def rows_of_event(event_type: str, event: Mapping[str, JsonValue], data: JsonValue) -> ParsedWebhook | None:
    """The rows of a platform's event that came as a CloudEvent, by the platform that its type names, or by its shape.

    Some platforms mean the event as a whole, others the data that a relay wrapped. None for an event of nobody here.
    """
    requests = [as_posted(to_json(data)), as_posted(to_json(event))]
    named = _named_by(event_type)
    if named is None:
        pairs = [(connector, request) for connector in CONNECTORS.values() for request in requests]
        pairs = [(connector, request) for connector, request in pairs if _recognises(connector, request)]
    else:
        ranked = sorted(requests, key=lambda request: (-_recognises(named, request), -_spoken(named, request)))
        pairs = [(named, ranked[0])]
    return _read(*pairs[0]) if pairs else None


def _named_by(event_type: str) -> Connector | None:
    parts = event_type.lower().replace("_", "-").split(".")
    return next((connector for name, connector in CONNECTORS.items() if name in parts), None)


def _recognises(connector: Connector, request: WebhookRequest) -> bool:
    try:
        return isinstance(connector, Recognising) and connector.recognises(request)
    except (WarmlineError, *UNFORESEEN):
        return False


def _read(connector: Connector, request: WebhookRequest) -> ParsedWebhook | None:
    try:
        return connector.parse(request)
    except (InvalidRequest, *UNFORESEEN):
        return None


def _spoken(connector: Connector, request: WebhookRequest) -> int:
    read = _read(connector, request)
    rows: Sequence[InteractionDraft | Problem] = () if read is None else read.drafts
    return sum(isinstance(row, InteractionDraft) and row.kind in _SPOKEN for row in rows)
