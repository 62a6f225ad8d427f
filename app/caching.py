"""Caches whose keys or answers are customers' words: bounded, and emptied as one when somebody is erased.

A sentence does not say whose it is, so an erasure empties every one of these caches, and they fill again as they are
used. Work that was under way during the erasure may put a sentence back; `forget_texts` is therefore called once more
when that work has ended.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_emptiers: list[Callable[[], None]] = []


def text_cache(*, maxsize: int) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Decorator: remember the answers to the newest `maxsize` different arguments until `forget_texts`."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        cached = lru_cache(maxsize=maxsize)(function)
        _emptiers.append(cached.cache_clear)
        return cached  # pyright: ignore[reportReturnType] - lru_cache's own type forgets the parameters

    return decorate


def on_forgetting(empty: Callable[[], None]) -> None:
    """Have `forget_texts` call this too: for a cache of this process that is no function's."""
    _emptiers.append(empty)


def forget_texts() -> None:
    """Empty every cache of customers' words in this process."""
    for empty in _emptiers:
        empty()
