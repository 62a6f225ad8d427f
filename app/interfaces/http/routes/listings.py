"""`GET /v1/customers`, `/v1/conversations` and `/v1/handoffs`: what there is, the newest first."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.interfaces.http.authentication import Tenant
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import refusals
from app.interfaces.http.idempotency import answer
from app.models import ConversationPage, CustomerPage, HandoffPage
from app.services.listings import ConversationQuery, CustomerQuery, HandoffQuery

router = APIRouter()


@router.get(
    "/v1/customers",
    tags=["Customers"],
    summary="The customers, the newest first",
    response_model=CustomerPage,
    responses=refusals(),
)
async def customers(query: Annotated[CustomerQuery, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """Pass `next_cursor` as `cursor` until it is null. A page may be short where the filter lets few through."""
    return answer(await door.application.listings.customers(tenant, query)).response()


@router.get(
    "/v1/conversations",
    tags=["Customers"],
    summary="The conversations, those that were written to last first",
    response_model=ConversationPage,
    responses=refusals(),
)
async def conversations(query: Annotated[ConversationQuery, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """Pass `next_cursor` as `cursor` until it is null. `q` is looked for in the newest 20,000 interactions."""
    return answer(await door.application.listings.conversations(tenant, query)).response()


@router.get(
    "/v1/handoffs",
    tags=["Handoffs"],
    summary="The handoffs, the newest first",
    response_model=HandoffPage,
    responses=refusals(),
)
async def handoffs(query: Annotated[HandoffQuery, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """Pass `next_cursor` as `cursor` until it is null. `GET /v1/handoffs/{handoff_id}` gives one whole."""
    return answer(await door.application.listings.handoffs(tenant, query)).response()
