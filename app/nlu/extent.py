"""How much of what was written is read: bounded, so that no text and no history can make one answer take long.

Of a long text its beginning and its end are read. Of a case the newest texts are read first; when what may be read of
it is used up, only the beginnings of the older ones are. As much again is read of the data that came with them: of an
interaction the short values first, since they name things, and the beginnings of the long ones. The ledger keeps all of
it whole.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from app.models import Interaction
from app.nlu.read_rows import as_read_all
from app.nlu.recurring_ends import without_recurring_ends

MOST_OF_A_TEXT = 12_000
"""So many characters of one text are read, and as many of one interaction's data."""
MOST_OF_A_CASE = 96_000
"""So many characters of all texts together are read, and `LEAST_OF_A_TEXT` of each text that is older."""
LEAST_OF_A_TEXT = 200
LEAST_OF_DATA = 400
"""So many characters are read of the data of each interaction that is older, however much data is newer."""
# What JSON writes around a value.
_MARKS = 2
_END = 0.25
_LONGEST_WORD = 80


class ReadableRows(NamedTuple):
    """Interactions with as much of their texts as is read, in their order, and whether something was left out."""

    rows: list[Interaction]
    is_cut: bool


def readable(rows: Sequence[Interaction]) -> ReadableRows:
    """As much of these interactions as is read, of messages their writers' own words; `rows` are in their order."""
    rows = without_recurring_ends(as_read_all(rows))
    data = [_size(row.data) if row.data else 0 for row in rows]
    if sum(len(row.text) for row in rows) <= MOST_OF_A_TEXT and sum(data) <= MOST_OF_A_TEXT:
        return ReadableRows(rows, is_cut=False)
    left = data_left = MOST_OF_A_CASE
    read: list[Interaction] = []
    for row, size in zip(reversed(rows), reversed(data), strict=True):
        short = _shortened(row, max(LEAST_OF_A_TEXT, min(MOST_OF_A_TEXT, left)))
        left -= len(short.text)
        most = max(LEAST_OF_DATA, min(MOST_OF_A_TEXT, data_left))
        if size > most:
            short = short.model_copy(update={"data": _beginnings(row.data, most)})
        data_left -= min(size, most)
        read.append(short)
    read.reverse()
    return ReadableRows(read, is_cut=any(short is not row for short, row in zip(read, rows, strict=True)))


def beginning_and_end(text: str, most: int) -> str:
    """A text, or where it is longer its beginning and its end, cut between words, on lines of their own."""
    if len(text) <= most:
        return text
    end = int(most * _END)
    head, tail = text[: most - end], text[-end:]
    space = max(head.rfind(" ", -_LONGEST_WORD), head.rfind("\n", -_LONGEST_WORD))
    head = head[:space] if space > 0 else head
    tail = tail[tail.find(" ", 0, _LONGEST_WORD) + 1 :]
    return f"{head}\n{tail}"


def _shortened(row: Interaction, most: int) -> Interaction:
    text = beginning_and_end(row.text, most)
    return row if text is row.text else row.model_copy(update={"text": text})


def _size(value: Any) -> int:
    """About how many characters a value of JSON has."""
    if isinstance(value, str):
        return len(value) + _MARKS
    if isinstance(value, Mapping):
        fields = cast(Mapping[Any, Any], value).items()
        return _MARKS + sum(len(str(name)) + _MARKS + _size(inner) for name, inner in fields)
    if isinstance(value, list | tuple):
        return _MARKS + sum(map(_size, cast(Sequence[Any], value)))
    return len(str(value))


def _beginnings(data: Mapping[str, Any], most: int) -> dict[str, Any]:
    """The fields with their values, the long ones cut; those for which nothing is left are left out."""
    fields: dict[str, Any] = {}
    left = most
    for name in sorted(data, key=lambda name: len(name) + _size(data[name])):
        left -= len(name) + _MARKS
        if left <= _MARKS:
            break
        fields[name], left = _beginning(data[name], left)
    return {name: fields[name] for name in data if name in fields}


def _beginning(value: Any, most: int) -> tuple[Any, int]:
    """As much of a value as there is room for, and the room that is left."""
    if isinstance(value, str):
        beginning = value[: max(0, most - _MARKS)]
        return beginning, most - len(beginning) - _MARKS
    left = most - _MARKS
    if isinstance(value, Mapping):
        fields: dict[Any, Any] = {}
        for name, inner in cast(Mapping[Any, Any], value).items():
            left -= len(str(name)) + _MARKS
            if left <= _MARKS:
                break
            fields[name], left = _beginning(inner, left)
        return fields, left
    if isinstance(value, list | tuple):
        items: list[Any] = []
        for inner in cast(Sequence[Any], value):
            if left <= _MARKS:
                break
            item, left = _beginning(inner, left)
            items.append(item)
        return items, left
    return value, most - len(str(value))
