"""Refusals: every error leaves as RFC 9457 `application/problem+json`, with a stable code and nothing internal."""

from collections.abc import Mapping
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.errors import InvalidRequest, Unavailable, WarmlineError
from app.models import Problem
from app.validation import invalid_fields

MEDIA_TYPE = "application/problem+json"

# Refusals that may be gone soon; where nobody knows when, a second is what a caller waits at least.
TRY_AGAIN = frozenset({429, 503})
SOON_S = 1

STATUS_OF_CODE: Mapping[str, int] = {
    "invalid_request": 422,
    "unauthorized": 401,
    "forbidden": 403,
    "not_found": 404,
    "unknown_customer": 404,
    "unknown_conversation": 404,
    "idempotency_conflict": 409,
    "identity_conflict": 409,
    "payload_too_large": 413,
    "rate_limited": 429,
    "unavailable": 503,
}

_OF_THE_PROTOCOL: Mapping[int, tuple[str, str, str]] = {
    404: ("not_found", "Not found", "There is nothing at this path. /docs lists the paths that exist."),
    405: (
        "method_not_allowed",
        "This method is not allowed here",
        "The path exists, but not with this method. The Allow header lists the methods it takes.",
    ),
    406: ("not_acceptable", "None of the accepted media types can be served", "Ask for another media type in Accept."),
}


class RefusedError(Exception):
    """A problem that the ledger found with the one interaction of a request: the problem itself is the answer."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def problem_of(error: WarmlineError) -> Problem:
    """The problem object of one of our own errors; a code that callers do not know becomes `unavailable`."""
    status = STATUS_OF_CODE.get(error.reported_code)
    if status is None:
        return Problem(title=Unavailable.title, status=503, code=Unavailable.code, detail=error.detail)
    errors = error.errors if isinstance(error, InvalidRequest) else ()
    return Problem(title=error.title, status=status, code=error.reported_code, detail=error.detail, errors=errors)


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """A problem object as an HTTP answer."""
    more = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    if problem.status in TRY_AGAIN:
        more["Retry-After"] = str(SOON_S)
    return Response(
        problem.model_dump_json(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={**more, **(headers or {})},
    )


def unexpected_problem() -> Problem:
    """What a caller is told when something broke that nobody foresaw."""
    return Problem(
        title=Unavailable.title,
        status=503,
        code=Unavailable.code,
        detail="Something went wrong inside the service. Try again; if it stays, report this answer's X-Request-ID.",
    )


def install_problems(api: FastAPI) -> None:
    """Answer every refusal of this service with a problem object."""
    api.add_exception_handler(WarmlineError, _own)
    api.add_exception_handler(RefusedError, _refused)
    api.add_exception_handler(RequestValidationError, _parameters)
    api.add_exception_handler(HTTPException, _protocol)


async def _own(_: Request, error: Exception) -> Response:
    refusal = cast(WarmlineError, error)
    after = {} if refusal.retry_after_s is None else {"Retry-After": str(max(refusal.retry_after_s, SOON_S))}
    return problem_response(problem_of(refusal), after)


async def _refused(_: Request, error: Exception) -> Response:
    return problem_response(cast(RefusedError, error).problem)


async def _parameters(_: Request, error: Exception) -> Response:
    # The first step of these locations is "query", "path" or "header": the field's name says enough without it.
    errors = [{**defect, "loc": defect["loc"][1:]} for defect in cast(RequestValidationError, error).errors()]
    return problem_response(problem_of(invalid_fields(errors)))


async def _protocol(_: Request, error: Exception) -> Response:
    raised = cast(HTTPException, error)
    code, title, detail = _OF_THE_PROTOCOL.get(
        raised.status_code,
        ("invalid_request", InvalidRequest.title, "The request is not one this service understands."),
    )
    if raised.status_code not in (404, 405):
        detail = raised.detail
    problem = Problem(title=title, status=raised.status_code, code=code, detail=detail)
    return problem_response(problem, raised.headers)
