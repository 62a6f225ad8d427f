"""`/v1/handoffs`: the brief that is there before the call connects, in every form an agent may want it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.formats.vcon import vcon_of
from app.interfaces import rendering
from app.interfaces.http import examples
from app.interfaces.http.admission import give_place_back
from app.interfaces.http.authentication import Tenant
from app.interfaces.http.card_access import USUAL_LIFETIME, absolute, card_page, issue_pass
from app.interfaces.http.content_negotiation import JSON, chosen_media_type
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import NOT_ACCEPTABLE, body, no_body, refusals
from app.interfaces.http.idempotency import JsonReply, answer
from app.interfaces.http.idempotent_post import Posted
from app.interfaces.http.path_parameters import HandoffId
from app.interfaces.http.schemas import HandoffAnswer, HandoffLink, handoff_answer
from app.interfaces.http.streaming import MEDIA_TYPE as EVENTS
from app.interfaces.http.streaming import handoff_made
from app.models import Feedback, FiledFeedback, Handoff, HandoffRequest, LinkRequest

router = APIRouter(tags=["Handoffs"])

MARKDOWN = "text/markdown"
HTML = "text/html"
VCON = "application/vcon+json"
WHISPER = "text/plain; profile=whisper"
CUSTOMER = "text/plain; profile=customer"

InternalOption = Annotated[
    bool,
    Query(
        description="with application/vcon+json: whether it holds what our side wrote among itself too, notes and "
        "internal messages; default false, since a vCon is made to be handed on"
    ),
]

_STAGES: dict[str, Any] = {
    "description": "The handoff; with `Accept: text/event-stream` in stages: `brief`, `brief` again with the model's "
    "words once verified, `done`. The data of each event is the whole handoff.",
    "content": {
        EVENTS: {"schema": {"type": "string"}, "example": 'event: brief\ndata: {"handoff_id": "hnd_0190…"}\n\n'}
    },
}
_FORMS: dict[str, Any] = {
    "description": "The handoff as it was filed, in the form that Accept asks for",
    "content": {
        MARKDOWN: {"schema": {"type": "string"}},
        HTML: {"schema": {"type": "string"}},
        VCON: {"schema": {"type": "object", "description": "the brief and its conversation as an IETF vCon"}},
        WHISPER: {
            "schema": {"type": "string", "description": "at most 45 words, to be spoken to the agent"},
            "example": "The customer is verified. They said: I cannot return the kettle. We promised: a label.\n",
        },
        CUSTOMER: {
            "schema": {"type": "string", "description": "one or two sentences for the customer while they wait"},
            "example": "Thank you for waiting. I am passing you on to a colleague.\n",
        },
    },
}


@router.post(
    "/v1/handoffs",
    summary="Make a handoff",
    status_code=201,
    response_model=HandoffAnswer,
    responses={
        201: _STAGES,
        **NOT_ACCEPTABLE,
        **refusals("unknown_customer", "unknown_conversation", "idempotency_conflict", "payload_too_large"),
    },
    openapi_extra=body(HandoffRequest, {"bot to agent": examples.HANDOFF}),
)
async def create(request: Request, post: Posted) -> Response:
    """Name a `customer_id`, `identifiers` or a `conversation_id`. The answer is there by `deadline_ms`, whatever a
    model does: a brief made from the interactions themselves stands in for it, and `failure_code` says why.
    """
    media_type = chosen_media_type(request, (JSON, EVENTS))
    wanted = post.read_as(HandoffRequest)
    if media_type == EVENTS:
        stages = partial(post.application.handoffs.stages, post.tenant, wanted, file_first=True)
        return await post.door.streams.open(post.asked, stages)

    async def make() -> JsonReply:
        stages = post.application.handoffs.stages(post.tenant, wanted)
        return handoff_made(await _last(stages, request, post))

    return await post.once(make)


@router.get(
    "/v1/handoffs/{handoff_id}",
    summary="A handoff again",
    response_model=HandoffAnswer,
    responses={200: _FORMS, **NOT_ACCEPTABLE, **refusals("not_found")},
)
async def read(
    handoff_id: HandoffId, request: Request, door: TheDoor, tenant: Tenant, *, internal: InternalOption = False
) -> Response:
    """`stale` is true when the ledger has moved on for this customer since it was made. As a vCon it holds no internal
    note, unless `internal` asks for them.
    """
    media_type = chosen_media_type(request, (JSON, MARKDOWN, HTML, VCON, WHISPER, CUSTOMER))
    handoff = await door.application.handoffs.filed(tenant, handoff_id)
    if media_type == MARKDOWN:
        return Response(rendering.markdown(handoff), media_type=MARKDOWN)
    if media_type == WHISPER:
        evidence = await door.application.handoffs.evidence_of(tenant, handoff)
        return Response(rendering.whisper_text(handoff, evidence), media_type=WHISPER)
    if media_type == CUSTOMER:
        return Response(rendering.customer_text(handoff), media_type=CUSTOMER)
    if media_type == HTML:
        key_id: str | None = request.state.key_id
        opened = await issue_pass(door.application, tenant, handoff_id, key_id, lifetime=USUAL_LIFETIME)
        return await card_page(request, opened, handoff)
    if media_type == VCON:
        rows, customer = await door.application.handoffs.conversation_of(tenant, handoff)
        return Response(to_json(vcon_of(handoff, rows, customer, internal=internal)), media_type=VCON)
    return answer(handoff_answer(handoff)).response()


@router.post(
    "/v1/handoffs/{handoff_id}/refresh",
    summary="Make a handoff anew",
    status_code=201,
    response_model=HandoffAnswer,
    responses=refusals("not_found", "idempotency_conflict"),
    openapi_extra=no_body(),
)
async def refresh(handoff_id: HandoffId, request: Request, post: Posted) -> Response:
    """The same request, judged now: a new handoff with an id of its own."""

    async def make() -> JsonReply:
        stages = post.application.handoffs.refreshed_stages(post.tenant, handoff_id)
        return handoff_made(await _last(stages, request, post))

    return await post.once(make)


@router.post(
    "/v1/handoffs/{handoff_id}/link",
    summary="A link to the agent's card",
    response_model=HandoffLink,
    responses=refusals("not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(LinkRequest, {"for a quarter of an hour": examples.LINK}),
)
async def link(handoff_id: HandoffId, request: Request, post: Posted) -> Response:
    """Opens the card without an API key, for a browser or a desktop's frame: this handoff only, its evidence, feedback,
    action outcomes and refresh. It can be asked for as soon as a stream gave its first `brief`; the card then fills in
    by itself. The link ends after `ttl_s`, or when the API key that asked for it is revoked. Which sites may frame the
    card is a setting of the service.
    """
    wanted = post.read_as(LinkRequest)
    key_id: str | None = request.state.key_id

    async def make() -> JsonReply:
        handoff = await post.application.handoffs.filed(post.tenant, handoff_id)
        lifetime = timedelta(seconds=wanted.ttl_s)
        opened = await issue_pass(post.application, post.tenant, handoff_id, key_id, lifetime=lifetime)
        made = HandoffLink(url=absolute(request, opened.address), expires_at=opened.expires_at)
        return answer(made, customer_id=handoff.customer_id)

    return await post.once(make)


@router.post(
    "/v1/handoffs/{handoff_id}/feedback",
    summary="Tell how a handoff went",
    response_model=FiledFeedback,
    responses=refusals("not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(Feedback, {"displayed": examples.FEEDBACK}),
)
async def feedback(handoff_id: HandoffId, post: Posted) -> Response:
    """It may be told in parts, as the contact goes on; each part is kept."""
    agent_feedback = post.read_as(Feedback)

    async def make() -> JsonReply:
        filed = await post.application.handoffs.file_feedback(post.tenant, handoff_id, agent_feedback)
        return answer(filed, customer_id=filed.customer_id)

    return await post.once(make)


async def _last(stages: AsyncIterator[Handoff], request: Request, post: Posted) -> Handoff:
    """The last stage. After the first a model is waited for, where one is set: who waits for it holds no other back."""
    last: Handoff | None = None
    async for stage in stages:
        last = stage
        if post.application.handoffs.asks_model:
            give_place_back(request)
    assert last is not None
    return last
