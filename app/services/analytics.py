"""The verbs of those who look at where continuity breaks, over all of a tenant's journeys."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from time import perf_counter
from typing import Literal

from app.analytics import (
    DEFINITIONS,
    behind,
    breakpoints,
    figures,
    graph_of,
    groups,
    node_id,
    over_time,
    ranked,
    restated_name,
    row_filters,
)
from app.errors import InvalidRequest
from app.models import Channel, Interaction
from app.models.continuity import (
    Continuity,
    ContinuityFilter,
    ContinuityMetrics,
    ConversationGraph,
    Escalation,
    Escalations,
    EscalationsOnly,
    FrictionKind,
    FrictionSpot,
    FrictionSpots,
    GraphStep,
    GraphSteps,
    GroupBy,
    MomentSample,
    Restated,
    Visit,
)
from app.ports.continuity import EscalationRow, SpotRow, VisitRow
from app.services.parts import Parts

SAMPLES = 5
# Fields that the answer calls more fully than the rows do.
_RENAMED = {
    "gap": "context_gap",
    "gap_by": "context_gap_by",
    "gap_reason": "context_gap_reason",
    "brief_ms": "time_to_brief_ms",
}


class AnalyticsService:
    """What an App tells about a tenant's journeys. Every verb reads first what was acknowledged before it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def continuity(
        self, tenant: str, filters: ContinuityFilter, *, group_by: GroupBy = GroupBy.BREAKPOINT
    ) -> Continuity:
        """The figures of the escalations that a filter lets through. Raises InvalidRequest."""
        started = perf_counter()
        since, until = row_filters.bounds(filters)
        head = await self._parts.continuity.catch_up(tenant)
        rows = row_filters.escalations(await self._parts.digests.escalations(tenant, since, until), filters)
        return Continuity(
            group_by=group_by,
            filters=filters,
            overall=ContinuityMetrics(**figures(rows)),
            breakpoints=breakpoints(rows),
            over_time=over_time(rows, group_by, filters.since, filters.until),
            groups=groups(rows, group_by),
            definitions=DEFINITIONS,
            unread_conversations=await self._parts.digests.unread_count(tenant),
            as_of_seq=head,
            duration_ms=_since(started),
        )

    async def escalations(
        self,
        tenant: str,
        filters: ContinuityFilter,
        *,
        only: EscalationsOnly | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> Escalations:
        """The escalations behind some figures, the newest first. Raises InvalidRequest."""
        started = perf_counter()
        since, until = row_filters.bounds(filters)
        head = await self._parts.continuity.catch_up(tenant)
        rows = row_filters.escalations(await self._parts.digests.escalations(tenant, since, until), filters)
        wanted, next_after = row_filters.page(row_filters.only(rows, only), after, limit)
        ids = [row.escalation_id for row in wanted]
        rows_by_id = {row.escalation_id: row for row in await self._parts.digests.escalation_rows(tenant, ids)}
        restated = await self._restated(
            tenant, (restatement for row in rows_by_id.values() for restatement in row.restated)
        )
        return Escalations(
            escalations=tuple(
                _escalation(rows_by_id[escalation_id], restated) for escalation_id in ids if escalation_id in rows_by_id
            ),
            next_after=next_after,
            as_of_seq=head,
            duration_ms=_since(started),
        )

    async def conversation_graph(self, tenant: str, filters: ContinuityFilter) -> ConversationGraph:
        """The graph over channels and intents. Raises InvalidRequest."""
        started = perf_counter()
        since, until = row_filters.bounds(filters)
        head = await self._parts.continuity.catch_up(tenant)
        graph = graph_of(await self._parts.digests.moves(tenant, since, until), filters)
        return ConversationGraph(
            filters=filters,
            nodes=graph.nodes,
            edges=graph.edges,
            unread_conversations=await self._parts.digests.unread_count(tenant),
            as_of_seq=head,
            duration_ms=_since(started),
        )

    async def graph_steps(
        self,
        tenant: str,
        filters: ContinuityFilter,
        *,
        node: str | None = None,
        from_node: str | None = None,
        to_node: str | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> GraphSteps:
        """The conversations behind a node, or behind the edge between two, the newest first. Raises InvalidRequest."""
        started = perf_counter()
        edge = _edge_or_node(node, from_node, to_node)
        since, until = row_filters.bounds(filters)
        head = await self._parts.continuity.catch_up(tenant)
        rows = await self._parts.digests.visits(tenant, since, until)
        wanted, next_after = row_filters.page(behind(rows, filters, node=node, edge=edge), after, limit)
        ids = [row.visit_id for row in wanted]
        rows_by_id = {row.visit_id: row for row in await self._parts.digests.visit_rows(tenant, ids)}
        came_from = [row.before_id for row in rows_by_id.values() if row.before_id is not None]
        before = {row.visit_id: row for row in await self._parts.digests.visit_rows(tenant, came_from)}
        restated = await self._restated(
            tenant, (restatement for row in rows_by_id.values() for restatement in row.restated)
        )
        return GraphSteps(
            steps=tuple(_step(rows_by_id[visit_id], before, restated) for visit_id in ids if visit_id in rows_by_id),
            next_after=next_after,
            as_of_seq=head,
            duration_ms=_since(started),
        )

    async def friction_spots(self, tenant: str, filters: ContinuityFilter, *, limit: int = 20) -> FrictionSpots:
        """High-friction moments, those that cost most journeys first. Raises InvalidRequest."""
        started = perf_counter()
        since, until = row_filters.bounds(filters)
        head = await self._parts.continuity.catch_up(tenant)
        rows = row_filters.spots(await self._parts.digests.spots(tenant, since, until), filters)
        best = ranked(rows, limit, SAMPLES)
        ids = [sample for spot in best for sample in spot.samples]
        samples = {row.spot_id: row for row in await self._parts.digests.spot_rows(tenant, ids)}
        return FrictionSpots(
            filters=filters,
            moments=tuple(
                FrictionSpot(
                    kind=FrictionKind(spot.kind),
                    channel=Channel(spot.channel),
                    intent=spot.intent,
                    node=node_id(spot.channel, spot.intent),
                    journeys=spot.journeys,
                    seen=spot.seen,
                    occurrences=spot.occurrences,
                    samples=tuple(_sample(samples[sample]) for sample in spot.samples if sample in samples),
                )
                for spot in best
            ),
            journeys=await self._parts.digests.journeys(tenant, since, until),
            unread_conversations=await self._parts.digests.unread_count(tenant),
            as_of_seq=head,
            duration_ms=_since(started),
        )

    async def read_visits(self, tenant: str) -> None:
        """Read at once what all visits were about that the background would read in its own time.

        Raises RetrievalUnavailable.
        """
        await self._parts.continuity.catch_up(tenant)
        while await self._parts.continuity.read_visits(tenant):
            pass

    async def _restated(
        self, tenant: str, restatements: Iterable[tuple[str, str, str]]
    ) -> Mapping[tuple[str, str, str], Restated]:
        """What was said again, with the name where it is one: the digests hold ids alone."""
        wanted = set(restatements)
        ids = {interaction_id for _, original, restated in wanted for interaction_id in (original, restated)}
        rows = {row.interaction_id: row for row in await self._parts.ledger.by_ids(tenant, ids)} if ids else {}
        return {
            restatement: Restated(
                kind=_kind(restatement[0]),
                value=_value(restatement, rows),
                known=restatement[1],
                restated=restatement[2],
            )
            for restatement in wanted
        }


def _edge_or_node(node: str | None, from_node: str | None, to_node: str | None) -> tuple[str, str] | None:
    if node is not None and from_node is None and to_node is None:
        return None
    if node is None and from_node is not None and to_node is not None:
        return from_node, to_node
    message = "Name either a node, or an edge by `from_node` and `to_node`."
    raise InvalidRequest(f"node: {message}", [{"path": "node", "message": message}])


def _kind(kind: str) -> Literal["identifier", "meaning"]:
    return "identifier" if kind == "identifier" else "meaning"


def _value(restatement: tuple[str, str, str], rows: Mapping[str, Interaction]) -> str | None:
    kind, original, restated = restatement
    if kind != "identifier" or restated not in rows or original not in rows:
        return None
    return restated_name(rows[original], rows[restated])


def _escalation(row: EscalationRow, restated: Mapping[tuple[str, str, str], Restated]) -> Escalation:
    return Escalation.model_validate(
        {
            **{name: value for name, value in row._asdict().items() if name not in _RENAMED},
            "at": _moment(row.at),
            "connected_at": None if row.connected_at is None else _moment(row.connected_at),
            "restated": tuple(restated[restatement] for restatement in row.restated),
            **{new: getattr(row, old) for old, new in _RENAMED.items()},
        }
    )


def _step(
    row: VisitRow, before: Mapping[str, VisitRow], restated: Mapping[tuple[str, str, str], Restated]
) -> GraphStep:
    came_from = before.get(row.before_id) if row.before_id is not None else None
    return GraphStep(
        customer_id=row.customer_id,
        at=_moment(row.at),
        before=_visit(came_from) if came_from else None,
        visit=_visit(row),
        gap_ms=row.gap_ms,
        broke=row.broke,
        escalated=row.escalated,
        restated=tuple(restated[restatement] for restatement in row.restated),
    )


def _visit(row: VisitRow) -> Visit:
    return Visit(
        node=node_id(row.channel, row.intent),
        channel=Channel(row.channel),
        intent=row.intent,
        conversation_id=row.conversation_id,
        started_at=_moment(row.at),
        ended_at=_moment(row.until),
        interactions=row.interactions,
        settled=row.settled,
    )


def _sample(row: SpotRow) -> MomentSample:
    return MomentSample(
        customer_id=row.customer_id,
        conversation_id=row.conversation_id,
        at=_moment(row.at),
        evidence=row.evidence,
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _since(started: float) -> int:
    return round((perf_counter() - started) * 1000)
