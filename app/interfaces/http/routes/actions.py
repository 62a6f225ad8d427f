"""`/v1/next-actions` and `/v1/catalogue`: what to do next, what became of it, and what there is to be done at all."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic_core import to_json
from starlette.responses import Response

from app.errors import InvalidRequest
from app.interfaces.http import examples
from app.interfaces.http.authentication import SECURITY, Tenant
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import body, refusals
from app.interfaces.http.idempotency import JsonReply, answer
from app.interfaces.http.idempotent_post import Posted, posted
from app.interfaces.http.path_parameters import DecisionId
from app.interfaces.http.request_bodies import read_body
from app.models import ActionOutcome, Decision, FiledCatalogue, FiledOutcome, NextActionRequest

router = APIRouter(tags=["Next actions"])

MAX_CATALOGUE_BYTES = 4 * 1024 * 1024
_CATALOGUE: dict[str, Any] = {
    "schema": {
        "type": "object",
        "required": ["name", "actions"],
        "description": "`name`, `intents` and `actions`; GET shows one in full.",
    },
    "example": examples.CATALOGUE,
}
_IN_FORCE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The catalogue in force; `ETag` is its version",
        "content": {"application/json": _CATALOGUE},
        "headers": {"ETag": {"schema": {"type": "string"}, "description": "tells one version from another"}},
    }
}
_AS_YAML = {"schema": {"type": "string"}, "example": examples.CATALOGUE_LINES}


@router.post(
    "/v1/next-actions",
    summary="What to do next",
    response_model=Decision,
    responses=refusals("unknown_customer", "unknown_conversation", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(NextActionRequest, {"for a bot": examples.NEXT_ACTIONS}) | {"security": SECURITY},
)
async def decide(request: Request) -> Response:
    """How forward to be, the actions worth taking, ranked, and those held back with the reason why."""
    post = await posted(request)
    wanted = post.read_as(NextActionRequest)

    async def make() -> JsonReply:
        decision = await post.application.decisions.next_actions(post.tenant, wanted)
        return answer(decision, customer_id=decision.customer_id)

    return await post.once(make)


@router.post(
    "/v1/next-actions/{decision_id}/outcome",
    summary="Tell what became of an action",
    response_model=FiledOutcome,
    responses=refusals("not_found", "idempotency_conflict", "payload_too_large"),
    openapi_extra=body(ActionOutcome, {"it helped": examples.OUTCOME}),
)
async def outcome(decision_id: DecisionId, post: Posted) -> Response:
    """Kept beside the decision's propensities; telling it again replaces what was told before."""
    action_outcome = post.read_as(ActionOutcome)

    async def make() -> JsonReply:
        filed = await post.application.decisions.file_outcome(post.tenant, decision_id, action_outcome)
        return answer(filed, customer_id=filed.customer_id)

    return await post.once(make)


Role = Annotated[
    Literal["champion", "challenger"],
    Query(description="The catalogue in force, or the one that decides for a share of the customers beside it."),
]


@router.get("/v1/catalogue", summary="The tenant's catalogue", responses={**_IN_FORCE, **refusals("not_found")})
async def catalogue(door: TheDoor, tenant: Tenant, role: Role = "champion") -> Response:
    """What the tenant put, or else the one that the service was started with."""
    decisions = door.application.decisions
    return _catalogue_answer(await (decisions.challenger if role == "challenger" else decisions.catalogue)(tenant))


@router.put(
    "/v1/catalogue",
    summary="Put the tenant's catalogue",
    responses={**_IN_FORCE, **refusals("payload_too_large")},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/yaml": _AS_YAML, "application/json": _CATALOGUE},
        }
    },
)
async def put_catalogue(
    request: Request,
    door: TheDoor,
    tenant: Tenant,
    check: Annotated[
        bool, Query(description="Put nothing, and answer with `findings`: what is probably not meant so.")
    ] = False,
    role: Role = "champion",
    share: Annotated[
        float, Query(ge=0, le=0.5, description="For which share of the customers a challenger decides; 0 ends it.")
    ] = 0.5,
) -> Response:
    """YAML or JSON. A catalogue with faults is refused whole, each fault named by its path and its line; a sound one is
    kept for good and replaces the one before. Decisions go by it at once, those of other workers within seconds.

    With `check=true` nothing is put: the answer is the report of `warmline catalogue check`, which takes seconds.
    A challenger has the intents of the catalogue in force, and ends when that is replaced.
    """
    sent = await read_body(request, limit=MAX_CATALOGUE_BYTES)
    try:
        text = sent.decode("utf-8-sig")
    except UnicodeDecodeError:
        message = "The body is not UTF-8 text."
        raise InvalidRequest(message, [{"path": "body", "message": message}]) from None
    as_json = "json" in request.headers.get("content-type", "").lower()
    if check:
        report = await door.application.decisions.check_catalogue(text, as_json=as_json)
        return Response(report.model_dump_json(), media_type="application/json")
    decisions = door.application.decisions
    if role == "challenger":
        return _catalogue_answer(await decisions.put_challenger(tenant, text, share=share, as_json=as_json))
    return _catalogue_answer(await decisions.put_catalogue(tenant, text, as_json=as_json))


def _catalogue_answer(filed: FiledCatalogue) -> Response:
    headers = {"ETag": f'"{filed.version}"'}
    return Response(to_json(filed.catalogue), media_type="application/json", headers=headers)
