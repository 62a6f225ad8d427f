"""`/v1/signals/stream` and `/v1/webhooks`: being told of friction the moment it shows."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from time import monotonic
from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Path, Query, Request
from pydantic import Field
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from app.errors import Forbidden, Unauthorized, WarmlineError
from app.interfaces.http.authentication import Authenticator, Tenant, check_still_admitted
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import body, no_body, refusals
from app.interfaces.http.idempotency import JsonReply, answer
from app.interfaces.http.idempotent_post import Posted
from app.interfaces.http.problems import problem_of
from app.interfaces.http.streaming import MEDIA_TYPE, PING_S
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
from app.services import App

# So often it is asked whether a stream's key still holds.
ADMITTED_FOR_S = 3.0
# A listener who takes nothing for so long is let go of.
TAKEN_WITHIN_S = 30.0
# When the service stops, a stream has so long to end by itself.
ENDED_WITHIN_S = 1.0

router = APIRouter(tags=["Interactions and signals"])

_DRAFT = {"url": "https://example.org/warmline", "events": ["signal.fired", "handoff.ready"]}


WebhookId = Annotated[str, Path(max_length=64, description="The id that the webhook got when it was registered.")]


class Webhooks(Record):
    """A tenant's webhooks."""

    webhooks: tuple[Webhook, ...] = Field(description="the tenant's webhooks, the oldest first, without their secrets")


@router.get(
    "/v1/signals/stream",
    summary="Signals as they fire",
    response_class=EventSourceResponse,
    responses={200: {"description": "`signal` events, each with a signal", "content": {MEDIA_TYPE: {}}}, **refusals()},
)
async def stream(
    request: Request,
    door: TheDoor,
    tenant: Tenant,
    last_event_id: Annotated[
        str | None,
        Header(
            max_length=200,
            description="id of the last event that was received; what came since is sent first, as far as remembered",
        ),
    ] = None,
) -> Response:
    """Server-sent events: every signal of the tenant as it fires in any process, its id being the signal's.

    The stream ends when the service stops, and with `event: error` within five seconds after its key was revoked or
    expired. A listener who comes back with `Last-Event-ID`, to whatever process, first gets what it missed, as far as
    that is remembered; it may get a signal twice, under the same id.
    """
    ending = anyio.Event()
    return EventSourceResponse(
        _signals(request, door.application, tenant, last_event_id, ending),
        ping=PING_S,
        ping_message_factory=lambda: ServerSentEvent(comment="still here", sep="\n"),
        sep="\n",
        send_timeout=TAKEN_WITHIN_S,
        shutdown_event=ending,
        shutdown_grace_period=ENDED_WITHIN_S,
    )


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

    async def make() -> JsonReply:
        return answer(await post.application.webhooks.register(post.tenant, draft), status=201)

    return await post.once(make)


@router.get("/v1/webhooks", summary="The webhooks", response_model=Webhooks, responses=refusals())
async def webhooks(door: TheDoor, tenant: Tenant) -> Response:
    """The tenant's webhooks, the oldest first, without their secrets."""
    return answer(Webhooks(webhooks=tuple(await door.application.webhooks.list(tenant)))).response()


@router.delete("/v1/webhooks/{webhook_id}", summary="End a webhook", status_code=204, responses=refusals("not_found"))
async def remove(webhook_id: WebhookId, door: TheDoor, tenant: Tenant) -> Response:
    """Nothing more is sent to it."""
    await door.application.webhooks.remove(tenant, webhook_id)
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
    page = await door.application.webhooks.deliveries(tenant, webhook_id, status=status, cursor=cursor, limit=limit)
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

    async def make() -> JsonReply:
        return answer(await post.application.webhooks.redeliver(post.tenant, webhook_id, request.message_ids))

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

    async def make() -> JsonReply:
        return answer(await post.application.webhooks.rotate(post.tenant, webhook_id))

    return await post.once(make)


async def _signals(
    request: Request, application: App, tenant: str, after: str | None, ending: anyio.Event
) -> AsyncGenerator[bytes, None]:
    async with application.webhooks.listening(tenant, after=after) as queue:
        ender = asyncio.create_task(_end(queue, ending))
        try:
            yield b": listening\n\n"
            admitted_at = monotonic()
            while True:
                if monotonic() - admitted_at >= ADMITTED_FOR_S:
                    if (refused := await _refusal(request, application)) is not None:
                        yield refused
                        return
                    admitted_at = monotonic()
                with suppress(TimeoutError):
                    async with asyncio.timeout(ADMITTED_FOR_S):
                        announcement = await queue.get()
                    if announcement is None:
                        return
                    if announcement.topic is Topic.SIGNAL_FIRED:
                        yield _event(announcement)
                        # Whoever sends a stream remembers its last piece until the next, which may be long in coming.
                        yield b":\n\n"
                    del announcement  # it would stay in memory while the next is waited for
        finally:
            ender.cancel()


async def _end(queue: "asyncio.Queue[Announcement | None]", ending: anyio.Event) -> None:
    await ending.wait()
    queue.put_nowait(None)


async def _refusal(request: Request, application: App) -> bytes | None:
    """The event that ends a stream whose sender would not be let in any more; None for one who would."""
    keeper: Authenticator = request.app.state.authenticator
    try:
        await check_still_admitted(keeper, request, application)
    except (Unauthorized, Forbidden) as refused:
        return b"event: error\ndata: " + problem_of(refused).model_dump_json().encode() + b"\n\n"
    except WarmlineError:  # the database is away: who was let in stays until it can be asked
        return None
    return None


def _event(announcement: Announcement) -> bytes:
    data = announcement.model_dump_json(include={"data"}).removeprefix('{"data":').removesuffix("}")
    return f"id: {announcement.announcement_id}\nevent: signal\ndata: {data}\n\n".encode()
