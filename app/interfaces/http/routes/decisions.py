"""`/v1/decisions`: the log that another policy can be judged by."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from pydantic_core import to_json
from starlette.responses import Response, StreamingResponse

from app.interfaces.http.authentication import Tenant
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import refusals
from app.models import LEAST_DIFFERENCE, ArmComparison, Moment, Record

router = APIRouter(tags=["Next actions"])

NDJSON = "application/x-ndjson"
_LINES: dict[str, Any] = {
    "description": "One JSON object a line: a decision with its `candidates`, each with the `probability` of having "
    "come first, and its `outcomes`",
    "content": {NDJSON: {"schema": {"type": "string"}, "example": '{"decision_id": "dec_1", "outcomes": []}\n'}},
}


class LogQuery(Record):
    """Which part of the log is wanted."""

    since: Moment | None = Field(None, alias="from", description="decisions made at this time or later")
    until: Moment | None = Field(None, alias="to", description="decisions made before this time")


@router.get(
    "/v1/decisions",
    summary="The log of decisions",
    response_class=StreamingResponse,
    responses={200: _LINES, **refusals()},
)
async def log(query: Annotated[LogQuery, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """A stream of lines, oldest first: what was offered with which propensities, and what became of it.

    `warmline eval policy --log FILE` tells by it how another catalogue would have fared.
    """
    decisions = door.application.decisions.decision_log(tenant, since=query.since, until=query.until)
    return StreamingResponse(_lines(decisions), media_type=NDJSON)


@router.get(
    "/v1/decisions/comparison",
    summary="Whether the challenger serves better",
    responses=refusals("not_found"),
)
async def comparison(
    door: TheDoor,
    tenant: Tenant,
    least: Annotated[
        float, Query(gt=0, le=1, description="The smallest difference of mean success that is worth another catalogue.")
    ] = LEAST_DIFFERENCE,
) -> ArmComparison:
    """The challenger beside the catalogue in force, by the outcomes of their decisions. It may be asked at any time:
    its interval holds however often it is looked at (the mixture sequential probability ratio test).
    """
    return await door.application.decisions.compare(tenant, least=least)


async def _lines(pieces: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield to_json(piece) + b"\n"
