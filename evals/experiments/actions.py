"""`warmline eval actions`: whether the action that a perfect agent takes next is among the offered, and offered first.

Each conversation is cut before the bot's first call that writes (it books, cancels, updates, sends or hands on) and
filed into an App of the kind that the service runs, under a tenant of its own. Gold is the first writing action of the
gold actions, or `inform_no_change` where there is none. The `macro_` figures weigh every gold action alike, however
often it comes up. Trials of one task resemble each other, so intervals are drawn by task (a cluster bootstrap).

What policy closes is held against cases labelled by hand from the policy's text, at the most actions that one may ask
for. Whether something done is offered again is asked at the cut, and again at the end of the whole conversation.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from random import Random
from statistics import mean, median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

from pydantic import Field

from app.bootstrap import build
from app.conversations import conversation_of, fields_of, read_rows
from app.errors import InvalidRequest, WarmlineError
from app.models import Decision, Kind, NextActionRequest, Record
from app.services import App
from app.settings import Settings
from evals.workspace import workspace

CASES = Path(__file__).parents[1] / "cases" / "actions"
NOTHING_TO_CHANGE = "inform_no_change"
OFFERED = 3
MOST_OFFERED = 5
RESAMPLES = 1000
_READ = ("id", "started_at", "customer_ref")
_WRITING = ("book_", "cancel_", "update_", "send_", "transfer_")

Interval = tuple[float, float]
Progress = Callable[[int, int], None]


class GoldFigures(Record):
    """How often one gold action comes up, is offered first, and is offered at all."""

    n: int
    top1: float
    top3: float


class ActionFigures(Record):
    """What `eval actions` prints: shares in 0..1 with their 95 % intervals, counts, and durations in milliseconds.

    `constant_` figures are those of the best order that never looks at the conversation, `bot_` those of what the bot
    itself did next. `closed_offered` and `open_suppressed` count over `policy_cases` labelled actions.
    """

    n: int
    tasks: int
    top1: float
    top3: float
    macro_top1: float
    macro_top3: float
    constant_top1: float
    constant_top3: float
    bot_top1: float
    bot_macro_top1: float
    top1_interval: Interval
    top3_interval: Interval
    macro_top1_interval: Interval
    macro_top3_interval: Interval
    by_action: Mapping[str, GoldFigures]
    policy_cases: int
    closed_offered: int
    open_suppressed: int
    policy_faults: tuple[str, ...]
    repeated_offered: int
    p50_ms: float
    p99_ms: float


class JudgedConversation(NamedTuple):
    """One conversation: what was offered at the cut, best first, what gold and the bot did, and what came up again."""

    task: str
    gold: str
    by_bot: str
    offered: tuple[str, ...]
    repeated: int
    duration_ms: float


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


async def evaluate(path: Path, settings: Settings, *, progress: Progress | None = None) -> ActionFigures:
    """The figures over a file of conversations. Raises InvalidRequest, which names the line."""
    rows = _rows(path)
    cases = policy_cases(CASES / f"{Path(settings.catalogue).stem}.json")
    total = len(rows) + len(cases)
    judged: list[JudgedConversation] = []
    with workspace(settings) as own:
        app = build(own)
        try:
            await app.warm_up()
            for row in rows:
                judged.append(await judge(app, row))
                if progress:
                    progress(len(judged), total)
            faults = await judge_policy(app, cases)
        finally:
            await app.close()
    return figures(judged, faults)


async def judge(app: App, row: Mapping[str, Any]) -> JudgedConversation:
    """What is offered where the bot was about to write for the first time, and at the end."""
    turns: Sequence[Mapping[str, Any]] = row["turns"]
    cut = next((index for index, turn in enumerate(turns) if _writes(turn)), len(turns))
    decision, took_ms = await _decided(app, row, turns[:cut], f"{row['id']}-cut", limit=OFFERED)
    repeated = again(turns[:cut], decision)
    if cut < len(turns):
        end, _ = await _decided(app, row, turns, f"{row['id']}-end", limit=MOST_OFFERED)
        repeated += again(turns, end)
    actions: Sequence[Mapping[str, Any]] = (row.get("gold") or {"actions": ()})["actions"]
    gold = (str(action["name"]) for action in actions)
    return JudgedConversation(
        task=task_of(str(row["id"])),
        gold=next(filter(_is_writing, gold), NOTHING_TO_CHANGE),
        by_bot=str(turns[cut]["name"]) if cut < len(turns) else NOTHING_TO_CHANGE,
        offered=tuple(action.action_id for action in decision.actions),
        repeated=repeated,
        duration_ms=took_ms,
    )


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
        decision, _ = await _decided(app, row, row["turns"], name, limit=MOST_OFFERED, context=case.context)
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


def figures(judged: Sequence[JudgedConversation], faults: PolicyFaults) -> ActionFigures:
    """The figures over judged conversations. Raises InvalidRequest when there is none."""
    if not judged:
        raise InvalidRequest("The file holds no conversation.")
    golds = Counter(judgement.gold for judgement in judged)
    constant = [count / len(judged) for _, count in golds.most_common(OFFERED)]
    times = [judgement.duration_ms for judgement in judged]
    by_gold = _by_gold(judged)
    intervals = _intervals(judged)
    bots = [judgement._replace(offered=(judgement.by_bot,)) for judgement in judged]
    return ActionFigures(
        n=len(judged),
        tasks=len({judgement.task for judgement in judged}),
        top1=_top1(judged),
        top3=_top3(judged),
        macro_top1=_macro_top1(judged),
        macro_top3=_macro_top3(judged),
        constant_top1=constant[0],
        constant_top3=sum(constant),
        bot_top1=_top1(bots),
        bot_macro_top1=_macro(bots, _top1),
        top1_interval=intervals["top1"],
        top3_interval=intervals["top3"],
        macro_top1_interval=intervals["macro_top1"],
        macro_top3_interval=intervals["macro_top3"],
        by_action={
            gold: GoldFigures(n=len(those), top1=_top1(those), top3=_top3(those)) for gold, those in by_gold.items()
        },
        policy_cases=faults.judged,
        closed_offered=len(faults.closed_offered),
        open_suppressed=len(faults.open_suppressed),
        policy_faults=(*faults.closed_offered, *faults.open_suppressed),
        repeated_offered=sum(judgement.repeated for judgement in judged),
        p50_ms=median(times),
        p99_ms=quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0],
    )


def task_of(conversation_id: str) -> str:
    """The task a conversation is a trial of: its id up to the last hyphen."""
    return conversation_id.rpartition("-")[0] or conversation_id


def _top1(judged: Sequence[JudgedConversation]) -> float:
    return mean(judgement.offered[:1] == (judgement.gold,) for judgement in judged)


def _top3(judged: Sequence[JudgedConversation]) -> float:
    return mean(judgement.gold in judgement.offered[:OFFERED] for judgement in judged)


def _macro(judged: Sequence[JudgedConversation], measure: Callable[[Sequence[JudgedConversation]], float]) -> float:
    return mean(measure(those) for those in _by_gold(judged).values())


def _macro_top1(judged: Sequence[JudgedConversation]) -> float:
    return _macro(judged, _top1)


def _macro_top3(judged: Sequence[JudgedConversation]) -> float:
    return _macro(judged, _top3)


_MEASURES: Mapping[str, Callable[[Sequence[JudgedConversation]], float]] = {
    "top1": _top1,
    "top3": _top3,
    "macro_top1": _macro_top1,
    "macro_top3": _macro_top3,
}


def _by_gold(judged: Iterable[JudgedConversation]) -> dict[str, list[JudgedConversation]]:
    groups: defaultdict[str, list[JudgedConversation]] = defaultdict(list)
    for judgement in judged:
        groups[judgement.gold].append(judgement)
    return dict(sorted(groups.items(), key=lambda group: -len(group[1])))


def _intervals(judged: Sequence[JudgedConversation]) -> Mapping[str, Interval]:
    """95 % percentile intervals of each measure over resampled tasks; a gold action that is not drawn is left out."""
    tasks: defaultdict[str, list[JudgedConversation]] = defaultdict(list)
    for judgement in judged:
        tasks[judgement.task].append(judgement)
    clusters = list(tasks.values())
    random = Random(17)  # noqa: S311 - nothing here is a secret
    drawn = [
        [resampled for those in random.choices(clusters, k=len(clusters)) for resampled in those]
        for _ in range(RESAMPLES)
    ]
    return {name: _middle([measure(sample) for sample in drawn]) for name, measure in _MEASURES.items()}


def _middle(values: Sequence[float]) -> Interval:
    cuts = quantiles(values, n=40, method="inclusive")
    return round(cuts[0], 4), round(cuts[-1], 4)


async def _decided(
    app: App,
    row: Mapping[str, Any],
    turns: Sequence[Mapping[str, Any]],
    tenant: str,
    *,
    limit: int,
    context: Mapping[str, Any] | None = None,
) -> tuple[Decision, float]:
    """The decision, and how many milliseconds it took."""
    # A tenant of its own for each: the same customer may come up in several conversations of a file.
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


def _rows(path: Path) -> list[Mapping[str, Any]]:
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
