"""Empties the memory of this process after something was erased: at once, and again when work under way has ended."""

import asyncio
import ctypes
import gc
import logging
import secrets
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from functools import cache
from time import monotonic
from typing import Any

from app.caching import forget_texts
from app.errors import WarmlineError
from app.ports.bus import ERASED, MISSED, Message
from app.services.parts import Parts

_log = logging.getLogger(__name__)

ForgetCustomer = Callable[[str, str], None]
InBackground = Callable[[Coroutine[Any, Any, None]], None]


class MemoryErasure:
    """Forgets customers' words, whoever's they are: what is still stored is read and worked out anew when asked for.

    `forget_customer` are called with the tenant and the id of a customer who was erased. What other processes erase is
    heard of on the bus, and worked on `in_background`.
    """

    def __init__(self, parts: Parts, forget_customer: Sequence[ForgetCustomer], in_background: InBackground) -> None:
        self._parts = parts
        self._forget_customer = forget_customer
        self._in_background = in_background
        self._origin = secrets.token_hex(8)
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None
        parts.bus.subscribe(ERASED, self._hear_of_erasure)
        parts.bus.subscribe(MISSED, self._hear_of_a_gap)

    async def forget(self, tenant: str | None, customer_id: str | None = None) -> None:
        """Keep nothing in this process of an erased customer's words; without one, of something else that was erased.

        It is done once more later, when work under way has put back what it read. Many erasures share one later round,
        which comes at most twice the time after any of them.
        """
        parts = self._parts
        if tenant is not None and customer_id is not None:
            for forget in self._forget_customer:
                forget(tenant, customer_id)
            parts.announcer.drop(tenant, customer_id)
        parts.traffic.forget(tenant)
        parts.cases.forget(tenant)
        parts.meanings.forget(tenant)
        await self._empty()
        self._due = monotonic() + parts.forget_again_after_s
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._empty_again(), name="forgetting", context=Context())

    def announce(self, tenant: str, customer_id: str | None) -> None:
        """Have every other process forget too."""
        self._parts.bus.publish(ERASED, {"tenant": tenant, "customer_id": customer_id, "origin": self._origin})

    def _hear_of_erasure(self, message: Message) -> None:
        """Forget what another process erased; this process has forgotten what it erased itself."""
        if message["origin"] == self._origin:
            return
        customer_id = message["customer_id"]
        work = self.forget(str(message["tenant"]), None if customer_id is None else str(customer_id))
        self._in_background(work)

    def _hear_of_a_gap(self, _: Message) -> None:
        """Forget everybody's words: erasures elsewhere, while the bus was lost, are announced to nobody again."""
        self._in_background(self.forget(None))

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
            await self._parts.ledger.release_memory()
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
