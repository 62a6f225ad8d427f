"""Vectors in Chroma: embedded in a folder of one process, or on a Chroma server that several processes share.

Chroma's filtered queries grow with all rows it holds, so nothing is ever queried here: the ledger names the
interactions that matter, and their vectors are read by id.
"""

import asyncio
import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from app import offline
from app.errors import ConfigurationError, RetrievalUnavailable, WarmlineError
from app.ports import Vectors

COLLECTION = "warmline-interactions"
BATCH = 1000

# The graph is never searched, so it is kept small: twice the rows a second, and less memory.
_GRAPH = {"space": "ip", "ef_construction": 30, "max_neighbors": 8}

_Answer = TypeVar("_Answer")


class ChromaVectors:
    """A VectorStore on Chroma, opened at the first use. Chroma's calls block, so each runs in a thread.

    With a `url` the store is that server's; without one it is `folder`, which one process at a time may use: another
    gets a ConfigurationError from every method until the first has closed, and can go on without vectors.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        self._folder = folder
        self._url = url
        self._opening = Lock()
        self._claim: IO[str] | None = None
        self._client: Any = None
        self._collection: Any = None

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace vectors, one row of `vectors` an id. Raises RetrievalUnavailable, ConfigurationError."""
        rows = {_key(tenant, one): vector for one, vector in zip(interaction_ids, vectors, strict=True)}

        def work(collection: Any) -> None:
            for keys in _batches(list(rows)):
                collection.upsert(ids=keys, embeddings=np.stack([rows[key] for key in keys]))

        await self._in_thread(work)

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that exist under these ids. Raises RetrievalUnavailable, ConfigurationError."""
        wanted = {_key(tenant, one): one for one in interaction_ids}

        def work(collection: Any) -> dict[str, NDArray[np.float32]]:
            found: dict[str, NDArray[np.float32]] = {}
            for keys in _batches(list(wanted)):
                answer = collection.get(ids=keys, include=["embeddings"])
                rows = np.asarray(answer["embeddings"], np.float32)
                found.update((wanted[key], row) for key, row in zip(answer["ids"], rows, strict=True))
            return found

        return await self._in_thread(work)

    async def delete(self, tenant: str, interaction_ids: Sequence[str]) -> None:
        """Remove vectors; ids without one are passed over. Raises RetrievalUnavailable, ConfigurationError."""
        keys = list({_key(tenant, one): None for one in interaction_ids})

        def work(collection: Any) -> None:
            for batch in _batches(keys):
                collection.delete(ids=batch)

        await self._in_thread(work)

    async def clear(self) -> None:
        """Remove the vectors of all tenants; the next may have another length. Raises like `put`."""

        def work(_: Any) -> None:
            with self._opening:
                self._client.delete_collection(COLLECTION)
                self._collection = self._opened_collection()

        await self._in_thread(work)

    async def count(self) -> int:
        """How many vectors are held for all tenants. Raises RetrievalUnavailable, ConfigurationError."""
        return await self._in_thread(lambda collection: int(collection.count()))

    async def close(self) -> None:
        """Let go of the folder or the server. A later call opens it again."""
        await asyncio.to_thread(self._close)

    async def _in_thread(self, work: Callable[[Any], _Answer]) -> _Answer:
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
            self._collection = None  # it may have been made anew by another process: look it up again next time
            where = "server" if self._url else "folder"
            raise RetrievalUnavailable(f"The vector store does not answer (Chroma {where}).") from failure

    def _open(self) -> None:
        if self._url is None and self._claim is None:
            self._claim = _claimed(self._folder)
        self._client = self._client or (_server(self._url) if self._url else _embedded(self._folder))
        self._collection = self._opened_collection()

    def _opened_collection(self) -> Any:
        return self._client.get_or_create_collection(
            COLLECTION, embedding_function=None, configuration={"hnsw": _GRAPH}
        )

    def _close(self) -> None:
        with self._opening:
            self._collection = None
            if self._client is not None:
                self._client.close()
                self._client = None
            if self._claim is not None:
                self._claim.close()
                self._claim = None


def _key(tenant: str, interaction_id: str) -> str:
    # An interaction_id holds no colon, so a tenant that does cannot be mistaken for another.
    return f"{tenant}:{interaction_id}"


def _batches(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]


def _claimed(folder: Path) -> IO[str]:
    # Two processes on one folder give no error but stale answers. The system drops the lock when a process dies.
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "in-use.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise ConfigurationError(
            f"Another Warmline process uses the vectors in {folder}. "
            "To use them from several at once, run a Chroma server and set WARMLINE_VECTORS_URL to its address."
        ) from None
    return file


def _embedded(folder: Path) -> Any:
    with offline.LOADING:
        chromadb: Any = import_module("chromadb")
        settings = _settings()
    return chromadb.PersistentClient(str(folder), settings=settings)


def _server(url: str) -> Any:
    address = urlsplit(url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ConfigurationError(f"WARMLINE_VECTORS_URL is {url!r}; it should look like http://host:8000.")
    with offline.LOADING:
        chromadb: Any = import_module("chromadb")
        settings = _settings()
    secure = address.scheme == "https"
    port = address.port or (443 if secure else 8000)
    return chromadb.HttpClient(address.hostname, port, ssl=secure, settings=settings)


def _settings() -> Any:
    config: Any = import_module("chromadb.config")
    return config.Settings(anonymized_telemetry=False)
