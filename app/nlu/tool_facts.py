"""Tool results that are JSON, read as typed facts which policy expressions and parameters can name.

An object is a record. Its fields become facts under their own names (`status`, `address.city`), the newest write last;
fields of a record that has been replaced by another of the same kind (another case, another account) are gone, so
that a fact never mixes two things. A list becomes one fact under the name of the tool that gave it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, NamedTuple, cast

from app.caching import text_cache
from app.models import Interaction, Kind, Outcome
from app.nlu.steps import carries_error, read_json

_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?")
_ID_KEY = re.compile(r"(?:^|_)(?:id|number|reference|ref|code)$")
_DEEPEST = 24
_LARGEST_INTEGER = 2**63 - 1


class Fact(NamedTuple):
    """One value with the interaction it was read from."""

    value: Any
    interaction_id: str


class FactRecord(NamedTuple):
    """One object a tool gave: its kind is the name of its own id field, or the tool's name where it has none."""

    kind: str
    key: str | None
    fields: Mapping[str, Any]
    interaction_id: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known from tool results: `tree` for expressions, `records` by kind, the current one of each kind last."""

    tree: Mapping[str, Any]
    sources: Mapping[str, str]
    records: tuple[FactRecord, ...]

    def find(self, path: str) -> Fact | None:
        """The value at a dotted path such as `address.city` or `items.0.name`, or None."""
        name, _, rest = path.partition(".")
        if name not in self.tree:
            return None
        value = _walk(self.tree[name], rest)
        return None if value is None else Fact(value, self.sources[name])


def read_facts(interactions: Sequence[Interaction], zone: tzinfo | None) -> Facts:
    """The facts in tool results, in the order they happened; times without an offset are taken to be in `zone`."""
    records: dict[tuple[str, str | None], FactRecord] = {}
    lists: dict[str, Fact] = {}
    for row in interactions:
        if row.kind is Kind.TOOL_RESULT and row.name and row.outcome is not Outcome.FAILED:
            _file(row, zone, records, lists)
        elif row.kind is Kind.MESSAGE and row.text and len(records) > 1:
            _bring_forward(row.text, records)
    return _current(records.values(), lists)


def typed(value: Any, zone: tzinfo | None, depth: int = 0) -> Any:
    """JSON with times as datetimes, fit for an expression: longer integers become text, what is too deep empty."""
    if depth > _DEEPEST:
        return ""
    if isinstance(value, Mapping):
        fields = cast(Mapping[Any, Any], value).items()
        return {str(name): typed(inner, zone, depth + 1) for name, inner in fields}
    if isinstance(value, list | tuple):
        return [typed(inner, zone, depth + 1) for inner in cast(Sequence[Any], value)]
    if isinstance(value, str):
        return _time(value, zone) if _DATE_TIME.fullmatch(value) else value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST_INTEGER:
        return str(value)
    return value


def _file(
    row: Interaction,
    zone: tzinfo | None,
    records: dict[tuple[str, str | None], FactRecord],
    lists: dict[str, Fact],
) -> None:
    value: Any = _read(row.text, zone) if row.text else typed(row.data, zone)
    name = str(row.name)
    if isinstance(value, Mapping) and value and not carries_error(value):
        fields = cast(Mapping[str, Any], value)
        kind, key = _kind_of(fields, name)
        earlier = records.pop((kind, key), None)
        merged = {**earlier.fields, **fields} if earlier else fields
        records[kind, key] = FactRecord(kind, key, merged, row.interaction_id)
    elif isinstance(value, list) and value:
        lists[name] = Fact(value, row.interaction_id)


@text_cache(maxsize=1024)
def _read(text: str, zone: tzinfo | None) -> Any:
    return typed(read_json(text), zone)


def _kind_of(fields: Mapping[str, Any], tool: str) -> tuple[str, str | None]:
    for name, value in fields.items():
        if _ID_KEY.search(name) and isinstance(value, str | int) and value != "":
            return name, str(value)
    return tool, None


def _bring_forward(text: str, records: dict[tuple[str, str | None], FactRecord]) -> None:
    # A text that names several records of a kind (a list to choose from) does not say which one is meant.
    named = [(kind, key) for kind, key in records if key and _names(text, key)]
    for kind, key in named:
        if sum(other == kind for other, _ in named) == 1:
            records[kind, key] = records.pop((kind, key))


def _names(text: str, key: str) -> bool:
    return len(key) > 2 and key in text and re.search(rf"\b{re.escape(key)}\b", text) is not None


def _current(records: Iterable[FactRecord], lists: Mapping[str, Fact]) -> Facts:
    newest: dict[str, FactRecord] = {}
    for record in records:
        newest.pop(record.kind, None)
        newest[record.kind] = record
    tree: dict[str, Any] = {name: fact.value for name, fact in lists.items()}
    sources = {name: fact.interaction_id for name, fact in lists.items()}
    for record in newest.values():
        tree.update(record.fields)
        sources.update(dict.fromkeys(record.fields, record.interaction_id))
    return Facts(tree=tree, sources=sources, records=tuple(records))


def _walk(value: Any, path: str) -> Any:
    for part in path.split(".") if path else ():
        if isinstance(value, Mapping):
            value = cast(Mapping[str, Any], value).get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(cast(list[Any], value)):
            value = cast(list[Any], value)[int(part)]
        else:
            return None
    return value


def _time(text: str, zone: tzinfo | None) -> datetime | str:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return text
    return read if read.tzinfo else read.replace(tzinfo=zone)
