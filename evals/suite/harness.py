"""Runs cases through the App that the service runs, concurrently, on pydantic-evals; every result is kept at once.

pydantic-evals runs the tasks and the scorers, keeps a crash of either apart from a score, and tells of each case when
it is done. What it is told of goes to the run's folder, so that a run that was killed goes on where it was.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from app.bootstrap import build, language_model
from app.errors import ConfigurationError, InvalidRequest
from app.ports import LanguageModel
from app.services import App
from app.settings import Settings
from evals.datasets.recordings import RecordedModel, Recordings, StaleRecording
from evals.scorers import SCORERS, Score, Scorer
from evals.suite.cases import GoldCase, Split, catalogue_for, load_cases
from evals.suite.judging import Judge
from evals.suite.observing import Observation, Spoil, file_case, observe
from evals.suite.records import CaseResult, Manifest, RunFolder, read_results
from evals.suite.versions import code_version, prompts_of
from evals.workspace import workspace

CONCURRENCY = 4
_TOLD = ("model", "model_fallbacks", "embedder", "prompt_brief", "redact_at_ingest", "redact_contacts")

Progress = Callable[[int, int], None]


class Plan(NamedTuple):
    """What is to be run: the cases of a folder, or `only` those with certain ids, by these settings.

    `recordings` is a folder of replies to replay; with `record` those that are missing are asked for and kept. `model`
    and `judging_model` stand in for those that the settings name. `adapters` makes what `build` takes in the place of
    its own adapters, from the settings of the run's stores; `spoil` plants a harm in every handoff; `label` tells such
    a run from others.
    """

    cases: Path
    settings: Settings
    split: Split | None = None
    only: Sequence[str] = ()
    scorers: Sequence[Scorer] = SCORERS
    judge: str | None = None
    recordings: Path | None = None
    record: bool = False
    concurrency: int = CONCURRENCY
    model: LanguageModel | None = None
    judging_model: LanguageModel | None = None
    adapters: Callable[[Settings], Mapping[str, Any]] | None = None
    spoil: Spoil | None = None
    label: str | None = None


class Finished(NamedTuple):
    """A whole run; `resumed` cases were there before it began."""

    manifest: Manifest
    results: Sequence[CaseResult]
    resumed: int
    folder: Path


async def run(plan: Plan, folder: Path | None, *, fresh: bool = False, progress: Progress | None = None) -> Finished:
    """Run what is not done yet. Raises InvalidRequest for wrong cases, StaleRecording, ConfigurationError."""
    _quiet()
    cases = load_cases(plan.cases, split=plan.split, only=plan.only)
    if not cases:
        raise InvalidRequest(f"{plan.cases}: no case of the split {plan.split} is in it.")
    manifest = manifest_of(plan, cases)
    run_folder = RunFolder(folder or plan.settings.data_dir / "evals" / manifest.fingerprint[:12])
    done = run_folder.begin(manifest, fresh=fresh)
    pending = [case for case in cases if case.id not in done]
    tally = _CaseTally(len(cases), len(done), progress)
    models = _Models(plan)
    for industry, group in groupby(pending, key=lambda case: case.industry):
        # What scorers ask of the claims is decided by rules: a check by the model that wrote them would cost twice.
        check = plan.settings.model_check or "none"
        update = {"catalogue": catalogue_for(plan.cases, industry), "model_check": check}
        settings = plan.settings.model_copy(update=update)
        with workspace(settings) as own:
            app = build(own, model=models.brief, **(plan.adapters(own) if plan.adapters else {}))
            try:
                await _run_group(app, list(group), plan, models.judge, run_folder, tally)
            finally:
                await app.close()
    models.check()
    return Finished(manifest, read_results(run_folder.path), len(done), run_folder.path)


def manifest_of(plan: Plan, cases: Sequence[GoldCase]) -> Manifest:
    """What a run is made with; the fingerprint is over all of it that a result depends on."""
    settings = {name: getattr(plan.settings, name) for name in _TOLD}
    settings["friction_ladder"] = plan.settings.friction_ladder.model_dump()
    if plan.model is not None:
        settings["model"] = plan.model.name
    if plan.label:
        settings["label"] = plan.label
    fields: dict[str, Any] = {
        "cases": plan.cases.name,
        "split": plan.split,
        "n": len(cases),
        "settings": settings,
        "prompts": prompts_of(plan.settings),
        "judge": plan.judging_model.name if plan.judging_model else plan.judge,
        "scorers": {scorer.name: scorer.version for scorer in plan.scorers},
        "code": code_version(),
    }
    content = json.dumps([fields, [case.sha256 for case in cases]], default=_as_json, sort_keys=True)
    fingerprint = hashlib.sha256(content.encode()).hexdigest()
    return Manifest(fingerprint=fingerprint, started_at=datetime.now(UTC), **fields)


class _Models:
    """The models of a run by their roles, replayed or recorded where there is a folder for it."""

    def __init__(self, plan: Plan) -> None:
        self._recorded: list[RecordedModel] = []
        self._plan = plan
        self.brief = self._in_role(plan.settings.model, plan.model)
        judging = self._in_role(plan.judge, plan.judging_model)
        self.judge = Judge(judging) if judging else None

    def check(self) -> None:
        """Raises StaleRecording when a reply was asked for that is not there."""
        stale = [detail for model in self._recorded for detail in model.stale]
        if stale:
            more = f" (and {len(stale) - 1} more)" if len(stale) > 1 else ""
            raise StaleRecording(f"{stale[0]}{more}")

    def _in_role(self, name: str | None, given: LanguageModel | None) -> LanguageModel | None:
        plan = self._plan
        if plan.recordings is None:
            return given or (self._live(name) if name else None)
        called = given.name if given else name
        if called is None:
            return None
        live = (given or self._live(called)) if plan.record else None
        model = RecordedModel(called, Recordings(plan.recordings), prompts_of(plan.settings), inner=live)
        self._recorded.append(model)
        return model

    def _live(self, name: str) -> LanguageModel | None:
        return language_model(self._plan.settings.model_copy(update={"model": name}))


class _CaseTally:
    """Counts finished cases for the progress bar."""

    def __init__(self, total: int, done: int, progress: Progress | None) -> None:
        self._total, self._done, self._progress = total, done, progress

    def advance(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


async def _run_group(
    app: App, cases: Sequence[GoldCase], plan: Plan, judge: Judge | None, run_folder: RunFolder, tally: _CaseTally
) -> None:
    await app.warm_up()
    sources = {case.id: await file_case(app, case) for case in cases}
    # The index is whole before the first handoff and the app is not entered, so nothing depends on what runs beside.
    async for _ in app.reindex():
        pass
    by_id = {case.id: case for case in cases}

    async def task(case_id: str) -> Observation:
        case = by_id[case_id]
        seen = await observe(app, case, sources[case_id], spoil=plan.spoil)
        return seen.model_copy(update={"judgement": await judge.judge(case, seen)}) if judge else seen

    def keep(result: CaseResult) -> None:
        run_folder.keep(result)
        tally.advance()

    await _evaluated(by_id, task, plan, keep)


async def _evaluated(
    cases: Mapping[str, GoldCase], task: Callable[[str], Any], plan: Plan, keep: Callable[[CaseResult], None]
) -> None:
    try:
        from pydantic_evals import Case, Dataset
        from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext
        from pydantic_evals.lifecycle import CaseLifecycle
        from pydantic_evals.reporting import ReportCase
    except ImportError:
        raise ConfigurationError("The suite needs pydantic-evals. Install Warmline with its extra `evals`.") from None

    @dataclass
    class Scoring(Evaluator[str, Observation, Any]):
        """One of our scorers as the library calls it; what has no value is a label there, so that it is no zero."""

        scorer: Scorer

        def get_default_evaluation_name(self) -> str:
            return self.scorer.name

        def get_evaluator_version(self) -> str:
            return str(self.scorer.version)

        def evaluate(self, ctx: EvaluatorContext[str, Observation, Any]) -> EvaluationReason:
            score = self.scorer.score(cases[ctx.inputs], ctx.output)
            return EvaluationReason(value=score.status if score.value is None else score.value, reason=score.reason)

    class Keeping(CaseLifecycle[str, Observation, Any]):
        """Keeps a case as soon as it is scored."""

        async def teardown(self, result: Any) -> None:
            case = cases[self.case.inputs]
            if isinstance(result, ReportCase):
                keep(_result(case, result))
            elif result is not None:
                keep(_blank(case).model_copy(update={"error": result.error_message}))

    dataset = Dataset[str, Observation, Any](
        name=plan.cases.name,
        cases=[Case[str, Observation, Any](name=case_id, inputs=case_id) for case_id in cases],
        evaluators=[Scoring(scorer=scorer) for scorer in plan.scorers],
    )
    await dataset.evaluate(task, max_concurrency=plan.concurrency, progress=False, lifecycle=Keeping)


def _result(case: GoldCase, report: Any) -> CaseResult:
    scores = {name: Score(value=float(score.value), reason=score.reason or "") for name, score in report.scores.items()}
    for name, label in report.labels.items():
        scores[name] = Score(value=None, reason=label.reason or "", status=label.value)
    for failure in report.evaluator_failures:
        scores[failure.name] = Score(
            value=None, reason=f"The scorer failed: {failure.error_message}", status="unscored"
        )
    done = {"duration_s": round(report.task_duration, 3), "scores": scores, "observation": report.output}
    return _blank(case).model_copy(update=done)


def _blank(case: GoldCase) -> CaseResult:
    return CaseResult(case=case.id, industry=case.industry, cluster=case.cluster, split=case.split, sha256=case.sha256)


def _as_json(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)


def _quiet() -> None:
    # A thousand briefs without a model are no thousand warnings.
    logging.getLogger("warmline").setLevel(logging.ERROR)
