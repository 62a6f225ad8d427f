"""Knowledge: a tenant's articles, the passages of them that answer a question, and what to read beside an action."""

from dataclasses import dataclass

from app.knowledge.article_store import ArticlePut, ArticleStore, StoredArticle
from app.knowledge.beside_actions import AdvisedAction, KnowledgeAdviser, Situation
from app.knowledge.indexer import KnowledgeIndexer
from app.knowledge.library import Library
from app.knowledge.passages import passages_of
from app.knowledge.search import KnowledgeSearch, Sought
from app.ports import Archive, Embedder, PassageVectors
from app.pressure import Pressure

__all__ = [
    "AdvisedAction",
    "ArticlePut",
    "ArticleStore",
    "KnowledgeAdviser",
    "KnowledgeIndexer",
    "KnowledgeRoom",
    "KnowledgeSearch",
    "Library",
    "Situation",
    "Sought",
    "StoredArticle",
    "passages_of",
]


@dataclass(frozen=True, slots=True)
class KnowledgeRoom:
    """The parts of this room, on one archive and one vector store."""

    store: ArticleStore
    library: Library
    search: KnowledgeSearch
    adviser: KnowledgeAdviser
    indexer: KnowledgeIndexer

    @classmethod
    def on(
        cls, archive: Archive, vectors: PassageVectors, embedder: Embedder, pressure: Pressure | None = None
    ) -> "KnowledgeRoom":
        """The room on these stores."""
        store = ArticleStore(archive)
        library = Library(store, vectors, embedder.name)
        search = KnowledgeSearch(library, embedder)
        indexer = KnowledgeIndexer(store, library, vectors, embedder, pressure)
        return cls(store, library, search, KnowledgeAdviser(library, search), indexer)
