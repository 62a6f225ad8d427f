"""Packs a snapshot into what is sent to a model: redacted, numbered, one line an interaction, within a token budget.

What matters comes first: what the customer opened with, the newest turns, then what retrieval found in the history,
then the rest. So the prompt stays the same size however long the history is.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from app.models import HandoffRequest, Interaction, Kind, Snapshot
from app.privacy import Redactor, questions_answered
from app.prompts import Input, fit

INTERACTION_TOKENS = 3000
NEWEST_TURNS = 16
LINE_CHARACTERS = 1200
TRUSTED_INPUTS = (
    "now",
    "language",
    "headline_characters",
    "situation_sentences",
    "situation_words",
    "opening_words",
    "sections",
)
UNTRUSTED_INPUTS = ("case", "interactions")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")


class Packed(NamedTuple):
    """What a prompt is filled with, and the interactions in it under the short ids they are cited by (`t1`, `t2`, …).

    They read as an agent may see them: what a placeholder stands for is back, secrets are not.
    """

    inputs: Mapping[str, Input]
    shown: Mapping[str, Interaction]


def pack(snapshot: Snapshot, request: HandoffRequest, redactor: Redactor, limits: Mapping[str, int]) -> Packed:
    """The prompt's inputs for a snapshot. `limits` are the lengths the brief must keep, which the prompt states."""
    asked = questions_answered(snapshot.interactions)
    redacted = (
        _changed(one, partial(redactor.redact, answering=asked.get(one.interaction_id, "")))
        for one in _by_importance(snapshot)
    )
    kept = sorted(fit(redacted, INTERACTION_TOKENS, text=_line), key=lambda one: (one.occurred_at, one.seq))
    sent = {f"t{number}": one for number, one in enumerate(kept, start=1)}
    inputs: dict[str, Input] = {
        "now": snapshot.now.isoformat(timespec="minutes"),
        "language": _language(request.locale),
        "sections": [{"name": one.name, "instruction": _one_line(one.instruction)} for one in request.sections],
        "case": redactor.redact(_case(snapshot, request)),
        "interactions": "\n".join(f"{alias} | {_line(one)}" for alias, one in sent.items()),
        **limits,
    }
    return Packed(inputs, {alias: _changed(one, redactor.restore) for alias, one in sent.items()})


def _by_importance(snapshot: Snapshot) -> Iterator[Interaction]:
    newest = [one for one in reversed(snapshot.conversation) if _says_something(one)]
    opening = next((one for one in reversed(newest) if one.kind is Kind.MESSAGE), None)
    found = [passage.interaction for passage in snapshot.history if _says_something(passage.interaction)]
    earlier = [one for one in reversed(snapshot.prior) if _says_something(one)]
    given: set[str] = set()
    ranked = [opening] if opening else []
    for one in (*ranked, *newest[:NEWEST_TURNS], *found, *newest[NEWEST_TURNS:], *earlier):
        if one.interaction_id not in given:
            given.add(one.interaction_id)
            yield one


def _says_something(one: Interaction) -> bool:
    return bool(one.text.strip() or one.name or one.data) and not one.redacted


def _changed(one: Interaction, change: Callable[[str], str]) -> Interaction:
    data = _object(change(json.dumps(dict(one.data), ensure_ascii=False, default=str))) if one.data else {}
    return one.model_copy(update={"text": change(one.text), "data": data, "identifiers": ()})


def _object(text: str) -> dict[str, object]:
    # A placeholder in the place of a bare number leaves no valid JSON; what it says still counts.
    try:
        return dict(json.loads(text))
    except ValueError:
        return {"data": text}


def _line(one: Interaction) -> str:
    """One line, whatever the text holds: its line breaks and quotes are escaped, so it cannot pose as another line."""
    content: dict[str, object] = {}
    if one.name:
        content["name"] = one.name
    if one.outcome:
        content["outcome"] = one.outcome.value
    if one.data:
        content["data"] = one.data
    spoken = json.dumps(one.text[:LINE_CHARACTERS], ensure_ascii=False) if one.text else ""
    details = json.dumps(content, ensure_ascii=False, default=str)[:LINE_CHARACTERS] if content else ""
    at = one.occurred_at.isoformat(timespec="minutes")
    who = f"{one.actor.value} {one.kind.value}, {one.channel.value}"
    line = f"{at} | {who} | {' '.join(part for part in (spoken, details) if part)}"
    return " ".join(line.splitlines())  # also the line breaks that JSON leaves alone, such as U+2028


def _case(snapshot: Snapshot, request: HandoffRequest) -> str:
    facts = {
        "customer is": snapshot.customer.verification_status.value,
        "handed over from": request.from_channel,
        "handed over to": request.to_channel,
        "handed over by": request.from_actor,
        "to queue": request.to_queue,
        "reason": request.reason.code.value if request.reason else None,
        "reason in words": request.reason.detail if request.reason else None,
    }
    return "\n".join(f"{name}: {_one_line(str(value))}" for name, value in facts.items() if value)


def _language(locale: str | None) -> str:
    if locale and _LOCALE.fullmatch(locale):
        return f"that of the locale {locale}"
    return "that of the customer's messages"


def _one_line(text: str) -> str:
    return " ".join(text.split())
