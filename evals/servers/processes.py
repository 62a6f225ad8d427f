"""Servers that an eval starts in processes of their own, so that what is measured has its process for itself."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.errors import Unavailable

LISTENING = b"listening "
STARTS_WITHIN_S = 60.0


@asynccontextmanager
async def server(module: str, *arguments: str) -> AsyncGenerator[str]:
    """What a server says after `listening`, started by its module's name and ended afterwards. Raises Unavailable."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
    )
    try:
        assert process.stdout is not None
        yield await asyncio.wait_for(_address(process.stdout, module), STARTS_WITHIN_S)
    except TimeoutError:
        raise Unavailable(f"The server {module} did not start within {STARTS_WITHIN_S:.0f} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _address(output: asyncio.StreamReader, module: str) -> str:
    async for line in output:
        if line.startswith(LISTENING):
            return line.removeprefix(LISTENING).decode().strip()
    raise Unavailable(f"The server {module} did not start.")
