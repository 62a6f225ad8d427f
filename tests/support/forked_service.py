"""`warmline` in a process of its own that is forked from one with the libraries loaded.

Such a process imports nothing at its start, which is most of what a start costs. For tests of what a service does, and
of what is left when it is killed; a test of the start itself starts an interpreter.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path


class ForkedService:
    """A running command, used as the processes of asyncio are."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path | None = None
    ) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.support.preloaded"])
        self._process = context.Process(target=_run, args=(tuple(arguments), folder, dict(environment), log))
        self._process.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal. Raises ProcessLookupError when it has ended."""
        if self.returncode is not None:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop. Raises ProcessLookupError when it has ended."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it. Raises ProcessLookupError when it has ended."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """How it ended, once it has."""
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        assert self.returncode is not None
        return self.returncode

    def join(self) -> None:
        """Wait until it has ended, where no event loop runs."""
        self._process.join()


async def launch(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> ForkedService:
    """As the measurements start a service, but forked."""
    return ForkedService(arguments, folder, environment, log)


def _run(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path | None) -> None:
    from app.interfaces.cli import main

    # The standard library leaves out without a word what cannot be preloaded.
    assert "tests.support.preloaded" in sys.modules, "a module in tests/support/preloaded.py cannot be imported"
    if log is not None:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["warmline", *arguments]
    with suppress(KeyboardInterrupt):
        main()
