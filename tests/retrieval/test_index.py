"""The index in the background: what it follows, where it goes on, and how it fails."""

import asyncio
import logging
from pathlib import Path

import numpy as np
import pytest

from app.adapters.embeddings import MiniLM
from app.adapters.vectors import ChromaVectors
from app.background import POLL_S
from app.models import Actor, Kind
from app.ports import Embedder
from app.retrieval import Indexer, file_watermark
from tests.support.builders import draft
from tests.support.retrieval_room import TENANT, CountingEmbedder, FailingVectors, Room, until


@pytest.fixture(scope="module")
def minilm() -> Embedder:
    """The built-in embedder, loaded once."""
    return MiniLM()


@pytest.fixture
def room(minilm: Embedder) -> Room:
    """A room of its own for each test."""
    return Room(minilm)


async def test_what_was_said_is_indexed_and_what_tools_say_is_not(room: Room) -> None:
    interactions = await room.file(draft("hello"), draft("a note", kind=Kind.NOTE, actor=Actor.AGENT))
    await room.file(
        draft("  "),
        draft('{"status": "ok"}', kind=Kind.TOOL_RESULT, actor=Actor.SYSTEM),
        draft(kind=Kind.EVENT, name="page_view"),
    )
    await room.file(draft("elsewhere"), tenant="other", customer="cus_o")
    async with room.indexing() as indexer:
        assert set(await room.vectors.get(TENANT, [row.interaction_id for row in interactions])) == {
            row.interaction_id for row in interactions
        }
        assert await room.vectors.count() == 3
        assert indexer.check().status == "ok"


async def test_an_indexer_that_is_woken_takes_what_was_written_since(room: Room) -> None:
    await room.file(draft("good morning"))
    async with room.indexing() as indexer:
        await room.file(draft("hello"))
        indexer.wake()
        async with asyncio.timeout(POLL_S / 2):
            await until(room.vectors.count, 2)
        await until(indexer.lag, 0)


async def test_an_index_goes_on_where_it_stopped(room: Room, minilm: Embedder) -> None:
    await room.file(draft("before"))
    await room.index()
    await room.file(draft("after"))
    embedder = CountingEmbedder(minilm)
    async with room.indexing(embedder):
        assert embedder.asked == ["after"]
    assert await room.vectors.count() == 2


async def test_another_embedder_makes_the_whole_index_anew(room: Room, minilm: Embedder) -> None:
    await room.file(draft("before"))
    await room.vectors.put(TENANT, ["of a former model"], np.ones((1, 5), np.float32))
    await file_watermark(room.archive, 1, "a former model")
    async with room.indexing(CountingEmbedder(minilm, name="another model")):
        assert await room.vectors.count() == 1
        assert dict(await room.vectors.get(TENANT, ["of a former model"])) == {}


async def test_a_vector_store_that_was_lost_is_filled_again(room: Room) -> None:
    await room.file(draft("before"))
    await room.index()
    await room.vectors.clear()
    async with room.indexing():
        await until(room.vectors.count, 1)


async def test_a_failure_shows_in_the_check_without_a_customers_words_and_is_got_over(
    minilm: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    room = Room(minilm, FailingVectors(failures=1))
    await room.file(draft("my secret number is 4711"))
    indexer = Indexer(room.ledger, room.archive, room.vectors, minilm)
    assert indexer.check().status == "loading"
    indexer.start()

    async def status() -> str:
        return indexer.check().status

    await until(status, "degraded")
    assert indexer.check().detail == "The vector store does not answer."
    await until(status, "ok")
    assert await room.vectors.count() == 1
    assert await indexer.lag() == 0
    await indexer.close()
    assert "RetrievalUnavailable" in caplog.text
    assert "4711" not in caplog.text


async def test_an_index_that_cannot_warm_up_says_so_and_closes_at_once(minilm: Embedder) -> None:
    room = Room(minilm, FailingVectors(failures=1_000_000))
    await room.file(draft("hello"))
    indexer = Indexer(room.ledger, room.archive, room.vectors, minilm)
    await indexer.warm_up()
    assert indexer.check().status == "degraded"
    indexer.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await indexer.close()
    assert await indexer.lag() == 1


async def test_a_folder_that_another_process_uses_leaves_retrieval_by_words(minilm: Embedder, tmp_path: Path) -> None:
    first, second = ChromaVectors(tmp_path), ChromaVectors(tmp_path)
    await first.count()
    room = Room(minilm, second)
    rows = await room.file(draft("the heating is cold"))
    indexer = Indexer(room.ledger, room.archive, second, minilm)
    await indexer.warm_up()
    assert "Another Warmline process" in indexer.check().detail
    ranking = await room.retriever.rank(TENANT, rows, "heating", limit=5)
    assert ranking.passages
    assert not ranking.by_meaning
    await indexer.close()
    await first.close()
