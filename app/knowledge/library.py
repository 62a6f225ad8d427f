"""The shelves of all tenants, in memory while they are asked for and current whenever they are.

Whoever put an article somewhere else is noticed by the sum of its tenant's articles. Vectors come from the vector store
behind a search: until they are there, words alone decide.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from contextvars import Context
from time import monotonic
from weakref import WeakValueDictionary

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from app.errors import ConfigurationError, RetrievalUnavailable
from app.knowledge.article_store import ArticleStore, ArticleSums, StoredArticle
from app.knowledge.shelf import Shelf, ShelvedArticle
from app.patience import within
from app.ports import PassageVectors

_log = logging.getLogger(__name__)

# A passage takes some 4 KB with its vector.
MOST_PASSAGES_IN_MEMORY = 100_000
# A decision may go by articles of a moment ago; whoever searches sees what was put before they asked.
LOOK_AGAIN_S = 2.0
FILL_AGAIN_S = 1.0


class _LoadedShelf:
    """A shelf with the sums that its articles have, and when these were read last."""

    def __init__(self, shelf: Shelf | None, sums: ArticleSums) -> None:
        self.shelf = shelf
        self.sums = sums
        self.looked = monotonic()
        self.filled: float | None = None
        self.filling: asyncio.Task[None] | None = None


def _size(entry: _LoadedShelf) -> int:
    return 1 + (len(entry.shelf.passages) if entry.shelf is not None else 0)


class Library:
    """Gives a tenant's shelf."""

    def __init__(self, store: ArticleStore, vectors: PassageVectors, embedder: str) -> None:
        self._store = store
        self._vectors = vectors
        self._embedder = embedder
        self._shelves: LRUCache[str, _LoadedShelf] = LRUCache(MOST_PASSAGES_IN_MEMORY, getsizeof=_size)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def shelf(self, tenant: str, *, look_again_s: float = 0.0) -> Shelf | None:
        """The tenant's articles, no older than `look_again_s`; None where there are none."""
        entry = self._shelves.get(tenant)
        if entry is not None and monotonic() - entry.looked < look_again_s:
            return entry.shelf
        sums = await self._store.sums(tenant)
        if entry is not None and entry.sums == sums:
            entry.looked = monotonic()
            return entry.shelf
        async with self._turns.setdefault(tenant, asyncio.Lock()):
            entry = self._shelves.get(tenant)
            if entry is None or entry.sums != sums:
                entry = await self._loaded(tenant, sums, entry)
            return entry.shelf

    async def filled(self, tenant: str, shelf: Shelf, *, patience_s: float) -> None:
        """Fill in vectors that are missing and that the store may have, waiting no longer than this for them."""
        entry = self._shelves.get(tenant)
        if not shelf.missing or entry is None or entry.shelf is not shelf:
            return
        if entry.filling is None:
            if entry.filled is not None and monotonic() - entry.filled < FILL_AGAIN_S:
                return
            # In a context of its own, for it may outlast what asked for it.
            entry.filling = asyncio.create_task(self._fill(tenant, entry, shelf), context=Context())
        with suppress(TimeoutError):
            async with within(patience_s):
                await asyncio.shield(entry.filling)

    def learn(self, tenant: str, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Take in vectors that were just made."""
        entry = self._shelves.get(tenant)
        if entry is not None and entry.shelf is not None:
            entry.shelf.fill(vectors)

    def forget(self) -> None:
        """Keep no shelf in memory; what is asked next is read anew."""
        self._shelves.clear()

    async def close(self) -> None:
        """Leave off filling shelves."""
        under_way = [entry.filling for entry in self._shelves.values() if entry.filling is not None]
        for task in under_way:
            task.cancel()
        if under_way:
            await asyncio.wait(under_way)

    async def _loaded(self, tenant: str, sums: ArticleSums, before: _LoadedShelf | None) -> _LoadedShelf:
        stored = [article async for article in self._store.all(tenant)] if sums.articles else []
        shelf = await asyncio.to_thread(self._shelved, stored, before.shelf if before else None) if stored else None
        entry = _LoadedShelf(shelf, sums)
        if _size(entry) <= self._shelves.maxsize:
            self._shelves[tenant] = entry
        return entry

    def _shelved(self, stored: Sequence[StoredArticle], before: Shelf | None) -> Shelf:
        earlier = before.articles if before else {}
        articles: list[ShelvedArticle] = []
        for article in stored:
            shelved = earlier.get(article.article.article_id)
            unchanged = shelved is not None and shelved.drawn == article.drawn
            articles.append(shelved if shelved and unchanged else ShelvedArticle(article, self._embedder))
        shelf = Shelf(articles)
        if before is not None:
            shelf.fill(before.vectors_by_id())
        return shelf

    async def _fill(self, tenant: str, entry: _LoadedShelf, shelf: Shelf) -> None:
        try:
            shelf.fill(await self._vectors.get_passages(tenant, list(shelf.missing)))
        except (RetrievalUnavailable, ConfigurationError) as failure:
            _log.warning("articles are searched by words alone: %s", type(failure).__name__)
        finally:
            entry.filled, entry.filling = monotonic(), None
