"""Adapters of public data sets, from files that the user has, to the forms that our evals read.

`warmline eval convert DATASET FILE --out FILE` writes conversations, histories or dialogues, one JSON object a line, or
a CSV of texts and categories. Nothing is downloaded; the licences of the data sets are the user's to keep.
"""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from app.errors import InvalidRequest
from evals.datasets import conversations, histories, texts

Rows = Iterable[Mapping[str, Any]]


class Adapter(NamedTuple):
    """How one data set is read: `read` gets its file's content and a part; `use` names the eval that takes the rows."""

    read: Callable[[Any, str | None], Rows]
    use: str
    kind: str = "json"


class Converted(NamedTuple):
    """How many rows were written, and which command reads them."""

    rows: int
    use: str


_HANDOFFS = "warmline eval handoffs --data FILE"
_VERIFIER = "warmline eval verifier --data FILE"
_INTENT = "warmline eval intent --train CSV --test CSV"
ADAPTERS: Mapping[str, Adapter] = {
    "tau-bench": Adapter(conversations.tau_bench, _HANDOFFS),
    "abcd": Adapter(conversations.abcd, _HANDOFFS),
    "sgd": Adapter(conversations.sgd, _HANDOFFS),
    "locomo": Adapter(histories.locomo, "warmline eval retrieval --data FILE"),
    "dialogsum": Adapter(texts.dialogsum, _VERIFIER, "lines"),
    "tweetsumm": Adapter(texts.tweetsumm, _VERIFIER, "lines"),
    "banking77": Adapter(texts.banking77, _INTENT, "csv"),
    "clinc150": Adapter(texts.clinc150, _INTENT),
}
"""The data sets by the names that the command takes."""


def convert(dataset: str, file: Path, out: Path, *, part: str | None = None) -> Converted:
    """Write a data set's file as our evals read it. Raises InvalidRequest, which names what is wrong in it."""
    adapter = ADAPTERS.get(dataset)
    if adapter is None:
        raise InvalidRequest(f"There is no adapter for {dataset!r}; there is one for {', '.join(sorted(ADAPTERS))}.")
    try:
        rows = list(adapter.read(_content(file, adapter.kind), part))
    except (KeyError, TypeError, IndexError, AttributeError) as failure:
        reason = f"the field {failure} is missing" if isinstance(failure, KeyError) else str(failure)
        raise InvalidRequest(f"{file} is not of the format of {dataset}: {reason}.") from None
    except InvalidRequest as failure:
        raise InvalidRequest(f"{file}: {failure.detail}") from None
    if not rows:
        raise InvalidRequest(f"{file}: there is nothing in it.")
    _write(out, rows, as_csv=adapter.use == _INTENT)
    return Converted(len(rows), adapter.use)


def _content(file: Path, kind: str) -> Any:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as failure:
        raise InvalidRequest(f"it cannot be read: {failure}.") from None
    if kind == "csv":
        return list(csv.DictReader(text.splitlines()))
    try:
        if kind == "lines":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        return json.loads(text)
    except ValueError as failure:
        if kind == "json" and text.lstrip().startswith("{") and "Extra data" in str(failure):
            raise InvalidRequest(
                "it holds an object a line, where the data set's own file is one JSON document. "
                "If it was converted before, give it to the eval as it is."
            ) from None
        raise InvalidRequest(f"it is not JSON: {failure}.") from None


def _write(out: Path, rows: Sequence[Mapping[str, Any]], *, as_csv: bool) -> None:
    with out.open("w", encoding="utf-8", newline="") as file:
        if as_csv:
            writer = csv.DictWriter(file, ["text", "category"])
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
