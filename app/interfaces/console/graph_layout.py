"""The conversation graph in coordinates: a column for each channel, a box for each intent, a curve for each edge.

Units are those of the SVG's viewBox, which are CSS pixels where the drawing is shown at its own size.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.interfaces.console.graph_layers import Link, Slot, chain_of, layer_of, order_of_layers, order_within_layers

BOX_WIDTH = 168.0
BOX_HEIGHT = 44.0
# Between columns, by how many there are: more of them stand closer, so that their words stay large in the same window.
GAPS = {1: 120.0, 2: 120.0, 3: 120.0, 4: 112.0, 5: 96.0, 6: 80.0}
LEAST_GAP = 68.0
ROW_GAP = 20.0
BEND_GAP = 8.0
BEND_HEIGHT = 8.0
HEADING = 40.0
MARGIN = 12.0
ROUNDS = 8
WIDEST = 14.0
NARROWEST = 1.5
ARROW = 7.0


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the drawing."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """An edge as drawn: SVG path data of the line and of its arrowhead, its width, and where its label stands."""

    path: str
    head: str
    width: float
    label: Point


@dataclass(frozen=True, slots=True)
class Drawing:
    """The whole: its size, each layer's name with its left side, each node's top left corner, each edge's curve."""

    width: float
    height: float
    columns: Sequence[tuple[str, float]]
    boxes: Mapping[str, Point]
    curves: Mapping[Link, Curve]


def draw(layers: Mapping[str, str], weights: Mapping[str, float], links: Mapping[Link, float]) -> Drawing:
    """Place nodes in the columns of their layers and lead the links between them.

    `layers` names the layer of each node, `weights` how much there is of each, `links` how much goes along each link;
    both ends of a link are nodes.
    """
    links = dict(sorted(links.items()))
    flows: dict[Link, float] = {}
    for (source, target), amount in links.items():
        if layers[source] != layers[target]:
            between = (layers[source], layers[target])
            flows[between] = flows.get(between, 0.0) + amount
    names = order_of_layers(layers.values(), flows)
    rank = {node: names.index(layer) for node, layer in layers.items()}
    rows = order_within_layers(weights, rank, links)
    centres = _centres(rows, rank, links)
    grid = _Grid(len(names))
    boxes = {node: Point(grid.left(number), centres[node] - BOX_HEIGHT / 2) for node, number in rank.items()}
    loops_last = any(rank[a] == rank[b] == len(names) - 1 for a, b in links)
    return Drawing(
        width=grid.left(len(names)) - grid.gap + MARGIN + (grid.loop_reach if loops_last else 0.0),
        height=max((box.y for box in boxes.values()), default=HEADING) + BOX_HEIGHT + ROW_GAP + MARGIN,
        columns=[(name, grid.left(number)) for number, name in enumerate(names)],
        boxes=boxes,
        curves=_curves(grid, boxes, centres, rank, links),
    )


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where so many columns stand."""

    columns: int

    @property
    def gap(self) -> float:
        return GAPS.get(self.columns, LEAST_GAP)

    @property
    def loop_reach(self) -> float:
        """How far a loop may go from the side of its box."""
        return 0.85 * min(self.gap, GAPS[6])

    def left(self, column: int) -> float:
        return MARGIN + column * (BOX_WIDTH + self.gap)


def _height(slot: Slot) -> float:
    return BOX_HEIGHT if isinstance(slot, str) else BEND_HEIGHT


def _centres(
    rows: Sequence[Sequence[Slot]], rank: Mapping[str, int], links: Mapping[Link, float]
) -> Mapping[Slot, float]:
    """The middle of each slot from the top, near the middle of its neighbours as far as the order allows."""
    near: dict[Slot, list[tuple[Slot, float]]] = {}
    for link, amount in links.items():
        if rank[link[0]] != rank[link[1]]:
            for a, b in pairwise(chain_of(link, rank)):
                near.setdefault(a, []).append((b, amount))
                near.setdefault(b, []).append((a, amount))
    centres: dict[Slot, float] = {}
    for row in rows:
        centres.update(_apart(row, [0.0] * len(row)))
    for round_number in range(ROUNDS):
        for row in rows if round_number % 2 == 0 else reversed(rows):
            wanted = [
                _mean([(centres[other], amount) for other, amount in near.get(slot, [(slot, 1.0)])]) for slot in row
            ]
            centres.update(_apart(row, wanted))
    highest = min((at - _height(slot) / 2 for slot, at in centres.items()), default=0.0)
    return {slot: at - highest + HEADING + ROW_GAP / 2 for slot, at in centres.items()}


def _mean(weighted: Sequence[tuple[float, float]]) -> float:
    return sum(value * weight for value, weight in weighted) / sum(weight for _, weight in weighted)


def _apart(row: Sequence[Slot], wanted: Sequence[float]) -> Mapping[Slot, float]:
    """The places nearest to those wanted, by least squares, that keep the order and leave each slot its room.

    Without the room that the slots need, it is an isotonic regression, solved by pooling adjacent violators.
    """
    rooms = [0.0]
    for a, b in pairwise(row):
        gap = ROW_GAP if isinstance(a, str) and isinstance(b, str) else BEND_GAP
        rooms.append(rooms[-1] + (_height(a) + _height(b)) / 2 + gap)
    pools: list[tuple[float, int]] = []
    for centre, room in zip(wanted, rooms, strict=True):
        value, size = centre - room, 1
        while pools and pools[-1][0] >= value:
            above, many = pools.pop()
            value, size = (above * many + value * size) / (many + size), many + size
        pools.append((value, size))
    free = [value for value, size in pools for _ in range(size)]
    return {slot: value + room for slot, value, room in zip(row, free, rooms, strict=True)}


def _curves(
    grid: _Grid,
    boxes: Mapping[str, Point],
    centres: Mapping[Slot, float],
    rank: Mapping[str, int],
    links: Mapping[Link, float],
) -> Mapping[Link, Curve]:
    most = max(links.values(), default=1.0)
    ports = _ports(centres, rank, links)

    def side(node: str, *, right: bool) -> float:
        return boxes[node].x + (BOX_WIDTH if right else 0.0)

    curves: dict[Link, Curve] = {}
    for link, amount in links.items():
        source, target = link
        forwards, within = rank[target] > rank[source], rank[target] == rank[source]
        heading = 1.0 if forwards else -1.0
        start = Point(side(source, right=forwards or within), ports[link, "out"])
        end = Point(side(target, right=not forwards), ports[link, "in"])
        width = max(NARROWEST, WIDEST * amount / most)
        tip = Point(end.x - heading * (ARROW + width / 4), end.y)
        if within:
            path, label = _loop(start, tip, width, grid.loop_reach)
        else:
            bends = [Point(grid.left(layer_of(slot, rank)), centres[slot]) for slot in chain_of(link, rank)[1:-1]]
            path, label = _through(start, bends, tip, heading)
        curves[link] = Curve(path, _head(end, heading, width), width, label)
    return curves


def _ports(
    centres: Mapping[Slot, float], rank: Mapping[str, int], links: Iterable[Link]
) -> Mapping[tuple[Link, str], float]:
    """The height at which each link leaves its source ("out") and enters its target ("in").

    What meets a side of a box is spread over it in the order of where it comes from, so that nothing crosses there.
    """
    sides: dict[tuple[str, bool], list[tuple[float, Link, str]]] = {}
    for link in links:
        source, target = link
        chain = chain_of(link, rank) if rank[source] != rank[target] else [source, target]
        right = rank[target] >= rank[source]
        # Of the two ends of a loop the one that leaves is put above, unless the loop goes up.
        own = 0.25 if source == target else 0.0
        sides.setdefault((source, right), []).append((centres[chain[1]] - own, link, "out"))
        sides.setdefault((target, rank[target] <= rank[source]), []).append((centres[chain[-2]] + own, link, "in"))
    return {
        (link, end): centres[node] + BOX_HEIGHT * ((number + 1) / (len(met) + 1) - 0.5)
        for (node, _), met in sides.items()
        for number, (_, link, end) in enumerate(sorted(met))
    }


def _loop(start: Point, end: Point, width: float, reach: float) -> tuple[str, Point]:
    """A curve that comes back to the side that it left, further out the longer and wider it is."""
    out = start.x + min(reach, 34.0 + 0.12 * abs(end.y - start.y) + 2 * width)
    path = f"M{_at(start)}C{_at(Point(out, start.y))} {_at(Point(out, end.y))} {_at(end)}"
    return path, Point(start.x + 0.75 * (out - start.x), (start.y + end.y) / 2)


def _through(start: Point, bends: Sequence[Point], end: Point, heading: float) -> tuple[str, Point]:
    """A curve from `start` to `end` that passes the columns between the two level; `bends` are their left sides."""
    points = [start]
    for bend in bends:
        passing = [bend, Point(bend.x + BOX_WIDTH, bend.y)]
        points += passing if heading > 0 else reversed(passing)
    points.append(end)
    path = f"M{_at(points[0])}"
    for number, (a, b) in enumerate(pairwise(points)):
        middle = (a.x + b.x) / 2
        path += f"L{_at(b)}" if number % 2 else f"C{_at(Point(middle, a.y))} {_at(Point(middle, b.y))} {_at(b)}"
    return path, _on_curve(start, points[1])


def _on_curve(start: Point, end: Point) -> Point:
    """A third of the way along a level curve, where the edges of a box have parted and others have not yet joined."""
    t = 0.36
    eased = 3 * t**2 - 2 * t**3
    # The control points stand halfway between the two, so x goes 1.5 t (1-t)^2 + 1.5 t^2 (1-t) + t^3 of the way.
    return Point(start.x + (1.5 * t * (1 - t) + t**3) * (end.x - start.x), start.y + eased * (end.y - start.y))


def _head(end: Point, heading: float, width: float) -> str:
    length, half = ARROW + width / 4, 3.5 + width / 2
    back = end.x - heading * length
    return f"M{_at(end)}L{_at(Point(back, end.y - half))}L{_at(Point(back, end.y + half))}Z"


def _at(point: Point) -> str:
    return f"{point.x:.1f},{point.y:.1f}"
