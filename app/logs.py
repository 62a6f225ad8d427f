"""How the service logs: lines for people, or one JSON object a line with the ids of the request and its tenant."""

import logging
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Literal

LogFormat = Literal["text", "json"]

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_OURS = ("warmline", "app")
# What our own lines carry beside their words.
_FIELDS = ("method", "route", "status", "duration_ms")

_ids: ContextVar[Mapping[str, str] | None] = ContextVar("ids", default=None)


def log_as(level: str, form: LogFormat) -> None:
    """Log from this level on; of other libraries only warnings, for what they log in passing may be a customer's."""
    logging.basicConfig(level=logging.WARNING, format=_TEXT, force=form == "json")
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    if form == "json":
        formatter = json_formatter()
        for handler in logging.getLogger().handlers:
            handler.setFormatter(formatter)


def bind_request(request_id: str) -> None:
    """A request begins: what is logged for it carries its id, and nothing of another's."""
    _ids.set({"request_id": request_id})


def bind_tenant(tenant: str) -> None:
    """The request at hand is a tenant's: what is logged for it from now on carries the tenant."""
    _ids.set({**(_ids.get() or {}), "tenant": tenant})


def request_id() -> str:
    """The id of the request at hand, `-` outside of one."""
    return (_ids.get() or {}).get("request_id", "-")


def json_formatter() -> logging.Formatter:
    """One JSON object a line: `timestamp` (UTC), `level`, `logger`, `event`, and what the line carries."""
    # It loads much that nobody needs who logs as text.
    import structlog

    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            _with_ids,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(_FIELDS),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def _with_ids(logger: Any, method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - structlog's form
    return {**line, **(_ids.get() or {})}
