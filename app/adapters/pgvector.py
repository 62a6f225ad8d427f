"""Vectors in PostgreSQL with the pgvector extension, which several processes may share.

The ledger names the interactions that matter, so their vectors are read by id alone; of cases a tenant has so few that
reading all of them is quick, and exact. So no approximate index is kept, and the columns take vectors of whatever
length the embedder makes.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import ConfigurationError, RetrievalUnavailable
from app.ports import LikeCase, Vectors

CONNECTIONS = 4
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 30
CLOSE_TIMEOUT_S = 5

# Drawn at random, so that no other program in the same database has it.
_MAKING = 1_290_448_166
_TABLE = """
    CREATE TABLE IF NOT EXISTS warmline_vectors (
        tenant text COLLATE "C" NOT NULL,
        interaction_id text COLLATE "C" NOT NULL,
        embedding vector NOT NULL,
        PRIMARY KEY (tenant, interaction_id)
    )
"""
_CASES = """
    CREATE TABLE IF NOT EXISTS warmline_cases (
        tenant text COLLATE "C" NOT NULL,
        case_id text COLLATE "C" NOT NULL,
        outcome text NOT NULL,
        embedding vector NOT NULL,
        PRIMARY KEY (tenant, case_id)
    )
"""
_PASSAGES = """
    CREATE TABLE IF NOT EXISTS warmline_passages (
        tenant text COLLATE "C" NOT NULL,
        passage_id text COLLATE "C" NOT NULL,
        embedding vector NOT NULL,
        PRIMARY KEY (tenant, passage_id)
    )
"""
_PUT = """
    INSERT INTO warmline_vectors (tenant, interaction_id, embedding) VALUES ($1, $2, $3)
    ON CONFLICT (tenant, interaction_id) DO UPDATE SET embedding = excluded.embedding
"""
_GET = "SELECT interaction_id, embedding FROM warmline_vectors WHERE tenant = $1 AND interaction_id = ANY($2::text[])"
_DELETE = "DELETE FROM warmline_vectors WHERE tenant = $1 AND interaction_id = ANY($2::text[])"
_PUT_CASE = """
    INSERT INTO warmline_cases (tenant, case_id, outcome, embedding) VALUES ($1, $2, $3, $4)
    ON CONFLICT (tenant, case_id) DO UPDATE SET outcome = excluded.outcome, embedding = excluded.embedding
"""
_KNOWN_CASES = "SELECT case_id FROM warmline_cases WHERE tenant = $1 AND case_id = ANY($2::text[])"
# The rows are narrowed first: a distance between vectors of two lengths is an error.
_NEAREST_CASES = """
    WITH alike AS MATERIALIZED (
        SELECT case_id, outcome, embedding FROM warmline_cases WHERE tenant = $1 AND vector_dims(embedding) = $3
    )
    SELECT case_id, -(embedding <#> $2) AS likeness, outcome FROM alike ORDER BY embedding <#> $2, case_id LIMIT $4
"""
_DELETE_CASES = "DELETE FROM warmline_cases WHERE tenant = $1 AND case_id = ANY($2::text[])"
_PUT_PASSAGE = """
    INSERT INTO warmline_passages (tenant, passage_id, embedding) VALUES ($1, $2, $3)
    ON CONFLICT (tenant, passage_id) DO UPDATE SET embedding = excluded.embedding
"""
_GET_PASSAGES = "SELECT passage_id, embedding FROM warmline_passages WHERE tenant = $1 AND passage_id = ANY($2::text[])"
_DELETE_PASSAGES = "DELETE FROM warmline_passages WHERE tenant = $1 AND passage_id = ANY($2::text[])"
_HOW_TO_MEND = (
    "The database of WARMLINE_VECTORS_URL has no pgvector. Install the extension on its server and run "
    "CREATE EXTENSION vector in the database as a user who may, or set WARMLINE_VECTORS_URL to another store."
)


class PgVectors:
    """A VectorStore in the table `warmline_vectors`, which is made at the first use, like the extension it needs.

    Every method raises RetrievalUnavailable when the database does not answer, and ConfigurationError when it lacks
    the extension and its user may not make it.
    """

    def __init__(self, url: str) -> None:
        # What SQLAlchemy calls the driver is no part of an address for the driver itself.
        self._url = url.replace("postgresql+asyncpg://", "postgresql://", 1)
        self._opening = asyncio.Lock()
        self._pool: Any = None

    async def put(self, tenant: str, interaction_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace vectors, one row of `vectors` an id."""
        rows = [
            (tenant, interaction_id, vector) for interaction_id, vector in zip(interaction_ids, vectors, strict=True)
        ]
        async with self._connection() as connection:
            await connection.executemany(_PUT, rows)

    async def get(self, tenant: str, interaction_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors that exist under these ids."""
        async with self._connection() as connection:
            rows = await connection.fetch(_GET, tenant, list(interaction_ids))
        return {interaction_id: embedding.to_numpy() for interaction_id, embedding in rows}

    async def delete(self, tenant: str, interaction_ids: Sequence[str]) -> None:
        """Remove vectors; ids without one are passed over."""
        async with self._connection() as connection:
            await connection.execute(_DELETE, tenant, list(interaction_ids))

    async def clear(self) -> None:
        """Remove the vectors of all tenants, cases and passages included; the next may have another length."""
        async with self._connection() as connection:
            await connection.execute("TRUNCATE warmline_vectors, warmline_cases, warmline_passages")

    async def discard_if_broken(self, tenant: str, interaction_ids: Sequence[str]) -> bool:  # noqa: ARG002
        """A server is mended by whoever runs it."""
        return False

    async def count(self) -> int:
        """How many interactions of all tenants have a vector."""
        async with self._connection() as connection:
            return await connection.fetchval("SELECT count(*) FROM warmline_vectors")

    async def put_cases(self, tenant: str, outcomes: Mapping[str, str], vectors: Vectors) -> None:
        """Write or replace cases with their unit vectors."""
        rows = [
            (tenant, case_id, outcome, row) for (case_id, outcome), row in zip(outcomes.items(), vectors, strict=True)
        ]
        async with self._connection() as connection:
            await connection.executemany(_PUT_CASE, rows)

    async def known_cases(self, tenant: str, case_ids: Sequence[str]) -> Collection[str]:
        """Which of these cases are held."""
        async with self._connection() as connection:
            return {case_id for (case_id,) in await connection.fetch(_KNOWN_CASES, tenant, list(case_ids))}

    async def nearest_cases(self, tenant: str, vector: NDArray[np.float32], limit: int) -> Sequence[LikeCase]:
        """The cases of a tenant that are most like a unit vector, the likest first."""
        async with self._connection() as connection:
            rows = await connection.fetch(_NEAREST_CASES, tenant, vector, len(vector), limit)
        return [LikeCase(*row) for row in rows]

    async def delete_cases(self, tenant: str, case_ids: Sequence[str]) -> None:
        """Remove cases; ids without one are passed over."""
        async with self._connection() as connection:
            await connection.execute(_DELETE_CASES, tenant, list(case_ids))

    async def put_passages(self, tenant: str, passage_ids: Sequence[str], vectors: Vectors) -> None:
        """Write or replace the vectors of passages, one row of `vectors` a passage."""
        rows = [(tenant, passage_id, vector) for passage_id, vector in zip(passage_ids, vectors, strict=True)]
        async with self._connection() as connection:
            await connection.executemany(_PUT_PASSAGE, rows)

    async def get_passages(self, tenant: str, passage_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """The vectors of passages that exist under these ids."""
        async with self._connection() as connection:
            rows = await connection.fetch(_GET_PASSAGES, tenant, list(passage_ids))
        return {passage_id: embedding.to_numpy() for passage_id, embedding in rows}

    async def delete_passages(self, tenant: str, passage_ids: Sequence[str]) -> None:
        """Remove passages; ids without one are passed over."""
        async with self._connection() as connection:
            await connection.execute(_DELETE_PASSAGES, tenant, list(passage_ids))

    async def close(self) -> None:
        """Let go of the connections. A later call opens them again."""
        async with self._opening:
            pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            await asyncio.wait_for(pool.close(), CLOSE_TIMEOUT_S)
        except TimeoutError:
            pool.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        asyncpg: Any = import_module("asyncpg")
        try:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._opened(asyncpg)
            async with self._pool.acquire(timeout=ANSWER_TIMEOUT_S) as connection:
                yield connection
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as failure:
            raise RetrievalUnavailable("The vector store does not answer (PostgreSQL).") from failure

    async def _opened(self, asyncpg: Any) -> Any:
        connecting = {"timeout": CONNECT_TIMEOUT_S, "command_timeout": ANSWER_TIMEOUT_S}
        try:
            connection = await asyncpg.connect(self._url, **connecting)
        except (ValueError, asyncpg.ClientConfigurationError):
            raise ConfigurationError(
                "WARMLINE_VECTORS_URL cannot be read; it should look like postgresql://user:password@host:5432/database."
            ) from None
        try:
            schema = await _made(connection, asyncpg)
        finally:
            await connection.close()

        async def ready(opened: Any) -> None:
            await import_module("pgvector.asyncpg").register_vector(opened, schema=schema)

        return await asyncpg.create_pool(self._url, min_size=0, max_size=CONNECTIONS, init=ready, **connecting)


async def _made(connection: Any, asyncpg: Any) -> str:
    """Makes what is missing, and tells the schema that the extension is in."""
    async with connection.transaction():
        # Two processes that make the same thing at once would fail, in spite of IF NOT EXISTS.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MAKING)
        where = "SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'vector'"
        schema = await connection.fetchval(where)
        if schema is None:
            try:
                await connection.execute("CREATE EXTENSION vector")
            except (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError, asyncpg.InsufficientPrivilegeError):
                raise ConfigurationError(_HOW_TO_MEND) from None
            schema = await connection.fetchval(where)
        await connection.execute(_TABLE)
        await connection.execute(_CASES)
        await connection.execute(_PASSAGES)
    return schema
