"""A real service in a process of its own, to be measured from outside."""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import DEVNULL, STDOUT
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import httpx

from app.errors import Unavailable
from app.settings import Settings

READY_WITHIN_S = 60.0
INDEXED_WITHIN_S = 900.0
STOP_WITHIN_S = 15.0
NOTHING: Mapping[str, str] = {}


class ServiceProcess(Protocol):
    """The process of a service."""

    @property
    def pid(self) -> int:
        """Its number."""
        ...

    @property
    def returncode(self) -> int | None:
        """How it ended; None while it runs."""
        ...

    def terminate(self) -> None:
        """Ask it to stop."""
        ...

    def kill(self) -> None:
        """Kill it."""
        ...

    async def wait(self) -> int:
        """How it ended, once it has."""
        ...


class Launch(Protocol):
    """Starts `warmline` with these arguments in a folder, its output in a log."""

    async def __call__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path
    ) -> ServiceProcess:
        """The process."""
        ...


async def launch(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> ServiceProcess:
    """In an interpreter of its own."""
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app.interfaces.cli", *arguments),
            env=environment,
            cwd=folder,
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
        )


LAUNCH: ContextVar[Launch] = ContextVar("LAUNCH", default=launch)
"""How measured services are started; another way may import less."""


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
) -> AsyncGenerator[tuple[httpx.AsyncClient, ServiceProcess]]:
    """As `service`, with its process, further arguments of `serve` and settings by their names; several workers take
    longer to be ready where they share a core. Raises Unavailable.
    """
    port = _free_port()
    command = ["serve", "--host", "127.0.0.1", "--port", str(port), *arguments]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
    own = {"WARMLINE_DATA_DIR": str(settings.data_dir), "WARMLINE_LOG_LEVEL": "WARNING"}
    log = settings.data_dir / "service.log"
    process = await LAUNCH.get()(command, settings.data_dir, inherited | own | dict(environment), log)
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
    client: httpx.AsyncClient, holds: Callable[[dict[str, Any]], bool], seconds: float, process: ServiceProcess
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


async def _stop(process: ServiceProcess) -> None:
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
