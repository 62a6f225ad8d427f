"""`/v1/signals/stream` and `/v1/webhooks`: being told of friction the moment it shows."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from app.application import App
from app.doors.http.documentation import body, refusals
from app.doors.http.posting import Posted
from app.doors.http.replies import Answer, answer
from app.doors.http.security import Tenant
from app.doors.http.state import TheDoor
from app.doors.http.streaming import MEDIA_TYPE, PING_S
from app.models import Announcement, IssuedWebhook, Record, Topic, Webhook, WebhookDraft

router = APIRouter(tags=["Interactions and signals"])

_DRAFT = {"url": "https://example.org/warmline", "events": ["signal.fired", "handoff.ready"]}


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
async def remove(webhook_id: str, door: TheDoor, tenant: Tenant) -> Response:
    """Nothing more is sent to it."""
    await door.application.remove_webhook(tenant, webhook_id)
    return Response(status_code=204)


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
                # Whoever sends a stream remembers its last piece until the next, which may be long in coming.
                del one
                yield ":\n\n"


def _event(one: Announcement) -> str:
    data = one.model_dump_json(include={"data"}).removeprefix('{"data":').removesuffix("}")
    return f"id: {one.announcement_id}\nevent: signal\ndata: {data}\n\n"
