"""`/v1/interactions` and `/v1/conversations`: what channels write, and the friction it shows."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.application import ConversationSignals, RecordAnswer
from app.doors.http.bodies import sent_interactions
from app.doors.http.documentation import body_of_interactions, refusals
from app.doors.http.posting import PostedBatch
from app.doors.http.replies import answer
from app.doors.http.security import Tenant
from app.doors.http.state import TheDoor

router = APIRouter(tags=["Interactions and signals"])


@router.post(
    "/v1/interactions",
    summary="Record interactions",
    status_code=201,
    response_model=RecordAnswer,
    responses={
        207: {"model": RecordAnswer, "description": "Some rows were refused: each carries its own problem"},
        **refusals("idempotency_conflict", "payload_too_large"),
    },
    openapi_extra=body_of_interactions(),
)
async def record(request: Request, post: PostedBatch) -> Response:
    """Durable once answered. A row whose `id` is known already is a duplicate, not a second row.

    In a batch a bad row does not lose the good ones: it comes back in its place with its own problem, and the status
    is 207. `signals` are those these rows made fire, as far as they need no embedding.
    """
    sent = await sent_interactions(post.asked.body, request.headers.get("content-type", ""))
    return await post.record(sent)


@router.get(
    "/v1/conversations/{conversation_id}/signals",
    summary="The friction of one conversation",
    response_model=ConversationSignals,
    responses=refusals("unknown_conversation"),
)
async def signals(conversation_id: str, door: TheDoor, tenant: Tenant) -> Response:
    """Moments of friction so far, judged now: hesitation, repetition, failures, silence, a wish for a person."""
    return answer(await door.application.conversation_signals(tenant, conversation_id)).response()
