"""Ids that sort by time and read as one word: a prefix and a UUID version 7 (RFC 9562) in hexadecimal."""

import re
from datetime import UTC, datetime
from typing import Literal

import uuid_utils

Prefix = Literal["int", "cus", "mrg", "hnd", "dec", "sig", "fbk", "req", "whk"]

_AN_ID = re.compile(r"[a-z]{3}_\w+")


def new_id(prefix: Prefix) -> str:
    """A new id such as `int_0190f5…`, later ids sorting after earlier ones."""
    return f"{prefix}_{uuid_utils.uuid7().hex}"


def made_at(an_id: str) -> datetime:
    """When an id of `new_id` was made, to the millisecond."""
    return datetime.fromtimestamp(uuid_utils.UUID(an_id.rpartition("_")[2]).timestamp / 1000, tz=UTC)


def ids_in(text: str) -> set[str]:
    """Whatever in a text reads as an id of ours."""
    return set(_AN_ID.findall(text))


def first_id_at(prefix: Prefix, at: datetime) -> str:
    """What sorts before every id made from this moment on, and after every id made in an earlier millisecond."""
    return f"{prefix}_{max(0, int(at.timestamp() * 1000)):012x}"
