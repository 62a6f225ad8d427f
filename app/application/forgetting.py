"""Empties the memory of this process after something was erased: at once, and again when work under way has ended."""

import asyncio
import ctypes
import gc
import logging
from contextvars import Context
from functools import cache
from time import monotonic
from typing import Any

from app.caching import forget_texts
from app.errors import WarmlineError
from app.ports import Ledger

_log = logging.getLogger(__name__)

# Longer than anything that is under way may take: a late model is given up after as long.
AGAIN_AFTER_S = 30.0


class Forgetting:
    """Forgets customers' words, whoever's they are: what is still stored is read and worked out anew when asked for."""

    def __init__(self, ledger: Ledger, *, again_after_s: float = AGAIN_AFTER_S) -> None:
        self._ledger = ledger
        self._again_after_s = again_after_s
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None

    async def forget(self) -> None:
        """Empty what is remembered now, and once more later, when what is under way has put back what it read.

        Many erasures share one later round, which comes at most twice the time after any of them.
        """
        await self._empty()
        self._due = monotonic() + self._again_after_s
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._empty_again(), name="forgetting", context=Context())

    async def close(self) -> None:
        """Wait for no later round: what is remembered ends with the process."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _empty_again(self) -> None:
        while (wait := self._due - monotonic()) > 0:
            await asyncio.sleep(wait)
            await self._empty()
            await asyncio.to_thread(_give_back)

    async def _empty(self) -> None:
        forget_texts()
        try:
            await self._ledger.release_memory()
        except WarmlineError as failure:
            # What was to be erased is erased. The later round tries again.
            _log.warning("the ledger's memory was not released: %s", failure.detail)


@cache
def freeze_libraries() -> None:
    """Leave half a million objects that stay out of every collection of garbage: looking through them takes 0.3 s.

    Once in a process: also counting what is left out looks through all of it.
    """
    gc.freeze()


def _give_back() -> None:
    """Return what is free to the system, where the C library can: free memory keeps its words until it is used again.

    Small pieces lie among others that are in use, and stay; Python has no means to overwrite those.
    """
    if gc.get_freeze_count():  # the libraries' objects are left out, so that it takes some hundredths of a second
        gc.collect()
    trim: Any = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
