"""`/v1/analytics`: where continuity breaks, over all of a tenant's journeys."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.interfaces.http import examples
from app.interfaces.http.authentication import Tenant
from app.interfaces.http.content_negotiation import JSON, chosen_media_type
from app.interfaces.http.csv_tables import CSV, table_answer
from app.interfaces.http.dependencies import TheDoor
from app.interfaces.http.documentation import NOT_ACCEPTABLE, refusals
from app.interfaces.http.idempotency import answer
from app.interfaces.http.schemas import Limit
from app.models.continuity import (
    Breakpoint,
    Continuity,
    ContinuityFilter,
    ContinuityGroup,
    ContinuityPeriod,
    ConversationGraph,
    Escalation,
    Escalations,
    EscalationsOnly,
    FrictionSpot,
    FrictionSpots,
    GraphEdge,
    GraphStep,
    GraphSteps,
    GroupBy,
)

router = APIRouter(tags=["Analytics"])

Format = Literal["json", "csv"]
_FORMAT: Any = Field(None, description="`csv` or `json`; comes before Accept")
_AFTER: Any = Field(None, max_length=256, description="`next_after` of the page before")


class Filters(ContinuityFilter):
    """Which part of the journeys is looked at, and as what it is answered."""

    format: Format | None = _FORMAT

    @property
    def filters(self) -> ContinuityFilter:
        """The filter by itself."""
        return ContinuityFilter.model_validate({name: getattr(self, name) for name in ContinuityFilter.model_fields})


class ContinuityQuery(Filters):
    """Which escalations the figures are of, and how they are told apart."""

    group_by: GroupBy = Field(
        GroupBy.BREAKPOINT,
        description="`day` and `week` fill `over_time`; `channel` (where the agent took over), `from_channel`, "
        "`queue`, `intent` and `reason` fill `groups`",
    )


class EscalationsQuery(Filters):
    """Which escalations are wanted."""

    only: EscalationsOnly | None = Field(None, description="only those that count as this")
    after: str | None = _AFTER
    limit: Limit = Field(default=50, description="how many escalations a page has at most")


class StepsQuery(Filters):
    """Which conversations are wanted: those of a node, or those that an edge leads to."""

    node: str | None = Field(None, max_length=300, description="the `id` of a node")
    from_node: str | None = Field(None, max_length=300, description="`from` of an edge; `to_node` is needed with it")
    to_node: str | None = Field(None, max_length=300, description="`to` of an edge; `from_node` is needed with it")
    after: str | None = _AFTER
    limit: Limit = Field(default=50, description="how many conversations a page has at most")


class SpotsQuery(Filters):
    """Which moments of friction are wanted."""

    limit: Limit = Field(default=20, description="how many moments there are at most")


def _also_csv(example: Any, header: str) -> dict[int | str, dict[str, Any]]:
    content = {JSON: {"example": example}, CSV: {"schema": {"type": "string"}, "example": header}}
    described = "The answer; as `text/csv` its rows alone, nested fields under dotted names"
    return {200: {"description": described, "content": content}, **NOT_ACCEPTABLE, **refusals()}


@router.get(
    "/v1/analytics/continuity",
    summary="Where continuity breaks",
    response_model=Continuity,
    responses=_also_csv(examples.CONTINUITY, "from_channel,to_channel,count\r\nchat,voice,214\r\n"),
)
async def continuity(
    request: Request, query: Annotated[ContinuityQuery, Query()], door: TheDoor, tenant: Tenant
) -> Response:
    """How often customers must repeat themselves and agents know nothing, and what that costs: of all escalations that
    the filter lets through, by breakpoint, and by what `group_by` names. `definitions` holds each figure's formula.
    """
    made = await door.application.analytics.continuity(tenant, query.filters, group_by=query.group_by)
    if _wants_csv(request, query):
        return table_answer(*_rows_of(made), "continuity")
    return answer(made).response()


@router.get(
    "/v1/analytics/continuity/escalations",
    summary="The escalations behind the figures",
    response_model=Escalations,
    responses=_also_csv(examples.ESCALATIONS, "escalation_id,customer_id,at\r\n"),
)
async def escalations(
    request: Request, query: Annotated[EscalationsQuery, Query()], door: TheDoor, tenant: Tenant
) -> Response:
    """Each with what was counted of it and the interactions that say so, the newest first."""
    made = await door.application.analytics.escalations(
        tenant, query.filters, only=query.only, after=query.after, limit=query.limit
    )
    if _wants_csv(request, query):
        return table_answer(Escalation, made.escalations, "escalations")
    return answer(made).response()


@router.get(
    "/v1/analytics/graph",
    summary="The conversation graph",
    response_model=ConversationGraph,
    responses=_also_csv(examples.GRAPH, "from,to,count\r\nchat:refund,voice:refund,88\r\n"),
)
async def graph(request: Request, query: Annotated[Filters, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """Where customers are, by channel and intent, how often they go on from one to another within a journey, and the
    share in which that broke: they had to say again what was known, or met an agent who knew nothing of it.
    """
    made = await door.application.analytics.conversation_graph(tenant, query.filters)
    if _wants_csv(request, query):
        return table_answer(GraphEdge, made.edges, "graph")
    return answer(made).response()


@router.get(
    "/v1/analytics/graph/conversations",
    summary="The conversations behind a node or an edge",
    response_model=GraphSteps,
    responses=_also_csv(examples.GRAPH_STEPS, "customer_id,at\r\n"),
)
async def steps(request: Request, query: Annotated[StepsQuery, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """Name a `node`, or an edge by `from_node` and `to_node`; the newest come first."""
    made = await door.application.analytics.graph_steps(
        tenant,
        query.filters,
        node=query.node,
        from_node=query.from_node,
        to_node=query.to_node,
        after=query.after,
        limit=query.limit,
    )
    if _wants_csv(request, query):
        return table_answer(GraphStep, made.steps, "conversations")
    return answer(made).response()


@router.get(
    "/v1/analytics/moments",
    summary="High-friction moments",
    response_model=FrictionSpots,
    responses=_also_csv(examples.MOMENTS, "kind,channel,intent,node,journeys\r\n"),
)
async def moments(request: Request, query: Annotated[SpotsQuery, Query()], door: TheDoor, tenant: Tenant) -> Response:
    """Kinds of friction by channel and intent, those that cost most journeys first: journeys that were escalated after
    it or ended unsettled.
    """
    made = await door.application.analytics.friction_spots(tenant, query.filters, limit=query.limit)
    if _wants_csv(request, query):
        return table_answer(FrictionSpot, made.moments, "moments")
    return answer(made).response()


def _wants_csv(request: Request, query: Filters) -> bool:
    if query.format is not None:
        return query.format == "csv"
    return chosen_media_type(request, (JSON, CSV)) == CSV


def _rows_of(made: Continuity) -> tuple[type[BaseModel], Sequence[BaseModel]]:
    if made.group_by in (GroupBy.DAY, GroupBy.WEEK):
        return ContinuityPeriod, made.over_time
    if made.group_by is GroupBy.BREAKPOINT:
        return Breakpoint, made.breakpoints
    return ContinuityGroup, made.groups
