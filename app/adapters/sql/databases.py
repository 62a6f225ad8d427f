"""The databases that can hold the ledger: where they are, and how a connection to each is set up."""

from pathlib import Path
from typing import Any, Protocol

import sqlalchemy
from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from app.adapters.sql.engines import Engine, ServerEngine, ThreadedEngine
from app.errors import ConfigurationError

EXAMPLES = "Write it like sqlite:///data/ledger.db or postgresql://user:password@host:5432/database."
READERS = 4
# How long a writer waits for another one.
BUSY_TIMEOUT_MS = 10_000
# Pages kept by a connection, in KiB (SQLite counts pages when the number is positive).
READER_CACHE_KIB = 8 * 1024
WRITER_CACHE_KIB = 64 * 1024

POSTGRES_READERS = 8
POSTGRES_WRITERS = 4
CONNECT_TIMEOUT_S = 5
# Without an end to waiting, a server that has gone away silently would hold up its callers for ever.
ANSWER_TIMEOUT_S = 30


class Database(Protocol):
    """One database. Making an engine opens nothing yet."""

    @property
    def one_writer(self) -> bool:
        """Whether all writing goes through one connection."""
        ...

    def make_room(self) -> None:
        """Make what must be there before the first connection. Raises OSError."""
        ...

    def writer(self) -> Engine:
        """Transactions that are on disk once they are committed."""
        ...

    def reader(self) -> Engine:
        """Statements that see all that is committed, each by itself, and can write nothing."""
        ...

    def builder(self) -> Engine:
        """One transaction that makes or changes the tables and may take its time."""
        ...


def database_at(url: str) -> Database:
    """The database that an address names. Raises ConfigurationError, without the password that may be in it."""
    try:
        address = make_url(url)
    except ArgumentError:
        raise ConfigurationError(f"WARMLINE_DATABASE_URL is not a database address. {EXAMPLES}") from None
    match address.get_backend_name():
        case "sqlite":
            return Sqlite(address)
        case "postgresql" | "postgres":
            return Postgres(address)
        case _:
            raise ConfigurationError(f"WARMLINE_DATABASE_URL names a database that is not supported. {EXAMPLES}")


class Sqlite:
    """A file, in WAL mode."""

    one_writer = True

    def __init__(self, url: URL) -> None:
        if url.database in (None, "", ":memory:"):
            raise ConfigurationError("WARMLINE_DATABASE_URL must name a file, for example sqlite:///data/ledger.db.")
        self._url = url.set(drivername="sqlite+pysqlite")

    def make_room(self) -> None:
        """Make the file's folder."""
        Path(self._url.database or "").parent.mkdir(parents=True, exist_ok=True)

    def writer(self) -> Engine:
        """One connection; `synchronous=FULL` brings a commit to the disk."""
        engine = create_engine(
            self._url,
            pool_size=1,
            max_overflow=0,
            connect_args={"isolation_level": None, "check_same_thread": False},
            hide_parameters=True,
        )
        _on_connect_to_sqlite(
            engine,
            f"PRAGMA cache_size = -{WRITER_CACHE_KIB}",
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
            # What is erased, or moved to another page, leaves no copy in the file.
            "PRAGMA secure_delete = ON",
        )

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            # Taking the write lock at once makes other processes wait; taking it later makes them fail.
            connection.exec_driver_sql("BEGIN IMMEDIATE")

        return ThreadedEngine(engine, threads=1)

    def reader(self) -> Engine:
        """Several connections beside the writer."""
        engine = create_engine(
            self._url,
            pool_size=READERS + 1,  # and one for what is not worth a thread
            max_overflow=0,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
        _on_connect_to_sqlite(engine, f"PRAGMA cache_size = -{READER_CACHE_KIB}", "PRAGMA query_only = ON")
        return ThreadedEngine(engine, threads=READERS)

    def builder(self) -> Engine:
        """As the writer."""
        return self.writer()


class Postgres:
    """A PostgreSQL server, by asyncpg. Several processes may share it."""

    one_writer = False

    def __init__(self, url: URL) -> None:
        query = dict(url.query)
        # libpq and asyncpg name the same choice differently, and the addresses that providers hand out are libpq's.
        if "sslmode" in query:
            query["ssl"] = query.pop("sslmode")
        unknown = sorted(query.keys() - {"host", "port", "ssl"})
        if unknown:
            raise ConfigurationError(
                f"WARMLINE_DATABASE_URL has a parameter that is not known: {', '.join(unknown)}. "
                "It may have host, port and sslmode."
            )
        self._url = url.set(drivername="postgresql+asyncpg", query=query)

    def make_room(self) -> None:
        """The database must be there."""

    def writer(self) -> Engine:
        """Several connections; a commit is on disk even where the server was told to answer before."""
        engine = create_async_engine(
            self._url,
            pool_size=POSTGRES_WRITERS,
            max_overflow=0,
            pool_pre_ping=True,
            # Whoever has waited for a lock must see what its last holder wrote, which a snapshot from before would not.
            isolation_level="READ COMMITTED",
            connect_args=_connecting(lock_timeout=str(BUSY_TIMEOUT_MS)),
            hide_parameters=True,
        )

        @event.listens_for(engine.sync_engine, "connect")
        def connect(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            cursor = connection.cursor()
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )
            cursor.close()
            connection.commit()

        return ServerEngine(engine)

    def reader(self) -> Engine:
        """Several connections."""
        engine = create_async_engine(
            self._url,
            pool_size=POSTGRES_READERS,
            max_overflow=0,
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",
            connect_args=_connecting(default_transaction_read_only="on"),
            hide_parameters=True,
        )
        return ServerEngine(engine)

    def builder(self) -> Engine:
        """A connection that waits as long as it takes."""
        engine = create_async_engine(
            self._url,
            poolclass=NullPool,
            isolation_level="READ COMMITTED",
            connect_args={"timeout": CONNECT_TIMEOUT_S},
            hide_parameters=True,
        )
        return ServerEngine(engine)


def _connecting(**settings: str) -> dict[str, Any]:
    return {"timeout": CONNECT_TIMEOUT_S, "command_timeout": ANSWER_TIMEOUT_S, "server_settings": settings}


def _on_connect_to_sqlite(engine: sqlalchemy.Engine, *statements: str) -> None:
    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: Any) -> None:  # pyright: ignore[reportUnusedFunction]
        cursor = connection.cursor()
        for statement in (f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}", "PRAGMA journal_mode = WAL", *statements):
            cursor.execute(statement)
        cursor.close()
