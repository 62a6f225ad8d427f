"""`/v1/customers`: who somebody is, and what is known of them over all channels."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.interfaces.http import examples
from app.interfaces.http.authentication import Tenant
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import body, refusals
from app.interfaces.http.idempotency import JsonReply, answer
from app.interfaces.http.idempotent_post import Posted
from app.interfaces.http.path_parameters import CustomerId
from app.interfaces.http.schemas import (
    CustomerAnswer,
    MergeAnswer,
    MergeRequest,
    ResolveRequest,
    SearchHits,
    SearchQuery,
    TimelineAnswer,
    TimelineQuery,
    UnmergeRequest,
    customer_answer,
    search_hits,
    timeline_answer,
)
from app.models import Resolution

router = APIRouter(tags=["Customers"])


@router.post(
    "/v1/customers/resolve",
    summary="Whom identifiers name",
    response_model=Resolution,
    responses=refusals("idempotency_conflict", "payload_too_large"),
    openapi_extra=body(ResolveRequest, {"e-mail": examples.RESOLVE}),
)
async def resolve(post: Posted) -> Response:
    """Nobody known by them: a new customer. Held by somebody else and not verified: `ambiguous`, naming candidates."""
    wanted = post.read_as(ResolveRequest)

    async def make() -> JsonReply:
        resolution = await post.application.customers.resolve(post.tenant, wanted.identifiers)
        return answer(resolution, customer_id=resolution.customer_id)

    return await post.once(make)


@router.get(
    "/v1/customers/{customer_id}",
    summary="One customer",
    response_model=CustomerAnswer,
    responses=refusals("unknown_customer"),
)
async def customer(customer_id: CustomerId, door: TheDoor, tenant: Tenant) -> Response:
    """An id that was merged away leads to the customer who survived."""
    return answer(customer_answer(await door.application.customers.customer(tenant, customer_id))).response()


@router.get(
    "/v1/customers/{customer_id}/timeline",
    summary="One customer's whole history",
    response_model=TimelineAnswer,
    responses=refusals("unknown_customer"),
)
async def timeline(
    customer_id: CustomerId, query: Annotated[TimelineQuery, Query()], door: TheDoor, tenant: Tenant
) -> Response:
    """All channels, ordered by `seq`. Pass `next_after_seq` as `after_seq` until it is null."""
    page = await door.application.interactions.timeline(
        tenant,
        customer_id,
        channel=query.channel,
        kind=query.kind,
        after_seq=query.after_seq,
        limit=query.limit,
    )
    return answer(timeline_answer(page)).response()


@router.get(
    "/v1/customers/{customer_id}/search",
    summary="Find in one customer's history",
    response_model=SearchHits,
    responses=refusals("unknown_customer"),
)
async def search(
    customer_id: CustomerId, query: Annotated[SearchQuery, Query()], door: TheDoor, tenant: Tenant
) -> Response:
    """The same retrieval that feeds the brief, best first."""
    return answer(
        search_hits(await door.application.interactions.search(tenant, customer_id, query.q, limit=query.limit))
    ).response()


@router.post(
    "/v1/customers/{customer_id}/merge",
    summary="Join two customers",
    response_model=MergeAnswer,
    responses=refusals("unknown_customer", "idempotency_conflict", "identity_conflict", "payload_too_large"),
    openapi_extra=body(MergeRequest, {"other": examples.MERGE}),
)
async def merge(customer_id: CustomerId, post: Posted) -> Response:
    """The customer in the path survives; the other id leads to it until the merge is undone."""
    wanted = post.read_as(MergeRequest)

    async def make() -> JsonReply:
        merged = await post.application.customers.merge(post.tenant, customer_id, wanted.other)
        return answer(MergeAnswer(merge_id=merged.merge_id, customer_id=merged.survivor), customer_id=merged.survivor)

    return await post.once(make)


@router.post(
    "/v1/customers/{customer_id}/unmerge",
    summary="Undo a joining",
    response_model=MergeAnswer,
    responses=refusals("unknown_customer", "not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(UnmergeRequest, {"merge": examples.UNMERGE}),
)
async def unmerge(customer_id: CustomerId, post: Posted) -> Response:
    """Afterwards timeline, retrieval and new briefs are as if the merge had never been."""
    wanted = post.read_as(UnmergeRequest)

    async def make() -> JsonReply:
        undone = await post.application.customers.unmerge(post.tenant, customer_id, wanted.merge_id)
        return answer(MergeAnswer(merge_id=undone.merge_id, customer_id=undone.survivor), customer_id=undone.survivor)

    return await post.once(make)
