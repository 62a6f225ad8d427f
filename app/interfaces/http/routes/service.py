"""`/healthz` and `/readyz`: for whatever keeps the service running, so neither asks for a key."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

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
