"""Reads a catalogue from YAML or JSON and says of everything wrong with it where it stands and what to do about it."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import yaml
from pydantic import ValidationError

from app.actions.catalogue import ANY_INTENT, Catalogue, CatalogueAction, EngagementPolicy
from app.actions.parameters import PLACES, placeholders
from app.actions.policy import problem_of_expression
from app.errors import ConfigurationError, InvalidRequest

SHIPPED = Path(__file__).parents[1] / "catalogues"
LARGEST_FILE = 4 * 1024 * 1024
_SHOWN = 10
_Path = tuple[str | int, ...]
_POLICY_PARTS = ("eligibility", "applicability", "suitability")


class Fault(NamedTuple):
    """One thing wrong with a catalogue: the path of the field, and what is wrong in plain words."""

    path: _Path
    message: str


def load_catalogue(name_or_path: str) -> Catalogue:
    """A shipped catalogue by its name, or one in a YAML file. Raises ConfigurationError with the file and the line."""
    file = _file_of(name_or_path)
    if file.stat().st_size > LARGEST_FILE:
        raise ConfigurationError(f"{file}: the file is larger than {LARGEST_FILE // 1024 // 1024} MiB.")
    try:
        text = file.read_text(encoding="utf-8")
        root = cast(yaml.Node | None, yaml.compose(text, Loader=_loader()))
        document: Any = yaml.load(text, Loader=_loader())  # noqa: S506 - a safe loader either way
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: the file is not UTF-8 text.") from None
    except (yaml.YAMLError, RecursionError) as failure:
        raise ConfigurationError(
            f"{file}{_line_of_error(failure)}: this is not valid YAML{_problem(failure)}."
        ) from None
    catalogue, faults = _checked(document)
    faults = [*_repeated_keys(root), *faults]
    if catalogue is None or faults:
        shown = [f"{file}:{_line(root, fault.path)}: {_described(fault)}" for fault in faults[:_SHOWN]]
        raise ConfigurationError("\n".join([*shown, *_rest(faults)]))
    return catalogue


def shipped_catalogues() -> Sequence[str]:
    """The names of the catalogues that come with the service."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def read_catalogue(text: str, *, as_json: bool = False) -> Catalogue:
    """A catalogue from YAML or JSON text. Raises InvalidRequest, which names each wrong field by its path and line."""
    try:
        document: Any = json.loads(text) if as_json else yaml.load(text, Loader=_loader())  # noqa: S506 - a safe loader
    except json.JSONDecodeError as failure:
        raise _unreadable("JSON", f" ({failure.msg})", failure.lineno) from None
    except (yaml.YAMLError, RecursionError) as failure:
        raise _unreadable("YAML", _problem(failure), _line_after(failure)) from None
    root = _nodes(text)
    catalogue, faults = _checked(document)
    faults = [*_repeated_keys(root), *faults]
    if catalogue is None or faults:
        lines = {fault: f"line {_line(root, fault.path)}: " if root else "" for fault in faults}
        errors = [{"path": _dotted(one.path) or "body", "message": f"{lines[one]}{one.message}"} for one in faults]
        shown = [f"{lines[one]}{_described(one)}" for one in faults[:_SHOWN]]
        raise InvalidRequest("; ".join([*shown, *_rest(faults)]), errors)
    return catalogue


def parse_catalogue(document: Mapping[str, Any]) -> Catalogue:
    """A catalogue from its JSON object. Raises InvalidRequest, which names each wrong field by its path."""
    catalogue, faults = _checked(document)
    if catalogue is None or faults:
        errors = [{"path": _dotted(fault.path), "message": fault.message} for fault in faults]
        raise InvalidRequest("; ".join([*map(_described, faults[:_SHOWN]), *_rest(faults)]), errors)
    return catalogue


def _checked(document: Any) -> tuple[Catalogue | None, list[Fault]]:
    if not isinstance(document, Mapping):
        return None, [Fault((), "a catalogue is a mapping with `name`, `intents` and `actions`")]
    try:
        catalogue = Catalogue.model_validate(document)
    except ValidationError as failure:
        faults = [Fault(tuple(error["loc"]), _plain(error)) for error in failure.errors(include_url=False)]
        # A list with a wrong item is also said to be too short; the item is what has to be mended.
        return None, [one for one in faults if not any(_holds(one.path, other.path) for other in faults)]
    return catalogue, list(_faults(catalogue))


def _faults(catalogue: Catalogue) -> Iterator[Fault]:
    intents = {one.name for one in catalogue.intents}
    actions = {one.id for one in catalogue.actions}
    yield from _doubles("intents", "name", [one.name for one in catalogue.intents])
    yield from _doubles("actions", "id", [one.id for one in catalogue.actions])
    for index, action in enumerate(catalogue.actions):
        place: _Path = ("actions", index)
        for name in action.intents:
            if name not in intents and name != ANY_INTENT:
                yield Fault((*place, "intents", name), f"there is no intent {name!r} in this catalogue")
        for field, names in (("instead_of", action.instead_of), ("after", action.after)):
            for name in names:
                if name not in actions:
                    yield Fault((*place, field, name), f"there is no action {name!r} in this catalogue")
        if action.id in _before(catalogue, action):
            yield Fault((*place, "after"), "the action has to wait for itself; take one of the names out of the circle")
        yield from _policy_faults((*place, "policy"), action.policy, intents, actions)
        yield from _parameter_faults(place, action)


def _before(catalogue: Catalogue, action: CatalogueAction) -> set[str]:
    """All that has to be taken before an action, and before that, and so on."""
    found: set[str] = set()
    waiting = list(action.after)
    while waiting:
        name = waiting.pop()
        first = catalogue.action(name)
        if name not in found and first is not None:
            waiting.extend(first.after)
        found.add(name)
    return found


def _policy_faults(place: _Path, policy: EngagementPolicy, intents: set[str], actions: set[str]) -> Iterator[Fault]:
    for part in _POLICY_PARTS:
        for index, rule in enumerate(getattr(policy, part)):
            problem = problem_of_expression(rule.expression, intents)
            if problem is not None:
                yield Fault((*place, part, index, "expression"), problem)
            if rule.instead is not None and rule.instead not in actions:
                yield Fault((*place, part, index, "instead"), f"there is no action {rule.instead!r} in this catalogue")


def _parameter_faults(place: _Path, action: CatalogueAction) -> Iterator[Fault]:
    names = [one.name for one in action.parameters]
    yield from (Fault((*place, *fault.path), fault.message) for fault in _doubles("parameters", "name", names))
    for unknown in sorted(placeholders(action.script or "") - set(names)):
        yield Fault((*place, "script"), f"the script uses {{{unknown}}}, which is none of the action's parameters")
    for index, parameter in enumerate(action.parameters):
        for source in parameter.sources:
            kind, _, rest = source.partition(".")
            if kind not in PLACES or not rest:
                allowed = ", ".join(f"{one}.…" for one in PLACES)
                yield Fault((*place, "parameters", index, "from"), f"{source!r} is no place to find it; use {allowed}")
        try:
            re.compile(parameter.pattern or "")
        except re.error as failure:
            yield Fault((*place, "parameters", index, "pattern"), f"this is no regular expression: {failure}")


def _doubles(collection: str, field: str, values: list[str]) -> Iterator[Fault]:
    counts = Counter(values)
    for index, value in enumerate(values):
        if counts[value] > 1 and value in values[:index]:
            yield Fault((collection, index, field), f"{value!r} is used twice; every {field} must be its own")


def _holds(outer: _Path, inner: _Path) -> bool:
    return len(outer) < len(inner) and inner[: len(outer)] == outer


def _plain(error: Any) -> str:
    kind = str(error["type"])
    if kind == "extra_forbidden":
        return "there is no such field; check its spelling"
    if kind == "missing":
        return "this field is needed"
    if kind == "string_pattern_mismatch":
        return "a name begins with a letter, and holds only letters, digits, dots, hyphens and underscores"
    return str(error["msg"]).removeprefix("Value error, ")


def _described(fault: Fault) -> str:
    return f"{_dotted(fault.path)}: {fault.message}" if fault.path else fault.message


def _dotted(path: Iterable[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _rest(faults: list[Fault]) -> list[str]:
    return [f"… and {len(faults) - _SHOWN} more."] if len(faults) > _SHOWN else []


def _file_of(name_or_path: str) -> Path:
    shipped = SHIPPED / f"{name_or_path}.yaml"
    if re.fullmatch(r"[a-z_]+", name_or_path) and shipped.is_file():
        return shipped
    file = Path(name_or_path)
    if not file.is_file():
        names = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.yaml")))
        raise ConfigurationError(
            f"There is no catalogue {name_or_path!r}: name a YAML file, or one of the shipped ones ({names})."
        )
    return file


def _loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _nodes(text: str) -> yaml.Node | None:
    """What stands where in a text, or None where that cannot be told: JSON is YAML but for a few odd characters."""
    try:
        return cast(yaml.Node | None, yaml.compose(text, Loader=_loader()))
    except (yaml.YAMLError, RecursionError):
        return None


def _unreadable(language: str, problem: str, line: int | None) -> InvalidRequest:
    place = f"line {line}: " if line else ""
    message = f"{place}this is not valid {language}{problem}."
    return InvalidRequest(message, [{"path": "body", "message": message}])


def _line_after(failure: Exception) -> int | None:
    mark = getattr(failure, "problem_mark", None)
    return None if mark is None else int(mark.line) + 1


def _line_of_error(failure: Exception) -> str:
    line = _line_after(failure)
    return "" if line is None else f":{line}"


def _problem(failure: Exception) -> str:
    problem = getattr(failure, "problem", None)
    return f" ({problem})" if problem else ""


def _line(root: yaml.Node | None, path: _Path) -> int:
    """The line, from 1, of the deepest node on the path that stands in the file."""
    node, line = root, 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == part]
            if not found:
                break
            line = int(found[0][0].start_mark.line) + 1
            node = found[0][1]
        elif isinstance(node, yaml.SequenceNode):
            named = [one for one in node.value if isinstance(one, yaml.ScalarNode) and one.value == part]
            at = node.value[part] if isinstance(part, int) and part < len(node.value) else next(iter(named), None)
            if at is None:
                break
            node = at
            line = int(node.start_mark.line) + 1
    return line


def _repeated_keys(root: yaml.Node | None) -> list[Fault]:
    # YAML itself lets the last of two equal keys win, which hides a slip of the pen.
    faults: list[Fault] = []
    waiting: list[tuple[_Path, yaml.Node]] = [((), root)] if root is not None else []
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, yaml.MappingNode):
            counts = Counter(str(key.value) for key, _ in node.value)
            faults.extend(Fault((*path, name), "this key stands here twice") for name in counts if counts[name] > 1)
            waiting.extend(((*path, str(key.value)), value) for key, value in node.value)
        elif isinstance(node, yaml.SequenceNode):
            waiting.extend(((*path, index), value) for index, value in enumerate(node.value))
    return faults
