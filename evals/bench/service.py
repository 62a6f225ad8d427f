"""A real service in a process of its own, to be measured from outside."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import httpx

from app.errors import Unavailable
from app.settings import Settings

READY_WITHIN_S = 60.0
INDEXED_WITHIN_S = 900.0
STOP_WITHIN_S = 15.0
NOTHING: Mapping[str, str] = {}


@asynccontextmanager
async def service(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of a real service with one worker on these settings' stores; stopped afterwards.

    Raises Unavailable when it does not start.
    """
    async with started(settings) as (client, _):
        yield client


@asynccontextmanager
async def started(
    settings: Settings,
    *,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] = NOTHING,
    ready_within_s: float = READY_WITHIN_S,
) -> AsyncGenerator[tuple[httpx.AsyncClient, Process]]:
    """As `service`, with its process, further arguments of `serve` and settings by their names; several workers take
    longer to be ready where they share a core. Raises Unavailable.
    """
    port = _free_port()
    command = [
        sys.executable,
        "-m",
        "app.interfaces.cli",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *arguments,
    ]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
    own = {"WARMLINE_DATA_DIR": str(settings.data_dir), "WARMLINE_LOG_LEVEL": "WARNING"}
    log = settings.data_dir / "service.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=inherited | own | dict(environment),
            cwd=settings.data_dir,
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as client:
            if not await _until(client, lambda answer: answer["status"] == "ready", ready_within_s, process):
                raise Unavailable(f"The measured service did not start. The end of its log:\n{_end_of(log)}")
            if not await _until(client, _is_settled, INDEXED_WITHIN_S, process):
                raise Unavailable(f"The measured service did not settle. The end of its log:\n{_end_of(log)}")
            yield client, process
    finally:
        await _stop(process)


def _is_settled(answer: dict[str, Any]) -> bool:
    loading = any(check["status"] == "loading" for check in answer["checks"].values())
    return answer["index_lag"] == 0 and not loading


async def _until(
    client: httpx.AsyncClient, holds: Callable[[dict[str, Any]], bool], seconds: float, process: Process
) -> bool:
    """Whether the service's readiness came to what is asked before the time was up or the process had ended."""
    deadline = monotonic() + seconds
    while monotonic() < deadline and process.returncode is None:
        with suppress(httpx.TransportError):  # it does not listen yet
            if holds((await client.get("/readyz")).json()):
                return True
        await asyncio.sleep(0.1)
    return False


def _end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


async def _stop(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
