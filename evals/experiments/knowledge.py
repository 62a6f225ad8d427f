"""`warmline eval knowledge`: whether articles that answer a customer's situation are among the first that are found.

The folder holds `articles.jsonl` (`id`, `title`, `content` in Markdown) and `questions.jsonl` (`id`, `situation`, and
`gold`, the ids of the articles that answer it). The articles are put and indexed as the service does it, and each
situation is asked as a whole by the App's own search.

Beside it stand what anybody gets without us, in the same run: BM25 over stemmed words of whole articles, and the
embedder by itself, the whole situation against each whole article, as far as it reads them. The situations are halved
by a hash of their ids: what was tuned, was tuned on `development` alone.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from statistics import mean, median, quantiles
from time import perf_counter
from typing import Annotated, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.bootstrap import build, embedder_of
from app.conversations import read_rows
from app.errors import InvalidRequest
from app.models import ArticleDraft, KnowledgeQuestion, Record
from app.nlu.words import terms
from app.services import App
from app.settings import Settings
from app.validation import invalid_request
from evals.workspace import workspace

TENANT = "knowledge"
FIRST, MORE = 5, 10
# BM25 as search engines are delivered.
SATURATION, LENGTH_PENALTY = 1.2, 0.75
_LONGEST_SITUATION = 10_000

Progress = Callable[[int, int], None]


class KnowledgeShares(Record):
    """Over `n` situations: the share with a gold article among the first five, and the gold articles' among ten."""

    n: int
    hit_at_5: float
    recall_at_10: float


class KnowledgeFigures(KnowledgeShares):
    """What `eval knowledge` prints; times in milliseconds."""

    p50_ms: float
    p99_ms: float
    development: KnowledgeShares
    other_half: KnowledgeShares
    bm25_alone: KnowledgeShares
    embedder_alone: KnowledgeShares
    articles: int
    passages: int


class _FileRow(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class GivenArticle(_FileRow):
    """An article of the file."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    title: str
    content: Annotated[str, Field(min_length=1)]


class GivenSituation(_FileRow):
    """A customer's situation, and the ids of the articles that answer it."""

    id: str
    situation: Annotated[str, Field(min_length=1)]
    gold: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def is_development(self) -> bool:
        """Whether it may be looked at while the search is tuned."""
        return sha256(self.id.encode()).digest()[0] % 2 == 0


class _RankedArticles(NamedTuple):
    situation: GivenSituation
    article_ids: Sequence[str]
    took_ms: float = 0.0


_Row = TypeVar("_Row", bound=_FileRow)


async def evaluate(folder: Path, settings: Settings, *, progress: Progress | None = None) -> KnowledgeFigures:
    """The figures over a folder. Raises InvalidRequest, which names the file and the line."""
    articles = _read(folder / "articles.jsonl", GivenArticle)
    situations = _read(folder / "questions.jsonl", GivenSituation)
    if not articles or not situations:
        raise InvalidRequest(f"{folder} holds no articles or no situations.")
    with workspace(settings) as own:
        app = build(own)
        try:
            passages = await _filed(app, articles, progress)
            asked = [await _asked(app, situation) for situation in situations]
        finally:
            await app.close()
    times = [ranked.took_ms for ranked in asked]
    return KnowledgeFigures(
        **dict(_shares(asked)),
        p50_ms=median(times),
        p99_ms=quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0],
        development=_shares([ranked for ranked in asked if ranked.situation.is_development]),
        other_half=_shares([ranked for ranked in asked if not ranked.situation.is_development]),
        bm25_alone=_shares(bm25_alone(articles, situations)),
        embedder_alone=_shares(await _embedder_alone(settings, articles, situations)),
        articles=len(articles),
        passages=passages,
    )


def bm25_alone(articles: Sequence[GivenArticle], situations: Sequence[GivenSituation]) -> list[_RankedArticles]:
    """Every situation with the articles that BM25 finds by its stemmed words, best first."""
    counts = [Counter(terms(f"{article.title}\n{article.content}")) for article in articles]
    lengths = np.array([count.total() for count in counts], np.float64)
    held_back = SATURATION * (1 - LENGTH_PENALTY + LENGTH_PENALTY * lengths / max(float(lengths.mean()), 1.0))
    return [
        _RankedArticles(situation, _best(articles, _bm25(Counter(terms(situation.situation)), counts, held_back)))
        for situation in situations
    ]


def _bm25(
    query: Mapping[str, int], counts: Sequence[Mapping[str, int]], held_back: NDArray[np.float64]
) -> NDArray[np.float64]:
    scores = np.zeros(len(counts))
    for term, repeated in query.items():
        frequencies = np.array([count.get(term, 0) for count in counts], np.float64)
        holding = int((frequencies > 0).sum())
        rarity = np.log(1 + (len(counts) - holding + 0.5) / (holding + 0.5))
        scores += repeated * rarity * frequencies * (SATURATION + 1) / (frequencies + held_back)
    return scores


async def _embedder_alone(
    settings: Settings, articles: Sequence[GivenArticle], situations: Sequence[GivenSituation]
) -> list[_RankedArticles]:
    embedder = embedder_of(settings)
    vectors = await embedder.embed([f"{article.title}\n{article.content}" for article in articles])
    asked = await embedder.embed([situation.situation for situation in situations])
    return [
        _RankedArticles(situation, _best(articles, vectors @ vector))
        for situation, vector in zip(situations, asked, strict=True)
    ]


def _best(articles: Sequence[GivenArticle], scores: NDArray[np.floating]) -> list[str]:
    return [articles[int(index)].id for index in np.argsort(-scores, kind="stable")[:MORE]]


async def _filed(app: App, articles: Sequence[GivenArticle], progress: Progress | None) -> int:
    """Put and index the articles; gives how many passages they have."""
    passages = 0
    for article in articles:
        draft = ArticleDraft(title=article.title, markdown=article.content)
        passages += (await app.knowledge.put(TENANT, article.id, draft)).passages
    # The app is not entered: the index is made whole before the first question, and nothing runs beside.
    async for step in app.reindex():
        if progress:
            progress(step.passages, passages)
    await app.knowledge.search(TENANT, KnowledgeQuestion(q="warm"))
    return passages


async def _asked(app: App, situation: GivenSituation) -> _RankedArticles:
    started = perf_counter()
    wanted = KnowledgeQuestion(q=situation.situation[:_LONGEST_SITUATION], limit=MORE)
    answer = await app.knowledge.search(TENANT, wanted)
    took_ms = (perf_counter() - started) * 1000
    return _RankedArticles(situation, [hit.article_id for hit in answer.hits], took_ms)


def _shares(asked: Sequence[_RankedArticles]) -> KnowledgeShares:
    if not asked:
        return KnowledgeShares(n=0, hit_at_5=0.0, recall_at_10=0.0)
    return KnowledgeShares(
        n=len(asked),
        hit_at_5=mean(bool({*ranked.situation.gold} & {*ranked.article_ids[:FIRST]}) for ranked in asked),
        recall_at_10=mean(
            len({*ranked.situation.gold} & {*ranked.article_ids[:MORE]}) / len({*ranked.situation.gold})
            for ranked in asked
        ),
    )


def _read(path: Path, model: type[_Row]) -> list[_Row]:
    rows: list[_Row] = []
    try:
        with path.open("rb") as lines:
            for row in read_rows(lines):
                if row.problem is not None:
                    raise InvalidRequest(f"{path}:{row.line}: {row.problem}")
                try:
                    rows.append(model.model_validate(row.value))
                except ValidationError as failure:
                    detail = invalid_request(failure, whole="row").detail
                    raise InvalidRequest(f"{path}:{row.line}: {detail}") from None
    except OSError as failure:
        raise InvalidRequest(f"{path} cannot be read: {failure.strerror}.") from None
    return rows
