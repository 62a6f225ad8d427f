"""Reads a policy expression into a tree, as far as its cost depends on its form.

The engine has accepted the expression before, so this need not tell right from wrong: binary operators are not ordered
by precedence, for what they cost together does not depend on it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

DEEPEST = 32
_TOKEN = re.compile(
    r"""\s+ | //[^\n]*+
    | (?P<text>[rRbB]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"{3}(?:\\.|[^\\])*?\"{3}|'(?:\\.|[^'\\])*+'|"(?:\\.|[^"\\])*+"))
    | (?P<number>0[xX][0-9a-fA-F]++[uU]?|\d++(?:\.\d++)?(?:[eE][+-]?\d++)?[uU]?)
    | (?P<name>[A-Za-z_]\w*+)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,(){}\[\]])
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = frozenset({"&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "?", ":", "in"})
_UNARY = frozenset({"!", "-"})
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class TooDeep(ValueError):
    """An expression that is nested deeper than anything that a person would write."""


class Unreadable(ValueError):
    """An expression of a form that is not foreseen here, whose cost nobody can tell."""


class Literal(NamedTuple):
    """A number, or a text as it stands in the source, quotes and all."""

    source: str


class Name(NamedTuple):
    """A variable, of the data or of a macro."""

    name: str


class Field(NamedTuple):
    """`base.name`."""

    base: "Node"
    name: str


class Index(NamedTuple):
    """`base[key]`."""

    base: "Node"
    key: "Node"


class FunctionCall(NamedTuple):
    """A function or macro; `target` is what it stands behind, as in `target.name(arguments)`."""

    target: "Node | None"
    name: str
    arguments: "tuple[Node, ...]"


class Items(NamedTuple):
    """A list or map written out; the keys of a map are items as well."""

    parts: "tuple[Node, ...]"


class Joined(NamedTuple):
    """Operands with the binary operators that stand between them."""

    operands: "tuple[Node, ...]"
    operators: tuple[str, ...]


Node = Literal | Name | Field | Index | FunctionCall | Items | Joined


def tree(expression: str) -> Node:
    """The tree of an expression that the engine accepts. Raises TooDeep or Unreadable."""
    reader = _ExpressionReader(tokens(expression))
    node = reader.joined()
    if not reader.at_end:
        raise Unreadable(reader.here)
    return node


def tokens(expression: str) -> Sequence[tuple[str, str]]:
    """The words and signs of an expression, each with its kind: `text`, `number`, `name`, `sign` or `other`."""
    matches = (match for match in _TOKEN.finditer(expression) if match.lastgroup is not None)
    return [(match.lastgroup or "", match.group()) for match in matches]


class _ExpressionReader:
    """Recursive descent; each bracket is one level."""

    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._next >= len(self._tokens)

    @property
    def here(self) -> str:
        return "" if self.at_end else self._tokens[self._next][1]

    def joined(self) -> Node:
        operands, operators = [self._operand()], list[str]()
        while self.here in _OPERATORS:
            operators.append(self._take()[1])
            operands.append(self._operand())
        return Joined(tuple(operands), tuple(operators)) if operators else operands[0]

    def _operand(self) -> Node:
        while self.here in _UNARY:
            self._take()
        node = self._primary()
        links = 0
        while (opening := self.here) in (".", "["):
            links += 1
            if links > DEEPEST:
                raise TooDeep
            self._take()
            if opening == "[":
                node = Index(node, self._only(self._inside("[")))
                continue
            kind, name = self._take()
            if kind != "name":
                raise Unreadable(name)
            node = self._named(node, name)
        return node

    def _primary(self) -> Node:
        if self.here == ".":
            self._take()
        kind, source = self._take()
        if kind in ("text", "number"):
            return Literal(source)
        if kind == "name":
            return self._named(None, source)
        if source == "(":
            return self._only(self._inside(source))
        if source in ("[", "{"):
            return Items(self._inside(source))
        raise Unreadable(source)

    def _named(self, target: Node | None, name: str) -> Node:
        if self.here == "(":
            self._take()
            return FunctionCall(target, name, self._inside("("))
        return Name(name) if target is None else Field(target, name)

    def _inside(self, opening: str) -> tuple[Node, ...]:
        """What stands between brackets, up to and with the closing one."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooDeep
        parts: list[Node] = []
        while self.here != _CLOSING[opening]:
            parts.append(self.joined())
            if self.here == ",":
                self._take()
        self._take()
        self._depth -= 1
        return tuple(parts)

    def _only(self, parts: tuple[Node, ...]) -> Node:
        if len(parts) != 1:
            raise Unreadable(str(len(parts)))
        return parts[0]

    def _take(self) -> tuple[str, str]:
        if self.at_end:
            raise Unreadable("")
        self._next += 1
        return self._tokens[self._next - 1]
