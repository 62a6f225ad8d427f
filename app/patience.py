"""Waiting for at most so long, without keeping what was waited for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import Context


@asynccontextmanager
async def within(seconds: float) -> AsyncGenerator[None]:
    """As `asyncio.timeout`, for work on what a customer said. Raises TimeoutError.

    A timer keeps the context that it was set in, and asyncio keeps a timer that was called off until it would have been
    due, which may be minutes. The context of a handoff holds all that the handoff is about, so this one is set in an
    empty one.
    """
    async with asyncio.timeout(None) as limit:
        Context().run(limit.reschedule, asyncio.get_running_loop().time() + seconds)
        yield
