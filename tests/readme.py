"""The README as the tests read it: its commands, its request, and the answer that a real service gives to it.

`python -m tests.readme` asks a service anew and writes its answer into the README.
"""

import json
import os
import re
import shlex
import socket
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any, cast

import httpx

from tests.forked_service import ForkedService

ROOT = Path(__file__).parent.parent
PATH = ROOT / "README.md"
SERVE = ".venv/bin/warmline serve"
# What a service loads behind its start is not what an answer takes.
SETTLE_S = 4
ANSWER = re.compile(r"(?<=^```json\n).*?(?=^```)", re.MULTILINE | re.DOTALL)

# What of a handoff the README shows: a name for all that stands under it, or the parts of it.
SHOWN: Mapping[str, Any] = {
    "handoff_id": {},
    "customer_id": {},
    "status": {},
    "engine": {},
    "as_of_seq": {},
    "duration_ms": {},
    "verification_status": {},
    "verification": {"method": {}, "at": {}},
    "brief": {
        "headline": {},
        "contact_reason": {},
        "intent": {"name": {}, "confidence": {}},
        "situation": {},
        "actions_taken": {"step": {}, "actor": {}, "channel": {}, "outcome": {}, "evidence": {}},
        "resolution_status": {},
        "customer_expectation": {},
        "commitments": {},
        "entities": {},
        "suggested_opening": {},
    },
    "signals": {"type": {}, "severity": {}, "detail": {}},
    "next_actions": {
        "intervention": {"level": {}, "friction": {}},
        "actions": {"action_id": {}, "label": {}, "reason": {}, "parameters": {}},
    },
}


def text() -> str:
    """The README."""
    return PATH.read_text(encoding="utf-8")


def commands() -> list[str]:
    """Its shell blocks, in order."""
    return [block.strip() for block in re.findall(r"^```sh\n(.*?)^```", text(), re.MULTILINE | re.DOTALL)]


def requests() -> list[list[str]]:
    """Its requests: the words of each curl command."""
    return [shlex.split(command) for command in commands() if command.startswith("curl ")]


def environment(folder: Path) -> dict[str, str]:
    """The environment of whoever follows the README: no setting but a data folder of their own."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("WARMLINE_")}
    return variables | {"WARMLINE_DATA_DIR": str(folder / "data")}


@contextmanager
def served(folder: Path) -> Generator[str]:
    """The address of the service that the README starts, on a free port instead of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [*shlex.split(SERVE)[1:], "--port", str(port)]
    process = ForkedService(command, folder, environment(folder), folder / "service.log")
    address = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=address, trust_env=False) as client:
            while not _is_ready(client):
                assert process.returncode is None, "the service ended"
                sleep(0.05)
        yield address
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        process.join()


def asked(curl: Sequence[str], address: str) -> httpx.Response:
    """Carry out a curl command of the README at this address, whether or not curl is installed."""
    assert curl[:2] == ["curl", "-s"]
    options = dict(zip(curl[3::2], curl[4::2], strict=True))
    name, value = options["-H"].split(": ")
    url = curl[2].replace("http://127.0.0.1:8000", address)
    return httpx.post(url, headers={name: value}, content=options["-d"], timeout=30, trust_env=False)


def shortened(answer: Any, shown: Mapping[str, Any] = SHOWN) -> Any:
    """The parts of an answer that the README shows."""
    if isinstance(answer, list):
        return [shortened(item, shown) for item in cast(list[Any], answer)]
    if not shown or not isinstance(answer, dict):
        return answer
    return {name: shortened(answer[name], inside) for name, inside in shown.items()}


def written_out(answer: Any) -> str:
    """JSON for people: what fits on a line is on one line."""
    return _written(answer, "", 120) + "\n"


def _written(value: Any, indent: str, width: int) -> str:
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= width or not isinstance(value, dict | list) or not value:
        return flat
    deeper = indent + "  "
    if isinstance(value, list):
        items = [deeper + _written(item, deeper, width) for item in cast(list[Any], value)]
        return "[\n" + ",\n".join(items) + f"\n{indent}]"
    pairs = [
        f"{deeper}{json.dumps(name)}: {_written(item, deeper, width)}"
        for name, item in cast(dict[str, Any], value).items()
    ]
    return "{\n" + ",\n".join(pairs) + f"\n{indent}}}"


def _is_ready(client: httpx.Client) -> bool:
    try:
        readiness = client.get("/readyz").json()
    except httpx.TransportError:
        return False
    return all(part["status"] == "ok" for part in readiness["checks"].values())


def main() -> None:
    """Write the answer of a real service into the README."""
    with TemporaryDirectory() as folder, served(Path(folder)) as address:
        sleep(SETTLE_S)
        *_, handoff = (asked(request, address) for request in requests())
    answer = written_out(shortened(handoff.raise_for_status().json()))
    PATH.write_text(ANSWER.sub(lambda _: answer, text(), count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
