"""`warmline eval verifier`: whether true sentences are kept and the same with one fact altered rejected.

Of dialogues with human summaries every sentence counts as true; of each, one alteration of every kind that it allows is
drawn with the seed (`evals.datasets.perturbations`). Kept is what is not refuted, rejected is what is refuted, or where
a model checks what is not supported. Balanced accuracy of a kind is the mean of two shares: of the true sentences that
could be so altered, those kept, and of the altered ones, those rejected. Our own cases (`cases/verifier`) hold labelled
sentences about conversations of contact centres and are told of apart, under `own_cases`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple, cast

from app.conversations import conversation_of, read_rows
from app.models import Record, VerdictKind, VerifyRequest
from app.ports import LanguageModel
from app.services import App
from app.services.sandbox import NO_MODEL
from app.settings import Settings
from evals.datasets.dialogues import Dialogue, judged_one_by_one, read_dialogues
from evals.datasets.perturbations import KINDS, alterations, holds_negation
from evals.datasets.statements import UNDATED
from evals.workspace import app_of_its_own

ALL = "all"
TRUE = "true"
_CASES = files("evals") / "cases" / "verifier"
_MOST_CLAIMS = 200


class OwnCases(Record):
    """How our own labelled sentences fare: the share judged right, over all, of the true ones, and by kind of lie."""

    n: int
    right: float
    true_kept: float
    rejected: Mapping[str, float]
    wrong: tuple[str, ...]


class VerifierFigures(Record):
    """What `eval verifier` prints: `n` true sentences; shares in 0..1, None where a kind has no sentence.

    `balanced_accuracy` has every kind and `all`, which is the mean of its kinds; `kept` and `rejected` are its halves.
    `natural_negatives` is the share kept of the true sentences that say `not` by themselves.
    """

    n: int
    balanced_accuracy: Mapping[str, float | None]
    natural_negatives: float | None
    true_kept: float
    kept: Mapping[str, float | None]
    rejected: Mapping[str, float | None]
    altered: Mapping[str, int]
    own_cases: OwnCases


class VerifiedSentence(NamedTuple):
    """One true sentence: whether it is kept, and for each kind it was altered in, whether that was rejected."""

    text: str
    accepted: bool
    rejected: Mapping[str, bool]


class _OwnCase(NamedTuple):
    text: str
    kind: str
    accepted: bool
    expected: bool


async def evaluate(
    data: Path,
    settings: Settings,
    *,
    seed: int = 0,
    checks: LanguageModel | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> VerifierFigures:
    """The figures over a file of dialogues with summaries; `checks` is a model that judges what rules leave open.

    Raises InvalidRequest, which names the line.
    """
    dialogues = read_dialogues(data)
    # Nobody but `checks` is asked, whatever model the settings name.
    asked = settings.model_copy(update={"model": None, "model_check": None if checks else NO_MODEL})
    async with app_of_its_own(asked, model=checks) as app:
        by_model = checks is not None
        judged = await judged_one_by_one(
            dialogues, lambda dialogue: _judged(app, dialogue, seed, by_model=by_model), progress
        )
        cases = [case for row in _rows_of_cases() for case in await _case_verdicts(app, row, by_model=by_model)]
    return figures(judged, cases_figures(cases))


def figures(judged: Sequence[VerifiedSentence], own_cases: OwnCases) -> VerifierFigures:
    """The figures of judged sentences."""
    accepted: dict[str, float | None] = {}
    rejected: dict[str, float | None] = {}
    altered: dict[str, int] = {}
    for kind in KINDS:
        those = [judgement for judgement in judged if kind in judgement.rejected]
        altered[kind] = len(those)
        accepted[kind] = _share([judgement.accepted for judgement in those])
        rejected[kind] = _share([judgement.rejected[kind] for judgement in those])
    balanced = {kind: _mean(accepted[kind], rejected[kind]) for kind in KINDS}
    shares = [share for share in balanced.values() if share is not None]
    return VerifierFigures(
        n=len(judged),
        balanced_accuracy={**balanced, ALL: round(mean(shares), 4) if shares else None},
        natural_negatives=_share([judgement.accepted for judgement in judged if holds_negation(judgement.text)]),
        true_kept=_share([judgement.accepted for judgement in judged]) or 0.0,
        kept=accepted,
        rejected=rejected,
        altered=altered,
        own_cases=own_cases,
    )


def cases_figures(cases: Sequence[_OwnCase]) -> OwnCases:
    """The figures of our own cases."""
    lies: dict[str, list[bool]] = defaultdict(list)
    for case in cases:
        if not case.expected:
            lies[case.kind].append(not case.accepted)
    return OwnCases(
        n=len(cases),
        right=_share([case.accepted is case.expected for case in cases]) or 0.0,
        true_kept=_share([case.accepted for case in cases if case.expected]) or 0.0,
        rejected={kind: _share(hits) or 0.0 for kind, hits in sorted(lies.items())},
        wrong=tuple(f"{case.kind}: {case.text}" for case in cases if case.accepted is not case.expected),
    )


async def _judged(app: App, dialogue: Dialogue, seed: int, *, by_model: bool) -> list[VerifiedSentence]:
    altered = [(text, alterations(text, dialogue.transcript, seed)) for text in dialogue.sentences]
    asked = [text for true, others in altered for text in (true, *(alteration.text for alteration in others.values()))]
    verdicts = iter(await _verdicts(app, dialogue.conversation, asked))
    return [
        VerifiedSentence(
            text, _is_kept(next(verdicts)), {kind: _is_caught(next(verdicts), by_model=by_model) for kind in others}
        )
        for text, others in altered
    ]


def _is_kept(verdict: VerdictKind) -> bool:
    return verdict is not VerdictKind.REFUTED


def _is_caught(verdict: VerdictKind, *, by_model: bool) -> bool:
    """Whether a lie does not pass: rules must refute it, where a model checks it is enough that nothing supports it."""
    return verdict is not VerdictKind.SUPPORTED if by_model else verdict is VerdictKind.REFUTED


async def _verdicts(app: App, conversation: Mapping[str, Any], claims: Sequence[str]) -> list[VerdictKind]:
    # A tenant of its own for each, so that two conversations of one id never meet.
    read = conversation_of(conversation, now=UNDATED)
    tenant = f"eval-{read.id}"
    await app.interactions.record(tenant, read.drafts)
    verdicts: list[VerdictKind] = []
    for start in range(0, len(claims), _MOST_CLAIMS):
        request = VerifyRequest(conversation_id=read.id, claims=tuple(claims[start : start + _MOST_CLAIMS]))
        verdicts.extend(verdict.verdict for verdict in (await app.verification.check(tenant, request)).verdicts)
    return verdicts


async def _case_verdicts(app: App, row: Mapping[str, Any], *, by_model: bool) -> list[_OwnCase]:
    claims = row["claims"]
    verdicts = await _verdicts(app, {key: row[key] for key in ("id", "turns")}, [claim["text"] for claim in claims])
    return [
        _OwnCase(
            claim["text"],
            claim.get("kind", TRUE),
            _is_kept(verdict) if claim["supported"] else not _is_caught(verdict, by_model=by_model),
            claim["supported"],
        )
        for claim, verdict in zip(claims, verdicts, strict=True)
    ]


def _rows_of_cases() -> Iterator[Mapping[str, Any]]:
    for file in sorted(_CASES.iterdir(), key=lambda path: path.name):
        for row in read_rows(file.read_bytes().splitlines()):
            yield cast(Mapping[str, Any], row.value)


def _share(hits: Sequence[bool]) -> float | None:
    return round(mean(hits), 4) if hits else None


def _mean(accepted: float | None, rejected: float | None) -> float | None:
    return None if accepted is None or rejected is None else round((accepted + rejected) / 2, 4)
