"""The figures of a run, over all cases and by industry."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import mean

from app.models import Record, Usage
from evals.scorers import SCORERS, Scorer
from evals.scorers.base import direction
from evals.suite.records import CaseResult, Manifest
from evals.suite.wording import BriefOrigins, WordedBy, wording


class ScorerFigures(Record):
    """One scorer over the cases that it scored; `interval` is the 95 % interval of the mean, by clusters of cases.

    `harmed` cases show the harm; None for a measure that has no best value. Unscored cases are in no mean.
    """

    mean: float | None
    interval: tuple[float, float] | None
    n: int
    harmed: int | None
    unscored: int
    not_applicable: int
    version: int
    harm: str
    better: str | None
    unit: str

    @property
    def direction(self) -> str:
        """The unit and which direction is better, in words."""
        return direction(self.unit, self.better)


class Summary(Record):
    """What `eval run` prints."""

    n: int
    failed: int
    resumed: int
    seconds: float
    model: str | None
    judge: str | None
    wording: BriefOrigins
    code: str
    folder: str
    usage: Usage
    scorers: Mapping[str, ScorerFigures]
    industries: Mapping[str, Mapping[str, float]]
    errors: Mapping[str, str]


def summary(
    manifest: Manifest,
    results: Sequence[CaseResult],
    *,
    folder: str,
    resumed: int = 0,
    seconds: float = 0.0,
    scorers: Sequence[Scorer] = SCORERS,
) -> Summary:
    """The figures of a run's results; `scorers` say what the scores of the manifest's scorers mean."""
    by_name = {scorer.name: scorer for scorer in scorers}
    industries = sorted({result.industry for result in results})
    return Summary(
        n=len(results),
        failed=sum(result.error is not None for result in results),
        resumed=resumed,
        seconds=round(seconds, 1),
        model=manifest.model,
        judge=manifest.judge,
        wording=_wording(manifest, results),
        code=manifest.code.commit or manifest.code.package,
        folder=folder,
        usage=_usage(results),
        scorers={
            name: _figures(name, version, by_name.get(name), results) for name, version in manifest.scorers.items()
        },
        industries={
            industry: _means(manifest, [result for result in results if result.industry == industry])
            for industry in industries
        },
        errors={result.case: result.error for result in results if result.error is not None},
    )


def values_of(name: str, results: Sequence[CaseResult]) -> list[tuple[CaseResult, float]]:
    """The cases that a scorer scored, with their values."""
    scored = ((result, result.scores[name].value) for result in results if name in result.scores)
    return [(result, value) for result, value in scored if value is not None]


def _wording(manifest: Manifest, results: Sequence[CaseResult]) -> BriefOrigins:
    with_model = manifest.model is not None
    briefs: Iterator[tuple[WordedBy, str | None]] = (
        (result.observation.handoff.engine, result.fallback(with_model=with_model))
        for result in results
        if result.observation
    )
    return wording(manifest.model, briefs)


def _figures(name: str, version: int, scorer: Scorer | None, results: Sequence[CaseResult]) -> ScorerFigures:
    from evals.compare.intervals import mean_interval

    scored = values_of(name, results)
    values = [value for _, value in scored]
    statuses = [result.scores[name].status for result in results if name in result.scores]
    best = scorer.best if scorer else None
    return ScorerFigures(
        mean=mean(values) if values else None,
        interval=mean_interval(values, [result.cluster for result, _ in scored]) if values else None,
        n=len(values),
        harmed=None if best is None else sum(value != best for value in values),
        unscored=statuses.count("unscored") + sum(result.error is not None for result in results),
        not_applicable=statuses.count("not_applicable"),
        version=version,
        harm=scorer.harm if scorer else "",
        better=scorer.better if scorer else None,
        unit=scorer.unit if scorer else "",
    )


def _means(manifest: Manifest, results: Sequence[CaseResult]) -> Mapping[str, float]:
    values_by_scorer = {name: [value for _, value in values_of(name, results)] for name in manifest.scorers}
    return {name: mean(values) for name, values in values_by_scorer.items() if values}


def _usage(results: Sequence[CaseResult]) -> Usage:
    used = [
        result.observation.handoff.usage
        for result in results
        if result.observation and result.observation.handoff.usage
    ]
    prices = [usage.cost_usd for usage in used]
    known_prices = [price for price in prices if price is not None]
    return Usage(
        prompt_tokens=sum(usage.prompt_tokens for usage in used),
        completion_tokens=sum(usage.completion_tokens for usage in used),
        cost_usd=sum(known_prices) if known_prices and len(known_prices) == len(prices) else None,
    )
