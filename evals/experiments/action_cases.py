"""The conversations of `warmline eval actions`, each decided where the bot was about to write for the first time.

A conversation is filed into an App of the kind that the service runs. Gold is the first writing action of the gold
actions, or `inform_no_change` where there is none. What policy closes is held against cases labelled by hand from the
policy's text, at the most actions that may be asked for.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from pydantic import Field

from app.conversations import conversation_of, fields_of, read_rows
from app.errors import InvalidRequest, WarmlineError
from app.models import Decision, Kind, NextActionRequest, Record
from app.services import App

CASES = Path(__file__).parents[1] / "cases" / "actions"
NOTHING_TO_CHANGE = "inform_no_change"
OFFERED = 3
MOST_OFFERED = 5
_READ = ("id", "started_at", "customer_ref")
_WRITING = ("book_", "cancel_", "update_", "send_", "transfer_")


class JudgedConversation(NamedTuple):
    """One conversation: what was offered at the cut, best first, what gold and the bot did, and what came up again.

    `score` is that of the first offer, None where nothing was offered; `fold` the one in which it was left out.
    """

    task: str
    gold: str
    by_bot: str
    offered: tuple[str, ...]
    repeated: int
    duration_ms: float
    score: float | None = None
    fold: int = 0


class PolicyCase(Record):
    """A conversation with the actions that the policy's text closes in it, and those that it leaves open."""

    conversation: Mapping[str, Any]
    why: str
    closed: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    context: Mapping[str, Any] = Field(default_factory=dict)


class PolicyFaults(NamedTuple):
    """What was judged, and which closed actions were offered and which open ones were not, each told in words."""

    judged: int
    closed_offered: tuple[str, ...]
    open_suppressed: tuple[str, ...]


async def judge(app: App, row: Mapping[str, Any]) -> JudgedConversation:
    """What is offered where the bot was about to write for the first time, and at the end."""
    # A tenant of its own for each: the same customer may come up in several conversations of a file.
    decision, took_ms = await decided(app, row, row["turns"][: cut_of(row)], f"{row['id']}-cut", limit=OFFERED)
    judgement = judged(row, decision, took_ms)
    repeated = again(row["turns"][: cut_of(row)], decision)
    if cut_of(row) < len(row["turns"]):
        end, _ = await decided(app, row, row["turns"], f"{row['id']}-end", limit=MOST_OFFERED)
        repeated += again(row["turns"], end)
    return judgement._replace(repeated=repeated)


def judged(row: Mapping[str, Any], decision: Decision, took_ms: float, *, fold: int = 0) -> JudgedConversation:
    """A decision beside gold and what the bot did; what came up again is not counted."""
    turns, cut = row["turns"], cut_of(row)
    return JudgedConversation(
        task=task_of(str(row["id"])),
        gold=gold_of(row),
        by_bot=str(turns[cut]["name"]) if cut < len(turns) else NOTHING_TO_CHANGE,
        offered=tuple(action.action_id for action in decision.actions),
        repeated=0,
        duration_ms=took_ms,
        score=decision.actions[0].score if decision.actions else None,
        fold=fold,
    )


def cut_of(row: Mapping[str, Any]) -> int:
    """The index of the turn in which the bot writes for the first time, or how many turns there are."""
    turns: Sequence[Mapping[str, Any]] = row["turns"]
    return next((index for index, turn in enumerate(turns) if _writes(turn)), len(turns))


def gold_of(row: Mapping[str, Any]) -> str:
    """The first writing action of the gold actions."""
    actions: Sequence[Mapping[str, Any]] = (row.get("gold") or {"actions": ()})["actions"]
    return next(filter(_is_writing, (str(action["name"]) for action in actions)), NOTHING_TO_CHANGE)


def again(turns: Sequence[Mapping[str, Any]], decision: Decision) -> int:
    """How many offered actions are steps that already succeeded, about the same thing as far as it can be told."""
    done = _succeeded(turns)
    return sum(
        any(_agree(arguments, action.parameters) for arguments in done.get(action.action_id, ()))
        for action in decision.actions
    )


def _succeeded(turns: Sequence[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    done: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    waiting: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for turn in turns:
        name = str(turn.get("name"))
        if turn["role"] == Kind.TOOL_CALL:
            waiting[name].append(turn.get("arguments") or {})
        elif turn["role"] == Kind.TOOL_RESULT and waiting[name]:
            arguments = waiting[name].pop(0)
            if not str(turn.get("text") or "").casefold().startswith("error"):
                done[name].append(arguments)
    return done


def _agree(arguments: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    return all(str(arguments[name]) == str(parameters[name]) for name in arguments.keys() & parameters.keys())


async def judge_policy(app: App, cases: Sequence[PolicyCase]) -> PolicyFaults:
    """Which of the labelled actions are offered although closed, or held back although open."""
    closed_offered: list[str] = []
    open_suppressed: list[str] = []
    for case in cases:
        row = case.conversation
        name = f"case-{row['id']}"
        decision, _ = await decided(app, row, row["turns"], name, limit=MOST_OFFERED, context=case.context)
        offered = {action.action_id for action in decision.actions}
        suppressed = {action.action_id: action.detail for action in decision.suppressed}
        closed_offered.extend(
            f"{row['id']}: {action_id} is offered. {case.why}" for action_id in case.closed if action_id in offered
        )
        open_suppressed.extend(
            f"{row['id']}: {action_id} is held back ({suppressed[action_id]}). {case.why}"
            for action_id in case.open
            if action_id in suppressed
        )
    labelled = sum(len(case.closed) + len(case.open) for case in cases)
    return PolicyFaults(labelled, tuple(closed_offered), tuple(open_suppressed))


def policy_cases(path: Path) -> list[PolicyCase]:
    """The labelled cases of a catalogue, none where it has no such file. Raises InvalidRequest with the line."""
    if not path.is_file():
        return []
    with path.open("rb") as lines:
        rows = list(read_rows(lines))
    broken = next((row for row in rows if row.problem is not None), None)
    if broken is not None:
        raise InvalidRequest(f"{path}:{broken.line}: {broken.problem}")
    return [PolicyCase.model_validate(row.value) for row in rows]


def task_of(conversation_id: str) -> str:
    """The task a conversation is a trial of: its id up to the last hyphen."""
    return conversation_id.rpartition("-")[0] or conversation_id


async def decided(
    app: App,
    row: Mapping[str, Any],
    turns: Sequence[Mapping[str, Any]],
    tenant: str,
    *,
    limit: int,
    context: Mapping[str, Any] | None = None,
) -> tuple[Decision, float]:
    """The decision, and how many milliseconds it took."""
    conversation = conversation_of({"turns": turns, **{key: row[key] for key in _READ if key in row}})
    await app.interactions.record(tenant, conversation.drafts)
    subject = dict(conversation.subject())
    request = NextActionRequest(**subject, limit=limit, now=conversation.now, context=context or {})
    started = perf_counter()
    decision = await app.decisions.next_actions(tenant, request)
    return decision, (perf_counter() - started) * 1000


def _writes(turn: Mapping[str, Any]) -> bool:
    return turn["role"] == Kind.TOOL_CALL and _is_writing(str(turn.get("name")))


def _is_writing(name: str) -> bool:
    return name.startswith(_WRITING)


def rows_of(path: Path) -> list[Mapping[str, Any]]:
    """The conversations of a file. Raises InvalidRequest, which names the line."""
    rows: list[Mapping[str, Any]] = []
    with path.open("rb") as lines:
        for row in read_rows(lines):
            if row.problem is not None:
                raise InvalidRequest(f"{path}:{row.line}: {row.problem}")
            fields: dict[str, Any] = dict(fields_of(row.value))
            try:
                conversation_of(fields)
            except WarmlineError as failure:
                raise InvalidRequest(f"{path}:{row.line}: {failure.detail}") from None
            rows.append(fields)
    return rows
