"""The conversation graph: how often customers went on from one channel and intent to another, and where that broke."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from app.analytics import row_filters
from app.analytics.intervals import median, rate
from app.errors import InvalidRequest
from app.models import Channel
from app.models.continuity import ContinuityFilter, GraphEdge, GraphNode
from app.ports.continuity import Moves, VisitFigures

Place = tuple[str, str | None]


class Graph(NamedTuple):
    """Nodes and edges, the most frequent first."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def node_id(channel: str, intent: str | None) -> str:
    """What a node is called: `chat:request_refund`, or `chat` where nobody knows what it was about."""
    return channel if intent is None else f"{channel}:{intent}"


def node_of(name: str, *, field: str) -> Place:
    """The channel and intent of a node's id. Raises InvalidRequest naming the field it was sent in."""
    channel, colon, intent = name.partition(":")
    if channel not in {member.value for member in Channel} or (colon and not intent):
        message = "This is no node. Write it as the graph does: `chat:request_refund`, or `chat` without an intent."
        raise InvalidRequest(f"{field}: {message}", [{"path": field, "message": message}])
    return channel, intent or None


def graph_of(visits: Sequence[Moves], filters: ContinuityFilter) -> Graph:
    """The graph of visits; a node counts all its visits in the time that is looked at, whatever leads to them."""
    moves: defaultdict[tuple[Place, Place], list[Moves]] = defaultdict(list)
    for transition in row_filters.transitions(visits, filters):
        moves[
            (str(transition.before_channel), transition.before_intent), (transition.channel, transition.intent)
        ].append(transition)
    counts: Counter[Place] = Counter()
    for move in visits:
        counts[move.channel, move.intent] += move.visits
    shown = {(visit.channel, visit.intent) for visit in row_filters.visits(visits, filters)}
    shown.update(end for pair in moves for end in pair)
    nodes = [GraphNode(id=node_id(*end), channel=Channel(end[0]), intent=end[1], count=counts[end]) for end in shown]
    edges = [_edge(before, after, some) for (before, after), some in moves.items()]
    return Graph(
        tuple(sorted(nodes, key=lambda node: (-node.count, node.id))),
        tuple(sorted(edges, key=lambda edge: (-edge.count, edge.from_node, edge.to_node))),
    )


def behind(
    rows: Sequence[VisitFigures], filters: ContinuityFilter, *, node: str | None, edge: tuple[str, str] | None
) -> list[VisitFigures]:
    """The visits behind a node, or those that an edge leads to. Raises InvalidRequest for what is no node's id."""
    if edge is not None:
        before, after = node_of(edge[0], field="from_node"), node_of(edge[1], field="to_node")
        moved = row_filters.transitions(rows, filters)
        return [
            row
            for row in moved
            if (row.before_channel, row.before_intent) == before and (row.channel, row.intent) == after
        ]
    wanted = node_of(node or "", field="node")
    return [row for row in rows if (row.channel, row.intent) == wanted]


def _edge(before: Place, after: Place, moves: Sequence[Moves]) -> GraphEdge:
    count, broke = sum(move.visits for move in moves), sum(move.visits for move in moves if move.broke)
    share = rate(broke, count)
    gap = median([gap for move in moves for gap in move.gaps_ms]).value
    return GraphEdge(
        from_node=node_id(*before),
        to_node=node_id(*after),
        count=count,
        median_gap_ms=None if gap is None else round(gap),
        broke=broke,
        broke_share=share.value or 0.0,
        ci_low=share.ci_low or 0.0,
        ci_high=share.ci_high or 0.0,
    )
