"""`/v1/interactions` and `/v1/conversations`: what channels write, and the friction it shows."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.interfaces.http.authentication import SECURITY, Tenant
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import body_of_interactions, refusals
from app.interfaces.http.idempotency import answer
from app.interfaces.http.idempotent_post import posted_batch
from app.interfaces.http.path_parameters import ConversationId
from app.interfaces.http.request_bodies import sent_interactions
from app.models import Moment, Record
from app.services import ConversationFriction, ConversationSignals, RecordAnswer

router = APIRouter(tags=["Interactions and signals"])


class SignalsQuery(Record):
    """As of when the signals are wanted."""

    now: Moment | None = Field(None, description="the moment as of which it is judged, by default the present")


@router.post(
    "/v1/interactions",
    summary="Record interactions",
    status_code=201,
    response_model=RecordAnswer,
    responses={
        207: {"model": RecordAnswer, "description": "Some rows were refused: each carries its own problem"},
        **refusals("idempotency_conflict", "payload_too_large"),
    },
    openapi_extra=body_of_interactions() | {"security": SECURITY},
)
async def record(request: Request) -> Response:
    """Durable once answered. A row whose `id` is known already is a duplicate, not a second row.

    In a batch a bad row does not lose the good ones: it comes back in its place with its own problem, and the status
    is 207. `signals` are those these rows made fire, as far as they need no embedding.
    """
    post = await posted_batch(request)
    sent = await sent_interactions(post.asked.body, request.headers.get("content-type", ""))
    return await post.record(sent)


@router.get(
    "/v1/conversations/{conversation_id}/signals",
    summary="The friction of one conversation",
    response_model=ConversationSignals,
    responses=refusals("unknown_conversation"),
)
async def signals(
    conversation_id: ConversationId, door: TheDoor, tenant: Tenant, query: Annotated[SignalsQuery, Query()]
) -> Response:
    """Moments of friction as they stood at `now`: hesitation, repetition, failures, silence, a wish for a person.

    `friction` says how much that is altogether, what it is made of, and how forward to be about it.
    """
    return answer(
        await door.application.signals.conversation_signals(tenant, conversation_id, now=query.now)
    ).response()


@router.get(
    "/v1/conversations/{conversation_id}/friction",
    summary="The course of friction over one conversation",
    response_model=ConversationFriction,
    responses=refusals("unknown_conversation"),
)
async def friction(conversation_id: ConversationId, door: TheDoor, tenant: Tenant) -> Response:
    """How it stood at each of the customer's messages, by what had come up to then and nothing after it.

    Of a very long conversation the newest two hundred messages.
    """
    return answer(await door.application.signals.conversation_friction(tenant, conversation_id)).response()
