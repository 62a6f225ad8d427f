"""The small real model's server, started once for all tests that ask for it."""

import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

READY_WITHIN_S = 60


@pytest.fixture(scope="session")
def small_model_url() -> Iterator[str]:
    """The base URL of the small model's server, which runs in a process of its own."""
    command = [sys.executable, "-m", "evals.servers.small"]
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
