"""The drawing of the conversation graph: what a reader can rely on, however the graph is."""

import random
import re
from collections.abc import Mapping
from itertools import combinations

from app.interfaces.console import graph_layers
from app.interfaces.console.graph_layout import BOX_HEIGHT, BOX_WIDTH, Drawing, draw

Link = tuple[str, str]


def graph(
    seed: int, channels: int, intents: int, edges: int
) -> tuple[dict[str, str], dict[str, float], dict[Link, float]]:
    """A graph made by a seed: layers, weights and links, loops and ways back among them."""
    dice = random.Random(seed)
    layers = {f"c{c}/i{i}": f"c{c}" for c in range(channels) for i in range(intents)}
    nodes = list(layers)
    links = {(dice.choice(nodes), dice.choice(nodes)): float(dice.randint(1, 200)) for _ in range(edges)}
    return layers, {node: float(dice.randint(1, 400)) for node in nodes}, links


def numbers(path: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d+\.\d", path)]


def ends(drawing: Drawing, link: Link) -> tuple[float, float]:
    """Where an edge leaves its source and where its arrow points, from the left."""
    curve = drawing.curves[link]
    return numbers(curve.path)[0], numbers(curve.head)[0]


def chain(names: str, links: Mapping[Link, float]) -> Drawing:
    layers = {name: name for name in names}
    return draw(layers, dict.fromkeys(layers, 1.0), links)


def test_the_channel_that_most_comes_from_stands_left_of_the_one_it_goes_to() -> None:
    drawing = chain("abc", {("c", "b"): 9.0, ("b", "a"): 7.0, ("a", "c"): 1.0})
    assert [name for name, _ in drawing.columns] == ["c", "b", "a"]


def test_no_two_boxes_of_a_column_overlap_whatever_the_graph() -> None:
    for seed in range(20):
        drawing = draw(*graph(seed, channels=6, intents=10, edges=110))
        for a, b in combinations(drawing.boxes.values(), 2):
            assert abs(a.x - b.x) >= BOX_WIDTH or abs(a.y - b.y) >= BOX_HEIGHT


def test_everything_lies_within_the_drawing() -> None:
    for seed in range(20):
        drawing = draw(*graph(seed, channels=5, intents=4, edges=40))
        for curve in drawing.curves.values():
            coordinates = numbers(curve.path)
            assert min(coordinates[::2]) >= 0
            assert max(coordinates[::2]) <= drawing.width
            assert min(coordinates[1::2]) >= 0
            assert max(coordinates[1::2]) <= drawing.height


def test_an_edge_leaves_its_source_and_points_at_its_target() -> None:
    links = {("a", "b"): 5.0, ("b", "a"): 2.0, ("a", "c"): 3.0, ("b", "b"): 1.0, ("b", "c"): 4.0}
    drawing = chain("abc", links)
    left = {node: box.x for node, box in drawing.boxes.items()}
    right = {node: x + BOX_WIDTH for node, x in left.items()}
    assert ends(drawing, ("a", "b")) == (right["a"], left["b"])
    assert ends(drawing, ("b", "a")) == (left["b"], right["a"])
    assert ends(drawing, ("a", "c")) == (right["a"], left["c"])
    assert ends(drawing, ("b", "b")) == (right["b"], right["b"])


def test_the_way_there_and_the_way_back_do_not_lie_on_each_other() -> None:
    drawing = chain("ab", {("a", "b"): 5.0, ("b", "a"): 4.0})
    there, back = (numbers(drawing.curves[link].path) for link in (("a", "b"), ("b", "a")))
    assert there[1] != back[-1]
    assert there[-1] != back[1]


def test_an_edge_is_as_wide_as_its_count_next_to_the_widest() -> None:
    drawing = chain("abc", {("a", "b"): 200.0, ("b", "c"): 100.0, ("a", "c"): 1.0})
    wide, half, thin = (drawing.curves[link].width for link in (("a", "b"), ("b", "c"), ("a", "c")))
    assert half == wide / 2
    assert 1 <= thin < half


def test_a_long_edge_passes_between_the_boxes_of_the_columns_on_its_way() -> None:
    layers = {"a1": "a", "b1": "b", "b2": "b", "b3": "b", "c1": "c"}
    links = {
        ("a1", "b1"): 9.0,
        ("a1", "b2"): 9.0,
        ("b2", "c1"): 9.0,
        ("b1", "c1"): 9.0,
        ("a1", "c1"): 5.0,
        ("a1", "b3"): 5.0,
    }
    drawing = draw(layers, dict.fromkeys(layers, 1.0), links)
    coordinates = numbers(drawing.curves["a1", "c1"].path)
    column = drawing.boxes["b1"].x
    passed = [y for x, y in zip(coordinates[::2], coordinates[1::2], strict=True) if column <= x <= column + BOX_WIDTH]
    assert passed
    for y in passed:
        assert all(not box.y <= y <= box.y + BOX_HEIGHT for box in drawing.boxes.values() if box.x == column)


def test_the_order_within_the_columns_takes_away_most_of_the_crossings() -> None:
    before = after = 0
    for seed in range(10):
        layers, weights, links = graph(seed, channels=5, intents=5, edges=30)
        names = sorted(set(layers.values()))
        rank = {node: names.index(layer) for node, layer in layers.items()}
        rows = graph_layers.order_within_layers(weights, rank, links)
        unordered = [sorted(row, key=str) for row in rows]
        before += graph_layers.crossings(unordered, rank, links)
        after += graph_layers.crossings(rows, rank, links)
    assert after < before / 2


def test_crossings_are_counted_once_for_each_pair_of_edges_that_cross() -> None:
    rank = {"a": 0, "b": 0, "x": 1, "y": 1}
    rows: list[list[graph_layers.Slot]] = [["a", "b"], ["x", "y"]]
    assert graph_layers.crossings(rows, rank, [("a", "y"), ("b", "x")]) == 1
    assert graph_layers.crossings(rows, rank, [("a", "x"), ("b", "y")]) == 0
    assert graph_layers.crossings(rows, rank, [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]) == 1


def test_the_same_graph_is_drawn_the_same_whatever_order_it_comes_in() -> None:
    layers, weights, links = graph(4, channels=4, intents=4, edges=30)
    turned = draw(
        dict(reversed(layers.items())), dict(reversed(weights.items())), dict(sorted(links.items(), reverse=True))
    )
    first = draw(layers, weights, links)
    assert (first.columns, first.boxes, first.curves) == (turned.columns, turned.boxes, turned.curves)


def test_a_graph_without_nodes_is_a_drawing_without_anything_on_it() -> None:
    drawing = draw({}, {}, {})
    assert not drawing.boxes
    assert not drawing.columns
