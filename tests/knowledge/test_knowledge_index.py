"""The vectors of passages: made in the background, made anew, and gone with their article."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from app import offline
from app.adapters.memory import MemoryVectors
from app.adapters.vectors import ChromaVectors
from app.bootstrap import build
from app.errors import RetrievalUnavailable
from app.models import ArticleDraft, KnowledgeQuestion
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.knowledge_room import TENANT, CountingEmbedder, Shelves


async def indexed(shelves: Shelves, article_id: str, *, count: int = 1) -> None:
    async with asyncio.timeout(20):
        while len(await shelves.vectors_of(article_id)) < count:  # noqa: ASYNC110 - the index has nobody to tell
            await asyncio.sleep(0.02)


async def test_putting_waits_for_no_embedder_and_the_vector_follows() -> None:
    embedder = CountingEmbedder()
    shelves = Shelves(embedder=embedder)
    await shelves.put("returns", "Send it back.")
    assert embedder.texts == []
    shelves.room.indexer.start()
    await indexed(shelves, "returns")
    await shelves.put("later", "Wait for it.")
    await indexed(shelves, "later")
    await shelves.room.indexer.close()
    assert embedder.texts == ["returns\nSend it back.", "later\nWait for it."]


async def test_what_another_process_put_is_indexed_here_too() -> None:
    here = Shelves()
    here.room.indexer.start()
    await here.put("mine", "Send it back.")
    await indexed(here, "mine")
    await Shelves(here.archive, here.vectors).put("theirs", "Bring it here.")
    await indexed(here, "theirs")
    await here.room.indexer.close()


async def test_the_same_words_are_embedded_once() -> None:
    embedder = CountingEmbedder()
    shelves = Shelves(embedder=embedder)
    await shelves.put("returns", "Send it back.")
    await shelves.index()
    await shelves.put("returns", "Send it back.", url="https://x.example/")
    await shelves.index()
    assert len(embedder.texts) == 1


async def test_with_its_article_a_vector_goes() -> None:
    shelves = Shelves()
    await shelves.put("returns", "Send it back.")
    await shelves.index()
    [passage_id] = await shelves.vectors_of("returns")
    await shelves.put("returns", "Keep it.")
    assert not await shelves.vectors.get_passages(TENANT, [passage_id])
    await shelves.index()
    [passage_id] = await shelves.vectors_of("returns")
    await shelves.service.remove(TENANT, "returns")
    assert not await shelves.vectors.get_passages(TENANT, [passage_id])


class StubbornVectors(MemoryVectors):
    """A store that refuses to remove while it is told to."""

    refuses = False

    async def delete_passages(self, tenant: str, passage_ids: Sequence[str]) -> None:
        """Raises RetrievalUnavailable while it refuses."""
        if self.refuses:
            raise RetrievalUnavailable("The vector store is switched off.")
        await super().delete_passages(tenant, passage_ids)


async def test_a_vector_that_could_not_be_removed_is_removed_later_and_never_one_that_is_needed_again() -> None:
    vectors = StubbornVectors()
    shelves = Shelves(vectors=vectors)
    await shelves.put("a", "Send it back.")
    await shelves.put("b", "Keep it.")
    await shelves.index()
    [of_a], [of_b] = await shelves.vectors_of("a"), await shelves.vectors_of("b")
    vectors.refuses = True
    await shelves.service.remove(TENANT, "a")
    await shelves.service.remove(TENANT, "b")
    assert await shelves.find("send it back") == []
    await shelves.put("b", "Keep it.")
    vectors.refuses = False
    await shelves.index()
    assert (await vectors.get_passages(TENANT, [of_a, of_b])).keys() == {of_b}


async def test_reindexing_makes_passages_anew_on_a_store_on_disk(settings: Settings, tmp_path: Path) -> None:
    offline.disarm()
    folder = tmp_path / "vectors"
    question = KnowledgeQuestion(q="send it back")
    app = build(settings, embedder=WordEmbedder(), vectors=ChromaVectors(folder))
    await app.knowledge.put("t", "returns", ArticleDraft(title="Returns", text="Send it back."))
    passages = [progress.passages async for progress in app.reindex()]
    assert passages[-1] == 1
    await app.close()
    app = build(settings, embedder=WordEmbedder(), vectors=ChromaVectors(folder))
    assert (await app.knowledge.search("t", question)).by_meaning
    await app.close()


@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_when_the_index_is_emptied_passages_are_embedded_again(
    kind: str, settings: Settings, tmp_path: Path
) -> None:
    offline.disarm()
    vectors = MemoryVectors() if kind == "memory" else ChromaVectors(tmp_path / "vectors")
    async with build(settings, embedder=WordEmbedder(), vectors=vectors) as app:
        await app.knowledge.put("t", "returns", ArticleDraft(title="Returns", text="Send it back."))
        question = KnowledgeQuestion(q="send it back")
        async with asyncio.timeout(20):
            while not (await app.knowledge.search("t", question)).by_meaning:  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.05)
        await vectors.clear()
        app._parts.eraser._on_discarded()  # pyright: ignore[reportPrivateUsage]
        stored = await app._parts.knowledge.store.get("t", "returns")  # pyright: ignore[reportPrivateUsage]
        assert stored is not None
        ids = [passage.passage_id("returns", "Returns", "words") for passage in stored.passages]
        async with asyncio.timeout(20):
            while not await vectors.get_passages("t", ids):  # noqa: ASYNC110 - nobody is told
                await asyncio.sleep(0.05)
