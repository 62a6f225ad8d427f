"""The knowledge room on stores in memory, or on any that are handed in, and embedders that count or fail."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from app.adapters.memory import MemoryArchive, MemoryVectors
from app.errors import RetrievalUnavailable
from app.knowledge import KnowledgeRoom
from app.models import ArticleDraft, FiledArticle, KnowledgeQuestion
from app.ports import Archive, Embedder, Vectors, VectorStore
from app.services.knowledge import KnowledgeService
from tests.conftest import WordEmbedder

TENANT = "t"


class CountingEmbedder(WordEmbedder):
    """An embedder that counts what it is asked for, and fails while it is told to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.fails = False

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape (texts, 64). Raises RetrievalUnavailable while it fails."""
        if self.fails:
            raise RetrievalUnavailable("The embedder is switched off.")
        self.texts.extend(texts)
        return await super().embed(texts)


class Shelves:
    """One process's knowledge room with the service on it."""

    def __init__(
        self, archive: Archive | None = None, vectors: VectorStore | None = None, embedder: Embedder | None = None
    ) -> None:
        self.archive = archive or MemoryArchive()
        self.vectors = vectors or MemoryVectors()
        self.embedder = embedder or WordEmbedder()
        self.room = KnowledgeRoom.on(self.archive, self.vectors, self.embedder)
        self.service = KnowledgeService(self.room)

    async def put(self, article_id: str, text: str, *, tenant: str = TENANT, **fields: Any) -> FiledArticle:
        """Put an article of plain text under a title of its own, unless told otherwise."""
        title = fields.pop("title", article_id.replace("-", " "))
        return await self.service.put(tenant, article_id, ArticleDraft(title=title, text=text, **fields))

    async def index(self) -> int:
        """Make the vectors that are missing; gives how many."""
        made = [count async for count in self.room.indexer.rebuild()]
        return made[-1] if made else 0

    async def find(
        self,
        question: str,
        *,
        tenant: str = TENANT,
        language: str | None = None,
        now: datetime | None = None,
        limit: int = 10,
    ) -> list[str]:
        """The ids of the articles that are found, best first."""
        wanted = KnowledgeQuestion(q=question, language=language, now=now, limit=limit)
        return [hit.article_id for hit in (await self.service.search(tenant, wanted)).hits]

    async def vectors_of(self, article_id: str, *, tenant: str = TENANT) -> Collection[str]:
        """The ids of an article's passages that have a vector in the store."""
        stored = await self.room.store.get(tenant, article_id)
        assert stored is not None
        title, name = stored.article.title, self.embedder.name
        ids = [passage.passage_id(article_id, title, name) for passage in stored.passages]
        return (await self.vectors.get_passages(tenant, ids)).keys()
