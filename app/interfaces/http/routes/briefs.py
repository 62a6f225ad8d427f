"""`/v1/briefs`: the check that our own brief passes, for anybody's summary."""

from fastapi import APIRouter
from starlette.responses import Response

from app.interfaces.http import examples
from app.interfaces.http.documentation import question, refusals
from app.interfaces.http.idempotency import answer
from app.interfaces.http.idempotent_post import Posted
from app.models import VerifyRequest
from app.services import VerifyAnswer

router = APIRouter(tags=["Handoffs"])


@router.post(
    "/v1/briefs/verify",
    summary="Check sentences against the ledger",
    response_model=VerifyAnswer,
    responses=refusals("unknown_customer", "unknown_conversation", "payload_too_large"),
    openapi_extra=question(VerifyRequest, {"two sentences about a conversation": examples.VERIFY}),
)
async def verify(post: Posted) -> Response:
    """A verdict for each claim, in order: whether the conversation (or all that is known of the customer) bears it out,
    with what and how well, and in words what is wrong. “The agent” is whoever served the customer, bot or person.
    """
    wanted = post.read_as(VerifyRequest)
    return answer(await post.application.verification.check(post.tenant, wanted)).response()
