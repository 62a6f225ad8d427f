"""What a policy expression may cost at most, worked out from its form and the sizes of what it sees.

A step is about a tenth of a microsecond of the engine's work. The engine cannot be interrupted, so an expression is
costed before it runs: once over data of an assumed size when it is put in a catalogue, and again over what is really
there, for also what walks no list may copy, compare or search one.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, cast

from app.actions.phrases import phrase_pattern
from app.actions.syntax import Field, FunctionCall, Index, Items, Joined, Literal, Name, Node, TooDeep, Unreadable, tree
from app.linear import BadPattern, instructions, searcher

# Two walks over a hundred literals, one within the other, or two over data of the assumed size.
MOST_STEPS = 100_000
MOST_STEPS_OVER_DATA = 200_000
ASSUMED_ENTRIES = 32
# Values beyond these are not counted out: what holds more of them is too large for any rule.
MOST_VALUES = 20_000
TEXT_A_STEP = 64
SAID_STEPS = 60
MATCH_STEPS = 300
TOO_MUCH = 10**12

_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_GROWING = frozenset({"map", "filter"})
_LOGIC = frozenset({"&&", "||", "?", ":"})


class Extent(NamedTuple):
    """At most how large a value is: entries at its top, values in all, and what is true of each entry.

    `value` is the value itself where it stands in the data, and `exact` says so.
    """

    entries: int
    weight: int
    inner: "Extent | None" = None
    value: Any = None
    exact: bool = False

    @property
    def entry(self) -> "Extent":
        """What is true of each entry."""
        return self.inner if self.inner is not None else Extent(self.entries, self.weight)


class Bound(NamedTuple):
    """At most how many steps an expression takes, and how large what comes out of it is."""

    steps: int
    extent: Extent


_ONE = Extent(1, 1)
_ASSUMED = Extent(ASSUMED_ENTRIES, ASSUMED_ENTRIES)


class TooCostly(ValueError):
    """An expression that may cost too much; the message says what of it does, and how to mend it."""


class Cost:
    """One expression, read once: what it may cost with any data, and with the data of one moment.

    `walks` is how many macros stand within each other; `fields` are the variables that it sees, each with the field
    that it asks for, or None where it sees the whole.
    """

    def __init__(self, expression: str) -> None:
        """Raises TooCostly when it cannot be costed, or costs too much over data of the assumed size."""
        try:
            self._tree = tree(expression)
        except TooDeep:
            raise TooCostly("it is nested too deep; split it into several rules, all of which must hold") from None
        except Unreadable:
            raise TooCostly("its form is not foreseen, so nobody can tell its cost; write it more simply") from None
        self.walks = _walks(self._tree)
        self.fields = frozenset(_fields(self._tree))
        steps = min(_bound(self._tree, _NameScope({}, Extents())).steps, TOO_MUCH)
        if steps > MOST_STEPS:
            raise TooCostly(_advice(self._tree, steps))

    def steps(self, variables: Mapping[str, Any], extents: "Extents | None" = None) -> int:
        """At most how many steps it takes with these values of its variables; `extents` are those found before."""
        extents = Extents() if extents is None else extents
        scope = {name: extents.of(value) for name, value in variables.items()}
        bound = _bound(self._tree, _NameScope(scope, extents))
        return min(bound.steps, TOO_MUCH)


@lru_cache(maxsize=8192)
def cost(expression: str) -> Cost:
    """The cost of an expression that the engine accepts. Raises TooCostly."""
    return Cost(expression)


def weight(value: Any, most: int = MOST_VALUES) -> int:
    """How many values a value holds, itself and its names counted, texts by their length; counted up to `most`."""
    total = 0
    waiting = [value]
    while waiting and total <= most:
        item = waiting.pop()
        total += 1
        if isinstance(item, str):
            total += len(item) // TEXT_A_STEP
        elif isinstance(item, Mapping):
            waiting.extend(cast(Mapping[Any, Any], item).values())
            total += len(cast(Mapping[Any, Any], item))
        elif isinstance(item, list | tuple):
            waiting.extend(cast(Sequence[Any], item))
    return total


def extent(value: Any) -> Extent:
    """How large a value of the data is."""
    if isinstance(value, Mapping):
        # A walk over a map is one over its keys.
        keys = [len(str(key)) for key in cast(Mapping[Any, Any], value)]
        inner = Extent(1, 1 + max(keys, default=0) // TEXT_A_STEP)
        return Extent(len(keys), weight(value), inner, value, exact=True)
    if isinstance(value, list | tuple):
        items = cast(Sequence[Any], value)[: MOST_VALUES + 1]
        weights = [weight(item) for item in items]
        heaviest = max(weights, default=0)
        return Extent(len(items), 1 + sum(weights), Extent(heaviest, heaviest), value, exact=True)
    return Extent(1, weight(value), _ONE, value, exact=True)


class Extents:
    """How large values of the data are, each looked through once however often an expression names it."""

    def __init__(self) -> None:
        # By identity; each extent holds on to its value, so that no other one takes its place.
        self._extents: dict[int, Extent] = {}

    def of(self, value: Any) -> Extent:
        """How large a value is."""
        size = self._extents.get(id(value))
        if size is None:
            size = self._extents[id(value)] = extent(value)
        return size


class _NameScope(NamedTuple):
    """What the names in an expression stand for."""

    extents: Mapping[str, Extent]
    measured: Extents


def _bound(node: Node, scope: _NameScope) -> Bound:
    match node:
        case Literal():
            return Bound(1, Extent(1, 1 + len(node.source) // TEXT_A_STEP))
        case Name():
            return Bound(1, scope.extents.get(node.name, _ASSUMED))
        case Field() | Index():
            return _part(node, scope)
        case Items():
            return _items([_bound(part, scope) for part in node.parts])
        case Joined():
            return _joined(node, scope)
        case FunctionCall():
            return _call(node, scope)


def _part(node: Field | Index, scope: _NameScope) -> Bound:
    base = _bound(node.base, scope)
    if isinstance(node, Field):
        child = _child(base.extent, node.name, scope.measured)
        # The engine copies what it takes out of a value.
        return Bound(base.steps + 1 + (child.weight if base.extent.exact else 0), child)
    key = _bound(node.key, scope)
    return Bound(base.steps + key.steps + 1 + base.extent.weight // 16, _looked_up(base.extent))


def _child(base: Extent, name: str, extents: Extents) -> Extent:
    if not base.exact:
        return _looked_up(base)
    value: Any = cast(Mapping[str, Any], base.value).get(name) if isinstance(base.value, Mapping) else None
    return extents.of(value)


def _looked_up(base: Extent) -> Extent:
    # The values of a map are no entries of it: a walk sees its keys alone.
    return Extent(base.weight, base.weight)


def _items(parts: Sequence[Bound]) -> Bound:
    total = sum(part.extent.weight for part in parts)
    inner = Extent(
        max((part.extent.entries for part in parts), default=0), max((part.extent.weight for part in parts), default=0)
    )
    # The engine copies what it puts into a list.
    return Bound(1 + total + sum(part.steps for part in parts), Extent(len(parts), 1 + total, inner))


def _joined(node: Joined, scope: _NameScope) -> Bound:
    operands = [_bound(operand, scope) for operand in node.operands]
    groups: list[list[Bound]] = [[operands[0]]]
    for operator, operand in zip(node.operators, operands[1:], strict=True):
        if operator in _LOGIC:
            groups.append([operand])
        else:
            groups[-1].append(operand)
    # What is compared or put together is gone through once for every operator.
    worked = sum((len(group) - 1) * sum(part.extent.weight for part in group) for group in groups)
    steps = sum(operand.steps for operand in operands) + len(groups) + worked
    total = sum(operand.extent.weight for operand in operands)
    counts = sum(operand.extent.entries for operand in operands)
    inner = max((operand.extent.entry for operand in operands), key=lambda entry: entry.weight)
    return Bound(steps, Extent(counts, total, Extent(inner.entries, inner.weight)))


def _call(node: FunctionCall, scope: _NameScope) -> Bound:
    if _is_macro(node):
        return _macro(node, scope)
    parts = [_bound(part, scope) for part in ((node.target,) if node.target else ()) + node.arguments]
    steps = 1 + sum(part.steps + part.extent.weight for part in parts)
    if node.name == "matches":
        steps += MATCH_STEPS + 2 * _instructions(node)
    if node.name == "said":
        steps += SAID_STEPS
        _check_phrases(node)
    total = sum(part.extent.weight for part in parts)
    return Bound(steps, Extent(total, total))


def _macro(node: FunctionCall, scope: _NameScope) -> Bound:
    walked = _bound(cast(Node, node.target), scope)
    variable = cast(Name, node.arguments[0]).name
    inside = scope._replace(extents={**scope.extents, variable: walked.extent.entry})
    bodies = [_bound(body, inside) for body in node.arguments[1:]]
    count = walked.extent.entries
    steps = walked.steps + walked.extent.weight // 16 + 1 + count * (1 + sum(body.steps for body in bodies))
    if node.name not in _GROWING:
        return Bound(steps, _ONE)
    made = walked.extent.entry if node.name == "filter" else bodies[-1].extent
    # The engine copies all of the list that it makes for each entry that it adds.
    steps += count * count * (1 + made.weight) // 2
    inner = Extent(made.entries, made.weight)
    return Bound(steps, Extent(count, max(count, count * made.weight), inner))


def _is_macro(node: FunctionCall) -> bool:
    several = len(node.arguments) >= 2 and isinstance(node.arguments[0], Name)
    return node.target is not None and node.name in _MACROS and several


def _instructions(node: FunctionCall) -> int:
    pattern = node.arguments[-1] if node.arguments else None
    if not isinstance(pattern, Literal):
        raise TooCostly("the pattern of `matches` must be written out as text, or nobody can tell its cost")
    try:
        return instructions(str(ast.literal_eval(pattern.source)))
    except BadPattern as failure:
        raise TooCostly(f"the pattern of `matches` cannot be taken ({failure}); write a simpler one") from None
    except (ValueError, SyntaxError):
        raise TooCostly("the pattern of `matches` must be written out as plain text in quotes") from None


def _check_phrases(node: FunctionCall) -> None:
    for phrases in node.arguments:
        try:
            if isinstance(phrases, Literal):
                searcher(phrase_pattern(str(ast.literal_eval(phrases.source))))
        except BadPattern as failure:
            raise TooCostly(f"the phrases of `said` are too many or have too many `*` ({failure})") from None
        except (ValueError, SyntaxError):
            raise TooCostly("the phrases of `said` must be written out as plain text in quotes") from None


def _children(node: Node) -> Sequence[Node]:
    match node:
        case Field():
            return (node.base,)
        case Index():
            return (node.base, node.key)
        case FunctionCall():
            return (*((node.target,) if node.target else ()), *node.arguments)
        case Items():
            return node.parts
        case Joined():
            return node.operands
        case Literal() | Name():
            return ()


def _walks(node: Node) -> int:
    """How many macros stand within each other at most."""
    inside = max((_walks(child) for child in _children(node)), default=0)
    return inside + (isinstance(node, FunctionCall) and _is_macro(node))


def _fields(node: Node) -> Iterator[tuple[str, str | None]]:
    """The variables that an expression sees, each with the field it asks for, or None where it sees the whole."""
    if isinstance(node, Field) and isinstance(node.base, Name):
        yield node.base.name, node.name
    elif isinstance(node, Name):
        yield node.name, None
    else:
        for child in _children(node):
            yield from _fields(child)


def _patterns(node: Node) -> bool:
    return (isinstance(node, FunctionCall) and node.name == "matches") or any(
        _patterns(child) for child in _children(node)
    )


def _advice(node: Node, steps: int) -> str:
    walks = _walks(node)
    much = "far more" if steps == TOO_MUCH else f"{steps:,}"
    if walks > 1:
        what = (
            f"{walks} macros (all, exists, map, filter …) within each other go through their lists once for every entry"
        )
        advice = "use `in` in place of an inner one, shorten the lists, or split it into several rules"
    elif _patterns(node):
        what = "the pattern of `matches` is too large"
        advice = "write fewer repeats and classes, or compare by `in`, `startsWith` or `contains`"
    else:
        what = "it compares or goes through too many values"
        advice = "shorten its lists, or split it into several rules"
    return f"it may take {much} steps, at most {MOST_STEPS:,} are allowed: {what}; {advice}"
