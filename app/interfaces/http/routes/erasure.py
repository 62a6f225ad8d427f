"""Forgetting and telling all: erasure and export of one customer, and blanking of one interaction."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import APIRouter
from pydantic_core import to_json
from starlette.responses import Response, StreamingResponse

from app.interfaces.http.authentication import Tenant
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import no_body, refusals
from app.interfaces.http.idempotency import JsonReply, answer
from app.interfaces.http.idempotent_post import Posted
from app.interfaces.http.path_parameters import CustomerId, InteractionId
from app.interfaces.http.schemas import InteractionAnswer, redacted_answer
from app.models import Erased

router = APIRouter(tags=["Customers"])

NDJSON = "application/x-ndjson"
_LINES: dict[str, Any] = {
    "description": "One JSON object a line: `customer`, then each `merge`, `interaction`, `handoff`, `decision`, "
    "`feedback`, `outcome`, `offer` and `kept_reply`, named by its `type`",
    "content": {NDJSON: {"schema": {"type": "string"}, "example": '{"type": "customer", "customer": {}}\n'}},
}


@router.delete(
    "/v1/customers/{customer_id}",
    summary="Erase a customer",
    response_model=Erased,
    responses=refusals("unknown_customer"),
)
async def erase(customer_id: CustomerId, door: TheDoor, tenant: Tenant) -> Response:
    """Everything held of them is gone once this is answered: interactions, identifiers, vectors, briefs, decisions,
    feedback and kept replies. Removed interactions leave only their `seq`. `erased` counts by kind.
    """
    return answer(await door.application.customers.erase(tenant, customer_id)).response()


@router.get(
    "/v1/customers/{customer_id}/export",
    summary="All that is held of a customer",
    response_class=StreamingResponse,
    responses={200: _LINES, **refusals("unknown_customer")},
)
async def export(customer_id: CustomerId, door: TheDoor, tenant: Tenant) -> Response:
    """A stream of lines, as long as the customer's history."""
    pieces = await door.application.customers.export(tenant, customer_id)
    return StreamingResponse(_lines(pieces), media_type=NDJSON)


@router.post(
    "/v1/interactions/{interaction_id}/redact",
    summary="Blank one interaction",
    response_model=InteractionAnswer,
    responses=refusals("not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=no_body(),
)
async def redact(interaction_id: InteractionId, post: Posted) -> Response:
    """Its text, its data and the values of its identifiers are gone, and with them every brief that stood on it; its
    ids and its `seq` stay.
    """

    async def make() -> JsonReply:
        row, customer_id = await post.application.interactions.redact(post.tenant, interaction_id)
        return answer(redacted_answer(row, customer_id), customer_id=customer_id)

    return await post.once(make)


async def _lines(pieces: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield to_json(piece) + b"\n"
