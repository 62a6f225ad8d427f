"""Who may come in, as which tenant and for what: the one place that looks at a caller's address and credentials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from app.application import App
from app.doors.http.scopes import scope_of
from app.doors.http.state import Door, TheDoor, door_of
from app.errors import Forbidden, Unauthorized
from app.models import KeyGrant, Scope

DEFAULT_TENANT = "default"
IN_PROCESS_CLIENT = "testclient"  # what Starlette's in-process client calls itself; no address on a network reads so

_BEARER = HTTPBearer(auto_error=False, description="An API key as `warmline keys create` printed it.")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, description="The same key, where Authorization is taken.")


@dataclass(frozen=True, slots=True)
class Doorkeeper:
    """Lets callers in by their API key. Where no key was ever made only this machine is let in, as tenant `default`."""

    require_keys: bool = False

    async def admit(self, request: Request, application: App, key: str | None) -> KeyGrant:
        """What the caller may do. Raises Unauthorized, or Forbidden for another site's page in the user's browser."""
        if key is not None:
            # Also where none is needed: whoever sends a key means its tenant, and must not end up in `default`.
            return await application.authenticate(key)
        await self.check_machine(request, application)
        _check_browser(request)
        return KeyGrant(tenant=DEFAULT_TENANT, scopes=frozenset(Scope))

    async def check_machine(self, request: Request, application: App) -> None:
        """Raise Unauthorized unless callers without a key are answered, and this one is on the same machine."""
        if self.require_keys or await application.keys_configured():
            raise Unauthorized("An API key is needed. Send it as Authorization: Bearer <key> or as X-API-Key: <key>.")
        if not is_loopback(request.client.host if request.client else None):
            raise Unauthorized(
                "No API keys are set up, so only callers on the same machine are answered. "
                "Make a key with `warmline keys create` to be reached from elsewhere."
            )


@lru_cache(maxsize=1024)
def is_loopback(host: str | None) -> bool:
    """Whether an address (IPv4, IPv6, or IPv4 inside IPv6) is this machine itself."""
    if host is None:
        return False
    if host == IN_PROCESS_CLIENT:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    inner = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (inner or address).is_loopback


@lru_cache(maxsize=1024)
def _names_this_machine(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    return "." not in name or is_loopback(name) or name.endswith(".localhost")


def _check_browser(request: Request) -> None:
    # Any web page can make the user's own browser call loopback: by a name of its own that leads here, or across sites.
    if not _names_this_machine(request.headers.get("host", "")):
        raise Unauthorized("Without API keys the service is reached as localhost only, not under another host name.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("Without API keys, pages of other sites may not call the service.")


async def key_sent_with(request: Request) -> str | None:
    """The API key in the headers of a request, if any; nobody has looked yet whether it holds."""
    bearer, header = await _BEARER(request), await _HEADER(request)
    return bearer.credentials if bearer else header


async def grant_of(request: Request) -> KeyGrant:
    """What the sender of a request may do, by its headers alone. Raises Unauthorized or Forbidden."""
    keeper: Doorkeeper = request.app.state.doorkeeper
    door: Door = request.app.state.door
    return await keeper.admit(request, door.application, await key_sent_with(request))


async def tenant_of(
    request: Request,
    door: TheDoor,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    header: Annotated[str | None, Depends(_HEADER)],
) -> str:
    """FastAPI dependency: the tenant a request acts for. Raises Unauthorized, or Forbidden naming the missing scope."""
    keeper: Doorkeeper = request.app.state.doorkeeper
    # The admission in front has mostly looked at the key already.
    looked_at: KeyGrant | None = getattr(request.state, "grant", None)
    grant = looked_at or await keeper.admit(request, door.application, bearer.credentials if bearer else header)
    needed = scope_of(request.method, request.scope["route"].path)
    if needed not in grant.scopes:
        raise Forbidden(f"This API key lacks the scope `{needed}`, which this path asks for.")
    request.state.key_id = grant.key_id
    return grant.tenant


Tenant = Annotated[str, Depends(tenant_of)]

# How the description writes what `Tenant` asks for, where a route asks for it without FastAPI's help.
SECURITY: Sequence[Mapping[str, Sequence[str]]] = ({_BEARER.scheme_name: ()}, {_HEADER.scheme_name: ()})


async def admitted_tenant(request: Request) -> str:
    """As `tenant_of`, for a route that is called too often to have its dependencies solved each time."""
    bearer, header = await _BEARER(request), await _HEADER(request)
    return await tenant_of(request, await door_of(request), bearer, header)
