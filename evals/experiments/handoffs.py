"""`warmline eval handoffs`: what the brief of a real conversation holds, misses and makes up.

Each conversation is cut before the bot hands it on (that call carries the bot's own summary) and filed into an App of
its own kind: the same App that the service runs. An identifier is relevant when the customer said it, or when the gold
goal or actions name it and the conversation contains it. Recall and precision are means over the conversations.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

from app.bootstrap import build
from app.conversations import Conversation, conversation_of, fields_of, read_rows
from app.errors import InvalidRequest, WarmlineError
from app.models import Actor, Handoff, HandoffRequest, Record
from app.services import App
from app.settings import Settings
from evals.prose import prose_of
from evals.scorers.identifiers import identifiers, named_in, numbers
from evals.workspace import workspace

HANDING_ON = "transfer_to_human_agents"
NOTHING_TO_CHANGE = "inform_no_change"
_NOT_TEXT = frozenset({"claims", "dropped_claims", "evidence", "at"})


class HandoffFigures(Record):
    """What `eval handoffs` prints; durations in milliseconds, shares in 0..1, words counted in the prose alone."""

    n: int
    relevant_recall: float
    relevant_precision: float
    prose_recall: float
    fabricated: int
    words_max: int
    words_median: float
    p50_ms: float
    p99_ms: float
    pooled_recall: float
    pooled_precision: float
    claims_without_evidence: int
    first_action_right: float | None
    statuses: Mapping[str, int]


class JudgedHandoff(NamedTuple):
    """One conversation's handoff with what it should hold."""

    conversation_id: str
    relevant: set[str]
    mentioned: set[str]
    mentioned_in_prose: set[str]
    made_up: set[str]
    words: int
    handoff: Handoff
    took_ms: float
    first_action_right: bool | None


async def evaluate(
    path: Path, settings: Settings, *, progress: Callable[[int, int], None] | None = None
) -> HandoffFigures:
    """The figures over a file of conversations, lines or one document. Raises InvalidRequest, which names the line."""
    return figures(await judge_file(path, settings, progress=progress))


async def judge_file(
    path: Path, settings: Settings, *, progress: Callable[[int, int], None] | None = None
) -> list[JudgedHandoff]:
    """One judgement for each conversation of a file."""
    rows = _rows(path)
    judged: list[JudgedHandoff] = []
    with workspace(settings) as own:
        # The app is not entered: with one conversation a customer there is no history to find, and an index that is
        # being made beside would only blur the times.
        app = build(own)
        try:
            await app.warm_up()
            for done, row in enumerate(rows, start=1):
                conversation = conversation_of({key: value for key, value in row.items() if key != "gold"})
                judged.append(judge(row, conversation, *await _handed_on(app, conversation)))
                if progress:
                    progress(done, len(rows))
        finally:
            await app.close()
    return judged


async def _handed_on(app: App, conversation: Conversation) -> tuple[Handoff, float]:
    """The handoff, and how many milliseconds it took."""
    # A tenant of its own for each: the same customer may come up in several conversations of a file.
    await app.interactions.record(conversation.id, conversation.drafts)
    request = HandoffRequest(**dict(conversation.subject()), now=conversation.now)
    started = perf_counter()
    handoff = await app.handoffs.create(conversation.id, request)
    return handoff, (perf_counter() - started) * 1000


def judge(
    row: Mapping[str, Any], conversation: Conversation, handoff: Handoff, took_ms: float | None = None
) -> JudgedHandoff:
    """Compares one handoff with what its conversation and its gold say; without `took_ms` its own whole ones count."""
    contained = set[str]().union(*(_named(turn) for turn in row["turns"]))
    figures_in_it = numbers(" ".join(_content(row["turns"])))
    by_customer = " ".join(draft.text for draft in conversation.drafts if draft.actor is Actor.CUSTOMER)
    gold: Mapping[str, Any] = row.get("gold") or {}
    brief = handoff.brief.model_dump(mode="json")
    mentioned = identifiers(" ".join(_strings(brief)))
    prose = " ".join(prose_of(brief))
    return JudgedHandoff(
        conversation_id=conversation.id,
        relevant=identifiers(by_customer) | (named_in(gold) & contained),
        mentioned=mentioned,
        mentioned_in_prose=identifiers(prose),
        made_up=mentioned - contained - figures_in_it,
        words=len(prose.split()),
        handoff=handoff,
        took_ms=float(handoff.duration_ms) if took_ms is None else took_ms,
        first_action_right=_first_action_right(row, handoff),
    )


def figures(judged: Sequence[JudgedHandoff]) -> HandoffFigures:
    """The figures over judged handoffs. Raises InvalidRequest when there is none."""
    if not judged:
        raise InvalidRequest("The file holds no conversation.")
    times = [judgement.took_ms for judgement in judged]
    actions = [judgement.first_action_right for judgement in judged if judgement.first_action_right is not None]
    relevant = sum(len(judgement.relevant) for judgement in judged)
    mentioned = sum(len(judgement.mentioned) for judgement in judged)
    right = sum(len(judgement.mentioned & judgement.relevant) for judgement in judged)
    statuses = [judgement.handoff.status.value for judgement in judged]
    return HandoffFigures(
        n=len(judged),
        relevant_recall=mean(
            _share(judgement.mentioned & judgement.relevant, judgement.relevant) for judgement in judged
        ),
        relevant_precision=mean(
            _share(judgement.mentioned & judgement.relevant, judgement.mentioned) for judgement in judged
        ),
        prose_recall=mean(
            _share(judgement.mentioned_in_prose & judgement.relevant, judgement.relevant) for judgement in judged
        ),
        fabricated=sum(len(judgement.made_up) for judgement in judged),
        words_max=max(judgement.words for judgement in judged),
        words_median=median(judgement.words for judgement in judged),
        p50_ms=median(times),
        p99_ms=quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0],
        pooled_recall=right / relevant if relevant else 1.0,
        pooled_precision=right / mentioned if mentioned else 1.0,
        claims_without_evidence=sum(
            not claim.evidence for judgement in judged for claim in judgement.handoff.brief.claims
        ),
        first_action_right=mean(actions) if actions else None,
        statuses={status: statuses.count(status) for status in sorted(set(statuses))},
    )


def cut_before_handing_on(row: Mapping[str, Any]) -> dict[str, Any]:
    """The conversation up to the call with which the bot hands it on."""
    turns = row["turns"]
    handed_on = (index for index, turn in enumerate(turns) if turn.get("name") == HANDING_ON)
    return {**row, "turns": turns[: next(handed_on, len(turns))]}


def _first_action_right(row: Mapping[str, Any], handoff: Handoff) -> bool | None:
    """Whether the first offered action is one that gold has and the bot has not carried out; None without gold."""
    gold = row.get("gold")
    if gold is None or handoff.next_actions is None or not handoff.next_actions.actions:
        return None
    done = {
        step.step.split(":")[0].replace(" ", "_") for step in handoff.brief.actions_taken if step.outcome == "succeeded"
    }
    wanted = {action["name"] for action in gold["actions"]} - done or {NOTHING_TO_CHANGE, HANDING_ON}
    return handoff.next_actions.actions[0].action_id in wanted


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with path.open("rb") as lines:
        for row in read_rows(lines):
            if row.problem is not None:
                raise InvalidRequest(f"{path}:{row.line}: {row.problem}")
            fields = fields_of(row.value)
            try:
                conversation_of({key: value for key, value in fields.items() if key != "gold"})
            except WarmlineError as failure:
                raise InvalidRequest(f"{path}:{row.line}: {failure.detail}") from None
            rows.append(cut_before_handing_on(fields))
    return rows


def _named(turn: Mapping[str, Any]) -> set[str]:
    """What one turn names: in its words, in a call's arguments, in a result that is JSON."""
    text = str(turn.get("text") or "")
    try:
        result: object = json.loads(text)
    except ValueError:
        result = None
    return identifiers(text) | named_in(turn.get("arguments")) | named_in(result)


def _content(turns: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for turn in turns:
        yield str(turn.get("text") or "")
        if "arguments" in turn:
            yield json.dumps(turn["arguments"], ensure_ascii=False)


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            if key not in _NOT_TEXT:
                yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def _share(part: set[str], whole: set[str]) -> float:
    return len(part) / len(whole) if whole else 1.0
