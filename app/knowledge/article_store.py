"""A tenant's articles in the archive, with a sum by which anybody sees at a glance whether theirs are the newest.

Each article as it is put draws a number, and the archive adds these up as it writes. The sum is the same in whatever
order articles were put, and another one as soon as any has changed; so whoever remembers articles reads one small
document to know that they are all there is.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from random import SystemRandom
from typing import Any, NamedTuple

from app.errors import InvalidRequest
from app.knowledge.passages import ArticlePassage, passages_of
from app.models import Article, ArticleChange, ArticleDraft
from app.ports import Archive, Counts

COLLECTION = "knowledge"
SUMS, ALL = "knowledge_sums", "all"
_NO_TENANT, TENANTS = "", "knowledge_tenants"
MOST_ARTICLES = 10_000
PAGE = 100
# Parting a longer article would hold up everybody else.
_LONG = 4_000
# Ten thousand of them add up to less than a float holds exactly.
_LARGEST = 2**38
_random = SystemRandom()


class StoredArticle(NamedTuple):
    """An article with its passages, and the number that it drew when it was put."""

    article: Article
    passages: Sequence[ArticlePassage]
    drawn: int


class ArticleSums(NamedTuple):
    """How many articles a tenant has, and the sum of the numbers that they drew."""

    articles: int
    drawn: int


class ArticlePut(NamedTuple):
    """What putting an article did; `before` is what it replaced."""

    stored: StoredArticle
    change: ArticleChange
    before: StoredArticle | None


class ArticleStore:
    """Reads and writes articles."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def put(self, tenant: str, article_id: str, draft: ArticleDraft) -> ArticlePut:
        """Keep an article for good; the same again changes nothing. Raises InvalidRequest where there are too many."""
        before = await self.get(tenant, article_id)
        if before is not None and _content(before.article) == draft.model_dump(mode="json"):
            return ArticlePut(before, ArticleChange.UNCHANGED, before)
        if before is None and (await self.sums(tenant)).articles >= MOST_ARTICLES:
            raise InvalidRequest(f"A tenant keeps at most {MOST_ARTICLES:,} articles. Remove some that are not needed.")
        is_long = len(draft.source) > _LONG
        passages = await asyncio.to_thread(passages_of, draft) if is_long else passages_of(draft)
        article = Article(
            **draft.model_dump(), article_id=article_id, passages=len(passages), updated_at=datetime.now(UTC)
        )
        stored = StoredArticle(article, passages, _random.randrange(1, _LARGEST))
        await self._archive.put_counted(tenant, COLLECTION, article_id, _document(stored), counting=_counted)
        await self._mark(tenant)
        change = ArticleChange.CREATED if before is None else ArticleChange.REPLACED
        return ArticlePut(stored, change, before)

    async def get(self, tenant: str, article_id: str) -> StoredArticle | None:
        """One article, or None."""
        document = await self._archive.get(tenant, COLLECTION, article_id)
        return None if document is None else _stored(document)

    async def remove(self, tenant: str, article_id: str) -> StoredArticle | None:
        """Remove an article; gives what it was, None where there is none."""
        before = await self.get(tenant, article_id)
        if before is None:
            return None
        # Nothing is subtracted when a document is removed, so it is put empty first.
        await self._archive.put_counted(tenant, COLLECTION, article_id, {}, counting=_counted)
        await self._archive.remove(tenant, COLLECTION, [article_id])
        await self._mark(tenant)
        return before

    async def page(self, tenant: str, *, after: str = "", limit: int = PAGE) -> Sequence[StoredArticle]:
        """The first `limit` articles past an id, ordered by id."""
        stored: list[StoredArticle] = []
        while len(stored) < limit:
            size = min(PAGE, limit - len(stored))
            documents = await self._archive.page(tenant, COLLECTION, after=after, limit=size)
            articles = (_stored(document) for _, document in documents)
            stored.extend(article for article in articles if article is not None)
            if len(documents) < size:
                break
            after = documents[-1][0]
        return stored

    async def all(self, tenant: str) -> AsyncIterator[StoredArticle]:
        """Every article of a tenant, ordered by id."""
        after = ""
        while page := await self.page(tenant, after=after):
            for stored in page:
                yield stored
            after = page[-1].article.article_id

    async def sums(self, tenant: str) -> ArticleSums:
        """How many articles a tenant has now, and what they add up to."""
        document = await self._archive.get(tenant, SUMS, ALL) or {}
        return ArticleSums(round(document.get("articles", 0)), round(document.get("drawn", 0)))

    async def marks(self) -> Mapping[str, int]:
        """Every tenant who ever put an article, with a number that is another one after each change."""
        marks: dict[str, int] = {}
        after = ""
        while page := await self._archive.page(_NO_TENANT, TENANTS, after=after):
            marks.update((tenant, int(document["mark"])) for tenant, document in page)
            after = page[-1][0]
        return marks

    async def _mark(self, tenant: str) -> None:
        await self._archive.put(_NO_TENANT, TENANTS, tenant, {"mark": _random.randrange(1, _LARGEST)})


def _counted(document: Mapping[str, Any]) -> Counts:
    if not document:
        return {}
    return {SUMS: {ALL: {"articles": 1, "drawn": document["drawn"]}}}


def _content(article: Article) -> Mapping[str, Any]:
    return article.model_dump(mode="json", exclude={"article_id", "passages", "updated_at"})


def _document(stored: StoredArticle) -> Mapping[str, Any]:
    return {
        "article": stored.article.model_dump(mode="json"),
        "passages": [list(passage) for passage in stored.passages],
        "drawn": stored.drawn,
    }


def _stored(document: Mapping[str, Any]) -> StoredArticle | None:
    if not document:
        return None  # about to be removed
    article = Article.model_validate(document["article"])
    passages = [ArticlePassage(headings, text) for headings, text in document["passages"]]
    return StoredArticle(article, passages, int(document["drawn"]))
