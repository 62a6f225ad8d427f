"""`warmline eval facts`: whether sentences as good models write them are told true from false.

Data is one object a line: `id` of the conversation, `text`, `label` (`supported` or `unsupported`), `kind` of the
error, `evidence` as turn numbers from 0. The conversations are conversation files, one object a line. By rules a true
sentence is judged right when it is not refuted, and a false one when it is; where a model checks, a true one must be
supported, and a false one must not be.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Literal, NamedTuple

import numpy as np
from pydantic import ValidationError

from app.bootstrap import rule_verifier, verifier_with
from app.errors import InvalidRequest
from app.models import Record, Statement, Transcript, Verdict, VerdictKind
from app.ports import LanguageModel
from app.ports.verifier import Verifier
from app.validation import invalid_request
from evals.datasets.dialogues import rows_of
from evals.datasets.statements import interaction_id, transcript_of_conversation
from evals.statistics import area_under_curve

_TIMEOUT_S = 600.0
Progress = Callable[[int, int], None]


class Share(Record):
    """So many verdicts of one kind, and how many of them are right."""

    n: int
    right: int


class FactFigures(Record):
    """What `eval facts` prints: shares in 0..1; `auc` is the chance that a true sentence scores above a false one.

    `supported_by_rules` and `refused_by_rules` count the verdicts that rules gave, also where a model checks the rest.
    """

    n_true: int
    n_false: int
    true_refuted: float
    true_supported: float
    false_refuted: float
    false_refuted_by_kind: Mapping[str, float]
    false_supported: float
    balanced_accuracy: float
    auc: float
    supported_by_rules: Share
    refused_by_rules: Share


class LabelledFact(Record):
    """One labelled sentence about a conversation."""

    id: str
    text: str
    label: Literal["supported", "unsupported"]
    kind: str
    evidence: tuple[int, ...] = ()

    @property
    def is_true(self) -> bool:
        """Whether the conversation bears it out."""
        return self.label == "supported"

    @property
    def statement(self) -> Statement:
        """The sentence as a check gets it, with the turns that are cited for it."""
        return Statement(text=self.text, evidence=tuple(map(interaction_id, self.evidence)))


class CheckedFact(NamedTuple):
    """A labelled sentence and what a check says of it."""

    fact: LabelledFact
    verdict: Verdict


async def evaluate(
    data: Path, conversations: Path, *, checks: LanguageModel | None = None, progress: Progress | None = None
) -> FactFigures:
    """The figures over a file of facts; `checks` judges what rules leave open.

    Raises InvalidRequest, which names the line.
    """
    verifier = verifier_with(checks) if checks else rule_verifier()
    return await evaluate_with(verifier, data, conversations, by_model=checks is not None, progress=progress)


async def evaluate_with(
    verifier: Verifier, data: Path, conversations: Path, *, by_model: bool = False, progress: Progress | None = None
) -> FactFigures:
    """The figures of any check. Raises InvalidRequest, which names the line, and whatever the check raises."""
    facts, transcripts = read_facts(data), read_transcripts(conversations)
    by_conversation: dict[str, list[LabelledFact]] = defaultdict(list)
    for fact in facts:
        if fact.id not in transcripts:
            raise InvalidRequest(f"{conversations}: there is no conversation {fact.id!r}.")
        by_conversation[fact.id].append(fact)
    judged: list[CheckedFact] = []
    for count, (name, those) in enumerate(by_conversation.items(), start=1):
        verdicts = await verifier.check([fact.statement for fact in those], transcripts[name], timeout_s=_TIMEOUT_S)
        judged.extend(map(CheckedFact, those, verdicts))
        if progress:
            progress(count, len(by_conversation))
    return figures(judged, by_model=by_model)


def read_facts(path: Path) -> list[LabelledFact]:
    """The labelled sentences of a file. Raises InvalidRequest, which names the line."""
    facts: list[LabelledFact] = []
    for line, fields in rows_of(path):
        try:
            facts.append(LabelledFact.model_validate(fields))
        except ValidationError as failure:
            raise InvalidRequest(f"{path}, line {line}: {invalid_request(failure, whole='row').detail}") from None
    if not facts:
        raise InvalidRequest(f"{path}: there is no sentence in it.")
    return facts


def read_transcripts(path: Path) -> Mapping[str, Transcript]:
    """The conversations of a file by their ids. Raises InvalidRequest, which names what is wrong."""
    return {str(fields.get("id")): transcript_of_conversation(fields) for _, fields in rows_of(path)}


def figures(judged: Sequence[CheckedFact], *, by_model: bool) -> FactFigures:
    """The figures of judged sentences."""
    true = [verdict for fact, verdict in judged if fact.is_true]
    false = [verdict for fact, verdict in judged if not fact.is_true]
    by_kind: dict[str, list[Verdict]] = defaultdict(list)
    for fact, verdict in judged:
        if not fact.is_true:
            by_kind[fact.kind].append(verdict)
    passing = _share(true, VerdictKind.SUPPORTED) if by_model else 1 - _share(true, VerdictKind.REFUTED)
    caught = 1 - _share(false, VerdictKind.SUPPORTED) if by_model else _share(false, VerdictKind.REFUTED)
    scores = np.array([verdict.score for _, verdict in judged], dtype=np.float64)
    wanted = np.array([float(fact.is_true) for fact, _ in judged], dtype=np.float64)
    return FactFigures(
        n_true=len(true),
        n_false=len(false),
        true_refuted=_share(true, VerdictKind.REFUTED),
        true_supported=_share(true, VerdictKind.SUPPORTED),
        false_refuted=_share(false, VerdictKind.REFUTED),
        false_refuted_by_kind={kind: _share(those, VerdictKind.REFUTED) for kind, those in sorted(by_kind.items())},
        false_supported=_share(false, VerdictKind.SUPPORTED),
        balanced_accuracy=round((passing + caught) / 2, 4),
        auc=round(area_under_curve(scores, wanted), 4),
        supported_by_rules=_by_rules(judged, VerdictKind.SUPPORTED, right=True),
        refused_by_rules=_by_rules(judged, VerdictKind.REFUTED, right=False),
    )


def _by_rules(judged: Sequence[CheckedFact], kind: VerdictKind, *, right: bool) -> Share:
    truths = [fact.is_true for fact, verdict in judged if verdict.verdict is kind and verdict.checked_by == "rules"]
    return Share(n=len(truths), right=truths.count(right))


def _share(verdicts: Sequence[Verdict], kind: VerdictKind) -> float:
    return round(mean(verdict.verdict is kind for verdict in verdicts), 4) if verdicts else 0.0
