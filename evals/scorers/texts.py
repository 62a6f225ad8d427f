"""The texts that scorers read: what a brief says, what a case told, and whether a text holds another."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, cast

from app.models import Brief, Handoff, InteractionDraft
from evals.prose import prose_of
from evals.suite.cases import ExpectedFact

_MONTHS: tuple[str, ...] = tuple(
    "january february march april may june july august september october november december".split()
)
_MONTH = "|".join(_MONTHS)
_DAY = re.compile(rf"(\d{{1,2}}) ({_MONTH})|({_MONTH}) (\d{{1,2}})|\d{{4}}-(0[1-9]|1[0-2])-(\d\d)")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_NOT_SAID = frozenset({"claims", "dropped_claims", "evidence", "at"})
_NOT_SHOWN = frozenset({"request", "handoff_id", "customer_id", "signal_id", "decision_id", "reasons"})


def holds(text: str, wanted: str) -> bool:
    """Whether a text holds another as whole words, whatever the case of the letters and the kind of spaces.

    A day of the year is held however it is written: `14 May`, `May 14th`, `the 14th of May`, `2026-05-14`; a number
    with or without commas between its thousands.
    """
    return _pattern(wanted).search(_plain(text)) is not None


def holds_fact(text: str, fact: ExpectedFact) -> bool:
    """Whether a text holds one of the texts of a fact."""
    return any(holds(text, wording) for wording in fact.any_of)


def said_by(brief: Brief) -> str:
    """All that a brief tells, a line each: prose, entities, commitments, history; not the evidence."""
    return "\n".join(_strings(brief.model_dump(mode="json"), _NOT_SAID))


def prose(brief: Brief) -> str:
    """The running text of a brief."""
    return "\n".join(prose_of(brief.model_dump(mode="json")))


def shown_by(handoff: Handoff) -> str:
    """All that an agent may see of a handoff: brief, signals, actions and their parameters."""
    return "\n".join(_strings(handoff.model_dump(mode="json"), _NOT_SAID | _NOT_SHOWN))


def told_in(drafts: Iterable[InteractionDraft]) -> str:
    """All that interactions hold but their moments: texts, names, channels, data, identifiers."""
    return "\n".join(piece for draft in drafts for piece in _pieces(draft))


def moments_of(drafts: Iterable[InteractionDraft]) -> str:
    """When interactions were, in every way a brief may tell it: date, hour and minute, weekday, month and day."""
    moments = (draft.occurred_at for draft in drafts if draft.occurred_at)
    return "\n".join(f"{moment:%Y-%m-%d %H:%M %A %B} {moment.day}" for moment in moments)


def _pieces(draft: InteractionDraft) -> Iterator[str]:
    yield draft.text
    yield draft.name or ""
    yield draft.channel.value
    if draft.data:
        yield json.dumps(dict(draft.data), ensure_ascii=False, default=str)
    for identifier in draft.identifiers:
        yield identifier.value


def _strings(value: object, left_out: frozenset[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in cast(Mapping[str, Any], value).items():
            if key not in left_out:
                yield from _strings(inner, left_out)
    elif isinstance(value, list):
        for inner in cast(list[Any], value):
            yield from _strings(inner, left_out)
    elif isinstance(value, str):
        yield value


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


@lru_cache(maxsize=10_000)
def _pattern(wanted: str) -> re.Pattern[str]:
    plain = _plain(wanted)
    day = _DAY.fullmatch(plain)
    if day:
        number = int(day[1] or day[4] or day[6])
        month = _MONTHS.index(day[2] or day[3]) + 1 if day[5] is None else int(day[5])
        return _day(number, month)
    written = (
        "".join(",?" if character == "," else re.escape(character) for character in plain)
        if _THOUSANDS.fullmatch(plain)
        else None
    )
    return re.compile(rf"(?<!\w){written or re.escape(plain)}(?!\w)")


def _day(number: int, month: int) -> re.Pattern[str]:
    name, ordinal = _MONTHS[month - 1], rf"0?{number}(?:st|nd|rd|th)?"
    iso = rf"\d{{4}}-{month:02}-{number:02}"
    return re.compile(rf"(?<!\w)(?:{ordinal}(?: of)? {name}|{name} {ordinal}|{iso})(?!\d|[^\W\d]|\.\d)")
