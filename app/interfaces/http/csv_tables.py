"""Answers as CSV (RFC 4180), for spreadsheets: each row of a table, nested fields under their dotted names."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, cast

from pydantic import BaseModel
from starlette.responses import Response

CSV = "text/csv"

# A cell that begins like this is run as a formula by the usual spreadsheets (OWASP, CSV Injection); an apostrophe
# before it keeps it a text, and is not shown.
_FORMULA = ("=", "+", "-", "@", "|", "%")
_JOINED = " "


def table(kind: type[BaseModel], rows: Sequence[BaseModel]) -> str:
    """The rows with a header; lists are joined by spaces, and what no spreadsheet must run is made a text."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = list(_columns(kind))
    writer.writerow(columns)
    for row in rows:
        fields = dict(_flat(row.model_dump(mode="json")))
        writer.writerow([_cell(fields.get(column)) for column in columns])
    return out.getvalue()


def table_answer(kind: type[BaseModel], rows: Sequence[BaseModel], name: str) -> Response:
    """The rows as a download."""
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "vary": "Accept"}
    return Response(table(kind, rows), media_type=CSV, headers=headers)


def _columns(kind: type[BaseModel]) -> Iterator[str]:
    # What a row is of comes before what it shares with others.
    own = [name for name in kind.model_fields if name in kind.__annotations__]
    for name in dict.fromkeys((*own, *kind.model_fields)):
        field = kind.model_fields[name]
        label = field.serialization_alias or name
        nested = _record_in(field.annotation)
        if nested is None:
            yield label
        else:
            yield from (f"{label}.{inner}" for inner in _columns(nested))


def _record_in(annotation: Any) -> type[BaseModel] | None:
    options = [annotation, *getattr(annotation, "__args__", ())] if not _is_list(annotation) else []
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) is tuple


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            yield from _flat(cast(Mapping[str, Any], inner), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", inner


def _cell(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = _JOINED.join(map(_item, cast(Sequence[Any], value))) if isinstance(value, list) else str(value)
    bare = text.lstrip()
    is_formula = bare.startswith(_FORMULA) or any(sign in "\t\r\n" for sign in text[: len(text) - len(bare)])
    return f"'{text}" if is_formula else text


def _item(value: Any) -> str:
    if isinstance(value, Mapping):
        return ":".join(str(inner) for inner in cast(Mapping[str, Any], value).values() if inner is not None)
    return str(value)
