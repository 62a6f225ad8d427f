"""Caches whose keys or answers are customers' words: bounded, and emptied as one when somebody is erased.

A sentence does not say whose it is, so an erasure empties every one of these caches, and they fill again as they are
used. Work that was under way during the erasure may put a sentence back; `forget_texts` is therefore called once more
when that work has ended.
"""

import sys
import urllib.parse
from collections.abc import Callable
from functools import lru_cache
from inspect import ismethod
from typing import Any, ParamSpec, TypeVar, cast
from weakref import WeakMethod

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# Libraries of regular expressions remember the patterns compiled last, and a pattern may be made of a customer's word.
_PATTERN_LIBRARIES = ("re", "regex", "re2")

_emptiers: list[Callable[[], Callable[[], None] | None]] = []


def text_cache(*, maxsize: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Decorator: remember the answers to the newest `maxsize` different arguments until `forget_texts`."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        cached = lru_cache(maxsize=maxsize)(function)
        on_forgetting(cached.cache_clear)
        return cached  # pyright: ignore[reportReturnType] - lru_cache's own type forgets the parameters

    return decorate


def on_forgetting(empty: Callable[[], None]) -> None:
    """Have `forget_texts` call this too: for a cache of this process that is no function's.

    A method is called as long as its object lives, which is not kept alive by this.
    """
    _emptiers.append(WeakMethod(empty) if ismethod(empty) else lambda: empty)


def forget_texts() -> None:
    """Empty every cache of customers' words in this process."""
    for emptier in tuple(_emptiers):
        empty = emptier()
        if empty is None:
            _emptiers.remove(emptier)
        else:
            empty()


def _forget_patterns() -> None:
    for name in _PATTERN_LIBRARIES:
        library: Any = sys.modules.get(name)
        if library is not None:
            library.purge()


on_forgetting(_forget_patterns)
# Python remembers the addresses that it took apart last, with the words that somebody looked for in their queries.
on_forgetting(cast(Any, urllib.parse).clear_cache)
