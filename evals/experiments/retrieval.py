"""`warmline eval retrieval`: how many of the turns that answer a question search finds in a long history.

Each line of the file is one customer's history: `sessions`, each with its `n`, its `date_time` and its `turns` (`id`,
`speaker`, `text`), the `speakers`, and `qa`, each with its `question` and its `evidence`, the ids of the turns that
answer it. That is the format of LoCoMo (Maharana et al., 2024). A history is filed as one customer of a tenant of its
own, a conversation for each session, its first speaker as the customer and the other as the agent, and indexed as the
service indexes it. A question is then asked by the App's own search.

Recall is the share of a question's evidence that is among the first k hits, averaged over the questions. Questions of
every category count, also those that cannot be answered from the history (`adversarial`, category 5): they are asked
about turns that the search should find. A question without evidence has no recall and is left out, and so is evidence
that names no turn of the history; both are counted.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.bootstrap import build
from app.conversations import read_rows
from app.errors import InvalidRequest
from app.models import MAX_BATCH, Actor, Channel, Identifier, InteractionDraft, Kind, Record
from app.services import App
from app.settings import Settings
from app.validation import invalid_request
from evals.workspace import workspace

CUT_OFFS = (5, 10, 25)
TURN_GAP = timedelta(seconds=20)
_DATE_FORMATS = ("%I:%M %p on %d %B, %Y", "%Y-%m-%dT%H:%M:%S")
# Some evidence names several turns in one string.
_EVIDENCE = re.compile(r"[^\s,;]+")

Progress = Callable[[int, int], None]


class RetrievalFigures(Record):
    """What `eval retrieval` prints: `n` questions were asked, whose recall is in 0..1 and whose times in milliseconds.

    `without_evidence` questions were left out, and `unknown_evidence` ids, which name no turn.
    """

    n: int
    recall_at_5: float
    recall_at_10: float
    recall_at_25: float
    p50_ms: float
    p99_ms: float
    recall_at_10_by_category: Mapping[str, float]
    histories: int
    turns: int
    without_evidence: int
    unknown_evidence: int


class _FileRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class HistoryTurn(_FileRecord):
    """What one speaker said; `id` is what evidence names."""

    id: str
    speaker: str
    text: str


class HistorySession(_FileRecord):
    """The turns of one day, begun at `date_time` (`1:56 pm on 8 May, 2023`, or ISO 8601)."""

    n: int
    date_time: str
    turns: tuple[HistoryTurn, ...]


class Question(_FileRecord):
    """A question with the ids of the turns that answer it."""

    question: str
    evidence: tuple[str, ...] = ()
    category: int | str | None = None


class History(_FileRecord):
    """One customer's history with the questions about it."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    speakers: tuple[str, ...] = ()
    sessions: Annotated[tuple[HistorySession, ...], Field(min_length=1)]
    qa: tuple[Question, ...]

    @property
    def turn_ids(self) -> frozenset[str]:
        """The ids of all turns."""
        return frozenset(turn.id for session in self.sessions for turn in session.turns)


class QuestionResult(NamedTuple):
    """One question's outcome: the ids of the turns found, best first, and how long that took in milliseconds."""

    category: str
    evidence: frozenset[str]
    hit_ids: Sequence[str]
    took_ms: float

    def recall(self, cut_off: int) -> float:
        """The share of the evidence among the first hits, 0..1."""
        return len(self.evidence.intersection(self.hit_ids[:cut_off])) / len(self.evidence)


async def evaluate(path: Path, settings: Settings, *, progress: Progress | None = None) -> RetrievalFigures:
    """The figures over a file of histories, one a line. Raises InvalidRequest, which names the line."""
    histories = read_histories(path)
    with workspace(settings) as own:
        app = build(own)
        try:
            # The app is not entered: the index is made whole before the first question, and nothing runs beside.
            customers = [await _filed(app, history) for history in histories]
            async for step in app.reindex():
                if progress:
                    progress(step.position, step.last_position)
            asked = [outcome async for outcome in _asked(app, histories, customers, progress)]
        finally:
            await app.close()
    return figures(asked, histories)


def read_histories(path: Path) -> list[History]:
    """The histories of a file. Raises InvalidRequest, which names the line."""
    histories: list[History] = []
    with path.open("rb") as lines:
        for row in read_rows(lines):
            if row.problem is not None:
                raise InvalidRequest(f"{path}:{row.line}: {row.problem}")
            try:
                history = History.model_validate(row.value)
                for session in history.sessions:
                    _start(session)
            except ValidationError as failure:
                raise InvalidRequest(f"{path}:{row.line}: {invalid_request(failure, whole='history').detail}") from None
            except ValueError as failure:
                raise InvalidRequest(f"{path}:{row.line}: {failure}") from None
            histories.append(history)
    return histories


def drafts_of(history: History) -> list[InteractionDraft]:
    """A history as interactions whose `id` is the turn's own, in the order of its turns."""
    first = (*history.speakers, history.sessions[0].turns[0].speaker if history.sessions[0].turns else "")[0]
    identifier = Identifier(type="account_id", value=history.id, verified=True, method="file")
    return [
        InteractionDraft(
            id=turn.id,
            occurred_at=_start(session) + index * TURN_GAP,
            channel=Channel.CHAT,
            actor=Actor.CUSTOMER if turn.speaker == first else Actor.AGENT,
            kind=Kind.MESSAGE,
            conversation_id=f"{history.id}-{session.n}",
            identifiers=(identifier,) if index == 0 else (),
            text=f"{turn.speaker}: {turn.text}",
        )
        for session in history.sessions
        for index, turn in enumerate(session.turns)
    ]


def evidence_of(question: Question) -> frozenset[str]:
    """The ids that a question's evidence names, each by itself."""
    return frozenset(chain.from_iterable(_EVIDENCE.findall(names) for names in question.evidence))


def figures(asked: Sequence[QuestionResult], histories: Sequence[History]) -> RetrievalFigures:
    """The figures over questions that were asked. Raises InvalidRequest when there is none."""
    if not asked:
        raise InvalidRequest("The file holds no question with evidence among its turns.")
    times = [outcome.took_ms for outcome in asked]
    categories = sorted({outcome.category for outcome in asked})
    questions = [(history, question) for history in histories for question in history.qa]
    return RetrievalFigures(
        n=len(asked),
        **{f"recall_at_{cut_off}": mean(outcome.recall(cut_off) for outcome in asked) for cut_off in CUT_OFFS},
        p50_ms=median(times),
        p99_ms=quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0],
        recall_at_10_by_category={
            category: mean(outcome.recall(10) for outcome in asked if outcome.category == category)
            for category in categories
        },
        histories=len(histories),
        turns=sum(len(history.turn_ids) for history in histories),
        without_evidence=len(questions) - len(asked),
        unknown_evidence=sum(len(evidence_of(question) - history.turn_ids) for history, question in questions),
    )


async def _filed(app: App, history: History) -> str:
    """File a history in a tenant of its own; gives the customer's id."""
    drafts = drafts_of(history)
    customer_id: str | None = None
    for start in range(0, len(drafts), MAX_BATCH):
        answer = await app.interactions.record(history.id, drafts[start : start + MAX_BATCH])
        for result in answer.results:
            if result.customer_id is None or result.duplicate:
                detail = result.problem.detail if result.problem else "this id stands twice in the history"
                raise InvalidRequest(f"{history.id}, turn {result.id}: {detail}")
            customer_id = result.customer_id
    if customer_id is None:
        raise InvalidRequest(f"{history.id} has no turn.")
    return customer_id


async def _asked(
    app: App, histories: Sequence[History], customers: Sequence[str], progress: Progress | None
) -> AsyncIterator[QuestionResult]:
    total = sum(len(history.qa) for history in histories)
    done = 0
    for history, customer_id in zip(histories, customers, strict=True):
        for question in history.qa:
            evidence = evidence_of(question) & history.turn_ids
            if evidence:
                started = perf_counter()
                answer = await app.interactions.search(history.id, customer_id, question.question, limit=max(CUT_OFFS))
                took_ms = (perf_counter() - started) * 1000
                hit_ids = [hit.interaction.id or "" for hit in answer.hits]
                yield QuestionResult(str(question.category), evidence, hit_ids, took_ms)
            done += 1
            if progress:
                progress(done, total)


def _start(session: HistorySession) -> datetime:
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(session.date_time, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError(f"session {session.n}: date_time {session.date_time!r} is not of the form 1:56 pm on 8 May, 2023")
