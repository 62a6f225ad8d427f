"""Reads a catalogue from YAML or JSON and says of everything wrong with it where it stands and what to do about it."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import from_json

from app.actions.catalogue import ANY_INTENT, Catalogue, CatalogueAction, EngagementPolicy
from app.actions.parameters import PLACES, placeholders
from app.actions.policy import cost_problem, problem_of_expression
from app.errors import ConfigurationError, InvalidRequest
from app.linear import BadPattern, whole_matcher
from app.validation import json_fault
from app.yaml_text import Document, YamlProblem, read_yaml

_log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parents[1] / "catalogues"
LARGEST_FILE = 4 * 1024 * 1024
_SHOWN = 10
_Path = tuple[str | int, ...]
_POLICY_PARTS = ("eligibility", "applicability", "suitability")


class Fault(NamedTuple):
    """One thing wrong with a catalogue: the path of the field, and what is wrong in plain words.

    `costly` where it could be judged, but only at a price that nobody should pay.
    """

    path: _Path
    message: str
    costly: bool = False


def load_catalogue(name_or_path: str) -> Catalogue:
    """A shipped catalogue by its name, or one in a YAML file. Raises ConfigurationError with the file and the line."""
    file = _file_of(name_or_path)
    if file.stat().st_size > LARGEST_FILE:
        raise ConfigurationError(f"{file}: the file is larger than {LARGEST_FILE // 1024 // 1024} MiB.")
    try:
        document = read_yaml(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: the file is not UTF-8 text.") from None
    except YamlProblem as failure:
        line = "" if failure.line is None else f":{failure.line}"
        raise ConfigurationError(f"{file}{line}: this is not valid YAML ({failure.message}).") from None
    catalogue, faults = _checked(document.content)
    faults = [*_repeated_keys(document), *faults]
    if catalogue is None or faults:
        shown = [f"{file}:{document.line(fault.path)}: {_described(fault)}" for fault in faults[:_SHOWN]]
        raise ConfigurationError("\n".join([*shown, *_rest(faults)]))
    return catalogue


def shipped_catalogues() -> Sequence[str]:
    """The names of the catalogues that come with the service."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def read_catalogue(text: str, *, as_json: bool = False) -> Catalogue:
    """A catalogue from YAML or JSON text. Raises InvalidRequest, which names each wrong field by its path and line."""
    content, document = _read_json(text) if as_json else _read_yaml(text)
    catalogue, faults = _checked(content)
    faults = [*_repeated_keys(document), *faults] if document else faults
    if catalogue is None or faults:
        lines = {fault: f"line {document.line(fault.path)}: " if document else "" for fault in faults}
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


def stored_catalogue(document: Mapping[str, Any]) -> Catalogue:
    """A catalogue that was accepted before, perhaps by an earlier release.

    Raises InvalidRequest as `parse_catalogue` does, but not for what has come to be too costly since: a rule that is
    closes its action where it is judged.
    """
    catalogue, faults = _checked(document)
    if catalogue is not None and faults and all(fault.costly for fault in faults):
        for fault in faults:
            _log.warning("a stored catalogue has a rule that will not be judged: %s", _described(fault))
        return catalogue
    if catalogue is None or faults:
        raise InvalidRequest("; ".join([*map(_described, faults[:_SHOWN]), *_rest(faults)]))
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
        for fault in _policy_faults((*place, "policy"), action.policy, intents, actions):
            yield fault._replace(message=f"action {action.id!r}: {fault.message}") if fault.costly else fault
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
            elif (costly := cost_problem(rule.expression)) is not None:
                yield Fault((*place, part, index, "expression"), costly, costly=True)
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
            whole_matcher(parameter.pattern or "")
        except BadPattern as failure:
            message = f"this is no regular expression, or none that is matched in linear time: {failure}"
            yield Fault((*place, "parameters", index, "pattern"), message, costly=True)


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


def _read_yaml(text: str) -> tuple[Any, Document]:
    try:
        document = read_yaml(text)
    except YamlProblem as failure:
        place = f"line {failure.line}: " if failure.line else ""
        raise _unreadable(f"{place}this is not valid YAML ({failure.message}).") from None
    return document.content, document


def _read_json(text: str) -> tuple[Any, Document | None]:
    """What a JSON text says, and where, if that can be told: JSON is YAML but for a few odd characters."""
    try:
        content = from_json(text, allow_inf_nan=False)
    except ValueError as failure:
        message = json_fault(failure)
        line = re.search(r", line (\d+) column", message)
        place = f"line {line[1]}: " if line else ""
        raise _unreadable(f"{place}this is not valid JSON ({message}).") from None
    try:
        return content, read_yaml(text)
    except YamlProblem:
        return content, None


def _unreadable(message: str) -> InvalidRequest:
    return InvalidRequest(message, [{"path": "body", "message": message}])


def _repeated_keys(document: Document) -> list[Fault]:
    return [Fault(path, "this key stands here twice") for path in document.repeated_keys()]
