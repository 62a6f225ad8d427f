"""Leaves out of a case what bots do among themselves: a talk handed from one to another is no step for the customer.

Told by shape: a bot calls a tool whose name says that it hands over to somebody who is no person, with nothing in its
arguments and in its result that names a thing, and no person speaks next. What a bot announces of it goes with it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from app.models import Actor, Interaction, Kind, Outcome
from app.nlu.steps import read_json, step_name
from app.nlu.tables import Handovers, words_in_all
from app.nlu.words import stem

_WORD = re.compile(r"[^\W\d_]+")
_BOTS = frozenset("agent bot assistant expert team".split())
_MOST_WORDS_OF_A_RESULT, _MOST_WORDS_ANNOUNCED = 25, 12
_MOST_ARGUMENTS = 4


def without_handovers(rows: Sequence[Interaction]) -> list[Interaction]:
    """The interactions, in their order, without bots' handing over to each other."""
    targets = {index: _target(row) for index, row in enumerate(rows) if row.kind in (Kind.TOOL_CALL, Kind.TOOL_RESULT)}
    handing = {index: target for index, target in targets.items() if target and not _meets_person(rows, index)}
    if not handing:
        return list(rows)
    names = {rows[index].name for index in handing}
    others = {rows[index].name for index in targets if rows[index].name in names and index not in handing}
    handing = {index: target for index, target in handing.items() if rows[index].name not in others}
    announced = {index for index in range(len(rows)) if _announces(rows, index, handing)}
    return [row for index, row in enumerate(rows) if index not in handing and index not in announced]


def _target(row: Interaction) -> frozenset[str]:
    """The words for the bot that a tool hands over to; none where it does something else, or did not succeed."""
    words = _WORD.findall(step_name(row.name or "").replace("_", " "))
    verbs, towards = words_in_all(Handovers, "verbs"), words_in_all(Handovers, "towards")
    if row.actor is Actor.CUSTOMER or row.outcome is Outcome.FAILED or not {*words[:1], *words[-1:]} & verbs:
        return frozenset()
    rest = [word for word in words if word not in verbs and word not in towards]
    leads = any(word in towards for word in words) or bool(_BOTS.intersection(rest))
    if not leads or not rest or words_in_all(Handovers, "people").intersection(rest) or _holds_things(row):
        return frozenset()
    return frozenset(map(stem, rest))


def _holds_things(row: Interaction) -> bool:
    """Whether the arguments or the result name something, by a number or by more than who takes over and why."""
    result = read_json(row.text) if row.text else None
    values = [*_values(dict(row.data)), *_values(result)]
    if len(row.data) > _MOST_ARGUMENTS or any(map(str.isdigit, " ".join(values))):
        return True
    if result is not None:
        return len(values) > _MOST_ARGUMENTS
    return any(map(str.isdigit, row.text)) or len(row.text.split()) > _MOST_WORDS_OF_A_RESULT


def _values(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for inner in cast(Mapping[str, Any], value).values() for text in _values(inner)]
    if isinstance(value, list | tuple):
        return [text for inner in cast(Sequence[Any], value) for text in _values(inner)]
    return [] if value is None else [str(value)]


def _meets_person(rows: Sequence[Interaction], index: int) -> bool:
    """Whether a person of ours speaks before bot or customer do: then it was handed to them."""
    spoken = (row for row in rows[index + 1 :] if row.kind is Kind.MESSAGE and row.actor is not Actor.SYSTEM)
    following = next(spoken, None)
    return following is not None and following.actor is Actor.AGENT


def _announces(rows: Sequence[Interaction], index: int, handing: Mapping[int, frozenset[str]]) -> bool:
    """Whether a bot only says beside a handover that it hands over, and to which bot."""
    row = rows[index]
    if row.kind is not Kind.MESSAGE or row.actor is not Actor.BOT or "?" in row.text:
        return False
    words = [word.casefold() for word in _WORD.findall(row.text)]
    if len(words) > _MOST_WORDS_ANNOUNCED or any(map(str.isdigit, row.text)):
        return False
    beside = handing.get(index + 1, frozenset[str]()) | handing.get(index - 1, frozenset[str]())
    return bool((beside - _BOTS).intersection(map(stem, words)))
