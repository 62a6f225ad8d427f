"""Ids that sort by time and read as one word: a prefix and a UUID version 7 (RFC 9562) in hexadecimal.

What a request creates that may be sent again has ids that follow from the name of its work: whoever does the work again
finds what was created before.
"""

import re
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

import uuid_utils

Prefix = Literal["int", "cus", "mrg", "hnd", "dec", "sig", "fbk", "req", "whk", "con", "cev"]

_OWN_ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")
_AN_ID = re.compile(r"[a-z]{3}_\w+")


def new_id(prefix: Prefix) -> str:
    """A new id such as `int_0190f5…`, later ids sorting after earlier ones."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


class Work:
    """A piece of work that is done once: its name, and whether an earlier attempt may have done some of it."""

    def __init__(self, work_id: str, *, resumed: bool) -> None:
        self._work_id = work_id
        self._next: Counter[Prefix] = Counter()
        self.resumed = resumed
        self.is_over = False

    @staticmethod
    def new_id() -> str:
        """A name for a new piece of work."""
        return uuid_utils.uuid7().hex

    def next_id(self, prefix: Prefix) -> str:
        """The first id of this kind, then the second: the same ones in every attempt at the work."""
        number = self._next[prefix]
        self._next[prefix] += 1
        return self.id_of(prefix, number)

    def id_of(self, prefix: Prefix, number: int = 0) -> str:
        """One id of this kind, counted from 0."""
        drawn = sha256(f"{self._work_id} {prefix} {number}".encode()).hexdigest()
        # Its time is when the work was claimed first; version and variant stand where UUID version 7 has them.
        return f"{prefix}_{self._work_id[:12]}7{drawn[:3]}{'89ab'[int(drawn[3], 16) % 4]}{drawn[4:19]}"


_current_work: ContextVar[Work | None] = ContextVar("work", default=None)


@contextmanager
def working(work: Work) -> Generator[None]:
    """Have `id_of_work` give this work's ids while the block runs."""
    token = _current_work.set(work)
    try:
        yield
    finally:
        # Tasks that were begun meanwhile keep the context, and what they create later is no part of the work.
        work.is_over = True
        _current_work.reset(token)


def current_work() -> Work | None:
    """The work that is done here, where it is one that may be done again."""
    work = _current_work.get()
    return None if work is None or work.is_over else work


def resumed_work() -> Work | None:
    """The work that is done here, where an earlier attempt may have done some of it."""
    work = current_work()
    return work if work is not None and work.resumed else None


def id_of_work(prefix: Prefix) -> str:
    """The id of what is created here: one that the next attempt at the same work gives again, else a new one."""
    work = current_work()
    return new_id(prefix) if work is None else work.next_id(prefix)


def id_beside(an_id: str, name: str) -> str:
    """The id of what goes with something else under a name: always the same one, and of the same time."""
    prefix, _, number = an_id.rpartition("_")
    drawn = sha256(f"{an_id} {name}".encode()).hexdigest()
    return f"{prefix}_{number[:12]}7{drawn[:3]}{'89ab'[int(drawn[3], 16) % 4]}{drawn[4:19]}"


def made_at(an_id: str) -> datetime:
    """When an id of `new_id` was made, to the millisecond."""
    return datetime.fromtimestamp(uuid_utils.UUID(an_id.rpartition("_")[2]).timestamp / 1000, tz=UTC)


def made_since(key: str, moment: datetime) -> bool:
    """Whether a key is an id that was made at a moment or later; nobody knows when any other key was made."""
    return _OWN_ID.fullmatch(key) is not None and key[4:16] >= f"{max(0, int(moment.timestamp() * 1000)):012x}"


def ids_in(text: str) -> set[str]:
    """Whatever in a text reads as an id of ours."""
    return set(_AN_ID.findall(text))


def first_id_at(prefix: Prefix, at: datetime) -> str:
    """What sorts before every id made from this moment on, and after every id made in an earlier millisecond."""
    return f"{prefix}_{max(0, int(at.timestamp() * 1000)):012x}"
