"""All that the database holds in one file, and back into an empty database of either kind.

A file is compressed JSON, one value a line: what it is, each table with the names of its columns, each row as a list,
and how many rows there were. It is of one moment, whatever is written meanwhile. What is derived from the rest is left
out: vectors, and what the continuity metrics were read from.
"""

import gzip
import json
import os
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from sqlalchemy import Connection, Table, func, select, text

from app.adapters.sql.connections import Connections
from app.adapters.sql.migrations import HEAD
from app.adapters.sql.tables import metadata
from app.errors import InvalidRequest

FORMAT = "warmline backup 1"
# Rows that are read or written at once.
AT_ONCE = 1000
_DERIVED = ("continuity_",)
_NOT_SAVED = frozenset({"open_revisions", "request_claims"})

Tell = Callable[[str, int], None]


class SqlBackup:
    """Saves a database and restores it. `tell` hears of each table and how many of its rows are done."""

    def __init__(self, url: str) -> None:
        """`url` is that of the ledger, as SQLAlchemy writes it."""
        self._connections = Connections(url)
        self._is_server = not url.startswith("sqlite")

    async def save(self, file: Path, tell: Tell) -> Mapping[str, int]:
        """Write everything to a new file that its owner alone may read; gives the rows by table.

        Raises InvalidRequest for a file that is there or cannot be written, and Unavailable.
        """
        try:
            with _new(file) as raw:
                with gzip.open(raw, "wt", encoding="utf-8", compresslevel=6) as stream:
                    counts = await self._saved(_Lines(stream, file), tell)
                raw.flush()
                os.fsync(raw.fileno())
        except OSError as failure:
            raise InvalidRequest(f"{file}: the file cannot be written: {failure.strerror}.") from None
        return counts

    async def load(self, file: Path, tell: Tell) -> Mapping[str, int]:
        """Fill an empty database from a file, all or nothing; gives the rows by table.

        Raises InvalidRequest for a file that is no whole backup of this version, or a database that is not empty;
        Unavailable.
        """
        async with self._connections.writing() as session:
            return await session.run(lambda connection: _loaded(connection, file, tell))

    async def close(self) -> None:
        """Let go of the database."""
        await self._connections.close()

    async def _saved(self, stream: "_Lines", tell: Tell) -> Mapping[str, int]:
        def of_server(connection: Connection) -> Mapping[str, int]:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return _dumped(connection, stream, tell)

        def of_file(connection: Connection) -> Mapping[str, int]:
            # A reader of SQLite sees one moment from its first look to its last, and keeps nobody from writing.
            connection.exec_driver_sql("BEGIN")
            try:
                return _dumped(connection, stream, tell)
            finally:
                connection.exec_driver_sql("COMMIT")

        if not self._is_server:
            return await self._connections.read(of_file)
        async with self._connections.writing() as session:
            return await session.run(of_server)


@contextmanager
def _new(file: Path) -> Generator[BinaryIO]:
    """A file under another name, which gets its own once it is whole. Raises InvalidRequest where there is one."""
    if file.exists():
        raise InvalidRequest(f"{file}: this file is there already. Name a new one.")
    part = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            yield raw
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


def _tables() -> list[Table]:
    """The tables that are saved, each behind those that it refers to."""
    tables = (table for table in metadata.sorted_tables if table.name not in _NOT_SAVED)
    return [table for table in tables if not table.name.startswith(_DERIVED)]


def _dumped(connection: Connection, stream: "_Lines", tell: Tell) -> Mapping[str, int]:
    counts: Counter[str] = Counter()
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    stream.write({"format": FORMAT, "schema": HEAD, "made_at": made_at})
    for table in _tables():
        stream.write({"table": table.name, "columns": [column.name for column in table.columns]})
        rows = connection.execute(select(table), execution_options={"yield_per": AT_ONCE})
        for some in rows.partitions():
            for row in some:
                stream.write(list(row))
            counts[table.name] += len(some)
            tell(table.name, counts[table.name])
    stream.write({"rows": dict(counts)})
    return counts


class _Lines:
    """The file as lines of JSON; what the disk refuses is told of the file, and not taken for the database's fault."""

    def __init__(self, stream: IO[str], file: Path) -> None:
        self._stream = stream
        self._file = file

    def write(self, value: object) -> None:
        """One line. Raises InvalidRequest."""
        try:
            self._stream.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
        except OSError as failure:
            raise InvalidRequest(f"{self._file}: the file cannot be written: {failure.strerror}.") from None


def _lines_of(file: Path) -> Iterator[Any]:
    """The values of a file's lines. Raises InvalidRequest for a file that cannot be read to its end."""
    try:
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            yield from map(json.loads, stream)
    except FileNotFoundError:
        raise InvalidRequest(f"{file}: there is no such file.") from None
    except (OSError, EOFError, zlib.error, ValueError):
        raise InvalidRequest(f"{file}: the file cannot be read to its end: it is damaged, or no backup.") from None


def _loaded(connection: Connection, file: Path, tell: Tell) -> Mapping[str, int]:
    lines = _lines_of(file)
    _check_header(next(lines, None), file)
    tables = {table.name: table for table in _tables()}
    _check_empty(connection, tables)
    # What a service noted when it made the tables is noted in the file, too.
    for table in reversed(tables.values()):
        connection.execute(table.delete())
    counts: Counter[str] = Counter()
    for name, rows in _batches(lines, tables, counts, file):
        connection.execute(tables[name].insert(), rows)
        counts[name] += len(rows)
        tell(name, counts[name])
    if connection.dialect.name == "postgresql":
        _continue_numbers(connection, tables)
    return counts


def _check_header(header: Any, file: Path) -> None:
    named = cast(dict[str, Any], header) if isinstance(header, dict) else {}
    if named.get("format") != FORMAT:
        raise InvalidRequest(f"{file}: this is no backup. Give a file that `warmline backup` made.")
    if named.get("schema") != HEAD:
        raise InvalidRequest(
            f"{file}: this backup is of another version of Warmline. Restore it with that version into an empty "
            "database, and open the database with this one: it brings the tables up to date."
        )


def _check_empty(connection: Connection, tables: Mapping[str, Table]) -> None:
    for name in ("interactions", "identities", "webhooks"):
        if count := connection.scalar(select(func.count()).select_from(tables[name])):
            raise InvalidRequest(
                f"The database is not empty: it holds {count:,} {name}. Restore into a new one: another "
                "WARMLINE_DATA_DIR, or another WARMLINE_DATABASE_URL."
            )


def _batches(
    lines: Iterator[Any], tables: Mapping[str, Table], counts: Mapping[str, int], file: Path
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of the file, some of one table at a time. Raises InvalidRequest for a file that is not whole."""
    name, columns = "", cast(list[str], [])
    rows: list[dict[str, Any]] = []
    for line in lines:
        if isinstance(line, list):
            values = cast(list[Any], line)
            if len(values) != len(columns):
                break
            rows.append(dict(zip(columns, values, strict=True)))
            if len(rows) < AT_ONCE:
                continue
        if rows:
            yield name, rows
            rows = []
        heading = cast(dict[str, Any], line) if isinstance(line, dict) else {}
        if "table" in heading:
            name = str(heading["table"])
            columns = [column.name for column in tables[name].columns] if name in tables else []
            if not columns or heading.get("columns") != columns:
                break
        elif "rows" in heading:
            if heading["rows"] == dict(counts):
                return
            break
    raise InvalidRequest(f"{file}: the backup ends too early or was changed, so nothing was restored.")


def _continue_numbers(connection: Connection, tables: Mapping[str, Table]) -> None:
    """Have the server number new rows after those that were restored."""
    for table in tables.values():
        if "position" in table.c:
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'position'), "  # noqa: S608 - our own name
                    f"COALESCE((SELECT max(position) FROM {table.name}), 1))"
                )
            )
