"""`/console/sign-in`, `/console/sign-out` and `/console` itself, which leads to the first page that is open."""

from typing import Annotated

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from app.errors import Forbidden, Unauthorized
from app.interfaces.console.pages import page, page_router, sections_open_to
from app.interfaces.console.sessions import (
    PATH,
    begin_session,
    check_same_site,
    end_session,
    safe_way_back,
    visitor_of,
)
from app.interfaces.rendering.policy import page_headers

router = page_router()


@router.get(PATH)
async def front(request: Request) -> Response:
    """The first page that the visitor's scopes open."""
    visitor = await visitor_of(request)
    opened = sections_open_to(request, visitor)
    if not opened:
        raise Forbidden("The API key you signed in with opens none of these pages.")
    return RedirectResponse(opened[0].path, status_code=303, headers=page_headers())


@router.get(f"{PATH}/sign-in")
async def ask(request: Request, next: str = PATH) -> Response:  # noqa: A002 - the query's name
    """The form that takes an API key."""
    return page(request, "console/sign_in.html", way_back=safe_way_back(next), fault=None)


@router.post(f"{PATH}/sign-in")
async def sign_in(
    request: Request,
    key: Annotated[str, Form(max_length=512)],
    next: Annotated[str, Form(max_length=4096)] = PATH,  # noqa: A002 - the form's name
) -> Response:
    """Begin a session, and go on to the page that was asked for."""
    check_same_site(request)
    way_back = safe_way_back(next)
    answer = RedirectResponse(way_back, status_code=303, headers=page_headers())
    try:
        await begin_session(request, answer, key.strip())
    except Unauthorized as refusal:
        return page(request, "console/sign_in.html", status=401, way_back=way_back, fault=refusal.detail)
    return answer


@router.post(f"{PATH}/sign-out")
async def sign_out(request: Request) -> Response:
    """End the session, here and wherever its cookie was copied to."""
    check_same_site(request)
    answer = RedirectResponse(f"{PATH}/sign-in", status_code=303, headers=page_headers())
    await end_session(request, answer)
    return answer
