"""`warmline eval rankings`: how a strong model's recorded rankings fare, and how much of their words reaches the user.

The first trial of each task is cut where the bot was about to write for the first time and decided twice: by a model
that replays what was recorded, and by the rules. A policy's text may be laid beside the catalogue.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from app.bootstrap import build
from app.conversations import conversation_of
from app.errors import InvalidRequest
from app.models import Decision, NextActionRequest, Record
from app.services import App
from app.settings import Settings
from evals.datasets.recorded_rankings import RankingPrompts, RecordedRanking, answers_in, read_recordings
from evals.experiments.action_cases import OFFERED, JudgedConversation, cut_of, judged, rows_of, task_of
from evals.experiments.actions import Progress
from evals.experiments.fixed_orders import OrderFigures, order_figures
from evals.workspace import workspace

DEADLINE_MS = 60_000
_READ = ("id", "started_at", "customer_ref")


class RankingFigures(Record):
    """What `eval rankings` prints, over one trial a task. Shares in 0..1.

    `ranked_by_model` decisions were ranked as recorded; of `prompts_differing` the prompt is another by now. Of the
    reasons, scripts and parameters that the answers hold, so many were shown as the model gave them.
    """

    n: int
    ranked_by_model: int
    prompts_differing: int
    model: OrderFigures
    rules: OrderFigures
    reasons: int
    reasons_shown: int
    scripts: int
    scripts_shown: int
    parameters: int
    parameters_shown: int
    failures: tuple[str, ...]


class _RankedTrial(NamedTuple):
    row: Mapping[str, Any]
    model: Decision
    rules: Decision


async def write_prompts(
    path: Path, settings: Settings, folder: Path, *, policy: str | None, progress: Progress | None = None
) -> int:
    """Write the exact prompt of each trial into a folder. Gives how many were written."""
    recorder = RankingPrompts(folder)
    await _decided(trials_in(path), settings, recorder, policy, progress)
    return recorder.written


def recorded_answers(path: Path, recordings: Path) -> Mapping[str, tuple[str, str]]:
    """What is recorded of a file's trials: in a folder of answers beside their prompts, or a file of recorded orders.

    Raises InvalidRequest where nothing is recorded of them.
    """
    ids = [str(row["id"]) for row in trials_in(path)]
    answers = answers_in(recordings, ids) if recordings.is_dir() else read_recordings(recordings)
    if not answers.keys() & set(ids):
        raise InvalidRequest(f"{recordings} holds no answer to a prompt of {path}. Write them with --write-prompts.")
    return answers


async def evaluate(
    path: Path,
    settings: Settings,
    answers: Mapping[str, tuple[str, str]],
    *,
    policy: str | None,
    progress: Progress | None = None,
) -> RankingFigures:
    """The figures of recorded answers, each by its conversation's id with the hash of the prompt that it answers."""
    recorder = RecordedRanking(answers)
    trials = await _decided(trials_in(path), settings, recorder, policy, progress)
    return _figures(trials, answers, recorder.differing)


def trials_in(path: Path) -> list[Mapping[str, Any]]:
    """The first trial of each task of a file. Raises InvalidRequest, which names the line."""
    first: dict[str, Mapping[str, Any]] = {}
    for row in rows_of(path):
        first.setdefault(task_of(str(row["id"])), row)
    return list(first.values())


async def _decided(
    rows: Sequence[Mapping[str, Any]],
    settings: Settings,
    recorder: RankingPrompts | RecordedRanking,
    policy: str | None,
    progress: Progress | None,
) -> list[_RankedTrial]:
    trials: list[_RankedTrial] = []
    alone = settings.model_copy(update={"model": None, "model_rank": None, "model_check": None})
    with workspace(alone) as own:
        by_rules = build(own)
        try:
            catalogue = await _with_policy(by_rules, policy, Path(own.data_dir)) if policy else own.catalogue
            by_model = build(own.model_copy(update={"catalogue": catalogue}), model=recorder)
            try:
                for row in rows:
                    recorder.conversation = str(row["id"])
                    request = await _filed(by_model, row)
                    model = await by_model.decisions.next_actions(str(row["id"]), request)
                    rules = await by_rules.decisions.next_actions(str(row["id"]), request)
                    trials.append(_RankedTrial(row, model, rules))
                    if progress:
                        progress(len(trials), len(rows))
            finally:
                await by_model.close()
        finally:
            await by_rules.close()
    return trials


async def _with_policy(app: App, policy: str, folder: Path) -> str:
    """The path of the catalogue in force with a policy's text beside it."""
    catalogue = dict((await app.decisions.catalogue("policy")).catalogue)
    path = folder / "catalogue.yaml"
    document = json.dumps({**catalogue, "policy_text": policy}, ensure_ascii=False)
    await asyncio.to_thread(path.write_text, document, encoding="utf-8")
    return str(path)


async def _filed(app: App, row: Mapping[str, Any]) -> NextActionRequest:
    """The conversation up to the cut, under a tenant of its own: the same customer may come up in several."""
    turns = row["turns"][: cut_of(row)]
    conversation = conversation_of({"turns": turns, **{key: row[key] for key in _READ if key in row}})
    await app.interactions.record(str(row["id"]), conversation.drafts)
    subject = dict(conversation.subject())
    return NextActionRequest(**subject, limit=OFFERED, now=conversation.now, deadline_ms=DEADLINE_MS)


def _figures(trials: Sequence[_RankedTrial], answers: Mapping[str, tuple[str, str]], differing: int) -> RankingFigures:
    ranked = [trial for trial in trials if trial.model.ranked_by == "model"]
    shown = _WordsShown()
    for trial in ranked:
        shown.count(json.loads(answers[str(trial.row["id"])][1]), trial.model)
    return RankingFigures(
        n=len(trials),
        ranked_by_model=len(ranked),
        prompts_differing=differing,
        model=order_figures([_judged(trial.row, trial.model) for trial in trials]),
        rules=order_figures([_judged(trial.row, trial.rules) for trial in trials]),
        reasons=shown.reasons,
        reasons_shown=shown.reasons_shown,
        scripts=shown.scripts,
        scripts_shown=shown.scripts_shown,
        parameters=shown.parameters,
        parameters_shown=shown.parameters_shown,
        failures=tuple(
            f"{trial.row['id']}: {trial.model.failure_code}" for trial in trials if trial.model.failure_code
        ),
    )


def _judged(row: Mapping[str, Any], decision: Decision) -> JudgedConversation:
    return judged(row, decision, decision.duration_ms)


class _WordsShown:
    """How much of the model's words is in what was offered."""

    def __init__(self) -> None:
        self.reasons = self.reasons_shown = 0
        self.scripts = self.scripts_shown = 0
        self.parameters = self.parameters_shown = 0

    def count(self, answer: Mapping[str, Any], decision: Decision) -> None:
        """Count the words of one answer about the actions that were offered."""
        offered = {action.action_id: action for action in decision.actions}
        for choice in cast(list[Mapping[str, Any]], answer["actions"]):
            offer = offered.get(str(choice["action_id"]))
            if offer is None:
                continue
            reason, script = (" ".join(str(choice.get(name) or "").split()) for name in ("reason", "script"))
            self.reasons += bool(reason)
            self.reasons_shown += bool(reason) and offer.reason == reason
            self.scripts += bool(script) and offer.script is not None
            self.scripts_shown += bool(script) and offer.script == script
            read = [str(parameter["name"]) for parameter in choice.get("parameters") or ()]
            self.parameters += len(read)
            self.parameters_shown += sum(name in offer.parameters for name in read)
