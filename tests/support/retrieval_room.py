"""The retrieval room on memory stores, and parts of it that count, hang or fail, for the tests of the room."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.adapters.memory import MemoryArchive, MemoryLedger, MemoryVectors
from app.errors import RetrievalUnavailable
from app.ids import new_id
from app.models import Customer, Interaction, InteractionDraft, Snapshot
from app.ports import Changes, Embedder, MergeRecord, NewInteraction, Vectors, VectorStore
from app.retrieval import Gatherer, Indexer, Retriever
from tests.support.builders import START

TENANT, ANNA, BERT = "t", "cus_a", "cus_b"


class Room:
    """The retrieval room on memory stores, with the embedder that ships."""

    def __init__(
        self,
        embedder: Embedder,
        vectors: VectorStore | None = None,
        ledger: MemoryLedger | None = None,
        patience_s: float = 30.0,
    ) -> None:
        self.ledger = ledger or MemoryLedger()
        self.archive = MemoryArchive()
        self.vectors = vectors or MemoryVectors()
        self.embedder = embedder
        self.retriever = Retriever(self.ledger, self.vectors, embedder, patience_s=patience_s)
        self.gatherer = Gatherer(self.ledger, self.retriever)

    async def file(self, *drafts: InteractionDraft, customer: str = ANNA, tenant: str = TENANT) -> list[Interaction]:
        """File interactions of one customer, a minute after one another unless they say when they happened."""
        customer_id = await self.ledger.customer_of(tenant, customer)
        rows = [
            NewInteraction(
                interaction_id=new_id("int"),
                identity_id=customer,
                draft=draft
                if draft.occurred_at
                else draft.model_copy(update={"occurred_at": START + timedelta(minutes=at)}),
                content_sha256=str(at),
            )
            for at, draft in enumerate(drafts)
        ]
        async with self.ledger.transaction(tenant) as transaction:
            new = () if customer_id else (customer,)
            await transaction.apply(Changes(new_identities=new, interactions=tuple(rows)))
        return list(await self.ledger.by_ids(tenant, [row.interaction_id for row in rows]))

    async def merge(self, survivor: str, absorbed: str) -> None:
        """Join two customers."""
        merge = MergeRecord(merge_id="mrg_1", survivor=survivor, absorbed=absorbed, at=START, reason="test")
        async with self.ledger.transaction(TENANT) as transaction:
            await transaction.apply(Changes(merges=(merge,)))

    async def index(self) -> None:
        """Bring the vectors up with the ledger."""
        async with self.indexing():
            pass

    @asynccontextmanager
    async def indexing(self, embedder: Embedder | None = None) -> AsyncGenerator[Indexer]:
        """An indexer that has caught up with the ledger."""
        indexer = Indexer(self.ledger, self.archive, self.vectors, embedder or self.embedder)
        indexer.start()
        try:
            await until(indexer.lag, 0)
            yield indexer
        finally:
            await indexer.close()

    async def search(self, query: str, *, limit: int = 10, customer: str = ANNA, tenant: str = TENANT) -> list[str]:
        """The texts found, best first."""
        head = await self.ledger.head(tenant)
        passages = await self.retriever.search(tenant, [customer], query, up_to_seq=head, limit=limit)
        return [passage.interaction.text for passage in passages]

    async def gather(
        self, conversation_id: str | None, *, cutoff: datetime | None = None, customer: str = ANNA
    ) -> Snapshot:
        """The snapshot of one customer's conversation."""
        who = Customer(customer_id=customer, identity_ids=tuple(await self.ledger.identities_of(TENANT, customer)))
        return await self.gatherer.gather(TENANT, who, conversation_id, now=cutoff or START, cutoff=cutoff)


class CountingEmbedder:
    """An embedder that notes what it is asked for."""

    def __init__(self, inner: Embedder, name: str | None = None) -> None:
        self._inner = inner
        self.name = name or inner.name
        self.asked: list[str] = []

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """As the embedder within."""
        self.asked.extend(texts)
        return await self._inner.embed(texts)


class SilentEmbedder:
    """An embedder that never answers."""

    name = "silent"

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Wait for ever."""
        await asyncio.Event().wait()
        raise AssertionError


class FailingVectors(MemoryVectors):
    """A vector store that fails so many times before it works."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures
        self.asked = 0

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        self._fail()
        await super().put(tenant, interaction_ids, vectors)

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        self._fail()
        return await super().get(tenant, interaction_ids)

    def _fail(self) -> None:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise RetrievalUnavailable("The vector store does not answer.")


class ReadingLedger(MemoryLedger):
    """A ledger that notes how many interactions are read from it."""

    read = 0

    async def interactions(self, *arguments: Any, **options: Any) -> Sequence[Interaction]:
        rows = await super().interactions(*arguments, **options)
        self.read += len(rows)
        return rows


async def until(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    async with asyncio.timeout(20):
        while await ask() != wanted:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def texts(rows: Sequence[Interaction]) -> list[str]:
    return [row.text for row in rows]
