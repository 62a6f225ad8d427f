"""What of an interaction is searched by its words, and what of it is embedded."""

import re
from collections.abc import Iterator
from datetime import date
from itertools import islice

from app.caching import text_cache
from app.models import CHANGES, Interaction, Kind
from app.nlu.analysis import analysis_of, once_per_row
from app.nlu.read_rows import as_read
from app.nlu.words import terms

MAX_CHARACTERS = 4000
MAX_VALUES = 40

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
# "May I" and "march" name no month; beside a figure, or after a word that places something in time, they do.
_DATED = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?,? (?:of )?{_MONTH}|{_MONTH}\.? \d{{1,4}}(?:st|nd|rd|th)?"
    rf"|(?:in|of|since|during|last|until|from|early|late) {_MONTH}|\d{{4}}-\d{{2}}-\d{{2}})\b",
    re.IGNORECASE,
)
_ENDINGS = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


def searchable(row: Interaction) -> str:
    """What a row is found by: its text, its name, how it ended and the values in its data; at most 4,000 characters.

    A redacted row has none.
    """
    if row.redacted or row.partial or row.kind in CHANGES:
        return ""
    # Whoever looks for an automatic reply is to find it, though it is nobody's words.
    text = as_read(row).text or row.text
    if row.name is None and not row.data:
        return text[:MAX_CHARACTERS]
    name = row.name or ""
    parts = [text, name, name.replace("_", " "), row.outcome or "", *islice(_values(row.data), MAX_VALUES)]
    return " ".join(part for part in parts if part)[:MAX_CHARACTERS]


def embeddable(row: Interaction) -> str | None:
    """The text to embed, or None where there is nothing said.

    Only what people and bots say is embedded. Names, outcomes and the JSON of tools are found by their words, where an
    embedding adds little and page views would outnumber all else in the index.
    """
    if row.redacted or row.partial or row.kind not in {Kind.MESSAGE, Kind.NOTE}:
        return None
    return as_read(row).text.strip() or None


@once_per_row
def terms_of(row: Interaction) -> tuple[str, ...]:
    """The terms of what a row is found by."""
    if row.kind is Kind.MESSAGE and row.name is None and not row.data and len(row.text) <= MAX_CHARACTERS:
        if row.redacted:
            return ()
        return analysis_of(row).terms or terms(searchable(row))
    return terms(searchable(row))


def names_a_date(query: str) -> bool:
    """Whether a question names a day or a month, so that when something happened tells whether it answers."""
    return _DATED.search(query) is not None


@text_cache(maxsize=4096)
def terms_of_day(day: date) -> tuple[str, ...]:
    """The terms by which a question may name this day: `20`, `20th`, `may`, `2026`, `2026-05-20`."""
    ordinal = f"{day.day}{_ENDINGS.get(day.day, 'th')}"
    return terms(f"{day.day} {ordinal} {day:%B} {'' if day.month == 5 else f'{day:%b}'} {day.year} {day.isoformat()}")


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
