"""`warmline eval knowledge`: whether articles that answer a customer's situation are among the first that are found.

The folder holds `articles.jsonl` (`id`, `title`, `content` in Markdown) and `questions.jsonl` (`id`, `situation`, and
`gold`, the ids of the articles that answer it). The articles are put and indexed as the service does it, and each
situation is asked as a whole by the App's own search.

Beside it stand what anybody gets without us, in the same run: BM25 over stemmed words of whole articles, and the
embedder by itself, the whole situation as far as it reads it against each passage. The situations are halved by a hash
of their ids: what was tuned, was tuned on `development` alone.

Each situation is searched twice. The first time its sentences have to be embedded; the second time the embedder has
them in memory, as in a conversation whose sentences were embedded for its brief.
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
from app.knowledge import passages_of
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
    """What `eval knowledge` prints. `by_meaning`: how many were not left to words alone by a slow machine.

    Times of a search in milliseconds, without and with embedding its question.
    """

    p50_ms: float
    p99_ms: float
    p50_ms_with_embedding: float
    p99_ms_with_embedding: float
    by_meaning: int
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


class _RankedArticles(NamedTuple):
    situation: GivenSituation
    article_ids: Sequence[str]
    took_ms: float = 0.0
    took_ms_with_embedding: float = 0.0
    by_meaning: bool = True


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
    times_with_embedding = [ranked.took_ms_with_embedding for ranked in asked]
    development = _development(situations)
    return KnowledgeFigures(
        **dict(_shares(asked)),
        p50_ms=median(times),
        p99_ms=_p99(times),
        p50_ms_with_embedding=median(times_with_embedding),
        p99_ms_with_embedding=_p99(times_with_embedding),
        by_meaning=sum(ranked.by_meaning for ranked in asked),
        development=_shares([ranked for ranked in asked if ranked.situation.id in development]),
        other_half=_shares([ranked for ranked in asked if ranked.situation.id not in development]),
        bm25_alone=_shares(bm25_alone(articles, situations)),
        embedder_alone=_shares(await _embedder_alone(settings, articles, situations)),
        articles=len(articles),
        passages=passages,
    )


def _development(situations: Sequence[GivenSituation]) -> frozenset[str]:
    """The ids of the half that may be looked at while the search is tuned."""
    drawn = sorted((_drawn(situation.id), situation.id) for situation in situations)
    return frozenset(situation_id for _, situation_id in drawn[: len(drawn) // 2])


def _drawn(situation_id: str) -> tuple[int, bytes]:
    digest = sha256(situation_id.encode()).digest()
    return digest[0] % 2, digest


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]


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
    """Every situation with the articles of the passages that are most like it, best first."""
    embedder = embedder_of(settings)
    passages = [
        (number, passage.embeddable(article.title))
        for number, article in enumerate(articles)
        for passage in passages_of(_draft(article))
    ]
    owners = np.array([number for number, _ in passages], np.int64)
    # The built-in embedder remembers what the index was made of.
    vectors = await embedder.embed([text for _, text in passages])
    asked = await embedder.embed([situation.situation for situation in situations])
    ranked: list[_RankedArticles] = []
    for situation, vector in zip(situations, asked, strict=True):
        likest = np.full(len(articles), -1.0)
        np.maximum.at(likest, owners, vectors @ vector)
        ranked.append(_RankedArticles(situation, _best(articles, likest)))
    return ranked


def _best(articles: Sequence[GivenArticle], scores: NDArray[np.floating]) -> list[str]:
    return [articles[int(index)].id for index in np.argsort(-scores, kind="stable")[:MORE]]


async def _filed(app: App, articles: Sequence[GivenArticle], progress: Progress | None) -> int:
    """Put and index the articles; gives how many passages they have."""
    passages = 0
    for article in articles:
        passages += (await app.knowledge.put(TENANT, article.id, _draft(article))).passages
    # The app is not entered: the index is made whole before the first question, and nothing runs beside.
    async for step in app.reindex():
        if progress:
            progress(step.passages, passages)
    await app.knowledge.search(TENANT, KnowledgeQuestion(q="warm"))
    return passages


def _draft(article: GivenArticle) -> ArticleDraft:
    return ArticleDraft(title=article.title, markdown=article.content)


async def _asked(app: App, situation: GivenSituation) -> _RankedArticles:
    wanted = KnowledgeQuestion(q=situation.situation[:_LONGEST_SITUATION], limit=MORE)
    started = perf_counter()
    await app.knowledge.search(TENANT, wanted)
    embedded = perf_counter()
    answer = await app.knowledge.search(TENANT, wanted)
    ended = perf_counter()
    return _RankedArticles(
        situation,
        [hit.article_id for hit in answer.hits],
        took_ms=(ended - embedded) * 1000,
        took_ms_with_embedding=(embedded - started) * 1000,
        by_meaning=answer.by_meaning,
    )


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
