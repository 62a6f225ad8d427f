"""What every page of the console shares: its frame, its headers, and errors told as a page."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.errors import InvalidRequest, NotFound, WarmlineError
from app.interfaces.console.sessions import SignInNeededError, Visitor, sign_in_address
from app.interfaces.http.content_negotiation import chosen_media_type
from app.interfaces.http.csv_tables import table_answer
from app.interfaces.http.problems import MEDIA_TYPE as PROBLEM
from app.interfaces.http.problems import problem_of
from app.interfaces.rendering.environment import rendered
from app.interfaces.rendering.policy import page_headers
from app.models import Scope

HTML = "text/html"


class NavigationEntry(NamedTuple):
    """An entry of the navigation: where it leads, what it says, and the scope that the page asks for."""

    path: str
    title: str
    scope: Scope


def sections_open_to(request: Request, visitor: Visitor | None) -> Sequence[NavigationEntry]:
    """The entries of the navigation that a visitor's scopes open, in their order."""
    sections: Sequence[NavigationEntry] = request.app.state.sections
    return [section for section in sections if visitor is not None and section.scope in visitor.scopes]


def page(request: Request, template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """A page of the console, in the frame of `console/base.html`, with the headers that every page has."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    body = rendered(
        template, visitor=visitor, sections=sections_open_to(request, visitor), here=request.url.path, **facts
    )
    return HTMLResponse(body.lstrip(), status_code=status, headers=page_headers())


def fragment(template: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """A part of a page, for a script that puts it in its place."""
    return HTMLResponse(rendered(template, **facts).strip(), status_code=status, headers=page_headers())


def download(kind: type[BaseModel], rows: Sequence[BaseModel], name: str) -> Response:
    """Rows as a CSV for a browser to keep, with the headers of a page."""
    answer = table_answer(kind, rows, name)
    answer.headers.update(page_headers())
    return answer


class RouteWithHead(APIRoute):
    """A route that answers HEAD wherever it answers GET, as whatever checks a link asks."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, methods: Iterable[str] = (), **more: Any) -> None:
        wanted = set(methods)
        super().__init__(path, endpoint, methods=wanted | {"HEAD"} if "GET" in wanted else wanted, **more)


class PageRoute(RouteWithHead):
    """A route that tells its errors as a page to who asks for one, and as a problem object to a script."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with its errors told."""
        handle = super().get_route_handler()

        async def page_handler(request: Request) -> Response:
            try:
                return await handle(request)
            except WarmlineError as error:
                if not wants_page(request):
                    raise
                return _refusal(request, error)
            except RequestValidationError as error:
                if not wants_page(request):
                    raise
                return _refusal(request, InvalidRequest(_first_fault(error)))

        return page_handler


def page_router() -> APIRouter:
    """A router for pages: outside the API's description, with errors told as pages."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)


def wants_page(request: Request) -> bool:
    """Whether a request would rather have an error told as a page than as a problem object."""
    try:
        return chosen_media_type(request, (PROBLEM, HTML)) == HTML
    except HTTPException:
        return False


def _refusal(request: Request, error: WarmlineError) -> Response:
    if isinstance(error, SignInNeededError):
        return RedirectResponse(sign_in_address(request), status_code=303, headers=page_headers())
    problem = problem_of(error)
    return page(
        request,
        "console/refusal.html",
        status=problem.status,
        title="Not found" if isinstance(error, NotFound) else problem.title,
        detail=problem.detail,
        reason=HTTPStatus(problem.status).phrase,
    )


def _first_fault(error: RequestValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(str(step) for step in first['loc'][1:])}: {first['msg']}."
