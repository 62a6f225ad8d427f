"""How the service logs: lines for people, or one JSON object a line, both with the request and the tenant at work."""

import logging
from typing import Literal

import structlog
from structlog.typing import Processor

LogFormat = Literal["text", "json"]

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_OURS = ("warmline", "app")
# What our own lines carry beside their words.
_FIELDS = ("method", "route", "status", "duration_ms")


def log_as(level: str, form: LogFormat) -> None:
    """Log from this level on; of other libraries only warnings, for what they log in passing may be a customer's."""
    logging.basicConfig(level=logging.WARNING, format=_TEXT, force=form == "json")
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    if form == "json":
        formatter = json_formatter()
        for handler in logging.getLogger().handlers:
            handler.setFormatter(formatter)


def note(**values: str) -> None:
    """Have every line that is logged for the request at hand carry these values."""
    structlog.contextvars.bind_contextvars(**values)


def begin(**values: str) -> None:
    """A request begins: its lines carry these values, and none of another's."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**values)


def json_formatter() -> logging.Formatter:
    """One JSON object a line: `timestamp` (UTC), `level`, `logger`, `event`, and what the line carries."""
    chain: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(_FIELDS),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    return structlog.stdlib.ProcessorFormatter(foreign_pre_chain=chain, processors=ending)
