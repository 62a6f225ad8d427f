"""Locks that PostgreSQL keeps until a transaction ends.

SQLite needs none of them: whoever writes there has the whole file.
"""

from enum import IntEnum
from zlib import crc32

from sqlalchemy import Connection, Integer, func, literal, select


class Lock(IntEnum):
    """What is locked. The numbers are drawn at random, so that no other program in the same database has them."""

    TENANT = 1_290_448_163
    POSITIONS = 1_290_448_164
    TABLES = 1_290_448_165
    COUNTS = 1_290_448_166
    CONTINUITY = 1_290_448_167


def hold(connection: Connection, lock: Lock, of: str = "") -> None:
    """Wait for a lock and keep it until the transaction has ended; another `of` is another lock.

    Two names may share a lock by chance: then one waits for the other, and nothing else happens.
    """
    if connection.dialect.name == "postgresql":
        two = (literal(number, Integer) for number in (int(lock), crc32(of.encode()) - 2**31))
        connection.execute(select(func.pg_advisory_xact_lock(*two)))
