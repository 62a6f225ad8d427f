"""Who looks at the pages: let in by a session cookie, by an API key, or as a caller on the same machine.

A browser sends no Authorization header of its own accord, so `/console/sign-in` takes an API key once and gives a
cookie that names the key and the session. The cookie is signed and expires, and at every request the key it names is
looked up again: its tenant and its scopes are those of the visitor, and when it is revoked the session ends with it.
Signing out ends the session in the database, so that a copy of the cookie opens nothing either, in any worker.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, NamedTuple
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from pydantic import JsonValue
from starlette.responses import Response

from app.errors import Forbidden, Unauthorized
from app.interfaces.http.authentication import grant_of, is_own_origin, key_sent_with
from app.interfaces.http.dependencies import Door
from app.models import KeyGrant, Scope
from app.services import App

COOKIE = "warmline_session"
PURPOSE = "session"
PATH = "/console"
# A working day: nobody has to sign in twice in a shift, and nobody stays signed in overnight.
LIFETIME = timedelta(hours=10)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Visitor(NamedTuple):
    """Somebody who was let in, and the App as they may use it."""

    application: App
    tenant: str
    scopes: frozenset[Scope]
    key_id: str | None
    has_session: bool


class SignInNeededError(Unauthorized):
    """Nobody is signed in here; a page answers it with the way to the sign-in."""


async def visitor_of(request: Request) -> Visitor:
    """Who sent a request. Raises SignInNeededError, Unauthorized, or Forbidden for a POST from another site's page."""
    door: Door = request.app.state.door
    token = request.cookies.get(COOKIE)
    with_key = await key_sent_with(request) is not None
    try:
        if token is not None and not with_key:
            grant = await _signed_in(door.application, token)
        else:
            grant = await grant_of(request)
    except Unauthorized as refusal:
        raise SignInNeededError(refusal.detail) from None
    if not with_key:
        check_same_site(request)
    return Visitor(door.application, grant.tenant, grant.scopes, grant.key_id, token is not None and not with_key)


def visitor_with(scope: Scope) -> Callable[[Request], Awaitable[Visitor]]:
    """FastAPI dependency: the visitor, who holds this scope. Raises as `visitor_of`, or Forbidden naming the scope."""

    async def visitor(request: Request) -> Visitor:
        caller = await visitor_of(request)
        if scope not in caller.scopes:
            raise Forbidden(f"The API key you signed in with lacks the scope `{scope}`, which this page asks for.")
        request.state.visitor = caller
        return caller

    return visitor


HandoffVisitor = Annotated[Visitor, Depends(visitor_with(Scope.HANDOFF))]
AnalyticsVisitor = Annotated[Visitor, Depends(visitor_with(Scope.ANALYTICS))]
AdminVisitor = Annotated[Visitor, Depends(visitor_with(Scope.ADMIN))]


async def begin_session(request: Request, answer: Response, key: str) -> None:
    """Let a browser in by this API key from now on. Raises Unauthorized for a key that does not hold."""
    door: Door = request.app.state.door
    grant = await door.application.access.authenticate(key)
    content = {"key_id": grant.key_id, "session_id": secrets.token_hex(16)}
    token, _ = await door.application.access.sign(PURPOSE, content, lifetime=LIFETIME)
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()),
        path=PATH,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


async def end_session(request: Request, answer: Response) -> None:
    """End the session of a browser for good, and have the browser forget it. Raises Unavailable."""
    door: Door = request.app.state.door
    token = request.cookies.get(COOKIE)
    if token is not None:
        # A cookie that is void or has expired is no session to end.
        with suppress(Unauthorized):
            signed = await door.application.access.read_signed(PURPOSE, token)
            await door.application.access.end_session(_session_id(signed.content), signed.expires_at)
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")


def check_same_site(request: Request) -> None:
    """Raise Forbidden for a request that changes something and does not come from a page of ours."""
    if request.method in _SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    if origin is not None and origin != "null":
        ours = is_own_origin(request, origin)
    else:
        ours = request.headers.get("sec-fetch-site") == "same-origin"
    if not ours:
        raise Forbidden("This may only be done from a page of this service itself.")


def sign_in_address(request: Request) -> str:
    """Where a browser signs in, to come back to the page it asked for."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{PATH}/sign-in?next={quote(asked, safe='/')}"


def safe_way_back(address: str) -> str:
    """An address within the console; anything else becomes its first page, so that nobody is led elsewhere."""
    parts = urlsplit(address)
    inside = address.startswith(f"{PATH}/") and ".." not in parts.path.split("/") and not parts.netloc
    inside = inside and "\\" not in address and address.isprintable()
    return address if inside and not address.startswith(f"{PATH}/sign-") else PATH


async def _signed_in(application: App, token: str) -> KeyGrant:
    signed = await application.access.read_signed(PURPOSE, token)
    await application.access.check_session(_session_id(signed.content))
    return await application.access.standing(str(signed.content["key_id"]))


def _session_id(content: Mapping[str, JsonValue]) -> str:
    session_id = content.get("session_id")
    if not isinstance(session_id, str):  # signed by an older version
        raise Unauthorized("This session cannot be ended, so it is not taken any more. Sign in again.")
    return session_id
