"""Makes the vectors of passages in the background, so that nobody who puts an article waits for an embedder."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence

import numpy as np

from app.background import Worker
from app.errors import ConfigurationError, RetrievalUnavailable
from app.knowledge.article_store import ArticleStore, StoredArticle
from app.knowledge.library import Library
from app.knowledge.shelf import ShelvedPassage
from app.ports import Embedder, PassageVectors
from app.pressure import Pressure

# So short that a step holds up nothing.
BATCH = 8
# Nothing else runs while an index is made anew: as many batches as there are processors, up to these, go side by side.
MOST_AT_ONCE = 8
LOOKED_UP = 1_000


class KnowledgeIndexer:
    """Embeds what has no vector yet: at the start of all tenants, then of those whose articles change anywhere.

    A passage's id is made of all that its vector is made of, so work that was broken off goes on where it stood, and an
    article that is put again with the same words costs nothing.
    """

    def __init__(
        self,
        store: ArticleStore,
        library: Library,
        vectors: PassageVectors,
        embedder: Embedder,
        pressure: Pressure | None = None,
    ) -> None:
        self._store = store
        self._library = library
        self._vectors = vectors
        self._embedder = embedder
        self._waiting: dict[str, None] = {}
        self._marks: dict[str, int] = {}
        self._is_stale = True
        self._indexed: dict[str, frozenset[str]] = {}
        self._gone: dict[str, set[str]] = {}
        self._worker = Worker("knowledge index", self._step, pressure or Pressure(), can_wait=True)

    def start(self) -> None:
        """Begin to work. Needs a running event loop; once is enough."""
        self._worker.start()

    def start_over(self) -> None:
        """Look through all tenants again: the vectors are gone."""
        self._is_stale = True
        self._worker.wake()

    async def changed(self, tenant: str, before: StoredArticle | None, after: StoredArticle | None) -> None:
        """An article is another one now, or gone: remove the vectors that it has no more, and make those it needs.

        What cannot be removed at once is tried again.
        """
        gone = self._gone.setdefault(tenant, set())
        gone |= self._ids(before)
        gone -= self._ids(after)
        if after is not None:
            self._waiting[tenant] = None
        try:
            await self._drop_gone(tenant)
        except (RetrievalUnavailable, ConfigurationError) as failure:
            self._worker.failed(failure)
        self._worker.wake()

    async def rebuild(self) -> AsyncGenerator[int]:
        """Make the vectors of all tenants, telling after every step how many there are. Not for one that was started.

        Raises RetrievalUnavailable, ConfigurationError or Unavailable.
        """
        made = 0
        self._is_stale = True
        at_once = min(os.cpu_count() or 1, MOST_AT_ONCE)
        while embedded := await self._step(at_once):
            made += embedded
            yield made

    async def close(self) -> None:
        """Finish the step at hand."""
        await self._worker.close()
        await self._library.close()

    async def _step(self, at_once: int = 1) -> int:
        for tenant in list(self._gone):
            await self._drop_gone(tenant)
        if self._is_stale:
            # Vectors that are remembered are no sign that the store has them.
            self._library.forget()
            self._marks.clear()
            self._is_stale = False
        if not self._waiting:
            marks = await self._store.marks()
            self._waiting.update((tenant, None) for tenant, mark in marks.items() if self._marks.get(tenant) != mark)
            self._marks.update(marks)
        while self._waiting:
            tenant = next(iter(self._waiting))
            embedded = await self._embed(tenant, at_once)
            if embedded:
                return embedded
            self._waiting.pop(tenant, None)
        return 0

    async def _embed(self, tenant: str, at_once: int) -> int:
        shelf = await self._library.shelf(tenant)
        ids = frozenset(passage.passage_id for passage in shelf.passages) if shelf else frozenset[str]()
        # What another process removed, which could not reach the vectors.
        await self._vectors.delete_passages(tenant, sorted(self._indexed.get(tenant, ids) - ids))
        self._indexed[tenant] = ids
        missing = [passage for passage in shelf.passages if passage.passage_id in shelf.missing] if shelf else []
        for start in range(0, len(missing), LOOKED_UP):
            looked_up = missing[start : start + LOOKED_UP]
            there = await self._vectors.get_passages(tenant, [passage.passage_id for passage in looked_up])
            self._library.learn(tenant, there)
            new = [passage for passage in looked_up if passage.passage_id not in there][: BATCH * at_once]
            if new:
                await self._make(tenant, new)
                return len(new)
        return 0

    async def _make(self, tenant: str, passages: Sequence[ShelvedPassage]) -> None:
        texts = [passage.passage.embeddable(passage.article.title) for passage in passages]
        batches = (texts[start : start + BATCH] for start in range(0, len(texts), BATCH))
        made = np.concatenate(await asyncio.gather(*(self._embedder.embed(batch) for batch in batches)))
        ids = [passage.passage_id for passage in passages]
        await self._vectors.put_passages(tenant, ids, made)
        # Articles may have been removed while they were embedded; whoever does so later removes the vectors.
        shelf = await self._library.shelf(tenant)
        left = {passage.passage_id for passage in shelf.passages} if shelf else set[str]()
        await self._vectors.delete_passages(tenant, [passage_id for passage_id in ids if passage_id not in left])
        self._library.learn(tenant, dict(zip(ids, made, strict=True)))

    async def _drop_gone(self, tenant: str) -> None:
        if gone := sorted(self._gone.get(tenant, ())):
            await self._vectors.delete_passages(tenant, gone)
        self._gone.pop(tenant, None)

    def _ids(self, stored: StoredArticle | None) -> set[str]:
        if stored is None:
            return set()
        article, name = stored.article, self._embedder.name
        return {passage.passage_id(article.article_id, article.title, name) for passage in stored.passages}
