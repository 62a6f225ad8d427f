"""Reads a catalogue from YAML or JSON and says of everything wrong with it where it stands and what to do about it."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, cast

from pydantic import ValidationError
from pydantic_core import from_json

from app.actions.catalogue import ANY_INTENT, MOST_ITEMS, Catalogue, CatalogueAction, EngagementPolicy
from app.actions.parameters import PLACES, placeholders
from app.actions.policy import cost_problem, problem_of_expression
from app.errors import ConfigurationError, InvalidRequest
from app.linear import BadPattern, whole_matcher
from app.nlu.identifiers import TYPES
from app.validation import fault_in_words, json_fault
from app.yaml_text import YamlDocument, YamlProblem, read_yaml

_log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parents[1] / "catalogues"
LARGEST_FILE = 4 * 1024 * 1024
# How many faults are listed, each with its path and line, and how many of them the summary tells.
MOST_FAULTS = 100
_SHOWN = 10
# Beyond so many it is no catalogue with faults but another kind of document, and listing them takes memory.
_MOST_SORTED_OUT = 25_000
_LONGEST_NAME = 80
_LONGEST_MESSAGE = 600
_Path = tuple[str | int, ...]
_POLICY_PARTS = ("eligibility", "applicability", "suitability")


class Fault(NamedTuple):
    """One thing wrong with a catalogue: the path of the field, and what is wrong in plain words.

    `costly` where it could be judged, but only at a price that nobody should pay.
    """

    path: _Path
    message: str
    costly: bool = False


class Faults:
    """What is wrong with a catalogue: the first faults, and how many there are. Made of whatever gives them in turn."""

    def __init__(self, faults: Iterable[Fault] = (), *, more: int = 0) -> None:
        """`more` are known of without being named."""
        self.listed: list[Fault] = []
        self.count = more
        self.only_costly = not more
        for fault in faults:
            self.count += 1
            self.only_costly = self.only_costly and fault.costly
            if len(self.listed) < MOST_FAULTS:
                self.listed.append(fault)

    def refusal(self, lines: Sequence[int] = ()) -> InvalidRequest:
        """The refusal that tells them, each with its line where the lines are known."""
        prefixes = [f"line {line}: " for line in lines] or [""] * len(self.listed)
        named = list(zip(self.listed, prefixes, strict=True))
        errors = [
            {"path": _dotted(fault.path) or "body", "message": f"{prefix}{_fault_in_words(fault)}"}
            for fault, prefix in named
        ]
        shown = [f"{prefix}{_described(fault)}" for fault, prefix in named[:_SHOWN]]
        return InvalidRequest("; ".join([*shown, *self.rest()]), errors)

    def rest(self) -> list[str]:
        """How many are not shown, if any."""
        shown = min(len(self.listed), _SHOWN)
        if self.count == shown:
            return []
        listed = f"; the first {len(self.listed)} are listed" if self.count > len(self.listed) > shown else ""
        return [f"… and {self.count - shown:,} more{listed}."]


def load_catalogue(name_or_path: str) -> Catalogue:
    """A shipped catalogue by its name, or one in a YAML file. Raises ConfigurationError with the file and the line."""
    file = _file_of(name_or_path)
    return _shipped(file) if file.parent == SHIPPED else _loaded(file)


@cache
def _shipped(file: Path) -> Catalogue:
    """A catalogue that comes with the service, which does not change while a process runs."""
    return _loaded(file)


def catalogue_text(name_or_path: str) -> str:
    """A shipped catalogue by its name, or one in a file, as it is written. Raises ConfigurationError."""
    return _text_of(_file_of(name_or_path))


def _text_of(file: Path) -> str:
    if file.stat().st_size > LARGEST_FILE:
        raise ConfigurationError(f"{file}: the file is larger than {LARGEST_FILE // 1024 // 1024} MiB.")
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{file}: the file is not UTF-8 text.") from None


def _loaded(file: Path) -> Catalogue:
    text = _text_of(file)
    try:
        document = read_yaml(text)
    except YamlProblem as failure:
        line = "" if failure.line is None else f":{failure.line}"
        raise ConfigurationError(f"{file}{line}: this is not valid YAML ({failure.message}).") from None
    catalogue, faults = _checked(document.content, document)
    if catalogue is None or faults.count:
        shown = faults.listed[:_SHOWN]
        lines = document.lines(fault.path for fault in shown)
        messages = [f"{file}:{line}: {_described(fault)}" for fault, line in zip(shown, lines, strict=True)]
        raise ConfigurationError("\n".join([*messages, *faults.rest()]))
    return catalogue


def shipped_catalogues() -> Sequence[str]:
    """The names of the catalogues that come with the service."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def read_catalogue(text: str, *, as_json: bool = False) -> Catalogue:
    """A catalogue from YAML or JSON text. Raises InvalidRequest, which names each wrong field by its path and line."""
    content, document = _read_json(text) if as_json else _read_yaml(text)
    catalogue, faults = _checked(content, document)
    if catalogue is None or faults.count:
        raise faults.refusal(document.lines(fault.path for fault in faults.listed) if document else ())
    return catalogue


def parse_catalogue(document: Mapping[str, Any]) -> Catalogue:
    """A catalogue from its JSON object. Raises InvalidRequest, which names each wrong field by its path."""
    catalogue, faults = _checked(document)
    if catalogue is None or faults.count:
        raise faults.refusal()
    return catalogue


def stored_catalogue(document: Mapping[str, Any]) -> Catalogue:
    """A catalogue that was accepted before, perhaps by an earlier release.

    Raises InvalidRequest as `parse_catalogue` does, but not for what has come to be too costly since: a rule that is
    closes its action where it is judged.
    """
    catalogue, faults = _checked(document)
    if catalogue is None or not faults.only_costly:
        raise faults.refusal()
    for fault in faults.listed:
        _log.warning("a stored catalogue has a rule that will not be judged: %s", _described(fault))
    return catalogue


def _checked(content: Any, document: YamlDocument | None = None) -> tuple[Catalogue | None, Faults]:
    if not isinstance(content, Mapping):
        return None, Faults([Fault((), "a catalogue is a mapping with `name`, `intents` and `actions`")])
    fields = cast(Mapping[str, Any], content)
    repeated = _repeated_keys(document) if document else ()
    if too_many := list(_too_many(fields)):
        return None, Faults(chain(too_many, repeated))
    try:
        catalogue = Catalogue.model_validate(fields)
    except ValidationError as failure:
        count = failure.error_count()
        if count > _MOST_SORTED_OUT:
            return None, Faults([Fault((), "nearly nothing in it is what a catalogue holds")], more=count)
        errors = failure.errors(include_url=False, include_input=False)
        faults = [Fault(tuple(error["loc"]), _plain(error)) for error in errors]
        # A list with a wrong item is also said to be too short; the item is what has to be mended.
        above = {fault.path[:depth] for fault in faults for depth in range(len(fault.path))}
        return None, Faults(chain(repeated, (fault for fault in faults if fault.path not in above)))
    return catalogue, Faults(chain(repeated, _faults(catalogue)))


def _too_many(content: Mapping[str, Any]) -> Iterator[Fault]:
    """The lists with more in them than a catalogue may have: what is wrong with each of their items says no more."""
    for name in ("intents", "actions"):
        items = content.get(name)
        if isinstance(items, list | tuple) and len(cast(Sequence[Any], items)) > MOST_ITEMS:
            count = len(cast(Sequence[Any], items))
            yield Fault((name,), f"there are {count:,} of them; a catalogue has at most {MOST_ITEMS}")
    if content and len(content) > len(Catalogue.model_fields) + MOST_FAULTS:
        message = f"there are {len(content):,} fields; a catalogue is a mapping with `name`, `intents` and `actions`"
        yield Fault((), message)


def _faults(catalogue: Catalogue) -> Iterator[Fault]:
    intents = {intent.name for intent in catalogue.intents}
    actions = {action.id for action in catalogue.actions}
    circular = _waiting_for_themselves(catalogue)
    yield from _doubles("intents", "name", [intent.name for intent in catalogue.intents])
    yield from _doubles("actions", "id", [action.id for action in catalogue.actions])
    for index, action in enumerate(catalogue.actions):
        path: _Path = ("actions", index)
        for name in action.intents:
            if name not in intents and name != ANY_INTENT:
                yield Fault((*path, "intents", name), _unknown("intent", name, intents))
        for field, names in (("instead_of", action.instead_of), ("after", action.after)):
            for name in names:
                if name not in actions:
                    yield Fault((*path, field, name), _unknown("action", name, actions))
        if index in circular:
            yield Fault((*path, "after"), "the action has to wait for itself; take one of the names out of the circle")
        for fault in _policy_faults((*path, "policy"), action.policy, intents, actions):
            yield fault._replace(message=f"action {action.id!r}: {fault.message}") if fault.costly else fault
        yield from _parameter_faults(path, action)


def _waiting_for_themselves(catalogue: Catalogue) -> set[int]:
    """The places of actions that have to be taken before themselves, however many stand between."""
    places: dict[str, int] = {}
    for index, action in enumerate(catalogue.actions):
        places.setdefault(action.id, index)
    # One bit an action: what has to be taken before it, and, one action after another let in, before that.
    before = [sum({1 << places[name] for name in action.after if name in places}) for action in catalogue.actions]
    for between in range(len(before)) if any(before) else ():
        bit, earlier = 1 << between, before[between]
        before = [mask | earlier if mask & bit else mask for mask in before]
    return {index for index, action in enumerate(catalogue.actions) if before[index] >> places[action.id] & 1}


def _policy_faults(path: _Path, policy: EngagementPolicy, intents: set[str], actions: set[str]) -> Iterator[Fault]:
    for part in _POLICY_PARTS:
        for index, rule in enumerate(getattr(policy, part)):
            problem = problem_of_expression(rule.expression, intents)
            if problem is not None:
                yield Fault((*path, part, index, "expression"), problem)
            elif (costly := cost_problem(rule.expression)) is not None:
                yield Fault((*path, part, index, "expression"), costly, costly=True)
            if rule.instead is not None and rule.instead not in actions:
                yield Fault((*path, part, index, "instead"), _unknown("action", rule.instead, actions))


def _parameter_faults(path: _Path, action: CatalogueAction) -> Iterator[Fault]:
    names = [parameter.name for parameter in action.parameters]
    yield from (Fault((*path, *fault.path), fault.message) for fault in _doubles("parameters", "name", names))
    for unknown in sorted(placeholders(action.script or "") - set(names)):
        yield Fault((*path, "script"), f"the script uses {{{unknown}}}, which is none of the action's parameters")
    for index, parameter in enumerate(action.parameters):
        for source in parameter.sources:
            kind, _, rest = source.partition(".")
            if kind not in PLACES or not rest:
                allowed = ", ".join(f"{source_kind}.…" for source_kind in PLACES)
                yield Fault((*path, "parameters", index, "from"), f"{source!r} is no place to find it; use {allowed}")
            elif kind == "mention" and rest not in TYPES:
                message = f"{source!r}: nothing of the type {rest!r} is found in texts; use one of {', '.join(TYPES)}"
                yield Fault((*path, "parameters", index, "from"), message)
        try:
            whole_matcher(parameter.pattern or "")
        except BadPattern as failure:
            message = f"this is no regular expression, or none that is matched in linear time: {failure}"
            yield Fault((*path, "parameters", index, "pattern"), message, costly=True)


def _doubles(collection: str, field: str, values: list[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Fault((collection, index, field), f"{value!r} is used twice; every {field} must be its own")
        seen.add(value)


def _nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of some names that a misspelt name most likely stands for; None where none is like it."""
    return next(iter(get_close_matches(name, sorted(names), n=1)), None)


def _unknown(kind: str, name: str, names: Iterable[str]) -> str:
    nearest = _nearest(name, names)
    return f"there is no {kind} {name!r} in this catalogue" + (f"; the nearest is {nearest!r}" if nearest else "")


@cache
def _field_names() -> frozenset[str]:
    """The names of every field that a catalogue may have, at any depth."""
    schema = Catalogue.model_json_schema(by_alias=True)
    models = (schema, *schema.get("$defs", {}).values())
    return frozenset(chain.from_iterable(model.get("properties", {}) for model in models))


def _plain(error: Any) -> str:
    kind = str(error["type"])
    if kind == "extra_forbidden":
        nearest = _nearest(str(error["loc"][-1]), _field_names())
        return f"there is no such field; {f'is {nearest!r} meant?' if nearest else 'check its spelling'}"
    if kind == "missing":
        return "this field is needed"
    if kind == "string_pattern_mismatch":
        return "a name begins with a letter, and holds only letters, digits, dots, hyphens and underscores"
    sentence = fault_in_words(error, pydantics=True).replace("JSON object", "mapping")
    return f"{sentence[0].lower()}{sentence[1:].removesuffix('.')}"


def _described(fault: Fault) -> str:
    return f"{_dotted(fault.path)}: {_fault_in_words(fault)}" if fault.path else _fault_in_words(fault)


def _fault_in_words(fault: Fault) -> str:
    return _shortened(fault.message, _LONGEST_MESSAGE)


def _dotted(path: Iterable[str | int]) -> str:
    parts = (f"[{part}]" if isinstance(part, int) else f".{_shortened(part, _LONGEST_NAME)}" for part in path)
    return "".join(parts).lstrip(".")


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]} …"


def _file_of(name_or_path: str) -> Path:
    shipped = SHIPPED / f"{name_or_path}.yaml"
    if re.fullmatch(r"[a-z_]+", name_or_path) and shipped.is_file():
        return shipped
    file = Path(name_or_path)
    if not file.is_file():
        names = ", ".join(sorted(path.stem for path in SHIPPED.glob("*.yaml")))
        raise ConfigurationError(
            f"There is no catalogue {name_or_path!r}: name a YAML file, or one of the shipped ones ({names})."
        )
    return file


def _read_yaml(text: str) -> tuple[Any, YamlDocument]:
    try:
        document = read_yaml(text)
    except YamlProblem as failure:
        prefix = f"line {failure.line}: " if failure.line else ""
        raise _unreadable(f"{prefix}this is not valid YAML ({failure.message}).") from None
    return document.content, document


def _read_json(text: str) -> tuple[Any, YamlDocument | None]:
    """What a JSON text says, and where, if that can be told: JSON is YAML but for a few odd characters."""
    try:
        content = from_json(text, allow_inf_nan=False)
    except ValueError as failure:
        message = json_fault(failure)
        line = re.search(r", line (\d+) column", message)
        prefix = f"line {line[1]}: " if line else ""
        raise _unreadable(f"{prefix}this is not valid JSON ({message}).") from None
    try:
        return content, read_yaml(text)
    except YamlProblem:
        return content, None


def _unreadable(message: str) -> InvalidRequest:
    return InvalidRequest(message, [{"path": "body", "message": message}])


def _repeated_keys(document: YamlDocument) -> Iterator[Fault]:
    return (Fault(path, "this key stands here twice") for path in document.repeated_keys())
