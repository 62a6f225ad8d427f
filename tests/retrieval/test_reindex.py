"""`warmline reindex` and what it does: the whole index made anew from the ledger, on any store."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.adapters.pgvector import PgVectors
from app.bootstrap import build
from app.errors import RetrievalUnavailable
from app.interfaces.cli import main
from app.models import Actor, Identifier, Kind
from app.retrieval import Indexer
from app.settings import Settings
from tests.conftest import WordEmbedder
from tests.support.builders import draft
from tests.support.postgres import asked
from tests.support.retrieval_room import TENANT, FailingVectors, Room, until

ANNA = (Identifier(type="email", value="anna@example.com", verified=True),)


async def rebuilt(room: Room) -> list[tuple[int, int, int, int]]:
    indexer = Indexer(room.ledger, room.archive, room.vectors, room.embedder)
    counts = [
        (progress.interactions, progress.vectors, progress.position, progress.last_position)
        async for progress in indexer.rebuild()
    ]
    await indexer.close()
    return counts


async def test_an_index_made_anew_holds_what_was_said_and_nothing_else() -> None:
    room = Room(WordEmbedder())
    interactions = await room.file(draft("hello"), draft("once more"))
    await room.file(draft(kind=Kind.EVENT, name="page_view"), draft("{}", kind=Kind.TOOL_RESULT, actor=Actor.SYSTEM))
    await room.file(draft("elsewhere"), tenant="other", customer="cus_o")
    await room.index()
    await room.vectors.put(TENANT, ["left behind", interactions[0].interaction_id], np.zeros((2, 5), np.float32))
    assert (await rebuilt(room))[-1] == (5, 3, 5, 5)
    assert await room.vectors.count() == 3
    vectors = await room.vectors.get(TENANT, [row.interaction_id for row in interactions])
    expected = await WordEmbedder().embed(["hello", "once more"])
    np.testing.assert_array_equal(np.stack([vectors[row.interaction_id] for row in interactions]), expected)


async def test_progress_is_told_from_the_start_to_the_end() -> None:
    room = Room(WordEmbedder())
    await room.file(*(draft(f"number {number}") for number in range(70)))
    counts = await rebuilt(room)
    assert counts[0] == (0, 0, 0, 70)
    assert counts[-1] == (70, 70, 70, 70)
    assert len(counts) > 2
    assert counts == sorted(counts)


async def test_an_empty_ledger_makes_an_empty_index() -> None:
    assert await rebuilt(Room(WordEmbedder())) == [(0, 0, 0, 0)]


async def test_a_rebuilding_that_breaks_off_is_finished_by_the_service() -> None:
    room = Room(WordEmbedder())
    await room.file(*(draft(f"number {number}") for number in range(70)))
    await room.index()
    room.vectors = vectors = FailingVectors(failures=0)
    indexer = Indexer(room.ledger, room.archive, vectors, room.embedder)

    async def break_off() -> None:
        async for step in indexer.rebuild():
            vectors.failures = int(step.position > 0)

    with pytest.raises(RetrievalUnavailable):
        await break_off()
    await indexer.close()
    assert 0 < await vectors.count() < 70
    async with room.indexing():
        assert await vectors.count() == 70


async def test_the_command_rebuilds_a_service_that_lives_in_postgresql_alone(
    postgres: str,
    postgres_with_vectors: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings.model_construct(
        data_dir=tmp_path / "data", database_url=postgres, vectors_url=postgres_with_vectors
    )
    async with build(settings, embedder=WordEmbedder()) as app:
        texts = ("the heating is cold", "which invoice do you mean", "thank you")
        answer = await app.interactions.record("default", [draft(text, identifiers=ANNA) for text in texts])
        (customer_id,) = {result.customer_id for result in answer.results if result.customer_id}
        search_answer = await app.interactions.search("default", customer_id, "cold heating", limit=1)
        assert [hit.interaction.text for hit in search_answer.hits] == [texts[0]]
        vectors = PgVectors(postgres_with_vectors)
        await until(vectors.count, 3)
    asked(postgres_with_vectors, "DELETE FROM warmline_vectors WHERE embedding IS NOT NULL")

    ended = await in_a_thread(monkeypatch, capsys, tmp_path, postgres, postgres_with_vectors)
    assert ended["interactions"] == ended["vectors"] == 3
    assert ended.keys() == {"interactions", "vectors", "passages", "duration_s"}
    assert await vectors.count() == 3
    await vectors.close()


def test_vectors_in_memory_are_not_rebuilt_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output = run(monkeypatch, capsys, tmp_path, f"sqlite:///{tmp_path / 'ledger.db'}", "memory:")
    assert status == 1
    assert "WARMLINE_VECTORS_URL is memory:" in output.err
    assert output.out == ""


async def in_a_thread(*arguments: Any) -> dict[str, Any]:
    # The command runs an event loop of its own, and here one is running.
    status, output = await asyncio.to_thread(run, *arguments)
    assert status == 0, output.err
    answer: dict[str, Any] = json.loads(output.out)
    return answer


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path, database: str, vectors: str
) -> tuple[int, Any]:
    """How `warmline reindex --json` ended and what it printed."""
    for name in os.environ:
        if name.startswith("WARMLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("WARMLINE_DATABASE_URL", database)
    monkeypatch.setenv("WARMLINE_VECTORS_URL", vectors)
    monkeypatch.setattr(sys, "argv", ["warmline", "reindex", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0), capsys.readouterr()
