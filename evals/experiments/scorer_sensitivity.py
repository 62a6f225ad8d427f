"""`warmline eval scorers`: whether the suite's scorers of lies catch as many as the check that briefs themselves pass.

Of dialogues with human summaries every sentence counts as true; of each, one alteration of every kind that it allows is
drawn with the seed (`evals.datasets.perturbations`), as `eval verifier` does. Each sentence, true or altered, becomes
the situation of an otherwise empty brief, which the scorers judge as they judge a run's. A scorer rejects a sentence in
which it counts anything; balanced accuracy is the mean of the shares of true sentences kept and altered ones rejected.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from app.conversations import Conversation, conversation_of
from app.models import Brief, Handoff, HandoffRequest, Record, Verdict, VerdictKind, VerifyRequest
from app.services import App
from app.settings import Settings
from evals.datasets.dialogues import Dialogue, judged_one_by_one, read_dialogues
from evals.datasets.perturbations import KINDS, AlterationKind, alterations
from evals.scorers import Scorer, scorer_named
from evals.suite.cases import GoldCase
from evals.suite.observing import MOST_CLAIMS, Observation, sentences
from evals.workspace import app_of_its_own

VERIFIER = "verifier"
SCORERS = ("unsupported_sentences", "fabricated_entities")
ALL = "all"
_NOW = timedelta(seconds=1)


class CaughtFigures(Record):
    """What one scorer catches: shares in 0..1 by kind of alteration, None where no sentence was so altered.

    `all` is the mean over the kinds; `true_kept` is over every true sentence.
    """

    balanced_accuracy: Mapping[str, float | None]
    rejected: Mapping[str, float | None]
    true_kept: float


class HarmFigures(Record):
    """What `eval scorers` prints: `n` true sentences, how many were altered in each way, and who catches what.

    `verifier` is the bare check of the same sentences, outside any brief.
    """

    n: int
    altered: Mapping[str, int]
    scorers: Mapping[str, CaughtFigures]


class _ScoredSentence(NamedTuple):
    """One sentence, how it was altered if it was, and who rejects it."""

    true: str
    kind: AlterationKind | None
    rejected: Mapping[str, bool]


async def evaluate(
    data: Path, settings: Settings, *, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> HarmFigures:
    """The figures over a file of dialogues with summaries. Raises InvalidRequest, which names the line."""
    dialogues = read_dialogues(data)
    async with app_of_its_own(settings) as app:
        return figures(await judged_one_by_one(dialogues, lambda dialogue: _judged(app, dialogue, seed), progress))


def figures(judged: Sequence[_ScoredSentence]) -> HarmFigures:
    """The figures of judged sentences."""
    true = [sentence for sentence in judged if sentence.kind is None]
    altered: dict[AlterationKind, list[_ScoredSentence]] = {
        kind: [sentence for sentence in judged if sentence.kind == kind] for kind in KINDS
    }
    return HarmFigures(
        n=len(true),
        altered={kind: len(those) for kind, those in altered.items()},
        scorers={name: _caught(name, true, altered) for name in (VERIFIER, *SCORERS)},
    )


def _caught(
    name: str, true: Sequence[_ScoredSentence], altered: Mapping[AlterationKind, Sequence[_ScoredSentence]]
) -> CaughtFigures:
    accepted: dict[str, list[bool]] = defaultdict(list)
    for sentence in true:
        accepted[sentence.true].append(not sentence.rejected[name])
    rejected: dict[str, float | None] = {}
    balanced: dict[str, float | None] = {}
    for kind, those in altered.items():
        rejected[kind] = round(mean(lie.rejected[name] for lie in those), 4) if those else None
        own = [hit for text in dict.fromkeys(lie.true for lie in those) for hit in accepted[text]]
        balanced[kind] = round((mean(own) + mean(lie.rejected[name] for lie in those)) / 2, 4) if those else None
    shares = [share for share in balanced.values() if share is not None]
    balanced[ALL] = round(mean(shares), 4) if shares else None
    return CaughtFigures(
        balanced_accuracy=balanced,
        rejected=rejected,
        true_kept=round(mean(hit for hits in accepted.values() for hit in hits), 4) if accepted else 0.0,
    )


async def _judged(app: App, dialogue: Dialogue, seed: int) -> list[_ScoredSentence]:
    read = conversation_of(dialogue.conversation)
    tenant = f"eval-{read.id}"
    answer = await app.interactions.record(tenant, read.drafts)
    sources = {result.interaction_id: result.id or "" for result in answer.results if result.interaction_id}
    handoff = await app.handoffs.create(tenant, HandoffRequest(conversation_id=read.id))
    statements = list(_statements(dialogue, seed))
    briefs = [Brief(situation=text) for _, _, text in statements]
    claims = [list(sentences(brief)) for brief in briefs]
    asked = [*(text for _, _, text in statements), *(claim for those in claims for claim in those)]
    verdicts = await _verdicts(app, tenant, read.id, asked)
    bare, rest = verdicts[: len(statements)], iter(verdicts[len(statements) :])
    case = _case(read)
    judged: list[_ScoredSentence] = []
    for (true, kind, _), brief, those, verdict in zip(statements, briefs, claims, bare, strict=True):
        seen = Observation(handoff=_with(handoff, brief), verdicts=tuple(next(rest) for _ in those), sources=sources)
        by_scorer = {scorer.name: scorer.harmed(scorer.score(case, seen)) for scorer in _scorers()}
        judged.append(_ScoredSentence(true, kind, {VERIFIER: verdict.verdict is VerdictKind.REFUTED, **by_scorer}))
    return judged


def _statements(dialogue: Dialogue, seed: int) -> Iterator[tuple[str, AlterationKind | None, str]]:
    for true in dialogue.sentences:
        yield true, None, true
        for kind, altered in alterations(true, dialogue.transcript, seed).items():
            yield true, kind, altered.text


def _case(read: Conversation) -> GoldCase:
    """The dialogue as a case that asks for nothing, so that only what is told in excess counts."""
    return GoldCase.model_validate(
        {
            "id": read.id,
            "industry": "none",
            "split": "development",
            "language": "en",
            "traps": ("none",),
            "provenance": "A dialogue of a data set.",
            "now": max(draft.occurred_at for draft in read.drafts if draft.occurred_at) + _NOW,
            "interactions": read.drafts,
            "ask": {"conversation_id": read.id},
            "expect": {"intent": None, "resolution": "unknown"},
        }
    )


def _with(handoff: Handoff, brief: Brief) -> Handoff:
    return handoff.model_copy(update={"brief": brief})


def _scorers() -> Sequence[Scorer]:
    return [scorer for scorer in map(scorer_named, SCORERS) if scorer]


async def _verdicts(app: App, tenant: str, conversation_id: str, claims: Sequence[str]) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for start in range(0, len(claims), MOST_CLAIMS):
        request = VerifyRequest(conversation_id=conversation_id, claims=tuple(claims[start : start + MOST_CLAIMS]))
        verdicts.extend((await app.verification.check(tenant, request)).verdicts)
    return verdicts
