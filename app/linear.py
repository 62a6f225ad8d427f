"""Regular expressions that somebody else wrote, matched in linear time by RE2 whatever the text.

RE2 knows no lookaround and no backreference; its `\\w`, `\\d`, `\\s` and `\\b` are those of ASCII.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, cast

import re2

LARGEST_PATTERN = 20_000
_MEMORY_BYTES = 2 * 1024 * 1024
# What RE2 and Rust's engine write alike; the classes stand for those of Unicode, which are far larger than ASCII's.
_AS_UNICODE = {"w": r"\pL", "W": r"\PL", "d": r"\pN", "D": r"\PN", "s": r"\pZ", "S": r"\PZ"}


class BadPattern(ValueError):
    """An expression that RE2 does not take, or that is too large; the message says why in plain words."""


@lru_cache(maxsize=2048)
def searcher(pattern: str) -> Callable[[bytes], bool]:
    """What tells whether UTF-8 text holds a match of the pattern. Raises BadPattern."""
    compiled = _compiled(pattern)
    return lambda text: compiled.search(text) is not None


@lru_cache(maxsize=2048)
def whole_matcher(pattern: str) -> Callable[[str], bool]:
    """What tells whether a text as a whole matches the pattern. Raises BadPattern."""
    compiled = _compiled(pattern)
    # A surrogate alone has no UTF-8 form, and is in no pattern either.
    return lambda text: compiled.fullmatch(text.encode("utf-8", "replace")) is not None


@lru_cache(maxsize=2048)
def instructions(pattern: str) -> int:
    """How many instructions the compiled pattern has where its classes are those of Unicode. Raises BadPattern."""
    parts: list[str] = []
    rest = iter(pattern)
    for character in rest:
        following = next(rest, "") if character == "\\" else ""
        parts.append(_AS_UNICODE.get(following, character + following) if following else character)
    return _compiled("".join(parts)).programsize


class _Compiled(Protocol):
    @property
    def programsize(self) -> int: ...

    def search(self, text: bytes) -> object: ...

    def fullmatch(self, text: bytes) -> object: ...


def _compiled(pattern: str) -> _Compiled:
    if len(pattern) > LARGEST_PATTERN:
        raise BadPattern(f"it has {len(pattern):,} characters, at most {LARGEST_PATTERN:,} are taken")
    options: Any = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY_BYTES
    try:
        return cast(_Compiled, re2.compile(pattern.encode("utf-8", "replace"), options))
    except cast(type[Exception], re2.error) as failure:
        reason = failure.args[0]
        raise BadPattern(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
