"""Knowledge articles: put, read, listed, removed and searched."""

import asyncio
from datetime import UTC, datetime
from time import perf_counter
from typing import Annotated

from pydantic import Field

from app.errors import NotFound
from app.knowledge import KnowledgeRoom, Sought
from app.models import (
    Article,
    ArticleChange,
    ArticleDraft,
    ArticlePage,
    ArticleSummary,
    FiledArticle,
    KnowledgeHits,
    KnowledgeQuestion,
    LanguageTag,
    Record,
    RemovedArticle,
)
from app.models.base import NO_NUL
from app.nlu.languages import language_of
from app.nlu.sentences import sentences

# Where a filter lets few through, so many are looked at before the caller has to ask on.
MOST_READ = 2_000
PIECE = 100


class ArticleQuery(Record):
    """Which articles are wanted."""

    q: Annotated[str, Field(min_length=1, max_length=200), NO_NUL] | None = Field(
        default=None, description="only those whose title holds these words"
    )
    language: LanguageTag | None = Field(default=None, description="only those in this language, such as de")
    cursor: Annotated[str, Field(max_length=200), NO_NUL] | None = Field(
        default=None, description="`next_cursor` of the page before"
    )
    limit: int = Field(default=50, ge=1, le=1000, description="how many at most")


class KnowledgeService:
    """Keeps a tenant's articles and finds in them. What is put here is found here by words at once."""

    def __init__(self, room: KnowledgeRoom) -> None:
        self._room = room

    async def put(self, tenant: str, article_id: str, draft: ArticleDraft) -> FiledArticle:
        """Keep an article for good, in the place of the one with this id. Raises InvalidRequest."""
        put = await self._room.store.put(tenant, article_id, draft)
        if put.change is not ArticleChange.UNCHANGED:
            await self._room.indexer.changed(tenant, put.before, put.stored)
        return FiledArticle(**dict(_summary(put.stored.article)), change=put.change)

    async def article(self, tenant: str, article_id: str) -> Article:
        """One article, valid or not. Raises NotFound."""
        stored = await self._room.store.get(tenant, article_id)
        if stored is None:
            raise _unknown(article_id)
        return stored.article

    async def remove(self, tenant: str, article_id: str) -> RemovedArticle:
        """Remove an article with its passages and their vectors. Raises NotFound."""
        before = await self._room.store.remove(tenant, article_id)
        if before is None:
            raise _unknown(article_id)
        await self._room.indexer.changed(tenant, before, None)
        return RemovedArticle(article_id=article_id, passages=len(before.passages))

    async def articles(self, tenant: str, wanted: ArticleQuery) -> ArticlePage:
        """The tenant's articles, ordered by id, valid or not."""
        fitting: list[ArticleSummary] = []
        after, seen = wanted.cursor or "", 0
        while seen < MOST_READ:
            page = await self._room.store.page(tenant, after=after, limit=PIECE)
            for stored in page:
                if _is_wanted(stored.article, wanted):
                    if len(fitting) == wanted.limit:
                        return ArticlePage(articles=tuple(fitting), next_cursor=after)
                    fitting.append(_summary(stored.article))
                after, seen = stored.article.article_id, seen + 1
            if len(page) < PIECE:
                return ArticlePage(articles=tuple(fitting), next_cursor=None)
        return ArticlePage(articles=tuple(fitting), next_cursor=after)

    async def search(self, tenant: str, wanted: KnowledgeQuestion) -> KnowledgeHits:
        """The passages that answer a question best, each of another article."""
        started = perf_counter()
        shelf = await self._room.library.shelf(tenant)
        if shelf is None:
            return KnowledgeHits(hits=(), by_meaning=True, duration_ms=_since(started))
        asked = await asyncio.to_thread(sentences, wanted.q) if len(wanted.q) > PIECE else (wanted.q,)
        sought = Sought(asked or (wanted.q,), language=wanted.language or language_of(wanted.q))
        ranking = await self._room.search.rank(
            tenant, shelf, sought, now=wanted.now or datetime.now(UTC), limit=wanted.limit
        )
        hits = tuple(ranked.shown() for ranked in ranking.passages)
        return KnowledgeHits(hits=hits, by_meaning=ranking.by_meaning, duration_ms=_since(started))


def _since(started: float) -> int:
    return round((perf_counter() - started) * 1000)


def _unknown(article_id: str) -> NotFound:
    return NotFound(f"No article has the id {article_id!r} in this tenant.")


def _is_wanted(article: Article, wanted: ArticleQuery) -> bool:
    holds = wanted.q is None or wanted.q.casefold() in article.title.casefold()
    language = None if article.language is None else article.language.replace("_", "-").casefold()
    asked = None if wanted.language is None else wanted.language.replace("_", "-").casefold()
    return holds and (asked is None or language == asked or (language or "").startswith(f"{asked}-"))


def _summary(article: Article) -> ArticleSummary:
    fields = ArticleSummary.model_fields
    return ArticleSummary(**{name: getattr(article, name) for name in fields})
