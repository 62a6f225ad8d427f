"""Every regular expression of a package: what its modules hold, and what its functions write where they use it."""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any, cast

_DEEPEST = 6
_CALLS = frozenset({"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
_FLAGS_AT = {"sub": 4, "subn": 4, "split": 3}
_LIBRARIES = frozenset({"re", "regex", "re2"})
_KINDS = _LIBRARIES | {"_regex", "_re2"}


@dataclass(frozen=True)
class Expression:
    """A compiled expression, of `re` or of a library that is used alike, and where it stands."""

    location: str
    pattern: Any

    @property
    def room(self) -> str:
        """The package's part that it belongs to: `app.briefs`."""
        return ".".join(self.location.split(".")[:2])

    @property
    def flags(self) -> int:
        """Those that it was compiled with; RE2's are inside of it."""
        return getattr(self.pattern, "flags", 0) & ~(re.UNICODE if isinstance(self.pattern.pattern, str) else 0)


@dataclass(frozen=True)
class PutTogether:
    """An expression that a function makes of what it is given, so that no reader can try it."""

    location: str
    written: str


def modules_of(package: str) -> list[ModuleType]:
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, f"{package}."):
        if not module.name.endswith("__main__") and ".migrations." not in module.name:
            importlib.import_module(module.name)
    return [
        module
        for name, module in sorted(sys.modules.items())
        if name == package or (name.startswith(f"{package}.") and not name.endswith("__main__"))
    ]


def expressions_of(package: str) -> tuple[list[Expression], list[PutTogether]]:
    """Each expression once, at the first place that holds it, and those that functions put together."""
    expressions: dict[tuple[str, str | bytes, int], Expression] = {}
    together: list[PutTogether] = []
    modules = modules_of(package)
    for module in modules:
        for expression in (*_module_expressions(module), *_written(module)):
            if isinstance(expression, PutTogether):
                together.append(expression)
            else:
                expressions.setdefault(
                    (type(expression.pattern).__name__, expression.pattern.pattern, expression.flags), expression
                )
    return list(expressions.values()), together


def _module_expressions(module: ModuleType) -> Iterator[Expression]:
    for attribute, value in vars(module).items():
        if not attribute.startswith("__"):
            seen: set[int] = set()
            for inside, pattern in _inside(value, module.__name__.partition(".")[0], seen, 0):
                yield Expression(f"{module.__name__}.{attribute}{inside}", pattern)


def _inside(value: Any, package: str, seen: set[int], depth: int) -> Iterator[tuple[str, Any]]:
    """What a value holds: its items, its fields, what a partial, a method or a function was made with."""
    if depth > _DEEPEST or id(value) in seen or isinstance(value, str | bytes | int | float | ModuleType | None):
        return
    seen.add(id(value))
    if is_expression(value):
        yield "", value
        return
    for name, part in _parts(value, package):
        for inside, pattern in _inside(part, package, seen, depth + 1):
            yield f"{name}{inside}", pattern


def is_expression(value: Any) -> bool:
    return type(value).__module__ in _KINDS and hasattr(value, "finditer")


def _parts(value: Any, package: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for key, part in cast(dict[Any, Any], value).items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{index}]", part) for index, part in enumerate(cast(Iterable[Any], value)))
    elif isinstance(value, functools.partial):
        yield from (("", part) for part in (value.func, *value.args, *value.keywords.values()))
    elif isinstance(value, FunctionType):
        yield from _of_function(value, package)
    elif isinstance(value, MethodType) or inspect.isbuiltin(value):
        yield "", value.__self__
    elif isinstance(value, staticmethod | classmethod) or type(value).__name__ == "_lru_cache_wrapper":
        yield "", value.__wrapped__
    elif isinstance(value, property):
        yield "", value.fget
    elif (type(value) if not isinstance(value, type) else value).__module__.partition(".")[0] == package:
        yield from _of_ours(value)


def _of_function(value: FunctionType, package: str) -> Iterator[tuple[str, Any]]:
    if value.__module__.partition(".")[0] == package:
        yield from (("()", part) for part in (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()))
        for cell in value.__closure__ or ():
            try:
                yield "()", cell.cell_contents
            except ValueError:  # not filled yet
                continue


def _of_ours(value: Any) -> Iterator[tuple[str, Any]]:
    names = [*getattr(value, "__dict__", {})]
    if not isinstance(value, type):
        names += [slot for kind in type(value).__mro__ for slot in kind.__dict__.get("__slots__", ())]
    for name in names:
        if not name.startswith("__"):
            yield (
                f".{name}",
                inspect.getattr_static(value, name, None) if isinstance(value, type) else getattr(value, name, None),
            )


def _written(module: ModuleType) -> Iterator[Expression | PutTogether]:
    """The expressions inside of functions; those of the module's own level are held by the module."""
    tree = ast.parse(inspect.getsource(module))
    names = dict(_named_calls(tree))
    for function, owner in _functions(tree, module.__name__):
        for call in _own_calls(function):
            which = _call_of(call.func, names)
            if which:
                yield _read(call, which, owner, vars(module))


def _named_calls(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What this module calls the libraries and what it takes from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, "") for alias in node.names if alias.name in _LIBRARIES)
        elif isinstance(node, ast.ImportFrom) and node.module in _LIBRARIES:
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names if alias.name in _CALLS)


def _functions(tree: ast.AST, owner: str) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.iter_child_nodes(tree):
        name = owner
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{owner}.{node.name}"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node, name
        yield from _functions(node, name)


def _own_calls(function: ast.AST) -> Iterator[ast.Call]:
    """The calls of a function's own body, not of the functions inside of it."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _own_calls(node)


def _call_of(func: ast.expr, names: dict[str, str]) -> str:
    if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and names.get(func.value.id) == "":
        return func.attr if func.attr in _CALLS else ""
    return names.get(func.id, "") if isinstance(func, ast.Name) else ""


def _read(call: ast.Call, which: str, owner: str, scope: dict[str, Any]) -> Expression | PutTogether:
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    pattern = call.args[0] if call.args else given["pattern"]
    at = _FLAGS_AT.get(which, 1 if which == "compile" else 2)
    flags = call.args[at] if len(call.args) > at else given.get("flags")
    try:
        value, how = _value(pattern, scope), _value(flags, scope) if flags else 0
    except NameError:
        return PutTogether(owner, ast.unparse(pattern))
    return Expression(f"{owner}:{call.lineno}", value if is_expression(value) else re.compile(value, how))


def _value(written: ast.expr, scope: dict[str, Any]) -> Any:
    """What an expression of Python says where nothing but the module's own names is known. Raises NameError."""
    made: Callable[..., Any] = eval  # the package's own source
    return made(compile(ast.Expression(written), "<pattern>", "eval"), dict(scope))
