"""Vectors in Chroma: embedded in a folder of one process, or on a Chroma server that several processes share.

Chroma's filtered queries grow with all rows it holds, so the interactions are never queried here: the ledger names
those that matter, and their vectors are read by id. What is asked over all customers of a tenant, the cases most like
one, has a collection for each tenant and needs no filter.
"""

import asyncio
import ctypes
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from app import offline
from app.adapters.vectors_folder import VectorsFolder
from app.errors import ConfigurationError, RetrievalUnavailable, WarmlineError
from app.ports import LikeCase, Vectors

_log = logging.getLogger(__name__)

COLLECTION = "warmline-interactions"
CASES = "warmline-cases-"
PASSAGES = "warmline-passages-"
BATCH = 1000

# The graph is never searched, so it is kept small: twice the rows a second, and less memory.
_GRAPH = {"space": "ip", "ef_construction": 30, "max_neighbors": 8}
_SEARCHED = {"space": "ip", "ef_construction": 100, "ef_search": 100, "max_neighbors": 16}

_OUTCOME = "outcome"
_M_PERTURB = -6  # of glibc's malloc.h

_Answer = TypeVar("_Answer")


class ChromaVectors:
    """A VectorStore on Chroma, opened at the first use. Chroma's calls block, so each runs in a thread.

    With a `url` the store is that server's; without one it is `folder`, which one process at a time may use: another
    gets a ConfigurationError from every method until the first has closed, and can go on without vectors.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self._folder = VectorsFolder(folder)
        self._url = url
        self._opening = Lock()
        self._client: Any = None
        self._collection: Any = None
        self._of_tenants: dict[str, Any] = {}

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace vectors, one row of `vectors` an id. Raises RetrievalUnavailable, ConfigurationError."""
        rows = {
            _key(tenant, interaction_id): vector
            for interaction_id, vector in zip(interaction_ids, vectors, strict=True)
        }

        def work(collection: Any) -> None:
            for keys in _batches(list(rows)):
                collection.upsert(ids=keys, embeddings=np.stack([rows[key] for key in keys]))

        await self._in_thread(work)

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that exist under these ids. Raises RetrievalUnavailable, ConfigurationError."""
        wanted = {_key(tenant, interaction_id): interaction_id for interaction_id in interaction_ids}

        def work(collection: Any) -> dict[str, NDArray[np.float32]]:
            vectors: dict[str, NDArray[np.float32]] = {}
            for keys in _batches(list(wanted)):
                answer = collection.get(ids=keys, include=["embeddings"])
                rows = np.asarray(answer["embeddings"], np.float32)
                vectors.update((wanted[key], row) for key, row in zip(answer["ids"], rows, strict=True))
            return vectors

        return await self._in_thread(work)

    async def delete(self, tenant: str, interaction_ids: Sequence[str]) -> None:
        """Remove vectors; ids without one are passed over. Raises RetrievalUnavailable, ConfigurationError."""
        keys = list({_key(tenant, interaction_id): None for interaction_id in interaction_ids})

        def work(collection: Any) -> None:
            if self._url is None:
                self._folder.remove_set_aside()
            for batch in _batches(keys):
                collection.delete(ids=batch)

        await self._in_thread(work)

    async def clear(self) -> str | None:
        """Remove the vectors of all tenants, cases and passages included; the next may have another length.

        A folder that cannot be read is set aside, and a new one made in its place; gives where it is then. Raises like
        `put`.
        """

        def work(_: Any) -> None:
            with self._opening:
                self._of_tenants = {}
                names = [str(getattr(listed, "name", listed)) for listed in self._client.list_collections()]
                for name in names:
                    if name.startswith((CASES, PASSAGES)):
                        self._client.delete_collection(name)
                self._client.delete_collection(COLLECTION)
                self._collection = self._opened_collection()
            self._check_readable()

        try:
            await self._in_thread(work)
        except RetrievalUnavailable:
            if self._url is not None:
                raise
            aside = await asyncio.to_thread(self._start_anew, self._folder.set_aside)
            _log.warning("the vectors could not be read and were set aside in %s", aside)
            return str(aside)
        return None

    async def discard_if_broken(self, tenant: str, interaction_ids: Sequence[str]) -> bool:
        """Remove all vectors, and what was set aside, where those of these ids can be neither read nor removed.

        Tells whether it did: then the index is empty. Never on a server, on a full disk, or for a folder that another
        process uses. Raises RetrievalUnavailable where the folder cannot be emptied.
        """
        if self._url is not None:
            return False
        await asyncio.to_thread(self._let_go_of_client)
        try:
            await self.get(tenant, interaction_ids)
            await self.delete(tenant, interaction_ids)
            await self.delete_cases(tenant, interaction_ids)
        except RetrievalUnavailable:
            if not await asyncio.to_thread(self._folder.is_writable):
                return False
            await asyncio.to_thread(self._start_anew, self._folder.empty)
            await asyncio.to_thread(self._folder.remove_set_aside)
            _log.warning("the vectors could not be read and were removed; the index is made anew")
            return True
        return False

    async def count(self) -> int:
        """How many interactions of all tenants have a vector. Raises RetrievalUnavailable, ConfigurationError."""
        return await self._in_thread(lambda collection: int(collection.count()))

    async def put_cases(self, tenant: str, outcomes: Mapping[str, str], vectors: Vectors) -> None:
        """Write or replace cases with their unit vectors. Raises RetrievalUnavailable, ConfigurationError."""
        rows = dict(zip(outcomes, vectors, strict=True))

        def work(_: Any) -> None:
            collection: Any = self._collection_of(CASES, tenant, make=True) if rows else None
            for keys in _batches(list(rows)):
                metadatas = [{_OUTCOME: outcomes[key]} for key in keys]
                collection.upsert(ids=keys, embeddings=np.stack([rows[key] for key in keys]), metadatas=metadatas)

        await self._in_thread(work)

    async def known_cases(self, tenant: str, case_ids: Sequence[str]) -> Collection[str]:
        """Which of these cases are held. Raises RetrievalUnavailable, ConfigurationError."""

        def work(_: Any) -> set[str]:
            collection = self._collection_of(CASES, tenant)
            batches = _batches(list(dict.fromkeys(case_ids))) if collection else ()
            return {case_id for keys in batches for case_id in collection.get(ids=keys, include=[])["ids"]}

        return await self._in_thread(work)

    async def nearest_cases(self, tenant: str, vector: NDArray[np.float32], limit: int) -> Sequence[LikeCase]:
        """The cases of a tenant that are most like a unit vector, the likest first, found approximately.

        Raises RetrievalUnavailable, also for a vector of another length, and ConfigurationError.
        """

        def work(_: Any) -> list[LikeCase]:
            collection = self._collection_of(CASES, tenant)
            if collection is None:
                return []
            answer = collection.query(query_embeddings=[vector], n_results=limit, include=["distances", "metadatas"])
            hits = zip(answer["ids"][0], answer["distances"][0], answer["metadatas"][0], strict=True)
            return [LikeCase(case_id, 1.0 - distance, metadata[_OUTCOME]) for case_id, distance, metadata in hits]

        return await self._in_thread(work)

    async def delete_cases(self, tenant: str, case_ids: Sequence[str]) -> None:
        """Remove cases; ids without one are passed over. Raises RetrievalUnavailable, ConfigurationError."""

        def work(_: Any) -> None:
            collection = self._collection_of(CASES, tenant)
            for keys in _batches(list(dict.fromkeys(case_ids))) if collection else ():
                collection.delete(ids=keys)

        await self._in_thread(work)

    async def put_passages(self, tenant: str, passage_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace the vectors of passages. Raises RetrievalUnavailable, ConfigurationError."""
        rows = dict(zip(passage_ids, vectors, strict=True))

        def work(_: Any) -> None:
            collection: Any = self._collection_of(PASSAGES, tenant, make=True) if rows else None
            for keys in _batches(list(rows)):
                collection.upsert(ids=keys, embeddings=np.stack([rows[key] for key in keys]))

        await self._in_thread(work)

    async def get_passages(self, tenant: str, passage_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors of passages under these ids. Raises RetrievalUnavailable, ConfigurationError."""

        def work(_: Any) -> dict[str, NDArray[np.float32]]:
            collection = self._collection_of(PASSAGES, tenant)
            vectors: dict[str, NDArray[np.float32]] = {}
            for keys in _batches(list(dict.fromkeys(passage_ids))) if collection else ():
                answer = collection.get(ids=keys, include=["embeddings"])
                vectors.update(zip(answer["ids"], np.asarray(answer["embeddings"], np.float32), strict=True))
            return vectors

        return await self._in_thread(work)

    async def delete_passages(self, tenant: str, passage_ids: Sequence[str]) -> None:
        """Remove passages; ids without one are passed over. Raises RetrievalUnavailable, ConfigurationError."""

        def work(_: Any) -> None:
            collection = self._collection_of(PASSAGES, tenant)
            for keys in _batches(list(dict.fromkeys(passage_ids))) if collection else ():
                collection.delete(ids=keys)

        await self._in_thread(work)

    async def close(self) -> None:
        """Let go of the folder or the server. A later call opens it again."""
        await asyncio.to_thread(self._close)

    async def _in_thread(self, work: Callable[[Any], _Answer]) -> _Answer:
        if self._client is None and self._url is None:
            return await offline.in_turn(lambda: self._guarded(work))  # opening the folder takes a while too
        if self._client is None:
            await offline.in_turn(_chromadb)
        return await asyncio.to_thread(self._guarded, work)

    def _guarded(self, work: Callable[[Any], _Answer]) -> _Answer:
        try:
            with self._opening:
                if self._collection is None:
                    self._open()
            return work(self._collection)
        except WarmlineError:
            raise
        except Exception as failure:
            raise self._failed() from failure
        except BaseException as failure:
            # Chroma's own panics are no Exceptions.
            if type(failure).__name__ != "PanicException":
                raise
            raise self._failed() from failure

    def _failed(self) -> RetrievalUnavailable:
        # They may have been made anew by another process: look them up again next time.
        self._collection, self._of_tenants = None, {}
        if self._url:
            return RetrievalUnavailable("The vector store does not answer (Chroma server).")
        return RetrievalUnavailable(
            "The vector store does not answer (Chroma folder). If the disk is not full, the vectors are broken: stop "
            "the service and run `warmline reindex`, which makes them anew."
        )

    def _check_readable(self) -> None:
        """Raise whatever Chroma raises where it cannot write, read and remove a vector."""
        probe = np.ones((1, 2), np.float32)
        name = f"{COLLECTION}-probe"
        self._client.get_or_create_collection(name, embedding_function=None).upsert(ids=["probe"], embeddings=probe)
        self._client.delete_collection(name)

    def _start_anew(self, clear_folder: Callable[[], Path | None]) -> Path | None:
        """Clear the folder and open an empty store in it; gives what clearing gave."""
        self._let_go_of_client()
        with self._opening:
            try:
                self._folder.claim()
                cleared = clear_folder()
                self._open()
            except OSError as failure:
                raise RetrievalUnavailable("The folder of the vectors cannot be cleared.") from failure
            return cleared

    def _let_go_of_client(self) -> None:
        with self._opening:
            self._collection, self._of_tenants = None, {}
            client, self._client = self._client, None
            with suppress(Exception):
                if client is not None:
                    client.close()

    def _open(self) -> None:
        if self._url is None:
            self._folder.claim()
        self._client = self._client or (_server(self._url) if self._url else _embedded(self._folder.path))
        self._collection = self._opened_collection()

    def _opened_collection(self) -> Any:
        return self._client.get_or_create_collection(
            COLLECTION, embedding_function=None, configuration={"hnsw": _GRAPH}
        )

    def _collection_of(self, kind: str, tenant: str, *, make: bool = False) -> Any:
        """A tenant's collection of a kind, or None where there is none yet and none is to be made."""
        # A collection's name may hold few characters, a tenant's any.
        name = f"{kind}{sha256(tenant.encode()).hexdigest()[:40]}"
        collection = self._of_tenants.get(name)
        if collection is None:
            with self._opening:
                if not make and not any(
                    getattr(listed, "name", listed) == name for listed in self._client.list_collections()
                ):
                    return None
                # Of passages all are read by id, so their graph is never searched.
                configuration = {"hnsw": _SEARCHED if kind == CASES else _GRAPH}
                collection = self._client.get_or_create_collection(
                    name, embedding_function=None, configuration=configuration
                )
            self._of_tenants[name] = collection
        return collection

    def _close(self) -> None:
        with self._opening:
            self._collection, self._of_tenants = None, {}
            if self._client is not None:
                self._client.close()
                self._client = None
            self._folder.release()


def _key(tenant: str, interaction_id: str) -> str:
    # An interaction_id holds no colon, so a tenant that does cannot be mistaken for another.
    return f"{tenant}:{interaction_id}"


def _batches(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _embedded(folder: Path) -> Any:
    _fill_new_memory()
    chromadb, settings = _chromadb(), _settings()
    try:
        return chromadb.PersistentClient(str(folder), settings=settings)
    except BaseException:
        # Chroma remembers a system that did not start, and would give it to whoever opens the folder next.
        systems: Any = import_module("chromadb.api.shared_system_client").SharedSystemClient
        for remembered in ("_identifier_to_system", "_identifier_to_refcount"):
            getattr(systems, remembered, {}).pop(str(folder), None)
        raise


def _fill_new_memory() -> None:
    """Have the C library fill memory when it is allocated and when it is freed, where it can (glibc).

    Chroma writes a graph to its folder with room for rows to come, and that room as it was allocated: without this, the
    words of whoever the freed memory was about get into a file, out of any erasure's reach.
    """
    mallopt: Any = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_PERTURB, 1)


def _server(url: str) -> Any:
    address = urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ConfigurationError(f"WARMLINE_VECTORS_URL is {url!r}; it should look like http://host:8000.")
    chromadb, settings = _chromadb(), _settings()
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 8000)
    return chromadb.HttpClient(address.hostname, port, ssl=secure, settings=settings)


def _chromadb() -> Any:
    with offline.LOADING:
        import_module("chromadb.config")
        return import_module("chromadb")


def _settings() -> Any:
    config: Any = import_module("chromadb.config")
    return config.Settings(anonymized_telemetry=False)
