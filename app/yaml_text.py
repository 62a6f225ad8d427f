"""Reads YAML that others wrote: no tags, to a bounded depth and size, each thing with its line.

An alias counts as all that it stands for, and stands for nothing that is still open. libyaml composes by recursion in
C, so the events of a text are looked at one by one before anything is composed of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

import yaml

DEEPEST = 32
MOST_NODES = 100_000
LONGEST_PLAIN = 20_000

Path = tuple[str | int, ...]


class YamlProblem(ValueError):
    """What is wrong with a text, in words that end without a full stop; `line` counts from 1 where one can tell."""

    def __init__(self, message: str, line: int | None = None) -> None:
        """`message` goes on after "the text"."""
        super().__init__(message)
        self.message = message
        self.line = line


class YamlDocument(NamedTuple):
    """What a text says, and where: `content` is made of dicts, lists, texts, numbers, dates and None."""

    content: Any
    root: yaml.Node | None

    def line(self, path: Path) -> int:
        """The line, from 1, of the deepest node on the path that stands in the text."""
        return self.lines([path])[0]

    def lines(self, paths: Iterable[Path]) -> Sequence[int]:
        """The same for several paths; what they have in common is gone through once."""
        parts = _NodeParts()
        return [parts.line(self.root, path) for path in paths]

    def repeated_keys(self) -> Iterator[Path]:
        """The paths of keys that stand twice in one mapping: YAML itself lets the last win, which hides a slip."""
        waiting: list[tuple[Path, yaml.Node]] = [((), self.root)] if self.root is not None else []
        while waiting:
            path, node = waiting.pop()
            if isinstance(node, yaml.MappingNode):
                counts = Counter(str(key.value) for key, _ in node.value)
                yield from ((*path, name) for name in counts if counts[name] > 1)
                waiting.extend(((*path, str(key.value)), value) for key, value in node.value)
            elif isinstance(node, yaml.SequenceNode):
                waiting.extend(((*path, index), value) for index, value in enumerate(node.value))


def read_yaml(text: str | bytes) -> YamlDocument:
    """What a YAML text says, its content None when it is empty. Raises YamlProblem."""
    try:
        _check(text)
        root = cast(yaml.Node | None, yaml.compose(text, Loader=_loader()))
        content = None if root is None else cast(Any, yaml.SafeLoader("")).construct_document(root)
    except yaml.YAMLError as failure:
        raise _as_problem(failure) from None
    except (ValueError, OverflowError) as failure:
        # A number of too many digits, or a thirteenth month.
        if isinstance(failure, YamlProblem):
            raise
        raise YamlProblem("a number or date in it cannot be read; put it in quotes if it is text") from None
    return YamlDocument(content, root)


def _check(text: str | bytes) -> None:
    """Look at the events of a text one by one, and stop at the first that is not taken. Raises YamlProblem."""
    measure = _Measure()
    for event in cast(Iterator[yaml.Event], yaml.parse(text, Loader=_loader())):
        if isinstance(event, yaml.AliasEvent):
            measure.repeat(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            measure.close()
        elif isinstance(event, yaml.NodeEvent):
            _check_node(cast(Any, event))
            measure.add(event, opens=isinstance(event, yaml.CollectionStartEvent))


class _Anchored(NamedTuple):
    nodes: int
    height: int


class _Measure:
    """How many values a text has and how deep they are nested, what an alias stands for counted each time."""

    def __init__(self) -> None:
        self._nodes = 0
        # Of each collection that is open: its anchor, the values before it, and how deep it goes.
        self._open: list[tuple[str | None, int, int]] = []
        self._anchored: dict[str, _Anchored] = {}

    def add(self, event: Any, *, opens: bool) -> None:
        """Count a value, which stays open where it is a collection."""
        self._count(event, 1, 1)
        if opens:
            self._open.append((event.anchor, self._nodes - 1, 1))
        elif event.anchor is not None:
            self._anchored[event.anchor] = _Anchored(1, 1)

    def close(self) -> None:
        """Close the innermost collection."""
        anchor, before, height = self._open.pop()
        if anchor is not None:
            self._anchored[anchor] = _Anchored(self._nodes - before, height)
        self._raise_height(height + 1)

    def repeat(self, event: Any) -> None:
        """Count what an alias stands for."""
        anchored = self._anchored.get(event.anchor)
        if anchored is None or any(anchor == event.anchor for anchor, _, _ in self._open):
            raise _refusal(event, f"the alias *{event.anchor} stands for nothing that is complete before it")
        self._count(event, anchored.nodes, anchored.height)
        self._raise_height(anchored.height + 1)

    def _count(self, event: yaml.Event, nodes: int, height: int) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            raise _refusal(event, f"it has more than {MOST_NODES:,} values; send fewer")
        if len(self._open) + height > DEEPEST:
            raise _refusal(event, f"it is nested deeper than {DEEPEST} levels")

    def _raise_height(self, height: int) -> None:
        if self._open and self._open[-1][2] < height:
            self._open[-1] = (*self._open[-1][:2], height)


def _check_node(event: Any) -> None:
    if event.tag is not None:
        raise _refusal(event, "tags (!name) are not taken; leave it out")
    if isinstance(event, yaml.ScalarEvent) and not event.style and len(event.value) > LONGEST_PLAIN:
        raise _refusal(event, f"a value without quotes has more than {LONGEST_PLAIN:,} characters; put it in quotes")


def _refusal(event: yaml.Event, message: str) -> YamlProblem:
    return YamlProblem(message, int(cast(Any, event).start_mark.line) + 1)


def _as_problem(failure: yaml.YAMLError) -> YamlProblem:
    mark = getattr(failure, "problem_mark", None)
    problem = getattr(failure, "problem", None) or "a character in it is not allowed"
    return YamlProblem(str(problem), None if mark is None else int(mark.line) + 1)


class _NodeParts:
    """The parts of nodes by their names, each node looked through once however many of its parts are asked for."""

    def __init__(self) -> None:
        self._of: dict[int, dict[str, tuple[yaml.Node, yaml.Node]]] = {}

    def line(self, node: yaml.Node | None, path: Path) -> int:
        """The line of the deepest part on a path below a node."""
        line = 1
        for part in path:
            step = self._step(node, part)
            if step is None:
                break
            line = int(step[0].start_mark.line) + 1
            node = step[1]
        return line

    def _step(self, node: yaml.Node | None, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        """What carries the line of a part of a node, and the part itself."""
        if not isinstance(node, yaml.CollectionNode):
            return None
        if isinstance(part, str):
            if id(node) not in self._of:
                self._of[id(node)] = _named_parts(node)
            return self._of[id(node)].get(part)
        items = cast(Sequence[yaml.Node], node.value)
        is_there = isinstance(node, yaml.SequenceNode) and part < len(items)
        return (items[part], items[part]) if is_there else None


def _named_parts(node: yaml.CollectionNode) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """The parts of a mapping by their keys, and of a sequence the texts by what they say; the first of a name."""
    parts: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for part in cast(Sequence[Any], node.value):
        name, value = part if isinstance(node, yaml.MappingNode) else (part, part)
        if isinstance(name, yaml.ScalarNode):
            parts.setdefault(str(name.value), (name, value))
    return parts


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
