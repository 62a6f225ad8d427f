"""`/v1/connectors`: the webhooks of platforms as they are, and what became of them."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from app.connectors.base import WebhookAnswer, WebhookRequest
from app.errors import Forbidden, NotFound, Unauthorized
from app.interfaces.http.authentication import Tenant, key_sent_with
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import refusals
from app.interfaces.http.idempotency import answer
from app.interfaces.http.request_bodies import read_body
from app.models import ConnectorEventPage, Scope
from app.services import App, OpenedConnector

MAX_WEBHOOK_BYTES = 8 * 1024 * 1024

router = APIRouter(tags=["Interactions and signals"])

ConnectorId = Annotated[str, Path(max_length=64, description="The id that the connector got when it was added.")]

_TAKEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "What the platform expects to get back; the rows are durable", "content": {"*/*": {}}}
}
_ASKED: dict[int | str, dict[str, Any]] = {
    200: {"description": "What the platform expects to get back", "content": {"*/*": {}}}
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "*/*": {
                "schema": {"description": "the platform's webhook, exactly as it sends it"},
                "example": {"event": "message_created", "id": 88, "content": "The hose is too short."},
            }
        },
    }
}


@router.post(
    "/v1/connectors/{connector_id}",
    summary="Take a platform's webhook",
    response_class=Response,
    responses={**_TAKEN, **refusals("not_found", "payload_too_large")},
    openapi_extra=_BODY,
)
async def receive(connector_id: ConnectorId, request: Request, door: TheDoor) -> Response:
    """The connector decides the tenant, and its secret stands in for the API key: the platform's signature is checked
    over the body as it came, and a wrong one is 401 and leaves no trace. A platform that signs nothing sends an API key
    with the scope `ingest` in a header.

    What is acknowledged is in the ledger. The same delivery again, in any order, changes nothing. An event that nobody
    knows is kept as an event.
    """
    application = door.application
    opened = await application.connectors.open(connector_id)
    body = await read_body(request, limit=MAX_WEBHOOK_BYTES)
    if opened.connector.needs_key:
        await _check_key(request, application, opened)
    answered = await application.connectors.receive(opened, _as_sent(request, body))
    return _response(answered)


@router.get(
    "/v1/connectors/{connector_id}",
    summary="Answer a platform's handshake",
    response_class=Response,
    responses={**_ASKED, **refusals("not_found")},
)
async def greet(connector_id: ConnectorId, request: Request, door: TheDoor) -> Response:
    """Platforms that ask, before they send, whether the address is ours get the answer that they expect."""
    opened = await door.application.connectors.open(connector_id)
    answered = door.application.connectors.greet(opened, _as_sent(request, b""))
    if answered is None:
        raise NotFound(f"{opened.connector.title} asks for no handshake: point its webhook here and have it POST.")
    return _response(answered)


@router.head("/v1/connectors/{connector_id}", include_in_schema=False)
async def look(connector_id: ConnectorId, request: Request, door: TheDoor) -> Response:
    """Platforms that only look whether the address answers."""
    opened = await door.application.connectors.open(connector_id)
    answered = door.application.connectors.greet(opened, _as_sent(request, b""))
    return Response(status_code=200 if answered is None else answered.status)


@router.get(
    "/v1/connectors/{connector_id}/events",
    summary="What came through a connector",
    response_model=ConnectorEventPage,
    responses=refusals("not_found"),
)
async def events(
    connector_id: ConnectorId,
    door: TheDoor,
    tenant: Tenant,
    cursor: Annotated[
        str | None, Query(max_length=64, description="The `next_cursor` of the page before; none for the first page.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many entries a page has at most.")] = 50,
) -> Response:
    """Every delivery of the last seven days with what was filed, known already or not understood, and every attempt to
    write a brief back, the newest first. Deliveries with a wrong signature are not among them: they leave no trace.
    """
    page = await door.application.connectors.events(tenant, connector_id, cursor=cursor, limit=limit)
    return answer(page).response()


async def _check_key(request: Request, application: App, opened: OpenedConnector) -> None:
    """Raise Unauthorized without an API key, NotFound for another tenant's, Forbidden for one without the scope."""
    key = await key_sent_with(request)
    if key is None:
        raise Unauthorized(
            f"{opened.connector.title} signs nothing, so its requests need an API key with the scope `ingest`: send it "
            "as Authorization: Bearer <key> or as X-API-Key: <key>."
        )
    grant = await application.access.authenticate(key)
    application.connectors.check_tenant(opened, grant.tenant)
    if Scope.INGEST not in grant.scopes:
        raise Forbidden("This API key lacks the scope `ingest`.")


def _as_sent(request: Request, body: bytes) -> WebhookRequest:
    headers = _headers(request)
    return WebhookRequest(
        method=request.method,
        url=_called(request, headers),
        headers=headers,
        query=dict(request.query_params),
        body=body,
    )


def _headers(request: Request) -> Mapping[str, str]:
    """The headers by lower-case name; one that was sent several times with its values parted by commas."""
    gathered: dict[str, str] = {}
    for name, value in request.headers.items():
        gathered[name] = f"{gathered[name]}, {value}" if name in gathered else value
    return gathered


def _called(request: Request, headers: Mapping[str, str]) -> str:
    """The address that the platform called: a proxy in front names the scheme and host that it was reached under."""
    scheme = _first(headers.get("x-forwarded-proto")) or request.url.scheme
    host = _first(headers.get("x-forwarded-host")) or headers.get("host", request.url.netloc)
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{scheme}://{host}{request.scope.get('raw_path', request.url.path.encode()).decode('latin-1')}{query}"


def _first(value: str | None) -> str:
    return (value or "").partition(",")[0].strip()


def _response(answered: WebhookAnswer) -> Response:
    return Response(answered.body, status_code=answered.status, media_type=answered.media_type)
