"""`/console/graph`: the conversation graph over channels and intents, and the moments that cost most journeys.

The drawing is an SVG of links: each edge and each node leads to the conversations behind it, also without a script.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

from fastapi import Query, Request
from starlette.responses import Response

from app.interfaces.console.figure_words import duration
from app.interfaces.console.filters import AnalyticsFilters, Span
from app.interfaces.console.graph_layout import BOX_HEIGHT, BOX_WIDTH, Curve, Drawing, Point, draw
from app.interfaces.console.journey import address_of
from app.interfaces.console.pages import NavigationEntry, download, page, page_router
from app.interfaces.console.sessions import AnalyticsVisitor
from app.interfaces.rendering.environment import words
from app.models import Channel, Scope
from app.models.continuity import ConversationGraph, GraphEdge, GraphNode, GraphSteps

router = page_router()
SECTION = NavigationEntry("/console/graph", "Graph", Scope.ANALYTICS)

# Where nobody says how many an edge must count, as many are drawn as can be followed with the eye.
MOST_EDGES = 40
MOST_LABELS = 24
MOST_MOMENTS = 12
# An edge with fewer is drawn dashed: one case more would change its colour.
FEW = 5
# Shares from which on an edge has the next colour.
STEPS = (0.05, 0.15, 0.3, 0.5)
_LABEL_WIDTH, _LABEL_HEIGHT = 30.0, 13.0


class GraphAsked(AnalyticsFilters):
    """What the graph is asked; a node, or both ends of an edge, opens the conversations behind it."""

    min_count: Annotated[int, Query(ge=1, le=1_000_000)] | None = None
    node: Annotated[str, Query(max_length=512)] | None = None
    from_node: Annotated[str, Query(max_length=512)] | None = None
    to_node: Annotated[str, Query(max_length=512)] | None = None
    after: Annotated[str, Query(max_length=256)] | None = None


class DrawnNode(NamedTuple):
    """A node in its place, and what is told of it."""

    node: GraphNode
    at: Point
    title: str
    description: str
    address: str


class DrawnEdge(NamedTuple):
    """An edge as a curve: its colour as a step of `STEPS`, whether it has few cases, and what is told of it."""

    edge: GraphEdge
    curve: Curve
    step: int
    few: bool
    chosen: bool
    label: str | None
    description: str
    address: str


class Picture(NamedTuple):
    """The drawing with all that is on it; `left_out` counts the edges that are not."""

    drawing: Drawing
    nodes: Sequence[DrawnNode]
    edges: Sequence[DrawnEdge]
    min_count: int
    left_out: int


@router.get(SECTION.path)
async def show(request: Request, visitor: AnalyticsVisitor, asked: Annotated[GraphAsked, Query()]) -> Response:
    """The graph, the conversations behind what was chosen in it, and the moments."""
    now = datetime.now(UTC)
    application, tenant, filters = visitor.application, visitor.tenant, asked.filter(now)
    graph = await application.analytics.conversation_graph(tenant, filters)
    moments = await application.analytics.friction_spots(tenant, filters, limit=MOST_MOMENTS)
    steps: GraphSteps | None = None
    if asked.node or asked.from_node or asked.to_node:
        steps = await application.analytics.graph_steps(
            tenant, filters, node=asked.node, from_node=asked.from_node, to_node=asked.to_node, after=asked.after
        )
    facts: dict[str, Any] = {
        "asked": asked,
        "window": asked.window(now),
        "graph": graph,
        "picture": picture(graph, asked),
        "steps": steps,
        "moments": moments,
        "box": (BOX_WIDTH, BOX_HEIGHT),
        "shares": _ranges(),
        "few": FEW,
        "spans": list(Span),
        "channels": list(Channel),
        "intents": sorted({node.intent for node in graph.nodes if node.intent}),
        "here_path": SECTION.path,
        "duration": duration,
        "named": named,
        "journey_of": address_of,
    }
    return page(request, "console/graph.html", **facts)


@router.get(f"{SECTION.path}.csv")
async def table(visitor: AnalyticsVisitor, asked: Annotated[GraphAsked, Query()]) -> Response:
    """The edges for a spreadsheet, the same as the API gives."""
    graph = await visitor.application.analytics.conversation_graph(visitor.tenant, asked.filter(datetime.now(UTC)))
    return download(GraphEdge, graph.edges, "graph")


def picture(graph: ConversationGraph, asked: GraphAsked) -> Picture:
    """The drawing of a graph: edges that count enough, the nodes they join, and nodes that count enough themselves."""
    least = asked.min_count or _least_that_fits(graph.edges)
    edges = [edge for edge in graph.edges if edge.count >= least]
    ends = {end for edge in edges for end in (edge.from_node, edge.to_node)}
    nodes = [node for node in graph.nodes if node.id in ends or node.count >= least]
    drawing = draw(
        {node.id: node.channel.value for node in nodes},
        {node.id: float(node.count) for node in nodes},
        {(edge.from_node, edge.to_node): float(edge.count) for edge in edges},
    )
    labels = _labels(edges, drawing)
    open_at = asked.model_copy(update={"node": None, "from_node": None, "to_node": None, "after": None})
    return Picture(
        drawing,
        [_drawn_node(node, drawing, open_at) for node in nodes],
        [_drawn_edge(edge, drawing, labels, asked, open_at) for edge in edges],
        least,
        len(graph.edges) - len(edges),
    )


def _least_that_fits(edges: Sequence[GraphEdge]) -> int:
    """The least count with which no more edges are drawn than can be followed; 1 where all of them can."""
    if len(edges) <= MOST_EDGES:
        return 1
    return sorted((edge.count for edge in edges), reverse=True)[MOST_EDGES] + 1


def named(node: str) -> str:
    """A node's id in words: chat · request refund."""
    return " · ".join(words(part) for part in node.split(":", 1))


def _drawn_node(node: GraphNode, drawing: Drawing, asked: GraphAsked) -> DrawnNode:
    visits = f"{node.count} visit{'' if node.count == 1 else 's'}"
    return DrawnNode(
        node,
        drawing.boxes[node.id],
        title=words(node.intent) if node.intent else "no intent",
        description=f"{named(node.id)}: {visits}",
        address=asked.address(SECTION.path, node=node.id) + "#behind",
    )


def _drawn_edge(
    edge: GraphEdge, drawing: Drawing, labels: frozenset[tuple[str, str]], asked: GraphAsked, open_at: GraphAsked
) -> DrawnEdge:
    ends = (edge.from_node, edge.to_node)
    return DrawnEdge(
        edge,
        drawing.curves[ends],
        step=sum(edge.broke_share >= bound for bound in STEPS),
        few=edge.count < FEW,
        chosen=(asked.from_node, asked.to_node) == ends,
        label=f"{100 * edge.broke_share:.0f}%" if ends in labels else None,
        description=_edge_in_words(edge),
        address=open_at.address(SECTION.path, from_node=ends[0], to_node=ends[1]) + "#behind",
    )


def _edge_in_words(edge: GraphEdge) -> str:
    times = f"{edge.count} time{'' if edge.count == 1 else 's'}"
    gap = f", {duration(edge.median_gap_ms)} later (median)" if edge.median_gap_ms is not None else ""
    return (
        f"{named(edge.from_node)} → {named(edge.to_node)}: {times}{gap}; broke {edge.broke} times, "
        f"{100 * edge.broke_share:.0f}% (95% interval {100 * edge.ci_low:.0f}–{100 * edge.ci_high:.0f}%)"
    )


def _labels(edges: Sequence[GraphEdge], drawing: Drawing) -> frozenset[tuple[str, str]]:
    """The edges whose share is written beside them: those that broke most often first, as long as there is room."""
    taken: list[Point] = []
    labelled: set[tuple[str, str]] = set()
    for edge in sorted(edges, key=lambda edge: (-edge.broke, -edge.count, edge.from_node, edge.to_node)):
        at = drawing.curves[edge.from_node, edge.to_node].label
        free = all(abs(at.x - other.x) >= _LABEL_WIDTH or abs(at.y - other.y) >= _LABEL_HEIGHT for other in taken)
        if free and len(taken) < MOST_LABELS:
            taken.append(at)
            labelled.add((edge.from_node, edge.to_node))
    return frozenset(labelled)


def _ranges() -> Sequence[Mapping[str, Any]]:
    """The colours and the shares that they stand for, for the legend."""
    bounds = [0.0, *STEPS, 1.0]
    return [
        {"step": step, "told": f"{100 * low:.0f} to {'under ' if high < 1 else ''}{100 * high:.0f}%"}
        for step, (low, high) in enumerate(pairwise(bounds))
    ]
