"""Reads a policy expression into terms, binary operators by their precedence.

`syntax` reads the same language as far as its cost depends on its form; here it counts what the expression says.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from app.actions.syntax import DEEPEST, tokens

_LEVELS = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<", ">", "<=", ">=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
_CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
# What only makes a value of another type of the same value.
_CONVERSIONS = frozenset({"double", "int", "uint", "dyn"})


class UnreadTerm(ValueError):
    """An expression of which nobody here can tell what it says."""


class PathTerm(NamedTuple):
    """`facts.order.total`: a variable and the fields asked for in turn."""

    names: tuple[str, ...]


class ValueTerm(NamedTuple):
    """A number, text or constant that is written out."""

    value: Any


class CallTerm(NamedTuple):
    """A function or macro with what it stands behind, if anything."""

    target: "Term | None"
    name: str
    arguments: "tuple[Term, ...]"


class ListTerm(NamedTuple):
    """A list or map that is written out."""

    items: "tuple[Term, ...]"


class PairTerm(NamedTuple):
    """Two operands with the operator between them."""

    left: "Term"
    operator: str
    right: "Term"


class NotTerm(NamedTuple):
    """`!inner`."""

    inner: "Term"


class ChoiceTerm(NamedTuple):
    """`condition ? first : second`, and, with an empty name, whatever else has parts that are looked into alone."""

    parts: "tuple[Term, ...]"
    name: str


Term = PathTerm | ValueTerm | CallTerm | ListTerm | PairTerm | NotTerm | ChoiceTerm


def term_of(expression: str) -> Term:
    """What an expression says, one that the engine accepts. Raises UnreadTerm."""
    reader = _TermReader(tokens(expression))
    try:
        term = reader.whole()
    except (SyntaxError, ValueError, IndexError, RecursionError):
        raise UnreadTerm(expression) from None
    if not reader.at_end:
        raise UnreadTerm(expression)
    return term


def written(term: Term) -> str:
    """A term as text, the same for the same meaning of parts; conversions are left out."""
    match term:
        case PathTerm():
            text = ".".join(term.names)
        case ValueTerm():
            text = repr(term.value)
        case NotTerm():
            text = f"!({written(term.inner)})"
        case PairTerm():
            text = f"({written(bare(term.left))} {term.operator} {written(bare(term.right))})"
        case ListTerm():
            text = f"[{', '.join(map(written, term.items))}]"
        case ChoiceTerm():
            text = f"{term.name}({', '.join(map(written, term.parts))})"
        case CallTerm():
            target = f"{written(term.target)}." if term.target else ""
            text = f"{target}{term.name}({', '.join(map(written, term.arguments))})"
    return text


def bare(term: Term) -> Term:
    """A term without the conversions around it."""
    while isinstance(term, CallTerm) and term.target is None and term.name in _CONVERSIONS and len(term.arguments) == 1:
        term = term.arguments[0]
    return term


def parts_of(term: Term) -> Sequence[Term]:
    """The terms right below a term."""
    match term:
        case CallTerm():
            return (*((term.target,) if term.target else ()), *term.arguments)
        case ListTerm():
            return term.items
        case PairTerm():
            return (term.left, term.right)
        case NotTerm():
            return (term.inner,)
        case ChoiceTerm():
            return term.parts
        case PathTerm() | ValueTerm():
            return ()


def walked(term: Term) -> Iterator[Term]:
    """A term and all below it."""
    yield term
    for part in parts_of(term):
        yield from walked(part)


class _TermReader:
    """Recursive descent by precedence."""

    def __init__(self, pieces: Sequence[tuple[str, str]]) -> None:
        self._pieces = pieces
        self._next = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._next >= len(self._pieces)

    @property
    def here(self) -> str:
        return "" if self.at_end else self._pieces[self._next][1]

    def _opens(self, sign: str) -> bool:
        return self.here == sign

    def whole(self) -> Term:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError("too deep")
        term = self._pair(0)
        if self.here == "?":
            self._take("?")
            first = self.whole()
            self._take(":")
            term = ChoiceTerm((term, first, self.whole()), "?")
        self._depth -= 1
        return term

    def _pair(self, level: int) -> Term:
        if level == len(_LEVELS):
            return self._unary()
        term = self._pair(level + 1)
        while self.here in _LEVELS[level]:
            operator = self._take()
            term = PairTerm(term, operator, self._pair(level + 1))
        return term

    def _unary(self) -> Term:
        if self.here == "!":
            self._take()
            return NotTerm(self._unary())
        if self.here == "-":
            self._take()
            inner = self._unary()
            if isinstance(inner, ValueTerm) and isinstance(inner.value, int | float):
                return ValueTerm(-inner.value)
            return ChoiceTerm((inner,), "-")
        return self._behind(self._primary())

    def _behind(self, term: Term) -> Term:
        while (opening := self.here) in (".", "["):
            self._take()
            if opening == "[":
                key = self.whole()
                self._take("]")
                if isinstance(key, ValueTerm) and isinstance(key.value, str) and isinstance(term, PathTerm):
                    term = PathTerm((*term.names, key.value))
                else:
                    term = ChoiceTerm((term, key), "at")
                continue
            name = self._take()
            if self._opens("("):
                term = CallTerm(term, name, self._inside("(", ")"))
            elif isinstance(term, PathTerm):
                term = PathTerm((*term.names, name))
            else:
                term = ChoiceTerm((term,), f"field {name} of")
        return term

    def _primary(self) -> Term:
        if self.here == ".":
            self._take()
        kind, source = self._pieces[self._next]
        if source in ("[", "{"):
            return ListTerm(self._inside(source, "]" if source == "[" else "}"))
        self._take()
        if source == "(":
            term = self.whole()
            self._take(")")
            return term
        if kind in ("text", "number"):
            return ValueTerm(ast.literal_eval(source if kind == "text" else source.rstrip("uU")))
        if kind != "name":
            raise ValueError(source)
        if source in _CONSTANTS:
            return ValueTerm(_CONSTANTS[source])
        return CallTerm(None, source, self._inside("(", ")")) if self.here == "(" else PathTerm((source,))

    def _inside(self, opening: str, closing: str) -> tuple[Term, ...]:
        self._take(opening)
        terms: list[Term] = []
        while self.here != closing:
            terms.append(self.whole())
            if self.here in (",", ":"):
                self._take()
        self._take(closing)
        return tuple(terms)

    def _take(self, expected: str | None = None) -> str:
        source = self._pieces[self._next][1]
        if expected is not None and source != expected:
            raise ValueError(source)
        self._next += 1
        return source
