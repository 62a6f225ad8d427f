"""What is kept of a run: what it was made with, and one result a case. The folder survives a kill at any moment."""

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from app.errors import InvalidRequest
from app.models import PromptReference, Record
from evals.scorers import SCORERS, Score
from evals.scorers.former import by_present_names, present_name
from evals.suite.observing import Observation
from evals.suite.versions import CodeVersion
from evals.suite.wording import WordedBy, fallback_of

MANIFEST = "run.json"
RESULTS = "results.jsonl"
DIGITS = 4
"""Behind the point; a baseline keeps no more, so no comparison looks at more either."""
_Value = TypeVar("_Value")
ByScorer = Annotated[Mapping[str, _Value], AfterValidator(by_present_names)]
"""Values by scorer; former names are read as the present ones."""


class Manifest(Record):
    """What a run was made with. Two runs of one `fingerprint` are the same experiment."""

    fingerprint: str
    started_at: datetime
    cases: str
    split: str | None
    n: int
    settings: Mapping[str, object]
    prompts: tuple[PromptReference, ...]
    judge: str | None
    scorers: ByScorer[int]
    code: CodeVersion

    @property
    def model(self) -> str | None:
        """The model that words the briefs; None for the extractive engine."""
        named = self.settings.get("model")
        return named if isinstance(named, str) else None


class CaseResult(Record):
    """One case: its scores by scorer, or the error in their place. `duration_s` is that of handoff and checks."""

    case: str
    industry: str
    cluster: str
    split: str
    sha256: str
    duration_s: float = 0.0
    error: str | None = None
    scores: ByScorer[Score] = Field(default_factory=dict)
    observation: Observation | None = None

    def fallback(self, *, with_model: bool) -> str | None:
        """Why the brief of a run with a model is not in the model's words; None where it is."""
        return fallback_of(self.observation.handoff, with_model=with_model) if self.observation else None


class RunFolder:
    """A folder with a manifest and one line a finished case."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, manifest: Manifest, *, fresh: bool = False) -> Mapping[str, CaseResult]:
        """What is already done of this experiment. Raises InvalidRequest when the folder holds another."""
        there = self.path / MANIFEST
        if fresh or not there.is_file():
            self.path.mkdir(parents=True, exist_ok=True)
            (self.path / RESULTS).unlink(missing_ok=True)
            there.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
            return {}
        if read_manifest(self.path).fingerprint != manifest.fingerprint:
            raise InvalidRequest(
                f"{self.path} holds a run of other cases, settings or code. Name another folder with --out, "
                "or throw that run away with --fresh."
            )
        self._mend()
        return {result.case: result for result in read_results(self.path) if result.error is None}

    def keep(self, result: CaseResult) -> None:
        """Append a result; it is on the disk when this returns."""
        with (self.path / RESULTS).open("a", encoding="utf-8") as file:
            file.write(result.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _mend(self) -> None:
        """A kill in the middle of a line leaves a line without an end, to which nothing may be appended."""
        path = self.path / RESULTS
        content = path.read_bytes() if path.is_file() else b""
        if content and not content.endswith(b"\n"):
            path.write_bytes(content[: content.rfind(b"\n") + 1])


def read_manifest(path: Path) -> Manifest:
    """The manifest of a run folder. Raises InvalidRequest."""
    try:
        return Manifest.model_validate_json((path / MANIFEST).read_bytes())
    except OSError:
        raise InvalidRequest(f"{path} is no run: there is no {MANIFEST} in it.") from None
    except ValidationError as failure:
        raise InvalidRequest(f"{path / MANIFEST} cannot be read: {failure.error_count()} fields are wrong.") from None


def read_results(path: Path) -> list[CaseResult]:
    """The results of a run folder, the last of each case. Raises InvalidRequest, which names the line."""
    results_by_case: dict[str, CaseResult] = {}
    file = path / RESULTS
    lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            break  # cut off by a kill; the case counts as not run
        try:
            result = CaseResult.model_validate_json(line)
        except ValidationError:
            raise InvalidRequest(f"{file}, line {number}: this is no result of a case.") from None
        results_by_case[result.case] = result
    return list(results_by_case.values())


# --- what two runs are compared by -----------------------------------------------------------------------------------


def _present_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(present_name, names))


class ScoredCase(Record):
    """The scores of one case without what they were read from; None where it has none.

    `worded_by` says which engine worded the brief, and `fallback` why it was not the run's model; a baseline without a
    model keeps neither.
    """

    industry: str
    cluster: str
    sha256: str
    error: str | None = None
    scores: ByScorer[float | None]
    unscored: Annotated[tuple[str, ...], AfterValidator(_present_names)] = ()
    worded_by: WordedBy | None = None
    fallback: str | None = None


class Scores(Record):
    """A run's scores: what a baseline file holds."""

    manifest: Manifest
    cases: Mapping[str, ScoredCase]


def scores_of(manifest: Manifest, results: Iterable[CaseResult]) -> Scores:
    """The scores of a run, by case, in the order of their names."""
    with_model = manifest.model is not None
    cases = {
        result.case: ScoredCase(
            industry=result.industry,
            cluster=result.cluster,
            sha256=result.sha256,
            error=result.error,
            scores={name: score.value for name, score in result.scores.items() if score.value is not None},
            unscored=tuple(name for name, score in result.scores.items() if score.status == "unscored"),
            worded_by=result.observation.handoff.engine if result.observation and with_model else None,
            fallback=result.fallback(with_model=with_model),
        )
        for result in sorted(results, key=lambda result: result.case)
    }
    return Scores(manifest=manifest, cases=cases)


def read_scores(path: Path) -> Scores:
    """The scores of a run folder or of a baseline file. Raises InvalidRequest."""
    if path.is_dir():
        return scores_of(read_manifest(path), read_results(path))
    try:
        return Scores.model_validate_json(path.read_bytes())
    except OSError as failure:
        raise InvalidRequest(f"{path} cannot be read: {failure.strerror}.") from None
    except ValidationError:
        raise InvalidRequest(f"{path} is no baseline. Make one with `warmline eval run --write-baseline`.") from None


def write_baseline(path: Path, scores: Scores) -> None:
    """Write scores as a file that is read well in a diff: one case a line, gated scorers only."""
    gated = {SCORER.name for SCORER in SCORERS if SCORER.gated}
    manifest = scores.manifest.model_dump(mode="json")
    lines = [
        f"  {json.dumps(name)}: {json.dumps(_rounded(case, gated), ensure_ascii=False)}"
        for name, case in scores.cases.items()
    ]
    text = f'{{"manifest": {json.dumps(manifest)},\n"cases": {{\n' + ",\n".join(lines) + "\n}}\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


_WORDING = ("worded_by", "fallback")


def _rounded(case: ScoredCase, gated: set[str]) -> Mapping[str, object]:
    scores = {name: round(value, DIGITS) for name, value in case.scores.items() if name in gated and value is not None}
    document = {**case.model_dump(), "scores": scores}
    return {name: value for name, value in document.items() if value is not None or name not in _WORDING}
