"""The steps somebody or something took, and how each ended: events, tool calls and what the tools answered."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from app.caching import text_cache
from app.models import Actor, Channel, Interaction, Kind, Outcome, is_bookkeeping

_ERROR = re.compile(
    r"^[\W_]*+(?:(?!no\b)\w++ )?(?:error|fail|failed|failure|unsuccessful|nok|not ok|exception"
    r"|traceback|denied|forbidden|invalid|timed? ?out"
    r"|unable to|could not|cannot|not found|fehler|fehlgeschlagen|erreur|échec|fallo|falha|errore|fout)\b",
    re.IGNORECASE,
)
_FAILING = frozenset(
    {"fail", "failed", "failure", "error", "errored", "timeout", "timed_out", "aborted"}
    | {"nok", "not_ok", "unsuccessful", "not_successful", "conflict"}
)
_HTTP_ERROR = re.compile(r"[45]\d\d")
# A record that was looked up may well say of itself that it was declined; then the look-up did not fail.
_REFUSING = frozenset({"declined", "rejected", "denied"})
_NAMES_A_RECORD = re.compile(r"(?:^|_)(?:id|number|reference)$")


class Step(NamedTuple):
    """One attempt at something, with its arguments; `evidence` is the attempt and, where there is one, its answer."""

    name: str
    actor: Actor
    channel: Channel
    outcome: Outcome
    at: datetime
    evidence: tuple[str, ...]
    arguments: Mapping[str, Any]


def steps(interactions: Iterable[Interaction]) -> tuple[Step, ...]:
    """The steps in the order they were begun; a tool's result ends the oldest open call of its name."""
    taken: list[Step] = []
    waiting: dict[str, list[int]] = {}
    for row in interactions:
        if not row.name or row.kind not in (Kind.EVENT, Kind.TOOL_CALL, Kind.TOOL_RESULT):
            continue
        if is_bookkeeping(row):
            continue
        name = step_name(row.name)
        if row.kind is Kind.TOOL_RESULT and waiting.get(name):
            index = waiting[name].pop(0)
            evidence = (*taken[index].evidence, row.interaction_id)
            taken[index] = taken[index]._replace(outcome=result_outcome(row), evidence=evidence)
            continue
        if row.kind is Kind.TOOL_CALL:
            waiting.setdefault(name, []).append(len(taken))
        taken.append(_begun(row, name))
    return tuple(taken)


@text_cache(maxsize=4096)
def step_name(name: str) -> str:
    """A name in the form in which names of steps are compared: `Reset password` and `resetPassword` are the same."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[\W_]+", "_", words).strip("_").casefold()


def result_outcome(row: Interaction) -> Outcome:
    """How a tool's result says that the step ended; a result that names no error succeeded."""
    if row.outcome is not None:
        return row.outcome
    return Outcome.FAILED if says_it_failed(row) else Outcome.SUCCEEDED


def says_it_failed(row: Interaction) -> bool:
    """Whether an interaction reports a failure: by its outcome, or by an error in its text or its data."""
    if row.outcome is not None:
        return row.outcome is Outcome.FAILED
    return _text_failed(row.text) if row.text else _failed(row.data)


def carries_error(value: Any) -> bool:
    """Whether JSON is the report of an error rather than a record: it has an `error`, or says `success: false`."""
    if not isinstance(value, Mapping):
        return False
    fields = cast(Mapping[str, Any], value)
    named = any(fields.get(name) for name in ("error", "errors", "exception"))
    return named or fields.get("success") is False or fields.get("ok") is False


@text_cache(maxsize=4096)
def read_json(text: str) -> Any:
    """The object or list that a text is the JSON of, not to be changed; None where it is something else."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _begun(row: Interaction, name: str) -> Step:
    outcome = result_outcome(row) if row.kind is Kind.TOOL_RESULT else _own_outcome(row)
    return Step(name, row.actor, row.channel, outcome, row.occurred_at, (row.interaction_id,), row.data)


def _own_outcome(row: Interaction) -> Outcome:
    if row.outcome is not None:
        return row.outcome
    return Outcome.FAILED if _failed(row.data) else Outcome.UNKNOWN


def _text_failed(text: str) -> bool:
    value = read_json(text)
    return bool(_ERROR.match(text)) if value is None else _failed(value)


def _failed(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    fields = cast(Mapping[str, Any], value)
    states = {step_name(str(fields.get(name, ""))) for name in ("status", "status_code", "outcome", "result")}
    if carries_error(fields) or states & _FAILING or any(map(_HTTP_ERROR.fullmatch, states)):
        return True
    return bool(states & _REFUSING) and not any(_NAMES_A_RECORD.search(name) for name in fields)
