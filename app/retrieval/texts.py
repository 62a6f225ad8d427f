"""What of an interaction is searched by its words, and what of it is embedded."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from app.language.words import terms
from app.models import Interaction, Kind

MAX_CHARACTERS = 4000
MAX_VALUES = 40


def searchable(row: Interaction) -> str:
    """What a row is found by: its text, its name, how it ended and the values in its data; at most 4,000 characters.

    A redacted row has none.
    """
    if row.redacted:
        return ""
    if row.name is None and not row.data:
        return row.text[:MAX_CHARACTERS]
    name = row.name or ""
    parts = [row.text, name, name.replace("_", " "), row.outcome or "", *islice(_values(row.data), MAX_VALUES)]
    return " ".join(part for part in parts if part)[:MAX_CHARACTERS]


def embeddable(row: Interaction) -> str | None:
    """The text to embed, or None where there is nothing said.

    Only what people and bots say is embedded. Names, outcomes and the JSON of tools are found by their words, where an
    embedding adds little and page views would outnumber all else in the index.
    """
    if row.redacted or row.kind not in {Kind.MESSAGE, Kind.NOTE}:
        return None
    return row.text.strip() or None


@lru_cache(maxsize=20_000)
def terms_of(text: str) -> tuple[str, ...]:
    """`terms`, remembered: the same history is searched again with every question of a conversation."""
    return terms(text)


def _values(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, dict):
        for inner in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _values(inner)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list | tuple):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _values(inner)  # pyright: ignore[reportUnknownArgumentType]
