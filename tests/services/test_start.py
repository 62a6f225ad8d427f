"""What a service does for the first requests after its start, while the rest of it is still being loaded."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.adapters.memory import MemoryVectors
from app.bootstrap import build
from app.models import HandoffRequest, Kind
from app.ports import Vectors
from app.services.rehearsal import rehearse_brief, rehearse_filing
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft

T = "default"


class LoadingEmbedder(WordEmbedder):
    """Answers only once it is loaded."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.loaded = asyncio.Event()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked.set()
        await self.loaded.wait()
        return await super().embed(texts)


class OpeningVectors(MemoryVectors):
    """Answers only once it is open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        await self.opened.wait()
        return await super().get(tenant, interaction_ids)

    async def delete(self, tenant: str, interaction_ids: Sequence[str]) -> None:
        await self.opened.wait()
        await super().delete(tenant, interaction_ids)


async def test_a_handoff_soon_after_the_start_waits_for_the_models_and_reads_the_intent_by_them(
    settings: Settings,
) -> None:
    embedder = LoadingEmbedder()
    async with build(settings, embedder=embedder) as app:
        await app.interactions.record(T, [draft("I was charged twice, send my money back.", conversation_id="c1")])
        warming = asyncio.create_task(app.warm_up())
        await embedder.asked.wait()
        request = HandoffRequest(conversation_id="c1", deadline_ms=30_000)
        asked = asyncio.create_task(app.handoffs.create(T, request))
        await asyncio.wait([asked], timeout=0.2)
        assert not asked.done()
        embedder.loaded.set()
        first = await asked
        await warming
        later = await app.handoffs.create(T, request)
    assert first.brief.intent == later.brief.intent


async def test_a_handoff_waits_for_models_that_do_not_load_for_half_of_its_time_at_most(settings: Settings) -> None:
    embedder = LoadingEmbedder()
    async with build(settings, embedder=embedder) as app:
        await app.interactions.record(T, [draft("I was charged twice, send my money back.", conversation_id="c1")])
        warming = asyncio.create_task(app.warm_up())
        await embedder.asked.wait()
        async with asyncio.timeout(20):
            handoff = await app.handoffs.create(T, HandoffRequest(conversation_id="c1", deadline_ms=500))
        assert handoff.brief.contact_reason
        embedder.loaded.set()
        await warming


async def test_a_deletion_is_acknowledged_while_the_vectors_are_being_opened_and_reaches_them_afterwards(
    settings: Settings,
) -> None:
    vectors = OpeningVectors()
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as app:
        await app.interactions.record(T, [draft("Forget this.", id="m", conversation_id="c1")])
        deletion = draft(kind=Kind.DELETION, id="d", target_id="m", conversation_id="c1")
        async with asyncio.timeout(20):
            results = (await app.interactions.record(T, [deletion])).results
        assert results[0].problem is None
        vectors.opened.set()
        async with asyncio.timeout(20):
            while (await app.readiness()).index_lag:  # noqa: ASYNC110 - the index tells nobody when it has caught up
                await asyncio.sleep(0.02)
        assert await vectors.count() == 0


def test_the_conversation_of_the_rehearsal_can_be_filed_and_briefed() -> None:
    rehearse_filing()
    rehearse_brief()
