"""A layered drawing of a directed graph whose layers are given: which layer comes first, and the order within each.

After K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures", IEEE
Transactions on Systems, Man, and Cybernetics 11(2), 1981: a link over more than one layer is cut into pieces by bends,
barycentres of the neighbours put each layer in order, and the order with the fewest crossings is kept. The libraries
that draw this way choose the layers themselves; here a layer has a meaning, since each channel is one.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

Link = tuple[str, str]
# A node of the graph by its name, or the bend of a link in the layer of that number.
Slot = str | tuple[Link, int]

SWEEPS = 12


def order_of_layers(layers: Iterable[str], flows: Mapping[Link, float]) -> Sequence[str]:
    """The layers from left to right, so that little of the flow between them goes back, and then that little goes far.

    `flows` says how much goes from one layer to another. Neighbours change places as long as that is better.
    """

    def surplus(layer: str) -> float:
        return sum(amount * ((link[1] == layer) - (link[0] == layer)) for link, amount in flows.items())

    order = sorted(set(layers), key=lambda layer: (surplus(layer), layer))

    def cost(candidate: Sequence[str]) -> tuple[float, float]:
        position = {layer: number for number, layer in enumerate(candidate)}
        back = sum(amount for (a, b), amount in flows.items() if position[b] < position[a])
        return back, sum(amount * abs(position[b] - position[a]) for (a, b), amount in flows.items())

    best, improved = cost(order), True
    while improved:
        improved = False
        for left in range(len(order) - 1):
            candidate = [*order[:left], order[left + 1], order[left], *order[left + 2 :]]
            if (candidate_cost := cost(candidate)) < best:
                order, best, improved = candidate, candidate_cost, True
    return order


def chain_of(link: Link, rank: Mapping[str, int]) -> Sequence[Slot]:
    """The slots that a link passes, from its source to its target: a bend in each layer between the two."""
    source, target = link
    step = 1 if rank[target] > rank[source] else -1
    between = range(rank[source] + step, rank[target], step)
    return [source, *((link, number) for number in between), target]


def order_within_layers(
    weights: Mapping[str, float], rank: Mapping[str, int], links: Iterable[Link]
) -> list[list[Slot]]:
    """The slots of each layer from top to bottom, with few crossings; else heavy nodes come first."""
    chains = [chain_of(link, rank) for link in sorted(links) if rank[link[0]] != rank[link[1]]]
    layers: list[list[Slot]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for node in sorted(rank, key=lambda name: (-weights[name], name)):
        layers[rank[node]].append(node)
    for chain in chains:
        for slot in chain[1:-1]:
            layers[layer_of(slot, rank)].append(slot)
    pieces = _pieces(chains, rank)
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers, pieces)
    for sweep in range(SWEEPS):
        _sweep(layers, pieces, forwards=sweep % 2 == 0)
        if (count := _crossings(layers, pieces)) < fewest:
            best, fewest = [list(layer) for layer in layers], count
    return best


def layer_of(slot: Slot, rank: Mapping[str, int]) -> int:
    """The number of the layer that a slot is in."""
    return rank[slot] if isinstance(slot, str) else slot[1]


def crossings(layers: Sequence[Sequence[Slot]], rank: Mapping[str, int], links: Iterable[Link]) -> int:
    """How often links cross each other between neighbouring layers in a given order."""
    return _crossings(layers, _pieces([chain_of(link, rank) for link in links if rank[link[0]] != rank[link[1]]], rank))


def _pieces(chains: Iterable[Sequence[Slot]], rank: Mapping[str, int]) -> Mapping[int, Sequence[tuple[Slot, Slot]]]:
    """The pieces between each layer and the next one, by the number of the left one, told from left to right."""
    pieces: dict[int, list[tuple[Slot, Slot]]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            left, right = sorted((a, b), key=lambda slot: layer_of(slot, rank))
            pieces.setdefault(layer_of(left, rank), []).append((left, right))
    return pieces


def _sweep(layers: list[list[Slot]], pieces: Mapping[int, Sequence[tuple[Slot, Slot]]], *, forwards: bool) -> None:
    """Put each layer into the order of the barycentres of its neighbours in the layer before."""
    for number in range(1, len(layers)) if forwards else range(len(layers) - 2, -1, -1):
        fixed = layers[number - 1 if forwards else number + 1]
        position = {slot: at for at, slot in enumerate(fixed)}
        near: dict[Slot, list[int]] = {}
        for left, right in pieces.get(number - 1 if forwards else number, ()):
            moved, anchor = (right, left) if forwards else (left, right)
            near.setdefault(moved, []).append(position[anchor])
        now = {slot: float(at) for at, slot in enumerate(layers[number])}
        centre = {slot: sum(positions) / len(positions) for slot, positions in near.items()}
        layers[number].sort(key=lambda slot: centre.get(slot, now[slot]))


def _crossings(layers: Sequence[Sequence[Slot]], pieces: Mapping[int, Sequence[tuple[Slot, Slot]]]) -> int:
    count = 0
    for number, between in pieces.items():
        left = {slot: at for at, slot in enumerate(layers[number])}
        right = {slot: at for at, slot in enumerate(layers[number + 1])}
        ends: list[int] = []
        # Of pieces sorted by where they start, those cross that end further up than one before; those of the same
        # start never do.
        for _, end in sorted((left[a], right[b]) for a, b in between):
            count += len(ends) - bisect_left(ends, end + 1)
            insort(ends, end)
    return count
