"""A Chroma server for the tests, in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ATTEMPTS = 300
PAUSE_S = 0.1
STOPS_WITHIN_S = 10


@contextmanager
def chroma_server_in(folder: Path) -> Generator[str]:
    """The address of a server on loopback that keeps its vectors in `folder`; stopped afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    chroma = Path(sys.executable).with_name("chroma")
    command = [chroma, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(ATTEMPTS):
            try:
                urlopen(f"{url}/api/v2/heartbeat", timeout=1).close()
                break
            except (URLError, ConnectionError):
                time.sleep(PAUSE_S)
        yield url
    finally:
        process.terminate()
        process.wait(STOPS_WITHIN_S)
