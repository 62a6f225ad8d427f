"""`/healthz` and `/readyz`: for whatever keeps the service running, so neither asks for a key."""

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import PlainTextResponse, Response

from app.errors import NotFound
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.idempotency import answer
from app.models import Record
from app.services import Readiness

router = APIRouter(tags=["Service"])


class Alive(Record):
    """The process answers."""

    status: Literal["ok"] = Field(default="ok", description="always `ok`")


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Whether the process lives", response_model=Alive)
async def healthz() -> Response:
    """Depends on nothing but the process itself."""
    return answer(Alive()).response()


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    summary="Whether a handoff can be served",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "Not now: `checks` says which part is missing"}},
)
async def readyz(door: TheDoor) -> Response:
    """`index_lag` counts interactions whose embedding is still to come; they are found by their words meanwhile."""
    readiness = await door.application.readiness()
    return answer(readiness, status=200 if readiness.status == "ready" else 503).response()


@router.head("/metrics", include_in_schema=False)
@router.get("/metrics", summary="Counts for Prometheus", response_class=PlainTextResponse)
async def metrics(request: Request, door: TheDoor) -> Response:
    """Counts of this service for Prometheus; nothing in them is of a customer or a conversation."""
    if not request.app.state.shows_metrics:
        raise NotFound("The metrics are switched off. Set WARMLINE_METRICS=on.")
    text, media_type = await door.application.metrics()
    return Response(text, media_type=media_type)
