"""`/v1/signals/stream` and `/v1/webhooks`: being told of friction the moment it shows."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response, StreamingResponse

from app.application import App
from app.doors.http.documentation import body, no_body, refusals
from app.doors.http.posting import Posted
from app.doors.http.replies import Answer, answer
from app.doors.http.security import Tenant
from app.doors.http.state import TheDoor
from app.doors.http.streaming import MEDIA_TYPE, PING_S
from app.models import (
    Announcement,
    DeliveryPage,
    DeliveryStatus,
    IssuedWebhook,
    Record,
    Redelivery,
    RedeliveryRequest,
    RotatedWebhook,
    Topic,
    Webhook,
    WebhookDraft,
)

router = APIRouter(tags=["Interactions and signals"])

_DRAFT = {"url": "https://example.org/warmline", "events": ["signal.fired", "handoff.ready"]}


WebhookId = Annotated[str, Path(max_length=64, description="The id that the webhook got when it was registered.")]


class Webhooks(Record):
    """A tenant's webhooks."""

    webhooks: tuple[Webhook, ...]


@router.get(
    "/v1/signals/stream",
    summary="Signals as they fire",
    response_class=StreamingResponse,
    responses={200: {"description": "`signal` events, each with a signal", "content": {MEDIA_TYPE: {}}}, **refusals()},
)
async def stream(
    door: TheDoor, tenant: Tenant, last_event_id: Annotated[str | None, Header(max_length=200)] = None
) -> Response:
    """Server-sent events, without an end: every signal of the tenant as it fires, its id being the signal's.

    A listener who comes back with `Last-Event-ID` first gets what it missed, as far as that is remembered.
    """
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_told(door.application, tenant, last_event_id), media_type=MEDIA_TYPE, headers=headers)


@router.post(
    "/v1/webhooks",
    summary="Register a webhook",
    status_code=201,
    response_model=IssuedWebhook,
    responses=refusals("idempotency_conflict", "payload_too_large"),
    openapi_extra=body(WebhookDraft, {"signals and handoffs": _DRAFT}),
)
async def register(post: Posted) -> Response:
    """Messages are signed after Standard Webhooks with the `secret`, which is shown this once, and sent at least once.

    A message that is not taken is sent again for a day, with growing pauses, under the same `webhook-id`; a receiver
    that answers 410 is removed.

    The URL must not lead into a private network, unless the service's settings allow it.
    """
    draft = post.read_as(WebhookDraft)

    async def make() -> Answer:
        return answer(await post.application.register_webhook(post.tenant, draft), status=201)

    return await post.once(make)


@router.get("/v1/webhooks", summary="The webhooks", response_model=Webhooks, responses=refusals())
async def webhooks(door: TheDoor, tenant: Tenant) -> Response:
    """The tenant's webhooks, the oldest first, without their secrets."""
    return answer(Webhooks(webhooks=tuple(await door.application.webhooks(tenant)))).response()


@router.delete("/v1/webhooks/{webhook_id}", summary="End a webhook", status_code=204, responses=refusals("not_found"))
async def remove(webhook_id: WebhookId, door: TheDoor, tenant: Tenant) -> Response:
    """Nothing more is sent to it."""
    await door.application.remove_webhook(tenant, webhook_id)
    return Response(status_code=204)


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    summary="Messages to a webhook",
    response_model=DeliveryPage,
    responses=refusals("not_found"),
)
async def deliveries(
    webhook_id: WebhookId,
    door: TheDoor,
    tenant: Tenant,
    status: Annotated[DeliveryStatus | None, Query(description="Only messages with this status.")] = None,
    cursor: Annotated[
        str | None, Query(max_length=64, description="The `next_cursor` of the page before; none for the first page.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many messages a page has at most.")] = 50,
) -> Response:
    """What was sent or is to be sent, the newest first. What was settled is kept for seven days."""
    page = await door.application.deliveries(tenant, webhook_id, status=status, cursor=cursor, limit=limit)
    return answer(page).response()


@router.post(
    "/v1/webhooks/{webhook_id}/redeliver",
    summary="Send messages to a webhook again",
    response_model=Redelivery,
    responses=refusals("not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(RedeliveryRequest, {"what was given up": {}, "one": {"message_ids": ["msg_3f1c"]}}),
)
async def redeliver(webhook_id: WebhookId, post: Posted) -> Response:
    """Every message that was given up, or the given ones, whatever became of them, each under its own `webhook-id`."""
    request = post.read_as(RedeliveryRequest) if post.asked.body else RedeliveryRequest()

    async def make() -> Answer:
        return answer(await post.application.redeliver(post.tenant, webhook_id, request.message_ids))

    return await post.once(make)


@router.post(
    "/v1/webhooks/{webhook_id}/rotate",
    summary="Give a webhook a new secret",
    response_model=RotatedWebhook,
    responses=refusals("not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=no_body(),
)
async def rotate(webhook_id: WebhookId, post: Posted) -> Response:
    """The new secret is shown this once. For a day messages carry a signature by each of the two secrets."""

    async def make() -> Answer:
        return answer(await post.application.rotate_webhook(post.tenant, webhook_id))

    return await post.once(make)


async def _told(application: App, tenant: str, after: str | None) -> AsyncGenerator[str, None]:
    async with application.listening(tenant, after=after) as queue:
        yield ": listening\n\n"
        while True:
            try:
                one = await asyncio.wait_for(queue.get(), PING_S)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if one is None:
                return
            if one.topic is Topic.SIGNAL_FIRED:
                yield _event(one)


def _event(one: Announcement) -> str:
    data = one.model_dump_json(include={"data"}).removeprefix('{"data":').removesuffix("}")
    return f"id: {one.announcement_id}\nevent: signal\ndata: {data}\n\n"
