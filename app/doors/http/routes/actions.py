"""`/v1/next-actions`: what to do next, and what became of it."""

from fastapi import APIRouter
from starlette.responses import Response

from app.doors.http import examples
from app.doors.http.documentation import body, refusals
from app.doors.http.posting import Posted
from app.doors.http.replies import Answer, answer
from app.models import ActionOutcome, Decision, FiledOutcome, NextActionRequest

router = APIRouter(tags=["Next actions"])


@router.post(
    "/v1/next-actions",
    summary="What to do next",
    response_model=Decision,
    responses=refusals("unknown_customer", "unknown_conversation", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(NextActionRequest, {"for a bot": examples.NEXT_ACTIONS}),
)
async def decide(post: Posted) -> Response:
    """How forward to be, the actions worth taking, ranked, and those held back with the reason why."""
    wanted = post.read_as(NextActionRequest)

    async def make() -> Answer:
        decision = await post.application.next_actions(post.tenant, wanted)
        return answer(decision, customer_id=decision.customer_id)

    return await post.once(make)


@router.post(
    "/v1/next-actions/{decision_id}/outcome",
    summary="Tell what became of an action",
    response_model=FiledOutcome,
    responses=refusals("not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(ActionOutcome, {"it helped": examples.OUTCOME}),
)
async def outcome(decision_id: str, post: Posted) -> Response:
    """Kept beside the decision's propensities; telling it again replaces what was told before."""
    told = post.read_as(ActionOutcome)

    async def make() -> Answer:
        filed = await post.application.file_outcome(post.tenant, decision_id, told)
        return answer(filed, customer_id=filed.customer_id)

    return await post.once(make)
