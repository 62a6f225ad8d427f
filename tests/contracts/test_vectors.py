"""What every VectorStore does, asked of each: in memory, Chroma in a folder, Chroma behind a server, pgvector."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from app import offline
from app.adapters.memory import MemoryVectors
from app.adapters.pgvector import PgVectors
from app.adapters.vectors import BATCH, ChromaVectors
from app.errors import ConfigurationError, RetrievalUnavailable
from app.ports import Vectors, VectorStore
from tests.support.chroma import chroma_server_in
from tests.support.postgres import asked


@pytest.fixture(scope="module")
def chroma_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Chroma server on loopback."""
    with chroma_server_in(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(params=["memory", "embedded", "server", "pgvector"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[VectorStore]:
    """One empty store of each kind."""
    offline.disarm()
    made: VectorStore
    if request.param == "memory":
        made = MemoryVectors()
    elif request.param == "embedded":
        made = ChromaVectors(tmp_path)
    elif request.param == "pgvector":
        made = PgVectors(request.getfixturevalue("postgres_with_vectors"))
    else:
        made = ChromaVectors(tmp_path, request.getfixturevalue("chroma_server"))
        await made.clear()
    yield made
    await made.close()


def unit_vectors(rows: int, *, seed: int = 0, dimensions: int = 8) -> Vectors:
    made = np.random.default_rng(seed).standard_normal((rows, dimensions)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


async def test_what_was_put_comes_back_under_its_id_as_single_precision(store: VectorStore) -> None:
    vectors = unit_vectors(3)
    await store.put("t", ["a", "b", "c"], vectors)
    vectors_by_id = await store.get("t", ["c", "a"])
    assert set(vectors_by_id) == {"a", "c"}
    assert vectors_by_id["a"].dtype == np.float32
    np.testing.assert_allclose(vectors_by_id["a"], vectors[0], atol=1e-6)
    np.testing.assert_allclose(vectors_by_id["c"], vectors[2], atol=1e-6)


async def test_ids_without_a_vector_are_left_out_and_not_an_error(store: VectorStore) -> None:
    assert dict(await store.get("t", ["a"])) == {}
    await store.put("t", ["a"], unit_vectors(1))
    assert set(await store.get("t", ["a", "b"])) == {"a"}


async def test_asking_twice_for_an_id_gives_it_once(store: VectorStore) -> None:
    await store.put("t", ["a"], unit_vectors(1))
    assert set(await store.get("t", ["a", "a"])) == {"a"}


async def test_nothing_asked_is_nothing_done(store: VectorStore) -> None:
    await store.put("t", [], unit_vectors(0))
    await store.delete("t", [])
    assert dict(await store.get("t", [])) == {}
    assert await store.count() == 0


async def test_putting_again_replaces(store: VectorStore) -> None:
    older, newer = unit_vectors(1), unit_vectors(1, seed=1)
    await store.put("t", ["a"], older)
    await store.put("t", ["a"], newer)
    np.testing.assert_allclose((await store.get("t", ["a"]))["a"], newer[0], atol=1e-6)
    assert await store.count() == 1


async def test_tenants_never_meet_even_under_the_same_ids(store: VectorStore) -> None:
    vectors = unit_vectors(2)
    await store.put("one", ["a"], vectors[:1])
    await store.put("two", ["a"], vectors[1:])
    np.testing.assert_allclose((await store.get("one", ["a"]))["a"], vectors[0], atol=1e-6)
    assert dict(await store.get("three", ["a"])) == {}
    await store.delete("two", ["a"])
    assert set(await store.get("one", ["a"])) == {"a"}
    assert dict(await store.get("two", ["a"])) == {}


async def test_what_is_deleted_is_gone_and_deleting_the_unknown_is_no_error(store: VectorStore) -> None:
    await store.put("t", ["a", "b"], unit_vectors(2))
    await store.delete("t", ["a", "unknown"])
    assert set(await store.get("t", ["a", "b"])) == {"b"}
    assert await store.count() == 1


async def test_more_rows_than_one_batch_are_all_kept(store: VectorStore) -> None:
    ids = [f"id-{number}" for number in range(BATCH + 5)]
    await store.put("t", ids, unit_vectors(len(ids)))
    assert set(await store.get("t", ids)) == set(ids)
    assert await store.count() == len(ids)


async def test_a_cleared_store_takes_vectors_of_another_length(store: VectorStore) -> None:
    await store.put("t", ["a"], unit_vectors(1))
    await store.clear()
    assert await store.count() == 0
    await store.put("t", ["a"], unit_vectors(1, dimensions=4))
    assert (await store.get("t", ["a"]))["a"].shape == (4,)


async def test_a_folder_keeps_its_vectors_after_it_was_closed(tmp_path: Path) -> None:
    first = ChromaVectors(tmp_path)
    vectors = unit_vectors(1)
    await first.put("t", ["a"], vectors)
    await first.close()
    second = ChromaVectors(tmp_path)
    np.testing.assert_allclose((await second.get("t", ["a"]))["a"], vectors[0], atol=1e-6)
    await second.close()


async def test_a_folder_in_use_is_refused_in_words_until_it_is_let_go(tmp_path: Path) -> None:
    first, second = ChromaVectors(tmp_path), ChromaVectors(tmp_path)
    await first.put("t", ["a"], unit_vectors(1))
    with pytest.raises(ConfigurationError, match=r"Another Warmline process .*WARMLINE_VECTORS_URL"):
        await second.get("t", ["a"])
    await first.close()
    assert set(await second.get("t", ["a"])) == {"a"}
    await second.close()


async def test_a_store_made_anew_by_another_process_is_found_again(chroma_server: str, tmp_path: Path) -> None:
    chroma_vectors, other = ChromaVectors(tmp_path, chroma_server), ChromaVectors(tmp_path, chroma_server)
    await chroma_vectors.clear()
    await chroma_vectors.put("t", ["a"], unit_vectors(1))
    await other.clear()
    with pytest.raises(RetrievalUnavailable):
        await chroma_vectors.get("t", ["a"])
    assert dict(await chroma_vectors.get("t", ["a"])) == {}
    await chroma_vectors.close()
    await other.close()


async def test_a_server_that_does_not_answer_is_retrieval_unavailable(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        store = ChromaVectors(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(RetrievalUnavailable, match="does not answer"):
            await store.get("t", ["a"])


async def test_a_damaged_folder_is_retrieval_unavailable(tmp_path: Path) -> None:
    (tmp_path / "chroma.sqlite3").write_bytes(b"not a database" * 100)
    store = ChromaVectors(tmp_path)
    with pytest.raises(RetrievalUnavailable, match="does not answer"):
        await store.get("t", ["a"])
    await store.close()


async def test_an_address_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"WARMLINE_VECTORS_URL is 'nonsense'.*http://host:8000"):
        await ChromaVectors(tmp_path, "nonsense").count()


async def test_a_database_keeps_its_vectors_after_it_was_closed(postgres_with_vectors: str) -> None:
    store = PgVectors(postgres_with_vectors.replace("postgresql://", "postgresql+asyncpg://"))
    vectors = unit_vectors(1)
    await store.put("t", ["a"], vectors)
    await store.close()
    np.testing.assert_array_equal((await store.get("t", ["a"]))["a"], vectors[0])
    await store.close()


async def test_processes_that_open_a_database_at_once_make_its_table_once(postgres_with_vectors: str) -> None:
    stores = [PgVectors(postgres_with_vectors) for _ in range(4)]
    assert await asyncio.gather(*(store.count() for store in stores)) == [0] * 4
    for store in stores:
        await store.close()


async def test_a_database_whose_extension_is_in_a_schema_of_its_own_serves(postgres_with_vectors: str) -> None:
    asked(postgres_with_vectors, "CREATE SCHEMA extras")
    asked(postgres_with_vectors, "CREATE EXTENSION vector SCHEMA extras")
    name = postgres_with_vectors.partition("?")[0].rpartition("/")[2]
    asked(postgres_with_vectors, f"ALTER DATABASE {name} SET search_path = public, extras")
    store = PgVectors(postgres_with_vectors)
    await store.put("t", ["a"], unit_vectors(1))
    assert set(await store.get("t", ["a"])) == {"a"}
    await store.close()


async def test_connections_that_the_database_has_cut_are_made_anew(postgres_with_vectors: str) -> None:
    store = PgVectors(postgres_with_vectors)
    await store.put("t", ["a"], unit_vectors(1))
    asked(
        postgres_with_vectors,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await asyncio.sleep(0.2)  # the end of a connection has to arrive
    assert set(await store.get("t", ["a"])) == {"a"}
    await store.close()


async def test_a_database_that_does_not_answer_is_retrieval_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        store = PgVectors(f"postgresql://user:secret@127.0.0.1:{silent.getsockname()[1]}/vectors")
        with pytest.raises(RetrievalUnavailable, match="does not answer"):
            await store.get("t", ["a"])
        await store.close()


async def test_a_user_who_may_not_make_the_extension_is_told_what_to_do(postgres_with_vectors: str) -> None:
    role = f"reader_{uuid4().hex}"
    asked(postgres_with_vectors, f"CREATE ROLE {role} LOGIN")
    store = PgVectors(
        postgres_with_vectors.replace("://postgres:@", f"://{role}@").replace("://postgres@", f"://{role}@")
    )
    with pytest.raises(ConfigurationError, match="CREATE EXTENSION vector"):
        await store.count()
    await store.close()
    asked(postgres_with_vectors, f"DROP ROLE {role}")


async def test_a_database_address_that_is_none_is_refused_in_words() -> None:
    with pytest.raises(ConfigurationError, match="WARMLINE_VECTORS_URL cannot be read"):
        await PgVectors("postgresql://host:port:more/vectors").count()


# --- passages --------------------------------------------------------------------------------------------------------


async def test_passages_come_back_under_their_ids_and_tenants_have_their_own(store: VectorStore) -> None:
    vectors = unit_vectors(3)
    await store.put_passages("one", ["a", "b"], vectors[:2])
    await store.put_passages("one/two: ü", ["a"], vectors[2:])
    passages = await store.get_passages("one", ["b", "a", "a", "unknown"])
    assert passages.keys() == {"a", "b"}
    np.testing.assert_allclose(passages["b"], vectors[1], atol=1e-6)
    np.testing.assert_allclose((await store.get_passages("one/two: ü", ["a", "b"]))["a"], vectors[2], atol=1e-6)
    assert dict(await store.get_passages("two", ["a"])) == {}


async def test_passages_are_replaced_and_removed_apart_from_interactions_and_cases(store: VectorStore) -> None:
    older, newer = unit_vectors(2)
    await store.put("t", ["a"], older[None])
    await store.put_passages("t", ["a"], older[None])
    await store.put_passages("t", ["a"], newer[None])
    np.testing.assert_allclose((await store.get_passages("t", ["a"]))["a"], newer, atol=1e-6)
    assert await store.count() == 1
    await store.delete_passages("t", ["a", "unknown"])
    assert dict(await store.get_passages("t", ["a"])) == {}
    assert set(await store.get("t", ["a"])) == {"a"}


async def test_nothing_of_passages_is_asked_or_removed_where_there_are_none(store: VectorStore) -> None:
    await store.put_passages("t", [], unit_vectors(0))
    await store.delete_passages("t", ["unknown"])
    assert dict(await store.get_passages("t", ["unknown"])) == {}
    assert dict(await store.get_passages("t", [])) == {}


async def test_clearing_removes_passages_and_takes_another_length(store: VectorStore) -> None:
    await store.put_passages("t", ["a"], unit_vectors(1))
    await store.clear()
    assert dict(await store.get_passages("t", ["a"])) == {}
    await store.put_passages("t", ["a"], unit_vectors(1, dimensions=5))
    assert len((await store.get_passages("t", ["a"]))["a"]) == 5


# --- cases ------------------------------------------------------------------------------------------------------------


async def test_the_likest_cases_come_first_with_what_was_told_of_them(store: VectorStore) -> None:
    vectors = unit_vectors(30)
    await store.put_cases("t", {f"case-{index}": f"told {index}" for index in range(30)}, vectors)
    like_cases = await store.nearest_cases("t", vectors[7], 5)
    assert len(like_cases) == 5
    assert (like_cases[0].case_id, like_cases[0].outcome) == ("case-7", "told 7")
    assert like_cases[0].likeness == pytest.approx(1.0, abs=1e-5)
    cosines = vectors @ vectors[7]
    assert [like_case.likeness for like_case in like_cases] == pytest.approx(
        sorted(cosines, reverse=True)[:5], abs=1e-4
    )


async def test_a_tenant_without_cases_finds_none_and_more_than_there_are_is_no_error(store: VectorStore) -> None:
    assert list(await store.nearest_cases("t", unit_vectors(1)[0], 5)) == []
    await store.delete_cases("t", ["unknown"])
    assert set(await store.known_cases("t", ["unknown"])) == set()
    await store.put_cases("t", {"one": "told"}, unit_vectors(1))
    assert [like_case.case_id for like_case in await store.nearest_cases("t", unit_vectors(1)[0], 50)] == ["one"]


async def test_a_case_put_again_is_told_anew(store: VectorStore) -> None:
    older, newer = unit_vectors(2)
    await store.put_cases("t", {"one": "first"}, older[None])
    await store.put_cases("t", {"one": "second"}, newer[None])
    (like_case,) = await store.nearest_cases("t", newer, 5)
    assert (like_case.outcome, like_case.likeness) == ("second", pytest.approx(1.0, abs=1e-5))


async def test_tenants_find_their_own_cases_alone(store: VectorStore) -> None:
    vectors = unit_vectors(2)
    await store.put_cases("one", {"a": "of one"}, vectors[:1])
    await store.put_cases("one/two: ü", {"a": "of another"}, vectors[1:])
    assert [like_case.outcome for like_case in await store.nearest_cases("one", vectors[1], 5)] == ["of one"]
    await store.delete_cases("one", ["a"])
    assert list(await store.nearest_cases("one", vectors[0], 5)) == []
    assert [like_case.outcome for like_case in await store.nearest_cases("one/two: ü", vectors[1], 5)] == ["of another"]
    assert list(await store.nearest_cases("two", vectors[1], 5)) == []


async def test_a_case_that_is_deleted_is_found_no_more(store: VectorStore) -> None:
    vectors = unit_vectors(3)
    await store.put_cases("t", {"a": "1", "b": "2", "c": "3"}, vectors)
    await store.delete_cases("t", ["b", "b", "unknown"])
    assert set(await store.known_cases("t", ["a", "b", "c", "a"])) == {"a", "c"}
    assert {like_case.case_id for like_case in await store.nearest_cases("t", vectors[1], 5)} == {"a", "c"}


async def test_interactions_and_cases_of_the_same_id_do_not_meet_but_are_cleared_together(store: VectorStore) -> None:
    vectors = unit_vectors(2)
    await store.put("t", ["a"], vectors[:1])
    await store.put_cases("t", {"a": "told"}, vectors[1:])
    assert await store.count() == 1
    await store.delete("t", ["a"])
    assert [like_case.case_id for like_case in await store.nearest_cases("t", vectors[1], 5)] == ["a"]
    await store.clear()
    assert list(await store.nearest_cases("t", vectors[1], 5)) == []
    await store.put_cases("t", {"a": "told"}, unit_vectors(1, dimensions=4))
    assert [like_case.case_id for like_case in await store.nearest_cases("t", unit_vectors(1, dimensions=4)[0], 5)] == [
        "a"
    ]


async def test_a_folder_keeps_its_cases_after_it_was_closed(tmp_path: Path) -> None:
    first = ChromaVectors(tmp_path)
    vectors = unit_vectors(1)
    await first.put_cases("t", {"a": "told"}, vectors)
    await first.close()
    second = ChromaVectors(tmp_path)
    assert [like_case.outcome for like_case in await second.nearest_cases("t", vectors[0], 5)] == ["told"]
    await second.close()
