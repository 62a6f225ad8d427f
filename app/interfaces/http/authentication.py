"""Who may come in, as which tenant and for what: the one place that looks at a caller's address and credentials."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app.errors import Forbidden, Unauthorized
from app.interfaces.http.dependencies import Door, TheDoor, door_of
from app.interfaces.http.local_requests import asks_for_this_machine, is_loopback, sign_of_a_proxy
from app.interfaces.http.scopes import scope_of
from app.logs import bind_tenant
from app.models import KeyGrant, Scope
from app.services import App

DEFAULT_TENANT = "default"
_OWN_SITES = frozenset({"same-origin", "none"})
_SITE_OF_PAGE = re.compile(r"[A-Za-z]{1,16}+://[^/?#]*+")

_BEARER = HTTPBearer(auto_error=False, description="An API key as `warmline keys create` printed it.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key, where Authorization is taken.")


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Lets callers in by their API key. Where no key was ever made only this machine is let in, as tenant `default`."""

    require_keys: bool = False

    async def admit(self, request: Request, application: App, key: str | None) -> KeyGrant:
        """What the caller may do. Raises Unauthorized, or Forbidden for another site's page in the user's browser."""
        if key is not None:
            # Also where none is needed: whoever sends a key means its tenant, and must not end up in `default`.
            return await application.access.authenticate(key)
        await self.check_machine(request, application)
        _check_browser(request)
        return KeyGrant(tenant=DEFAULT_TENANT, scopes=frozenset(Scope))

    async def check_machine(self, request: Request, application: App) -> None:
        """Raise Unauthorized unless callers without a key are answered, and this one is on the same machine.

        A proxy on this machine calls from a loopback address too, on behalf of anybody: so the request must also come
        directly, and ask for this machine by a name that means nothing elsewhere.
        """
        if self.require_keys or await application.access.keys_configured():
            raise Unauthorized("An API key is needed. Send it as Authorization: Bearer <key> or as X-API-Key: <key>.")
        if not is_loopback(request.client.host if request.client else None):
            raise Unauthorized(f"No API keys are set up, so only callers on the same machine are answered. {_MEND}")
        if (sign := sign_of_a_proxy(request)) is not None:
            raise Unauthorized(
                f"No API keys are set up, and {sign} shows that a proxy passed this request on: "
                f"only callers on the same machine are answered, and directly. {_MEND}"
            )
        if not asks_for_this_machine(request):
            raise Unauthorized(
                "Without API keys the service is reached as localhost or by a loopback address only, with the port "
                f"that it listens on: not under another host name or port, nor two. {_MEND}"
            )


_MEND = (
    "Make a key with `warmline keys create`, and send it as X-API-Key, to be reached from elsewhere or through a proxy."
)


def is_own_origin(request: Request, origin: str) -> bool:
    """Whether an Origin header names the host that the request asked for."""
    return origin.lower().partition("://")[2] == request.headers.get("host", "").lower()


def _check_browser(request: Request) -> None:
    # Any web page can make the user's own browser call loopback; one that rebinds its name was refused by the name.
    if not all(is_own_origin(request, origin) for origin in request.headers.getlist("origin")):
        raise Forbidden(f"Without API keys, pages of other sites may not call the service. {_MEND}")
    if _is_followed_link(request):
        return
    sites = request.headers.getlist("sec-fetch-site")
    # Under another name than the page's own, a proxy changed the Host on the way.
    pages = [_SITE_OF_PAGE.match(referer) for referer in request.headers.getlist("referer")]
    ours = all(page is None or is_own_origin(request, page[0]) for page in pages)
    if not ours or not _OWN_SITES.issuperset(sites):
        raise Forbidden(
            "Without API keys, pages of other sites may not call the service, nor may a page that a proxy shows under "
            f"another name. {_MEND}"
        )


def _is_followed_link(request: Request) -> bool:
    """Whether a browser opens a page as the whole of a window: the site that leads there reads nothing of it."""
    headers = request.headers
    opens = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    return opens and request.method in ("GET", "HEAD") and headers.get("sec-fetch-site") in ("cross-site", "same-site")


async def key_sent_with(request: Request) -> str | None:
    """The API key in the headers of a request, if any; nobody has looked yet whether it holds."""
    bearer, header = await _BEARER(request), await _HEADER(request)
    return bearer.credentials if bearer else header


async def grant_of(request: Request) -> KeyGrant:
    """What the sender of a request may do, by its headers alone. Raises Unauthorized or Forbidden."""
    keeper: Authenticator = request.app.state.authenticator
    door: Door = request.app.state.door
    return await keeper.admit(request, door.application, await key_sent_with(request))


async def tenant_of(
    request: Request,
    door: TheDoor,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    header: Annotated[str | None, Depends(_HEADER)],
) -> str:
    """FastAPI dependency: the tenant a request acts for. Raises Unauthorized, or Forbidden naming the missing scope."""
    keeper: Authenticator = request.app.state.authenticator
    # The admission in front has mostly looked at the key already.
    looked_at: KeyGrant | None = getattr(request.state, "grant", None)
    grant = looked_at or await keeper.admit(request, door.application, bearer.credentials if bearer else header)
    needed = scope_of(request.method, request.scope["route"].path)
    if needed not in grant.scopes:
        raise Forbidden(f"This API key lacks the scope `{needed}`, which this path asks for.")
    request.state.key_id = grant.key_id
    bind_tenant(grant.tenant)
    return grant.tenant


async def check_still_admitted(keeper: Authenticator, request: Request, application: App) -> None:
    """Raise Unauthorized or Forbidden when a request that was let in would not be any more.

    The key is read from the database again, for an answer that may go on for hours.
    """
    key_id: str | None = request.state.key_id
    if key_id is None:
        await keeper.check_machine(request, application)
    elif (
        scope_of(request.method, request.scope["route"].path)
        not in (await application.access.standing(key_id, read_again=True)).scopes
    ):
        raise Forbidden("This API key lacks the scope that this path asks for.")


Tenant = Annotated[str, Depends(tenant_of)]

# How the description writes what `Tenant` asks for, where a route asks for it without FastAPI's help.
SECURITY: Sequence[Mapping[str, Sequence[str]]] = ({_BEARER.scheme_name: ()}, {_HEADER.scheme_name: ()})


async def admitted_tenant(request: Request) -> str:
    """As `tenant_of`, for a route that is called too often to have its dependencies solved each time."""
    bearer, header = await _BEARER(request), await _HEADER(request)
    return await tenant_of(request, await door_of(request), bearer, header)
