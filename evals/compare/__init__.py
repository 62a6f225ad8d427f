"""Two runs side by side: paired differences on the same cases, with intervals, and what changed most."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, cast

from app.errors import InvalidRequest
from app.models import PromptReference, Record
from evals.scorers import SCORERS, Score, Scorer, scorer_named
from evals.scorers.base import direction
from evals.suite.cases import GoldCase
from evals.suite.observing import Observation
from evals.suite.records import DIGITS, Manifest, ScoredCase, Scores
from evals.suite.wording import BriefOrigins, wording

CONFIDENCE = 0.95
MOST_CHANGES = 20
_NONE = "none"

MACHINE = "depends on the machine"
UNKNOWN = "no scorer of this name is known here"
FALLBACKS_DIFFER = 0.01
"""Shares of fallbacks that lie further apart are warned of: other scores may differ for that alone."""

Verdict = Literal["better", "worse", "no difference", "not compared"]


class Difference(Record):
    """One scorer in both runs, over the cases that both scored.

    `interval` is the 95 % interval of the difference by itself. `joint_interval` is widened so that among all scorers
    together a false alarm comes once in twenty comparisons. `joint_p` is how often luck alone moves any scorer so far,
    by an exact test. There is a verdict where the interval excludes zero and `joint_p` is at most one in twenty: where
    most cases do not move at all, the interval takes few cases that moved one way for more than they are. What is not
    compared has no verdict, and `why` says why: a latency tells nothing across runs that the machine's load is not in.
    """

    scorer: str
    n: int
    clusters: int
    mean_a: float
    mean_b: float
    difference: float
    interval: tuple[float, float]
    joint_interval: tuple[float, float]
    joint_p: float
    verdict: Verdict
    unit: str
    better: str | None
    gated: bool
    unscored_a: int
    unscored_b: int
    why: str = ""

    @property
    def direction(self) -> str:
        """The unit and which direction is better, in words."""
        return direction(self.unit, self.better)

    @property
    def verdict_in_words(self) -> str:
        """The verdict, and why there is none."""
        return f"{self.verdict}: {self.why}" if self.why else self.verdict


class Change(Record):
    """One case whose score changed."""

    case: str
    scorer: str
    a: float
    b: float


class Comparison(Record):
    """What `eval compare` prints. `edited` cases have one id and other contents, and are left out.

    `failed_*` count cases that ended in an error. `left_out` scorers have another version in the other run. `made_with`
    says in words what the two runs were made with where that differs. `wording_*` say in whose words the briefs are;
    `warnings` what to know before any verdict is believed.
    """

    a: str
    b: str
    n: int
    only_a: int
    only_b: int
    edited: int
    failed_a: int
    failed_b: int
    wording_a: BriefOrigins
    wording_b: BriefOrigins
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    left_out: tuple[str, ...] = ()
    made_with: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def losses(self) -> tuple[Difference, ...]:
        """The gated scorers that are significantly worse in b."""
        return tuple(
            difference for difference in self.differences if difference.gated and difference.verdict == "worse"
        )


def compare(
    a: Scores, b: Scores, *, names: tuple[str, str] = ("a", "b"), seed: int = 0, together: bool = False
) -> Comparison:
    """What changed from a to b. Raises InvalidRequest when they have no case in common.

    `together`: both were measured in one run on one machine, so that its times may be compared as well.
    """
    common = sorted(a.cases.keys() & b.cases.keys())
    same = [case for case in common if a.cases[case].sha256 == b.cases[case].sha256]
    if not same:
        raise InvalidRequest("The two runs have no case in common.")
    scorers, left_out = _comparable(a, b)
    apart = {scorer.name for scorer in scorers if scorer.machine_dependent and not together}
    pairs = {scorer.name: _paired(scorer.name, same, a, b) for scorer in scorers}
    pairs = {name: rows for name, rows in pairs.items() if rows}
    # A scorer in which no case differs cannot raise a false alarm, so it takes no share of the one in twenty.
    differing = [
        scorer
        for scorer in scorers
        if scorer.name in pairs and scorer.better and scorer.name not in apart and _differs(pairs[scorer.name])
    ]
    tried = [scorer.name for scorer in differing if scorer.gated]
    scored = {case: a.cases[case] for case in same}
    chances = dict(_joint_chances({name: pairs[name] for name in tried}, scored, seed))
    for scorer in differing:  # what does not decide the gate is looked at by itself
        if not scorer.gated:
            chances.update(_joint_chances({scorer.name: pairs[scorer.name]}, scored, seed))
    differences = [
        _difference(scorer, pairs[scorer.name], scored, max(len(tried), 1), chances.get(scorer.name, 1.0), seed)
        for scorer in scorers
        if scorer.name in pairs
    ]
    differences = [_without_verdict(entry, MACHINE) if entry.scorer in apart else entry for entry in differences]
    wordings = [_wording(run, same) for run in (a, b)]
    unscored = [{name: _unscored(run, name, same) for name in pairs} for run in (a, b)]
    return Comparison(
        a=names[0],
        b=names[1],
        n=len(same),
        only_a=len(a.cases) - len(common),
        only_b=len(b.cases) - len(common),
        edited=len(common) - len(same),
        failed_a=sum(a.cases[case].error is not None for case in same),
        failed_b=sum(b.cases[case].error is not None for case in same),
        wording_a=wordings[0],
        wording_b=wordings[1],
        differences=tuple(
            difference.model_copy(
                update={"unscored_a": unscored[0][difference.scorer], "unscored_b": unscored[1][difference.scorer]}
            )
            for difference in differences
        ),
        changes=_changes(pairs, differences),
        left_out=left_out,
        made_with=tuple(_made_with(a.manifest, b.manifest)),
        warnings=tuple(_warnings(*wordings)),
    )


def _wording(run: Scores, cases: Sequence[str]) -> BriefOrigins:
    scored = [run.cases[case] for case in cases if run.cases[case].error is None]
    return wording(run.manifest.model, [(scored_case.worded_by, scored_case.fallback) for scored_case in scored])


def _warnings(a: BriefOrigins, b: BriefOrigins) -> Iterator[str]:
    for name, side in (("a", a), ("b", b)):
        if side.model is not None and not side.n:
            yield f"{name} does not record how many of its briefs are in the words of {side.model}: it is an old one."
    if a.n and b.n and abs(a.fallback_share - b.fallback_share) > FALLBACKS_DIFFER:
        yield (
            f"The shares of fallbacks differ: {a.fallback_share:.0%} of the briefs of a and {b.fallback_share:.0%} of "
            "those of b are extractive though a model was asked. Scores may differ for that alone."
        )


def _made_with(a: Manifest, b: Manifest) -> Iterator[str]:
    """What may have made the difference, in words."""
    for name in sorted({*a.settings, *b.settings}):
        before, after = _setting_in_words(a.settings.get(name)), _setting_in_words(b.settings.get(name))
        if before != after:
            yield f"{name}: {before} → {after}"
    prompts = [{prompt.name: _prompt(prompt) for prompt in run.prompts} for run in (a, b)]
    for name in sorted({*prompts[0], *prompts[1]}):
        before, after = prompts[0].get(name, _NONE), prompts[1].get(name, _NONE)
        if before != after:
            yield f"prompt {name}: {before} → {after}"
    if a.judge != b.judge:
        yield f"judge: {_setting_in_words(a.judge)} → {_setting_in_words(b.judge)}"
    if a.code.sha256 != b.code.sha256:
        yield f"code: {a.code.sha256[:12]} → {b.code.sha256[:12]}"


def _setting_in_words(value: object) -> str:
    if isinstance(value, list | tuple):  # a tuple is a list once it has been written
        return ", ".join(map(str, cast(Sequence[object], value))) or _NONE
    return _NONE if value is None else str(value)


def _prompt(reference: PromptReference) -> str:
    return f"{reference.version} ({reference.sha256[:8]})"


_Rows = Mapping[str, tuple[float, float]]


def _comparable(a: Scores, b: Scores) -> tuple[list[Scorer], tuple[str, ...]]:
    names = [name for name in a.manifest.scorers if name in b.manifest.scorers]
    scorers_by_name = {scorer.name: scorer for scorer in SCORERS}
    same = [name for name in names if a.manifest.scorers[name] == b.manifest.scorers[name]]
    scorers = [
        scorers_by_name.get(name) or Scorer(name, 1, "", _never, unit="unknown", better=None, gated=False)
        for name in same
    ]
    return scorers, tuple(name for name in names if name not in same)


def _never(_: GoldCase, __: Observation) -> Score:
    raise AssertionError("scores are compared, not made again")


def _paired(name: str, cases: Sequence[str], a: Scores, b: Scores) -> _Rows:
    rows: dict[str, tuple[float, float]] = {}
    for case in cases:
        score_a, score_b = a.cases[case].scores.get(name), b.cases[case].scores.get(name)
        if score_a is not None and score_b is not None:
            rows[case] = (round(score_a, DIGITS), round(score_b, DIGITS))
    return rows


def _differs(rows: _Rows) -> bool:
    return any(score_a != score_b for score_a, score_b in rows.values())


def _unscored(run: Scores, name: str, cases: Sequence[str]) -> int:
    return sum(name in run.cases[case].unscored for case in cases)


def _joint_chances(pairs: Mapping[str, _Rows], cases: Mapping[str, ScoredCase], seed: int) -> Mapping[str, float]:
    """For each scorer how often luck alone moves any of them so far."""
    from evals.compare.intervals import joint_chances

    scored = sorted({case for rows in pairs.values() for case in rows})
    differences = [[_moved(rows.get(case)) for case in scored] for rows in pairs.values()]
    if not differences:
        return {}
    clusters = [cases[case].cluster for case in scored]
    return dict(zip(pairs, joint_chances(differences, clusters, seed=seed), strict=True))


def _moved(row: tuple[float, float] | None) -> float:
    """By how much a score moved; one that is missing moved nowhere."""
    return row[1] - row[0] if row else 0.0


def _difference(
    scorer: Scorer, rows: _Rows, cases: Mapping[str, ScoredCase], looks: int, joint_p: float, seed: int
) -> Difference:
    from evals.compare.intervals import clustered_intervals

    differences = [score_b - score_a for score_a, score_b in rows.values()]
    clusters = [cases[case].cluster for case in rows]
    levels = (CONFIDENCE, 1 - (1 - CONFIDENCE) / looks)
    interval, joint = clustered_intervals(differences, clusters, levels, seed=seed)
    return Difference(
        scorer=scorer.name,
        n=len(rows),
        clusters=len(set(clusters)),
        mean_a=sum(score_a for score_a, _ in rows.values()) / len(rows),
        mean_b=sum(score_b for _, score_b in rows.values()) / len(rows),
        difference=sum(differences) / len(rows),
        interval=interval,
        joint_interval=joint,
        joint_p=joint_p,
        verdict=_verdict(scorer, joint, joint_p),
        unit=scorer.unit,
        better=scorer.better,
        why=UNKNOWN if scorer.score is _never else "",
        gated=scorer.gated and scorer.better is not None,
        unscored_a=0,
        unscored_b=0,
    )


def _verdict(scorer: Scorer, interval: tuple[float, float], joint_p: float) -> Verdict:
    if scorer.score is _never:
        return "not compared"
    low, high = interval if scorer.better == "higher" else (-interval[1], -interval[0])
    if scorer.better is None or low <= 0 <= high or joint_p > 1 - CONFIDENCE:
        return "no difference"
    return "better" if low > 0 else "worse"


def _without_verdict(difference: Difference, why: str) -> Difference:
    return difference.model_copy(update={"verdict": "not compared", "why": why})


def _changes(pairs: Mapping[str, _Rows], differences: Sequence[Difference]) -> tuple[Change, ...]:
    """The cases that changed most; a change counts by its scorer's usual size, so that words and shares compare."""
    ranked: list[tuple[float, Change]] = []
    for difference in differences:
        scorer = scorer_named(difference.scorer)
        if scorer is None or not scorer.gated:
            continue
        moved = {case: row for case, row in pairs[difference.scorer].items() if row[0] != row[1]}
        scale = max(abs(difference.mean_a), abs(difference.mean_b), 1e-9) if scorer.best is None else 1.0
        ranked += [
            (abs(b - a) / scale, Change(case=case, scorer=difference.scorer, a=a, b=b))
            for case, (a, b) in moved.items()
        ]
    by_case: dict[str, float] = defaultdict(float)
    for size, change in ranked:
        by_case[change.case] += size
    ranked.sort(key=lambda entry: (-by_case[entry[1].case], entry[1].case, -entry[0]))
    return tuple(change for _, change in ranked[:MOST_CHANGES])
