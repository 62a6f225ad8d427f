"""Around every request: its id, one line in the access log, and an answer also when something broke unforeseen."""

import logging
import re
import traceback
from time import perf_counter
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.ids import new_id
from app.interfaces.http.problems import problem_response, unexpected_problem
from app.logs import bind_request
from app.logs import request_id as current_request_id

REQUEST_ID = "X-Request-ID"

access_log = logging.getLogger("warmline.access")
error_log = logging.getLogger("warmline.errors")

_SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
# The pages' scripts come with the service; should one of them try to reach a network, the browser refuses.
_PAGES = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"
}


class Frame:
    """ASGI middleware. It logs the route's pattern, never a path with ids, a query string, a body or a message."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one lifespan, which passes untouched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        bind_request(request_id)
        status = 0
        started = perf_counter()

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, scope, request_id)
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except ClientDisconnect:
            access_log.info("the caller left request_id=%s", request_id)
        except Exception as failure:  # noqa: BLE001 - the last resort: whatever it is, its text stays inside
            log_failure(failure)
            if status == 0:
                await problem_response(unexpected_problem())(scope, receive, framed)
        finally:
            elapsed, pattern = perf_counter() - started, _pattern(scope)
            fields = {"method": scope["method"], "route": pattern, "status": status}
            access_log.info(
                "%s %s %d %.1f ms request_id=%s",
                *fields.values(),
                elapsed * 1000,
                request_id,
                extra={**fields, "duration_ms": round(elapsed * 1000, 1)},
            )
            if (door := getattr(scope["app"].state, "door", None)) is not None:
                door.application.meter.request(scope["method"], pattern, status, elapsed)


def log_failure(failure: Exception) -> None:
    """Log what nobody foresaw: its class and where it happened, for its message may quote what a customer said."""
    frames = traceback.extract_tb(failure.__traceback__)[-4:]
    where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    error_log.error("%s at %s request_id=%s", type(failure).__name__, where, current_request_id())


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _SAFE_ID.fullmatch(given) else new_id("req")


def _add_headers(message: Message, scope: Scope, request_id: str) -> None:
    headers = MutableHeaders(scope=message)
    headers[REQUEST_ID] = request_id
    more = _PRIVATE if scope["path"].startswith(("/v1/", "/mcp", "/console")) else _PAGES
    for name, value in more.items():
        headers.setdefault(name, value)


def _pattern(scope: Scope) -> str:
    route: Any = scope.get("route")
    return getattr(route, "path", "(no such path)")
